#include "server/rows_json.h"

#include <boost/json/array.hpp>

#include "licensing/words.h"

namespace tanba::server {
namespace {

using boost::json::array;
using boost::json::object;
using licensing::to_string;

// Texts that may be empty are left out then.
void put_if(object& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}

object person(std::string_view kind, const std::string& number, const std::string& name) {
  return {{"kind", kind}, {"number", number}, {"name", name}};
}

template <class Enumeration>
array words(const std::vector<Enumeration>& values) {
  array out;
  for (const Enumeration value : values) out.emplace_back(to_string(value));
  return out;
}

object names(const licensing::Names& of) {
  object out{{"ru", of.ru}, {"kk", of.kk}};
  put_if(out, "en", of.en);
  return out;
}

object certificate_json(const pki::Certificate& certificate) {
  return {{"sha256", certificate.digest().hex()},
          {"subject", certificate.subject().rfc4514()},
          {"issuer", certificate.issuer().rfc4514()},
          {"serial", certificate.serial_hex()},
          {"notBefore", base::format_time(certificate.not_before())},
          {"notAfter", base::format_time(certificate.not_after())},
          {"keySha256", certificate.key().digest.hex()}};
}

object trust_entry(licensing::flow::TrustKind kind, const pki::Anchor& anchor) {
  object out = certificate_json(*anchor.certificate);
  if (kind == licensing::flow::TrustKind::kIntermediate) return out;
  using enum pki::TrustPurpose;
  array& purposes = out["purposes"].emplace_array();
  for (const pki::TrustPurpose purpose : {kApplicant, kOfficer, kOperator, kOcsp, kTsa, kPortal}) {
    if (anchor.purposes.has(purpose)) purposes.emplace_back(pki::to_string(purpose));
  }
  if (anchor.trusted_from) out["from"] = base::format_time(*anchor.trusted_from);
  if (anchor.trusted_until) out["until"] = base::format_time(*anchor.trusted_until);
  return out;
}

void put_time(object& out, std::string_view name, const std::optional<base::Time>& time) {
  if (time) out[name] = base::format_time(*time);
}

object list_json(const verify::evidence::ListSummary& list) {
  object out{{"issuer", list.issuer},
             {"thisUpdate", base::format_time(list.this_update)},
             {"entries", list.entries},
             {"sha256", list.digest},
             {"delta", list.kind == verify::evidence::ListSummary::Kind::kDelta}};
  put_if(out, "number", list.number);
  put_time(out, "nextUpdate", list.next_update);
  return out;
}

object error_json(const base::Error& error, base::Language language) {
  return {{"code", base::dotted(error.code())}, {"message", error.message(language)}};
}

object touched_json(const licensing::registry::TouchedRow& row) {
  object out{{"as", to_string(row.what)},     {"application", row.application},
             {"service", row.service},        {"licensor", row.licensor_bin},
             {"state", to_string(row.state)}, {"registeredAt", base::format_time(row.registered_at)}};
  put_if(out, "decision", row.decision);
  put_if(out, "licence", row.licence);
  if (row.licence_state) out["licenceState"] = to_string(*row.licence_state);
  return out;
}

object standing_json(const licensing::flow::CertificateStanding& standing, base::Language language) {
  const auto status = standing.entry ? standing.entry->status : verify::RevocationStatus::kUnknown;
  object out{{"status", verify::to_string(status)}, {"expired", standing.expired}};
  if (standing.entry) {
    out["kind"] = standing.entry->kind;
    out["source"] = standing.entry->source;
    out["thisUpdate"] = base::format_time(standing.entry->this_update);
    put_time(out, "nextUpdate", standing.entry->next_update);
    put_time(out, "revokedAt", standing.entry->revocation_time);
    put_if(out, "reason", standing.entry->reason);
    put_if(out, "evidence", standing.entry->evidence);
  }
  array errors;
  for (const base::Error& error : standing.errors) errors.push_back(error_json(error, language));
  if (!errors.empty()) out["errors"] = std::move(errors);
  return out;
}

}  // namespace

object to_json(const licensing::ApplicationRow& row, const licensing::Scope& scope) {
  object out{{"number", row.number},
             {"requestId", row.request_id},
             {"state", to_string(row.state)},
             {"service", row.service},
             {"action", to_string(row.action)},
             {"channel", to_string(row.channel)},
             {"licensor", row.licensor_bin},
             {"registeredAt", base::format_time(row.registered_at)},
             {"updatedAt", base::format_time(row.updated_at)},
             {"dueOn", licensing::format_date(row.due_on)},
             {"document", row.document.hex()},
             {"mediaType", row.media_type},
             {"report", row.report.hex()}};
  object applicant = person(to_string(row.applicant_kind), row.applicant_number, row.applicant_name);
  applicant["origin"] = row.applicant_origin;
  out["applicant"] = std::move(applicant);
  put_if(out, "licence", row.licence);
  array attachments;
  for (const licensing::AttachmentRow& attachment : row.attachments) {
    attachments.push_back(object{{"name", attachment.fields.name},
                                 {"mediaType", attachment.fields.media_type},
                                 {"kind", to_string(attachment.fields.kind)},
                                 {"sha256", attachment.fields.digest.hex()},
                                 {"sizeBytes", attachment.size_bytes}});
  }
  if (!attachments.empty()) out["attachments"] = std::move(attachments);
  if (row.open_intent && std::holds_alternative<licensing::OfLicensor>(scope)) {
    out["openIntent"] = object{{"id", row.open_intent->id},
                               {"state", to_string(row.open_intent->state)},
                               {"officer", row.open_intent->officer_id},
                               {"createdAt", base::format_time(row.open_intent->created_at)}};
  }
  return out;
}

object to_json(const licensing::DecisionRow& row) {
  object out{
      {"application", row.application}, {"number", row.number},       {"kind", to_string(row.kind)},
      {"intent", row.intent},           {"officer", row.officer_id},  {"document", row.document.hex()},
      {"mediaType", row.media_type},    {"report", row.report.hex()}, {"decidedAt", base::format_time(row.decided_at)}};
  put_if(out, "reason", row.reason);
  return out;
}

object to_json(const licensing::LicenceRow& row, licensing::Date today) {
  object out{{"number", row.number},
             {"register", to_string(row.register_kind)},
             {"state", to_string(row.state)},
             {"inForce", force_of(facts_of(row), today) == licensing::Force::kInForce},
             {"service", row.service},
             {"licensor", row.licensor_bin},
             {"application", row.application},
             {"holder", person(to_string(row.holder_kind), row.holder_number, row.holder_name)},
             {"issuedAt", base::format_time(row.issued_at)},
             {"document", row.document.hex()}};
  if (row.valid_until) out["validUntil"] = licensing::format_date(*row.valid_until);
  put_if(out, "replaces", row.replaces);
  put_if(out, "replacedBy", row.replaced_by);
  return out;
}

object to_json(const licensing::LicenceEventRow& row) {
  object out{{"event", to_string(row.event)}, {"at", base::format_time(row.at)}, {"officer", row.officer_id}};
  put_if(out, "reason", row.reason);
  return out;
}

object to_json(const licensing::Intent& intent) {
  object out{{"id", intent.id},
             {"state", to_string(intent.state)},
             {"application", intent.application},
             {"kind", to_string(intent.kind)},
             {"mode", to_string(intent.mode)},
             {"number", intent.number},
             {"service", intent.service},
             {"licensor", intent.licensor_bin},
             {"officer", intent.officer.id},
             {"content", intent.content.hex()},
             {"createdAt", base::format_time(intent.created_at)},
             {"updatedAt", base::format_time(intent.updated_at)}};
  put_if(out, "key", intent.key);
  put_if(out, "reason", intent.terms.reason);
  put_if(out, "note", intent.note);
  if (intent.terms.valid_until) out["validUntil"] = licensing::format_date(*intent.terms.valid_until);
  return out;
}

namespace {

object periods(const licensing::Service& service) {
  object out;
  for (const licensing::Action action : service.actions) {
    out[to_string(action)] = service.working_days_for(action, licensing::BusinessSize::kOther);
  }
  if (service.periods.small_business) out["smallBusiness"] = *service.periods.small_business;
  return out;
}

}  // namespace

object to_json(const licensing::Service& service) {
  return {{"id", service.id},
          {"code", service.code},
          {"name", names(service.name)},
          {"licensor", object{{"bin", service.licensor_bin}, {"name", names(service.licensor_name)}}},
          {"channels", words(service.channels)},
          {"actions", words(service.actions)},
          {"workingDays", periods(service)},
          {"payment", to_string(service.payment)},
          {"register", to_string(service.register_kind)}};
}

object to_json(const licensing::Registered& registered) {
  return {{"number", registered.number},
          {"registeredAt", base::format_time(registered.registered_at)},
          {"dueOn", licensing::format_date(registered.due_on)},
          {"document", registered.document.hex()},
          {"repeat", registered.repetition == licensing::Repetition::kRepeat}};
}

object to_json(const licensing::Decided& decided) {
  return {{"application", decided.application},
          {"number", decided.number},
          {"kind", to_string(decided.kind)},
          {"sha256", decided.document.hex()},
          {"decidedAt", base::format_time(decided.decided_at)},
          {"repeat", decided.repetition == licensing::Repetition::kRepeat}};
}

object to_json(const licensing::registry::TrustVersion& version) {
  object out{{"version", version.version},
             {"list", version.list},
             {"act", to_string(version.act)},
             {"by", object{{"kind", to_string(version.by.kind)}, {"id", version.by.id}}},
             {"at", base::format_time(version.installed_at)}};
  if (version.restores) out["restores"] = *version.restores;
  put_if(out, "reason", version.reason);
  return out;
}

object to_json(const licensing::flow::TrustState& state) {
  using licensing::flow::TrustKind;
  object out = to_json(state.version);
  array anchors;
  for (const pki::Anchor& anchor : state.snapshot->anchors())
    anchors.push_back(trust_entry(TrustKind::kAnchor, anchor));
  array intermediates;
  for (const pki::CertificatePtr& certificate : state.snapshot->intermediates()) {
    intermediates.push_back(certificate_json(*certificate));
  }
  out["anchors"] = std::move(anchors);
  out["intermediates"] = std::move(intermediates);
  return out;
}

array to_json(const licensing::flow::TrustDifference& difference) {
  array out;
  for (const auto& entry : difference.entries) {
    object one{{"kind", licensing::flow::to_string(entry.kind)}};
    if (entry.before) one["before"] = trust_entry(entry.kind, *entry.before);
    if (entry.after) one["after"] = trust_entry(entry.kind, *entry.after);
    out.push_back(std::move(one));
  }
  return out;
}

object to_json(const verify::evidence::SourceStatus& source, base::Language language) {
  object out{{"kind", verify::to_string(source.kind)},
             {"url", source.url},
             {"origin", verify::evidence::to_string(source.origin)},
             {"breaker", verify::evidence::to_string(source.breaker)},
             {"consecutiveFailures", source.consecutive_failures},
             {"successes", source.successes},
             {"failures", source.failures}};
  put_time(out, "lastSuccess", source.last_success);
  put_time(out, "lastFailure", source.last_failure);
  if (source.last_error) out["lastError"] = error_json(*source.last_error, language);
  if (source.latency) out["latencyMs"] = source.latency->count();
  put_time(out, "nextTry", source.next_try);
  put_time(out, "nextRefresh", source.next_refresh);
  if (source.list) out["list"] = list_json(*source.list);
  return out;
}

object to_json(const licensing::registry::AlertRow& row) {
  object out{{"id", row.report.id},
             {"kind", row.report.kind},
             {"state", licensing::registry::to_string(row.state)},
             {"source", object{{"kind", row.report.source_kind}, {"url", row.report.source}}},
             {"code", row.report.code},
             {"seenAt", base::format_time(row.report.seen_at)}};
  put_if(out, "kept", row.report.kept);
  put_if(out, "offered", row.report.offered);
  if (row.decided_by) {
    out["by"] = object{{"kind", to_string(row.decided_by->kind)}, {"id", row.decided_by->id}};
  }
  put_time(out, "decidedAt", row.decided_at);
  put_if(out, "reason", row.reason);
  return out;
}

object to_json(const licensing::flow::SeenCertificate& seen, base::Language language) {
  const licensing::SignerCertificate& certificate = seen.row.certificate;
  object out{{"sha256", certificate.digest.hex()},
             {"subject", seen.standing.subject},
             {"issuer", certificate.issuer},
             {"serial", certificate.serial},
             {"notBefore", base::format_time(certificate.not_before)},
             {"notAfter", base::format_time(certificate.not_after)},
             {"firstSeen", base::format_time(seen.row.first_seen)},
             {"revocation", standing_json(seen.standing, language)}};
  put_if(out, "iin", certificate.iin);
  put_if(out, "bin", certificate.bin);
  array touched;
  for (const auto& row : seen.touched) touched.push_back(touched_json(row));
  out["touches"] = std::move(touched);
  return out;
}

}  // namespace tanba::server
