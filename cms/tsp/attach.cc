#include "cms/tsp/attach.h"

#include <vector>

#include "cms/oids.h"
#include "cms/signed_data.h"

namespace tanba::cms::tsp {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Result;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

constexpr std::uint8_t kUnsignedAttributes = der::context_constructed(1);

std::unexpected<base::Error> no_such_signer() {
  return base::fail(Code::kInputMember, {{"member", "signer"}, {"expected", "the number of a signer of the document"}});
}

// The elements of a constructed value, whole.
Result<std::vector<ByteView>> elements_of(ByteView contents) {
  std::vector<ByteView> out;
  for (Reader reader(contents); !reader.at_end();) {
    TANBA_TRY(const Tlv element, reader.next());
    out.push_back(element.whole);
  }
  return out;
}

Bytes joined(const std::vector<ByteView>& elements) {
  Bytes out;
  for (const ByteView element : elements) out.insert(out.end(), element.begin(), element.end());
  return out;
}

Bytes signature_time_stamp(ByteView token) {
  std::vector<Bytes> values;
  values.push_back(base::to_bytes(token));
  return der::write_sequence({oid::kSignatureTimeStamp.der(), der::write_set_of(std::move(values))});
}

Result<Bytes> with_timestamp(ByteView signer_info, ByteView token) {
  TANBA_TRY(const Tlv outer, der::parse_single(signer_info, der::kSequence, "SignerInfo"));
  TANBA_TRY(std::vector<ByteView> fields, elements_of(outer.value));
  std::vector<Bytes> attributes;
  if (!fields.empty() && fields.back().front() == kUnsignedAttributes) {
    TANBA_TRY(const Tlv present, der::parse_single(fields.back(), kUnsignedAttributes, "unsignedAttrs"));
    TANBA_TRY(const std::vector<ByteView> each, elements_of(present.value));
    for (const ByteView attribute : each) attributes.push_back(base::to_bytes(attribute));
    fields.pop_back();
  }
  attributes.push_back(signature_time_stamp(token));
  Bytes unsigned_attributes = der::write_set_of(std::move(attributes));
  unsigned_attributes.front() = kUnsignedAttributes;  // IMPLICIT
  fields.push_back(unsigned_attributes);
  return der::write(der::kSequence, joined(fields));
}

}  // namespace

Result<Bytes> octets_to_stamp(ByteView cms, std::size_t signer, const base::Limits& limits) {
  Bytes storage;
  TANBA_TRY(const ByteView document, der::normalise(cms, storage));
  TANBA_TRY(const SignedData signed_data, parse_signed_data(document, limits));
  if (signer >= signed_data.signers.size()) return no_such_signer();
  TANBA_TRY(const SignerInfo info, parse_signer_info(signed_data.signers[signer]));
  return base::to_bytes(info.signature);
}

Result<Bytes> add_signature_timestamp(ByteView cms, std::size_t signer, ByteView token, const base::Limits& limits) {
  Bytes storage;
  TANBA_TRY(const ByteView document, der::normalise(cms, storage));
  TANBA_TRY(const SignedData signed_data, parse_signed_data(document, limits));
  if (signer >= signed_data.signers.size()) return no_such_signer();
  TANBA_TRY(const Bytes stamped, with_timestamp(signed_data.signers[signer], token));

  std::vector<ByteView> signers = signed_data.signers;
  signers[signer] = stamped;
  const Bytes signer_infos = der::write(der::kSet, joined(signers));  // the order of signers is the document's own
  // ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT SignedData }, whose last element is signerInfos.
  Reader outer(document);
  TANBA_TRY(Reader content_info, outer.enter(der::kSequence, "ContentInfo"));
  TANBA_TRY(const Tlv type, content_info.expect(der::kOid, "contentType"));
  TANBA_TRY(Reader content, content_info.enter(der::context_constructed(0), "content"));
  TANBA_TRY(const Tlv inner, content.expect(der::kSequence, "SignedData"));
  TANBA_TRY(std::vector<ByteView> fields, elements_of(inner.value));
  fields.back() = signer_infos;
  const Bytes whole = der::write(der::context_constructed(0), der::write(der::kSequence, joined(fields)));
  return der::write_sequence({type.whole, whole});
}

}  // namespace tanba::cms::tsp
