// The common case: one signature with one Reference, to the document or to an element by Id, in plain canonical
// XML 1.0, inclusive or exclusive. One pass over the text digests the content; a tree is made of the Signature alone.
#pragma once

#include <optional>

#include "base/limits.h"
#include "pki/context.h"
#include "xmldsig/inspect.h"
#include "xmldsig/references.h"
#include "xmldsig/structure.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {

struct FastPath {
  xml::Document alone;           // the Signature in an element that declares the namespaces in force there
  SignatureStructure structure;  // of it
  CheckedReferences references;  // without errors
};

// Nothing for every other case and for everything that is wrong in any way: the general path looks at it then, and what
// it says counts. So this can only be quicker, never more lenient; fast_path_fuzz.cc holds both against each other.
[[nodiscard]] std::optional<FastPath> take_fast_path(pki::Context& context, base::ByteView xml,
                                                     const InspectOptions& options, base::Budget& budget);

}  // namespace tanba::xmldsig
