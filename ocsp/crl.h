// Certificate revocation lists (RFC 5280 section 5): parsed by walking, kept as a sorted index, judged.
//
// Delta and indirect CRLs are recognised and not used here: crl.scope.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "ocsp/ocsp.h"
#include "pki/certificate.h"
#include "pki/context.h"

namespace tanba::ocsp {

struct RevokedEntry {
  base::Time revocation_time;
  RevocationReason reason = RevocationReason::kNone;
  std::optional<base::Time> invalidity_date;
};

struct IssuingDistributionPoint {  // RFC 5280 5.2.5
  base::Bytes name;                // DistributionPointName, whole TLV inside [0]; empty when absent
  bool only_user_certs = false;
  bool only_ca_certs = false;
  bool only_attribute_certs = false;
  bool indirect = false;
  std::optional<std::uint32_t> only_some_reasons;
};

struct CrlState;

class Crl {
 public:
  // DER, at most Limits::max_crl_bytes; the octets are not kept. The signed part is digested here, on a thread that has
  // a pki::Context where the digest is one that only a provider has. crl.malformed, crl.critical_extension,
  // crl.signature (the algorithm is not known).
  [[nodiscard]] static base::Result<std::shared_ptr<const Crl>> parse(base::ByteView der);
  ~Crl();
  Crl(const Crl&) = delete;
  Crl& operator=(const Crl&) = delete;

  [[nodiscard]] const base::Digest& digest() const;  // SHA-256 of the DER
  [[nodiscard]] const pki::Name& issuer() const;
  [[nodiscard]] base::Time this_update() const;
  [[nodiscard]] const std::optional<base::Time>& next_update() const;
  [[nodiscard]] const std::optional<base::Bytes>& authority_key_id() const;
  [[nodiscard]] const std::string& number() const;  // cRLNumber, lower-case hexadecimal; empty when absent
  [[nodiscard]] bool is_delta() const;
  [[nodiscard]] const std::optional<IssuingDistributionPoint>& distribution_point() const;
  [[nodiscard]] std::size_t entries() const;
  [[nodiscard]] std::size_t resident_bytes() const;
  // By the certificate's serial (contents octets).
  [[nodiscard]] std::optional<RevokedEntry> find(base::ByteView serial) const;
  // Every entry once, in no order that means anything, until the visitor has seen enough. For comparing whole lists.
  enum class Visit : std::uint8_t { kNext, kEnough };
  using Visitor = std::function<Visit(base::ByteView serial, const RevokedEntry& entry)>;
  void visit_entries(const Visitor& visitor) const;

  // The signature over the list under this key. That it verified is remembered with the list: a second call costs
  // nothing. Whether the policy allows the algorithm is the caller's to judge. crl.signature.
  [[nodiscard]] base::Status verify_signature(pki::Context& context, const pki::PublicKeyInfo& issuer_key) const;
  [[nodiscard]] const pki::SignatureAlgorithm& signature_algorithm() const;

 private:
  Crl();
  std::unique_ptr<CrlState> state_;
};
using CrlPtr = std::shared_ptr<const Crl>;

// The list speaks for this certificate: issuer name, authority key id against the issuer's subject key id, cRLSign, and
// scope (RFC 5280 6.3.3 (b), (f)). To be asked before find(): an indirect list's entries are of other issuers too.
// Lists for some reasons only are refused: what they do not say stays open. crl.issuer, crl.scope.
[[nodiscard]] base::Status check_scope(const Crl& crl, const pki::Certificate& certificate,
                                       const pki::Certificate& issuer);
// crl.stale, crl.future. A list without nextUpdate may be `max_age` old (RFC 5280 5.1.2.5 demands nextUpdate).
[[nodiscard]] base::Status check_freshness(const Crl& crl, const FreshnessRules& rules, base::Time at);

}  // namespace tanba::ocsp
