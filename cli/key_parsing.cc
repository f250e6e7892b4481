#include <memory>

#include "cli/commands.h"
#include "cli/parsing.h"

namespace tanba::cli {
namespace {

void add_token_options(CLI::App* command, TokenOptions& token, const std::string& uri_help) {
  command->add_option("--token", token.uri, uri_help);
  command->add_option("--module", token.module,
                      "The PKCS#11 module; else module-path in the URI, else TANBA_PKCS11_MODULE");
}

void add_pin(CLI::App* command, std::string& file) {
  command->add_option("--password-file", file, "The PIN is in this file; else TANBA_PIN, else it is asked for");
}

void add_new_key(CLI::App* command, NewKeyOptions& key) {
  command->add_option("--key-label", key.label, "Label of the new key")->capture_default_str();
  command->add_option("--key-id", key.id, "Id of the new key, hexadecimal")->capture_default_str();
  command->add_option("--bits", key.bits, "RSA-2048, 3072 or 4096")
      ->check(CLI::IsMember({2048U, 3072U, 4096U}))
      ->capture_default_str();
}

template <class Options>
CLI::App* add_action(CLI::App& parent, Session& session, const std::string& name, const std::string& description,
                     const std::shared_ptr<Options>& options, int (*action)(const Options&, const Output&)) {
  CLI::App* command = add_command(parent, session, name, description);
  command->callback([&session, options, action] {
    session.action = [options, action](const Output& output) { return action(*options, output); };
  });
  return command;
}

void add_listing(CLI::App& token, Session& session) {
  auto listed = std::make_shared<TokenListOptions>();
  CLI::App* list =
      add_action(token, session, "list", "Tokens in their slots, with the state of each PIN", listed, &list_tokens);
  add_token_options(list, listed->token, "Only tokens that this URI fits");
  list->footer("Example: tanba token list --module /usr/lib/softhsm/libsofthsm2.so");

  auto shown = std::make_shared<TokenListOptions>();
  CLI::App* keys = add_action(token, session, "keys", "Keys on tokens, with certificates and the URIs that name them",
                              shown, &list_keys);
  add_token_options(keys, shown->token, "Only tokens that this URI fits");
  keys->add_flag("--login", shown->log_in, "Log in first: private keys show only then; --token must name one token");
  add_pin(keys, shown->password_file);
  keys->footer("Example: tanba token keys --module /usr/lib/softhsm/libsofthsm2.so");
}

void add_init(CLI::App& token, Session& session) {
  auto options = std::make_shared<TokenInitOptions>();
  CLI::App* command = add_action(
      token, session, "init", "Prepare a token: set its PINs, make a key that never leaves it", options, &init_token);
  command->add_option("--label", options->label, "Label of the token, at most 32 octets")->required();
  add_token_options(command, options->token, "Which token; without it the first that is not initialised");
  command->add_option("--so-pin-file", options->so_pin_file,
                      "The administrator's PIN is in this file; else TANBA_SO_PIN, else it is asked for");
  add_pin(command, options->password_file);
  add_new_key(command, options->key);
  command->add_flag("--erase", options->erase,
                    "Destroy everything on the token that --token names; the administrator's PIN must be its own");
  command->footer(
      "Example: tanba token init --label officer --module /usr/lib/softhsm/libsofthsm2.so --so-pin-file so.pin "
      "--password-file user.pin");
}

void add_key_commands(CLI::App& token, Session& session) {
  const auto add = [&](const std::string& name, const std::string& description,
                       int (*action)(const TokenKeyOptions&, const Output&)) {
    auto options = std::make_shared<TokenKeyOptions>();
    CLI::App* command = add_action(token, session, name, description, options, action);
    add_token_options(command, options->token, "PKCS#11 URI (RFC 7512) of the token or key");
    add_pin(command, options->password_file);
    return std::pair(command, options);
  };
  const auto [generate, generated] = add("generate", "Make a further key on a token", &generate_key);
  add_new_key(generate, generated->key);
  generate->footer("Example: tanba token generate --token pkcs11:token=officer --key-label refusal --key-id 02");

  const auto [exported, exporting] =
      add("public-key", "Write the public key (SubjectPublicKeyInfo, PEM)", &export_public_key);
  exported->add_flag("--login", exporting->log_in, "Log in first, for tokens that hide public keys");
  exported->add_option("-o,--output", exporting->output, "Write here instead of to standard output");
  exported->footer("Example: tanba token public-key --token 'pkcs11:token=officer;object=signing' -o officer.pub.pem");

  const auto [request, requested] =
      add("csr", "Write a certificate request (PKCS#10, PEM) signed by the key", &request_certificate);
  request
      ->add_option("--subject", requested->subject,
                   "TYPE=VALUE, in the order of the name: CN, SURNAME, GIVENNAME, SERIALNUMBER, C, L, ST, O, OU, EMAIL")
      ->required()
      ->allow_extra_args(false);
  request->add_option("-o,--output", requested->output, "Write here instead of to standard output");
  request->footer(
      "Example: tanba token csr --token 'pkcs11:token=officer;object=signing' --subject C=KZ --subject 'CN=ИВАНОВ "
      "ИВАН' -o officer.csr");

  const auto [import, imported] =
      add("import-certificate", "Put certificates on the token: its keys' own, and authorities'", &import_certificate);
  import->add_option("FILE", imported->file, "DER or PEM; a PEM file may hold several")->required();
  import->footer("Example: tanba token import-certificate officer.pem --token pkcs11:token=officer");
}

}  // namespace

void add_time_stamp_authorities(CLI::App* command, TimeStampOptions& stamp) {
  const std::string group = "Time stamp";
  command
      ->add_option(
          "--tsa", stamp.urls,
          "URL[,URL...] of time-stamp authorities (RFC 3161), asked in this order; what each gives is verified")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(group);
  command
      ->add_option("--tsa-policy", stamp.policy, "Policy OID to ask for; НУЦ РК: 1.2.398.3.3.2.6.2 RSA, …6.4 ГОСТ 2015")
      ->group(group);
  command->add_option("--tsa-digest", stamp.digest, "Digest of the imprint, such as SHA-256 or GOST34.11-2015-512")
      ->capture_default_str()
      ->group(group);
}

void add_time_stamp_options(CLI::App* command, TimeStampOptions& stamp) {
  const std::string group = "Time stamp";
  add_time_stamp_authorities(command, stamp);
  const auto files = [&](const char* name, std::vector<std::string>& list, const char* help) {
    command->add_option(name, list, help)->allow_extra_args(false)->group(group);
  };
  files("--trust", stamp.common.trust, "Trust anchors of the authority: FILE or DIR; needed with --tsa");
  files("--intermediate", stamp.common.intermediates, "Certificates that may stand between: FILE or DIR");
  files("--crl", stamp.common.crls, "Revocation lists at hand: FILE or DIR");
  files("--ocsp", stamp.common.ocsp, "OCSP answers at hand: FILE or DIR");
  files("--allow-source", stamp.common.allowed_sources, "host:port that may be reached though it is not public");
  command->add_option("--revocation", stamp.common.revocation, "require (the default), if-available or off")
      ->check(CLI::IsMember({"require", "if-available", "off"}))
      ->group(group);
}

void add_key_options(CLI::App* command, KeyOptions& key) {
  const std::string group = "The key that signs";
  command->add_option("--token", key.token.uri, "PKCS#11 URI (RFC 7512) of the key on a token")->group(group);
  command
      ->add_option("--module", key.token.module,
                   "The PKCS#11 module; else module-path in the URI, else TANBA_PKCS11_MODULE")
      ->group(group);
  command->add_option("--p12", key.p12, "PKCS#12 file with the key and its certificate")->group(group);
  command
      ->add_option("--password-file", key.password_file,
                   "The password or PIN is in this file; else TANBA_P12_PASSWORD or TANBA_PIN, else it is asked for")
      ->group(group);
  command->add_option("--chain", key.chain, "Certificates to add to the signature (issuing authorities): FILE or DIR")
      ->allow_extra_args(false)
      ->group(group);
}

namespace {

void add_further_options(CLI::App* command, SignOptions& options) {
  const std::string group = "A document that is signed already (CMS)";
  command->add_flag("--add", options.add, "Add one more signer beside those that FILE has")->group(group);
  command->add_option("--data", options.data, "The content of FILE when it is detached, for --add")->group(group);
  command
      ->add_option("--counter-sign", options.counter_sign,
                   "Sign the signature of this id in FILE: S1, S2, ...; may be left out when there is only one")
      ->expected(0, 1)
      ->default_str("")
      ->group(group);
}

void add_pdf_options(CLI::App* command, PdfOptions& pdf) {
  const std::string group = "PDF";
  command
      ->add_option(
          "--visible", pdf.visible,
          "PAGE,X,Y,WIDTH,HEIGHT: the first signature shows there (points from the lower left corner); without "
          "it nothing shows")
      ->group(group);
  command->add_option("--field", pdf.field, "Sign in this signature field, which is there and empty")->group(group);
  command
      ->add_option("--certify", pdf.certify,
                   "The first signature says what may follow: 1 nothing, 2 filling in and signing, 3 comments too")
      ->check(CLI::Range(1U, 3U))
      ->group(group);
  command
      ->add_flag("--document-time-stamp", pdf.time_stamp,
                 "Add a time stamp of --tsa over the whole document, behind the signature and its evidence")
      ->group(group);
}

}  // namespace

void add_sign(CLI::App& app, Session& session) {
  auto options = std::make_shared<SignOptions>();
  CLI::App* command = add_action(app, session, "sign", "Sign a file with a key on a token or in a PKCS#12 file",
                                 options, &sign_document);
  command->add_option("FILE", options->file, "What to sign; - is standard input")->required();
  command
      ->add_option(
          "--format", options->format,
          "cms: SignedData, DER; xml: enveloped XML-DSig, FILE is an XML document; xades: the same at XAdES level "
          "B-B; soap: WS-Security, FILE is a SOAP 1.1 message or what its Body shall hold; "
          "pdf: PAdES, FILE is a PDF and stays as it is, the signature is added behind it")
      ->required()
      ->check(CLI::IsMember({"cms", "xml", "xades", "soap", "pdf"}));
  command->add_flag("--detached", options->detached,
                    "CMS without the content: FILE must be given beside it to whoever verifies");
  command
      ->add_option("--valid-for", options->valid_for_s,
                   "SOAP: a signed Timestamp, by which the message is to be acted upon within so many seconds")
      ->check(CLI::Range(1U, 86400U));
  command->add_option("-o,--output", options->output, "Write here, wholly or not at all; without it: standard output");
  command
      ->add_option("--level", options->level,
                   "B-B; B-T: with a time stamp (what --tsa alone does); B-LT: also with the evidence by which it is "
                   "accepted years later")
      ->check(CLI::IsMember({"B-B", "B-T", "B-LT"}));
  add_pdf_options(command, options->pdf);
  add_further_options(command, *options);
  add_key_options(command, options->key);
  add_time_stamp_options(command, options->time_stamp);
  command->footer(
      "The signature carries the signer's certificate and those of its issuers that are at hand (on the token, in the "
      "PKCS#12, by --chain).\n"
      "Exit status: 0 signed, 1 FILE cannot be signed, 3 a file cannot be opened or the password is wrong, 64 wrong "
      "usage. A wrong PIN is tried once.\n"
      "Example: tanba sign application.xml --format xml --p12 head.p12 --password-file password.txt -o signed.xml");
}

void add_augment(CLI::App& app, Session& session) {
  auto options = std::make_shared<AugmentOptions>();
  CLI::App* command = add_action(app, session, "augment",
                                 "Lift the signatures of a document: time stamps, and evidence for later years",
                                 options, &augment_document);
  command->add_option("FILE", options->file, "The signed document: CMS, XAdES or PDF; - is standard input")->required();
  command->add_option("--level", options->level, "B-T: a time stamp; B-LT: also all the evidence")
      ->check(CLI::IsMember({"B-T", "B-LT"}))
      ->capture_default_str();
  command->add_option("--data", options->data, "The content of a detached signature");
  command->add_option("-o,--output", options->output, "Write here, wholly or not at all; without it: standard output");
  add_time_stamp_authorities(command, options->time_stamp);
  add_verification_options(command, options->common);
  command->footer(
      "What is not accepted is not lifted; what is written was accepted again, B-LT from its inside alone. --tsa also "
      "asks sources of evidence, as --online does.\n"
      "Exit status: 0 lifted, 1 FILE is refused or cannot be lifted, 2 evidence is missing, 3 a file cannot be read or "
      "written, "
      "64 "
      "wrong usage.\n"
      "Example: tanba augment signed.p7s --level B-LT --tsa http://tsp.pki.gov.kz/ --trust anchors.pem -o "
      "archived.p7s");
}

void add_token(CLI::App& app, Session& session) {
  CLI::App* token =
      add_group(app, session, "token", "Tokens (PKCS#11): look at them, prepare one, its keys and certificates");
  add_listing(*token, session);
  add_init(*token, session);
  add_key_commands(*token, session);
}

}  // namespace tanba::cli
