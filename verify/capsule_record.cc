// The record of a capsule: what judge is given, as JSON and back. Structured bindings name every member: a member that
// is added to one of these types does not compile here until it is written and read.
#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"
#include "verify/capsule.h"
#include "verify/json_members.h"

namespace tanba::verify {
namespace {

namespace json = boost::json;
using base::Code;
using base::Result;
using pki::CertificatePtr;
using Require = pki::PolicyInputs::Require;

constexpr std::string_view kRecordType = "urn:tanba:capsule-record:1";
constexpr std::string_view kTrustType = "urn:tanba:capsule-trust:1";
// What one verification gathers stays far below; each costs a parse or a place in a search.
constexpr std::size_t kMaxItems = 4096;

// --- policy --------------------------------------------------------------------------------------------------------

json::object freshness_json(const ocsp::FreshnessRules& rules) {
  const auto& [max_age, max_skew] = rules;
  return {{"maxAge", max_age.count()}, {"maxSkew", max_skew.count()}};
}

Result<base::Seconds> seconds_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  if (!found->is_int64()) return wrong_member(name);
  return base::Seconds(found->get_int64());
}

Result<std::optional<base::Seconds>> optional_seconds_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  if (found->is_null()) return std::nullopt;
  TANBA_TRY(const base::Seconds seconds, seconds_member(value, name));
  return seconds;
}

json::value seconds_json(const std::optional<base::Seconds>& seconds) {
  return seconds ? json::value(seconds->count()) : json::value(nullptr);
}

Result<ocsp::FreshnessRules> freshness_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  ocsp::FreshnessRules rules{};
  TANBA_TRY(rules.max_age, seconds_member(*found, "maxAge"));
  TANBA_TRY(rules.max_skew, seconds_member(*found, "maxSkew"));
  return rules;
}

json::object rule_json(const base::Digest& issuer, const FreshnessRule& rule) {
  const auto& [evidence, ocsp_rules, crl_rules, ocsp_limit, crl_limit, grace] = rule;
  return {{"issuer", issuer.hex()},
          {"evidence", to_string(evidence)},
          {"ocsp", freshness_json(ocsp_rules)},
          {"crl", freshness_json(crl_rules)},
          {"ocspLimit", seconds_json(ocsp_limit)},
          {"crlLimit", seconds_json(crl_limit)},
          {"grace", grace.count()}};
}

Result<EvidenceRule> evidence_rule_member(const json::value& value) {
  TANBA_TRY(const std::string name, string_member(value, "evidence"));
  return parse_evidence_rule(name);
}

Result<FreshnessRule> rule_from(const json::value& value) {
  FreshnessRule rule;
  TANBA_TRY(rule.evidence, evidence_rule_member(value));
  TANBA_TRY(rule.ocsp, freshness_member(value, "ocsp"));
  TANBA_TRY(rule.crl, freshness_member(value, "crl"));
  TANBA_TRY(rule.ocsp_limit, optional_seconds_member(value, "ocspLimit"));
  TANBA_TRY(rule.crl_limit, optional_seconds_member(value, "crlLimit"));
  TANBA_TRY(rule.grace, seconds_member(value, "grace"));
  return rule;
}

json::array oids_json(const std::vector<pki::Oid>& oids) {
  json::array out;
  for (const pki::Oid& oid : oids) out.push_back(json::value(oid.dotted()));
  return out;
}

Result<std::vector<pki::Oid>> oids_member(const json::value& value, const char* name) {
  TANBA_TRY(const std::vector<std::string> texts, texts_member(value, name));
  std::vector<pki::Oid> out;
  for (const std::string& text : texts) {
    TANBA_TRY(pki::Oid oid, pki::Oid::from_dotted(text));
    out.push_back(std::move(oid));
  }
  return out;
}

json::object path_inputs_json(const pki::PolicyInputs& inputs) {
  const auto& [initial_policies, explicit_policy, inhibit_any_policy, inhibit_policy_mapping] = inputs;
  return {{"initialPolicies", oids_json(initial_policies)},
          {"explicitPolicy", explicit_policy == Require::kYes},
          {"inhibitAnyPolicy", inhibit_any_policy == Require::kYes},
          {"inhibitPolicyMapping", inhibit_policy_mapping == Require::kYes}};
}

