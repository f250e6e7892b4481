// Whichever way a document is inspected, the facts are the same.
#include <cstdlib>

#include "xmldsig/inspect.h"

namespace {

using namespace tanba;

pki::DocumentFacts facts_by(pki::Context& context, base::ByteView octets, xmldsig::Route route) {
  base::Limits limits;
  limits.max_document_bytes = 1U << 18;
  limits.max_public_key_operations = 16;
  base::Budget budget(limits);
  auto facts = xmldsig::inspect(context, octets, budget, {.keep_octets = pki::KeepOctets::kYes, .route = route});
  if (!facts) std::abort();  // an internal fault
  return *std::move(facts);
}

bool same_errors(const std::vector<base::Error>& a, const std::vector<base::Error>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].code() != b[i].code()) return false;
  }
  return true;
}

void compare(const pki::SignatureFacts& a, const pki::SignatureFacts& b) {
  const bool same = a.id == b.id && same_errors(a.errors, b.errors) && a.algorithm == b.algorithm &&
                    a.content_digests == b.content_digests && a.algorithm_names == b.algorithm_names &&
                    a.warnings == b.warnings && (a.certificate == nullptr) == (b.certificate == nullptr) &&
                    a.covers.whole == b.covers.whole && a.covers.what == b.covers.what &&
                    a.claimed_signing_time == b.claimed_signing_time && a.timestamp_tokens == b.timestamp_tokens &&
                    a.signature_value == b.signature_value && a.signed_octets == b.signed_octets &&
                    a.countersignatures == b.countersignatures && a.certificate_reference == b.certificate_reference &&
                    a.signature_policy == b.signature_policy;
  if (!same || (a.certificate && a.certificate->digest() != b.certificate->digest())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto context = pki::Context::create();
  if (!context) std::abort();
  const pki::DocumentFacts quick = facts_by(**context, {data, size}, xmldsig::Route::kQuickest);
  const pki::DocumentFacts general = facts_by(**context, {data, size}, xmldsig::Route::kGeneral);
  if (quick.format != general.format || !same_errors(quick.errors, general.errors) ||
      quick.signatures.size() != general.signatures.size() ||
      quick.certificates.size() != general.certificates.size() || quick.crls != general.crls ||
      quick.ocsp_responses != general.ocsp_responses) {
    std::abort();
  }
  for (std::size_t i = 0; i < quick.signatures.size(); ++i) compare(quick.signatures[i], general.signatures[i]);
  return 0;
}
