#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/parsing.h"

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
  CLI::App* cert = app.add_subcommand("cert", "Look at certificates, or verify one");
  cert->require_subcommand(1);
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
  CLI::App* crl = app.add_subcommand("crl", "Certificate revocation lists");
  crl->require_subcommand(1);
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
  CLI::App* ocsp = app.add_subcommand("ocsp", "OCSP answers");
  ocsp->require_subcommand(1);
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
  CLI::App* timestamp = app.add_subcommand("timestamp", "Time stamps (RFC 3161)");
  timestamp->require_subcommand(1);
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

bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

int report_usage(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error) == 0 ? kExitAccept : kExitUsage;
  const base::Error usage(base::Code::kInputUsage, {{"reason", error.what()}});
  finish(usage, {wants_json(argc, argv) ? Form::kJson : Form::kText, language_of_environment()});
  if (!wants_json(argc, argv)) say("Try: tanba --help, or --help after a command.\n");
  return kExitUsage;
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
  command->add_flag("--json", session.json, "Print exactly one JSON document: a report, or a problem");
  command
      ->add_option("--lang", session.language, "Language of texts: en, ru or kk (default: TANBA_LANG, else the locale)")
      ->check(CLI::IsMember({"en", "ru", "kk"}));
  return command;
}

int run_app(int argc, char** argv) {
  CLI::App app("Tanba checks and makes electronic signatures (ЭЦП) of Kazakhstan's licensing flow.", "tanba");
  app.set_version_flag("--version", "tanba 0.1.0");
  app.require_subcommand(1);
  Session session;
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error, argc, argv);
  }
  return session.action({session.json ? Form::kJson : Form::kText, language_of(session.language)});
}

}  // namespace tanba::cli
