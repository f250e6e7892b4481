// Certificates and revocation lists for tests of revocation, made by OpenSSL: independent of the code under test.
#pragma once

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ocsp/crl.h"
#include "pki/certificate.h"
#include "pki/openssl.h"

namespace tanba::verify::test {

using X509CrlPtr = std::unique_ptr<X509_CRL, pki::Deleter<X509_CRL_free>>;

// 2026-06-15, around which everything is made.
[[nodiscard]] base::Time noon();

struct CertificatePlan {
  std::string name;       // each has its own key
  std::string issuer{};   // whose key signs; empty: its own
  std::string subject{};  // commonName; empty: the name
  long serial = 1;
  bool ca = false;
  int path_length = -1;                                 // of a CA; -1: no limit
  std::string key_usage = "critical,digitalSignature";  // empty: none
  std::string extended_key_usage{};                     // "critical,timeStamping"; empty: none
  bool ocsp_no_check = false;
  bool unknown_critical = false;  // an extension that nobody knows
  std::string name_constraints{};
  // OpenSSL's configuration: sections [points] or others that `points` names, e.g. "@p1,@p2".
  std::string points{};    // crlDistributionPoints
  std::string freshest{};  // freshestCRL
  std::string ocsp{};      // authorityInfoAccess, "URI:http://..."
  std::string sections{};
  bool sha1 = false;  // the signature on it
  base::Time from = noon() - base::Seconds(86400L * 300);
  base::Time until = noon() + base::Seconds(86400L * 300);
};

struct EntryPlan {
  long serial = 0;
  int reason = -1;  // CRLReason; -1: no extension
  base::Time at = noon() - base::Seconds(86400L * 30);
  std::string issuer{};  // certificateIssuer's commonName
};

struct ListPlan {
  std::string signer = "CA";  // whose key signs and whose identifier stands in the list
  std::string issuer{};       // commonName; empty: the signer's
  long number = 10;           // -1: none
  long base_number = -1;      // of a delta
  base::Time this_update = noon() - base::Seconds(86400);
  base::Time next_update = noon() + base::Seconds(86400);
  std::string point{};  // lines of the issuingDistributionPoint's section; empty: none
  std::string sections{};
  std::vector<EntryPlan> entries{};
  std::string freshest{};         // a section for freshestCRL
  bool has_key_id = true;         // authorityKeyIdentifier
  base::Time keeps_expired = {};  // expiredCertsOnCRL; the epoch: none
  bool sha1 = false;
};

// An OCSP answer by the certificate's own authority, or a responder of its.
struct AnswerPlan {
  std::string certificate = "leaf";
  std::string issuer = "CA";
  std::string responder{};  // empty: the issuer
  bool revoked = false;     // for keyCompromise
  bool unknown = false;     // certStatus unknown
  bool sha1 = false;
  base::Time revoked_at = noon() - base::Seconds(86400L * 30);
  base::Time this_update = noon() - base::Seconds(60);
  base::Time next_update = noon() + base::Seconds(86400);  // the epoch: none
  base::Time archive_cutoff = {};                          // the epoch: none
  base::Time invalidity_date = {};                         // the epoch: none
};

template <class Ours, class Theirs>
struct Both {
  Ours ours;      // parsed by us
  Theirs theirs;  // OpenSSL's
};
using MadeCertificate = Both<pki::CertificatePtr, pki::X509Ptr>;
using MadeList = Both<ocsp::CrlPtr, X509CrlPtr>;

class CrlMaker {
 public:
  enum class Keys : std::uint8_t { kEc, kRsa };
  explicit CrlMaker(Keys keys = Keys::kEc) : kind_(keys) {}
  // Remembered by name: lists and certificates that name it as issuer are bound to it.
  const MadeCertificate& certificate(const CertificatePlan& plan);
  [[nodiscard]] MadeList list(const ListPlan& plan);
  [[nodiscard]] base::Bytes list_octets(const ListPlan& plan);  // DER
  [[nodiscard]] base::Bytes answer(const AnswerPlan& plan);     // DER
  [[nodiscard]] const MadeCertificate& get(const std::string& name) const { return certificates_.at(name); }

 private:
  EVP_PKEY* key(const std::string& name);
  Keys kind_;
  std::map<std::string, pki::EvpPkeyPtr> keys_;
  std::map<std::string, MadeCertificate> certificates_;
};

}  // namespace tanba::verify::test
