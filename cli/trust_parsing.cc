#include <memory>

#include "cli/parsing.h"
#include "cli/trust.h"

namespace tanba::cli {
namespace {

using TrustOptionsPtr = std::shared_ptr<TrustOptions>;
using TrustCommand = int (*)(const TrustOptions&, const Output&);

std::pair<CLI::App*, TrustOptionsPtr> add_trust_command(CLI::App& trust, Session& session, const std::string& name,
                                                        const std::string& description, TrustCommand action) {
  auto options = std::make_shared<TrustOptions>();
  CLI::App* command = add_command(trust, session, name, description);
  command->callback([&session, options, action] {
    session.action = [options, action](const Output& output) { return action(*options, output); };
  });
  add_session_options(command, options->daemon);
  return {command, options};
}

void add_change(CLI::App* command, TrustOptions& options) {
  command->add_option("--reason", options.reason, "Why; it is kept with the version")->required();
  command
      ->add_option("--based-on", options.based_on,
                   "The version you looked at: refused when it is no longer the newest. Without it: the one in force")
      ->check(CLI::PositiveNumber);
}

void add_reading(CLI::App& trust, Session& session) {
  const auto [list, listed] = add_trust_command(
      trust, session, "list", "Every trust list there was, the newest first: by whom, when, why", &list_trust_versions);
  list->add_option("--before", listed->before, "Version of the last row of the page before")
      ->check(CLI::PositiveNumber);
  list->add_option("--limit", listed->limit, "Rows at most")->check(CLI::Range(1U, 500U))->capture_default_str();
  list->footer("Example: tanba trust list --session security.session");
  const auto [show, shown] =
      add_trust_command(trust, session, "show", "Anchors and intermediates of one list", &show_trust);
  show->add_option("VERSION", shown->version, "Without it: the list in force")->check(CLI::PositiveNumber);
  show->footer("Example: tanba trust show 3 --session security.session");
  const auto [diff, compared] =
      add_trust_command(trust, session, "diff", "What one list has otherwise than another", &show_trust_difference);
  diff->add_option("VERSION", compared->version, "The newer one")->required()->check(CLI::PositiveNumber);
  diff->add_option("--from", compared->from, "The older one; without it the version before")
      ->check(CLI::PositiveNumber);
  diff->footer("Example: tanba trust diff 5 --from 2 --session security.session");
}

void add_changing(CLI::App& trust, Session& session) {
  const auto [import, imported] =
      add_trust_command(trust, session, "import", "Take an anchor or intermediate into the list", &import_trusted);
  import->add_option("FILE", imported->file, "One certificate, DER or PEM")->required();
  import
      ->add_option("--sha256", imported->sha256,
                   "Its SHA-256 fingerprint as you got it by another way than the file: from the printed order, by "
                   "telephone, from a colleague")
      ->required();
  CLI::Option* purposes =
      import
          ->add_option("--purpose", imported->purposes,
                       "applicant, officer, operator, ocsp, tsa or portal; may stand several times. An anchor has one "
                       "at least")
          ->allow_extra_args(false)
          ->check(CLI::IsMember({"applicant", "officer", "operator", "ocsp", "tsa", "portal"}));
  CLI::Option* from = import->add_option("--from", imported->trusted_from, "Trusted from then on (RFC 3339)");
  CLI::Option* until = import->add_option("--until", imported->trusted_until, "Trusted until then");
  import->add_flag("--intermediate", imported->intermediate, "Paths may go through it; trusted for nothing by itself")
      ->excludes(purposes)
      ->excludes(from)
      ->excludes(until);
  add_change(import, *imported);
  import->footer(
      "An anchor that is there already gets these purposes and this window instead of its own.\n"
      "Never copy the fingerprint from the file itself (tanba cert show): then it proves nothing.\n"
      "Example: tanba trust import root_rsa_2020.pem --sha256 'A1:B2:...' --purpose applicant --purpose officer "
      "--purpose ocsp --reason 'приказ № 12' --session security.session");
  const auto [remove, removed] =
      add_trust_command(trust, session, "remove", "Take an anchor or intermediate out of the list", &remove_trusted);
  remove->add_option("SHA256", removed->sha256, "Its fingerprint, as `tanba trust show` has it")->required();
  remove->add_flag("--intermediate", removed->intermediate, "It is an intermediate, not an anchor");
  add_change(remove, *removed);
  remove->footer(
      "The last anchor by which officers and security staff log in is not removed.\n"
      "Example: tanba trust remove 1f0c...9a --reason 'key compromise' --session security.session");
  const auto [rollback, restored] = add_trust_command(
      trust, session, "rollback", "Take an earlier list into force again, as a new version", &roll_back_trust);
  rollback->add_option("VERSION", restored->version, "Whose list it shall be")->required()->check(CLI::PositiveNumber);
  add_change(rollback, *restored);
  rollback->footer("Example: tanba trust rollback 3 --reason 'wrong certificate' --session security.session");
}

}  // namespace

void add_trust(CLI::App& app, Session& session) {
  CLI::App* trust =
      add_group(app, session, "trust", "Trust lists: what signatures are traced back to, through the daemon");
  trust->footer("Log in first: tanba licence login --role security --session security.session ...");
  add_reading(*trust, session);
  add_changing(*trust, session);
}

}  // namespace tanba::cli
