// The report as an officer reads it.
#pragma once

#include <string>

#include "verify/report.h"

namespace tanba::cli {

[[nodiscard]] std::string report_text(const verify::Report& report, base::Language language);
// A certificate alone, without any judgement (tanba cert show).
[[nodiscard]] std::string certificate_text(const pki::Certificate& certificate, base::Language language);

}  // namespace tanba::cli
