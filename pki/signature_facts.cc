#include "pki/signature_facts.h"

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

}  // namespace tanba::pki
