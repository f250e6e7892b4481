#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/verification.h"
#include "cli/words.h"
#include "tokens/token_setup.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;
using tokens::PinState;

// What a token and its certificates say of themselves comes from outside.
std::string shown(const std::string& text) {
  return base::escape_for_display(text);
}

std::unexpected<base::Error> usage(std::string reason) {
  return base::fail(Code::kInputUsage, {{"reason", std::move(reason)}});
}

Word pin_word(PinState state) {
  switch (state) {
    case PinState::kNotInitialised:
      return Word::kPinNotInitialised;
    case PinState::kReady:
      return Word::kPinReady;
    case PinState::kCountLow:
      return Word::kPinCountLow;
    case PinState::kFinalTry:
      return Word::kPinFinalTry;
    case PinState::kToBeChanged:
      return Word::kPinToBeChanged;
    case PinState::kLocked:
      break;
  }
  return Word::kPinLocked;
}

// What a command gives back: the same as JSON and as text.
struct Answer {
  json::object document;
  std::string text;
};

int finish(const base::Result<Answer>& answer, const Output& output) {
  return answer ? cli::finish(answer->document, answer->text, output) : cli::finish(answer.error(), output);
}

base::Result<std::vector<tokens::TokenInfo>> matching_tokens(tokens::Module& module, const std::string& uri) {
  tokens::Pkcs11Uri which;
  if (!uri.empty()) {
    TANBA_TRY(which, tokens::parse_pkcs11_uri(uri));
  }
  return module.tokens(which);
}

void add_token(const tokens::TokenInfo& token, const Output& output, json::array& list, std::string& text) {
  const std::string uri = tokens::format_pkcs11_uri(tokens::uri_of(token));
  list.push_back(json::object{{"slot", token.slot},
                              {"label", shown(token.label)},
                              {"manufacturer", shown(token.manufacturer)},
                              {"model", shown(token.model)},
                              {"serial", shown(token.serial)},
                              {"uri", uri},
                              {"initialised", token.initialised},
                              {"loginRequired", token.login_required},
                              {"writeProtected", token.write_protected},
                              {"pinPad", token.pin_pad},
                              {"userPin", tokens::to_string(token.user_pin)},
                              {"soPin", tokens::to_string(token.so_pin)}});
  const auto say = [&](Word which) { return word(which, output.language); };
  text += fmt::format("{}: {} ({} {}, {} {})\n", say(Word::kToken),
                      token.initialised ? shown(token.label) : std::string(say(Word::kNotInitialised)),
                      shown(token.manufacturer), shown(token.model), say(Word::kSlot), token.slot);
  if (!token.initialised) return;
  text += fmt::format("  {}\n  {}: {}\n  {}: {}\n", uri, say(Word::kUserPin), say(pin_word(token.user_pin)),
                      say(Word::kSoPin), say(pin_word(token.so_pin)));
}

base::Result<Answer> tokens_answer(const TokenListOptions& options, const Output& output) {
  TANBA_TRY(const auto module, load_module(options.token));
  TANBA_TRY(const std::vector<tokens::TokenInfo> found, matching_tokens(*module, options.token.uri));
  Answer answer;
  json::array list;
  for (const tokens::TokenInfo& token : found) add_token(token, output, list, answer.text);
  if (found.empty()) answer.text = fmt::format("{}\n", word(Word::kNothingFound, output.language));
  answer.document["tokens"] = std::move(list);
  return answer;
}

json::value certificate_json(const pki::Certificate& certificate) {
  return json::object{{"subject", base::escape_for_display(certificate.subject().rfc4514(), 1000)},
                      {"issuer", base::escape_for_display(certificate.issuer().rfc4514(), 1000)},
                      {"serial", certificate.serial_hex()},
                      {"notBefore", base::format_time(certificate.not_before())},
                      {"notAfter", base::format_time(certificate.not_after())},
                      {"sha256", certificate.digest().hex()}};
}

