#include "verify/report.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"

namespace tanba::verify {
namespace {

namespace json = boost::json;
using base::Language;

// Names and reasons come from certificates that anybody can make: ill-formed UTF-8 must not reach JSON.
std::string clean(const std::string& text) {
  return base::escape_for_display(text, 1000);
}

json::value optional_time(const std::optional<base::Time>& time) {
  if (!time) return nullptr;
  return json::value(base::format_time(*time));
}

json::array errors_json(const std::vector<base::Error>& errors, Language language) {
  json::array out;
  for (const base::Error& error : errors) {
    json::object one{{"code", base::dotted(error.code())}, {"message", error.message(language)}};
    if (!error.cause().empty()) one["detail"] = clean(error.cause());
    out.push_back(std::move(one));
  }
  return out;
}

json::object certificate_json(const CertificateSummary& certificate) {
  json::array roles;
  for (const pki::Oid& role : certificate.identity.roles) {
    roles.push_back(json::object{{"oid", role.dotted()}, {"name", pki::role_name(role)}});
  }
  json::object identity{{"name", clean(certificate.identity.name)},
                        {"organization", clean(certificate.identity.organization)},
                        {"roles", std::move(roles)}};
  identity["iin"] = certificate.identity.iin ? json::value(clean(*certificate.identity.iin)) : json::value(nullptr);
  identity["bin"] = certificate.identity.bin ? json::value(clean(*certificate.identity.bin)) : json::value(nullptr);
  return {{"subject", clean(certificate.subject)},
          {"issuer", clean(certificate.issuer)},
          {"serial", certificate.serial},
          {"notBefore", base::format_time(certificate.not_before)},
          {"notAfter", base::format_time(certificate.not_after)},
          {"sha256", certificate.digest},
          {"identity", std::move(identity)}};
}

json::array needs_json(const std::vector<Need>& needs) {
  json::array out;
  for (const Need& need : needs) {
    json::array sources;
    for (const std::string& source : need.sources) sources.push_back(json::value(clean(source)));
    out.push_back(json::object{{"kind", to_string(need.kind)},
                               {"certificate", clean(need.certificate->label())},
                               {"serial", need.certificate->serial_hex()},
                               {"sources", std::move(sources)}});
  }
  return out;
}

json::array revocation_json(const std::vector<RevocationEntry>& entries) {
  json::array out;
  for (const RevocationEntry& entry : entries) {
    out.push_back(json::object{{"certificate", clean(entry.certificate)},
                               {"source", clean(entry.source)},
                               {"kind", entry.kind},
                               {"status", to_string(entry.status)},
                               {"thisUpdate", base::format_time(entry.this_update)},
                               {"nextUpdate", optional_time(entry.next_update)},
                               {"revocationTime", optional_time(entry.revocation_time)},
                               {"reason", clean(entry.reason)},
                               {"evidence", entry.evidence}});
  }
  return out;
}

// In decimal seconds: "1.5".
std::string seconds_text(std::chrono::microseconds duration) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(duration);
  std::string fraction = std::to_string((duration - whole).count());
  fraction.insert(0, 6 - fraction.size(), '0');
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return std::to_string(whole.count()) + (fraction.empty() ? "" : "." + fraction);
}

json::object timestamp_summary_json(const TimestampSummary& says) {
  json::object out{{"genTime", base::format_time(says.gen_time)},
                   {"latestTime", base::format_time(says.latest_time)},
                   {"policy", says.policy},
                   {"serial", says.serial},
                   {"imprint", json::object{{"algorithm", clean(says.imprint_algorithm)}, {"value", says.imprint}}},
                   {"ordering", says.ordering},
                   {"nonce", says.nonce},
                   {"tsa", clean(says.tsa)}};
  out["accuracy"] = says.accuracy ? json::value(seconds_text(*says.accuracy)) : json::value(nullptr);
  return out;
}

json::array timestamps_json(const std::vector<TimestampFinding>& timestamps, Language language);

json::array counter_signatures_json(const std::vector<CounterSignatureFinding>& counter_signatures, Language language);

json::value signature_policy_json(const std::optional<pki::SignaturePolicyFacts>& policy) {
  if (!policy) return nullptr;
  const auto text = [](const std::string& value) {
    return value.empty() ? json::value(nullptr) : json::value(clean(value));
  };
  return json::object{{"id", text(policy->id)},
                      {"digestAlgorithm", text(policy->digest_algorithm)},
                      {"digest", text(base::to_hex(policy->digest))},
                      {"uri", text(policy->uri)}};
}

// The members that every finding has, whatever it is about.
json::object claim_json(const Finding& finding, Language language) {
  json::array chain;
  for (const CertificateSummary& certificate : finding.chain) chain.push_back(certificate_json(certificate));
  json::array algorithms;
  for (const std::string& algorithm : finding.algorithms) algorithms.push_back(json::value(clean(algorithm)));
  json::object out{{"indication", to_string(finding.outcome.indication, IndicationOf::kPart)},
                   {"subIndication", base::to_string(finding.outcome.sub_indication)},
                   {"errors", errors_json(finding.errors, language)},
                   {"warnings", errors_json(finding.warnings, language)},
                   {"algorithms", std::move(algorithms)},
                   {"chain", std::move(chain)},
                   {"revocation", revocation_json(finding.revocation)},
                   {"missingEvidence", needs_json(finding.missing_evidence)}};
  out["certificate"] = finding.certificate ? json::value(certificate_json(*finding.certificate)) : json::value(nullptr);
  return out;
}

json::object finding_json(const Finding& finding, SubjectKind subject, Language language) {
  json::object out = claim_json(finding, language);
  if (subject != SubjectKind::kDocument) return out;
  out["id"] = clean(finding.id);
  out["level"] = finding.level;
  out["claimedSigningTime"] = optional_time(finding.claimed_signing_time);
  out["bestSignatureTime"] = optional_time(finding.best_signature_time);
  out["timestamps"] = timestamps_json(finding.timestamps, language);
  out["counterSignatures"] = counter_signatures_json(finding.counter_signatures, language);
  out["signaturePolicy"] = signature_policy_json(finding.signature_policy);
  out["covers"] = json::object{{"whole", finding.covers_whole}, {"what", clean(finding.covers_what)}};
  return out;
}

json::array timestamps_json(const std::vector<TimestampFinding>& timestamps, Language language) {
  json::array out;
  for (const TimestampFinding& timestamp : timestamps) {
    json::object one = claim_json(timestamp.result, language);
    one["id"] = clean(timestamp.result.id);
    one["kind"] = timestamp.says.kind;
    one["sha256"] = timestamp.says.token;
    for (auto& [name, value] : timestamp_summary_json(timestamp.says)) one[name] = value;
    out.push_back(std::move(one));
  }
  return out;
}

json::array counter_signatures_json(const std::vector<CounterSignatureFinding>& counter_signatures, Language language) {
  json::array out;
  for (const CounterSignatureFinding& one : counter_signatures) {
    json::object entry = claim_json(one.result, language);
    entry["id"] = clean(one.result.id);
    entry["over"] = clean(one.over);
    entry["claimedSigningTime"] = optional_time(one.result.claimed_signing_time);
    entry["bestSignatureTime"] = optional_time(one.result.best_signature_time);
    entry["timestamps"] = timestamps_json(one.result.timestamps, language);
    out.push_back(std::move(entry));
  }
  return out;
}

json::object answer_json(const Answer& answer) {
  json::object out{{"thisUpdate", base::format_time(answer.this_update)},
                   {"nextUpdate", optional_time(answer.next_update)},
                   {"producedAt", optional_time(answer.produced_at)}};
  if (answer.entries) {
    out["number"] = answer.number;
    out["entries"] = *answer.entries;
  } else {
    json::array statuses;
    for (const Answer::Status& status : answer.statuses) {
      statuses.push_back(json::object{{"serial", status.serial},
                                      {"status", to_string(status.status)},
                                      {"revocationTime", optional_time(status.revocation_time)},
                                      {"reason", status.reason}});
    }
    out["statuses"] = std::move(statuses);
  }
  return out;
}

}  // namespace

