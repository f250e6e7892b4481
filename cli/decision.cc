#include "cli/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/person_name.h"
#include "base/text.h"
#include "cli/schema_texts.h"
#include "cli/words.h"
#include "tokens/client/intent.h"
#include "verify/facts.h"
#include "xmldsig/sign.h"
#include "xmldsig/xml/document.h"
#include "xmldsig/xml/schema.h"

namespace tanba::cli {
namespace {

using base::Code;
using xmldsig::xml::Document;
using xmldsig::xml::Element;

constexpr std::string_view kLicence = "urn:tanba:licence:1";
constexpr std::string_view kRefusal = "urn:tanba:refusal:1";
constexpr std::string_view kApplicationSpace = "urn:tanba:application:1";
constexpr std::string_view kChallenge = "urn:tanba:login-challenge:1";

constexpr std::array<std::string_view, 4> kChallengeElements{"host", "nonce", "issued-at", "expires-at"};

std::unexpected<base::Error> differs(const std::string& what) {
  return base::fail(Code::kXmlPreparedChanged, "the server prepared something else than was asked for: " + what);
}

// Clocks of a daemon and a workstation differ; a decision that waits longer is prepared anew.
constexpr base::Seconds kMaxClockDifference = std::chrono::minutes(5);
constexpr base::Seconds kMaxDecisionAge = std::chrono::hours(1);

base::Status check_elements(Element root, std::string_view space, std::span<const std::string_view> known) {
  for (const Element child : root.children()) {
    const bool fits = child.namespace_uri() == space && std::ranges::find(known, child.local_name()) != known.end();
    if (!fits) return differs("element " + std::string(child.local_name()));
  }
  return {};
}

base::Status check_schema(const Document& document, std::string_view xsd) {
  TANBA_TRY(const xmldsig::xml::Schema schema, xmldsig::xml::Schema::compile(xsd));
  TANBA_TRY(const std::vector<std::string> violations, schema.violations(document));
  return violations.empty() ? base::Status() : differs(violations.front());
}

// Every text of the document by its path. What could hide between elements is an error.
base::Result<std::vector<std::pair<std::string, std::string>>> read_leaves(Element root) {
  std::vector<std::pair<std::string, std::string>> out;
  std::vector<std::pair<Element, std::string>> open{{root, ""}};
  while (!open.empty()) {
    const auto [element, path] = open.back();
    open.pop_back();
    if (element.namespace_uri() != root.namespace_uri()) return differs("element " + std::string(element.local_name()));
    const std::vector<Element> children = element.children();
    if (children.empty()) {
      TANBA_TRY(std::string text, element.text());
      out.emplace_back(path, std::move(text));
      continue;
    }
    TANBA_CHECK(element.check_elements_only());
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      open.emplace_back(*child, path + (path.empty() ? "" : "/") + std::string(child->local_name()));
    }
  }
  return out;
}

// What each element must hold; nothing: what is shown is all that can be said of it.
std::optional<std::string> expected_at(std::string_view path, std::string_view number, const AskedDecision& asked,
                                       const FiledApplication& filed) {
  const bool permit = number.starts_with('P');
  if (path == "register") return permit ? "permit" : "licence";
  if (path == "service/id") return filed.service;
  if (path == "licensor/bin" || path == "officer/bin") return filed.licensor_bin;
  if (path == "holder/kind" || path == "applicant/kind") return filed.applicant_kind;
  if (path == "holder/number" || path == "applicant/number") return filed.applicant_number;
  if (path == "holder/name" || path == "applicant/name") return filed.applicant_name;
  if (path == "application/number") return asked.application;
  if (path == "application/action") return filed.action;
  if (path == "application/sha256") return filed.sha256;
  if (path == "replaces") return filed.licence;
  if (path == "conditions" || path == "reason") return asked.reason;
  // A licence that replaces another has that one's end where none is asked for.
  if (path == "valid-until" && (!asked.valid_until.empty() || filed.licence.empty())) return asked.valid_until;
  return std::nullopt;
}

base::Status check_leaves(const PreparedDecision& prepared, const AskedDecision& asked, const FiledApplication& filed) {
  const auto text_at = [&](std::string_view path) {
    const auto found = std::ranges::find(prepared.leaves, path, [](const auto& leaf) { return leaf.first; });
    return found == prepared.leaves.end() ? std::string() : found->second;
  };
  for (const auto& [path, text] : prepared.leaves) {
    const auto expected = expected_at(path, prepared.number, asked, filed);
    if (expected && *expected != text) return differs(path);
  }
  // What was left out.
  const bool grant = asked.verdict == Verdict::kGrant;
  if (text_at(grant ? "conditions" : "reason") != asked.reason) return differs(grant ? "conditions" : "reason");
  if (grant && text_at("replaces") != filed.licence) return differs("replaces");
  if (!asked.valid_until.empty() && text_at("valid-until") != asked.valid_until) return differs("valid-until");
  if (prepared.number.empty() || (prepared.number.front() == 'R') == grant) return differs("number");
  return {};
}

base::Status check_times(Element root, std::string_view space, const FiledApplication& filed, base::Time now) {
  TANBA_TRY(const std::string decided_text, child_text(root, space, "decided-at"));
  TANBA_TRY(const base::Time decided_at, base::parse_time(decided_text));
  if (decided_at > now + kMaxClockDifference || decided_at < now - kMaxDecisionAge) return differs("decided-at");
  TANBA_TRY(const Element application, only_child(root, space, "application"));
  TANBA_TRY(const std::string registered_text, child_text(application, space, "registered-at"));
  TANBA_TRY(const base::Time registered_at, base::parse_time(registered_text));
  TANBA_TRY(const base::Time created_at, base::parse_time(filed.created_at));
  if (registered_at > decided_at || registered_at < created_at - kMaxClockDifference) return differs("registered-at");
  return {};
}

}  // namespace

