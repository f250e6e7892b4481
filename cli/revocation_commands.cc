#include "cli/revocation.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/file.h"
#include "base/limits.h"
#include "base/phrases.h"
#include "cli/row_text.h"
#include "ocsp/crl.h"
#include "pki/certificate.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;
using Credential = Daemon::Credential;

const json::object* inner(const json::object& row, std::string_view name) {
  const json::value* value = row.if_contains(name);
  return value != nullptr && value->is_object() ? &value->as_object() : nullptr;
}

// An address and what it is, in one line.
std::string interval(const json::object& row) {
  const std::string next = text_of(row, "nextUpdate");
  return text_of(row, "thisUpdate") + (next.empty() ? "" : " – " + next);
}

void add_list(const json::object& list, Lines& lines) {
  lines.line(Word::kIssuer, text_of(list, "issuer"), 2);
  lines.line(Word::kValidity, interval(list), 2);
  lines.line(Word::kNumber, text_of(list, "number"), 2);
  lines.line(Word::kEntries, number_of(list, "entries"), 2);
  lines.text("SHA-256: " + text_of(list, "sha256"), 2);
}

std::string source_text(const json::object& source, base::Language language) {
  Lines lines(language);
  lines.head(Word::kSource, base::phrase(text_of(source, "kind"), language), text_of(source, "url"));
  lines.text("ID: " + text_of(source, "id").substr(0, 16));
  lines.line(Word::kOrigin, coded(text_of(source, "origin"), language, "origin"));
  lines.line(Word::kBreaker, coded(text_of(source, "breaker"), language, "breaker"));
  lines.line(Word::kLastSuccess, text_of(source, "lastSuccess"));
  lines.line(Word::kLastFailure, text_of(source, "lastFailure"));
  if (const json::object* error = inner(source, "lastError")) {
    lines.text(fmt::format("✗ {} [{}]", text_of(*error, "message"), text_of(*error, "code")), 2);
  }
  lines.line(Word::kNextTry, text_of(source, "nextTry"));
  lines.line(Word::kNextRefresh, text_of(source, "nextRefresh"));
  if (const json::object* list = inner(source, "list")) add_list(*list, lines);
  return lines.take();
}

Word status_word(const std::string& status) {
  if (status == "good") return Word::kGood;
  if (status == "revoked") return Word::kRevoked;
  if (status == "on-hold") return Word::kOnHold;
  return Word::kUnknown;
}

void add_standing(const json::object& standing, Lines& lines) {
  std::string text(word(status_word(text_of(standing, "status")), lines.language()));
  const std::string revoked_at = text_of(standing, "revokedAt");
  if (!revoked_at.empty()) text += ", " + since(revoked_at, lines.language());
  const std::string reason = text_of(standing, "reason");
  if (!reason.empty()) text += ", " + coded(reason, lines.language());
  lines.line(Word::kRevocation, text);
  const std::string source = text_of(standing, "source");
  if (!source.empty()) {
    const std::string kind = base::phrase(text_of(standing, "kind"), lines.language());
    lines.text(fmt::format("{} {} ({})", kind, source, interval(standing)), 2);
  }
  const json::value* errors = standing.if_contains("errors");
  if (errors == nullptr || !errors->is_array()) return;
  for (const json::value& error : errors->as_array()) {
    if (!error.is_object()) continue;
    lines.text(fmt::format("✗ {} [{}]", text_of(error.as_object(), "message"), text_of(error.as_object(), "code")), 2);
  }
}

// What was signed, and what came of it.
std::string touched_text(const json::object& row, base::Language language) {
  const bool application = text_of(row, "as") == "application";
  std::string out = fmt::format(
      "{}: {} {} ({})", word(application ? Word::kSignedApplication : Word::kSignedDecision, language),
      word(Word::kApplication, language), text_of(row, "application"), state_text(text_of(row, "state"), language));
  const std::string licence = text_of(row, "licence");
  const std::string decision = text_of(row, "decision");
  if (!licence.empty()) {
    out += fmt::format(", {} {} ({})", word(Word::kLicence, language), licence,
                       state_text(text_of(row, "licenceState"), language));
  } else if (!decision.empty()) {
    out += fmt::format(", {} {}", word(Word::kDecision, language), decision);
  }
  return out;
}

