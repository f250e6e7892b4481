// X.509 certificates (RFC 5280) as immutable facts, read by walking DER: no OpenSSL object, shared freely by threads.
//
// Deviations from RFC 5280: unknown extensions are kept by OID only; a repeated extension makes the certificate
// malformed (4.2). Names, times and key are read; whether they may be relied on is the path search's matter, not the
// parser's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "pki/algorithm.h"
#include "pki/name.h"
#include "pki/oid.h"

namespace tanba::pki {

// RFC 5280 4.2.1.3: bit n is 1 << n.
enum KeyUsage : std::uint32_t {
  kDigitalSignature = 1U << 0,
  kNonRepudiation = 1U << 1,
  kKeyEncipherment = 1U << 2,
  kDataEncipherment = 1U << 3,
  kKeyAgreement = 1U << 4,
  kKeyCertSign = 1U << 5,
  kCrlSign = 1U << 6,
};

struct PublicKeyInfo {
  base::Bytes spki;     // SubjectPublicKeyInfo, whole
  base::Digest digest;  // SHA-256 of it: the key's name everywhere
  KeyKind kind = KeyKind::kUnknown;
  unsigned bits = 0;       // modulus or field size; 0 when unknown
  std::string algorithm;   // dotted OID (and curve), for messages
  base::Bytes bits_value;  // contents of the BIT STRING (for CertID's issuerKeyHash)
};

struct Extension {
  Oid oid;
  bool critical = false;
  base::Bytes value;  // inside the OCTET STRING
};

struct DistributionPoint {
  std::vector<std::string> urls;
  base::Bytes name;                      // DistributionPointName, whole TLV inside [0]; empty when absent
  std::optional<std::uint32_t> reasons;  // named bits
  std::vector<base::Bytes> crl_issuer;   // directoryNames, DER
};

class Certificate;
using CertificatePtr = std::shared_ptr<const Certificate>;

class Certificate {
 public:
  // One certificate, DER, at most Limits::max_certificate_bytes. certificate.malformed says what is wrong.
  [[nodiscard]] static base::Result<CertificatePtr> parse(base::ByteView der);

  [[nodiscard]] base::ByteView der() const { return der_; }
  [[nodiscard]] const base::Digest& digest() const { return digest_; }  // SHA-256 of the DER
  [[nodiscard]] base::ByteView tbs() const { return tbs_; }
  [[nodiscard]] const AlgorithmIdentifier& signature_algorithm() const { return signature_algorithm_; }
  [[nodiscard]] base::ByteView signature() const { return signature_; }
  [[nodiscard]] const Name& subject() const { return subject_; }
  [[nodiscard]] const Name& issuer() const { return issuer_; }
  // Contents octets of the INTEGER; serial_hex is lower-case without leading zero octets ("0" for zero, "-" prefix kept
  // for negative ones that broken CAs write).
  [[nodiscard]] base::ByteView serial() const { return serial_; }
  [[nodiscard]] std::string serial_hex() const;
  [[nodiscard]] base::Time not_before() const { return not_before_; }
  [[nodiscard]] base::Time not_after() const { return not_after_; }
  [[nodiscard]] const PublicKeyInfo& key() const { return key_; }

  [[nodiscard]] std::optional<std::uint32_t> key_usage() const { return key_usage_; }
  [[nodiscard]] const std::optional<std::vector<Oid>>& extended_key_usage() const { return extended_key_usage_; }
  [[nodiscard]] bool has_extended_key_usage(const Oid& purpose) const;
  [[nodiscard]] bool is_ca() const { return is_ca_; }  // basicConstraints cA
  [[nodiscard]] std::optional<std::int64_t> path_length() const { return path_length_; }
  [[nodiscard]] const std::optional<base::Bytes>& subject_key_id() const { return subject_key_id_; }
  [[nodiscard]] const std::optional<base::Bytes>& authority_key_id() const { return authority_key_id_; }
  [[nodiscard]] const std::vector<std::string>& ocsp_urls() const { return ocsp_urls_; }  // as written, deduplicated
  [[nodiscard]] const std::vector<std::string>& ca_issuer_urls() const { return ca_issuer_urls_; }
  [[nodiscard]] const std::vector<DistributionPoint>& crl_points() const { return crl_points_; }
  [[nodiscard]] const std::vector<DistributionPoint>& freshest_crl_points() const { return freshest_crl_points_; }
  [[nodiscard]] bool has_ocsp_no_check() const { return ocsp_no_check_; }
  [[nodiscard]] bool is_self_issued() const { return subject_ == issuer_; }
  [[nodiscard]] const std::vector<Extension>& extensions() const { return extensions_; }
  [[nodiscard]] const Extension* extension(const Oid& oid) const;

  // What to call it in messages: the subject's display name and the serial, e.g. «ИВАНОВ ИВАН (serial 0a1b)».
  [[nodiscard]] std::string label() const;

 private:
  friend class CertificateParser;
  base::Bytes der_;
  base::Digest digest_;
  base::ByteView tbs_, signature_, serial_;  // into der_
  AlgorithmIdentifier signature_algorithm_;  // into der_
  Name subject_, issuer_;
  base::Time not_before_, not_after_;
  PublicKeyInfo key_;
  std::vector<Extension> extensions_;
  std::optional<std::uint32_t> key_usage_;
  std::optional<std::vector<Oid>> extended_key_usage_;
  bool is_ca_ = false;
  std::optional<std::int64_t> path_length_;
  std::optional<base::Bytes> subject_key_id_, authority_key_id_;
  std::vector<std::string> ocsp_urls_, ca_issuer_urls_;
  std::vector<DistributionPoint> crl_points_, freshest_crl_points_;
  bool ocsp_no_check_ = false;
};

// SubjectPublicKeyInfo read alone (keys of tokens, keyd's lists).
[[nodiscard]] base::Result<PublicKeyInfo> parse_public_key_info(base::ByteView spki);

// CRLDistributionPoints and FreshestCRL, the extension's value (RFC 5280 4.2.1.13): a CRL has the latter too.
[[nodiscard]] base::Result<std::vector<DistributionPoint>> parse_distribution_points(base::ByteView value);

// Every certificate in a file's octets: DER (one) or PEM (any number, in order). Other PEM blocks are passed over.
// file.wrong_content is the caller's to make when this returns none.
[[nodiscard]] base::Result<std::vector<CertificatePtr>> parse_certificates(base::ByteView file);

// The labels of PEM blocks in a text with their contents decoded: for CRLs, CMS and others in PEM.
struct PemBlock {
  std::string label;
  base::Bytes octets;
};
[[nodiscard]] base::Result<std::vector<PemBlock>> parse_pem(std::string_view text);
[[nodiscard]] std::string write_pem(std::string_view label, base::ByteView octets);

}  // namespace tanba::pki
