#include "cms/edit.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cms/oids.h"

namespace tanba::cms {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Result;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

constexpr std::uint8_t kCertificates = der::context_constructed(0);
constexpr std::uint8_t kRevocation = der::context_constructed(1);
constexpr std::uint8_t kUnsignedAttributes = der::context_constructed(1);

// The elements of a constructed value, whole.
Result<std::vector<Bytes>> elements_of(ByteView contents) {
  std::vector<Bytes> out;
  for (Reader reader(contents); !reader.at_end();) {
    TANBA_TRY(const Tlv element, reader.next());
    out.push_back(base::to_bytes(element.whole));
  }
  return out;
}

Bytes joined(const std::vector<Bytes>& elements) {
  Bytes out;
  for (const Bytes& element : elements) out.insert(out.end(), element.begin(), element.end());
  return out;
}

void add_once(std::vector<Bytes>& elements, Bytes element) {
  if (std::ranges::find(elements, element) == elements.end()) elements.push_back(std::move(element));
}

// 5.1: 5 with revocation information of type other, 3 for a content type other than id-data, else what was there.
std::int64_t version_of(const SignedData& parsed, const std::vector<Bytes>& revocation) {
  const bool other = std::ranges::any_of(revocation, [](const Bytes& choice) { return choice.front() == kRevocation; });
  return std::max<std::int64_t>(parsed.version, other ? 5 : 1);
}

}  // namespace

Result<Edit> Edit::open(ByteView cms, const base::Limits& limits) {
  Edit edit;
  Bytes storage;
  TANBA_TRY(const ByteView document, der::normalise(cms, storage));
  edit.document_ = base::to_bytes(document);
  TANBA_TRY(edit.parsed_, parse_signed_data(edit.document_, limits));
  TANBA_TRY(edit.certificates_, elements_of(edit.parsed_.certificates));
  TANBA_TRY(edit.revocation_, elements_of(edit.parsed_.revocation));
  for (const ByteView signer : edit.parsed_.signers) edit.signers_.push_back(base::to_bytes(signer));

  // What parse_signed_data has walked over, once more: its two fields that are copied as they are.
  TANBA_TRY(const Tlv outer, der::parse_single(edit.document_, der::kSequence, "ContentInfo"));
  Reader info(outer.value);
  TANBA_CHECK(info.expect(der::kOid, "contentType"));
  TANBA_TRY(Reader wrapped, info.enter(der::context_constructed(0), "content of ContentInfo"));
  TANBA_TRY(Reader fields, wrapped.enter(der::kSequence, "SignedData"));
  TANBA_CHECK(fields.expect(der::kInteger, "version of SignedData"));
  TANBA_TRY(const Tlv digests, fields.expect(der::kSet, "digestAlgorithms"));
  TANBA_TRY(edit.digests_, elements_of(digests.value));
  TANBA_TRY(const Tlv encapsulated, fields.expect(der::kSequence, "encapContentInfo"));
  edit.encapsulated_ = base::to_bytes(encapsulated.whole);
  return edit;
}

Result<ByteView> Edit::signer(std::size_t number) const {
  if (number < signers_.size()) return ByteView(signers_[number]);
  return base::fail(Code::kInputMember, {{"member", "signer"}, {"expected", "the number of a signer of the document"}});
}

void Edit::set_signer(std::size_t number, Bytes signer_info) {
  signers_.at(number) = std::move(signer_info);
}

base::Status Edit::add_signer(Bytes signer_info, const base::Limits& limits) {
  if (signers_.size() >= limits.max_signatures) {
    return base::fail(Code::kLimitCount, {{"what", "signers"}, {"limit", std::to_string(limits.max_signatures)}});
  }
  signers_.push_back(std::move(signer_info));
  return {};
}

void Edit::add_digest_algorithm(Bytes identifier) {
  add_once(digests_, std::move(identifier));
}
void Edit::add_certificate(Bytes choice) {
  add_once(certificates_, std::move(choice));
}
void Edit::add_revocation(Bytes choice) {
  add_once(revocation_, std::move(choice));
}

Bytes Edit::write() const {
  const Bytes certificates = certificates_.empty() ? Bytes() : der::write(kCertificates, joined(certificates_));
  const Bytes revocation = revocation_.empty() ? Bytes() : der::write(kRevocation, joined(revocation_));
  const Bytes signed_data = der::write_sequence({der::write_integer(version_of(parsed_, revocation_)),
                                                 der::write(der::kSet, joined(digests_)), encapsulated_, certificates,
                                                 revocation, der::write(der::kSet, joined(signers_))});
  return der::write_sequence({oid::kSignedData.der(), der::write(der::context_constructed(0), signed_data)});
}

Result<Bytes> with_unsigned_attribute(ByteView signer_info, Bytes attribute) {
  TANBA_TRY(const Tlv outer, der::parse_single(signer_info, der::kSequence, "SignerInfo"));
  TANBA_TRY(std::vector<Bytes> fields, elements_of(outer.value));
  std::vector<Bytes> attributes;
  if (!fields.empty() && fields.back().front() == kUnsignedAttributes) {
    TANBA_TRY(const Tlv present, der::parse_single(fields.back(), kUnsignedAttributes, "unsignedAttrs"));
    TANBA_TRY(attributes, elements_of(present.value));
    fields.pop_back();
  }
  attributes.push_back(std::move(attribute));
  // RFC 5652 5.3 asks for no order of unsigned attributes; those that time stamps were made over stay as they were.
  fields.push_back(der::write(kUnsignedAttributes, joined(attributes)));
  return der::write(der::kSequence, joined(fields));
}

}  // namespace tanba::cms
