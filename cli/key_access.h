// The officer's key, wherever it is: a PKCS#12 file or a token.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cli/io.h"
#include "cms/sign.h"
#include "pdf/sign.h"
#include "pki/context.h"
#include "pki/signature_facts.h"
#include "pki/signer.h"
#include "tokens/token.h"

namespace tanba::cli {

struct TokenOptions {
  std::string uri;     // RFC 7512; may be empty where any token will do
  std::string module;  // --module; else the URI's module-path, else TANBA_PKCS11_MODULE
};

struct KeyOptions {
  TokenOptions token;  // uri empty: p12
  std::string p12;
  std::string password_file;
  std::vector<std::string> chain;  // --chain: certificates to be added, files or directories
};

struct OpenToken {
  std::shared_ptr<tokens::Module> module;
  std::shared_ptr<tokens::Token> token;
};

struct OpenKey {
  std::unique_ptr<pki::Context> context;
  std::unique_ptr<pki::Signer> signer;
  std::vector<pki::CertificatePtr> chain;  // issuers that are at hand, and those that --chain names
};

// input.usage when no module is named anywhere; token.uri, token.module.
[[nodiscard]] base::Result<std::shared_ptr<tokens::Module>> load_module(const TokenOptions& options);
// Connected, nobody logged in.
[[nodiscard]] base::Result<OpenToken> open_token(const TokenOptions& options);
// One attempt with the PIN from --password-file, the URI's pin-source, TANBA_PIN, the reader's PIN pad or the terminal.
[[nodiscard]] base::Status log_in(tokens::Token& token, const std::string& password_file);
// Asks for the password or PIN and opens the key. Errors: input.password, token.pin_wrong, file.*, token.*.
[[nodiscard]] base::Result<OpenKey> open_key(const KeyOptions& options);

// By the algorithm that the key prefers. XML: enveloped, over the whole document. CMS: DER with the claimed time `now`.
[[nodiscard]] base::Result<base::Bytes> sign_xml(OpenKey& key, base::ByteView document);
// XAdES B-B with the claimed time `now`; a SOAP message (or any XML, as the content of one) with WS-Security.
[[nodiscard]] base::Result<base::Bytes> sign_xades(OpenKey& key, base::ByteView document, base::Time now);
[[nodiscard]] base::Result<base::Bytes> sign_soap(OpenKey& key, base::ByteView document,
                                                  const std::optional<pki::MessageTimestamp>& times);
// PAdES B-B; the profile's algorithm is chosen here.
[[nodiscard]] base::Result<base::Bytes> sign_pdf(OpenKey& key, base::ByteView document, pdf::Profile profile);
[[nodiscard]] base::Result<base::Bytes> sign_cms(OpenKey& key, base::ByteView content, cms::Placement placement,
                                                 base::Time now);
// By the key's preferred algorithm, with the claimed time `now`.
[[nodiscard]] cms::Profile cms_profile(const OpenKey& key, cms::Placement placement, base::Time now);
[[nodiscard]] base::Result<cms::Signed> sign_prepared(OpenKey& key, cms::ToBeSigned to_be_signed);

// Says on standard error what will make others refuse the signature: an expired certificate, a key that is not for
// signing. Signing goes on: some documents are not for them.
void warn_about(const pki::Certificate& certificate, base::Time now, const Output& output);

}  // namespace tanba::cli
