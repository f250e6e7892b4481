// Verifies every signature of a PDF (ISO 32000-2 12.8; PAdES, ETSI EN 319 142-1), without time and trust.
//
// For each signature field that has a value: what its ByteRange leaves out is its own Contents and nothing more, and it
// ends where a revision of the file ends; the CMS inside (adbe.pkcs7.detached, ETSI.CAdES.detached) by cms::inspect
// over the rest of that revision; and what was added to the file since, object by object: permitted additions are
// warnings (pdf.added), everything else is an error (compare.h says what is permitted, and DocMDP and FieldMDP narrow
// it). Document time stamps (ETSI.RFC3161) prove when the signatures before them existed. The document security store
// is handed over as embedded evidence.
//
// Stricter than ISO 32000-2: the file is refused whole (pdf.malformed) when it can be read in more than one way, see
// layout.h and graph.h; without a certification that permits it, nothing may be filled in or annotated after a
// signature; a value that was there when it was signed may never change; what is added may not show on a page, but for
// the appearance of a field inside the rectangle that it had when it was signed.
// Not done: nothing is rendered, no script is run, XFA is compared and not read; usage-rights signatures are passed
// over; encrypted files are refused.
//
// What is wrong in the document is in the facts; a Result without value is an internal fault and no verdict.
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "pki/context.h"
#include "pki/signature_facts.h"

namespace tanba::pdf {

// SignatureFacts::covers.whole: only permitted additions follow. Nothing is copied; the digests are computed over
// `file` where it lies. Time stamps inside the CMS are left to cms::tsp::inspect_tokens.
[[nodiscard]] base::Result<pki::DocumentFacts> inspect(pki::Context& context, base::ByteView file,
                                                       base::Budget& budget);

// Whether a file wants to be a PDF: viewers look for %PDF- in the first 1024 octets. `inspect` takes it at the first
// only.
[[nodiscard]] bool looks_like_pdf(base::ByteView file);

}  // namespace tanba::pdf
