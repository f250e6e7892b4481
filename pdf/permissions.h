// What a signature permits to be added after it, applied to what was added. Private to this folder.
#pragma once

#include <vector>

#include "pdf/compare.h"
#include "pdf/signatures.h"

namespace tanba::pdf {

// DocMDP and FieldMDP of a signature and of all that were there when it was made.
struct Restrictions {
  std::optional<Permission> permission;  // nothing: no certification
  std::vector<FieldLock> locks;
  [[nodiscard]] bool locks_field(const std::string& name) const;
};
// `signatures` in the order of their revisions; those up to and including `at` count.
[[nodiscard]] Restrictions restrictions_at(const std::vector<FoundSignature>& signatures, std::size_t at);

struct Verdict {
  std::vector<base::Error> errors;    // pdf.changed, pdf.unknown_change, pdf.permissions: each once
  std::vector<base::Error> warnings;  // pdf.added
};
[[nodiscard]] Verdict judge_changes(const std::vector<Change>& changes, const Restrictions& restrictions);

// Whether the revision that it signs is the whole file. Line ends behind %%EOF belong to no revision and change
// nothing.
[[nodiscard]] bool reaches_end(base::ByteView file, const FoundSignature& signature);

// What became of the revision that `signatures[at]` signs, in the file that `graph` is of. pdf.byte_range when the
// signature is not in it; pdf.malformed and limit.* as for any revision.
[[nodiscard]] base::Result<Verdict> judge_revision(Graph& graph, const std::vector<FoundSignature>& signatures,
                                                   std::size_t at, Cost& cost);

}  // namespace tanba::pdf
