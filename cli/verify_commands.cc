#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/report_text.h"
#include "cms/tsp/token.h"
#include "verify/capsule_file.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;
using verify::RevocationMode;

// A verdict, or the error that kept one from being made.
int finish(base::Result<verify::Report> report, const Output& output) {
  return report ? cli::finish(*report, output) : cli::finish(report.error(), output);
}

// What is wrong inside FILE is a verdict about it: format failure, refuse. Only that it cannot be opened is not.
base::Result<verify::Report> judge_or_unreadable(const VerificationOptions& options, Prepared prepared,
                                                 verify::SubjectKind kind, base::ByteView octets,
                                                 const base::Result<verify::evidence::Subject>& subject) {
  if (!subject) return verify::unreadable(kind, octets, subject.error(), prepared.input);
  return run(options, std::move(prepared), *subject);
}

base::Status keep_capsule(const std::string& file, const verify::evidence::Verified& verified,
                          const verify::JudgeInput& input) {
  if (!verified.facts) return base::fail(Code::kInternal, "a verification without facts");
  TANBA_TRY(const verify::NewCapsule capsule,
            verify::make_capsule({.kind = cms::CapsuleKind::kVerification, .id = verified.facts->document.hex()},
                                 *verified.facts, input, verified.evidence, base::Limits{},
                                 base::canonical_json(to_json(verified.report))));
  TANBA_TRY(const base::Bytes octets, write_capsule(capsule));
  return write_output(file, octets);
}

// CMS in DER or BER begins like this; its content can be left where it is.
bool begins_like_cms(const base::LargeFile& file) {
  std::uint8_t first = 0;
  return file.read_at(0, {&first, 1}) && first == 0x30;
}

base::Status hold_document(const VerifyOptions& options, verify::evidence::DocumentSubject& subject) {
  TANBA_TRY(base::Bytes document, read_subject(options.file, base::Limits{}.max_document_bytes));
  subject.document = std::make_shared<const base::Bytes>(std::move(document));
  return {};
}

// A verdict about a document that was never held.
base::Result<verify::Report> unreadable_large(const std::shared_ptr<const base::LargeFile>& file,
                                              const base::Error& error, const verify::JudgeInput& input) {
  verify::Report report = verify::unreadable(verify::SubjectKind::kDocument, {}, error, input);
  TANBA_TRY(const base::Bytes digest, cms::content_in_file(file).compute(pki::DigestAlgorithm::kSha256));
  report.document = base::to_hex(digest);
  return report;
}

base::Status open_data(const VerifyOptions& options, verify::evidence::DocumentSubject& subject) {
  if (options.data.empty()) return {};
  if (const auto file = open_large(options.data)) {
    subject.digested = cms::content_in_file(file);
    return {};
  }
  TANBA_TRY(base::Bytes data, read_subject(options.data, base::Limits{}.max_document_bytes));
  subject.detached = std::make_shared<const base::Bytes>(std::move(data));
  return {};
}

base::Result<verify::Report> document_report(const VerifyOptions& options) {
  if (!options.capsule.empty() && is_standard_output(options.capsule))
    return usage("--capsule names a file: the report goes to standard output");
  verify::evidence::DocumentSubject subject{.document = nullptr, .detached = nullptr};
  const auto file = open_large(options.file);
  auto large = file && begins_like_cms(*file) ? cms::open_large_document(file) : base::fail(Code::kFormatUnknown);
  if (!large) {
    // What is wrong with a document that can be held is said by whoever reads it whole.
    const bool held = !file || !begins_like_cms(*file) || file->size_bytes() <= base::Limits{}.max_document_bytes;
    if (held) TANBA_CHECK(hold_document(options, subject));
  }
  TANBA_TRY(Prepared prepared, prepare(options.common, RevocationMode::kRequire));
  if (!large && !subject.document) return unreadable_large(file, large.error(), prepared.input);
  if (large) subject.large = std::make_shared<const cms::LargeDocument>(*std::move(large));
  if (!options.expect_iin.empty()) prepared.input.expected.iin = options.expect_iin;
  if (!options.expect_bin.empty()) prepared.input.expected.bin = options.expect_bin;
  TANBA_CHECK(open_data(options, subject));
  const verify::JudgeInput input = prepared.input;
  TANBA_TRY(verify::evidence::Verified verified, run_whole(options.common, std::move(prepared), std::move(subject)));
  if (!options.capsule.empty()) TANBA_CHECK(keep_capsule(options.capsule, verified, input));
  return std::move(verified.report);
}

