// A first look at XML text, before any parser: what it would cost, and whether it holds what is refused anyway.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/limits.h"

namespace tanba::xmldsig::xml {

// xml.malformed, with what is wrong.
[[nodiscard]] std::unexpected<base::Error> malformed(std::string what);

struct ScanResult {
  std::size_t elements = 0;
  // Of the element asked for: where its start tag begins, and its end tag; of an empty-element tag, its "/>".
  std::size_t element_begin = 0;
  std::size_t element_end = 0;
  enum class Tag { kWithEndTag, kEmpty } tag = Tag::kWithEndTag;
};

// Reads tags, comments, CDATA sections and processing instructions as XML 1.0 delimits them. Up to the first thing that
// is not well-formed it sees what a parser sees; whether all is well-formed is the parser's matter.
[[nodiscard]] base::Result<ScanResult> scan(base::ByteView xml, const base::Limits& limits,
                                            std::size_t wanted_element = 0);

}  // namespace tanba::xmldsig::xml
