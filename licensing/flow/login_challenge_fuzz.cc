// Any octets as a log-in challenge: refused, or written as it was read; and never taken for one that was given out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "licensing/flow/challenges.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  using licensing::flow::Challenges;
  static const licensing::flow::Schemas schemas = licensing::flow::Schemas::compile().value();
  static const Challenges challenges(
      Challenges::Options{.host = "localhost", .lifetime = base::Seconds(120), .key = base::Secret("unknown outside")});
  const auto challenge = schemas.read_login_challenge(base::ByteView(data, size));
  if (!challenge) return 0;
  const auto written = licensing::flow::write_login_challenge(*challenge);
  if (!written) std::abort();
  const auto again = schemas.read_login_challenge(base::as_bytes(*written));
  require(again && again->host == challenge->host && again->nonce == challenge->nonce);
  require(again->issued_at == challenge->issued_at && again->expires_at == challenge->expires_at);
  const auto issued_at = base::parse_time(challenge->issued_at);
  require(!challenges.check(*challenge, issued_at.value_or(base::Time(base::Seconds(1'780'000'000)))));
  return 0;
}