json::value key_json(const tokens::KeyEntry& key) {
  json::array certificates;
  for (const pki::CertificatePtr& certificate : key.certificates)
    certificates.push_back(certificate_json(*certificate));
  return json::object{
      {"uri", tokens::format_pkcs11_uri(key.uri)},
      {"label", shown(key.label)},
      {"id", base::to_hex(key.id)},
      {"kind", pki::to_string(key.key.kind)},
      {"bits", key.key.bits},
      {"sha256", key.key.kind == pki::KeyKind::kUnknown ? json::value(nullptr) : json::value(key.key.digest.hex())},
      {"privateKeySeen", key.has_private_key},
      {"signs", key.signs},
      {"sensitive", key.sensitive},
      {"extractable", key.has_private_key ? json::value(key.extractable) : json::value(nullptr)},
      {"certificates", std::move(certificates)}};
}

std::string key_text(const tokens::KeyEntry& key, const Output& output) {
  const auto say = [&](Word which) { return word(which, output.language); };
  const Word reach = !key.has_private_key ? Word::kPrivateNotSeen
                     : key.extractable    ? Word::kMayLeave
                                          : Word::kNeverLeaves;
  std::string text =
      fmt::format("{}: {} ({} {}), {}\n  {}\n", say(Word::kKey), shown(key.label), pki::to_string(key.key.kind),
                  key.key.bits, say(reach), tokens::format_pkcs11_uri(key.uri));
  if (key.certificates.empty()) text += fmt::format("  {}\n", say(Word::kNoCertificate));
  for (const pki::CertificatePtr& certificate : key.certificates) {
    text += fmt::format("  {}: {}, {} – {}\n", say(Word::kCertificate), shown(certificate->label()),
                        base::format_time(certificate->not_before()), base::format_time(certificate->not_after()));
  }
  return text;
}

void add_contents(const tokens::TokenContents& contents, const Output& output, json::array& keys, json::array& others,
                  std::string& text) {
  for (const tokens::KeyEntry& key : contents.keys) {
    keys.push_back(key_json(key));
    text += key_text(key, output);
  }
  for (const pki::CertificatePtr& certificate : contents.other_certificates) {
    others.push_back(certificate_json(*certificate));
    text += fmt::format("{}: {}\n", word(Word::kCertificate, output.language), shown(certificate->label()));
  }
}

// Everything that the URI's attributes about tokens fit, or the one token to log in to.
base::Result<std::vector<std::shared_ptr<tokens::Token>>> tokens_to_read(const TokenListOptions& options) {
  std::vector<std::shared_ptr<tokens::Token>> out;
  if (options.log_in) {
    TANBA_TRY(const OpenToken open, open_token(options.token));
    TANBA_CHECK(log_in(*open.token, options.password_file));
    out.push_back(open.token);
    return out;
  }
  TANBA_TRY(const auto module, load_module(options.token));
  TANBA_TRY(const std::vector<tokens::TokenInfo> found, matching_tokens(*module, options.token.uri));
  for (const tokens::TokenInfo& info : found) {
    if (!info.initialised) continue;
    out.push_back(std::make_shared<tokens::Token>(module, tokens::uri_of(info)));
    TANBA_CHECK(out.back()->connect());
  }
  return out;
}

base::Result<Answer> keys_answer(const TokenListOptions& options, const Output& output) {
  TANBA_TRY(const auto readable, tokens_to_read(options));
  tokens::Pkcs11Uri which;
  if (!options.token.uri.empty()) {
    TANBA_TRY(which, tokens::parse_pkcs11_uri(options.token.uri));
  }
  const bool names_an_object = which.object || which.id || which.type;
  Answer answer;
  json::array keys, others;
  for (const std::shared_ptr<tokens::Token>& token : readable) {
    TANBA_TRY(tokens::TokenContents contents, token->contents());
    std::erase_if(contents.keys, [&](const tokens::KeyEntry& key) { return !tokens::matches(which, key); });
    if (names_an_object) contents.other_certificates.clear();
    add_contents(contents, output, keys, others, answer.text);
  }
  if (answer.text.empty()) answer.text = fmt::format("{}\n", word(Word::kNothingFound, output.language));
  answer.document = {{"keys", std::move(keys)}, {"otherCertificates", std::move(others)}};
  return answer;
}

