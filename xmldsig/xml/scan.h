// A first look at XML text, before any parser: what it would cost, and whether it holds what is refused anyway.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/limits.h"

namespace tanba::xmldsig::xml {

struct ScanResult {
  std::size_t elements = 0;
  std::size_t root_end = 0;  // where the root's end tag begins; of an empty-element tag, where its "/>" begins
  enum class RootTag { kWithEndTag, kEmpty } root_tag = RootTag::kWithEndTag;
};

// Reads tags, comments, CDATA sections and processing instructions as XML 1.0 delimits them. Up to the first thing that
// is not well-formed it sees what a parser sees; whether all is well-formed is the parser's matter.
[[nodiscard]] base::Result<ScanResult> scan(base::ByteView xml, const base::Limits& limits);

}  // namespace tanba::xmldsig::xml