std::string_view to_string(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::kDocument:
      return "document";
    case SubjectKind::kCertificate:
      return "certificate";
    case SubjectKind::kCrl:
      return "crl";
    case SubjectKind::kOcsp:
      return "ocsp";
    case SubjectKind::kTimestamp:
      return "timestamp";
  }
  return "";
}

std::string_view to_string(RevocationMode mode) {
  switch (mode) {
    case RevocationMode::kRequire:
      return "require";
    case RevocationMode::kIfAvailable:
      return "if-available";
    case RevocationMode::kOff:
      return "off";
  }
  return "";
}

base::Result<RevocationMode> parse_revocation_mode(std::string_view name) {
  for (const RevocationMode mode : {RevocationMode::kRequire, RevocationMode::kIfAvailable, RevocationMode::kOff}) {
    if (name == to_string(mode)) return mode;
  }
  return base::fail(base::Code::kInputMember, {{"member", "revocation"}, {"expected", "require, if-available or off"}});
}

std::string_view to_string(RevocationStatus status) {
  switch (status) {
    case RevocationStatus::kGood:
      return "good";
    case RevocationStatus::kRevoked:
      return "revoked";
    case RevocationStatus::kOnHold:
      return "on-hold";
    case RevocationStatus::kUnknown:
      return "unknown";
  }
  return "";
}