// The token to prepare: the one that the URI names, else the first that is not initialised.
base::Result<tokens::TokenInfo> token_to_prepare(tokens::Module& module, const TokenInitOptions& options) {
  TANBA_TRY(std::vector<tokens::TokenInfo> found, matching_tokens(module, options.token.uri));
  if (options.token.uri.empty()) {
    if (options.erase) return usage("--erase needs --token: which token is to be erased?");
    std::erase_if(found, [](const tokens::TokenInfo& token) { return token.initialised; });
  } else if (found.size() > 1) {
    return base::fail(Code::kTokenAmbiguous, {{"uri", options.token.uri}});
  }
  if (found.empty())
    return base::fail(Code::kTokenNotFound, {{"uri", options.token.uri.empty() ? "pkcs11:" : options.token.uri}});
  return found.front();
}

// No URI could tell two tokens of one label apart by it. The one that is prepared may keep its own.
base::Status check_label_is_free(const tokens::Module& module, const tokens::TokenInfo& chosen,
                                 const std::string& label) {
  TANBA_TRY(const std::vector<tokens::TokenInfo> all, module.tokens());
  const bool taken = std::ranges::any_of(all, [&](const tokens::TokenInfo& token) {
    return token.initialised && token.slot != chosen.slot && token.label == label;
  });
  if (!taken) return {};
  return usage("a token with the label " + shown(label) +
               " is there already: choose another by --label, or erase that one by --token and --erase");
}

base::Result<tokens::KeySetup> setup_of(const NewKeyOptions& key) {
  const auto id = base::from_hex(key.id);
  if (!id || id->empty()) return usage("--key-id is an even number of hexadecimal digits");
  return tokens::KeySetup{key.label, *id};
}

base::Result<Answer> new_key(const std::shared_ptr<tokens::Token>& token, const NewKeyOptions& options,
                             const Output& output) {
  TANBA_TRY(const tokens::KeySetup setup, setup_of(options));
  TANBA_TRY(const tokens::TokenContents before, token->contents());
  // Two keys of one id could be named by no URI.
  if (std::ranges::any_of(before.keys, [&](const auto& key) { return key.id == setup.id; })) {
    return usage("the token has a key with the id " + options.id + " already: choose another by --key-id");
  }
  TANBA_TRY(const std::shared_ptr<tokens::TokenKey> key, tokens::generate_rsa_key(token, setup, options.bits));
  return Answer{{{"key", key_json(key->entry())}}, key_text(key->entry(), output)};
}

base::Result<Answer> init_answer(const TokenInitOptions& options, const Output& output) {
  TANBA_CHECK(setup_of(options.key));
  TANBA_TRY(const auto module, load_module(options.token));
  TANBA_TRY(const tokens::TokenInfo chosen, token_to_prepare(*module, options));
  TANBA_CHECK(check_label_is_free(*module, chosen, options.label));
  TANBA_TRY(base::Secret so_pin,
            read_new_secret(options.so_pin_file, "TANBA_SO_PIN", std::string(word(Word::kSoPin, output.language))));
  TANBA_TRY(base::Secret user_pin,
            read_new_secret(options.password_file, "TANBA_PIN", std::string(word(Word::kUserPin, output.language))));
  const tokens::TokenSetup setup{options.label, std::move(so_pin), user_pin.clone()};
  const auto reinitialise = options.erase ? tokens::Reinitialise::kErase : tokens::Reinitialise::kRefuse;
  TANBA_TRY(const tokens::TokenInfo info, tokens::initialise_token(*module, chosen.slot, setup, reinitialise));
  const auto token = std::make_shared<tokens::Token>(module, tokens::uri_of(info));
  TANBA_CHECK(token->connect());
  TANBA_CHECK(token->log_in(user_pin));
  TANBA_TRY(Answer answer, new_key(token, options.key, output));
  json::array list;
  std::string text;
  add_token(info, output, list, text);
  answer.document["token"] = std::move(list.front());
  answer.text = text + answer.text;
  return answer;
}

