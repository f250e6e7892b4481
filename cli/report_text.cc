#include "cli/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/phrases.h"
#include "base/text.h"
#include "cli/words.h"

namespace tanba::cli {
namespace {

using base::Language;

class Page {
 public:
  explicit Page(Language language) : language_(language) {}

  template <class... Arguments>
  void line(unsigned indent, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    out_.append(2UL * indent, ' ');
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }
  [[nodiscard]] std::string_view say(Word which) const { return word(which, language_); }
  [[nodiscard]] std::string phrase(std::string_view english) const { return base::phrase(english, language_); }
  [[nodiscard]] std::string coded(std::string_view machine, std::string_view place = "") const {
    return cli::coded(machine, language_, place);
  }
  [[nodiscard]] std::string label(const std::string& certificate) const {
    return base::escape_for_display(base::certificate_label(certificate, language_));
  }
  [[nodiscard]] Language language() const { return language_; }
  std::string take() { return std::move(out_); }

 private:
  Language language_;
  std::string out_;
};

// Names come from certificates that anybody can make.
std::string shown(const std::string& text) {
  return base::escape_for_display(text);
}

// As everybody writes it; in English the report has always had the small letters.
std::string_view sha256_word(Language language) {
  return language == Language::kEnglish ? "sha256" : "SHA-256";
}

Word decision_word(verify::Decision decision) {
  switch (decision) {
    case verify::Decision::kAccept:
      return Word::kAccept;
    case verify::Decision::kRetry:
      return Word::kRetry;
    case verify::Decision::kRefuse:
      break;
  }
  return Word::kRefuse;
}

Word status_word(verify::RevocationStatus status) {
  switch (status) {
    case verify::RevocationStatus::kGood:
      return Word::kGood;
    case verify::RevocationStatus::kRevoked:
      return Word::kRevoked;
    case verify::RevocationStatus::kOnHold:
      return Word::kOnHold;
    case verify::RevocationStatus::kUnknown:
      break;
  }
  return Word::kUnknown;
}

Word subject_word(verify::SubjectKind kind) {
  switch (kind) {
    case verify::SubjectKind::kCertificate:
      return Word::kCertificate;
    case verify::SubjectKind::kCrl:
      return Word::kCrl;
    case verify::SubjectKind::kOcsp:
      return Word::kOcsp;
    case verify::SubjectKind::kTimestamp:
      return Word::kTimestamp;
    case verify::SubjectKind::kDocument:
      break;
  }
  return Word::kDocument;
}

void write_identity(Page& page, unsigned indent, const pki::Identity& identity) {
  std::string text = shown(identity.name);
  if (identity.iin) text += ", " + page.phrase("IIN") + " " + shown(*identity.iin);
  if (identity.bin) text += ", " + page.phrase("BIN") + " " + shown(*identity.bin);
  if (!identity.organization.empty()) text += ", " + shown(identity.organization);
  page.line(indent, "{}: {}", page.say(Word::kSigner), text);
  std::string roles;
  for (const pki::Oid& role : identity.roles) roles += (roles.empty() ? "" : ", ") + page.phrase(pki::role_name(role));
  if (!roles.empty()) page.line(indent, "{}: {}", page.say(Word::kRoles), roles);
}

void write_certificate(Page& page, unsigned indent, const verify::CertificateSummary& certificate) {
  write_identity(page, indent, certificate.identity);
  page.line(indent, "{}: {}", page.say(Word::kIssuer), shown(certificate.issuer));
  page.line(indent, "{}: {}", page.say(Word::kSerial), certificate.serial);
  page.line(indent, "{}: {} – {}", page.say(Word::kValidity), base::format_time(certificate.not_before),
            base::format_time(certificate.not_after));
}

void write_revocation(Page& page, const verify::RevocationEntry& entry) {
  std::string text =
      fmt::format("{}: {}, {} {}, {}", page.label(entry.certificate), page.say(status_word(entry.status)),
                  page.phrase(entry.kind), shown(page.phrase(entry.source)), base::format_time(entry.this_update));
  if (entry.next_update)
    text += fmt::format(", {} {}", page.say(Word::kNextUpdate), base::format_time(*entry.next_update));
  if (entry.revocation_time) text += ", " + since(base::format_time(*entry.revocation_time), page.language());
  if (!entry.reason.empty()) text += fmt::format(", {}: {}", page.say(Word::kReason), shown(page.coded(entry.reason)));
  page.line(1, "{}: {}", page.say(Word::kRevocation), text);
}

void write_errors(Page& page, unsigned indent, const std::vector<base::Error>& errors) {
  for (const base::Error& error : errors) {
    page.line(indent, "✗ {} [{}]", error.message(page.language()), base::dotted(error.code()));
  }
}

void write_says(Page& page, unsigned indent, const verify::TimestampSummary& says) {
  page.line(indent, "{} {}, {} {}", page.say(Word::kStampedAt), base::format_time(says.gen_time),
            page.say(Word::kPolicy), shown(says.policy));
}

void write_timestamp(Page& page, unsigned indent, const verify::TimestampFinding& timestamp) {
  const verify::Finding& result = timestamp.result;
  page.line(indent, "{} {}: {}", page.say(Word::kTimestamp), shown(result.id),
            page.coded(to_string(result.outcome.indication, verify::IndicationOf::kPart)));
  write_says(page, indent + 1, timestamp.says);
  if (result.certificate) page.line(indent + 1, "{}: {}", page.say(Word::kSigner), shown(result.certificate->subject));
  write_errors(page, indent + 1, result.errors);
}

void write_counter_signature(Page& page, const verify::CounterSignatureFinding& counter_signature) {
  const verify::Finding& result = counter_signature.result;
  page.line(1, "{} {} {} {}: {}", page.say(Word::kCounterSignature), shown(result.id), page.say(Word::kOver),
            shown(counter_signature.over),
            page.coded(to_string(result.outcome.indication, verify::IndicationOf::kPart)));
  if (result.certificate) write_identity(page, 2, result.certificate->identity);
  for (const verify::TimestampFinding& timestamp : result.timestamps) write_timestamp(page, 2, timestamp);
  write_errors(page, 2, result.errors);
}

void write_signature_policy(Page& page, const pki::SignaturePolicyFacts& policy) {
  std::string text = policy.id.empty() ? std::string(page.say(Word::kImplied)) : shown(policy.id);
  if (!policy.uri.empty()) text += ", " + shown(policy.uri);
  page.line(1, "{}: {}", page.say(Word::kSignaturePolicy), text);
}

void write_finding(Page& page, const verify::Finding& finding, verify::SubjectKind subject) {
  if (subject == verify::SubjectKind::kDocument) {
    page.line(0, "{} {}: {}", page.say(Word::kSignature), shown(finding.id),
              page.coded(to_string(finding.outcome.indication, verify::IndicationOf::kPart)));
    page.line(1, "{}: {}", page.say(Word::kCovers),
              finding.covers_whole
                  ? std::string(page.say(Word::kWholeDocument))
                  : fmt::format("{} ({})", page.say(Word::kPart), shown(page.phrase(finding.covers_what))));
    if (finding.claimed_signing_time) {
      page.line(1, "{}: {}", page.say(Word::kClaimedTime), base::format_time(*finding.claimed_signing_time));
    }
  }
  if (finding.signature_policy) write_signature_policy(page, *finding.signature_policy);
  if (finding.certificate) write_certificate(page, 1, *finding.certificate);
  for (const verify::RevocationEntry& entry : finding.revocation) write_revocation(page, entry);
  for (const verify::TimestampFinding& timestamp : finding.timestamps) write_timestamp(page, 1, timestamp);
  for (const verify::CounterSignatureFinding& one : finding.counter_signatures) write_counter_signature(page, one);
  // A time stamp proves it also in what is no baseline signature; B-LT says as much by its name.
  const bool stamped = std::ranges::any_of(
      finding.timestamps, [](const verify::TimestampFinding& stamp) { return stamp.result.errors.empty(); });
  if (stamped && finding.level != "B-LT" && finding.best_signature_time) {
    page.line(1, "{}: {}", page.say(Word::kProvedTime), base::format_time(*finding.best_signature_time));
  }
  write_errors(page, 1, finding.errors);
  for (const base::Error& warning : finding.warnings) {
    page.line(1, "! {}: {} [{}]", page.say(Word::kWarning), warning.message(page.language()),
              base::dotted(warning.code()));
  }
}

void write_answer(Page& page, const verify::Answer& answer) {
  if (answer.entries)
    page.line(1, "{} {}, {} {}", *answer.entries, page.say(Word::kEntries), page.say(Word::kThisUpdate),
              base::format_time(answer.this_update));
  for (const verify::Answer::Status& status : answer.statuses) {
    page.line(1, "{} {}: {} {}", page.say(Word::kSerial), status.serial, page.say(status_word(status.status)),
              page.coded(status.reason));
  }
}

void write_needs(Page& page, const verify::Report& report) {
  for (const verify::Need& need : report.needs) {
    std::string sources;
    for (const std::string& source : need.sources) sources += (sources.empty() ? "" : ", ") + shown(source);
    page.line(0, "{}: {} — {} ({})", page.say(Word::kMissing), page.phrase(to_string(need.kind)),
              page.label(need.certificate->label()), sources.empty() ? std::string(page.say(Word::kNone)) : sources);
  }
  if (report.retry_after) {
    page.line(0, "{}: {} {}", page.say(Word::kRetryAfter), report.retry_after->count(), page.say(Word::kSeconds));
  }
}

}  // namespace

std::string verdict_line(const verify::Report& report, Language language) {
  const std::string_view sub = base::to_string(report.outcome.sub_indication);
  return std::string(word(decision_word(report.outcome.decision), language)) +
         (sub.empty() ? "" : fmt::format(" — {}", coded(sub, language)));
}

std::string report_text(const verify::Report& report, Language language) {
  Page page(language);
  page.line(0, "{}", verdict_line(report, language));
  page.line(0, "{}: {}, {} {}", page.say(subject_word(report.subject)), page.phrase(report.format),
            sha256_word(language), report.document);
  page.line(0, "{} {}, {} {}, {} {}", page.say(Word::kCheckedAt), base::format_time(report.validation_time),
            page.say(Word::kPolicy), report.policy_id, page.say(Word::kRevocationMode),
            page.coded(to_string(report.revocation_mode)));
  if (report.conformance_only) page.line(0, "! {}", page.say(Word::kConformanceOnly));
  write_errors(page, 0, report.errors);
  for (const verify::Finding& finding : report.findings) write_finding(page, finding, report.subject);
  if (report.answer) write_answer(page, *report.answer);
  if (report.timestamp) write_says(page, 1, *report.timestamp);
  if (report.identity) {
    page.line(0, "{}: {} {} {}, {} {} — {}", page.say(Word::kIdentity), page.phrase(report.identity->kind),
              page.say(Word::kExpected), shown(report.identity->expected), page.say(Word::kFound),
              report.identity->found.empty() ? std::string(page.say(Word::kNone)) : shown(report.identity->found),
              page.say(report.identity->match ? Word::kEqual : Word::kNotEqual));
  }
  write_needs(page, report);
  return page.take();
}

namespace {

void write_manifest(Page& page, const verify::CapsuleManifest& manifest) {
  page.line(0, "{}: {} {}", page.say(Word::kCapsule), page.coded(to_string(manifest.subject.kind)),
            shown(manifest.subject.id));
  page.line(1, "{}: {} {}", page.say(Word::kDocument), sha256_word(page.language()), manifest.document.hex());
  page.line(1, "{} {}", page.say(Word::kCheckedAt), base::format_time(manifest.judged_at));
}

void write_signer(Page& page, const verify::Report& report) {
  if (report.findings.empty() || !report.findings.front().certificate) return;
  page.line(2, "{}: {}", page.say(Word::kSigner), shown(report.findings.front().certificate->subject));
}

}  // namespace

std::string capsule_text(const verify::CapsuleVerdict& verdict, Language language) {
  Page page(language);
  const std::string_view sub = base::to_string(verdict.outcome.sub_indication);
  page.line(0, "{}{}", page.say(decision_word(verdict.outcome.decision)),
            sub.empty() ? "" : fmt::format(" — {}", page.coded(sub)));
  if (verdict.manifest) write_manifest(page, *verdict.manifest);
  if (verdict.sealed_at) page.line(1, "{} {}", page.say(Word::kSealedAt), base::format_time(*verdict.sealed_at));
  if (verdict.seal) write_signer(page, *verdict.seal);
  for (const verify::Report& stamp : verdict.stamps) {
    page.line(1, "{}: {}", page.say(Word::kTimestamp),
              page.coded(to_string(stamp.outcome.indication, verify::IndicationOf::kPart)));
    if (stamp.timestamp) write_says(page, 2, *stamp.timestamp);
    write_signer(page, stamp);
  }
  write_errors(page, 0, verdict.errors);
  for (const base::Error& warning : verdict.warnings) {
    page.line(0, "! {}: {} [{}]", page.say(Word::kWarning), warning.message(language), base::dotted(warning.code()));
  }
  if (verdict.replayed) page.line(0, "{}", page.say(Word::kReportInside));
  return page.take() + (verdict.replayed ? report_text(*verdict.replayed, language) : std::string());
}

std::string capsule_summary_text(const verify::CapsuleFile& capsule, Language language) {
  Page page(language);
  write_manifest(page, capsule.manifest);
  for (const verify::CapsulePart& part : capsule.manifest.parts) {
    page.line(1, "{} {} ({})", page.coded(to_string(part.kind), "part"), part.digest.hex(), part.size_bytes);
  }
  page.line(1, "{}: {}", page.say(Word::kSeal), page.say(capsule.seal ? Word::kPresent : Word::kNone));
  page.line(1, "{}: {}", page.say(Word::kTimestamp), capsule.stamps.size());
  return page.take();
}

std::string certificate_text(const pki::Certificate& certificate, Language language) {
  Page page(language);
  page.line(0, "{}: {}", page.say(Word::kCertificate), shown(certificate.subject().rfc4514()));
  write_identity(page, 1, identity_of(certificate));
  page.line(1, "{}: {}", page.say(Word::kIssuer), shown(certificate.issuer().rfc4514()));
  page.line(1, "{}: {}", page.say(Word::kSerial), certificate.serial_hex());
  page.line(1, "{}: {} – {}", page.say(Word::kValidity), base::format_time(certificate.not_before()),
            base::format_time(certificate.not_after()));
  page.line(1, "{} {}", page.phrase(to_string(certificate.key().kind)), certificate.key().bits);
  page.line(1, "{}: {}", page.say(Word::kCertificateDigest), certificate.digest().hex());
  page.line(1, "{}: {}", page.say(Word::kKeyDigest), certificate.key().digest.hex());
  for (const std::string& url : certificate.ocsp_urls()) page.line(1, "OCSP {}", shown(url));
  for (const pki::DistributionPoint& point : certificate.crl_points()) {
    for (const std::string& url : point.urls) page.line(1, "{} {}", page.phrase("CRL"), shown(url));
  }
  return page.take();
}

}  // namespace tanba::cli