base::Result<verify::Report> certificate_report(const CertVerifyOptions& options) {
  TANBA_TRY(const base::Bytes file, read_subject(options.file, base::Limits{}.max_document_bytes));
  TANBA_TRY(Prepared prepared, prepare(options.common, RevocationMode::kRequire));
  TANBA_TRY(prepared.input.key_purpose, pki::parse_key_purpose(options.purpose));
  using Require = pki::PolicyInputs::Require;
  pki::PolicyInputs& inputs = prepared.input.policy.path_inputs;
  inputs.explicit_policy = options.explicit_policy ? Require::kYes : Require::kNo;
  inputs.inhibit_any_policy = options.inhibit_any_policy ? Require::kYes : Require::kNo;
  inputs.inhibit_policy_mapping = options.inhibit_policy_mapping ? Require::kYes : Require::kNo;
  for (const std::string& policy : options.initial_policies) {
    TANBA_TRY(pki::Oid oid, pki::Oid::from_dotted(policy));
    inputs.initial_policies.push_back(std::move(oid));
  }
  if (!options.expect_iin.empty()) prepared.input.expected.iin = options.expect_iin;
  if (!options.expect_bin.empty()) prepared.input.expected.bin = options.expect_bin;
  const auto certificates = pki::parse_certificates(file);
  base::Result<verify::evidence::Subject> subject = base::fail(Code::kFormatUnknown);
  if (!certificates) {
    subject = base::fail(certificates.error());
  } else if (!certificates->empty()) {
    subject = verify::evidence::Subject(certificates->front());
    prepared.input.candidates.assign(certificates->begin() + 1, certificates->end());
  }
  return judge_or_unreadable(options.common, std::move(prepared), verify::SubjectKind::kCertificate, file, subject);
}

base::Result<verify::Report> crl_report(const CrlVerifyOptions& options) {
  TANBA_TRY(const base::Bytes file, read_subject(options.file, base::Limits{}.max_crl_bytes));
  TANBA_TRY(Prepared prepared, prepare(options.common, RevocationMode::kOff));
  const auto parse = [&]() -> base::Result<verify::evidence::Subject> {
    TANBA_TRY(const base::Bytes der, unarmour(file, "X509 CRL"));
    TANBA_TRY(ocsp::CrlPtr crl, ocsp::Crl::parse(der));
    return verify::evidence::Subject(std::move(crl));
  };
  return judge_or_unreadable(options.common, std::move(prepared), verify::SubjectKind::kCrl, file, parse());
}

base::Result<pki::CertificatePtr> first_certificate(const std::string& file) {
  TANBA_TRY(const std::vector<pki::CertificatePtr> certificates, read_certificates(file));
  return certificates.front();
}

base::Result<verify::Report> ocsp_report(const OcspVerifyOptions& options) {
  TANBA_TRY(const base::Bytes file, read_subject(options.file, base::Limits{}.max_document_bytes));
  TANBA_TRY(Prepared prepared, prepare(options.common, RevocationMode::kOff));
  verify::OcspSubject subject;
  if (!options.issuer.empty()) {
    TANBA_TRY(subject.issuer, first_certificate(options.issuer));
  }
  if (!options.certificate.empty()) {
    TANBA_TRY(subject.certificate, first_certificate(options.certificate));
  }
  const auto parse = [&]() -> base::Result<verify::evidence::Subject> {
    TANBA_TRY(const base::Bytes der, unarmour(file, "OCSP RESPONSE"));
    TANBA_TRY(subject.response, ocsp::parse_response(der));
    // Certificates inside the response may be issuers of its responder.
    prepared.input.candidates = subject.response->certificates;
    return verify::evidence::Subject(subject);
  };
  const base::Result<verify::evidence::Subject> parsed = parse();
  return judge_or_unreadable(options.common, std::move(prepared), verify::SubjectKind::kOcsp, file, parsed);
}