Result<Require> require_member(const json::value& value, const char* name) {
  TANBA_TRY(const bool required, bool_member(value, name));
  return required ? Require::kYes : Require::kNo;
}

Result<pki::PolicyInputs> path_inputs_from(const json::value& value) {
  pki::PolicyInputs inputs;
  TANBA_TRY(inputs.initial_policies, oids_member(value, "initialPolicies"));
  TANBA_TRY(inputs.explicit_policy, require_member(value, "explicitPolicy"));
  TANBA_TRY(inputs.inhibit_any_policy, require_member(value, "inhibitAnyPolicy"));
  TANBA_TRY(inputs.inhibit_policy_mapping, require_member(value, "inhibitPolicyMapping"));
  return inputs;
}

json::object policy_json(const Policy& policy) {
  const auto& [id, revocation, coverage, certificate_reference, ocsp_freshness, crl_freshness, evidence, grace,
               embedded_crl_limit, issuer_rules, path_inputs] = policy;
  json::array rules;
  for (const auto& [issuer, rule] : issuer_rules) rules.push_back(rule_json(issuer, rule));
  json::object out{{"id", to_string(id)},
                   {"version", pki::kPolicyVersion},
                   {"revocation", to_string(revocation)},
                   {"wholeCoverage", coverage == CoverageRule::kWhole},
                   {"signingCertificateRequired", certificate_reference == CertificateReferenceRule::kRequired},
                   {"ocsp", freshness_json(ocsp_freshness)},
                   {"crl", freshness_json(crl_freshness)},
                   {"evidence", to_string(evidence)},
                   {"grace", grace.count()},
                   {"issuerRules", std::move(rules)},
                   {"pathInputs", path_inputs_json(path_inputs)}};
  // As in capsules made before there was such a limit: without it, nothing is said of it.
  if (embedded_crl_limit) out["embeddedCrlLimit"] = embedded_crl_limit->count();
  return out;
}

Result<int> policy_version_from(const json::value& value, PolicyVersions versions) {
  constexpr auto kOwn = static_cast<std::uint64_t>(pki::kPolicyVersion);
  TANBA_TRY(const std::uint64_t version, count_member(value, "version"));
  const bool known = version == kOwn || (versions == PolicyVersions::kEarlierToo && version > 0 && version < kOwn);
  if (!known) return base::fail(Code::kCapsuleVersion, {{"version", "policy " + std::to_string(version)}});
  return static_cast<int>(version);
}

Result<Policy> policy_from(const json::value& value) {
  Policy policy;
  TANBA_TRY(const std::string id, string_member(value, "id"));
  TANBA_TRY(policy.id, pki::parse_policy_id(id));
  TANBA_TRY(const std::string revocation, string_member(value, "revocation"));
  TANBA_TRY(policy.revocation, parse_revocation_mode(revocation));
  TANBA_TRY(const bool whole, bool_member(value, "wholeCoverage"));
  policy.coverage = whole ? CoverageRule::kWhole : CoverageRule::kPart;
  TANBA_TRY(const bool named, bool_member(value, "signingCertificateRequired"));
  policy.certificate_reference = named ? CertificateReferenceRule::kRequired : CertificateReferenceRule::kOptional;
  TANBA_TRY(policy.ocsp_freshness, freshness_member(value, "ocsp"));
  TANBA_TRY(policy.crl_freshness, freshness_member(value, "crl"));
  TANBA_TRY(policy.evidence, evidence_rule_member(value));
  TANBA_TRY(policy.grace, seconds_member(value, "grace"));
  if (value.as_object().contains("embeddedCrlLimit")) {
    TANBA_TRY(policy.embedded_crl_limit, seconds_member(value, "embeddedCrlLimit"));
  }
  TANBA_TRY(const json::array* rules, array_member(value, "issuerRules"));
  for (const json::value& one : *rules) {
    TANBA_TRY(const base::Digest issuer, digest_member(one, "issuer"));
    TANBA_TRY(const FreshnessRule rule, rule_from(one));
    policy.issuer_rules.emplace(issuer, rule);
  }
  TANBA_TRY(const json::value* inputs, member(value, "pathInputs"));
  TANBA_TRY(policy.path_inputs, path_inputs_from(*inputs));
  return policy;
}

