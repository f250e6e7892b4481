#include <memory>

#include "cli/commands.h"
#include "cli/parsing.h"

namespace tanba::cli {
namespace {

void add_verify_capsule(CLI::App& capsule, Session& session) {
  CLI::App* command =
      add_command(capsule, session, "verify",
                  "Judge again from what the capsule holds, offline, and verify its seal and time stamps");
  auto options = std::make_shared<CapsuleVerifyOptions>();
  command->add_option("FILE", options->file, "The capsule")->required();
  command->add_option("--document", options->document, "The signed document that the capsule must be about");
  command
      ->add_option("--seal-key", options->seal_keys,
                   "SHA-256 of a public key that may seal (see tanba cert show); may stand several times")
      ->allow_extra_args(false);
  command->add_flag("--unsealed", options->unsealed, "The capsule need not be sealed: nobody vouches for it");
  add_verification_options(command, options->common);
  command->footer(
      "Trust and evidence are for the seal and the time stamps; the report comes from the capsule alone.\n"
      "Exit status: 0 it holds, whatever its report decided; 1 it does not; 2 something is left out of it.\n"
      "Example: tanba capsule verify licence.capsule --document licence.xml --trust anchors.pem");
  command->callback([&session, options] {
    session.action = [options](const Output& output) { return verify_capsule(*options, output); };
  });
}

void add_show(CLI::App& capsule, Session& session) {
  CLI::App* command = add_command(capsule, session, "show", "What is in a capsule, verifying nothing");
  auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "The capsule")->required();
  command->footer("Example: tanba capsule show licence.capsule");
  command->callback(
      [&session, file] { session.action = [file](const Output& output) { return show_capsule(*file, output); }; });
}

void add_renew(CLI::App& capsule, Session& session) {
  CLI::App* command = add_command(capsule, session, "renew",
                                  "A further time stamp over everything in the capsule, before what protects it ages");
  auto options = std::make_shared<CapsuleRenewOptions>();
  command->add_option("FILE", options->file, "The capsule")->required();
  command->add_option("-o,--output", options->output, "Write here, wholly or not at all")->required();
  add_time_stamp_options(command, options->time_stamp);
  command->footer(
      "Example: tanba capsule renew licence.capsule --tsa http://tsp.pki.gov.kz --tsa-digest SHA-512 --trust "
      "anchors.pem -o renewed.capsule");
  command->callback([&session, options] {
    session.action = [options](const Output& output) { return renew_capsule(*options, output); };
  });
}

}  // namespace

void add_capsule(CLI::App& app, Session& session) {
  CLI::App* capsule =
      add_group(app, session, "capsule", "Evidence capsules: why a signature was trusted, provable for years");
  add_verify_capsule(*capsule, session);
  add_show(*capsule, session);
  add_renew(*capsule, session);
}

}  // namespace tanba::cli
