// The common case in one pass over the text, without a tree: is it well-formed, what is its canonical form without its
// one ds:Signature, and where does that stand. Takes only a part of XML; for everything else, and for everything that
// is wrong, it has no answer, and Document and canonicalise() say what is the matter. Where it answers, it answers what
// they answer, octet for octet: one_pass_fuzz.cc holds it to that.
//
// No answer for: a DOCTYPE, CDATA, processing instructions, a byte order mark, names that are not ASCII, namespaces
// that are not plain absolute URIs, attributes of the namespace xml other than xml:lang (and that not around what is
// cut out), more than one ds:Signature, anything beyond the limits, doubled Ids.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/limits.h"

namespace tanba::xmldsig::xml {

struct OnePassQuery {
  std::string_view id;  // whose element is wanted; empty: the document
  enum class Method : std::uint8_t { kInclusive, kExclusive } method = Method::kInclusive;  // 1.0, without comments
};

struct CutSignature {
  std::size_t begin = 0, end = 0;  // in the text
  // A document of its own: one element that declares the namespaces in force there, and in it the Signature's text.
  std::string alone;
  enum class Place : std::uint8_t { kInside, kOutside } place = Place::kInside;  // of what was asked for
};

struct OnePassResult {
  base::Bytes canonical;  // of what was asked for, without comments and without the Signature
  enum class Target : std::uint8_t { kDocument, kRoot, kPart } target = Target::kDocument;
  using Signature = CutSignature;
  std::optional<CutSignature> signature;
};

[[nodiscard]] std::optional<OnePassResult> canonicalise_in_one_pass(base::ByteView xml, const OnePassQuery& query,
                                                                    const base::Limits& limits);

}  // namespace tanba::xmldsig::xml