std::string certificate_text(const json::object& row, base::Language language) {
  Lines lines(language);
  lines.head(Word::kCertificate, text_of(row, "serial"), text_of(row, "subject"));
  lines.line(Word::kIssuer, text_of(row, "issuer"));
  lines.line(Word::kValidity, text_of(row, "notBefore") + " – " + text_of(row, "notAfter"));
  if (const json::object* standing = inner(row, "revocation")) add_standing(*standing, lines);
  const json::value* touches = row.if_contains("touches");
  if (touches == nullptr || !touches->is_array()) return lines.take();
  for (const json::value& one : touches->as_array()) {
    if (one.is_object()) lines.text(touched_text(one.as_object(), language));
  }
  return lines.take();
}

std::string alert_text(const json::object& row, base::Language language) {
  Lines lines(language);
  lines.head(Word::kAlert, text_of(row, "id"),
             fmt::format("{}, {}", coded(text_of(row, "kind"), language, "alert"),
                         coded(text_of(row, "state"), language, "alert")));
  if (const json::object* source = inner(row, "source")) {
    lines.line(Word::kSource, base::phrase(text_of(*source, "kind"), language) + " " + text_of(*source, "url"));
  }
  lines.text(fmt::format("[{}]", text_of(row, "code")));
  lines.line(Word::kAt, text_of(row, "seenAt"));
  lines.line(Word::kKeptList, text_of(row, "kept"));
  lines.line(Word::kOfferedList, text_of(row, "offered"));
  if (const json::object* by = inner(row, "by")) lines.line(Word::kBy, text_of(*by, "id"));
  lines.line(Word::kReason, text_of(row, "reason"));
  return lines.take();
}

base::Result<Printed> sources_now(Daemon& daemon, const RevocationOptions&, const Output& output) {
  TANBA_TRY(json::object answer, daemon.get("/v1/revocation/sources"));
  std::string text = or_nothing(rows_text(answer, "sources", source_text, output.language), output.language);
  return Printed{std::move(answer), std::move(text)};
}

// A source by its id, the beginning of one, or its address: one, or it is said so.
base::Result<json::object> find_source(Daemon& daemon, const std::string& wanted) {
  constexpr std::size_t kMinPrefix = 4;
  TANBA_TRY(const json::object answer, daemon.get("/v1/revocation/sources"));
  const json::value* rows = answer.if_contains("sources");
  std::vector<json::object> found;
  if (rows != nullptr && rows->is_array()) {
    for (const json::value& row : rows->as_array()) {
      if (!row.is_object()) continue;
      TANBA_TRY(const std::string id, text_member(row.as_object(), "id"));
      TANBA_TRY(const std::string url, text_member(row.as_object(), "url"));
      if (url == wanted || (wanted.size() >= kMinPrefix && id.starts_with(wanted))) found.push_back(row.as_object());
    }
  }
  if (found.empty()) return base::fail(Code::kRegistryNotFound, {{"what", "source"}, {"id", wanted}});
  if (found.size() > 1) return usage("several sources are " + wanted + ": name one by its id");
  return std::move(found.front());
}

base::Result<Printed> show_now(Daemon& daemon, const RevocationOptions& options, const Output& output) {
  TANBA_TRY(json::object source, find_source(daemon, options.source));
  std::string text = source_text(source, output.language);
  return Printed{std::move(source), std::move(text)};
}

base::Result<json::object> refresh_one(Daemon& daemon, const json::object& source) {
  TANBA_TRY(const std::string id, text_member(source, "id"));
  return daemon.post("/v1/revocation/sources/" + url_encoded(id) + "/refresh");
}

// Every list; the first that fails ends it.
base::Result<Printed> refresh_all(Daemon& daemon, const Output& output) {
  TANBA_TRY(const json::object answer, daemon.get("/v1/revocation/sources"));
  const json::value* rows = answer.if_contains("sources");
  Printed printed;
  json::array& refreshed = printed.document["sources"].emplace_array();
  if (rows == nullptr || !rows->is_array()) return printed;
  for (const json::value& row : rows->as_array()) {
    const bool is_list = row.is_object() && text_of(row.as_object(), "kind") == "CRL" &&
                         text_of(row.as_object(), "origin") != "imported";
    if (!is_list) continue;
    TANBA_TRY(json::object source, refresh_one(daemon, row.as_object()));
    printed.text += source_text(source, output.language);
    refreshed.push_back(std::move(source));
  }
  printed.text = or_nothing(printed.text, output.language);
  return printed;
}

base::Result<Printed> refresh_now(Daemon& daemon, const RevocationOptions& options, const Output& output) {
  if (options.all != options.source.empty()) return usage("name a source, or --all");
  if (options.all) return refresh_all(daemon, output);
  TANBA_TRY(const json::object source, find_source(daemon, options.source));
  TANBA_TRY(json::object refreshed, refresh_one(daemon, source));
  std::string text = source_text(refreshed, output.language);
  return Printed{std::move(refreshed), std::move(text)};
}

