#include "licensing/flow/capsules.h"

#include <algorithm>
#include <utility>

#include "pki/verify_signature.h"
#include "verify/capsule_check.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using registry::CapsuleLack;
using registry::CapsuleRow;

// Of one round: each takes a signature of a token, or a round trip to an authority.
constexpr unsigned kMaxSeals = 64;
constexpr unsigned kMaxStamps = 16;

EvidenceItem item_of(std::string_view kind, std::string_view text) {
  return {std::string(kind), base::sha256(base::as_bytes(text)), base::to_bytes(base::as_bytes(text))};
}

// About this capsule, whatever the key server does: a person has to look. All else comes right by itself.
bool is_unfit(const base::Error& error) {
  switch (error.code()) {
    case Code::kRegistryDamaged:
    case Code::kRegistryNotFound:
    case Code::kLimitSize:
    case Code::kLimitCost:
      return true;
    default:
      return base::dotted(error.code()).starts_with("capsule.");
  }
}

}  // namespace

base::Status add_capsule(verify::CapsuleSubject subject, const verify::evidence::Verified& judged,
                         const verify::JudgeInput& input, const base::Limits& limits, const std::string& report,
                         std::vector<EvidenceItem>& evidence) {
  TANBA_TRY(const verify::NewCapsule capsule,
            verify::make_capsule(std::move(subject), *judged.facts, input, judged.evidence, limits, report));
  evidence.push_back(item_of("capsule.record", capsule.record));
  evidence.push_back(item_of("capsule.trust", capsule.trust));
  evidence.push_back(item_of(registry::kCapsuleEvidence, capsule.text));
  return {};
}

void Capsules::Pause::begin() {
  next_ = next_ == Steady::duration{} ? first_ : std::min(next_ * 2, longest_);
  until_ = Steady::now() + next_;
}

verify::CapsuleContents Capsules::Stored::contents() const {
  verify::CapsuleContents out{
      .manifest_text = manifest_text, .parts = {parts.begin(), parts.end()}, .seal = {}, .stamps = {}};
  if (seal) out.seal = *seal;
  if (time_stamp) out.stamps.emplace_back(*time_stamp);
  return out;
}

base::Result<Capsules::Stored> Capsules::read(const CapsuleRow& row) const {
  Stored out;
  TANBA_TRY(const base::Bytes manifest, parts_.registry.document(row.manifest));
  out.manifest_text = std::string(base::as_text(manifest));
  TANBA_TRY(out.manifest, verify::parse_manifest(out.manifest_text));
  std::uint64_t size = 0;
  for (const verify::CapsulePart& part : out.manifest.parts) size += part.size_bytes;
  if (size > verify::kMaxCapsuleBytes) {
    return base::fail(Code::kLimitSize, {{"limit", std::to_string(verify::kMaxCapsuleBytes)}});
  }
  for (const verify::CapsulePart& part : out.manifest.parts) {
    TANBA_TRY(base::Bytes octets, parts_.registry.document(part.digest));
    out.parts.push_back(std::move(octets));
  }
  if (row.seal) {
    TANBA_TRY(out.seal, parts_.registry.document(*row.seal));
  }
  if (row.time_stamp) {
    TANBA_TRY(out.time_stamp, parts_.registry.document(*row.time_stamp));
  }
  return out;
}

base::Result<base::Bytes> Capsules::file(std::string_view owner) const {
  TANBA_TRY(const CapsuleRow row, parts_.registry.capsule(owner));
  TANBA_TRY(const Stored stored, read(row));
  return verify::write_capsule(stored.contents());
}

base::Result<Capsules::Waiting> Capsules::waiting() {
  Waiting out;
  TANBA_TRY(out.unsealed, parts_.registry.count_capsules(CapsuleLack::kSeal));
  TANBA_TRY(out.unstamped, parts_.registry.count_capsules(CapsuleLack::kTimeStamp));
  if (out.unsealed == 0) unfit_.clear();  // another release beside this one sealed them
  out.unfit = unfit_;
  return out;
}

Capsules::Round Capsules::work() {
  Round round;
  if (parts_.keys != nullptr && keyd_pause_.over()) seal_waiting(round);
  if (parts_.stamper != nullptr && stamp_pause_.over()) stamp_waiting(round);
  return round;
}

// --- seals ---------------------------------------------------------------------------------------------------------

// The first key for capsules that can sign.
base::Result<std::string> Capsules::key_name() const {
  TANBA_TRY(const tokens::client::KeyList list, parts_.keys->list_keys(parts_.keyd_timeout));
  const tokens::client::KeyDescription* waiting = nullptr;
  for (const tokens::client::KeyDescription& key : list.keys) {
    if (key.purpose != tokens::client::KeyPurpose::kCapsule) continue;
    if (key.state == tokens::client::KeyState::kReady) return key.name;
    waiting = &key;
  }
  if (waiting != nullptr) {
    return base::fail(base::find_code(waiting->reason).value_or(Code::kTokenLocked), {{"reason", "not connected"}},
                      waiting->name + ": " + waiting->reason);
  }
  return base::fail(Code::kKeydUnknownKey, {{"key", "capsule"}});
}

