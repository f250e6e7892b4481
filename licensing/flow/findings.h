// Between verify's report and licensing's plain data. Internal to flow.
#pragma once

#include <span>
#include <vector>

#include "licensing/application.h"
#include "pki/identity.h"
#include "verify/facts.h"
#include "verify/report.h"

namespace tanba::licensing::flow {

// One finding for each signature of the report, with the digest of the octets that it covers.
[[nodiscard]] std::vector<SignatureFinding> signature_findings(const verify::Report& report,
                                                               const verify::Facts& facts);

// Who a certificate says its holder is.
[[nodiscard]] SignerIdentity signer_of(const pki::Identity& identity);

// Errors of which the report does not have the code yet: two rules may find the same thing.
[[nodiscard]] Errors not_yet_in(const verify::Report& report, const Errors& errors);

// The octets that business data is read from: of the first signature whose value holds and that covers the whole
// document. Nothing when there is none.
[[nodiscard]] const base::Bytes* whole_signed_octets(const verify::Facts& facts);

}  // namespace tanba::licensing::flow
