#include "ocsp/crl.h"

#include "base/limits.h"
#include "ocsp/crl_state.h"
#include "ocsp/extensions.h"
#include "pki/verify_signature.h"

namespace tanba::ocsp {

using base::ByteView;
using base::Code;
using base::fail;
using base::Result;
using base::Status;

Crl::Crl() : state_(std::make_unique<CrlState>()) {}
Crl::~Crl() = default;

Result<std::shared_ptr<const Crl>> Crl::parse(ByteView der) {
  const std::size_t limit = base::Limits{}.max_crl_bytes;
  if (der.size() > limit) return malformed(Code::kCrlMalformed, "larger than " + std::to_string(limit) + " octets");
  std::shared_ptr<Crl> crl(new Crl);
  if (auto parsed = CrlParser::parse(der, *crl->state_); !parsed) {
    const Code code = parsed.error().code();
    if (code == Code::kCrlCriticalExtension || code == Code::kCrlSignature) return fail(std::move(parsed).error());
    return fail(as_malformed(Code::kCrlMalformed, parsed.error()));
  }
  crl->state_->digest = base::sha256(der);
  return crl;
}

const base::Digest& Crl::digest() const {
  return state_->digest;
}
const pki::Name& Crl::issuer() const {
  return state_->issuer;
}
base::Time Crl::this_update() const {
  return state_->this_update;
}
const std::optional<base::Time>& Crl::next_update() const {
  return state_->next_update;
}
const std::optional<base::Bytes>& Crl::authority_key_id() const {
  return state_->authority_key_id;
}
const std::string& Crl::number() const {
  return state_->number;
}
bool Crl::is_delta() const {
  return state_->is_delta;
}
const std::optional<IssuingDistributionPoint>& Crl::distribution_point() const {
  return state_->distribution_point;
}
std::size_t Crl::entries() const {
  return state_->index.entries();
}
std::size_t Crl::resident_bytes() const {
  return sizeof(CrlState) + state_->index.resident_bytes() + state_->issuer.der().size() + state_->signature.size();
}
const pki::SignatureAlgorithm& Crl::signature_algorithm() const {
  return state_->signature_algorithm;
}

std::optional<RevokedEntry> Crl::find(ByteView serial) const {
  return state_->index.find(minimal_integer(serial));
}

void Crl::visit_entries(const Visitor& visitor) const {
  state_->index.visit(visitor);
}

Status Crl::verify_signature(pki::Context& context, const pki::PublicKeyInfo& issuer_key) const {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->verified_key == issuer_key.digest) return {};
  }
  if (state_->tbs_digest.empty()) return fail(Code::kCrlSignature, "no provider has the digest of this signature");
  const Status verified = pki::verify_digest_signature(context, issuer_key, state_->signature_algorithm,
                                                       state_->tbs_digest, state_->signature);
  if (!verified) {
    if (base::info(verified.error().code()).effect == base::Effect::kInternal) return verified;
    return fail(Code::kCrlSignature, verified.error().message());
  }
  const std::lock_guard lock(state_->mutex);
  state_->verified_key = issuer_key.digest;
  return {};
}

Status check_freshness(const Crl& crl, const FreshnessRules& rules, base::Time at) {
  if (crl.this_update() > at + rules.max_skew) {
    return fail(Code::kCrlFuture,
                {{"this_update", base::format_time(crl.this_update())}, {"at", base::format_time(at)}});
  }
  const auto& next = crl.next_update();
  const bool past = next ? at > *next : at - crl.this_update() > rules.max_age;
  if (!past) return {};
  return fail(Code::kCrlStale, {{"this_update", base::format_time(crl.this_update())},
                                {"next_update", next ? base::format_time(*next) : "-"},
                                {"at", base::format_time(at)}});
}

}  // namespace tanba::ocsp