base::Result<FiledApplication> read_filed(pki::Context& context, base::ByteView document) {
  TANBA_TRY(const verify::Facts facts,
            verify::inspect(context, document, {.keep_octets = pki::KeepOctets::kYes}, base::Limits{}));
  const auto whole = std::ranges::find_if(facts.content.signatures, [](const pki::SignatureFacts& one) {
    return one.errors.empty() && one.covers.whole && !one.signed_octets.empty();
  });
  if (whole == facts.content.signatures.end()) return differs("the application, which no intact signature covers");
  TANBA_TRY(const Document parsed, Document::parse(whole->signed_octets, base::Limits{}));
  const Element root = parsed.root();
  if (!root.is(kApplicationSpace, "application")) return differs("document " + std::string(root.local_name()));
  TANBA_CHECK(check_schema(parsed, schema::k_application_1_xsd));
  FiledApplication filed{.sha256 = base::sha256(document).hex()};
  const auto space = kApplicationSpace;
  TANBA_TRY(filed.service, child_text(root, space, "service"));
  TANBA_TRY(filed.action, child_text(root, space, "action"));
  TANBA_TRY(filed.licensor_bin, child_text(root, space, "licensor-bin"));
  TANBA_TRY(filed.created_at, child_text(root, space, "created-at"));
  TANBA_TRY(const Element applicant, only_child(root, space, "applicant"));
  TANBA_TRY(filed.applicant_kind, child_text(applicant, space, "kind"));
  TANBA_TRY(filed.applicant_number, child_text(applicant, space, "number"));
  TANBA_TRY(filed.applicant_name, child_text(applicant, space, "name"));
  TANBA_TRY(auto licence, optional_child_text(root, space, "licence"));
  filed.licence = std::move(licence).value_or("");
  if (whole->certificate) {
    const pki::Identity signer = pki::identity_of(*whole->certificate);
    const std::string& name = filed.applicant_kind == "individual" ? signer.name : signer.organization;
    if (base::compare_names(name, filed.applicant_name) != base::NameMatch::kSame) filed.signed_by = name;
  }
  return filed;
}

