// What an officer is about to sign, read from the very octets, and held against what was asked for: the officer signs
// nothing on the server's word.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "pki/context.h"

namespace tanba::cli {

enum class Verdict { kGrant, kRefusal };

struct AskedDecision {
  std::string application;
  Verdict verdict = Verdict::kRefusal;
  std::string reason;       // of a refusal; conditions of a grant
  std::string valid_until;  // empty: no end
};

struct PreparedDecision {
  std::string number;  // of the licence or refusal
  std::string service, licensor, holder, holder_number;
  std::string licensor_bin;
};

// The prepared document is a licence or refusal for this application on these terms, unsigned, with nothing in it that
// its schema does not have. xml.prepared_changed with what differs; those of parsing.
[[nodiscard]] base::Result<PreparedDecision> check_prepared(base::ByteView document, const AskedDecision& asked,
                                                            base::Language language);
// The text to approve speaks of this intent, this number and exactly this document.
[[nodiscard]] base::Status check_approval_text(pki::Context& context, const std::string& text,
                                               const std::string& intent, base::ByteView document,
                                               const AskedDecision& asked, const PreparedDecision& prepared);
// For people.
[[nodiscard]] std::string prepared_text(const PreparedDecision& prepared, const AskedDecision& asked,
                                        base::Language language);

// The challenge is one, and for this host: signing another's would log its maker in there.
[[nodiscard]] base::Status check_challenge(base::ByteView document, const std::string& host);

}  // namespace tanba::cli
