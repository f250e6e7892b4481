#include "verify/capsule.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/json.h"
#include "verify/json_members.h"

namespace tanba::verify {
namespace {

namespace json = boost::json;
using base::Code;

constexpr std::string_view kManifestType = "urn:tanba:capsule:";
constexpr std::string_view kManifestVersion = "1";
constexpr CapsulePartKind kKinds[] = {CapsulePartKind::kRecord, CapsulePartKind::kTrust, CapsulePartKind::kReport,
                                      CapsulePartKind::kCrl};
constexpr std::size_t kFixedParts = 3;

std::size_t max_bytes(CapsulePartKind kind) {
  switch (kind) {
    case CapsulePartKind::kRecord:
      return kMaxRecordBytes;
    case CapsulePartKind::kTrust:
      return kMaxTrustBytes;
    case CapsulePartKind::kReport:
      return kMaxReportBytes;
    case CapsulePartKind::kCrl:
      return base::Limits{}.max_crl_bytes;
  }
  return 0;
}

base::Status check_parts(const std::vector<CapsulePart>& parts) {
  if (parts.size() < kFixedParts || parts.size() > kFixedParts + kMaxCapsuleLists) return capsule_malformed("parts");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const CapsulePart& part = parts[i];
    if (part.kind != kKinds[std::min(i, kFixedParts)]) return capsule_malformed("the order of parts");
    if (i > kFixedParts && parts[i - 1].digest >= part.digest) return capsule_malformed("the order of lists");
    if (part.size_bytes > max_bytes(part.kind)) {
      return base::fail(Code::kLimitSize, {{"limit", std::to_string(max_bytes(part.kind))}});
    }
  }
  return {};
}

base::Result<CapsulePart> part_from(const json::value& value) {
  CapsulePart part;
  TANBA_TRY(const std::string kind, string_member(value, "kind"));
  const auto known = std::ranges::find(kKinds, kind, [](CapsulePartKind one) { return to_string(one); });
  if (known == std::end(kKinds)) return wrong_member("kind");
  part.kind = *known;
  TANBA_TRY(part.digest, digest_member(value, "sha256"));
  TANBA_TRY(part.size_bytes, count_member(value, "sizeBytes"));
  return part;
}

base::Result<CapsuleManifest> read_manifest(const json::value& root) {
  CapsuleManifest manifest;
  TANBA_TRY(const json::value* subject, member(root, "subject"));
  TANBA_TRY(const std::string kind, string_member(*subject, "kind"));
  TANBA_TRY(manifest.subject.kind, cms::parse_capsule_kind(kind));
  TANBA_TRY(manifest.subject.id, string_member(*subject, "id"));
  TANBA_CHECK(cms::check_capsule_id(manifest.subject.id));
  TANBA_TRY(manifest.judged_at, time_member(root, "judgedAt"));
  TANBA_TRY(manifest.document, digest_member(root, "document"));
  TANBA_TRY(const json::array* parts, array_member(root, "parts"));
  for (const json::value& one : *parts) {
    TANBA_TRY(const CapsulePart part, part_from(one));
    manifest.parts.push_back(part);
  }
  return manifest;
}

base::Status check_version(const json::value& root) {
  const auto type = string_member(root, "type");
  if (!type || !type->starts_with(kManifestType)) return capsule_malformed("the manifest's type");
  const std::string version = type->substr(kManifestType.size());
  if (version == kManifestVersion) return {};
  return base::fail(Code::kCapsuleVersion, {{"version", version}});
}

// What a capsule has no room for is our own limit: nothing is wrong with a capsule that was never made, nor with the
// document.
base::Status check_room(const std::vector<CapsulePart>& parts) {
  if (parts.size() > kFixedParts + kMaxCapsuleLists) {
    return base::fail(Code::kInternal,
                      "more revocation lists than the " + std::to_string(kMaxCapsuleLists) + " that a capsule holds");
  }
  for (const CapsulePart& part : parts) {
    if (part.size_bytes <= max_bytes(part.kind)) continue;
    return base::fail(Code::kInternal, "more than the " + std::to_string(max_bytes(part.kind)) + " octets that " +
                                           std::string(to_string(part.kind)) + " of a capsule holds");
  }
  return {};
}

CapsulePart part_of(CapsulePartKind kind, std::string_view text) {
  return {.kind = kind, .digest = base::sha256(base::as_bytes(text)), .size_bytes = text.size()};
}

}  // namespace

