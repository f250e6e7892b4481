#include "verify/evidence/augment_format.h"

#include <string>
#include <utility>

#include "cms/tsp/attach.h"
#include "cms/validation_data.h"
#include "pdf/sign.h"
#include "xmldsig/xades.h"

namespace tanba::verify::evidence {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Result;
using pki::DocumentFormat;

constexpr const char* kStamped = "B-T";
constexpr const char* kWithValues = "B-LT";

std::unexpected<base::Error> no_place(const char* level, std::string reason) {
  return base::fail(Code::kAugmentLevel, {{"level", level}, {"reason", std::move(reason)}});
}

// A later signature covers what an earlier one would get.
base::Status check_newest(Which which) {
  if (which.index + 1 == which.count) return {};
  return no_place(kStamped, "of a PDF only the newest signature can get a time stamp");
}

pdf::Evidence of_pdf(const SignatureValues& values) {
  pdf::Evidence out;
  for (const Values* some : {&values.signer, &values.timestamps}) {
    for (const pki::CertificatePtr& certificate : some->certificates) {
      out.certificates.push_back(base::to_bytes(certificate->der()));
    }
    out.crls.insert(out.crls.end(), some->crls.begin(), some->crls.end());
    out.ocsp_responses.insert(out.ocsp_responses.end(), some->ocsp_responses.begin(), some->ocsp_responses.end());
  }
  return out;
}

std::string no_way(DocumentFormat format) {
  return "documents of the format " + std::string(to_string(format)) + " are not lifted here";
}

// What the format's function cannot do with this document is no fault of the document as a signature.
Result<Bytes> as_level(Result<Bytes> made, const char* level) {
  if (made) return made;
  const base::Error& error = made.error();
  const bool about_document =
      base::info(error.code()).effect == base::Effect::kRefuse || error.code() == Code::kPdfUnsignable;
  if (!about_document) return made;
  std::string reason = error.message();
  while (reason.ends_with('.')) reason.pop_back();
  return base::fail(base::Error(Code::kAugmentLevel, {{"level", level}, {"reason", std::move(reason)}}, error.cause()));
}

xmldsig::ValidationValues of_xades(const Values& values) {
  return {.certificates = values.certificates, .crls = values.crls, .ocsp_responses = values.ocsp_responses};
}

}  // namespace

Result<Bytes> octets_to_stamp(DocumentFormat format, ByteView document, Which which, const base::Limits& limits) {
  base::Budget budget(limits);
  switch (format) {
    case DocumentFormat::kCms:
      return cms::tsp::octets_to_stamp(document, which.index, limits);
    case DocumentFormat::kXmlDsig:
      return as_level(xmldsig::timestamp_octets(document, which.index, budget), kStamped);
    case DocumentFormat::kPdf:
      TANBA_CHECK(check_newest(which));
      return as_level(pdf::octets_to_stamp(document), kStamped);
    default:
      return no_place(kStamped, no_way(format));
  }
}

Result<Bytes> add_timestamp(DocumentFormat format, ByteView document, Which which, ByteView token,
                            const base::Limits& limits) {
  base::Budget budget(limits);
  switch (format) {
    case DocumentFormat::kCms:
      return as_level(cms::tsp::add_signature_timestamp(document, which.index, token, limits), kStamped);
    case DocumentFormat::kXmlDsig: {
      xmldsig::UnsignedProperties properties;
      properties.timestamp_tokens.push_back(base::to_bytes(token));
      return as_level(xmldsig::add_unsigned_properties(document, which.index, properties, budget), kStamped);
    }
    case DocumentFormat::kPdf:
      TANBA_CHECK(check_newest(which));
      return as_level(pdf::add_signature_timestamp(document, token), kStamped);
    default:
      return no_place(kStamped, no_way(format));
  }
}

Result<Bytes> add_values(DocumentFormat format, ByteView document, Which which, const SignatureValues& values,
                         const base::Limits& limits) {
  base::Budget budget(limits);
  switch (format) {
    case DocumentFormat::kCms: {
      Result<Bytes> out = base::to_bytes(document);
      for (const Values& some : {values.signer, values.timestamps}) {
        if (!out || some.empty()) continue;
        out = cms::add_validation_data(
            *out, {.certificates = some.certificates, .crls = some.crls, .ocsp_responses = some.ocsp_responses},
            limits);
      }
      return as_level(std::move(out), kWithValues);
    }
    case DocumentFormat::kXmlDsig:
      return as_level(xmldsig::add_unsigned_properties(document, which.index,
                                                       {.timestamp_tokens = {},
                                                        .values = of_xades(values.signer),
                                                        .timestamp_values = of_xades(values.timestamps)},
                                                       budget),
                      kWithValues);
    case DocumentFormat::kPdf:
      return as_level(pdf::add_evidence(document, of_pdf(values)), kWithValues);
    default:
      return no_place(kWithValues, no_way(format));
  }
}

}  // namespace tanba::verify::evidence
