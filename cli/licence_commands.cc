#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/decision.h"
#include "cli/licence.h"
#include "cli/output_file.h"
#include "cli/row_text.h"
#include "cli/verification.h"
#include "cli/words.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;
using Credential = Daemon::Credential;

// One scan; applications with more use several (the body's limit is the daemon's matter).
constexpr std::size_t kMaxAttachmentBytes = 64U << 20;
constexpr std::size_t kMaxAttachments = 64;

base::Result<Printed> log_in_now(Daemon& daemon, const LicenceOptions& options, const Output& output) {
  TANBA_TRY(const std::string path, session_path(options.daemon));
  TANBA_TRY(const json::object asked, daemon.post("/v1/login/challenge"));
  TANBA_TRY(const std::string challenge, text_member(asked, "challenge"));
  TANBA_CHECK(check_challenge(base::as_bytes(challenge), daemon.host()));
  TANBA_TRY(OpenKey key, open_key(options.key));
  warn_about(*key.signer->certificate(), base::SystemClock().now(), output);
  TANBA_TRY(const base::Bytes document, sign_xml(key, base::as_bytes(challenge)));
  TANBA_TRY(json::object session,
            daemon.post("/v1/login", {{"document", base::to_base64(document)}, {"role", options.role}}));
  TANBA_TRY(const std::string token, text_member(session, "token"));
  TANBA_TRY(const std::string expires, text_member(session, "expires"));
  TANBA_CHECK(write_session(path, {.server = daemon.server(), .ca = daemon.ca(), .token = token, .expires = expires}));
  session.erase("token");
  const std::string until =
      fmt::format("{}: {}\n", word(Word::kLoggedInUntil, output.language), base::escape_for_display(expires));
  return Printed{std::move(session), until};
}

base::Result<Printed> log_out_now(Daemon& daemon, const LicenceOptions& options) {
  TANBA_TRY(const std::string path, session_path(options.daemon));
  const base::Status ended = daemon.remove("/v1/session");
  // A session that the server no longer knows has ended too.
  if (!ended && ended.error().code() != Code::kAuthRequired) return std::unexpected(ended.error());
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) return base::fail(Code::kFileNotWritable, {{"file", path}, {"reason", error.message()}});
  return Printed{{{"ended", true}}, ""};
}

base::Result<json::object> applicant_of(const LicenceOptions& options) {
  if (options.iin.empty() == options.bin.empty())
    return usage("name the applicant: --applicant-iin or --applicant-bin");
  const bool individual = options.bin.empty();
  return json::object{{"kind", individual ? "individual" : "organisation"},
                      {"number", individual ? options.iin : options.bin}};
}

base::Result<Printed> submit_now(Daemon& daemon, const LicenceOptions& options, const Output& output) {
  json::object body;
  TANBA_TRY(body["applicant"], applicant_of(options));
  TANBA_TRY(const base::Bytes document, read_subject(options.file, base::Limits{}.max_document_bytes));
  body["document"] = base::to_base64(document);
  if (options.attachments.size() > kMaxAttachments) return usage("at most 64 attachments");
  json::array attachments;
  for (const std::string& file : options.attachments) {
    TANBA_TRY(const base::Bytes octets, base::read_file(file, kMaxAttachmentBytes));
    attachments.emplace_back(base::to_base64(octets));
  }
  body["attachments"] = std::move(attachments);
  // The application's own request id makes a repeat harmless.
  TANBA_TRY(json::object answer, daemon.post_repeatedly("/v1/applications", body));
  TANBA_TRY(const std::string number, text_member(answer, "number"));
  TANBA_TRY(const std::string due_on, text_member(answer, "dueOn"));
  std::string text = fmt::format("{} {}: {}\n  {}: {}\n", word(Word::kApplication, output.language),
                                 base::escape_for_display(number), word(Word::kStateRegistered, output.language),
                                 word(Word::kDueOn, output.language), base::escape_for_display(due_on));
  return Printed{std::move(answer), std::move(text)};
}

