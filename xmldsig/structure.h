// A ds:Signature element read strictly into plain values: what xmldsig-core1 section 4 allows, and of that what the
// allow-lists of inspect.h allow.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "pki/algorithm.h"
#include "xmldsig/inspect.h"
#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {

inline constexpr std::string_view kEnvelopedSignature = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

// xml.signature_structure, with the part that is wrong.
[[nodiscard]] std::unexpected<base::Error> structure(std::string what);

// Prefixes in one PrefixList: canonicalisation searches each at every element.
inline constexpr std::size_t kMaxPrefixes = 64;

enum class Enveloped : std::uint8_t { kNo, kYes };

struct Canonicalisation {
  xml::C14n method = xml::C14n::kInclusive;
  std::vector<std::string> prefixes;  // InclusiveNamespaces' PrefixList
};

// A transform that chooses nodes by XPath: one expression asked of each node, or several that select subtrees.
struct Filter {
  std::vector<xml::Element> expression;             // XPath 1.0: one
  std::vector<xml::SubtreeFilter> subtree_filters;  // XPath Filter 2.0
};

struct Reference {
  explicit Reference(xml::Element reference) : element(reference) {}

  xml::Element element;
  std::string uri;  // "" or "#id"
  Enveloped enveloped = Enveloped::kNo;
  std::vector<Filter> filters;
  enum class Output : std::uint8_t { kCanonical, kDecodedBase64 } output = Output::kCanonical;
  Canonicalisation canonicalisation;  // xmldsig-core1 4.4.3.2: without one, c14n 1.0
  pki::DigestAlgorithm digest = pki::DigestAlgorithm::kSha256;
  base::Bytes digest_value;

  [[nodiscard]] bool to_document() const { return uri.empty(); }
  // Whether transforms may have taken away from what it points at more than the Signature itself.
  [[nodiscard]] bool is_filtered() const { return !filters.empty() || output != Output::kCanonical; }
  [[nodiscard]] std::string_view id() const { return std::string_view(uri).substr(uri.empty() ? 0 : 1); }
};

struct SignatureStructure {
  explicit SignatureStructure(xml::Element signature)
      : element(signature), signed_info(signature), value_element(signature) {}

  xml::Element element;
  std::string id;  // empty when it has none
  xml::Element signed_info;
  xml::Element value_element;
  std::optional<xml::Element> key_info;
  std::vector<xml::Element> objects;
  std::optional<Canonicalisation> canonicalisation;  // of SignedInfo; nothing: not allowed, see errors
  std::optional<pki::SignatureAlgorithm> algorithm;  // nothing: not understood, see errors
  std::vector<Reference> references;                 // those that may be looked at
  std::vector<pki::DigestAlgorithm> digests;         // of all references that name a known one
  base::Bytes value;
  std::vector<std::string> algorithm_names;
  std::vector<base::Error> errors;  // algorithms, transforms, references that are not allowed or not known
};

// xml.signature_structure when the element cannot be understood at all, limit.count for too many References; everything
// else that is wrong is in `errors`, and what it concerns is left out.
[[nodiscard]] base::Result<SignatureStructure> read_structure(xml::Element signature, const base::Limits& limits,
                                                              Forms forms);

// Base64 with white space inside, as text of an element that holds nothing else; xml.signature_structure otherwise.
[[nodiscard]] base::Result<base::Bytes> read_base64(xml::Element element);

}  // namespace tanba::xmldsig
