#include "xmldsig/references.h"

#include <algorithm>
#include <utility>

#include "pki/verify_signature.h"
#include "xmldsig/findings.h"
#include "xmldsig/key_info.h"
#include "xmldsig/xml/prefixes.h"

namespace tanba::xmldsig {
namespace {

using base::Code;
using base::Error;
using xml::Element;

// What a Reference points at.
struct Target {
  Element element;  // the root element for URI=""
  enum class Kind : std::uint8_t { kContent, kOwnPart } kind = Kind::kContent;
};

class Checker {
 public:
  Checker(pki::Context& context, const xml::Document& document, const ReferenceQuery& query, base::Budget& budget)
      : context_(context), document_(document), query_(query), budget_(budget), own_(*query.signatures[query.index]) {}

  [[nodiscard]] base::Result<CheckedReferences> run() {
    std::vector<Element> content;
    std::size_t content_references = 0;
    std::string names;
    for (const Reference& reference : own_.references) {
      auto target = resolve(reference);
      if (!target) {
        TANBA_CHECK(note(out_.errors, std::move(target).error()));
        continue;
      }
      TANBA_CHECK(check(reference, *target));
      if (!reference.is_filtered()) covered_.push_back(target->element);
      if (target->kind == Target::Kind::kOwnPart) continue;
      if (!reference.is_filtered()) content.push_back(target->element);
      ++content_references;
      names += (names.empty() ? "" : ", ") + (reference.to_document() ? std::string("document") : reference.uri) +
               (reference.is_filtered() ? " (a part)" : "");
    }
    out_.covers.whole = covers_whole(content);
    out_.covers.what = what_is_covered(content, names);
    if (content_references != 1) out_.signed_octets.clear();
    return std::move(out_);
  }

 private:
  [[nodiscard]] base::Result<Target> resolve(const Reference& reference) const {
    Target target{document_.root()};
    if (!reference.to_document()) {
      const auto found = document_.find_id(reference.id());
      if (!found) return base::fail(Code::kXmlReferenceNotFound, {{"id", std::string(reference.id())}});
      target = {*found, kind_of(*found)};
    }
    // The transform takes the whole Signature away: of something inside it nothing is left to sign.
    if (reference.enveloped == Enveloped::kYes && !reference.is_filtered() &&
        document_.contains(own_.element, target.element)) {
      return base::fail(Code::kXmlSignatureStructure, {{"what", "a reference that selects nothing"}});
    }
    return target;
  }

  // KeyInfo and properties inside the own Signature say something about the signature; they are not what was signed.
  [[nodiscard]] Target::Kind kind_of(Element target) const {
    if (own_.key_info && document_.contains(*own_.key_info, target)) return Target::Kind::kOwnPart;
    for (const Element& object : own_.objects) {
      if (object == target && holds_properties_only(object)) return Target::Kind::kOwnPart;
      for (auto child = object.first_child(); child; child = child->next_sibling()) {
        if (is_properties(*child) && document_.contains(*child, target)) return Target::Kind::kOwnPart;
      }
    }
    return Target::Kind::kContent;
  }
  [[nodiscard]] static bool is_properties(Element element) {
    return element.is(kXadesNamespace, "QualifyingProperties") ||
           element.is(kSignatureNamespace, "SignatureProperties");
  }
  [[nodiscard]] static bool holds_properties_only(Element object) {
    const std::vector<Element> children = object.children();
    return !children.empty() && object.check_elements_only() && std::ranges::all_of(children, is_properties);
  }

  // Signatures that stand beside this one, after it, and envelope the same element: they were added later and were not
  // there when this one was made.
  [[nodiscard]] std::vector<Element> later_signatures(Element target) const {
    std::vector<Element> later;
    for (std::size_t i = query_.index + 1; i < query_.signatures.size(); ++i) {
      const auto& other = query_.signatures[i];
      if (!other || other->element.parent() != own_.element.parent()) continue;
      const bool same_target = std::ranges::any_of(other->references, [&](const Reference& reference) {
        if (reference.enveloped == Enveloped::kNo) return false;
        const auto element = reference.to_document() ? document_.root() : document_.find_id(reference.id());
        return element == target;
      });
      if (same_target) later.push_back(other->element);
    }
    return later;
  }

  [[nodiscard]] base::Status check(const Reference& reference, const Target& target) {
    xml::Selection selection;
    for (const Filter& filter : reference.filters) {
      auto nodes = filter.expression.empty() ? xml::filter_subtrees(document_, filter.subtree_filters)
                                             : xml::filter_nodes(document_, filter.expression.front());
      if (!nodes) return note(out_.errors, std::move(nodes).error());
      selection.within.push_back(*std::move(nodes));
    }
    if (!reference.to_document()) selection.apex = target.element;
    std::vector<Element> later;
    if (reference.enveloped == Enveloped::kYes) {
      selection.without.push_back(own_.element);
      later = later_signatures(target.element);
      selection.without.insert(selection.without.end(), later.begin(), later.end());
    }
    TANBA_TRY(Outcome outcome, try_selection(reference, target, selection));
    if (outcome == Outcome::kMismatch && !later.empty()) {
      // xmldsig-core1 6.6.4: the transform itself removes nothing but the Signature that it stands in.
      selection.without.erase(selection.without.begin() + 1, selection.without.end());
      TANBA_TRY(outcome, try_selection(reference, target, selection));
    }
    if (outcome == Outcome::kMismatch) return note(out_.errors, Error(Code::kDigestMismatch));
    if (outcome == Outcome::kMatch && !reference.is_filtered() && xml::is_exclusive(reference.canonicalisation.method))
      warn_of_open_prefixes(xml::open_type_prefixes(document_, selection, reference.canonicalisation.prefixes));
    // What the enveloped transform takes away with the Signature is not covered, though the element around is.
    if (outcome == Outcome::kMatch && reference.enveloped == Enveloped::kNo && !reference.is_filtered() &&
        query_.signed_properties && document_.contains(target.element, *query_.signed_properties)) {
      out_.properties = CheckedReferences::Properties::kCovered;
    }
    return {};
  }

