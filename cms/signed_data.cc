#include "cms/signed_data.h"

#include <algorithm>
#include <string>

#include "cms/ber_walk.h"
#include "cms/oids.h"

namespace tanba::cms {
namespace {

using base::ByteView;
using base::Code;
using ber::malformed;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

std::unexpected<base::Error> bad_attribute(const char* name, const char* cause) {
  return base::fail(Code::kCmsAttribute, {{"attribute", name}}, cause);
}

// EncapsulatedContentInfo, 5.2.
base::Status read_content(Reader& fields, SignedData& out) {
  TANBA_TRY(Reader encapsulated, fields.enter(der::kSequence, "encapContentInfo"));
  TANBA_TRY(const Tlv type, encapsulated.expect(der::kOid, "eContentType"));
  TANBA_TRY(out.content_type, pki::Oid::parse(type.value));
  TANBA_TRY(const std::optional<Tlv> wrapped, encapsulated.optional(der::context_constructed(0)));
  TANBA_CHECK(encapsulated.finish("encapContentInfo"));
  if (!wrapped.has_value()) return {};
  Reader explicit_content(wrapped->value);
  TANBA_TRY(const Tlv content, explicit_content.next());
  TANBA_CHECK(explicit_content.finish("eContent"));
  // 5.2.1: "the implementation MAY attempt to decode the SignedData type using the PKCS #7 SignedData contentInfo
  // Content ANY syntax and compute the message digest accordingly": over the contents octets, whatever their tag.
  out.content = content.value;
  return {};
}

base::Status read_signers(Reader& fields, SignedData& out, const base::Limits& limits) {
  TANBA_TRY(Reader signers, fields.enter(der::kSet, "signerInfos"));
  while (!signers.at_end()) {
    if (out.signers.size() == limits.max_signatures) {
      return base::fail(Code::kLimitCount, {{"what", "signers"}, {"limit", std::to_string(limits.max_signatures)}});
    }
    TANBA_TRY(const Tlv signer, signers.expect(der::kSequence, "SignerInfo"));
    out.signers.push_back(signer.whole);
  }
  return {};
}

// SignerIdentifier, 5.3.
base::Status read_signer_identifier(Reader& fields, SignerInfo& out) {
  TANBA_TRY(const std::optional<Tlv> key_id, fields.optional(der::context_primitive(0)));
  if (key_id.has_value()) {
    if (key_id->value.empty()) return malformed("sid is empty");
    out.subject_key_id = key_id->value;
    return {};
  }
  TANBA_TRY(Reader sid, fields.enter(der::kSequence, "sid"));
  TANBA_TRY(const Tlv issuer, sid.expect(der::kSequence, "issuer"));
  TANBA_TRY(const Tlv serial, sid.expect(der::kInteger, "serialNumber"));
  out.issuer = issuer.whole;
  out.serial = serial.value;
  return sid.finish("sid");
}

}  // namespace

base::Result<SignerInfo> parse_signer_info(ByteView octets) {
  TANBA_TRY(const Tlv outer, der::parse_single(octets, der::kSequence, "SignerInfo"));
  SignerInfo out;
  Reader fields(outer.value);
  TANBA_TRY(const Tlv version, fields.expect(der::kInteger, "version of SignerInfo"));
  TANBA_TRY(out.version, der::read_small_integer(version.value));
  TANBA_CHECK(read_signer_identifier(fields, out));
  TANBA_TRY(const Tlv digest, fields.expect(der::kSequence, "digestAlgorithm"));
  out.digest_algorithm = digest.whole;
  TANBA_TRY(const std::optional<Tlv> signed_attributes, fields.optional(der::context_constructed(0)));
  if (signed_attributes.has_value()) out.signed_attributes = signed_attributes->whole;
  TANBA_TRY(const Tlv algorithm, fields.expect(der::kSequence, "signatureAlgorithm"));
  out.signature_algorithm = algorithm.whole;
  TANBA_TRY(const Tlv signature, fields.expect(der::kOctetString, "signature"));
  out.signature = signature.value;
  TANBA_TRY(const std::optional<Tlv> unsigned_attributes, fields.optional(der::context_constructed(1)));
  if (unsigned_attributes.has_value()) out.unsigned_attributes = unsigned_attributes->value;
  TANBA_CHECK(fields.finish("SignerInfo"));
  return out;
}

base::Result<SignedData> parse_signed_data(ByteView octets, const base::Limits& limits) {
  TANBA_TRY(const Tlv outer, der::parse_single(octets, der::kSequence, "ContentInfo"));
  Reader info(outer.value);
  TANBA_TRY(const Tlv type, info.expect(der::kOid, "contentType"));
  if (!base::equal(type.value, oid::kSignedData.contents())) return base::fail(Code::kCmsNotSignedData);
  TANBA_TRY(const Tlv wrapped, info.expect(der::context_constructed(0), "content of ContentInfo"));
  TANBA_CHECK(info.finish("ContentInfo"));
  TANBA_TRY(const Tlv body, der::parse_single(wrapped.value, der::kSequence, "SignedData"));

  SignedData out;
  Reader fields(body.value);
  TANBA_TRY(const Tlv version, fields.expect(der::kInteger, "version of SignedData"));
  TANBA_TRY(out.version, der::read_small_integer(version.value));
  // What matters is the algorithm that each SignerInfo names; this list only helps one-pass readers (5.1).
  TANBA_CHECK(fields.expect(der::kSet, "digestAlgorithms"));
  TANBA_CHECK(read_content(fields, out));
  TANBA_TRY(const std::optional<Tlv> certificates, fields.optional(der::context_constructed(0)));
  if (certificates.has_value()) out.certificates = certificates->value;
  TANBA_TRY(const std::optional<Tlv> revocation, fields.optional(der::context_constructed(1)));
  if (revocation.has_value()) out.revocation = revocation->value;
  TANBA_CHECK(read_signers(fields, out, limits));
  TANBA_CHECK(fields.finish("SignedData"));
  return out;
}

base::Result<std::vector<Attribute>> parse_attributes(ByteView contents) {
  std::vector<Attribute> out;
  out.reserve(8);
  Reader attributes(contents);
  while (!attributes.at_end()) {
    if (out.size() == kMaxAttributes) {
      return base::fail(Code::kLimitCount, {{"what", "attributes"}, {"limit", std::to_string(kMaxAttributes)}});
    }
    TANBA_TRY(const Tlv whole, attributes.expect(der::kSequence, "Attribute"));
    Reader fields(whole.value);
    TANBA_TRY(const Tlv type, fields.expect(der::kOid, "attrType"));
    TANBA_TRY(const Tlv values, fields.expect(der::kSet, "attrValues"));
    TANBA_CHECK(fields.finish("Attribute"));
    out.push_back({.type = type.value, .values = values.value, .whole = whole.whole});
  }
  return out;
}

base::Result<std::optional<Tlv>> optional_value(const std::vector<Attribute>& attributes, const pki::Oid& type,
                                                const char* name) {
  std::optional<Tlv> found;
  for (const Attribute& attribute : attributes) {
    if (!attribute.is(type)) continue;
    // 11.1, 11.2, 11.3: "MUST NOT include multiple instances", "There MUST NOT be zero or multiple instances of
    // AttributeValue present."
    if (found.has_value()) return bad_attribute(name, "repeated");
    Reader values(attribute.values);
    auto value = values.next();
    if (!value.has_value()) return bad_attribute(name, "no value");
    if (!values.at_end()) return bad_attribute(name, "several values");
    found = *value;
  }
  return found;
}

base::Result<Tlv> single_value(const std::vector<Attribute>& attributes, const pki::Oid& type, const char* name) {
  TANBA_TRY(const std::optional<Tlv> found, optional_value(attributes, type, name));
  if (!found.has_value()) return bad_attribute(name, "missing");
  return *found;
}

base::Bytes signed_attributes_for_digest(ByteView signed_attributes, const std::vector<Attribute>& attributes) {
  // X.690 11.6 compares with the shorter one padded by zero octets; no encoding is the beginning of another one, so
  // this is the same order.
  const auto before = [](const Attribute& a, const Attribute& b) {
    return std::ranges::lexicographical_compare(a.whole, b.whole);
  };
  base::Bytes out = base::to_bytes(signed_attributes);
  if (!std::ranges::is_sorted(attributes, before)) {
    std::vector<Attribute> sorted = attributes;
    std::ranges::sort(sorted, before);
    std::size_t contents_bytes = 0;
    for (const Attribute& attribute : sorted) contents_bytes += attribute.whole.size();
    auto position = out.begin() + static_cast<std::ptrdiff_t>(out.size() - contents_bytes);
    for (const Attribute& attribute : sorted) position = std::ranges::copy(attribute.whole, position).out;
  }
  out.front() = der::kSet;
  return out;
}

}  // namespace tanba::cms
