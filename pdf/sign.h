// Makes PAdES signatures (ETSI EN 319 142-1): an incremental update with a signature field, the file before it
// unchanged.
//
// B-B: ETSI.CAdES.detached with signing-certificate-v2 and without signingTime (6.3: the time is /M). B-T: a signature
// time stamp goes into the same place afterwards. B-LT: `add_evidence` writes the document security store. A document
// time stamp protects all of it.
//
// Two steps, so that any key fits: `prepare` writes the file with a place for the value and says what is to be signed,
// `complete` fills the place. What is made is not verified here.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "cms/sign.h"
#include "pdf/permission.h"
#include "pdf/syntax.h"
#include "pki/certificate.h"
#include "pki/context.h"
#include "pki/signer.h"

namespace tanba::pdf {

// Where a signature shows: a page counted from 1, and a rectangle in points from its lower left corner.
struct Place {
  std::uint32_t page = 1;
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

// A signature with a chain and one time stamp takes under 12 KiB.
inline constexpr std::size_t kReservedBytes = 24U << 10;

struct Profile {
  pki::SignatureAlgorithm algorithm{};
  base::Time time{};                    // claimed, /M
  std::optional<Permission> certify{};  // the first signature only
  std::optional<Place> visible{};       // nothing shows otherwise
  // A signature field that is there and has no value; a new one when empty.
  std::string field{};
  std::size_t reserved_bytes = kReservedBytes;
};

struct ToBeSigned {
  base::Bytes octets;  // what the key signs
  pki::SignatureAlgorithm algorithm{};
  base::Bytes file;  // complete but for the signature value
  Span hole;         // its place, angle brackets included
  cms::ToBeSigned cms;
};

// pdf.malformed, pdf.encrypted, pdf.signature, limit.*: as pdf::inspect has them for the document. pdf.unsignable: the
// file does not permit another signature, is signed already and is to be certified or to show a new field, has no such
// page or field, an earlier signature would not hold with this one added, or the field requires (/SV) what is not made
// here. A field's /Lock becomes part of what is signed. input.member as cms::prepare_digest.
[[nodiscard]] base::Result<ToBeSigned> prepare(pki::Context& context, base::ByteView file,
                                               const pki::CertificatePtr& certificate, const Profile& profile);
// pdf.unsignable when the CMS is larger than what was reserved.
[[nodiscard]] base::Result<base::Bytes> complete(ToBeSigned prepared, base::ByteView signature,
                                                 std::span<const pki::CertificatePtr> further = {});
// prepare, sign, complete.
[[nodiscard]] base::Result<base::Bytes> sign(pki::Context& context, base::ByteView file, pki::Signer& signer,
                                             const Profile& profile, std::span<const pki::CertificatePtr> further = {});

// What a time stamp of the newest signature must be over, and the file with that time stamp in its CMS.
[[nodiscard]] base::Result<base::Bytes> octets_to_stamp(base::ByteView file);
[[nodiscard]] base::Result<base::Bytes> add_signature_timestamp(base::ByteView file, base::ByteView token);

// The file with a document security store: what is in it already stays, each thing once. CRLs and OCSPResponses whole,
// in DER.
struct Evidence {
  std::vector<base::Bytes> certificates;
  std::vector<base::Bytes> crls;
  std::vector<base::Bytes> ocsp_responses;
};
[[nodiscard]] base::Result<base::Bytes> add_evidence(base::ByteView file, const Evidence& evidence);

// A document time stamp: the file with a place for the token, and what the token must be over.
struct ToBeStamped {
  base::Bytes file;
  Span hole;
  [[nodiscard]] base::Bytes covered() const;
};
[[nodiscard]] base::Result<ToBeStamped> prepare_timestamp(base::ByteView file);
[[nodiscard]] base::Result<base::Bytes> complete_timestamp(ToBeStamped prepared, base::ByteView token);

}  // namespace tanba::pdf
