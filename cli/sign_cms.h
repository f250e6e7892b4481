// Signing as CMS what is large, and what is signed already.
#pragma once

#include "cli/commands.h"

namespace tanba::cli {

// Whether FILE is to be read in blocks: CMS of a large regular file. Null otherwise.
[[nodiscard]] std::shared_ptr<const base::LargeFile> large_content(const SignOptions& options);
// Detached: the document, DER.
[[nodiscard]] base::Result<base::Bytes> sign_large_detached(OpenKey& key,
                                                            const std::shared_ptr<const base::LargeFile>& content,
                                                            base::Time now);
// Attached, written through to the output; how many octets that were.
[[nodiscard]] base::Result<std::uint64_t> sign_large(const SignOptions& options, OpenKey& key,
                                                     const std::shared_ptr<const base::LargeFile>& content,
                                                     base::Time now);

// FILE with one more signer (`--add`) or counter-signature (`--counter-sign`), DER.
[[nodiscard]] base::Result<base::Bytes> sign_further(const SignOptions& options, OpenKey& key, base::ByteView file,
                                                     base::Time now);
// The number of the signature that was just made in this document, counted from 0.
[[nodiscard]] base::Result<std::size_t> last_signer(base::ByteView document);

}  // namespace tanba::cli
