#include "cli/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "cli/words.h"
#include "tokens/client/intent.h"
#include "xmldsig/sign.h"
#include "xmldsig/xml/document.h"

namespace tanba::cli {
namespace {

using base::Code;
using xmldsig::xml::Document;
using xmldsig::xml::Element;

constexpr std::string_view kLicence = "urn:tanba:licence:1";
constexpr std::string_view kRefusal = "urn:tanba:refusal:1";
constexpr std::string_view kChallenge = "urn:tanba:login-challenge:1";

// docs/schema: every element that may stand directly in the root. Signatures are not among them: the officer's is the
// only one.
constexpr std::array<std::string_view, 12> kLicenceElements{"number",     "demo",        "register",    "service",
                                                            "licensor",   "holder",      "application", "replaces",
                                                            "conditions", "valid-until", "decided-at",  "officer"};
constexpr std::array<std::string_view, 9> kRefusalElements{
    "number", "demo", "service", "licensor", "applicant", "application", "reason", "decided-at", "officer"};
constexpr std::array<std::string_view, 4> kChallengeElements{"host", "nonce", "issued-at", "expires-at"};

std::unexpected<base::Error> differs(const std::string& what) {
  return base::fail(Code::kXmlPreparedChanged, "the server prepared something else than was asked for: " + what);
}

base::Status check_elements(Element root, std::string_view space, std::span<const std::string_view> known) {
  for (const Element child : root.children()) {
    const bool fits = child.namespace_uri() == space && std::ranges::find(known, child.local_name()) != known.end();
    if (!fits) return differs("element " + std::string(child.local_name()));
  }
  return {};
}

std::string_view language_element(base::Language language) {
  switch (language) {
    case base::Language::kRussian:
      return "ru";
    case base::Language::kKazakh:
      return "kk";
    case base::Language::kEnglish:
      break;
  }
  return "en";
}

base::Result<std::string> name_in(Element body, std::string_view space, base::Language language) {
  TANBA_TRY(const Element names, only_child(body, space, "name"));
  return child_text(names, space, language_element(language));
}

// Reason and end of a decision, as asked: no more and no less.
base::Status check_terms(Element root, std::string_view space, const AskedDecision& asked) {
  const std::string_view reason_element = asked.verdict == Verdict::kGrant ? "conditions" : "reason";
  TANBA_TRY(const auto reason, optional_child_text(root, space, reason_element));
  if (reason.value_or("") != asked.reason) return differs(std::string(reason_element));
  TANBA_TRY(const auto until, optional_child_text(root, space, "valid-until"));
  if (until.value_or("") != asked.valid_until) return differs("valid-until");
  TANBA_TRY(const Element application, only_child(root, space, "application"));
  TANBA_TRY(const std::string number, child_text(application, space, "number"));
  if (number != asked.application) return differs("application " + number);
  return {};
}

base::Result<PreparedDecision> read_prepared(Element root, std::string_view space, Verdict verdict,
                                             base::Language language) {
  PreparedDecision prepared;
  TANBA_TRY(prepared.number, child_text(root, space, "number"));
  TANBA_TRY(const Element service, only_child(root, space, "service"));
  TANBA_TRY(prepared.service, name_in(service, space, language));
  TANBA_TRY(const Element licensor, only_child(root, space, "licensor"));
  TANBA_TRY(prepared.licensor, name_in(licensor, space, language));
  TANBA_TRY(prepared.licensor_bin, child_text(licensor, space, "bin"));
  TANBA_TRY(const Element holder, only_child(root, space, verdict == Verdict::kGrant ? "holder" : "applicant"));
  TANBA_TRY(prepared.holder, child_text(holder, space, "name"));
  TANBA_TRY(prepared.holder_number, child_text(holder, space, "number"));
  return prepared;
}

}  // namespace

base::Result<PreparedDecision> check_prepared(base::ByteView document, const AskedDecision& asked,
                                              base::Language language) {
  const bool grant = asked.verdict == Verdict::kGrant;
  const std::string_view space = grant ? kLicence : kRefusal;
  TANBA_TRY(const Document parsed, Document::parse(document, base::Limits{}));
  const Element root = parsed.root();
  if (!root.is(space, grant ? "licence" : "refusal")) return differs("document " + std::string(root.local_name()));
  TANBA_CHECK(root.check_elements_only());
  TANBA_CHECK(
      check_elements(root, space, grant ? std::span<const std::string_view>(kLicenceElements) : kRefusalElements));
  TANBA_CHECK(check_terms(root, space, asked));
  return read_prepared(root, space, asked.verdict, language);
}

base::Status check_approval_text(pki::Context& context, const std::string& text, const std::string& intent,
                                 base::ByteView document, const AskedDecision& asked,
                                 const PreparedDecision& prepared) {
  using tokens::client::IntentKind;
  TANBA_TRY(const tokens::client::Intent said, tokens::client::parse_intent_text(text));
  const IntentKind kind = asked.verdict == Verdict::kGrant ? IntentKind::kLicence : IntentKind::kRefusal;
  if (said.id != intent) return differs("intent " + said.id);
  if (said.kind != kind) return differs("kind");
  if (said.number != prepared.number) return differs("number " + said.number);
  if (said.licensor != prepared.licensor_bin) return differs("licensor " + said.licensor);
  base::Budget budget{base::Limits{}};
  TANBA_TRY(const base::Bytes digest, xmldsig::document_digest(context, document, said.document.algorithm, budget));
  if (digest != said.document.value) return differs("digest of the document");
  return {};
}

std::string prepared_text(const PreparedDecision& prepared, const AskedDecision& asked, base::Language language) {
  std::string out;
  const auto line = [&](Word what, const std::string& value) {
    if (!value.empty()) out += fmt::format("  {}: {}\n", word(what, language), base::escape_for_display(value, 4000));
  };
  out += fmt::format("{} {}: {}\n", word(Word::kDecision, language), base::escape_for_display(prepared.number),
                     word(asked.verdict == Verdict::kGrant ? Word::kGrant : Word::kRefusal, language));
  line(Word::kApplication, asked.application);
  line(Word::kApplicant, prepared.holder + ", " + prepared.holder_number);
  line(Word::kService, prepared.service);
  line(Word::kLicensor, prepared.licensor + ", " + prepared.licensor_bin);
  line(Word::kReason, asked.reason);
  line(Word::kValidUntil, asked.valid_until);
  return out;
}

base::Status check_challenge(base::ByteView document, const std::string& host) {
  TANBA_TRY(const Document parsed, Document::parse(document, base::Limits{}));
  const Element root = parsed.root();
  if (!root.is(kChallenge, "login-challenge"))
    return base::fail(Code::kAuthChallenge, "the server sent no log-in challenge");
  TANBA_CHECK(root.check_elements_only());
  TANBA_CHECK(check_elements(root, kChallenge, kChallengeElements));
  TANBA_TRY(const std::string named, child_text(root, kChallenge, "host"));
  if (named != host) return base::fail(Code::kAuthChallenge, "the challenge is for " + named + ", not for " + host);
  return {};
}

}  // namespace tanba::cli
