#include "cli/key_access.h"

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "cli/verification.h"
#include "pki/identity.h"
#include "pki/pkcs12.h"
#include "tokens/token_signer.h"
#include "xmldsig/sign.h"
#include "xmldsig/soap.h"
#include "xmldsig/xades.h"

namespace tanba::cli {
namespace {

using base::Code;

// Key stores in use are under 16 KiB; one with a long chain stays under this.
constexpr std::size_t kMaxKeyStoreBytes = 1U << 20;

base::Result<tokens::Pkcs11Uri> parse_uri(const TokenOptions& options) {
  return options.uri.empty() ? tokens::Pkcs11Uri{} : tokens::parse_pkcs11_uri(options.uri);
}

bool contains(const std::vector<pki::CertificatePtr>& list, const pki::Certificate& certificate) {
  return std::ranges::any_of(list, [&](const auto& one) { return one->digest() == certificate.digest(); });
}

// RFC 5280 4.2.1.1: names may be equal while keys differ; the key identifiers tell them apart where both are there.
bool may_have_issued(const pki::Certificate& issuer, const pki::Certificate& subject) {
  if (issuer.subject() != subject.issuer()) return false;
  return !subject.authority_key_id() || !issuer.subject_key_id() ||
         *subject.authority_key_id() == *issuer.subject_key_id();
}

// The issuers among `candidates`, nearest first. Roots are left out: whoever verifies has his own or does not trust it.
std::vector<pki::CertificatePtr> issuers_of(const pki::CertificatePtr& signer,
                                            const std::vector<pki::CertificatePtr>& candidates) {
  std::vector<pki::CertificatePtr> chain{signer};
  for (std::size_t at = 0; at < chain.size(); ++at) {  // ends: each candidate is taken once
    const pki::CertificatePtr subject = chain[at];
    for (const pki::CertificatePtr& candidate : candidates) {
      if (candidate->is_self_issued() || !may_have_issued(*candidate, *subject) || contains(chain, *candidate))
        continue;
      chain.push_back(candidate);
    }
  }
  chain.erase(chain.begin());
  return chain;
}

base::Status add_named(const std::vector<std::string>& files, OpenKey& key) {
  for (const std::string& file : files) {
    TANBA_TRY(const std::vector<pki::CertificatePtr> certificates, read_certificates(file));
    for (const pki::CertificatePtr& certificate : certificates) {
      if (certificate->digest() != key.signer->certificate()->digest() && !contains(key.chain, *certificate)) {
        key.chain.push_back(certificate);
      }
    }
  }
  return {};
}

base::Status open_p12(const KeyOptions& options, OpenKey& key) {
  TANBA_TRY(base::Bytes file, base::read_file(options.p12, kMaxKeyStoreBytes));
  TANBA_TRY(const base::Secret password,
            read_secret(options.password_file, "TANBA_P12_PASSWORD", "Password of " + options.p12));
  auto contents = pki::open_pkcs12(*key.context, file, password);
  base::wipe(file.data(), file.size());
  if (!contents) {
    if (contents.error().code() != Code::kFileWrongContent) return std::unexpected(contents.error());
    return base::fail(Code::kFileWrongContent, {{"file", options.p12}, {"expected", "PKCS#12"}},
                      contents.error().cause());
  }
  key.chain = issuers_of(contents->signer->certificate(), contents->certificates);
  key.signer = std::move(contents->signer);
  return {};
}

base::Status open_on_token(const KeyOptions& options, OpenKey& key) {
  TANBA_TRY(const OpenToken open, open_token(options.token));
  TANBA_CHECK(log_in(*open.token, options.password_file));
  TANBA_TRY(const tokens::TokenContents contents, open.token->contents());
  TANBA_TRY(std::unique_ptr<tokens::TokenSigner> signer, tokens::TokenSigner::open(open.token, open.token->uri()));
  key.chain = issuers_of(signer->certificate(), contents.other_certificates);
  key.signer = std::move(signer);
  return {};
}

}  // namespace

base::Result<std::shared_ptr<tokens::Module>> load_module(const TokenOptions& options) {
  TANBA_TRY(const tokens::Pkcs11Uri uri, parse_uri(options));
  if (!options.module.empty()) return tokens::Module::load(options.module);
  if (uri.module_path) return tokens::Module::load(*uri.module_path);
  const char* variable = std::getenv("TANBA_PKCS11_MODULE");  // NOLINT(concurrency-mt-unsafe): before any thread
  if (variable != nullptr && *variable != '\0') return tokens::Module::load(variable);
  return base::fail(
      Code::kInputUsage,
      {{"reason", "which PKCS#11 module? Name it with --module, module-path in the URI, or TANBA_PKCS11_MODULE"}});
}

base::Result<OpenToken> open_token(const TokenOptions& options) {
  TANBA_TRY(const tokens::Pkcs11Uri uri, parse_uri(options));
  OpenToken open;
  TANBA_TRY(open.module, load_module(options));
  open.token = std::make_shared<tokens::Token>(open.module, uri);
  TANBA_CHECK(open.token->connect());
  return open;
}

base::Status log_in(tokens::Token& token, const std::string& password_file) {
  TANBA_TRY(const tokens::TokenInfo info, token.info());
  const bool told = !password_file.empty() || token.uri().pin_source ||
                    std::getenv("TANBA_PIN") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  if (info.pin_pad && !told) return token.log_in(base::Secret());
  TANBA_TRY(const base::Secret pin,
            read_secret(password_file.empty() ? token.uri().pin_source.value_or("") : password_file, "TANBA_PIN",
                        "PIN of " + base::escape_for_display(info.label)));
  return token.log_in(pin);
}

base::Result<OpenKey> open_key(const KeyOptions& options) {
  if (options.token.uri.empty() == options.p12.empty()) {
    return base::fail(Code::kInputUsage, {{"reason", "name one key: --token URI or --p12 FILE"}});
  }
  OpenKey key;
  TANBA_TRY(key.context, pki::Context::create());
  TANBA_CHECK(options.p12.empty() ? open_on_token(options, key) : open_p12(options, key));
  TANBA_CHECK(add_named(options.chain, key));
  return key;
}

void warn_about(const pki::Certificate& certificate, base::Time now, const Output& output) {
  if (now > certificate.not_after()) {
    warn(base::Error(Code::kPathExpired, {{"certificate", certificate.label()},
                                          {"until", base::format_time(certificate.not_after())},
                                          {"at", base::format_time(now)}}),
         output);
  }
  if (!pki::is_signing_key(certificate)) {
    warn(base::Error(Code::kCertificateNotSigningKey, {{"certificate", certificate.label()}}), output);
  }
}

base::Result<base::Bytes> sign_xml(OpenKey& key, base::ByteView document) {
  base::Budget budget{base::Limits{}};
  return xmldsig::sign(*key.context, document, *key.signer, key.chain, {.algorithm = key.signer->algorithms().front()},
                       budget);
}

base::Result<base::Bytes> sign_xades(OpenKey& key, base::ByteView document, base::Time now) {
  base::Budget budget{base::Limits{}};
  return xmldsig::sign_xades(*key.context, document, *key.signer, key.chain,
                             {.algorithm = key.signer->algorithms().front(), .signing_time = now}, budget);
}

base::Result<base::Bytes> sign_soap(OpenKey& key, base::ByteView document,
                                    const std::optional<pki::MessageTimestamp>& times) {
  base::Budget budget{base::Limits{}};
  return xmldsig::sign_soap(*key.context, document, *key.signer,
                            {.algorithm = key.signer->algorithms().front(), .times = times}, budget);
}

base::Result<base::Bytes> sign_pdf(OpenKey& key, base::ByteView document, pdf::Profile profile) {
  profile.algorithm = key.signer->algorithms().front();
  return pdf::sign(*key.context, document, *key.signer, profile, key.chain);
}

base::Result<base::Bytes> sign_cms(OpenKey& key, base::ByteView content, cms::Placement placement, base::Time now) {
  return cms::sign(*key.context, *key.signer, content, cms_profile(key, placement, now), key.chain);
}

cms::Profile cms_profile(const OpenKey& key, cms::Placement placement, base::Time now) {
  cms::Profile profile;
  profile.placement = placement;
  profile.algorithm = key.signer->algorithms().front();
  profile.signing_time = now;
  return profile;
}

base::Result<cms::Signed> sign_prepared(OpenKey& key, cms::ToBeSigned to_be_signed) {
  TANBA_TRY(base::Bytes signature, key.signer->sign(to_be_signed.algorithm, to_be_signed.octets));
  return cms::Signed{std::move(to_be_signed), std::move(signature)};
}

}  // namespace tanba::cli