std::string_view to_string(Need::Kind kind) {
  return kind == Need::Kind::kOcsp ? "OCSP" : "CRL";
}

json::value to_json(const Report& report, Language language) {
  const IndicationOf what = report.subject == SubjectKind::kDocument ? IndicationOf::kDocument : IndicationOf::kPart;
  json::object out{{"subject", json::object{{"kind", to_string(report.subject)}, {"sha256", report.document}}},
                   {"revocationMode", to_string(report.revocation_mode)},
                   {"indication", to_string(report.outcome.indication, what)},
                   {"subIndication", base::to_string(report.outcome.sub_indication)},
                   {"decision", to_string(report.outcome.decision)},
                   {"format", report.format},
                   {"validationTime", base::format_time(report.validation_time)},
                   {"existedAt", optional_time(report.existed_at)},
                   {"policy", json::object{{"id", report.policy_id},
                                           {"version", report.policy_version},
                                           {"conformanceOnly", report.conformance_only}}},
                   {"trust", json::object{{"snapshot", report.trust_snapshot}}},
                   {"errors", errors_json(report.errors, language)}};
  if (report.retry_after) {
    out["retry"] = json::object{{"after", report.retry_after->count()}, {"needs", needs_json(report.needs)}};
  } else {
    out["retry"] = nullptr;
  }
  if (report.subject == SubjectKind::kDocument) {
    json::array signatures;
    for (const Finding& finding : report.findings)
      signatures.push_back(finding_json(finding, report.subject, language));
    out["signatures"] = std::move(signatures);
  } else {
    out["result"] = report.findings.empty()
                        ? json::value(nullptr)
                        : json::value(finding_json(report.findings.front(), report.subject, language));
    out["answer"] = nullptr;
    if (report.answer) out["answer"] = answer_json(*report.answer);
    if (report.timestamp) out["answer"] = timestamp_summary_json(*report.timestamp);
  }
  if (report.identity) {
    out["identity"] = json::object{{"kind", report.identity->kind},
                                   {"expected", clean(report.identity->expected)},
                                   {"found", clean(report.identity->found)},
                                   {"match", report.identity->match},
                                   {"rule", clean(report.identity->rule)}};
  } else {
    out["identity"] = nullptr;
  }
  return out;
}

std::vector<LocatedError> all_errors(const Report& report) {
  std::vector<LocatedError> all;
  for (const base::Error& error : report.errors) all.push_back({"", error});
  for (const Finding& finding : report.findings) {
    for (const base::Error& error : finding.errors) all.push_back({finding.id, error});
  }
  std::ranges::stable_sort(all, {}, [](const LocatedError& located) {
    const base::CodeInfo& code = base::info(located.error.code());
    return std::pair(code.effect == base::Effect::kRetry, code.sub_indication);
  });
  return all;
}

}  // namespace tanba::verify