// --- input ---------------------------------------------------------------------------------------------------------

json::value optional_text_json(const std::optional<std::string>& text) {
  return text ? text_json(*text) : json::value(nullptr);
}

Result<std::optional<std::string>> optional_text_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  if (found->is_null()) return std::nullopt;
  TANBA_TRY(std::string text, text_from(*found, name));
  return text;
}

json::object input_json(const JudgeInput& given) {
  const auto& [trust, evidence, policy, now, existed_at, evidence_since, trust_purpose, key_purpose, candidates,
               expected] = given;
  const auto& [iin, bin, roles] = expected;
  return {
      {"policy", policy_json(policy)},
      {"now", base::format_time(now)},
      {"existedAt", time_json(existed_at)},
      {"evidenceSince", time_json(evidence_since)},
      {"trustPurpose", to_string(trust_purpose)},
      {"keyPurpose", to_string(key_purpose)},
      {"candidates", certificates_json(candidates)},
      {"expected",
       json::object{{"iin", optional_text_json(iin)}, {"bin", optional_text_json(bin)}, {"roles", oids_json(roles)}}}};
}

Result<Expectation> expectation_from(const json::value& value) {
  Expectation expected;
  TANBA_TRY(expected.iin, optional_text_member(value, "iin"));
  TANBA_TRY(expected.bin, optional_text_member(value, "bin"));
  TANBA_TRY(expected.roles, oids_member(value, "roles"));
  return expected;
}

Result<JudgeInput> input_from(const json::value& value) {
  JudgeInput input;
  TANBA_TRY(const json::value* policy, member(value, "policy"));
  TANBA_TRY(input.policy, policy_from(*policy));
  TANBA_TRY(input.now, time_member(value, "now"));
  TANBA_TRY(input.existed_at, optional_time_member(value, "existedAt"));
  TANBA_TRY(input.evidence_since, optional_time_member(value, "evidenceSince"));
  TANBA_TRY(const std::string trust_purpose, string_member(value, "trustPurpose"));
  TANBA_TRY(input.trust_purpose, pki::parse_trust_purpose(trust_purpose));
  TANBA_TRY(const std::string key_purpose, string_member(value, "keyPurpose"));
  TANBA_TRY(input.key_purpose, pki::parse_key_purpose(key_purpose));
  TANBA_TRY(input.candidates, certificates_member(value, "candidates"));
  TANBA_TRY(const json::value* expected, member(value, "expected"));
  TANBA_TRY(input.expected, expectation_from(*expected));
  return input;
}

// --- evidence ------------------------------------------------------------------------------------------------------

// Only where it is so: absent in capsules made before it was told apart.
void put_brought_too(bool brought_too, json::object& out) {
  if (brought_too) out["broughtToo"] = true;
}

Result<bool> brought_too_member(const json::value& value) {
  if (!value.as_object().contains("broughtToo")) return false;
  return bool_member(value, "broughtToo");
}

json::object ocsp_json(const OcspItem& item) {
  const auto& [id, response, octets, nonce, asked_for, source, received_at, brought_too] = item;
  json::object out{{"octets", base::to_base64(response->octets)},
                   {"nonce", base::to_base64(nonce)},
                   {"askedFor", digest_json(asked_for)},
                   {"source", text_json(source)},
                   {"receivedAt", base::format_time(received_at)}};
  put_brought_too(brought_too, out);
  return out;
}

Result<OcspItem> ocsp_from(const json::value& value) {
  OcspItem item;
  TANBA_TRY(const base::Bytes octets, base64_member(value, "octets"));
  TANBA_TRY(item.response, ocsp::parse_response(octets));
  item.id = item.response->digest;
  item.octets = std::make_shared<const base::Bytes>(octets);
  TANBA_TRY(item.nonce, base64_member(value, "nonce"));
  TANBA_TRY(item.asked_for, optional_digest_member(value, "askedFor"));
  TANBA_TRY(item.source, text_member(value, "source"));
  TANBA_TRY(item.received_at, time_member(value, "receivedAt"));
  TANBA_TRY(item.brought_too, brought_too_member(value));
  return item;
}