base::Result<verify::Report> timestamp_report(const TimestampVerifyOptions& options) {
  TANBA_TRY(const base::Bytes file, read_subject(options.file, base::Limits{}.max_document_bytes));
  TANBA_TRY(Prepared prepared, prepare(options.common, RevocationMode::kOff));
  std::shared_ptr<const base::Bytes> data;  // `beside` holds a view of it
  cms::DetachedContent beside;
  if (const auto large = options.data.empty() ? nullptr : open_large(options.data)) {
    beside = cms::content_in_file(large);
  } else if (!options.data.empty()) {
    TANBA_TRY(base::Bytes octets, read_subject(options.data, base::Limits{}.max_document_bytes));
    data = std::make_shared<const base::Bytes>(std::move(octets));
    beside = base::ByteView(*data);
  }
  const auto parse = [&]() -> base::Result<verify::evidence::Subject> {
    TANBA_TRY(base::Bytes token, cms::tsp::token_in_file(file));
    return verify::evidence::Subject(verify::evidence::TimestampSubject{
        .token = std::make_shared<const base::Bytes>(std::move(token)), .data = beside});
  };
  return judge_or_unreadable(options.common, std::move(prepared), verify::SubjectKind::kTimestamp, file, parse());
}

json::value certificate_json(const pki::Certificate& certificate) {
  const pki::Identity identity = identity_of(certificate);
  json::array roles;
  for (const pki::Oid& role : identity.roles)
    roles.push_back(json::object{{"oid", role.dotted()}, {"name", pki::role_name(role)}});
  const auto text = [](const std::string& value) { return json::value(base::escape_for_display(value, 1000)); };
  json::object out{{"subject", text(certificate.subject().rfc4514())},
                   {"issuer", text(certificate.issuer().rfc4514())},
                   {"serial", certificate.serial_hex()},
                   {"notBefore", base::format_time(certificate.not_before())},
                   {"notAfter", base::format_time(certificate.not_after())},
                   {"sha256", certificate.digest().hex()},
                   {"key", json::object{{"kind", to_string(certificate.key().kind)},
                                        {"bits", certificate.key().bits},
                                        {"sha256", certificate.key().digest.hex()}}},
                   {"signingKey", pki::is_signing_key(certificate)}};
  out["identity"] = json::object{{"iin", identity.iin ? text(*identity.iin) : json::value(nullptr)},
                                 {"bin", identity.bin ? text(*identity.bin) : json::value(nullptr)},
                                 {"name", text(identity.name)},
                                 {"organization", text(identity.organization)},
                                 {"roles", std::move(roles)}};
  return out;
}

}  // namespace

int verify_document(const VerifyOptions& options, const Output& output) {
  return finish(document_report(options), output);
}

int verify_certificate(const CertVerifyOptions& options, const Output& output) {
  return finish(certificate_report(options), output);
}

int verify_crl(const CrlVerifyOptions& options, const Output& output) {
  return finish(crl_report(options), output);
}

int verify_ocsp(const OcspVerifyOptions& options, const Output& output) {
  return finish(ocsp_report(options), output);
}

int verify_timestamp(const TimestampVerifyOptions& options, const Output& output) {
  return finish(timestamp_report(options), output);
}

int show_certificate(const std::string& file, const Output& output) {
  const auto certificates = read_certificates(file);
  if (!certificates) return cli::finish(certificates.error(), output);
  json::array all;
  std::string text;
  for (const pki::CertificatePtr& certificate : *certificates) {
    all.push_back(certificate_json(*certificate));
    text += certificate_text(*certificate, output.language);
  }
  return cli::finish(json::value{{"certificates", std::move(all)}}, text, output);
}

}  // namespace tanba::cli
