#include <memory>

#include "cli/parsing.h"
#include "cli/revocation.h"

namespace tanba::cli {
namespace {

using RevocationOptionsPtr = std::shared_ptr<RevocationOptions>;
using RevocationCommand = int (*)(const RevocationOptions&, const Output&);

std::pair<CLI::App*, RevocationOptionsPtr> add_revocation_command(CLI::App& parent, Session& session,
                                                                  const std::string& name,
                                                                  const std::string& description,
                                                                  RevocationCommand action) {
  auto options = std::make_shared<RevocationOptions>();
  CLI::App* command = add_command(parent, session, name, description);
  command->callback([&session, options, action] {
    session.action = [options, action](const Output& output) { return action(*options, output); };
  });
  add_session_options(command, options->daemon);
  return {command, options};
}

void add_sources(CLI::App& app, Session& session) {
  const auto [sources, listed] = add_revocation_command(
      app, session, "sources", "Where OCSP answers and lists come from, and how fresh they are", &list_sources);
  sources->footer("Example: tanba revocation sources --session security.session");
  const char* naming = "Its id, the beginning of one, or its URL, as `tanba revocation sources` has them";
  const auto [show, shown] = add_revocation_command(app, session, "show", "One source", &show_source);
  show->add_option("SOURCE", shown->source, naming)->required();
  show->footer("Example: tanba revocation show http://crl.pki.gov.kz/nca_rsa_2022.crl --session security.session");
  const auto [refresh, fetched] =
      add_revocation_command(app, session, "refresh", "Fetch a list now, whatever its state", &refresh_sources);
  refresh->add_option("SOURCE", fetched->source, naming);
  refresh->add_flag("--all", fetched->all, "Every list that is fetched");
  refresh->footer(
      "An older list than the one at hand is refused; one from which entries vanish waits for `confirm`.\n"
      "Example: tanba revocation refresh --all --session security.session");
  const auto [import, imported] = add_revocation_command(
      app, session, "import", "Bring a list by hand, when its source cannot be reached", &import_list);
  import->add_option("FILE", imported->file, "The list, DER or PEM")->required();
  import->footer(
      "It passes the same checks as a fetched one: an authority of the trust list signed it, it is not older than the "
      "one "
      "at hand, nothing vanished from it.\n"
      "Example: tanba revocation import nca_rsa_2022.crl --session security.session");
}

void add_look_up(CLI::App& app, Session& session) {
  const auto [look_up, wanted] = add_revocation_command(
      app, session, "lookup", "Certificates that signed something here: are they revoked, what does it touch",
      &look_up_certificates);
  CLI::Option* iin = look_up->add_option("--iin", wanted->iin, "Of the holder");
  CLI::Option* bin = look_up->add_option("--bin", wanted->bin, "Of the holder's organisation");
  CLI::Option* serial = look_up->add_option("--serial", wanted->serial, "Of the certificate, hexadecimal");
  iin->excludes(bin)->excludes(serial);
  bin->excludes(serial);
  look_up->add_option("--issuer", wanted->issuer, "Beside --serial: the issuer's name (RFC 4514)")->needs(serial);
  look_up->add_option("--after", wanted->after, "What the page before says at its end");
  look_up->footer(
      "The state is what the evidence at hand says now: refresh first. Each look-up is in the journal.\n"
      "Example: tanba revocation lookup --iin 850101300015 --session security.session");
}

void add_alerts(CLI::App& app, Session& session) {
  const auto [alerts, listed] = add_revocation_command(
      app, session, "alerts", "What went wrong with sources and needs a person, the newest first", &list_alerts);
  alerts->add_option("--state", listed->states, "open, acknowledged, confirmed or over; may stand several times")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"open", "acknowledged", "confirmed", "over"}));
  alerts->add_option("--after", listed->after, "What the page before says at its end");
  alerts->add_option("--limit", listed->limit, "Rows at most")->check(CLI::Range(1U, 500U))->capture_default_str();
  alerts->footer("Example: tanba revocation alerts --state open --session security.session");
  const auto decision = [&](const std::string& name, const std::string& description, const std::string& word,
                            const std::string& footer) {
    const auto [command, options] = add_revocation_command(app, session, name, description, &decide_alert);
    options->decision = word;
    command->add_option("ALERT", options->alert, "Its id")->required();
    command->add_option("--reason", options->reason, "Why; it is kept with the alert")->required();
    command->footer(footer + "Example: tanba revocation " + name +
                    " 5f2b... --reason 'НУЦ подтвердил по телефону' --session security.session");
  };
  decision("acknowledge", "You have seen this alert and look after it", "acknowledgement", "");
  decision("confirm", "The list that shrank is right: use it", "confirmation",
           "Ask the authority first, by another way than its server: a list without yesterday's entries makes revoked "
           "certificates good.\n");
}

}  // namespace

void add_revocation(CLI::App& app, Session& session) {
  CLI::App* revocation =
      add_group(app, session, "revocation", "Revocation: sources, lists, look-ups, through the daemon");
  revocation->footer("Log in first: tanba licence login --role security --session security.session ...");
  add_sources(*revocation, session);
  add_look_up(*revocation, session);
  add_alerts(*revocation, session);
}

}  // namespace tanba::cli
