// `tanba capsule`: evidence capsules as files, verified and renewed without the daemon.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/report_text.h"
#include "verify/capsule_check.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;
using verify::CapsuleVerdict;

json::array errors_json(const std::vector<base::Error>& errors, base::Language language) {
  json::array out;
  for (const base::Error& error : errors) {
    json::object one{{"code", base::dotted(error.code())}, {"message", error.message(language)}};
    if (!error.cause().empty()) one["detail"] = base::escape_for_display(error.cause(), 1000);
    out.push_back(std::move(one));
  }
  return out;
}

json::object capsule_json(const verify::CapsuleManifest& manifest, const base::Digest& name) {
  json::array parts;
  for (const verify::CapsulePart& part : manifest.parts) {
    parts.push_back(
        json::object{{"kind", to_string(part.kind)}, {"sha256", part.digest.hex()}, {"sizeBytes", part.size_bytes}});
  }
  return {{"sha256", name.hex()},
          {"subject", json::object{{"kind", to_string(manifest.subject.kind)}, {"id", manifest.subject.id}}},
          {"judgedAt", base::format_time(manifest.judged_at)},
          {"document", manifest.document.hex()},
          {"parts", std::move(parts)}};
}

json::value verdict_json(const CapsuleVerdict& verdict, base::Language language) {
  json::object out{
      {"decision", to_string(verdict.outcome.decision)},
      {"indication", to_string(verdict.outcome.indication, verify::IndicationOf::kPart)},
      {"subIndication", base::to_string(verdict.outcome.sub_indication)},
      {"errors", errors_json(verdict.errors, language)},
      {"warnings", errors_json(verdict.warnings, language)},
      {"capsule", nullptr},
      {"sealedAt", verdict.sealed_at ? json::value(base::format_time(*verdict.sealed_at)) : json::value(nullptr)},
      {"seal", verdict.seal ? to_json(*verdict.seal, language) : json::value(nullptr)},
      {"report", verdict.replayed ? to_json(*verdict.replayed, language) : json::value(nullptr)}};
  if (verdict.manifest) out["capsule"] = capsule_json(*verdict.manifest, *verdict.name);
  json::array stamps;
  for (const verify::Report& stamp : verdict.stamps) stamps.push_back(to_json(stamp, language));
  out["timestamps"] = std::move(stamps);
  return out;
}

base::Result<base::Bytes> read_capsule(const std::string& file) {
  return read_subject(file, verify::kMaxCapsuleBytes);
}

base::Result<CapsuleVerdict> verdict_of(const CapsuleVerifyOptions& options) {
  if (options.common.online) {
    return base::fail(Code::kInputUsage, {{"reason", "a capsule is verified from what is in it: nothing is fetched"}});
  }
  TANBA_TRY(const base::Bytes file, read_capsule(options.file));
  // Its seal and its time stamps: like a list or an answer that is looked at by itself, with the evidence at hand.
  TANBA_TRY(const Prepared prepared, prepare(options.common, verify::RevocationMode::kIfAvailable));
  verify::CapsuleQuestion question{
      .input = prepared.input,
      .seal = options.unsealed ? verify::SealRule::kNotRequired : verify::SealRule::kRequired,
      .seal_keys = {},
      .document = {}};
  question.input.evidence = &prepared.evidence;
  for (const std::string& key : options.seal_keys) {
    TANBA_TRY(const base::Digest digest, base::digest_from_hex(key));
    question.seal_keys.push_back(digest);
  }
  if (!options.document.empty()) {
    TANBA_TRY(const base::Bytes document, read_subject(options.document, base::Limits{}.max_document_bytes));
    question.document = base::sha256(document);
  }
  TANBA_TRY(const auto context, pki::Context::create());
  return check_capsule(*context, file, question);
}

// What does not hold now is not made to look as if it held: a time stamp over it would only date the damage.
base::Status check_worth_renewing(const verify::CapsuleFile& capsule) {
  for (const verify::CapsulePart& part : capsule.manifest.parts) {
    const bool left_out = part.kind == verify::CapsulePartKind::kCrl && !capsule.lists.contains(part.digest);
    if (left_out) return base::fail(Code::kCapsuleIncomplete, {{"digest", part.digest.hex()}});
  }
  TANBA_TRY(const auto context, pki::Context::create());
  TANBA_TRY(const verify::Report replayed, replay(*context, capsule, nullptr));
  return check_report(capsule, replayed);
}

// The next time stamp is over everything that the file has.
base::Result<std::size_t> renew(const CapsuleRenewOptions& options, const Output& output) {
  if (output.form == Form::kJson && is_standard_output(options.output))
    return usage("--json needs a file behind -o: standard output cannot hold the capsule too");
  if (options.time_stamp.urls.empty() || options.time_stamp.common.trust.empty()) {
    return base::fail(Code::kInputUsage,
                      {{"reason", "--tsa and --trust are needed: each time stamp is verified before use"}});
  }
  TANBA_TRY(const base::Bytes file, read_capsule(options.file));
  TANBA_TRY(const verify::CapsuleFile capsule, verify::parse_capsule(file));
  TANBA_CHECK(check_worth_renewing(capsule));
  verify::CapsuleContents contents = contents_of(capsule);
  TANBA_TRY(const base::Bytes token, request_time_stamp(options.time_stamp, octets_to_stamp(contents)));
  contents.stamps.emplace_back(token);
  TANBA_CHECK(write_output(options.output, write_capsule(contents)));
  return contents.stamps.size();
}

}  // namespace

int verify_capsule(const CapsuleVerifyOptions& options, const Output& output) {
  const auto verdict = verdict_of(options);
  if (!verdict) return finish(verdict.error(), output);
  const int printed = finish(verdict_json(*verdict, output.language), capsule_text(*verdict, output.language), output);
  return printed == kExitAccept ? exit_code_of(verdict->outcome.decision) : printed;
}

int show_capsule(const std::string& file, const Output& output) {
  const auto octets = read_capsule(file);
  if (!octets) return finish(octets.error(), output);
  const auto capsule = verify::parse_capsule(*octets);
  if (!capsule) return finish(capsule.error(), output);
  const base::Digest name = base::sha256(base::as_bytes(capsule->manifest_text));
  const auto report = base::parse_json(capsule->report, {.max_size_bytes = verify::kMaxReportBytes});
  if (!report) return finish(report.error(), output);
  const json::object document{{"capsule", capsule_json(capsule->manifest, name)},
                              {"sealed", capsule->seal.has_value()},
                              {"timestamps", capsule->stamps.size()},
                              {"report", *report}};
  return finish(document, capsule_summary_text(*capsule, output.language), output);
}

int renew_capsule(const CapsuleRenewOptions& options, const Output& output) {
  const auto stamps = renew(options, output);
  if (!stamps) return finish(stamps.error(), output);
  if (output.form == Form::kText) return kExitAccept;
  return finish(json::object{{"output", base::escape_for_display(options.output)}, {"timestamps", *stamps}}, "",
                output);
}

}  // namespace tanba::cli