void Capsules::seal_waiting(Round& round) {
  const auto rows = parts_.registry.capsules(CapsuleLack::kSeal, kMaxSeals, handled_);
  if (!rows) return round.troubles.push_back({{}, rows.error()});
  if (rows->empty()) return;
  const auto key = key_name();
  const auto context = pki::Context::create();
  if (!key || !context) {
    keyd_pause_.begin();
    return round.troubles.push_back({{}, key ? context.error() : key.error()});
  }
  for (const CapsuleRow& row : *rows) {
    const base::Status sealed = seal(**context, *key, row);
    if (!sealed) round.troubles.push_back({row.owner, sealed.error()});
    if (!sealed && !is_unfit(sealed.error())) return keyd_pause_.begin();
    sealed ? ++round.sealed : ++round.unfit;
    if (!sealed) ++unfit_[sealed.error().code()];
    handled_ = row.position;
  }
  keyd_pause_.end();
}

namespace {

// Nothing is sealed that does not give its report again. One that an earlier release judged by its own rules is told
// by its version: that release may still seal it.
base::Status check_replay(pki::Context& context, const verify::CapsuleFile& capsule) {
  const auto own = verify::replay(context, capsule, nullptr);
  const bool is_earlier = !own && own.error().code() == Code::kCapsuleVersion;
  if (own) return verify::check_report(capsule, *own);
  if (!is_earlier) return base::fail(own.error());
  TANBA_TRY(const verify::Report anew, verify::replay(context, capsule, nullptr, verify::PolicyVersions::kEarlierToo));
  if (const base::Status same = verify::check_report(capsule, anew); !same) {
    return base::fail(own.error().code(), own.error().arguments(), same.error().message());
  }
  return {};
}

}  // namespace

base::Status Capsules::seal(pki::Context& context, const std::string& key, const CapsuleRow& row) {
  TANBA_TRY(const Stored stored, read(row));
  const base::Bytes octets = verify::write_capsule(stored.contents());
  TANBA_TRY(const verify::CapsuleFile capsule, verify::parse_capsule(octets));
  TANBA_CHECK(check_replay(context, capsule));
  TANBA_TRY(base::Bytes made, make_seal(context, key, stored.manifest, row.manifest));
  TANBA_CHECK(parts_.registry.execute(
      registry::PutOnCapsule{.owner = row.owner, .what = CapsuleLack::kSeal, .octets = std::move(made)}));
  return {};
}

base::Result<base::Bytes> Capsules::make_seal(pki::Context& context, const std::string& key,
                                              const verify::CapsuleManifest& manifest, const base::Digest& name) const {
  const tokens::client::SealCapsule request{
      .kind = std::string(to_string(manifest.subject.kind)), .id = manifest.subject.id, .manifest = name, .key = key};
  TANBA_TRY(const tokens::client::Sealed sealed, parts_.keys->seal_capsule(request, parts_.keyd_timeout));
  const tokens::client::Signed& by = sealed.signature;
  const cms::SealStatement said{
      .kind = manifest.subject.kind, .id = manifest.subject.id, .manifest = name, .sealed_at = sealed.sealed_at};
  TANBA_TRY(const cms::ToBeSigned prepared, cms::prepare_seal(context, said, by.certificate, by.algorithm));
  // Kept for years: a value that does not verify must not be found out then.
  TANBA_CHECK(pki::verify_signature(context, by.certificate->key(), by.algorithm, prepared.octets, by.signature));
  return cms::complete(prepared, by.signature, by.chain);
}

// --- time stamps ---------------------------------------------------------------------------------------------------

void Capsules::stamp_waiting(Round& round) {
  const auto rows = parts_.registry.capsules(CapsuleLack::kTimeStamp, kMaxStamps);
  if (!rows) return round.troubles.push_back({{}, rows.error()});
  for (const CapsuleRow& row : *rows) {
    const base::Status stamped = stamp(row);
    if (!stamped) {
      round.troubles.push_back({row.owner, stamped.error()});
      return stamp_pause_.begin();
    }
    ++round.stamped;
  }
  stamp_pause_.end();
}

base::Status Capsules::stamp(const CapsuleRow& row) const {
  TANBA_TRY(const Stored stored, read(row));
  auto octets = std::make_shared<const base::Bytes>(verify::octets_to_stamp(stored.contents()));
  TANBA_TRY(verify::evidence::TimeStamp stamp,
            parts_.stamper->request(octets, parts_.stamp_input(), {}, Steady::now() + parts_.stamp_timeout));
  TANBA_CHECK(parts_.registry.execute(
      registry::PutOnCapsule{.owner = row.owner, .what = CapsuleLack::kTimeStamp, .octets = std::move(stamp.token)}));
  return {};
}

}  // namespace tanba::licensing::flow
