#include "cms/signature_policy.h"

#include <string>

#include "cms/oids.h"
#include "pki/algorithm.h"
#include "pki/der.h"

namespace tanba::cms {
namespace {

using base::ByteView;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

// SigPolicyHash ::= OtherHashAlgAndValue: SEQUENCE { hashAlgorithm, hashValue }.
base::Status read_hash(Reader hash, pki::SignaturePolicyFacts& out) {
  TANBA_TRY(const Tlv algorithm, hash.expect(der::kSequence, "hashAlgorithm"));
  TANBA_TRY(const pki::AlgorithmIdentifier identifier, pki::parse_algorithm_identifier(algorithm.whole));
  TANBA_TRY(const Tlv value, hash.expect(der::kOctetString, "hashValue"));
  TANBA_CHECK(hash.finish("sigPolicyHash"));
  out.digest_algorithm = identifier.oid.dotted();
  out.digest = base::to_bytes(value.value);
  return {};
}

base::Status read_qualifiers(Reader qualifiers, pki::SignaturePolicyFacts& out) {
  while (!qualifiers.at_end()) {
    TANBA_TRY(Reader qualifier, qualifiers.enter(der::kSequence, "SigPolicyQualifierInfo"));
    TANBA_TRY(const Tlv type, qualifier.expect(der::kOid, "sigPolicyQualifierId"));
    TANBA_TRY(const Tlv value, qualifier.next());
    TANBA_CHECK(qualifier.finish("SigPolicyQualifierInfo"));
    const bool is_uri = base::equal(type.value, oid::kSignaturePolicyUri.contents()) && value.tag == der::kIa5String;
    if (is_uri && out.uri.empty()) out.uri = std::string(base::as_text(value.value));
  }
  return {};
}

}  // namespace

base::Result<pki::SignaturePolicyFacts> parse_signature_policy(ByteView octets) {
  pki::SignaturePolicyFacts out;
  Reader outer(octets);
  if (outer.peek() == der::kNull) {
    TANBA_CHECK(der::parse_single(octets, der::kNull, "SignaturePolicyImplied"));
    return out;
  }
  TANBA_TRY(const Tlv policy, der::parse_single(octets, der::kSequence, "SignaturePolicyId"));
  Reader fields(policy.value);
  TANBA_TRY(const Tlv id, fields.expect(der::kOid, "sigPolicyId"));
  TANBA_TRY(const pki::Oid oid, pki::Oid::parse(id.value));
  out.id = oid.dotted();
  // Both are OPTIONAL SEQUENCEs: the hash begins with an AlgorithmIdentifier whose first element is an OID, a list of
  // qualifiers with a SEQUENCE of an OID and a value of any kind. Only the hash ends with an OCTET STRING.
  TANBA_TRY(const std::optional<Tlv> first, fields.optional(der::kSequence));
  if (!first) {
    TANBA_CHECK(fields.finish("SignaturePolicyId"));
    return out;
  }
  Reader elements(first->value);
  TANBA_CHECK(elements.next());
  const bool is_hash = elements.peek() == der::kOctetString;
  if (is_hash) TANBA_CHECK(read_hash(Reader(first->value), out));
  if (!is_hash) TANBA_CHECK(read_qualifiers(Reader(first->value), out));
  TANBA_TRY(const std::optional<Tlv> second, fields.optional(der::kSequence));
  if (second && is_hash) TANBA_CHECK(read_qualifiers(Reader(second->value), out));
  if (second && !is_hash) return base::fail(base::Code::kDerMalformed, {{"what", "SignaturePolicyId"}});
  TANBA_CHECK(fields.finish("SignaturePolicyId"));
  return out;
}

}  // namespace tanba::cms