json::object crl_json(const CrlItem& item) {
  const auto& [id, crl, asked_for, source, received_at, octets, brought_too] = item;
  json::object out{{"sha256", id.hex()},
                   {"askedFor", digest_json(asked_for)},
                   {"source", text_json(source)},
                   {"receivedAt", base::format_time(received_at)}};
  put_brought_too(brought_too, out);
  return out;
}

Result<CrlItem> crl_from(const json::value& value, const ListSource& lists) {
  CrlItem item;
  TANBA_TRY(item.id, digest_member(value, "sha256"));
  TANBA_TRY(item.crl, lists(item.id));
  TANBA_TRY(item.asked_for, optional_digest_member(value, "askedFor"));
  TANBA_TRY(item.source, text_member(value, "source"));
  TANBA_TRY(item.received_at, time_member(value, "receivedAt"));
  TANBA_TRY(item.brought_too, brought_too_member(value));
  return item;
}

json::object failure_json(const SourceFailure& failure) {
  const auto& [source, error, at, asked_for] = failure;
  return {{"source", text_json(source)},
          {"error", error_json(error)},
          {"at", base::format_time(at)},
          {"askedFor", digest_json(asked_for)}};
}

Result<SourceFailure> failure_from(const json::value& value) {
  TANBA_TRY(std::string source, text_member(value, "source"));
  TANBA_TRY(const json::value* error, member(value, "error"));
  TANBA_TRY(base::Error read, error_from(*error));
  TANBA_TRY(const base::Time at, time_member(value, "at"));
  TANBA_TRY(const std::optional<base::Digest> asked_for, optional_digest_member(value, "askedFor"));
  return SourceFailure{std::move(source), std::move(read), at, asked_for};
}

json::object hold_json(const LocalHold& hold) {
  const auto& [over, value, issuer, since, reason] = hold;
  return {{"over", static_cast<int>(over)},
          {"value", text_json(value)},
          {"issuer", text_json(issuer)},
          {"since", base::format_time(since)},
          {"reason", text_json(reason)}};
}

Result<LocalHold> hold_from(const json::value& value) {
  LocalHold hold;
  TANBA_TRY(hold.over, enum_member(value, "over", LocalHold::Over::kSerial));
  TANBA_TRY(hold.value, text_member(value, "value"));
  TANBA_TRY(hold.issuer, text_member(value, "issuer"));
  TANBA_TRY(hold.since, time_member(value, "since"));
  TANBA_TRY(hold.reason, text_member(value, "reason"));
  return hold;
}

// The serial numbers of every certificate at hand. A hold over another serial applies to nothing here, and a registry
// may have thousands of holds.
std::set<std::string> serials_at_hand(const Facts& facts, const JudgeInput& input, const EvidenceSet& evidence) {
  std::set<std::string> serials;
  const auto add = [&](const CertificatePtr& certificate) {
    if (certificate) serials.insert(certificate->serial_hex());
  };
  std::ranges::for_each(input.candidates, add);
  std::ranges::for_each(input.trust->intermediates(), add);
  for (const pki::Anchor& anchor : input.trust->anchors()) add(anchor.certificate);
  std::ranges::for_each(facts.content.certificates, add);
  for (const pki::SignatureFacts& signature : facts.content.signatures) {
    add(signature.certificate);
    for (const pki::CounterSignatureFacts& one : signature.counter_signatures) add(one.certificate);
    for_each_timestamp(signature, [&](const pki::TimestampFacts& timestamp) {
      add(timestamp.certificate);
      std::ranges::for_each(timestamp.certificates, add);
    });
  }
  for (const OcspItem& item : evidence.ocsp()) std::ranges::for_each(item.response->certificates, add);
  return serials;
}

json::object evidence_json(const EvidenceSet& evidence, const std::set<std::string>& serials) {
  json::array ocsp_items, crls, failures, holds, asked;
  for (const OcspItem& item : evidence.ocsp()) ocsp_items.push_back(ocsp_json(item));
  for (const CrlItem& item : evidence.crls()) crls.push_back(crl_json(item));
  for (const SourceFailure& failure : evidence.failures()) failures.push_back(failure_json(failure));
  for (const LocalHold& hold : evidence.holds()) {
    const bool applies = hold.over != LocalHold::Over::kSerial || serials.contains(hold.value);
    if (applies) holds.push_back(hold_json(hold));
  }
  for (const auto& [source, certificate] : evidence.asked()) {
    asked.push_back(json::object{{"source", text_json(source)}, {"certificate", certificate.hex()}});
  }
  return {{"ocsp", std::move(ocsp_items)},
          {"crls", std::move(crls)},
          {"failures", std::move(failures)},
          {"holds", std::move(holds)},
          {"asked", std::move(asked)}};
}

