// Any octets as an application: refused, or its members are within their limits and in their one spelling.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "licensing/flow/documents.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  static const licensing::flow::Schemas schemas = licensing::flow::Schemas::compile().value();
  const auto text = schemas.read_application(base::ByteView(data, size));
  if (!text) return 0;
  const auto fields = licensing::parse_application(*text);
  if (!fields) return 0;
  require(fields->fields.size() <= licensing::kMaxFormFields);
  require(fields->attachments.size() <= licensing::kMaxAttachments);
  require(fields->applicant.name.size() <= licensing::kMaxNameBytes);
  const auto id = licensing::parse_request_id(fields->request_id);
  require(id && *id == fields->request_id);
  return 0;
}
