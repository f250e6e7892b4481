#include "cms/oids.h"

namespace tanba::cms::oid {

using pki::Oid;

const Oid kData = Oid::literal("1.2.840.113549.1.7.1");
const Oid kSignedData = Oid::literal("1.2.840.113549.1.7.2");
const Oid kTstInfo = Oid::literal("1.2.840.113549.1.9.16.1.4");
const Oid kContentType = Oid::literal("1.2.840.113549.1.9.3");
const Oid kMessageDigest = Oid::literal("1.2.840.113549.1.9.4");
const Oid kSigningTime = Oid::literal("1.2.840.113549.1.9.5");
const Oid kSigningCertificate = Oid::literal("1.2.840.113549.1.9.16.2.12");
const Oid kSigningCertificateV2 = Oid::literal("1.2.840.113549.1.9.16.2.47");
const Oid kSignaturePolicy = Oid::literal("1.2.840.113549.1.9.16.2.15");
const Oid kSignaturePolicyUri = Oid::literal("1.2.840.113549.1.9.16.5.1");
const Oid kCountersignature = Oid::literal("1.2.840.113549.1.9.6");
const Oid kSignatureTimeStamp = Oid::literal("1.2.840.113549.1.9.16.2.14");
const Oid kCertificateValues = Oid::literal("1.2.840.113549.1.9.16.2.23");
const Oid kRevocationValues = Oid::literal("1.2.840.113549.1.9.16.2.24");
const Oid kArchiveTimeStamp = Oid::literal("1.2.840.113549.1.9.16.2.27");
const Oid kArchiveTimeStampV2 = Oid::literal("1.2.840.113549.1.9.16.2.48");
const Oid kOcspResponse = Oid::literal("1.3.6.1.5.5.7.16.2");
const Oid kOcspBasic = Oid::literal("1.3.6.1.5.5.7.48.1.1");
const Oid kCapsuleSeal = Oid::literal("2.25.307597543711666820151481865848937865450");

}  // namespace tanba::cms::oid
