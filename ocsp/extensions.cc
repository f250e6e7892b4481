#include "ocsp/extensions.h"

#include <algorithm>

namespace tanba::ocsp {

using base::ByteView;
using base::Code;
using base::Error;
using base::Status;
namespace der = pki::der;

namespace {

std::unexpected<Error> bad(std::string what) {
  return malformed(Code::kDerMalformed, std::move(what));
}

}  // namespace

Status ExtensionList::read(ByteView sequence) {
  count_ = 0;
  der::Reader list(sequence);
  while (!list.at_end()) {
    if (count_ == kMaxExtensions) return bad("more extensions than are allowed");
    TANBA_TRY(der::Reader fields, list.enter(der::kSequence, "Extension"));
    ExtensionView item;
    TANBA_TRY(const der::Tlv oid, fields.expect(der::kOid, "extnID"));
    item.oid = oid.value;
    if (fields.peek() == der::kBoolean) {
      TANBA_TRY(const der::Tlv critical, fields.expect(der::kBoolean, "critical"));
      TANBA_TRY(item.critical, der::read_boolean(critical.value));
    }
    TANBA_TRY(const der::Tlv value, fields.expect(der::kOctetString, "extnValue"));
    item.value = value.value;
    TANBA_CHECK(fields.finish("Extension"));
    const auto same = [&](const ExtensionView& other) { return base::equal(other.oid, item.oid); };
    if (std::ranges::any_of(items(), same)) return bad("an extension that is repeated");
    items_[count_++] = item;
  }
  return {};
}

Error as_malformed(Code code, const Error& error) {
  for (const base::ErrorArgument& argument : error.arguments()) {
    if (argument.name == "what") return Error(code, {{"what", argument.value}}, error.cause());
  }
  return Error(code, {{"what", error.message()}}, error.cause());
}

std::unexpected<Error> malformed(Code code, std::string what) {
  return base::fail(code, {{"what", std::move(what)}});
}

ByteView minimal_integer(ByteView contents) {
  while (contents.size() > 1 &&
         ((contents[0] == 0x00 && (contents[1] & 0x80) == 0) || (contents[0] == 0xFF && (contents[1] & 0x80) != 0))) {
    contents = contents.subspan(1);
  }
  return contents;
}

base::Result<std::uint8_t> read_reason(ByteView enumerated) {
  if (enumerated.size() != 1 || enumerated[0] > 10 || enumerated[0] == 7) return bad("CRLReason");
  return enumerated[0];
}

}  // namespace tanba::ocsp
