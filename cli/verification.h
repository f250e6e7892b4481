// The options that all verifying commands share (DESIGN 5, COMMON), and how they become a task for the verifier.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/large_file.h"
#include "base/result.h"
#include "verify/evidence/verifier.h"

namespace tanba::cli {

struct VerificationOptions {
  std::vector<std::string> trust, intermediates, crls, ocsp;  // files or directories
  std::string at, existed_at;                                 // RFC 3339; empty: now, not vouched for
  std::string policy = "kz-submission";
  std::string revocation;                    // empty: the command's own default
  bool require_signing_certificate = false;  // CLI11 fills flags into bool
  bool online = false;                       // CLI11 fills flags into bool
  std::vector<std::string> allowed_sources;  // host:port or network that may be reached though not public
};

struct Prepared {
  verify::JudgeInput input;
  verify::EvidenceSet evidence;
};

// Reads every file that the options name. Errors: file.* (exit 3), input.* .
[[nodiscard]] base::Result<Prepared> prepare(const VerificationOptions& options, verify::RevocationMode default_mode);

// One verification with everything that it fetches.
inline constexpr std::chrono::seconds kVerificationTime{60};

// The verifier and what it stands on, for one command. `fetcher` and `sources` are null without --online.
struct Shell {
  std::unique_ptr<base::Clock> clock;  // reads what the verification's does (--at)
  std::unique_ptr<verify::evidence::Workers> workers;
  std::unique_ptr<verify::evidence::Store> store;
  std::unique_ptr<net::fetch::Fetcher> fetcher;
  std::unique_ptr<verify::evidence::Sources> sources;
  std::unique_ptr<verify::evidence::Verifier> verifier;

  [[nodiscard]] static base::Result<Shell> start(const VerificationOptions& options, base::Time now,
                                                 unsigned threads = 1);
  Shell(Shell&&) = default;
  ~Shell();

 private:
  Shell() = default;
};

// Judges, fetching what is lacking when `--online` was given.
[[nodiscard]] base::Result<verify::Report> run(const VerificationOptions& options, Prepared prepared,
                                               verify::evidence::Subject subject);

// The same with everything that was judged with.
[[nodiscard]] base::Result<verify::evidence::Verified> run_whole(const VerificationOptions& options, Prepared prepared,
                                                                 verify::evidence::Subject subject);

// A file itself, or the regular files of a directory in the order of their names.
[[nodiscard]] base::Result<std::vector<std::filesystem::path>> files_of(const std::string& name);
// Files larger than this are read in blocks where the format allows it.
inline constexpr std::uint64_t kMaxHeldBytes = 4U << 20;
// What one verification of such files may digest: the caller's own files, on the caller's own machine.
inline constexpr std::uint64_t kMaxDigestedBytes = 1ULL << 40;
// The file when it is a regular one larger than kMaxHeldBytes; null when it is to be read whole, or cannot be opened
// (reading it says why).
[[nodiscard]] std::shared_ptr<const base::LargeFile> open_large(const std::string& file);

// The file of the command itself, whole, within the limit of documents.
[[nodiscard]] base::Result<base::Bytes> read_subject(const std::string& file, std::size_t max_size_bytes);
// Octets of DER in a file that may be DER, PEM with this label, or bare base64.
[[nodiscard]] base::Result<base::Bytes> unarmour(base::ByteView file, std::string_view label);
[[nodiscard]] base::Result<std::vector<pki::CertificatePtr>> read_certificates(const std::string& file_or_directory);

}  // namespace tanba::cli
