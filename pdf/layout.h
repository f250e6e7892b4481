// How a PDF is laid out: header, cross-reference sections and their chain, where each object stands. Read by ourselves,
// strictly and bounded, before qpdf sees the file: what qpdf would have to guess, mend or inflate without bound is
// refused here, and both must agree on where every object is (graph.h).
//
// Stricter than ISO 32000-2 and than viewers, since what can be read in two ways can be shown in two ways:
// - %PDF- at the first octet; the last revision ends in startxref, a number, %%EOF and at most two line ends;
// - every section of the chain is where startxref, /Prev and /XRefStm say, no section comes twice;
// - every object is where its entry says, under that number, and none reaches into another;
// - cross-reference streams and object streams are unfiltered or Flate;
// - an object number has one generation in all sections (checked with qpdf's table).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "pdf/limits.h"
#include "pdf/syntax.h"

namespace tanba::pdf {

struct XrefEntry {
  enum class Kind : std::uint8_t { kFree, kPlain, kCompressed };
  Kind kind = Kind::kFree;
  std::uint64_t position = 0;    // kPlain: offset in the file; kCompressed: number of the object stream
  std::uint32_t generation = 0;  // kCompressed: the index in the object stream
  bool operator==(const XrefEntry&) const = default;
};

enum class XrefForm : std::uint8_t { kTable, kStream };

struct Section {
  std::size_t offset = 0;
  XrefForm form = XrefForm::kTable;
  Dictionary trailer;
};

struct Layout {
  base::ByteView file;            // up to the end of the revision that was read
  std::vector<Section> sections;  // newest first
  std::map<std::uint32_t, XrefEntry> entries;
  std::uint32_t size = 0;  // /Size of the newest trailer
  Span root;               // the newest trailer's /Root: a reference
};

// The revision whose end is the end of `file`: pdf.malformed, pdf.encrypted, limit.*.
[[nodiscard]] base::Result<Layout> read_layout(base::ByteView file, Cost& cost);

// Every object of the table: that it is there, well-formed, and apart from the others; object streams are unpacked and
// held against their entries. `since`: objects whose entry is the same there were checked already.
[[nodiscard]] base::Status check_objects(const Layout& layout, Cost& cost, const Layout* since = nullptr);

// Whether the object is octet for octet the same in both revisions of one file: its place, and that of the object
// stream that it stands in.
[[nodiscard]] bool same_object(const Layout& a, const Layout& b, std::uint32_t number);

// Whether a revision ends at `end`: the line end behind %%EOF may or may not be counted in.
[[nodiscard]] bool ends_revision(base::ByteView file, std::size_t end);

// The data of a stream that stands for itself, unpacked: unfiltered or Flate.
struct Stream {
  Dictionary dictionary;
  base::Bytes data;
};
[[nodiscard]] base::Result<Stream> read_stream(const Layout& layout, std::uint32_t number, Cost& cost);

// `12 0 obj`, the cursor behind it.
[[nodiscard]] base::Status expect_object_header(Tokenizer& tokens, std::uint32_t number, std::uint32_t generation);

}  // namespace tanba::pdf
