#include <memory>

#include "cli/licence.h"
#include "cli/parsing.h"

namespace tanba::cli {
namespace {

using Options = std::shared_ptr<LicenceOptions>;

enum class Callers { kAnyone, kOfficer, kPortal, kBoth };

void add_daemon_options(CLI::App* command, DaemonOptions& daemon, Callers callers) {
  const std::string group = "The daemon and who is calling";
  command->add_option("--server", daemon.server, "https://HOST:PORT; without it the session's")->group(group);
  command->add_option("--ca", daemon.ca, "PEM file of the authorities for TLS; without it the session's")->group(group);
  if (callers != Callers::kPortal && callers != Callers::kAnyone) {
    command
        ->add_option("--session", daemon.session,
                     "The log-in; else TANBA_SESSION, else tanba-session.json in XDG_RUNTIME_DIR")
        ->group(group);
  }
  if (callers == Callers::kPortal || callers == Callers::kBoth) {
    command->add_option("--key-file", daemon.key_file, "A portal's bearer key is in this file")->group(group);
    CLI::Option* certificate =
        command->add_option("--tls-certificate", daemon.tls_certificate, "A portal's TLS certificate, PEM")
            ->group(group);
    CLI::Option* key = command->add_option("--tls-key", daemon.tls_key, "Its key, PEM, not encrypted")->group(group);
    certificate->needs(key);
    key->needs(certificate);
  }
}

class Commands {
 public:
  Commands(CLI::App& licence, Session& session) : licence_(licence), session_(session) {}

  std::pair<CLI::App*, Options> add(const std::string& name, const std::string& description, Callers callers,
                                    int (*action)(const LicenceOptions&, const Output&)) {
    auto options = std::make_shared<LicenceOptions>();
    CLI::App* command = add_command(licence_, session_, name, description);
    command->callback([&session = session_, options, action] {
      session.action = [options, action](const Output& output) { return action(*options, output); };
    });
    add_daemon_options(command, options->daemon, callers);
    return {command, options};
  }

 private:
  CLI::App& licence_;
  Session& session_;
};

void add_applicant(CLI::App* command, LicenceOptions& options) {
  command->add_option("--applicant-iin", options.iin, "The applicant is the individual with this IIN");
  command->add_option("--applicant-bin", options.bin, "The applicant is the organisation with this BIN");
}

void add_number(CLI::App* command, LicenceOptions& options, const std::string& what) {
  command->add_option("NUMBER", options.number, what)->required();
}

void add_session_commands(Commands& commands) {
  const auto [login, entering] =
      commands.add("login", "Log in: sign the server's challenge", Callers::kOfficer, &log_in_officer);
  login->add_option("--role", entering->role, "As an officer of a licensor, or as security staff (trust, revocation)")
      ->check(CLI::IsMember({"officer", "security"}))
      ->capture_default_str();
  add_key_options(login, entering->key);
  login->footer(
      "The challenge is signed only if it is for the host that --server names. The session goes into a file of mode "
      "0600.\n"
      "Example: tanba licence login --server https://tanba.example:8443 --ca tls.pem --token "
      "'pkcs11:token=officer;object=signing' --session officer.session");
  const auto [logout, leaving] =
      commands.add("logout", "End the session and remove its file", Callers::kOfficer, &log_out_officer);
  logout->footer("Example: tanba licence logout --session officer.session");
  const auto [whoami, asking] =
      commands.add("whoami", "Who the server takes the caller for", Callers::kBoth, &show_caller);
  whoami->footer("Example: tanba licence whoami --session officer.session");
  const auto [services, listing] =
      commands.add("services", "What may be applied for", Callers::kAnyone, &list_services);
  services->footer("Example: tanba licence services --server https://tanba.example:8443 --ca tls.pem");
}

void add_application_commands(Commands& commands) {
  const auto [submit, filed] =
      commands.add("submit", "File a signed application, as a portal", Callers::kPortal, &submit_application);
  submit->add_option("FILE", filed->file, "The signed application: XML, or a CMS with the XML inside")->required();
  submit
      ->add_option("--attachment", filed->attachments,
                   "A file that the application names by its digest; may stand several times")
      ->allow_extra_args(false);
  add_applicant(submit, *filed);
  submit->footer(
      "Exit status: 0 registered (or registered before), 1 refused: the causes are shown, 2 evidence is missing, try "
      "again.\n"
      "Example: tanba licence submit application.xml --applicant-bin 050140000011 --attachment receipt.pdf --server "
      "https://tanba.example:8443 --ca tls.pem --key-file portal.key");
  const auto [queue, queued] =
      commands.add("queue", "Applications: a licensor's queue, or a portal's own", Callers::kBoth, &show_queue);
  queue->add_option("--state", queued->states, "registered, in-review, granted or refused; may stand several times")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"registered", "in-review", "granted", "refused"}));
  queue->add_option("--service", queued->service, "Only of this service");
  queue->add_option("--after", queued->after, "Number of the last row of the page before");
  queue->add_option("--limit", queued->limit, "Rows at most")->check(CLI::Range(1U, 500U))->capture_default_str();
  queue->footer("Example: tanba licence queue --state registered --state in-review --session officer.session");
  const auto [show, shown] =
      commands.add("show", "One application with its decision, or one licence", Callers::kBoth, &show_application);
  add_number(show, *shown, "Of the application, licence or permit");
  show->footer("Example: tanba licence show A-2026-01-0000042-71 --session officer.session");
  const auto [history, past] =
      commands.add("history", "Applications and licences of one person", Callers::kBoth, &show_history);
  add_applicant(history, *past);
  history->add_option("--limit", past->limit, "Rows of each at most")
      ->check(CLI::Range(1U, 500U))
      ->capture_default_str();
  history->footer("Example: tanba licence history --applicant-bin 050140000011 --session officer.session");
  const auto [document, fetched] =
      commands.add("document", "The signed licence or refusal, as it was stored", Callers::kBoth, &fetch_document);
  add_number(document, *fetched, "Of the licence or permit, or of the application that was decided on");
  document->add_flag("--application", fetched->application, "The signed application instead of the decision on it");
  document->add_option("-o,--output", fetched->output, "Write here, wholly or not at all; without it: standard output");
  document->footer("Example: tanba licence document A-2026-01-0000042-71 -o licence.xml --session officer.session");
  const auto [capsule, proved] =
      commands.add("capsule", "The evidence capsule: why the signature was trusted", Callers::kBoth, &fetch_capsule);
  add_number(capsule, *proved, "Of the licence or permit, or of the application that was decided on");
  capsule->add_flag("--application", proved->application, "Of the application's registration instead of the decision");
  capsule->add_option("-o,--output", proved->output, "Write here, wholly or not at all; without it: standard output");
  capsule->footer(
      "Example: tanba licence capsule A-2026-01-0000042-71 -o licence.capsule --session officer.session\n"
      "tanba capsule verify licence.capsule needs no daemon.");
}

