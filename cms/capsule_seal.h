// The seal of an evidence capsule: CMS SignedData, attached, over a statement of fixed shape under a content type of
// its own. Whoever seals builds the statement; no caller chooses octets. So a seal can pass for no document (id-data),
// licence (XML-DSig) or approval (id-data over another text), and none of these for a seal.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "cms/sign.h"

namespace tanba::cms {

// What a capsule is about.
enum class CapsuleKind : std::uint8_t { kVerification, kSubmission, kDecision };
[[nodiscard]] std::string_view to_string(CapsuleKind kind);  // "verification", "submission", "decision"
// input.member
[[nodiscard]] base::Result<CapsuleKind> parse_capsule_kind(std::string_view text);

struct SealStatement {
  CapsuleKind kind = CapsuleKind::kVerification;
  std::string id;         // of the submission's request, or the decision's number: check_capsule_id
  base::Digest manifest;  // SHA-256 of the capsule's manifest, which names everything in it by digest
  base::Time sealed_at;   // by the clock of whoever holds the key
  bool operator==(const SealStatement&) const = default;
};

inline constexpr std::string_view kSealType = "urn:tanba:capsule-seal:1";

// 1 to 100 octets of UTF-8 in which nothing could deceive a reader. input.member
[[nodiscard]] base::Status check_capsule_id(std::string_view id);

// The exact octets of the content (RFC 8785, canonical JSON):
//   {"id":"…","kind":"decision","manifest":"…SHA-256…","sealedAt":"2026-11-27T10:00:00Z","type":"urn:tanba:capsule-seal:1"}
[[nodiscard]] std::string seal_text(const SealStatement& statement);
// Only what seal_text makes, octet by octet: capsule.seal.
[[nodiscard]] base::Result<SealStatement> parse_seal_text(base::ByteView text);

// What the key signs; cms::complete makes the seal. input.member when the algorithm does not fit the key.
[[nodiscard]] base::Result<ToBeSigned> prepare_seal(pki::Context& context, const SealStatement& statement,
                                                    const pki::CertificatePtr& certificate,
                                                    const pki::SignatureAlgorithm& algorithm);

}  // namespace tanba::cms
