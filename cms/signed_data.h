// SignedData (RFC 5652 section 5) as views into DER: structure only, no cryptography.
//
// Deviations from RFC 5652, for what real tools write:
// - version numbers are read and not judged: 5.1 and 5.3 make them follow from the rest, and tools get them wrong;
// - content of another type than OCTET STRING is taken as PKCS#7 v1.5 does it (5.2.1): the contents octets of that
// value;
// - certificates of the obsolete kinds, attribute certificates and `other` ones are passed over.
//
// Callers bring DER (pki::der::normalise makes it of BER) and keep it while the views are used.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "pki/der.h"
#include "pki/oid.h"

namespace tanba::cms {

// SignerInfo, 5.3. Views are whole elements unless named otherwise.
struct SignerInfo {
  std::int64_t version = 0;
  base::ByteView issuer;          // Name; empty when named by key
  base::ByteView serial;          // contents of the INTEGER
  base::ByteView subject_key_id;  // contents; empty when named by issuer and serial
  base::ByteView digest_algorithm;
  std::optional<base::ByteView> signed_attributes;  // with its [0] identifier
  base::ByteView signature_algorithm;
  base::ByteView signature;            // contents of the OCTET STRING
  base::ByteView unsigned_attributes;  // contents of [1]; empty when absent
};
// cms.malformed, der.malformed, der.trailing.
[[nodiscard]] base::Result<SignerInfo> parse_signer_info(base::ByteView der);

struct SignedData {
  std::int64_t version = 0;
  pki::Oid content_type;
  std::optional<base::ByteView> content;  // octets of the content; nothing when detached
  base::ByteView certificates;            // contents of [0]: CertificateChoices one after another
  base::ByteView revocation;              // contents of [1]: RevocationInfoChoices one after another
  std::vector<base::ByteView> signers;    // SignerInfo each, not looked into
};
// A ContentInfo with SignedData, nothing after it. cms.not_signed_data, cms.malformed, der.*, limit.count (more signers
// than Limits::max_signatures).
[[nodiscard]] base::Result<SignedData> parse_signed_data(base::ByteView der, const base::Limits& limits);

// Attribute, 5.3.
struct Attribute {
  base::ByteView type;    // contents of the OID
  base::ByteView values;  // contents of the SET
  base::ByteView whole;
  [[nodiscard]] bool is(const pki::Oid& oid) const { return base::equal(type, oid.contents()); }
};
// CAdES with several archive time stamps has about twenty.
inline constexpr std::size_t kMaxAttributes = 64;
// The contents of a SET OF Attribute. limit.count, der.*.
[[nodiscard]] base::Result<std::vector<Attribute>> parse_attributes(base::ByteView contents);
// The one value of an attribute that must be there once with one value: cms.attribute, naming it, otherwise.
[[nodiscard]] base::Result<pki::der::Tlv> single_value(const std::vector<Attribute>& attributes, const pki::Oid& type,
                                                       const char* name);
// The same for one that may be absent.
[[nodiscard]] base::Result<std::optional<pki::der::Tlv>> optional_value(const std::vector<Attribute>& attributes,
                                                                        const pki::Oid& type, const char* name);

// RFC 5652 5.4: "A separate encoding of the signedAttrs field is performed for message digest calculation. The
// IMPLICIT [0] tag in the signedAttrs is not used for the DER encoding, rather an EXPLICIT SET OF tag is used." Sorted
// as DER wants it when the producer did not.
[[nodiscard]] base::Bytes signed_attributes_for_digest(base::ByteView signed_attributes,
                                                       const std::vector<Attribute>& attributes);

}  // namespace tanba::cms