std::unexpected<base::Error> capsule_malformed(std::string what, std::string cause) {
  return base::fail(Code::kCapsuleMalformed, {{"what", std::move(what)}}, std::move(cause));
}

std::string_view to_string(CapsulePartKind kind) {
  switch (kind) {
    case CapsulePartKind::kRecord:
      return "record";
    case CapsulePartKind::kTrust:
      return "trust";
    case CapsulePartKind::kReport:
      return "report";
    case CapsulePartKind::kCrl:
      return "crl";
  }
  return "";
}

std::string write_manifest(const CapsuleManifest& manifest) {
  json::array parts;
  for (const CapsulePart& part : manifest.parts) {
    parts.push_back(
        json::object{{"kind", to_string(part.kind)}, {"sha256", part.digest.hex()}, {"sizeBytes", part.size_bytes}});
  }
  return base::canonical_json(
      json::object{{"type", std::string(kManifestType) + std::string(kManifestVersion)},
                   {"subject", json::object{{"kind", to_string(manifest.subject.kind)}, {"id", manifest.subject.id}}},
                   {"judgedAt", base::format_time(manifest.judged_at)},
                   {"document", manifest.document.hex()},
                   {"parts", std::move(parts)}});
}

base::Result<CapsuleManifest> parse_manifest(std::string_view text) {
  const auto root = base::parse_json(text, {.max_size_bytes = kMaxManifestBytes, .max_depth = 4});
  if (!root) return capsule_malformed("the manifest", root.error().message());
  TANBA_CHECK(check_version(*root));
  auto manifest = read_manifest(*root);
  if (!manifest) return capsule_malformed("the manifest", manifest.error().message());
  TANBA_CHECK(check_parts(manifest->parts));
  if (write_manifest(*manifest) != text) return capsule_malformed("the manifest is not in its one form");
  return manifest;
}

base::Result<NewCapsule> make_capsule(CapsuleSubject subject, const Facts& facts, const JudgeInput& input,
                                      const EvidenceSet& evidence, const base::Limits& limits, std::string report) {
  NewCapsule capsule{
      .manifest = {.subject = std::move(subject), .judged_at = input.now, .document = facts.document, .parts = {}},
      .text = {},
      .record = write_record(facts, input, evidence, limits),
      .trust = write_trust(*input.trust),
      .report = std::move(report),
      .lists = {evidence.crls().begin(), evidence.crls().end()}};
  TANBA_CHECK(cms::check_capsule_id(capsule.manifest.subject.id));
  std::vector<CapsulePart>& parts = capsule.manifest.parts;
  parts = {part_of(CapsulePartKind::kRecord, capsule.record), part_of(CapsulePartKind::kTrust, capsule.trust),
           part_of(CapsulePartKind::kReport, capsule.report)};
  std::ranges::sort(capsule.lists, {}, &CrlItem::id);
  for (const CrlItem& list : capsule.lists) {
    if (!list.octets) return base::fail(Code::kCapsuleIncomplete, {{"digest", list.id.hex()}});
    TANBA_TRY(const std::uint64_t size, list.octets->size_bytes());
    parts.push_back({.kind = CapsulePartKind::kCrl, .digest = list.id, .size_bytes = size});
  }
  TANBA_CHECK(check_room(parts));
  TANBA_CHECK(check_parts(parts));
  capsule.text = write_manifest(capsule.manifest);
  return capsule;
}

base::Result<Report> replay(pki::Context& context, const CapsuleInputs& inputs) {
  JudgeInput input = inputs.input;
  input.evidence = &inputs.evidence;
  base::Budget budget(inputs.limits);
  auto judgement = judge(context, nullptr, inputs.facts, input, budget);
  const bool is_fault = !judgement && base::info(judgement.error().code()).effect != base::Effect::kRefuse;
  if (is_fault) return base::fail(judgement.error());
  Report report = judgement ? std::move(judgement->report) : unjudged(&inputs.facts, judgement.error(), input);
  report.policy_version = inputs.policy_version;
  return report;
}

}  // namespace tanba::verify
