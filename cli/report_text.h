// The report as an officer reads it.
#pragma once

#include <string>

#include "verify/capsule_check.h"
#include "verify/report.h"

namespace tanba::cli {

// Decision and sub-indication.
[[nodiscard]] std::string verdict_line(const verify::Report& report, base::Language language);
[[nodiscard]] std::string report_text(const verify::Report& report, base::Language language);
// Of a capsule that was verified: the verdict on it first, then the report inside.
[[nodiscard]] std::string capsule_text(const verify::CapsuleVerdict& verdict, base::Language language);
// And of one that was only opened.
[[nodiscard]] std::string capsule_summary_text(const verify::CapsuleFile& capsule, base::Language language);
// A certificate alone, without any judgement (tanba cert show).
[[nodiscard]] std::string certificate_text(const pki::Certificate& certificate, base::Language language);

}  // namespace tanba::cli
