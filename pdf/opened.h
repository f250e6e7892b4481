// A PDF read whole and found in order, for whoever adds to it. Private to this folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pdf/graph.h"
#include "pdf/signatures.h"

namespace tanba::pdf {

[[nodiscard]] std::unexpected<base::Error> unsignable(std::string reason);

struct Opened {
  Cost cost;
  Layout layout;
  std::unique_ptr<Graph> graph;
  std::vector<FoundSignature> signatures;  // in the order of their revisions, time stamps too

  // Files refer to each other by address: they stay where they were made. Errors as pdf::inspect has them for the
  // document; the file must outlive it.
  [[nodiscard]] static base::Result<std::unique_ptr<Opened>> read(base::ByteView file);
};

// The place that `/Contents <…>` of a new signature dictionary leaves, its ByteRange written.
struct Reserved {
  std::string file;
  Span hole;
};
// A signature dictionary's value with a place for so many octets; `entries` are all others.
[[nodiscard]] std::string placeholder_text(const std::string& entries, std::size_t reserved_bytes);
// Finds that place in the object (from its number on, up to endobj) and writes its ByteRange. What else the update
// holds, strings of the document too, may look like it.
[[nodiscard]] Reserved close_placeholder(std::string file, Span object);
// The file is read again as those who verify it will: the place is the new signature's, and no earlier signature breaks
// by what was added. pdf.unsignable otherwise.
[[nodiscard]] base::Status check_reserved(const Reserved& reserved);
// pdf.unsignable when it is too large.
[[nodiscard]] base::Result<base::Bytes> filled(base::Bytes file, Span hole, base::ByteView value);

}  // namespace tanba::pdf
