#include "cms/validation_data.h"

#include <algorithm>

#include "cms/edit.h"
#include "cms/oids.h"

namespace tanba::cms {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
namespace der = pki::der;

base::Status check_item(ByteView item, const char* name) {
  if (der::parse_single(item, der::kSequence, name)) return {};
  return base::fail(Code::kInputMember, {{"member", name}, {"expected", "DER of it"}});
}

// RFC 5940 2.2: other [1] IMPLICIT { otherRevInfoFormat id-ri-ocsp-response, otherRevInfo OCSPResponse }.
Bytes ocsp_choice(ByteView response) {
  Bytes contents = oid::kOcspResponse.der();
  contents.insert(contents.end(), response.begin(), response.end());
  return der::write(der::context_constructed(1), contents);
}

// ETSI TS 101 733 6.4.1: the imprint of archive-time-stamp and its version 2 is over "the SignedData.certificates and
// SignedData.crls" as they are; only version 3 lists what it covers and lets more come.
base::Status check_no_old_archive_stamp(ByteView signer_info) {
  TANBA_TRY(const SignerInfo info, parse_signer_info(signer_info));
  TANBA_TRY(const std::vector<Attribute> attributes, parse_attributes(info.unsigned_attributes));
  const bool present = std::ranges::any_of(attributes, [](const Attribute& attribute) {
    return attribute.is(oid::kArchiveTimeStamp) || attribute.is(oid::kArchiveTimeStampV2);
  });
  if (!present) return {};
  return base::fail(Code::kAugmentLevel,
                    {{"level", "B-LT"}, {"reason", "its archive time stamp covers the certificates as they are"}});
}

}  // namespace

base::Result<Bytes> add_validation_data(ByteView cms, const ValidationData& data, const base::Limits& limits) {
  TANBA_TRY(Edit document, Edit::open(cms, limits));
  for (std::size_t i = 0; i < document.signers(); ++i) {
    TANBA_TRY(const ByteView signer, document.signer(i));
    TANBA_CHECK(check_no_old_archive_stamp(signer));
  }
  for (const pki::CertificatePtr& certificate : data.certificates) {
    document.add_certificate(base::to_bytes(certificate->der()));
  }
  for (const Bytes& crl : data.crls) {
    TANBA_CHECK(check_item(crl, "CRL"));
    document.add_revocation(crl);
  }
  for (const Bytes& response : data.ocsp_responses) {
    TANBA_CHECK(check_item(response, "OCSP response"));
    document.add_revocation(ocsp_choice(response));
  }
  return document.write();
}

}  // namespace tanba::cms
