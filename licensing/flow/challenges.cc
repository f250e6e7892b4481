#include "licensing/flow/challenges.h"

#include <algorithm>

#include "base/hmac.h"
#include "verify/evidence/sources.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;

// A nonce is 64 digits: 128 random bits, then 128 bits of the MAC.
constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kRandomDigits = 2 * kRandomBytes;

}  // namespace

// What make() writes has three line breaks in it and no more, so that the parts cannot run into each other.
std::string Challenges::proof(const Schemas::Challenge& challenge, std::string_view random_part) const {
  std::string text(random_part);
  text += '\n' + challenge.issued_at + '\n' + challenge.expires_at + '\n' + challenge.host;
  return base::hmac_sha256(options_.key.reveal(), base::as_bytes(text)).hex().substr(0, kRandomDigits);
}

base::Result<std::string> Challenges::make(base::Time now) const {
  Schemas::Challenge challenge{.host = options_.host,
                               .nonce = base::to_hex(verify::evidence::random_octets(kRandomBytes)),
                               .issued_at = base::format_time(now),
                               .expires_at = base::format_time(now + options_.lifetime)};
  challenge.nonce += proof(challenge, challenge.nonce);
  return write_login_challenge(challenge);
}

base::Status Challenges::check(const Schemas::Challenge& challenge, base::Time now) const {
  if (challenge.nonce.size() != 2 * kRandomDigits) return base::fail(Code::kAuthChallenge);
  const std::string_view nonce = challenge.nonce;
  const std::string proved = proof(challenge, nonce.substr(0, kRandomDigits));
  if (!base::equal_constant_time(base::as_bytes(proved), base::as_bytes(nonce.substr(kRandomDigits)))) {
    return base::fail(Code::kAuthChallenge);
  }
  if (challenge.host != options_.host) return base::fail(Code::kAuthChallenge);
  TANBA_TRY(const base::Time issued_at, base::parse_time(challenge.issued_at));
  TANBA_TRY(const base::Time expires_at, base::parse_time(challenge.expires_at));
  // One from the future was made before the clock was set back: how old it is, nobody knows.
  if (now < issued_at || now > expires_at) return base::fail(Code::kAuthChallenge);
  return {};
}

base::Status Challenges::use(const Schemas::Challenge& challenge, const std::string& person, base::Time now) {
  TANBA_TRY(const base::Time expires_at, base::parse_time(challenge.expires_at));
  const std::scoped_lock lock(mutex_);
  std::erase_if(used_, [now](const auto& entry) { return entry.second.until < now; });
  if (used_.contains(challenge.nonce)) return base::fail(Code::kAuthChallenge);
  const auto by_person = std::ranges::count_if(used_, [&](const auto& entry) { return entry.second.person == person; });
  if (static_cast<std::size_t>(by_person) >= kMaxUsedChallenges) return base::fail(Code::kExecutorFull);
  // Twice its life: a clock that is set back a little must not make it new again.
  used_.emplace(challenge.nonce, Used{person, expires_at + options_.lifetime});
  return {};
}

}  // namespace tanba::licensing::flow