base::Result<PreparedDecision> check_prepared(base::ByteView document, const AskedDecision& asked,
                                              const FiledApplication& filed, base::Time now) {
  const bool grant = asked.verdict == Verdict::kGrant;
  const std::string_view space = grant ? kLicence : kRefusal;
  TANBA_TRY(const Document parsed, Document::parse(document, base::Limits{}));
  const Element root = parsed.root();
  if (!root.is(space, grant ? "licence" : "refusal")) return differs("document " + std::string(root.local_name()));
  TANBA_CHECK(root.check_elements_only());
  TANBA_CHECK(check_schema(parsed, grant ? schema::k_licence_1_xsd : schema::k_refusal_1_xsd));
  PreparedDecision prepared;
  TANBA_TRY(prepared.number, child_text(root, space, "number"));
  TANBA_TRY(const Element licensor, only_child(root, space, "licensor"));
  TANBA_TRY(prepared.licensor_bin, child_text(licensor, space, "bin"));
  TANBA_TRY(const Element officer, only_child(root, space, "officer"));
  TANBA_TRY(prepared.officer_name, child_text(officer, space, "name"));
  TANBA_TRY(prepared.officer_bin, child_text(officer, space, "bin"));
  TANBA_TRY(prepared.leaves, read_leaves(root));
  TANBA_CHECK(check_leaves(prepared, asked, filed));
  TANBA_CHECK(check_times(root, space, filed, now));
  prepared.signed_by = filed.signed_by;
  return prepared;
}

base::Status check_officer(const PreparedDecision& prepared, const pki::Identity& own) {
  const bool own_name = base::compare_names(prepared.officer_name, own.name) == base::NameMatch::kSame;
  if (!own_name || prepared.officer_bin != own.bin.value_or("")) return differs("officer " + prepared.officer_name);
  return {};
}

base::Status check_approval_text(pki::Context& context, const std::string& text, const std::string& intent,
                                 const std::string& key, base::ByteView document, const AskedDecision& asked,
                                 const PreparedDecision& prepared) {
  using tokens::client::IntentKind;
  TANBA_TRY(const tokens::client::Intent said, tokens::client::parse_intent_text(text));
  const IntentKind kind = asked.verdict == Verdict::kGrant ? IntentKind::kLicence : IntentKind::kRefusal;
  if (said.id != intent) return differs("intent " + said.id);
  if (said.kind != kind) return differs("kind");
  if (said.number != prepared.number) return differs("number " + said.number);
  if (said.key != key) return differs("key " + said.key);
  if (said.licensor != prepared.licensor_bin) return differs("licensor " + said.licensor);
  base::Budget budget{base::Limits{}};
  TANBA_TRY(const base::Bytes digest, xmldsig::document_digest(context, document, said.document.algorithm, budget));
  if (digest != said.document.value) return differs("digest of the document");
  return {};
}

namespace {

// What the schemas know as words of their own; every other text is shown as it is.
bool is_word(std::string_view path) {
  return path == "register" || path == "application/action" || path.ends_with("/kind") || path == "kind";
}

// An element by its own name too: it is all of this that is signed.
std::string field_line(const std::string& path, const std::string& text, base::Language language) {
  constexpr std::size_t kWholeText = 16384;  // as long as the schemas let a text be
  const std::string label = coded(path, language, "field");
  return fmt::format("  {}: {}\n", base::escape_for_display(label),
                     base::escape_for_display(is_word(path) ? coded(text, language) : text, kWholeText));
}

}  // namespace

std::string prepared_text(const PreparedDecision& prepared, const AskedDecision& asked, base::Language language) {
  std::string out =
      fmt::format("{} {}: {}\n", word(Word::kDecision, language), base::escape_for_display(prepared.number),
                  word(asked.verdict == Verdict::kGrant ? Word::kGrant : Word::kRefusal, language));
  // Every element, in every language.
  for (const auto& [path, text] : prepared.leaves) out += field_line(path, text, language);
  if (!prepared.signed_by.empty()) {
    out +=
        fmt::format("{}: {}\n", word(Word::kNameInCertificate, language), base::escape_for_display(prepared.signed_by));
  }
  return out;
}

std::string approval_text(const std::string& text, base::Language language) {
  std::string out = fmt::format("  {}:\n", word(Word::kApprovalText, language));
  const auto said = tokens::client::parse_intent_text(text);
  // Nothing will be signed that is not understood; what it is, is shown all the same.
  if (!said) return out + fmt::format("    {}\n", base::escape_for_display(text, 4000));
  const auto line = [&](const std::string& name, const std::string& value) {
    out += "  " + field_line(name, value, language);
  };
  line("kind", std::string(to_string(said->kind)));
  line("number", said->number);
  line("licensor", said->licensor);
  line("document", fmt::format("{} {}", pki::to_string(said->document.algorithm), base::to_hex(said->document.value)));
  line("key", said->key);
  line("id", said->id);
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
