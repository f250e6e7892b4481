// What became of a signed revision: the two trees, as they were signed and as they are now, compared object by object
// from the catalog on. Private to this folder.
//
// Everything must be equal but for what is listed here; a difference that is not listed is a change, and what neither
// tree explains is unknown. Nothing is rendered: where something new could paint over what was signed, it is a change
// whatever it paints.
//
// - a document security store (DSS) and its streams; Extensions; a later /Version
// - the value of a signature field that had none, with the appearance of its widgets inside their old rectangles; a new
//   signature field, if it shows nothing on a page
// - a document time stamp, which never shows: nothing else of its field may change
// - the value of a form field that had none, with the appearance of its widgets inside their old rectangles
// - comments (Text, Popup, Highlight, Underline, StrikeOut, Squiggly) that bring no appearance or action of their own
// - XMP metadata and the information dictionary
// - an object that is replaced by another one, if that is equal
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pdf/graph.h"
#include "pdf/signatures.h"

namespace tanba::pdf {

enum class ChangeKind : std::uint8_t {
  kEvidence,    // DSS
  kTimestamp,   // of the document, and its token verifies
  kSignature,   // a value for a signature field, or a new field that shows nothing
  kFillIn,      // a value for a field that had none
  kAnnotation,  // a comment
  kMetadata,
  kReplaced,  // an object by another one that is equal
  kOther,     // what was signed is changed
  kUnknown,   // what it changes cannot be told
};
struct Change {
  ChangeKind kind = ChangeKind::kUnknown;
  std::string what;
  // kTimestamp, kSignature, kFillIn: the field's name. Empty for a time stamp in a field that is new with it.
  std::string field{};
  auto operator<=>(const Change&) const = default;
};

// `signatures`: of the document as it is now. Each change comes once. None is left out, however many there are: the
// last one may be the one that matters.
// limit.cost: not within `steps` (Cost::comparison_steps).
[[nodiscard]] base::Result<std::vector<Change>> changes_since(Graph& then, Graph& now,
                                                              const std::vector<FoundSignature>& signatures,
                                                              std::uint64_t steps);

}  // namespace tanba::pdf