base::Result<OpenToken> open_and_log_in(const TokenKeyOptions& options) {
  if (options.token.uri.empty()) return usage("which token? Name it with --token URI");
  TANBA_TRY(OpenToken open, open_token(options.token));
  TANBA_CHECK(log_in(*open.token, options.password_file));
  return open;
}

base::Result<Answer> generate_answer(const TokenKeyOptions& options, const Output& output) {
  TANBA_CHECK(setup_of(options.key));
  TANBA_TRY(const OpenToken open, open_and_log_in(options));
  return new_key(open.token, options.key, output);
}

base::Result<pki::PublicKeyInfo> find_public_key(const TokenKeyOptions& options) {
  if (options.token.uri.empty()) return usage("which key? Name it with --token URI");
  TANBA_TRY(const OpenToken open, open_token(options.token));
  if (options.log_in) TANBA_CHECK(log_in(*open.token, options.password_file));
  TANBA_TRY(tokens::TokenContents contents, open.token->contents());
  std::erase_if(contents.keys, [&](const tokens::KeyEntry& key) {
    return key.key.kind == pki::KeyKind::kUnknown || !tokens::matches(open.token->uri(), key);
  });
  if (contents.keys.empty()) return base::fail(Code::kTokenNotFound, {{"uri", options.token.uri}});
  if (contents.keys.size() > 1) return base::fail(Code::kTokenAmbiguous, {{"uri", options.token.uri}});
  return contents.keys.front().key;
}

// The PEM goes where -o says; JSON carries it inside.
int finish_pem(const base::Result<std::string>& pem, const char* member, const TokenKeyOptions& options,
               const Output& output) {
  if (!pem) return cli::finish(pem.error(), output);
  const bool to_file = !is_standard_output(options.output);
  if (to_file) {
    const base::Status written = write_output(options.output, base::as_bytes(*pem));
    if (!written) return cli::finish(written.error(), output);
  }
  return cli::finish(json::object{{member, *pem}}, to_file ? "" : *pem, output);
}

base::Result<std::string> public_key_pem(const TokenKeyOptions& options) {
  TANBA_TRY(const pki::PublicKeyInfo key, find_public_key(options));
  return pki::write_pem("PUBLIC KEY", key.spki);
}

base::Result<pki::NameAttribute> parse_attribute(const std::string& text) {
  // RFC 4514 3 and what НУЦ РК's names use: SERIALNUMBER=IIN…, OU=BIN….
  struct Keyword {
    std::string_view name;
    const pki::Oid& type;
  };
  const Keyword keywords[] = {{"CN", pki::oid::kCommonName},
                              {"SN", pki::oid::kSurname},
                              {"SURNAME", pki::oid::kSurname},
                              {"SERIALNUMBER", pki::oid::kSerialNumber},
                              {"C", pki::oid::kCountry},
                              {"L", pki::oid::kLocality},
                              {"ST", pki::oid::kState},
                              {"O", pki::oid::kOrganization},
                              {"OU", pki::oid::kOrganizationalUnit},
                              {"GIVENNAME", pki::oid::kGivenName},
                              {"EMAIL", pki::oid::kEmail}};
  const std::size_t equals = text.find('=');
  std::string name = text.substr(0, equals);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  for (const Keyword& keyword : keywords) {
    if (equals == std::string::npos || keyword.name != name || equals + 1 == text.size()) continue;
    return pki::NameAttribute{keyword.type, text.substr(equals + 1)};
  }
  return usage("--subject is TYPE=VALUE; types: CN, SURNAME, GIVENNAME, SERIALNUMBER, C, L, ST, O, OU, EMAIL");
}

