#include "ocsp/crl.h"

#include <fcntl.h>

#include <cerrno>

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

namespace {

// One code for what is wrong in a list, whatever part of it was being read.
base::Error as_of_list(const base::Error& error) {
  switch (error.code()) {
    case Code::kCrlCriticalExtension:
    case Code::kCrlSignature:
    case Code::kCrlIndex:
      return error;
    default:
      return as_malformed(Code::kCrlMalformed, error);
  }
}

}  // namespace

Result<std::shared_ptr<const Crl>> Crl::parse(ByteView der) {
  MemorySource source(der);
  return parse_up_to(source, base::Limits{}.max_crl_bytes);
}

Result<std::shared_ptr<const Crl>> Crl::parse(ByteSource& der) {
  return parse_up_to(der, base::Limits{}.max_crl_file_bytes);
}

Result<std::shared_ptr<const Crl>> Crl::parse_up_to(ByteSource& der, std::uint64_t max_bytes) {
  std::shared_ptr<Crl> crl(new Crl);
  CrlIndexBuilder entries({});
  auto skeleton = CrlParser::read(der, max_bytes, entries, *crl->state_);
  if (!skeleton) return fail(as_of_list(skeleton.error()));
  if (entries.fits_in_memory()) {
    TANBA_CHECK(index_in_memory(entries, *crl->state_));
    return crl;
  }
  TANBA_TRY(const base::FileDescriptor file, write_nameless_index(*skeleton, entries, *crl->state_));
  crl->state_ = std::make_unique<CrlState>();
  TANBA_CHECK(load_index(file.get(), *crl->state_));
  return crl;
}

Result<std::shared_ptr<const Crl>> Crl::read(ByteSource& der, const std::filesystem::path& index_file) {
  CrlState state;
  {
    CrlIndexBuilder entries(index_file.parent_path());
    auto skeleton = CrlParser::read(der, base::Limits{}.max_crl_file_bytes, entries, state);
    if (!skeleton) return fail(as_of_list(skeleton.error()));
    TANBA_CHECK(write_index_file(*skeleton, entries, state, index_file));
  }
  return open(index_file);
}

Result<std::shared_ptr<const Crl>> Crl::open(const std::filesystem::path& index_file) {
  const base::FileDescriptor file(::open(index_file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.open()) return index_failure("opening", errno);
  std::shared_ptr<Crl> crl(new Crl);
  TANBA_CHECK(load_index(file.get(), *crl->state_));
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
const std::string& Crl::base_number() const {
  return state_->base_number;
}
const std::vector<pki::DistributionPoint>& Crl::freshest_points() const {
  return state_->freshest_points;
}
const std::optional<base::Time>& Crl::keeps_expired_since() const {
  return state_->keeps_expired_since;
}
const std::optional<IssuingDistributionPoint>& Crl::distribution_point() const {
  return state_->distribution_point;
}
std::size_t Crl::entries() const {
  return static_cast<std::size_t>(state_->listed);
}
std::size_t Crl::resident_bytes() const {
  return sizeof(CrlState) + state_->index.resident_bytes() + state_->issuer.der().size() + state_->signature.size();
}
const pki::SignatureAlgorithm& Crl::signature_algorithm() const {
  return state_->signature_algorithm;
}

std::optional<RevokedEntry> Crl::find(ByteView serial) const {
  return find(state_->issuer, serial);
}

std::optional<RevokedEntry> Crl::find(const pki::Name& certificate_issuer, ByteView serial) const {
  const ByteView minimal = minimal_integer(serial);
  std::optional<RevokedEntry> found;
  if (certificate_issuer == state_->issuer) found = state_->index.find({.issuer = 0, .serial = minimal});
  if (found || state_->issuer_ids.empty()) return found;
  // An indirect list may also name its own issuer among the others.
  const auto id = state_->issuer_ids.find(certificate_issuer.canonical());
  if (id == state_->issuer_ids.end()) return std::nullopt;
  return state_->index.find({.issuer = id->second, .serial = minimal});
}

void Crl::visit_entries(const Visitor& visitor) const {
  state_->index.visit(visitor);
}

Status Crl::verify_signature(pki::Context& context, const pki::PublicKeyInfo& issuer_key) const {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->verified_key == issuer_key.digest) return {};
  }
  if (state_->signature.empty()) return fail(Code::kCrlSignature, "the BIT STRING is no signature");
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
