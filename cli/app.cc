#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/parsing.h"
#include "cli/unknown_command.h"
#include "cli/words.h"

namespace tanba::cli {
namespace {

void add_expectations(CLI::App* command, std::string& iin, std::string& bin) {
  command->add_option("--expect-iin", iin, "Refuse unless the signer's certificate has exactly this IIN");
  command->add_option("--expect-bin", bin, "Refuse unless the signer's certificate has exactly this BIN");
}

void add_verify(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "verify", "Verify signed documents, each in whatever format it is: CMS, XML, PDF");
  auto options = std::make_shared<VerifyOptions>();
  command
      ->add_option(
          "FILE", options->files,
          "The signed document; - is standard input. Several files, or directories of them, give one report each")
      ->required();
  command->add_option("--data", options->data, "The content of a detached signature");
  add_expectations(command, options->expect_iin, options->expect_bin);
  command->add_option("--capsule", options->capsule,
                      "Write everything that was judged with here: an evidence capsule, not sealed");
  command->add_flag("--require-signing-certificate", options->common.require_signing_certificate,
                    "Refuse signatures that do not name their certificate in what is signed (ESS, XAdES)");
  add_verification_options(command, options->common);
  command->footer(
      "Exit status: 0 accept, 1 refuse, 2 evidence is missing (try again), 3 a file cannot be read or written, 64 "
      "wrong usage. Of "
      "several files the worst: 1 before 3 before 2.\n"
      "Example: tanba verify licence.xml --trust anchors.pem --crl evidence/ --expect-bin 123456789012");
  command->callback([&session, options] {
    session.action = [options](const Output& output) {
      if (is_batch(*options)) return verify_documents(*options, output);
      options->file = options->files.front();
      return verify_document(*options, output);
    };
  });
}

void add_cert(CLI::App& app, Session& session) {
  CLI::App* cert = add_group(app, session, "cert", "Look at certificates, or verify one");
  CLI::App* show = add_command(*cert, session, "show", "Show certificates: holder, numbers, roles, key, sources");
  auto file = std::make_shared<std::string>();
  show->add_option("FILE", *file, "DER or PEM; a PEM file may hold several")->required();
  show->footer("Example: tanba cert show officer.pem");
  show->callback(
      [&session, file] { session.action = [file](const Output& output) { return show_certificate(*file, output); }; });

  CLI::App* command = add_command(*cert, session, "verify", "Verify a certificate for a purpose (RFC 5280)");
  auto options = std::make_shared<CertVerifyOptions>();
  command->add_option("FILE", options->file, "DER or PEM; the first certificate is verified, others may be its issuers")
      ->required();
  command->add_option("--purpose", options->purpose, "signing, any, tls-client, tls-server, ocsp or time-stamping")
      ->check(CLI::IsMember({"signing", "any", "tls-client", "tls-server", "ocsp", "time-stamping"}))
      ->capture_default_str();
  command
      ->add_option("--initial-policy", options->initial_policies,
                   "user-initial-policy-set, RFC 5280 6.1.1 (c); may stand several times")
      ->allow_extra_args(false);
  command->add_flag("--explicit-policy", options->explicit_policy, "initial-explicit-policy");
  command->add_flag("--inhibit-any-policy", options->inhibit_any_policy, "initial-any-policy-inhibit");
  command->add_flag("--inhibit-policy-mapping", options->inhibit_policy_mapping, "initial-policy-mapping-inhibit");
  add_expectations(command, options->expect_iin, options->expect_bin);
  add_verification_options(command, options->common);
  command->footer("Example: tanba cert verify officer.pem --trust anchors.pem --crl evidence/");
  command->callback([&session, options] {
    session.action = [options](const Output& output) { return verify_certificate(*options, output); };
  });
}

void add_crl(CLI::App& app, Session& session) {
  CLI::App* crl = add_group(app, session, "crl", "Certificate revocation lists");
  CLI::App* command = add_command(*crl, session, "verify", "Verify that a revocation list is authentic and current");
  auto options = std::make_shared<CrlVerifyOptions>();
  command->add_option("FILE", options->file, "DER or PEM")->required();
  add_verification_options(command, options->common);
  command->footer("Example: tanba crl verify issuing.crl --trust anchors.pem --intermediate issuing.pem");
  command->callback([&session, options] {
    session.action = [options](const Output& output) { return verify_crl(*options, output); };
  });
}

void add_ocsp_command(CLI::App& app, Session& session) {
  CLI::App* ocsp = add_group(app, session, "ocsp", "OCSP answers");
  CLI::App* command = add_command(*ocsp, session, "verify", "Verify that an OCSP answer is authentic and current");
  auto options = std::make_shared<OcspVerifyOptions>();
  command->add_option("FILE", options->file, "DER, PEM or base64")->required();
  command->add_option("--issuer", options->issuer,
                      "The CA that the answer speaks for; else the one that its CertID names");
  command->add_option("--cert", options->certificate, "The certificate that must be answered for");
  add_verification_options(command, options->common);
  command->footer("Example: tanba ocsp verify answer.ors --trust anchors.pem --issuer issuing.pem --cert officer.pem");
  command->callback([&session, options] {
    session.action = [options](const Output& output) { return verify_ocsp(*options, output); };
  });
}

void add_timestamp(CLI::App& app, Session& session) {
  CLI::App* timestamp = add_group(app, session, "timestamp", "Time stamps (RFC 3161)");
  CLI::App* command = add_command(*timestamp, session, "verify", "Verify that a time stamp is authentic");
  auto options = std::make_shared<TimestampVerifyOptions>();
  command->add_option("TOKEN", options->file, "The token, or the authority's whole response: DER or PEM")->required();
  command->add_option("--data", options->data, "What the time stamp must be over");
  add_verification_options(command, options->common);
  command->footer("Example: tanba timestamp verify contract.tst --data contract.pdf --trust anchors.pem");
  command->callback([&session, options] {
    session.action = [options](const Output& output) { return verify_timestamp(*options, output); };
  });
}

base::Language language_of(const std::string& name) {
  if (name == "ru") return base::Language::kRussian;
  if (name == "kk") return base::Language::kKazakh;
  return name.empty() ? language_of_environment() : base::Language::kEnglish;
}

// Also of a line that was not understood: whoever asked for a language is told in it what is wrong.
base::Language wanted_language(int argc, char** argv) {
  constexpr std::string_view kName = "--lang";
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view argument(argv[i]);
    if (argument == kName && i + 1 < argc) return language_of(argv[i + 1]);
    if (argument.starts_with("--lang=")) return language_of(std::string(argument.substr(kName.size() + 1)));
  }
  return language_of_environment();
}

bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

// An empty value is what a script's unset variable leaves. Taken for "nothing was given", it would take a demand away:
// whoever asks for `--expect-iin "$IIN"` would accept anybody.
base::Status check_no_empty_value(int argc, char** argv) {
  bool options = true;  // until "--"
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    if (argument.empty()) {
      const std::string_view before = options && i > 1 ? argv[i - 1] : "";
      return usage((before.starts_with('-') ? std::string(before) + " has" : "there is") + " an empty value");
    }
    if (!options) continue;
    options = argument != "--";
    // The parser would take the next argument for the value.
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1)
      return usage(std::string(argument.substr(0, argument.size() - 1)) + " has an empty value");
  }
  return {};
}

// Where a value was forgotten, the parser takes the next option for it: that option would be lost without a word.
base::Status check_no_option_as_value(const CLI::App& app) {
  for (const CLI::App* at = &app; at != nullptr;) {
    for (const CLI::Option* option : at->get_options()) {
      // After "--" a file may be called anything.
      if (option->get_positional() || option->get_items_expected_max() == 0) continue;
      for (const std::string& value : option->results()) {
        if (value.starts_with("--")) return usage(option->get_name() + " has no value before " + value);
      }
    }
    const std::vector<CLI::App*> parsed = at->get_subcommands();
    at = parsed.empty() ? nullptr : parsed.front();
  }
  return {};
}

