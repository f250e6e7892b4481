// Findings are collected; what concerns more than one signature is passed on.
#pragma once

#include <vector>

#include "base/result.h"

namespace tanba::xmldsig {

// Our own faults are no verdict, and limits hold for the document as a whole: both end the inspection.
[[nodiscard]] inline base::Status note(std::vector<base::Error>& findings, base::Error error) {
  const base::Code code = error.code();
  if (base::info(code).effect == base::Effect::kInternal || code == base::Code::kLimitCost ||
      code == base::Code::kLimitCount) {
    return base::fail(std::move(error));
  }
  findings.push_back(std::move(error));
  return {};
}

// Of the document: only our own faults are passed on.
[[nodiscard]] inline base::Status note_document(std::vector<base::Error>& findings, base::Error error) {
  if (base::info(error.code()).effect == base::Effect::kInternal) return base::fail(std::move(error));
  findings.push_back(std::move(error));
  return {};
}

}  // namespace tanba::xmldsig
