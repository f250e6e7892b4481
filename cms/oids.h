// Object identifiers of CMS (RFC 5652), ESS (RFC 2634, RFC 5035) and CAdES (ETSI EN 319 122-1).
#pragma once

#include "pki/oid.h"

namespace tanba::cms::oid {

extern const pki::Oid kData, kSignedData, kTstInfo;
// Signed attributes.
extern const pki::Oid kContentType, kMessageDigest, kSigningTime, kSigningCertificate, kSigningCertificateV2;
extern const pki::Oid kSignaturePolicy, kSignaturePolicyUri;
// Unsigned attributes.
extern const pki::Oid kCountersignature, kSignatureTimeStamp, kCertificateValues, kRevocationValues;
extern const pki::Oid kArchiveTimeStamp, kArchiveTimeStampV2;
// RFC 5940: an OCSP response among the revocation information of SignedData.
extern const pki::Oid kOcspResponse, kOcspBasic;
// Our own, from a random UUID: the content type of a capsule's seal, which no document has.
extern const pki::Oid kCapsuleSeal;

}  // namespace tanba::cms::oid
