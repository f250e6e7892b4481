// Whether new evidence of a source may take the place of its last good one. Pure.
//
// A list or an answer that is older than what was seen already hides the revocations since then: it is refused. A list
// from which entries vanish may be a slip or an attack on the authority: it is used when a person says so.
//
// RFC 5280 3.3: "An entry MUST NOT be removed from the CRL until it appears on one regularly scheduled CRL issued
// beyond the revoked certificate's validity period." Lists do not say when their certificates end. So what vanishes
// counts
//   - not at all, where the certificate was on hold (a release) or is known to have ended;
//   - fully, where the certificate is known to be still valid: one is enough;
//   - otherwise against what can have ended meanwhile: of n entries that turn over in `turnover`, n * elapsed /
//   turnover,
//     and one more.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ocsp/crl.h"
#include "pki/certificate.h"

namespace tanba::verify::evidence {

struct SuccessionRules {
  // No authority's certificates all end within a shorter time than this: НУЦ РК's last a year and longer.
  base::Seconds turnover{std::chrono::hours(24 * 30)};
};

// The end of a certificate's validity, where anyone here has seen the certificate. By contents octets of the serial.
using KnownEnd = std::function<std::optional<base::Time>(base::ByteView serial)>;

inline constexpr std::size_t kMaxVanishedShown = 8;

struct Shrinkage {
  std::size_t vanished = 0;          // entries of the last list that the next has not, holds left out
  std::size_t known_unexpired = 0;   // of these, certificates that are known to be valid still
  std::size_t explained = 0;         // how many may have ended meanwhile
  std::vector<std::string> serials;  // the first few of what counts, lower-case hexadecimal
  [[nodiscard]] bool suspicious() const { return known_unexpired > 0 || vanished > explained; }
};

// How far the lists of one issuer, key and kind have come.
struct ListMark {
  base::Time this_update;
  std::string number;  // cRLNumber, hexadecimal; empty when absent
  bool operator==(const ListMark&) const = default;
};
[[nodiscard]] ListMark mark_of(const ocsp::Crl& crl);
[[nodiscard]] ListMark higher(const ListMark& a, ListMark b);

// crl.rollback when thisUpdate or cRLNumber go back. Lists by different keys, and a base beside a delta, have no order.
[[nodiscard]] base::Status check_order(const ocsp::Crl& last, const ocsp::Crl& next);
[[nodiscard]] base::Status check_order(const ListMark& last, const ocsp::Crl& next);
// crl.issuer when a list of another issuer or kind would push out one that is in force: whoever stands on the way can
// put any genuine list there. It may where the certificate that is asked about names the address for the new list and
// not for the one that stands.
struct LineRules {
  const std::string& url;
  base::Time now;
  const pki::Certificate* asked_for = nullptr;
};
[[nodiscard]] base::Status check_line(const ocsp::Crl& standing, const ocsp::Crl& next, const LineRules& rules);
// Of complete lists by one issuer. A delta list shrinks whenever its base moves on: nothing is suspicious about that.
[[nodiscard]] Shrinkage compare_entries(const ocsp::Crl& last, const ocsp::Crl& next, const SuccessionRules& rules,
                                        const KnownEnd& known_end);
// crl.shrunk, with the numbers.
[[nodiscard]] base::Error shrunk_error(const std::string& source, const Shrinkage& shrinkage);
// ocsp.rollback when the answer is older than the one that was accepted last about this certificate.
[[nodiscard]] base::Status check_order(base::Time last_this_update, base::Time next_this_update);

}  // namespace tanba::verify::evidence
