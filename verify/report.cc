#include "verify/report.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "base/json_writer.h"
#include "base/text.h"

namespace tanba::verify {
namespace {

using base::JsonWriter;
using base::Language;

constexpr std::size_t kUsualReportBytes = 6U << 10;  // one signature, a chain of two or three

// Names and reasons come from certificates that anybody can make: ill-formed UTF-8 must not reach JSON.
std::string clean(const std::string& text) {
  return base::escape_for_display(text, 1000);
}

void put_clean(JsonWriter& out, std::string_view name, const std::string& text) {
  out.text(name, clean(text));
}

void put_time(JsonWriter& out, std::string_view name, base::Time time) {
  out.text(name, base::format_time(time));
}

void put_time(JsonWriter& out, std::string_view name, const std::optional<base::Time>& time) {
  if (time)
    put_time(out, name, *time);
  else
    out.null(name);
}

// Each element by itself, between brackets.
template <class Elements, class Put>
void put_list(JsonWriter& out, std::string_view name, const Elements& elements, Put put) {
  out.name(name).begin_array();
  for (const auto& element : elements) put(element);
  out.end_array();
}

void put_errors(JsonWriter& out, std::string_view name, const std::vector<base::Error>& errors, Language language) {
  put_list(out, name, errors, [&](const base::Error& error) {
    out.begin_object().text("code", base::dotted(error.code())).text("message", error.message(language));
    if (!error.cause().empty()) put_clean(out, "detail", error.cause());
    out.end_object();
  });
}

void put_identity(JsonWriter& out, const pki::Identity& identity) {
  const auto number = [&](std::string_view name, const std::optional<std::string>& digits) {
    if (digits)
      put_clean(out, name, *digits);
    else
      out.null(name);
  };
  out.name("identity").begin_object();
  put_clean(out, "name", identity.name);
  put_clean(out, "organization", identity.organization);
  put_list(out, "roles", identity.roles, [&](const pki::Oid& role) {
    out.begin_object().text("oid", role.dotted()).text("name", pki::role_name(role)).end_object();
  });
  number("iin", identity.iin);
  number("bin", identity.bin);
  out.end_object();
}

void put_certificate(JsonWriter& out, const CertificateSummary& certificate) {
  out.begin_object();
  put_clean(out, "subject", certificate.subject);
  put_clean(out, "issuer", certificate.issuer);
  out.text("serial", certificate.serial);
  put_time(out, "notBefore", certificate.not_before);
  put_time(out, "notAfter", certificate.not_after);
  out.text("sha256", certificate.digest);
  put_identity(out, certificate.identity);
  out.end_object();
}

void put_needs(JsonWriter& out, std::string_view name, const std::vector<Need>& needs) {
  put_list(out, name, needs, [&](const Need& need) {
    out.begin_object().text("kind", to_string(need.kind));
    put_clean(out, "certificate", need.certificate->label());
    out.text("serial", need.certificate->serial_hex());
    put_list(out, "sources", need.sources, [&](const std::string& source) { out.text(clean(source)); });
    out.end_object();
  });
}

void put_revocation(JsonWriter& out, const std::vector<RevocationEntry>& entries) {
  put_list(out, "revocation", entries, [&](const RevocationEntry& entry) {
    out.begin_object();
    put_clean(out, "certificate", entry.certificate);
    put_clean(out, "source", entry.source);
    out.text("kind", entry.kind).text("status", to_string(entry.status));
    put_time(out, "thisUpdate", entry.this_update);
    put_time(out, "nextUpdate", entry.next_update);
    put_time(out, "revocationTime", entry.revocation_time);
    put_clean(out, "reason", entry.reason);
    out.text("evidence", entry.evidence).end_object();
  });
}

// In decimal seconds: "1.5".
std::string seconds_text(std::chrono::microseconds duration) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(duration);
  std::string fraction = std::to_string((duration - whole).count());
  fraction.insert(0, 6 - fraction.size(), '0');
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return std::to_string(whole.count()) + (fraction.empty() ? "" : "." + fraction);
}

// The members of an object that was begun.
void put_timestamp_members(JsonWriter& out, const TimestampSummary& says) {
  put_time(out, "genTime", says.gen_time);
  put_time(out, "latestTime", says.latest_time);
  out.text("policy", says.policy).text("serial", says.serial).name("imprint").begin_object();
  put_clean(out, "algorithm", says.imprint_algorithm);
  out.text("value", says.imprint).end_object();
  out.name("ordering").truth(says.ordering).text("nonce", says.nonce);
  put_clean(out, "tsa", says.tsa);
  if (says.accuracy)
    out.text("accuracy", seconds_text(*says.accuracy));
  else
    out.null("accuracy");
}

void put_signature_policy(JsonWriter& out, const std::optional<pki::SignaturePolicyFacts>& policy) {
  if (!policy) {
    out.null("signaturePolicy");
    return;
  }
  const auto text = [&](std::string_view name, const std::string& value) {
    if (value.empty())
      out.null(name);
    else
      put_clean(out, name, value);
  };
  out.name("signaturePolicy").begin_object();
  text("id", policy->id);
  text("digestAlgorithm", policy->digest_algorithm);
  text("digest", base::to_hex(policy->digest));
  text("uri", policy->uri);
  out.end_object();
}

// The members that every finding has, whatever it is about, in an object that was begun.
void put_claim_members(JsonWriter& out, const Finding& finding, Language language) {
  out.text("indication", to_string(finding.outcome.indication, IndicationOf::kPart))
      .text("subIndication", base::to_string(finding.outcome.sub_indication));
  put_errors(out, "errors", finding.errors, language);
  put_errors(out, "warnings", finding.warnings, language);
  put_list(out, "algorithms", finding.algorithms, [&](const std::string& algorithm) { out.text(clean(algorithm)); });
  put_list(out, "chain", finding.chain,
           [&](const CertificateSummary& certificate) { put_certificate(out, certificate); });
  put_revocation(out, finding.revocation);
  put_needs(out, "missingEvidence", finding.missing_evidence);
  out.name("certificate");
  if (finding.certificate)
    put_certificate(out, *finding.certificate);
  else
    out.null();
}

void put_timestamps(JsonWriter& out, const std::vector<TimestampFinding>& timestamps, Language language) {
  put_list(out, "timestamps", timestamps, [&](const TimestampFinding& timestamp) {
    out.begin_object();
    put_claim_members(out, timestamp.result, language);
    put_clean(out, "id", timestamp.result.id);
    out.text("kind", timestamp.says.kind).text("sha256", timestamp.says.token);
    put_timestamp_members(out, timestamp.says);
    out.end_object();
  });
}

void put_counter_signatures(JsonWriter& out, const std::vector<CounterSignatureFinding>& counter_signatures,
                            Language language) {
  put_list(out, "counterSignatures", counter_signatures, [&](const CounterSignatureFinding& one) {
    out.begin_object();
    put_claim_members(out, one.result, language);
    put_clean(out, "id", one.result.id);
    put_clean(out, "over", one.over);
    put_time(out, "claimedSigningTime", one.result.claimed_signing_time);
    put_time(out, "bestSignatureTime", one.result.best_signature_time);
    put_timestamps(out, one.result.timestamps, language);
    out.end_object();
  });
}

void put_finding(JsonWriter& out, const Finding& finding, SubjectKind subject, Language language) {
  out.begin_object();
  put_claim_members(out, finding, language);
  if (subject == SubjectKind::kDocument) {
    put_clean(out, "id", finding.id);
    if (finding.level.empty())
      out.null("level");
    else
      out.text("level", finding.level);
    put_time(out, "claimedSigningTime", finding.claimed_signing_time);
    put_time(out, "bestSignatureTime", finding.best_signature_time);
    put_timestamps(out, finding.timestamps, language);
    put_counter_signatures(out, finding.counter_signatures, language);
    put_signature_policy(out, finding.signature_policy);
    out.name("covers").begin_object().name("whole").truth(finding.covers_whole);
    put_clean(out, "what", finding.covers_what);
    out.end_object();
  }
  out.end_object();
}

void put_answer(JsonWriter& out, const Answer& answer) {
  out.begin_object();
  put_time(out, "thisUpdate", answer.this_update);
  put_time(out, "nextUpdate", answer.next_update);
  put_time(out, "producedAt", answer.produced_at);
  if (answer.entries) {
    out.text("number", answer.number).name("entries").number(static_cast<std::int64_t>(*answer.entries));
  } else {
    put_list(out, "statuses", answer.statuses, [&](const Answer::Status& status) {
      out.begin_object().text("serial", status.serial).text("status", to_string(status.status));
      put_time(out, "revocationTime", status.revocation_time);
      out.text("reason", status.reason).end_object();
    });
  }
  out.end_object();
}

// What was looked at, by which rules, and what became of it.
void put_head(JsonWriter& out, const Report& report, Language language) {
  const IndicationOf what = report.subject == SubjectKind::kDocument ? IndicationOf::kDocument : IndicationOf::kPart;
  out.name("subject").begin_object().text("kind", to_string(report.subject)).text("sha256", report.document);
  out.end_object()
      .text("revocationMode", to_string(report.revocation_mode))
      .text("indication", to_string(report.outcome.indication, what))
      .text("subIndication", base::to_string(report.outcome.sub_indication))
      .text("decision", to_string(report.outcome.decision))
      .text("format", report.format);
  put_time(out, "validationTime", report.validation_time);
  put_time(out, "existedAt", report.existed_at);
  out.name("policy").begin_object().text("id", report.policy_id).name("version").number(report.policy_version);
  out.name("conformanceOnly").truth(report.conformance_only).end_object();
  out.name("trust").begin_object().text("snapshot", report.trust_snapshot).end_object();
  put_errors(out, "errors", report.errors, language);
  if (report.retry_after) {
    out.name("retry").begin_object().name("after").number(report.retry_after->count());
    put_needs(out, "needs", report.needs);
    out.end_object();
  } else {
    out.null("retry");
  }
}

void put_result(JsonWriter& out, const Report& report, Language language) {
  out.name("result");
  if (report.findings.empty())
    out.null();
  else
    put_finding(out, report.findings.front(), report.subject, language);
  out.name("answer");
  if (report.timestamp) {
    out.begin_object();
    put_timestamp_members(out, *report.timestamp);
    out.end_object();
  } else if (report.answer) {
    put_answer(out, *report.answer);
  } else {
    out.null();
  }
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

std::string write_json(const Report& report, Language language) {
  JsonWriter out;
  out.reserve(kUsualReportBytes);
  out.begin_object();
  put_head(out, report, language);
  if (report.subject == SubjectKind::kDocument) {
    put_list(out, "signatures", report.findings,
             [&](const Finding& finding) { put_finding(out, finding, report.subject, language); });
  } else {
    put_result(out, report, language);
  }
  if (report.identity) {
    out.name("identity").begin_object().text("kind", report.identity->kind);
    put_clean(out, "expected", report.identity->expected);
    put_clean(out, "found", report.identity->found);
    out.name("match").truth(report.identity->match);
    put_clean(out, "rule", report.identity->rule);
    out.end_object();
  } else {
    out.null("identity");
  }
  out.end_object();
  return out.take();
}

// The one description of the form is write_json's.
boost::json::value to_json(const Report& report, Language language) {
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;  // as any value takes it; whose text it is saw to it
  return boost::json::parse(write_json(report, language), {}, options);
}

std::vector<LocatedError> all_errors(const Report& report) {
  std::vector<LocatedError> all;
  all.reserve(report.errors.size());
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
