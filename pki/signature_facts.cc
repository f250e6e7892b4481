#include "pki/signature_facts.h"

#include <utility>

namespace tanba::pki {

std::string_view to_string(DocumentFormat format) {
  switch (format) {
    case DocumentFormat::kCms:
      return "CMS";
    case DocumentFormat::kXmlDsig:
      return "XML-DSig";
    case DocumentFormat::kPdf:
      return "PDF";
    case DocumentFormat::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(TimestampKind kind) {
  return kind == TimestampKind::kSignature ? "signature" : "document";
}

CounterSignatureFacts counter_signature_from(SignatureFacts&& facts, std::string over) {
  CounterSignatureFacts out;
  out.id = std::move(facts.id);
  out.over = std::move(over);
  out.algorithm = facts.algorithm;
  out.content_digests = std::move(facts.content_digests);
  out.algorithm_names = std::move(facts.algorithm_names);
  out.certificate = std::move(facts.certificate);
  out.errors = std::move(facts.errors);
  out.certificate_reference = facts.certificate_reference;
  out.claimed_signing_time = facts.claimed_signing_time;
  out.timestamp_tokens = std::move(facts.timestamp_tokens);
  return out;
}

CounterSignatureFacts counter_signatures_not_looked_at(const std::string& over, std::string_view what,
                                                       std::size_t limit) {
  CounterSignatureFacts out;
  out.id = over + ".C";
  out.over = over;
  out.errors.emplace_back(base::Code::kLimitCount, std::vector<base::ErrorArgument>{{"what", std::string(what)},
                                                                                    {"limit", std::to_string(limit)}});
  return out;
}

}  // namespace tanba::pki
