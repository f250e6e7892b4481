// What `tanba sign --format pdf` takes beside the key.
#pragma once

#include <string>

#include "pdf/sign.h"

namespace tanba::cli {

struct PdfOptions {
  std::string visible;      // PAGE,X,Y,WIDTH,HEIGHT
  std::string field;        // a signature field that is there
  unsigned certify = 0;     // P of DocMDP; 0: no certification
  bool time_stamp = false;  // of the document, behind everything else
  [[nodiscard]] bool any() const { return !visible.empty() || !field.empty() || certify != 0 || time_stamp; }
};

// input.usage when --visible is none. The algorithm is left to the key.
[[nodiscard]] base::Result<pdf::Profile> pdf_profile(const PdfOptions& options, base::Time now);

}  // namespace tanba::cli