Result<const json::array*> items_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::array* items, array_member(value, name));
  if (items->size() > kMaxItems) return wrong_member(name);
  return items;
}

base::Status read_evidence(const json::value& value, const ListSource& lists, EvidenceSet& evidence) {
  TANBA_TRY(const json::array* ocsp_items, items_member(value, "ocsp"));
  for (const json::value& one : *ocsp_items) {
    TANBA_TRY(OcspItem item, ocsp_from(one));
    if (!evidence.add(std::move(item))) return wrong_member("ocsp");
  }
  TANBA_TRY(const json::array* crls, items_member(value, "crls"));
  for (const json::value& one : *crls) {
    TANBA_TRY(CrlItem item, crl_from(one, lists));
    if (!evidence.add(std::move(item))) return wrong_member("crls");
  }
  TANBA_TRY(const json::array* failures, items_member(value, "failures"));
  for (const json::value& one : *failures) {
    TANBA_TRY(SourceFailure failure, failure_from(one));
    evidence.add(std::move(failure));
  }
  TANBA_TRY(const json::array* holds, items_member(value, "holds"));
  for (const json::value& one : *holds) {
    TANBA_TRY(LocalHold hold, hold_from(one));
    evidence.add(std::move(hold));
  }
  TANBA_TRY(const json::array* asked, items_member(value, "asked"));
  for (const json::value& one : *asked) {
    TANBA_TRY(const std::string source, text_member(one, "source"));
    TANBA_TRY(const base::Digest certificate, digest_member(one, "certificate"));
    evidence.note_asked(source, certificate);
  }
  return {};
}

// --- limits: what judge charges; the rest was spent by inspect, whose facts are here ------------------------------

json::object limits_json(const base::Limits& limits) {
  return {{"publicKeyOperations", limits.max_public_key_operations}, {"pathSteps", limits.max_path_steps}};
}

// A capsule may allow less than this program does, never more.
Result<base::Limits> limits_from(const json::value& value) {
  base::Limits limits;
  TANBA_TRY(const std::uint64_t operations, count_member(value, "publicKeyOperations"));
  TANBA_TRY(const std::uint64_t steps, count_member(value, "pathSteps"));
  if (operations > limits.max_public_key_operations || steps > limits.max_path_steps) return wrong_member("limits");
  limits.max_public_key_operations = operations;
  limits.max_path_steps = steps;
  return limits;
}

Result<CapsuleInputs> inputs_from(const json::value& root, const ListSource& lists, PolicyVersions versions) {
  CapsuleInputs inputs;
  TANBA_TRY(const std::string type, string_member(root, "type"));
  if (type != kRecordType) return wrong_member("type");
  TANBA_TRY(const json::value* facts, member(root, "facts"));
  TANBA_TRY(inputs.facts, facts_from_json(*facts));
  TANBA_TRY(const json::value* input, member(root, "input"));
  TANBA_TRY(const json::value* policy, member(*input, "policy"));
  TANBA_TRY(inputs.policy_version, policy_version_from(*policy, versions));
  TANBA_TRY(inputs.input, input_from(*input));
  TANBA_TRY(const json::value* evidence, member(root, "evidence"));
  TANBA_CHECK(read_evidence(*evidence, lists, inputs.evidence));
  TANBA_TRY(const json::value* limits, member(root, "limits"));
  TANBA_TRY(inputs.limits, limits_from(*limits));
  return inputs;
}

// --- trust ---------------------------------------------------------------------------------------------------------

constexpr pki::TrustPurpose kPurposes[] = {pki::TrustPurpose::kApplicant, pki::TrustPurpose::kOfficer,
                                           pki::TrustPurpose::kOperator,  pki::TrustPurpose::kOcsp,
                                           pki::TrustPurpose::kTsa,       pki::TrustPurpose::kPortal};

