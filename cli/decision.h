// What an officer is about to sign, read from the very octets, and held against what was asked for: the officer signs
// nothing on the server's word.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "pki/context.h"
#include "pki/identity.h"

namespace tanba::cli {

enum class Verdict { kGrant, kRefusal };

struct AskedDecision {
  std::string application;
  Verdict verdict = Verdict::kRefusal;
  std::string reason;       // of a refusal; conditions of a grant
  std::string valid_until;  // empty: no end
};

// The application that is decided, as its applicant signed it.
struct FiledApplication {
  std::string sha256;  // of the whole file
  std::string service, action, licensor_bin, created_at;
  std::string applicant_kind, applicant_number, applicant_name;
  std::string licence;    // that a reissue or duplicate is about; else empty
  std::string signed_by;  // the name in the certificate that it came with, where that is another than the applicant's
};
// Read from octets that an intact signature covers whole; whose it is, the daemon judged when it was filed, and the
// officer can: `tanba verify`. xml.prepared_changed when there is no such signature or it is no application.
[[nodiscard]] base::Result<FiledApplication> read_filed(pki::Context& context, base::ByteView document);

struct PreparedDecision {
  std::string number;  // of the licence or refusal
  std::string licensor_bin;
  std::string officer_name, officer_bin;
  std::vector<std::pair<std::string, std::string>> leaves;  // every text in the document, by its path
  std::string signed_by;                                    // FiledApplication's
};

// The prepared document is a licence or refusal for this application on these terms and as of now, follows its schema
// and is unsigned: each of its elements is what was asked for, what the application says, or what is shown.
// xml.prepared_changed with what differs; those of parsing.
[[nodiscard]] base::Result<PreparedDecision> check_prepared(base::ByteView document, const AskedDecision& asked,
                                                            const FiledApplication& filed, base::Time now);
// It is prepared for the person who signs.
[[nodiscard]] base::Status check_officer(const PreparedDecision& prepared, const pki::Identity& own);
// The text to approve speaks of this intent, this number, this key and exactly this document.
[[nodiscard]] base::Status check_approval_text(pki::Context& context, const std::string& text,
                                               const std::string& intent, const std::string& key,
                                               base::ByteView document, const AskedDecision& asked,
                                               const PreparedDecision& prepared);
// For people: all of it.
[[nodiscard]] std::string prepared_text(const PreparedDecision& prepared, const AskedDecision& asked,
                                        base::Language language);
// Likewise what is approved for the key server: each part of the text.
[[nodiscard]] std::string approval_text(const std::string& text, base::Language language);

// The challenge is one, and for this host: signing another's would log its maker in there.
[[nodiscard]] base::Status check_challenge(base::ByteView document, const std::string& host);

}  // namespace tanba::cli