base::Result<std::string> request_pem(const TokenKeyOptions& options) {
  std::vector<pki::NameAttribute> subject;
  for (const std::string& text : options.subject) {
    TANBA_TRY(pki::NameAttribute attribute, parse_attribute(text));
    subject.push_back(std::move(attribute));
  }
  TANBA_TRY(const OpenToken open, open_and_log_in(options));
  TANBA_TRY(const auto key, tokens::TokenKey::open(open.token, open.token->uri()));
  TANBA_TRY(const base::Bytes der, tokens::make_certificate_request(*key, subject));
  return pki::write_pem("CERTIFICATE REQUEST", der);
}

bool holds(const tokens::TokenContents& contents, const pki::Certificate& certificate) {
  const auto same = [&](const pki::CertificatePtr& one) { return one->digest() == certificate.digest(); };
  return std::ranges::any_of(contents.other_certificates, same) ||
         std::ranges::any_of(contents.keys,
                             [&](const auto& key) { return std::ranges::any_of(key.certificates, same); });
}

// A key's certificate takes the key's names; an authority's has some of its own.
base::Result<tokens::KeySetup> place_for(const pki::Certificate& certificate, const tokens::TokenContents& contents,
                                         const tokens::Pkcs11Uri& which, const TokenKeyOptions& options) {
  for (const tokens::KeyEntry& key : contents.keys) {
    const bool is_its = key.key.digest == certificate.key().digest && tokens::matches(which, key);
    if (is_its && !key.id.empty()) return tokens::KeySetup{key.label, key.id};
  }
  if (!certificate.is_ca()) {
    return base::fail(Code::kFileWrongContent,
                      {{"file", options.file}, {"expected", "a certificate for a key on the token"}},
                      certificate.label());
  }
  const base::ByteView digest = certificate.key().digest.view();
  return tokens::KeySetup{certificate.subject().display(), base::to_bytes(digest.first(20))};
}

base::Result<Answer> import_answer(const TokenKeyOptions& options, const Output& output) {
  TANBA_TRY(const std::vector<pki::CertificatePtr> certificates, read_certificates(options.file));
  TANBA_TRY(const OpenToken open, open_and_log_in(options));
  TANBA_TRY(const tokens::TokenContents before, open.token->contents());
  for (const pki::CertificatePtr& certificate : certificates) {
    if (holds(before, *certificate)) continue;
    TANBA_TRY(const tokens::KeySetup place, place_for(*certificate, before, open.token->uri(), options));
    TANBA_CHECK(tokens::store_certificate(*open.token, *certificate, place));
  }
  TANBA_TRY(const tokens::TokenContents after, open.token->contents());
  Answer answer;
  json::array keys, others;
  add_contents(after, output, keys, others, answer.text);
  answer.document = {{"keys", std::move(keys)}, {"otherCertificates", std::move(others)}};
  return answer;
}

}  // namespace

int list_tokens(const TokenListOptions& options, const Output& output) {
  return finish(tokens_answer(options, output), output);
}

int list_keys(const TokenListOptions& options, const Output& output) {
  return finish(keys_answer(options, output), output);
}

int init_token(const TokenInitOptions& options, const Output& output) {
  return finish(init_answer(options, output), output);
}

int generate_key(const TokenKeyOptions& options, const Output& output) {
  return finish(generate_answer(options, output), output);
}

int export_public_key(const TokenKeyOptions& options, const Output& output) {
  return finish_pem(public_key_pem(options), "publicKey", options, output);
}

int request_certificate(const TokenKeyOptions& options, const Output& output) {
  return finish_pem(request_pem(options), "certificateRequest", options, output);
}

int import_certificate(const TokenKeyOptions& options, const Output& output) {
  return finish(import_answer(options, output), output);
}

}  // namespace tanba::cli
