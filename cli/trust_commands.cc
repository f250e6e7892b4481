#include "cli/trust.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/file.h"
#include "cli/row_text.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using Credential = Daemon::Credential;

constexpr std::size_t kMaxCertificateFileBytes = 128U << 10;  // the daemon takes no larger one

std::string act_of(const json::object& version, base::Language language) {
  std::string act = text_of(version, "act");
  if (act == "configuration") return std::string(word(Word::kTrustConfiguration, language));
  if (act == "import") return std::string(word(Word::kTrustImport, language));
  if (act == "removal") return std::string(word(Word::kTrustRemoval, language));
  if (act == "rollback") return std::string(word(Word::kTrustRollback, language));
  return act;
}

void add_version(const json::object& version, Lines& lines) {
  lines.head(Word::kTrustVersion, number_of(version, "version"), act_of(version, lines.language()));
  lines.line(Word::kAt, text_of(version, "at"));
  const json::value* by = version.if_contains("by");
  if (by != nullptr && by->is_object()) lines.line(Word::kBy, text_of(by->as_object(), "id"));
  lines.line(Word::kReason, text_of(version, "reason"));
  lines.line(Word::kRestores, number_of(version, "restores"));
}

std::string version_text(const json::object& version, base::Language language) {
  Lines lines(language);
  add_version(version, lines);
  return lines.take();
}

void add_entry(Word what, const json::object& entry, unsigned indent, Lines& lines) {
  lines.line(what, text_of(entry, "subject"), indent);
  lines.text("SHA-256: " + text_of(entry, "sha256"), indent + 1);
  lines.line(Word::kValidity, text_of(entry, "notBefore") + " – " + text_of(entry, "notAfter"), indent + 1);
  lines.line(Word::kPurposes, list_of(entry, "purposes", lines.language()), indent + 1);
  lines.line(Word::kTrustedFrom, text_of(entry, "from"), indent + 1);
  lines.line(Word::kTrustedUntil, text_of(entry, "until"), indent + 1);
}

void add_entries(const json::object& list, std::string_view member, Word what, Lines& lines) {
  const json::value* entries = list.if_contains(member);
  if (entries == nullptr || !entries->is_array()) return;
  for (const json::value& entry : entries->as_array()) {
    if (entry.is_object()) add_entry(what, entry.as_object(), 1, lines);
  }
}

std::string list_text(const json::object& list, base::Language language) {
  Lines lines(language);
  add_version(list, lines);
  add_entries(list, "anchors", Word::kAnchor, lines);
  add_entries(list, "intermediates", Word::kIntermediate, lines);
  return lines.take();
}

std::string change_text(const json::object& change, base::Language language) {
  Lines lines(language);
  const Word kind = text_of(change, "kind") == "anchor" ? Word::kAnchor : Word::kIntermediate;
  const json::value* before = change.if_contains("before");
  const json::value* after = change.if_contains("after");
  const Word what = before == nullptr ? Word::kAdded : after == nullptr ? Word::kRemoved : Word::kChanged;
  lines.text(fmt::format("{}:", word(what, language)), 0);
  for (const json::value* side : {before, after}) {
    if (side != nullptr && side->is_object()) add_entry(kind, side->as_object(), 1, lines);
  }
  return lines.take();
}

base::Result<Printed> list_now(Daemon& daemon, const TrustOptions& options, const Output& output) {
  std::string path = fmt::format("/v1/trust/versions?limit={}", options.limit);
  if (options.before) path += fmt::format("&before={}", *options.before);
  TANBA_TRY(json::object answer, daemon.get(path));
  std::string text = or_nothing(rows_text(answer, "versions", version_text, output.language), output.language);
  const std::string next = number_of(answer, "next");
  if (!next.empty()) text += fmt::format("--before {}\n", next);
  return Printed{std::move(answer), std::move(text)};
}

base::Result<Printed> show_now(Daemon& daemon, const TrustOptions& options, const Output& output) {
  const std::string path = options.version ? fmt::format("/v1/trust/versions/{}", *options.version) : "/v1/trust";
  TANBA_TRY(json::object answer, daemon.get(path));
  std::string text = list_text(answer, output.language);
  return Printed{std::move(answer), std::move(text)};
}

base::Result<Printed> difference_now(Daemon& daemon, const TrustOptions& options, const Output& output) {
  std::string path = fmt::format("/v1/trust/versions/{}/diff", options.version.value_or(0));
  if (options.from) path += fmt::format("?from={}", *options.from);
  TANBA_TRY(json::object answer, daemon.get(path));
  std::string text = rows_text(answer, "changes", change_text, output.language);
  if (text.empty()) text = fmt::format("{}\n", word(Word::kNoChanges, output.language));
  return Printed{std::move(answer), std::move(text)};
}

// What every change says besides: why, and on which version it was decided.
base::Result<Printed> change_now(Daemon& daemon, const TrustOptions& options, const std::string& path,
                                 json::object body, const Output& output) {
  if (options.based_on) {
    body["basedOn"] = *options.based_on;
  } else {
    TANBA_TRY(json::object now, daemon.get("/v1/trust"));
    body["basedOn"] = now["version"];
  }
  body["reason"] = options.reason;
  TANBA_TRY(json::object answer, daemon.post(path, body));
  std::string text = version_text(answer, output.language);
  return Printed{std::move(answer), std::move(text)};
}

base::Result<Printed> import_now(Daemon& daemon, const TrustOptions& options, const Output& output) {
  TANBA_TRY(const base::Bytes certificate, base::read_file(options.file, kMaxCertificateFileBytes));
  json::object body{{"kind", options.intermediate ? "intermediate" : "anchor"},
                    {"certificate", base::to_base64(certificate)},
                    {"sha256", options.sha256}};
  if (!options.purposes.empty()) body["purposes"] = json::array(options.purposes.begin(), options.purposes.end());
  if (!options.trusted_from.empty()) body["from"] = options.trusted_from;
  if (!options.trusted_until.empty()) body["until"] = options.trusted_until;
  return change_now(daemon, options, "/v1/trust/certificates", std::move(body), output);
}

using TrustQuestion = base::Result<Printed> (*)(Daemon&, const TrustOptions&, const Output&);
int run(const TrustOptions& options, const Output& output, TrustQuestion command) {
  return with_daemon(options.daemon, Credential::kOfficer, output,
                     [&](Daemon& daemon) { return command(daemon, options, output); });
}

}  // namespace

int list_trust_versions(const TrustOptions& options, const Output& output) {
  return run(options, output, &list_now);
}

int show_trust(const TrustOptions& options, const Output& output) {
  return run(options, output, &show_now);
}

int show_trust_difference(const TrustOptions& options, const Output& output) {
  return run(options, output, &difference_now);
}

int import_trusted(const TrustOptions& options, const Output& output) {
  return run(options, output, &import_now);
}

int remove_trusted(const TrustOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kOfficer, output, [&](Daemon& daemon) {
    json::object body{{"kind", options.intermediate ? "intermediate" : "anchor"}, {"sha256", options.sha256}};
    return change_now(daemon, options, "/v1/trust/removals", std::move(body), output);
  });
}

int roll_back_trust(const TrustOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kOfficer, output, [&](Daemon& daemon) {
    return change_now(daemon, options, "/v1/trust/rollbacks", {{"version", options.version.value_or(0)}}, output);
  });
}

}  // namespace tanba::cli
