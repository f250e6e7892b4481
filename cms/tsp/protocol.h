// Time-Stamp Protocol (RFC 3161 2.4): requests written, responses read. Nothing is fetched here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "cms/tsp/tst_info.h"
#include "pki/algorithm.h"
#include "pki/oid.h"

namespace tanba::cms::tsp {

// НУЦ РК's policies: which key signs the token (GOST 2004, RSA, GOSTGT, GOST 2015).
namespace policy {
extern const pki::Oid kGost2004, kRsa, kGostGt, kGost2015;
}  // namespace policy

inline constexpr std::string_view kRequestMediaType = "application/timestamp-query";
inline constexpr std::string_view kResponseMediaType = "application/timestamp-reply";

// Tokens with two certificate chains and revocation values are under 20 KiB.
inline constexpr std::size_t kMaxResponseBytes = 256U << 10;

struct Request {
  pki::DigestAlgorithm digest = pki::DigestAlgorithm::kSha256;
  base::Bytes imprint;             // the data's digest
  std::optional<pki::Oid> policy;  // none: the authority's own choice
  base::Bytes nonce;               // big-endian, without sign; empty sends none
};
// TimeStampReq with certReq TRUE: a token without its certificate could not be verified later.
[[nodiscard]] base::Bytes write_request(const Request& request);

// PKIStatus, 2.4.2.
enum class ResponseStatus : std::uint8_t {
  kGranted = 0,
  kGrantedWithMods = 1,
  kRejection = 2,
  kWaiting = 3,
  kRevocationWarning = 4,
  kRevocationNotification = 5,
};
[[nodiscard]] std::string_view to_string(ResponseStatus status);  // "granted"

struct Response {
  ResponseStatus status = ResponseStatus::kRejection;
  std::vector<std::string> texts;  // PKIFreeText
  std::string failure;             // "badAlg", ...; empty when none is given
  base::Bytes token;               // ContentInfo; "MUST be present" with granted, "MUST NOT" otherwise
};
// TimeStampResp: tsp.malformed, also when token and status contradict each other.
[[nodiscard]] base::Result<Response> parse_response(base::ByteView der);

// The token of a granted response, else tsp.rejected with what the authority says.
[[nodiscard]] base::Result<base::Bytes> granted_token(Response response);

// Whether the token's contents answer this request (2.4.2): the imprint "MUST have the same value" in algorithm and
// digest, the nonce "MUST be present and … equal", the policy must be the one asked for. tsp.imprint, tsp.nonce,
// tsp.policy. That the token is good is cms/tsp/token.h's matter.
[[nodiscard]] base::Status check_answers(const TstInfo& info, const Request& request);

}  // namespace tanba::cms::tsp