base::Result<Printed> queue_now(Daemon& daemon, const LicenceOptions& options, const Output& output) {
  std::string path = fmt::format("/v1/applications?limit={}", options.limit);
  for (const std::string& state : options.states) path += "&state=" + url_encoded(state);
  if (!options.service.empty()) path += "&service=" + url_encoded(options.service);
  if (!options.after.empty()) path += "&after=" + url_encoded(options.after);
  TANBA_TRY(json::object answer, daemon.get(path));
  std::string text = or_nothing(rows_text(answer, "applications", application_text, output.language), output.language);
  const json::value* next = answer.if_contains("next");
  if (next != nullptr && next->is_string())
    text += fmt::format("--after {}\n", base::escape_for_display(std::string_view(next->as_string())));
  return Printed{std::move(answer), std::move(text)};
}

// Numbers begin with what they are of: A application, L licence, P permit, R refusal.
bool is_of_licence(const std::string& number) {
  return number.starts_with('L') || number.starts_with('P');
}

base::Result<Printed> show_now(Daemon& daemon, const LicenceOptions& options, const Output& output) {
  const std::string number = url_encoded(options.number);
  if (is_of_licence(options.number)) {
    TANBA_TRY(json::object licence, daemon.get("/v1/licences/" + number));
    TANBA_TRY(json::object history, daemon.get("/v1/licences/" + number + "/events"));
    std::string text =
        licence_text(licence, output.language) + rows_text(history, "events", licence_event_text, output.language);
    return Printed{{{"licence", std::move(licence)}, {"events", history["events"]}}, std::move(text)};
  }
  Printed printed;
  TANBA_TRY(json::object application, daemon.get("/v1/applications/" + number));
  printed.text = application_text(application, output.language);
  TANBA_TRY(const std::string state, text_member(application, "state"));
  printed.document["application"] = std::move(application);
  if (state == "granted" || state == "refused") {
    TANBA_TRY(json::object decision, daemon.get("/v1/applications/" + number + "/decision"));
    printed.text += decision_text(decision, output.language);
    printed.document["decision"] = std::move(decision);
  }
  return printed;
}

base::Result<Printed> history_now(Daemon& daemon, const LicenceOptions& options, const Output& output) {
  TANBA_TRY(const json::object applicant, applicant_of(options));
  const std::string number = url_encoded(std::string_view(applicant.at("number").as_string()));
  TANBA_TRY(json::object applications,
            daemon.get(fmt::format("/v1/applications?limit={}&applicant={}", options.limit, number)));
  TANBA_TRY(json::object licences, daemon.get(fmt::format("/v1/licences?limit={}&holder={}", options.limit, number)));
  std::string text = rows_text(applications, "applications", application_text, output.language) +
                     rows_text(licences, "licences", licence_text, output.language);
  return Printed{{{"applications", applications["applications"]}, {"licences", licences["licences"]}},
                 or_nothing(text, output.language)};
}

base::Result<Printed> octets_now(Daemon& daemon, const LicenceOptions& options, const std::string& what,
                                 const Output& output) {
  if (output.form == Form::kJson && is_standard_output(options.output))
    return usage("--json needs -o: standard output cannot hold the document too");
  const std::string number = url_encoded(options.number);
  std::string path = "/v1/applications/" + number + "/decision/" + what;
  if (is_of_licence(options.number)) path = "/v1/licences/" + number + "/" + what;
  if (options.application) path = "/v1/applications/" + number + "/" + what;
  TANBA_TRY(const base::Bytes document, daemon.get_document(path));
  TANBA_CHECK(write_output(options.output, document));
  return Printed{{{"output", options.output}, {"sha256", base::sha256(document).hex()}, {"sizeBytes", document.size()}},
                 ""};
}

