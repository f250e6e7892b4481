// What may stand in ds:KeyInfo. No Reference reaches it there, so whoever passes a document on can write into it; what
// the standards do not know must not travel as if it had been signed.
#pragma once

#include "base/result.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {

// xml.signature_structure unless every element down to the last is one of xmldsig-core1 4.5, of the keys of RFC 4050
// and of ГОСТ, or of WS-Security, where it belongs, with its own attributes and nothing else inside. Encrypted keys are
// not among them. The text of names and values is not looked at.
[[nodiscard]] base::Status check_key_info_parts(xml::Element key_info);

}  // namespace tanba::xmldsig
