// Any octets as a capsule: read and judged without harm, and what is read writes itself again, octet by octet.
#include <cstdlib>

#include "base/json.h"
#include "verify/capsule_check.h"

namespace {

using namespace tanba;

// Behind the digests, which no fuzzer guesses: the octets as record and as trust.
void try_parts(base::ByteView octets) {
  const auto none = [](const base::Digest& digest) -> base::Result<ocsp::CrlPtr> {
    return base::fail(base::Code::kCapsuleIncomplete, {{"digest", digest.hex()}});
  };
  const std::string_view text = base::as_text(octets);
  const auto trust = verify::read_trust(text);
  if (trust && !verify::read_trust(verify::write_trust(**trust))) std::abort();
  const auto inputs =
      verify::read_inputs(text, R"({"anchors":[],"intermediates":[],"type":"urn:tanba:capsule-trust:1"})", none);
  if (!inputs) return;
  const std::string written = verify::write_record(inputs->facts, inputs->input, inputs->evidence, inputs->limits);
  if (!verify::read_inputs(written, verify::write_trust(*inputs->input.trust), none)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<pki::Context> context = pki::Context::create().value();
  const base::ByteView octets(data, size);
  if (const auto capsule = verify::parse_capsule(octets)) {
    if (!base::equal(verify::write_capsule(verify::contents_of(*capsule)), octets)) std::abort();
  }
  const verify::EvidenceSet nothing;
  verify::CapsuleQuestion question;
  question.input.trust = pki::TrustSnapshot::make({}, {});
  question.input.evidence = &nothing;
  question.input.policy = verify::policy_for(pki::PolicyId::kKzSubmission);
  const auto verdict = verify::check_capsule(*context, octets, question);
  if (!verdict) std::abort();                 // an internal fault
  if (verdict->errors.empty()) std::abort();  // nothing here is sealed under a trust without anchors
  try_parts(octets);
  return 0;
}
