// From findings to an outcome: the one table (DESIGN 3, "Outcome").
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace tanba::verify {

enum class Decision : std::uint8_t { kAccept, kRefuse, kRetry };
[[nodiscard]] std::string_view to_string(Decision decision);  // "accept", "refuse", "retry"

// ETSI EN 319 102-1 5.1.2: TOTAL-PASSED, TOTAL-FAILED, INDETERMINATE for documents; PASSED and FAILED for what is only
// a part of one (a signature, a certificate, a CRL, ...).
enum class Indication : std::uint8_t { kPassed, kFailed, kIndeterminate };
enum class IndicationOf : std::uint8_t { kDocument, kPart };
[[nodiscard]] std::string_view to_string(Indication indication, IndicationOf what);

struct Outcome {
  Decision decision = Decision::kRefuse;
  Indication indication = Indication::kFailed;
  base::SubIndication sub_indication = base::SubIndication::kNone;
  bool operator==(const Outcome&) const = default;
};

// The outcome of a list of errors; of none: accept, passed. Retry only if every error is of evidence that is missing,
// stale, unreachable or unreadable; one refusing error refuses. subIndication is the first in the order of
// base::SubIndication among the errors that decide.
[[nodiscard]] Outcome decide(std::span<const base::Error> errors);

// Which class of outcome a sub-indication belongs to: ETSI EN 319 102-1 table 6.
[[nodiscard]] Indication indication_of(base::SubIndication sub_indication);

}  // namespace tanba::verify