json::object anchor_json(const pki::Anchor& anchor) {
  const auto& [certificate, purposes, trusted_from, trusted_until] = anchor;
  json::array names;
  for (const pki::TrustPurpose purpose : kPurposes) {
    if (purposes.has(purpose)) names.push_back(json::value(to_string(purpose)));
  }
  return {{"certificate", certificate_json(certificate)},
          {"purposes", std::move(names)},
          {"trustedFrom", time_json(trusted_from)},
          {"trustedUntil", time_json(trusted_until)}};
}

Result<pki::Anchor> anchor_from(const json::value& value) {
  pki::Anchor anchor;
  TANBA_TRY(const json::value* certificate, member(value, "certificate"));
  TANBA_TRY(anchor.certificate, certificate_from(*certificate));
  TANBA_TRY(const std::vector<std::string> purposes, texts_member(value, "purposes"));
  for (const std::string& name : purposes) {
    TANBA_TRY(const pki::TrustPurpose purpose, pki::parse_trust_purpose(name));
    anchor.purposes.add(purpose);
  }
  TANBA_TRY(anchor.trusted_from, optional_time_member(value, "trustedFrom"));
  TANBA_TRY(anchor.trusted_until, optional_time_member(value, "trustedUntil"));
  return anchor;
}

Result<pki::TrustSnapshotPtr> trust_from(const json::value& root) {
  TANBA_TRY(const std::string type, string_member(root, "type"));
  if (type != kTrustType) return wrong_member("type");
  TANBA_TRY(const json::array* list, items_member(root, "anchors"));
  std::vector<pki::Anchor> anchors;
  for (const json::value& one : *list) {
    TANBA_TRY(pki::Anchor anchor, anchor_from(one));
    anchors.push_back(std::move(anchor));
  }
  TANBA_TRY(std::vector<CertificatePtr> intermediates, certificates_member(root, "intermediates"));
  return pki::TrustSnapshot::make(std::move(anchors), std::move(intermediates));
}

// What a part's reader says is about the capsule; its own codes (a version, a list that is not there) stay.
base::Error about(std::string what, const base::Error& error) {
  const bool own = error.code() == Code::kCapsuleVersion || error.code() == Code::kCapsuleIncomplete ||
                   base::info(error.code()).effect == base::Effect::kInternal;
  if (own) return error;
  return capsule_malformed(std::move(what), error.message() + " " + error.cause()).error();
}

}  // namespace

std::string write_record(const Facts& facts, const JudgeInput& input, const EvidenceSet& evidence,
                         const base::Limits& limits) {
  return base::canonical_json(
      json::object{{"type", kRecordType},
                   {"facts", to_json(facts)},
                   {"input", input_json(input)},
                   {"evidence", evidence_json(evidence, serials_at_hand(facts, input, evidence))},
                   {"limits", limits_json(limits)}});
}

std::string write_trust(const pki::TrustSnapshot& trust) {
  json::array anchors;
  for (const pki::Anchor& anchor : trust.anchors()) anchors.push_back(anchor_json(anchor));
  return base::canonical_json(json::object{{"type", kTrustType},
                                           {"anchors", std::move(anchors)},
                                           {"intermediates", certificates_json(trust.intermediates())}});
}

Result<pki::TrustSnapshotPtr> read_trust(std::string_view text) {
  const auto root = base::parse_json(text, {.max_size_bytes = kMaxTrustBytes});
  if (!root) return capsule_malformed("trust", root.error().message());
  auto trust = trust_from(*root);
  if (!trust) return base::fail(about("trust", trust.error()));
  return trust;
}

Result<CapsuleInputs> read_inputs(std::string_view record, std::string_view trust, const ListSource& lists,
                                  PolicyVersions versions) {
  const auto root = base::parse_json(record, {.max_size_bytes = kMaxRecordBytes});
  if (!root) return capsule_malformed("record", root.error().message());
  auto inputs = inputs_from(*root, lists, versions);
  if (!inputs) return base::fail(about("record", inputs.error()));
  TANBA_TRY(inputs->input.trust, read_trust(trust));
  return inputs;
}

}  // namespace tanba::verify