// One list: DER as it is, or the one in a PEM file.
base::Result<base::Bytes> list_octets(const std::string& file) {
  TANBA_TRY(base::Bytes octets, base::read_file(file, base::Limits{}.max_crl_bytes));
  if (!base::as_text(octets).contains("-----BEGIN ")) return octets;
  TANBA_TRY(auto blocks, pki::parse_pem(base::as_text(octets)));
  std::erase_if(blocks, [](const pki::PemBlock& block) { return block.label != "X509 CRL"; });
  if (blocks.size() != 1) {
    return base::fail(Code::kFileWrongContent, {{"file", file}, {"expected", "one revocation list, DER or PEM"}});
  }
  return std::move(blocks.front().octets);
}

// Another file than the one that was meant is told here, before anybody is asked.
base::Result<base::Bytes> read_list(const std::string& file) {
  TANBA_TRY(base::Bytes octets, list_octets(file));
  const auto list = ocsp::Crl::parse(octets);
  if (list) return octets;
  return base::fail(Code::kFileWrongContent, {{"file", file}, {"expected", "one revocation list, DER or PEM"}},
                    list.error().message());
}

base::Result<Printed> import_now(Daemon& daemon, const RevocationOptions& options, const Output& output) {
  TANBA_TRY(base::Bytes list, read_list(options.file));
  TANBA_TRY(json::object answer, daemon.post_octets("/v1/revocation/lists", "application/pkix-crl", std::move(list)));
  std::string text = source_text(answer, output.language);
  return Printed{std::move(answer), std::move(text)};
}

base::Result<Printed> look_up_now(Daemon& daemon, const RevocationOptions& options, const Output& output) {
  json::object body;
  const auto put = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) body[name] = value;
  };
  put("serial", options.serial);
  put("issuer", options.issuer);
  put("iin", options.iin);
  put("bin", options.bin);
  put("after", options.after);
  TANBA_TRY(json::object answer, daemon.post("/v1/revocation/lookups", body));
  std::string text = or_nothing(rows_text(answer, "certificates", certificate_text, output.language), output.language);
  const std::string next = text_of(answer, "next");
  if (!next.empty()) text += fmt::format("--after {}\n", next);
  return Printed{std::move(answer), std::move(text)};
}

base::Result<Printed> alerts_now(Daemon& daemon, const RevocationOptions& options, const Output& output) {
  std::string path = fmt::format("/v1/revocation/alerts?limit={}", options.limit);
  for (const std::string& state : options.states) path += "&state=" + url_encoded(state);
  if (!options.after.empty()) path += "&after=" + url_encoded(options.after);
  TANBA_TRY(json::object answer, daemon.get(path));
  std::string text = or_nothing(rows_text(answer, "alerts", alert_text, output.language), output.language);
  const std::string next = text_of(answer, "next");
  if (!next.empty()) text += fmt::format("--after {}\n", next);
  return Printed{std::move(answer), std::move(text)};
}

base::Result<Printed> decide_now(Daemon& daemon, const RevocationOptions& options, const Output& output) {
  const std::string path = fmt::format("/v1/revocation/alerts/{}/{}", url_encoded(options.alert), options.decision);
  TANBA_TRY(json::object answer, daemon.post(path, {{"reason", options.reason}}));
  std::string text = alert_text(answer, output.language);
  return Printed{std::move(answer), std::move(text)};
}

using Command = base::Result<Printed> (*)(Daemon&, const RevocationOptions&, const Output&);
int run(const RevocationOptions& options, const Output& output, Command command) {
  return with_daemon(options.daemon, Credential::kOfficer, output,
                     [&](Daemon& daemon) { return command(daemon, options, output); });
}

}  // namespace

int list_sources(const RevocationOptions& options, const Output& output) {
  return run(options, output, &sources_now);
}
int show_source(const RevocationOptions& options, const Output& output) {
  return run(options, output, &show_now);
}
int refresh_sources(const RevocationOptions& options, const Output& output) {
  return run(options, output, &refresh_now);
}
int import_list(const RevocationOptions& options, const Output& output) {
  return run(options, output, &import_now);
}
int look_up_certificates(const RevocationOptions& options, const Output& output) {
  return run(options, output, &look_up_now);
}
int list_alerts(const RevocationOptions& options, const Output& output) {
  return run(options, output, &alerts_now);
}
int decide_alert(const RevocationOptions& options, const Output& output) {
  return run(options, output, &decide_now);
}

}  // namespace tanba::cli
