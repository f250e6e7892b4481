// `tanba licence`: an officer's and a portal's side of the licensing flow, over the daemon's HTTP API.
#pragma once

#include <string>
#include <vector>

#include "cli/daemon.h"
#include "cli/key_access.h"

namespace tanba::cli {

struct LicenceOptions {
  DaemonOptions daemon;
  std::string number, output;

  KeyOptions key;                        // login, decide
  std::string role = "officer";          // login
  std::string file;                      // submit
  std::vector<std::string> attachments;  // submit
  std::string iin, bin;                  // submit, history: the applicant
  std::vector<std::string> states;       // queue
  std::string service, after;            // queue
  unsigned limit = 100;                  // queue, history
  bool grant = false, refuse = false;    // decide; CLI11 fills flags into bool
  bool application = false;              // document: the signed application itself
  std::string reason, valid_until;       // decide; reason: also of events
  std::string with;                      // decide: workstation or keyd
  std::string event;                     // suspended, resumed, terminated
};

int log_in_officer(const LicenceOptions& options, const Output& output);
int log_out_officer(const LicenceOptions& options, const Output& output);
int show_caller(const LicenceOptions& options, const Output& output);
int list_services(const LicenceOptions& options, const Output& output);
int submit_application(const LicenceOptions& options, const Output& output);
int show_queue(const LicenceOptions& options, const Output& output);
int show_application(const LicenceOptions& options, const Output& output);
int take_into_review(const LicenceOptions& options, const Output& output);
int decide(const LicenceOptions& options, const Output& output);
int abandon_intent(const LicenceOptions& options, const Output& output);
int fetch_document(const LicenceOptions& options, const Output& output);
int fetch_capsule(const LicenceOptions& options, const Output& output);
int show_history(const LicenceOptions& options, const Output& output);
int change_licence(const LicenceOptions& options, const Output& output);

// --- shared by the files of these commands ---

// What a command prints: the daemon's answer as it is, or a text.
struct Printed {
  boost::json::object document;
  std::string text;
};
// The problem document of the daemon where it sent one, with the causes in its report.
int finish(const base::Result<Printed>& printed, const Daemon* daemon, const Output& output);
// Opens the daemon, lets the command work with it, prints what came of it.
template <class Work>
int with_daemon(const DaemonOptions& options, Daemon::Credential credential, const Output& output, Work work) {
  auto daemon = Daemon::open(options, credential, output.language);
  if (!daemon) return finish(daemon.error(), output);
  const base::Result<Printed> printed = work(**daemon);
  return finish(printed, daemon->get(), output);
}

// Who the server takes the caller for.
[[nodiscard]] std::string caller_text(const boost::json::object& caller, base::Language language);
[[nodiscard]] std::string application_text(const boost::json::object& row, base::Language language);
[[nodiscard]] std::string decision_text(const boost::json::object& row, base::Language language);
[[nodiscard]] std::string licence_text(const boost::json::object& row, base::Language language);
[[nodiscard]] std::string licence_event_text(const boost::json::object& row, base::Language language);

}  // namespace tanba::cli