// Every language's names of the licensing services are in the answer: the officer reads one.
std::string service_text(const json::object& row, base::Language language) {
  const json::value* id = row.if_contains("id");
  const json::value* names = row.if_contains("name");
  if (id == nullptr || !id->is_string() || names == nullptr || !names->is_object()) return {};
  const char* wanted = language == base::Language::kKazakh ? "kk" : language == base::Language::kRussian ? "ru" : "en";
  const json::value* name = names->as_object().if_contains(wanted);
  if (name == nullptr) name = names->as_object().if_contains("ru");
  const bool shown = name != nullptr && name->is_string();
  return fmt::format("{}: {}\n", base::escape_for_display(std::string_view(id->as_string())),
                     shown ? base::escape_for_display(std::string_view(name->as_string())) : "");
}

base::Result<Printed> state_answer(base::Result<json::object> answer, const std::string& number, const Output& output) {
  if (!answer) return std::unexpected(std::move(answer).error());
  TANBA_TRY(const std::string state, text_member(*answer, "state"));
  return Printed{*std::move(answer), fmt::format("{}: {}\n", base::escape_for_display(number),
                                                 base::escape_for_display(state_text(state, output.language)))};
}

}  // namespace

int log_in_officer(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kNone, output,
                     [&](Daemon& daemon) { return log_in_now(daemon, options, output); });
}

int log_out_officer(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kOfficer, output,
                     [&](Daemon& daemon) { return log_out_now(daemon, options); });
}

int show_caller(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kAny, output, [&](Daemon& daemon) -> base::Result<Printed> {
    TANBA_TRY(json::object answer, daemon.get("/v1/session"));
    std::string text = caller_text(answer, output.language);
    return Printed{std::move(answer), std::move(text)};
  });
}

int list_services(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kNone, output, [&](Daemon& daemon) -> base::Result<Printed> {
    TANBA_TRY(json::object answer, daemon.get("/v1/services"));
    std::string text = rows_text(answer, "services", service_text, output.language);
    return Printed{std::move(answer), std::move(text)};
  });
}

int submit_application(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kPortal, output,
                     [&](Daemon& daemon) { return submit_now(daemon, options, output); });
}

int show_queue(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kAny, output,
                     [&](Daemon& daemon) { return queue_now(daemon, options, output); });
}

int show_application(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kAny, output,
                     [&](Daemon& daemon) { return show_now(daemon, options, output); });
}

int take_into_review(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kOfficer, output, [&](Daemon& daemon) {
    return state_answer(daemon.post("/v1/applications/" + url_encoded(options.number) + "/review"), options.number,
                        output);
  });
}

int abandon_intent(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kOfficer, output, [&](Daemon& daemon) {
    return state_answer(
        daemon.post("/v1/intents/" + url_encoded(options.number) + "/abandon", {{"note", options.reason}}),
        options.number, output);
  });
}

int fetch_document(const LicenceOptions& options, const Output& output) {
  auto daemon = Daemon::open(options.daemon, Credential::kAny, output.language);
  if (!daemon) return cli::finish(daemon.error(), output);
  return finish(octets_now(**daemon, options, "document", output), daemon->get(), output);
}

int fetch_capsule(const LicenceOptions& options, const Output& output) {
  auto daemon = Daemon::open(options.daemon, Credential::kAny, output.language);
  if (!daemon) return cli::finish(daemon.error(), output);
  return finish(octets_now(**daemon, options, "capsule", output), daemon->get(), output);
}

int show_history(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kAny, output,
                     [&](Daemon& daemon) { return history_now(daemon, options, output); });
}

int change_licence(const LicenceOptions& options, const Output& output) {
  return with_daemon(options.daemon, Credential::kOfficer, output, [&](Daemon& daemon) {
    const json::object body{{"event", options.event}, {"reason", options.reason}};
    return state_answer(daemon.post("/v1/licences/" + url_encoded(options.number) + "/events", body), options.number,
                        output);
  });
}

}  // namespace tanba::cli