  // A warning only: so the national gateway's own messages are made, and what was signed is the same octets. Whoever
  // reads them finds the prefix without a meaning there.
  void warn_of_open_prefixes(const std::vector<std::string>& prefixes) {
    for (const std::string& prefix : prefixes) {
      Error warning(Code::kCoveragePartial, {{"what", "names in xsi:type; not: the meaning of the prefix " + prefix}});
      const auto same = [&](const Error& said) { return said == warning; };
      if (std::ranges::none_of(out_.warnings, same)) out_.warnings.push_back(std::move(warning));
    }
  }

  enum class Outcome : std::uint8_t { kMatch, kMismatch, kFailed };

  [[nodiscard]] base::Result<base::Bytes> octets_of(const Reference& reference, const xml::Selection& selection) {
    if (reference.output == Reference::Output::kDecodedBase64) {
      TANBA_TRY(const std::string text, xml::selected_text(document_, selection, budget_));
      auto octets = base::from_base64_with_space(text);
      if (!octets) return base::fail(Code::kXmlSignatureStructure, {{"what", "what is signed is no base64"}});
      return *std::move(octets);
    }
    // xmldsig-core1 4.4.3.2: "If the URI is not a full XPointer, then delete all comment nodes." So comments are not
    // signed here, whatever the canonicalisation would keep.
    return xml::canonicalise(document_, selection, xml::without_comments(reference.canonicalisation.method),
                             reference.canonicalisation.prefixes, budget_);
  }

  [[nodiscard]] base::Result<Outcome> try_selection(const Reference& reference, const Target& target,
                                                    const xml::Selection& selection) {
    auto octets = octets_of(reference, selection);
    if (!octets) {
      TANBA_CHECK(note(out_.errors, std::move(octets).error()));
      return Outcome::kFailed;
    }
    TANBA_CHECK(budget_.charge_digest(octets->size()));
    const auto digest = pki::compute_digest(context_, reference.digest, *octets);
    if (!digest) {
      TANBA_CHECK(note(out_.errors, digest.error()));
      return Outcome::kFailed;
    }
    if (!base::equal(*digest, reference.digest_value)) return Outcome::kMismatch;
    if (query_.keep_octets == pki::KeepOctets::kYes && target.kind == Target::Kind::kContent) {
      out_.signed_octets = *std::move(octets);
    }
    return Outcome::kMatch;
  }

  [[nodiscard]] bool speaks_for_message() const {
    return query_.message != nullptr && query_.message->security && own_.element.parent() == query_.message->security;
  }

  [[nodiscard]] std::string what_is_covered(const std::vector<Element>& content, const std::string& names) const {
    if (names.empty()) return "nothing";
    if (!objects_are_signed()) return names + "; not: an Object in the Signature";
    if (!out_.covers.whole) return names + (speaks_for_message() ? left_out(content) : std::string(kNotTheRest));
    if (!speaks_for_message() || std::ranges::find(content, document_.root()) != content.end()) return "document";
    const auto& stamp = query_.message->timestamp;
    if (!stamp) return "SOAP message";
    return std::ranges::find(content, *stamp) != content.end() ? "SOAP message with its Timestamp"
                                                               : "SOAP message; not: its Timestamp";
  }
  [[nodiscard]] std::string left_out(const std::vector<Element>& content) const {
    std::string text;
    const auto look_at = [&](Element part) {
      if (std::ranges::find(content, part) != content.end()) return;
      text += (text.empty() ? "; not: " : ", ") + std::string(part.local_name());
    };
    look_at(query_.message->body);
    for (const Element& header : query_.message->other_headers) look_at(header);
    return text;
  }

  // What anybody can put into the own Signature: every Object, or else every element in it, is covered or holds what
  // nobody need sign.
  [[nodiscard]] bool objects_are_signed() const {
    const auto is_signed = [&](Element element) { return std::ranges::find(covered_, element) != covered_.end(); };
    return std::ranges::all_of(own_.objects, [&](const Element& object) {
      if (is_signed(object)) return true;
      const std::vector<Element> children = object.children();
      return object.check_elements_only() && std::ranges::all_of(children, [&](const Element& child) {
               return is_signed(child) || is_qualifying_properties(child);
             });
    });
  }

  // The root element is covered; or the Signature is the root itself and covers all that it envelopes.
  [[nodiscard]] bool covers_whole(const std::vector<Element>& content) const {
    if (!objects_are_signed()) return false;
    const auto is_covered = [&](Element element) { return std::ranges::find(content, element) != content.end(); };
    if (speaks_for_message() && is_covered(query_.message->body) &&
        std::ranges::all_of(query_.message->other_headers, is_covered)) {
      return true;
    }
    if (document_.root() != own_.element) return is_covered(document_.root());
    return !content.empty() && std::ranges::all_of(own_.objects, [&](const Element& object) {
      return is_covered(object) || holds_properties_only(object);
    });
  }

  pki::Context& context_;
  const xml::Document& document_;
  const ReferenceQuery& query_;
  base::Budget& budget_;
  const SignatureStructure& own_;
  std::vector<Element> covered_;  // targets of References, whole, content and own parts
  CheckedReferences out_;
};

}  // namespace

base::Result<CheckedReferences> check_references(pki::Context& context, const xml::Document& document,
                                                 const ReferenceQuery& query, base::Budget& budget) {
  return Checker(context, document, query, budget).run();
}

}  // namespace tanba::xmldsig
