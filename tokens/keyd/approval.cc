#include "tokens/keyd/approval.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "cms/inspect.h"
#include "pki/identity.h"

namespace tanba::tokens::keyd {
namespace {

// An approval is small, has one signer and a certificate or three.
constexpr base::Limits approval_limits() {
  base::Limits limits;
  limits.max_document_bytes = 64U << 10;
  limits.max_signatures = 2;  // the second one is refused, whatever it is
  limits.max_certificates = 16;
  limits.max_digested_bytes = 1U << 20;
  limits.max_public_key_operations = 4;
  return limits;
}

std::unexpected<base::Error> refused(std::string reason) {
  return base::fail(base::Code::kKeydApproval, {{"reason", std::move(reason)}});
}

base::Result<pki::DocumentFacts> inspect_once(pki::Context& context, base::ByteView cms,
                                              const cms::DetachedContent& content) {
  base::Budget budget(approval_limits());
  return cms::inspect(context, cms, content, budget, pki::KeepOctets::kYes);
}

bool is_detached(const pki::DocumentFacts& facts) {
  const auto lacks_content = [](const base::Error& error) { return error.code() == base::Code::kCmsNoContent; };
  return std::ranges::any_of(facts.errors, lacks_content) ||
         std::ranges::any_of(facts.signatures, [&](const pki::SignatureFacts& signature) {
           return std::ranges::any_of(signature.errors, lacks_content);
         });
}

base::Status check_algorithms(const pki::SignatureFacts& signature, base::Time now) {
  const pki::PublicKeyInfo& key = signature.certificate->key();
  const base::Status algorithm =
      pki::check_algorithm(pki::PolicyId::kKzSubmission, *signature.algorithm, {.kind = key.kind, .bits = key.bits},
                           now, signature.certificate->label());
  if (!algorithm) return refused(algorithm.error().message());
  for (const pki::DigestAlgorithm digest : signature.content_digests) {
    const base::Status checked =
        pki::check_digest(pki::PolicyId::kKzSubmission, digest, pki::DigestUse::kSignature, now);
    if (!checked) return refused(checked.error().message());
  }
  return {};
}

// The one signature, intact over exactly the text.
base::Result<pki::SignatureFacts> intact_signature(pki::Context& context, base::ByteView cms, std::string_view text) {
  if (cms.empty()) return refused("there is none");
  base::Result<pki::DocumentFacts> facts = inspect_once(context, cms, std::nullopt);
  if (facts && is_detached(*facts)) facts = inspect_once(context, cms, base::as_bytes(text));
  if (!facts) return refused(facts.error().message());
  if (!facts->errors.empty()) return refused(facts->errors.front().message());
  if (facts->signatures.size() != 1) return refused("it must have exactly one signer");
  pki::SignatureFacts& signature = facts->signatures.front();
  if (!signature.errors.empty()) return refused(signature.errors.front().message());
  if (!signature.algorithm || !signature.certificate || !signature.covers.whole) return refused("it is not complete");
  if (!base::equal(signature.signed_octets, base::as_bytes(text))) return refused("it approves something else");
  return std::move(signature);
}

}  // namespace

base::Result<Approval> check_approval(pki::Context& context, const client::Intent& intent, base::ByteView cms,
                                      std::span<const ApproverConfig> approvers, base::Time now) {
  TANBA_TRY(const pki::SignatureFacts signature, intact_signature(context, cms, client::intent_text(intent)));
  TANBA_CHECK(check_algorithms(signature, now));
  const base::Digest& key = signature.certificate->key().digest;
  // The log says whose key it was, in the words of the list.
  const auto denied = [&](const char* why) {
    return base::fail(base::Code::kKeydApprover, fmt::format("key {}: {}", key.hex(), why));
  };
  const auto listed = std::ranges::find(approvers, key, &ApproverConfig::key);
  if (listed == approvers.end()) return denied("not listed");
  if (listed->licensor != intent.licensor) return denied("an officer of another licensor");
  if (!listed->kinds.contains(intent.kind)) return denied("not for this kind");
  const pki::Identity identity = pki::identity_of(*signature.certificate);
  if (listed->iin && identity.iin != listed->iin) return denied("another person's IIN");
  return Approval{key, identity.name};
}

}  // namespace tanba::tokens::keyd
