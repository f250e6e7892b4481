// What reading a PDF may cost, over all its revisions: charged before the work.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace tanba::pdf {

// Contracts of a thousand pages have under 20,000 objects; each costs an entry in three tables.
inline constexpr std::size_t kMaxObjects = 250'000;
// Incremental updates: an archive's yearly time stamps stay below.
inline constexpr std::size_t kMaxSections = 128;
// Names, numbers, strings and brackets: a contract of a thousand pages has 300,000. qpdf takes some 350 octets for
// each, and two revisions are held while they are compared: 420 MiB at worst.
inline constexpr std::uint64_t kMaxTokens = 600'000;
// The same, counted again for each revision that is compared with the last one: that contract, signed by twenty.
inline constexpr std::uint64_t kMaxComparedTokens = 6'000'000;
// Object streams and cross-reference streams decompressed: all that is decompressed at all.
inline constexpr std::uint64_t kMaxInflatedBytes = 64U << 20;
// What tokens are looked for in, octet by octet, blanks and comments too: for each octet of the file and of what is
// decompressed. A dictionary of a stream is read three times, a number up to three times each.
inline constexpr std::uint64_t kPassesPerByte = 16;
// Arrays and dictionaries nested; page trees nest by reference.
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxFields = 20'000;
// A signature with certificates, time stamps and revocation values inside.
inline constexpr std::size_t kMaxSignatureBytes = 4U << 20;

// Steps of a comparison for each token that was read, and for what is small. A value is met once as anything and once
// as a resource; two graphs that go round in circles of different length would be walked for their product otherwise.
inline constexpr std::uint64_t kComparedPerToken = 2;
inline constexpr std::uint64_t kComparedAnyway = 10'000;

class Cost {
 public:
  [[nodiscard]] base::Status charge_token() { return charge(tokens_, 1, kMaxTokens, "PDF tokens"); }
  [[nodiscard]] base::Status charge_inflated(std::uint64_t bytes) {
    return charge(inflated_, bytes, kMaxInflatedBytes, "decompressed octets");
  }
  // A file, or the beginning of it, is going to be read.
  void grant_file(std::uint64_t bytes) { file_ = std::max(file_, bytes); }
  // So many octets were passed over. They are counted behind each token: at most one reaches beyond the limit.
  void pass(std::uint64_t bytes) { passed_ += bytes; }
  [[nodiscard]] bool may_pass() const { return passed_ <= kPassesPerByte * (file_ + inflated_); }
  [[nodiscard]] base::Status check_passed() const {
    if (!may_pass()) return base::fail(base::Code::kLimitCost, {{"what", "octets read"}});
    return {};
  }
  [[nodiscard]] std::uint64_t passed() const { return passed_; }
  // One more revision is read whole.
  [[nodiscard]] base::Status charge_comparison() {
    return charge(compared_, tokens_, kMaxComparedTokens, "PDF tokens compared");
  }
  // What one comparison may take.
  [[nodiscard]] std::uint64_t comparison_steps() const { return kComparedAnyway + kComparedPerToken * tokens_; }

 private:
  [[nodiscard]] static base::Status charge(std::uint64_t& sum, std::uint64_t more, std::uint64_t limit,
                                           const char* what) {
    if (more > limit - sum) return base::fail(base::Code::kLimitCost, {{"what", std::string(what)}});
    sum += more;
    return {};
  }

  std::uint64_t tokens_ = 0;
  std::uint64_t inflated_ = 0;
  std::uint64_t compared_ = 0;
  std::uint64_t file_ = 0;
  std::uint64_t passed_ = 0;
};

}  // namespace tanba::pdf