void add_common_options(CLI::App* command, Session& session) {
  command->add_flag("--json", session.json, "Print exactly one JSON document: a report, or a problem");
  command
      ->add_option("--lang", session.language, "Language of texts: en, ru or kk (default: TANBA_LANG, else the locale)")
      ->check(CLI::IsMember({"en", "ru", "kk"}));
}

}  // namespace

void add_verification_options(CLI::App* command, VerificationOptions& common) {
  const std::string group = "Trust and evidence";
  command->add_option("--trust", common.trust, "Trust anchors: FILE or DIR; replaces every other anchor")
      ->allow_extra_args(false)
      ->group(group);
  command->add_option("--intermediate", common.intermediates, "Certificates that may stand between: FILE or DIR")
      ->allow_extra_args(false)
      ->group(group);
  command->add_option("--crl", common.crls, "Revocation lists at hand: FILE or DIR")
      ->allow_extra_args(false)
      ->group(group);
  command->add_option("--ocsp", common.ocsp, "OCSP answers at hand: FILE or DIR")
      ->allow_extra_args(false)
      ->group(group);
  command->add_option("--at", common.at, "The clock reads this time (RFC 3339, or a date for its 00:00:00Z)")
      ->group(group);
  command->add_option("--existed-at", common.existed_at, "You vouch that the signature existed at this time")
      ->group(group);
  command->add_option("--policy", common.policy, "kz-submission, kz-archive or conformance")
      ->check(CLI::IsMember({"kz-submission", "kz-archive", "conformance"}))
      ->capture_default_str()
      ->group(group);
  command->add_option("--revocation", common.revocation, "require, if-available or off")
      ->check(CLI::IsMember({"require", "if-available", "off"}))
      ->group(group);
  command->add_flag("--online", common.online, "Ask OCSP and fetch CRLs where evidence is missing")->group(group);
  command
      ->add_option("--allow-source", common.allowed_sources,
                   "host:port that --online may reach though it is not public")
      ->allow_extra_args(false)
      ->group(group);
}

CLI::App* add_command(CLI::App& parent, Session& session, const std::string& name, const std::string& description) {
  CLI::App* command = parent.add_subcommand(name, description);
  add_common_options(command, session);
  return command;
}

CLI::App* add_group(CLI::App& parent, Session& session, const std::string& name, const std::string& description) {
  CLI::App* group = add_command(parent, session, name, description);
  group->require_subcommand(1);
  return group;
}

void add_commands(CLI::App& app, Session& session) {
  app.set_version_flag("--version", "tanba 0.1.0");
  app.require_subcommand(1);
  add_verify(app, session);
  add_cert(app, session);
  add_crl(app, session);
  add_ocsp_command(app, session);
  add_timestamp(app, session);
  add_sign(app, session);
  add_augment(app, session);
  add_token(app, session);
  add_licence(app, session);
  add_trust(app, session);
  add_revocation(app, session);
  add_capsule(app, session);
}

base::Result<std::string> parse_line(CLI::App& app, int argc, char** argv) {
  TANBA_CHECK(check_no_empty_value(argc, argv));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      TANBA_CHECK(check_command_names(app, argc, argv));
      return usage(error.what());
    }
    std::ostringstream help;
    static_cast<void>(app.exit(error, help, help));
    return std::move(help).str();
  }
  TANBA_CHECK(check_no_option_as_value(app));
  return "";
}

int run_app(int argc, char** argv) {
  // A reader that has gone is told like a full disk: what is printed at the end may be the only word of what was done.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  CLI::App app("Tanba checks and makes electronic signatures (ЭЦП) of Kazakhstan's licensing flow.", "tanba");
  Session session;
  add_commands(app, session);
  const base::Result<std::string> help = parse_line(app, argc, argv);
  if (!help) {
    const Output output{wants_json(argc, argv) ? Form::kJson : Form::kText, wanted_language(argc, argv)};
    const int status = finish(help.error(), output);
    if (output.form == Form::kText) say(std::string(word(Word::kTryHelp, output.language)) + "\n");
    return status;
  }
  if (!help->empty()) return finish({}, *help, {Form::kText, language_of_environment()});
  return session.action({session.json ? Form::kJson : Form::kText, language_of(session.language)});
}

}  // namespace tanba::cli
