// Certificate revocation lists (RFC 5280 section 5): read as a stream, kept as a sorted index, judged one by one.
//
// Whether lists together settle a certificate's status (reasons, deltas) is verify's to say.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "ocsp/byte_source.h"
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
  base::Bytes der;                 // whole: a delta's has to be its base's
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
  // DER, at most Limits::max_crl_bytes; the octets are not kept. A list of more entries than 200,000 has its index in a
  // nameless temporary file. crl.malformed, crl.critical_extension, crl.signature (the algorithm is not known),
  // crl.index (the disk fails).
  [[nodiscard]] static base::Result<std::shared_ptr<const Crl>> parse(base::ByteView der);
  // The same for what is read as it comes, up to Limits::max_crl_file_bytes.
  [[nodiscard]] static base::Result<std::shared_ptr<const Crl>> parse(ByteSource& der);
  // And for one whose index is to be kept; bounded memory too (about 10 MiB). The index is left in `index_file`:
  // written beside it, fsynced and renamed, so that an earlier index stays until the new one is whole.
  [[nodiscard]] static base::Result<std::shared_ptr<const Crl>> read(ByteSource& der,
                                                                     const std::filesystem::path& index_file);
  // Such an index of an earlier run, checked wholly: crl.index when it is torn, changed or of another version; then the
  // list has to be read again.
  [[nodiscard]] static base::Result<std::shared_ptr<const Crl>> open(const std::filesystem::path& index_file);
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
  [[nodiscard]] const std::string& base_number() const;  // of a delta, written as number()
  [[nodiscard]] const std::vector<pki::DistributionPoint>& freshest_points() const;
  // expiredCertsOnCRL (X.509 9.5.2.9): entries stay on the list for certificates that ended at this time or later.
  [[nodiscard]] const std::optional<base::Time>& keeps_expired_since() const;
  [[nodiscard]] const std::optional<IssuingDistributionPoint>& distribution_point() const;
  [[nodiscard]] std::size_t entries() const;         // as listed
  [[nodiscard]] std::size_t resident_bytes() const;  // without the pages of a mapped index
  // By the certificate's serial (contents octets); of a serial that is listed twice the earliest revocation. The first
  // looks among the entries of the list's own issuer.
  [[nodiscard]] std::optional<RevokedEntry> find(base::ByteView serial) const;
  [[nodiscard]] std::optional<RevokedEntry> find(const pki::Name& certificate_issuer, base::ByteView serial) const;
  // Every entry of the list's own issuer once, until the visitor has seen enough. For comparing whole lists.
  enum class Visit : std::uint8_t { kNext, kEnough };
  using Visitor = std::function<Visit(base::ByteView serial, const RevokedEntry& entry)>;
  void visit_entries(const Visitor& visitor) const;

  // The signature over the list under this key. That it verified is remembered with the list: a second call costs
  // nothing. Whether the policy allows the algorithm is the caller's to judge. crl.signature.
  [[nodiscard]] base::Status verify_signature(pki::Context& context, const pki::PublicKeyInfo& issuer_key) const;
  [[nodiscard]] const pki::SignatureAlgorithm& signature_algorithm() const;

 private:
  Crl();
  static base::Result<std::shared_ptr<const Crl>> parse_up_to(ByteSource& der, std::uint64_t max_bytes);
  std::unique_ptr<CrlState> state_;
};
using CrlPtr = std::shared_ptr<const Crl>;

// ReasonFlags (RFC 5280 4.2.1.13), bit n being 1 << n; bit 0 is unused.
using ReasonMask = std::uint32_t;
inline constexpr ReasonMask kAllReasons = 0x1FE;

// For which reasons the list speaks for this certificate: by issuer, distribution points and scope (RFC 5280 6.3.3 (b)
// and (d)); never none. Whose signature the list needs is not looked at. crl.issuer (not by this certificate's issuer,
// nor by one that its distribution points name), crl.scope.
[[nodiscard]] base::Result<ReasonMask> check_scope(const Crl& crl, const pki::Certificate& certificate);
// Whether this certificate can be the list's signer: name, key identifier, cRLSign (RFC 5280 6.3.3 (f)). crl.issuer.
[[nodiscard]] base::Status check_signer(const Crl& crl, const pki::Certificate& signer);
// Whether the delta goes on from the base: RFC 5280 5.2.4 and 6.3.3 (c). crl.delta.
[[nodiscard]] base::Status check_delta(const Crl& delta, const Crl& base);
// crl.stale, crl.future. A list without nextUpdate may be `max_age` old (RFC 5280 5.1.2.5 demands nextUpdate).
[[nodiscard]] base::Status check_freshness(const Crl& crl, const FreshnessRules& rules, base::Time at);

}  // namespace tanba::ocsp