void add_decision_commands(Commands& commands) {
  const auto [review, taken] =
      commands.add("review", "Take an application into review", Callers::kOfficer, &take_into_review);
  add_number(review, *taken, "Of the application");
  review->footer("Example: tanba licence review A-2026-01-0000042-71 --session officer.session");
  const auto [command, options] = commands.add("decide", "Grant or refuse, and sign", Callers::kOfficer, &decide);
  add_number(command, *options, "Of the application");
  CLI::Option* grant = command->add_flag("--grant", options->grant, "Issue the licence or permit");
  command->add_flag("--refuse", options->refuse, "Refuse, with --reason")->excludes(grant);
  command->add_option("--reason", options->reason, "Why it is refused; for a grant, conditions");
  command->add_option("--valid-until", options->valid_until, "Last day, YYYY-MM-DD; without it: no end");
  command
      ->add_option("--with", options->with,
                   "workstation: this key signs the document; keyd: the licensor's key in the key server does, after "
                   "this key's approval")
      ->required()
      ->check(CLI::IsMember({"workstation", "keyd"}));
  command->add_option("-o,--output", options->output,
                      "Write the signed licence or refusal here; without it: standard output");
  add_key_options(command, options->key);
  command->footer(
      "What the server prepared is held against what was asked for and shown before the PIN is asked for.\n"
      "Exit status: 0 decided, 1 refused (the signature or the officer is not taken), 2 try again, 3 a wrong PIN "
      "(tried once).\n"
      "Example: tanba licence decide A-2026-01-0000042-71 --grant --with keyd --token "
      "'pkcs11:token=officer;object=signing' -o licence.xml --session officer.session");
  const auto [abandon, dropped] =
      commands.add("abandon", "Give up a prepared decision that was not signed", Callers::kOfficer, &abandon_intent);
  abandon->add_option("INTENT", dropped->number, "Its id")->required();
  abandon->add_option("--note", dropped->reason, "Why")->required();
  abandon->footer(
      "Example: tanba licence abandon 3f0c2a52-6a43-4f0e-8a3b-5f2f0c7b7d11 --note 'prepared twice' --session "
      "officer.session");
}

void add_event(Commands& commands, const std::string& name, const std::string& description, const std::string& event) {
  const auto [command, options] = commands.add(name, description, Callers::kOfficer, &change_licence);
  options->event = event;
  add_number(command, *options, "Of the licence or permit");
  command->add_option("--reason", options->reason, "Why")->required();
  command->footer("Example: tanba licence " + name +
                  " L-2026-01-0000042-71 --reason 'решение суда' --session officer.session");
}

}  // namespace

void add_session_options(CLI::App* command, DaemonOptions& daemon) {
  add_daemon_options(command, daemon, Callers::kOfficer);
}

void add_licence(CLI::App& app, Session& session) {
  CLI::App* licence = add_group(app, session, "licence", "Applications, decisions and licences, through the daemon");
  Commands commands(*licence, session);
  add_session_commands(commands);
  add_application_commands(commands);
  add_decision_commands(commands);
  add_event(commands, "suspend", "Suspend a licence or permit", "suspended");
  add_event(commands, "resume", "Resume a suspended licence or permit", "resumed");
  add_event(commands, "terminate", "End a licence or permit", "terminated");
}

}  // namespace tanba::cli
