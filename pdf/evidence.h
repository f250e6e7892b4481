// What a PDF carries for its validation (ETSI EN 319 142-1 5.4, the document security store). Private to this folder.
#pragma once

#include <vector>

#include "base/limits.h"
#include "pdf/graph.h"
#include "pki/context.h"
#include "pki/signature_facts.h"

namespace tanba::pdf {

// Certificates, CRLs and OCSP responses of the DSS are added to the facts. What cannot be read is evidence that is
// absent: pdf.evidence, in `warnings`.
[[nodiscard]] base::Status read_security_store(pki::Context& context, Graph& graph, Cost& cost,
                                               const base::Limits& limits, pki::DocumentFacts& facts,
                                               std::vector<base::Error>& warnings);

// Each certificate once.
void add_certificate(pki::DocumentFacts& facts, pki::CertificatePtr certificate);

}  // namespace tanba::pdf
