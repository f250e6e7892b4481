// Log-in challenges that cost nothing to give out: nobody's asking keeps anybody else from logging in.
//
// A challenge carries its own proof: half of its nonce is random, the other half a MAC by a key of this process over
// host, times and the random half. Kept is only what somebody logged in by, until it would be too old anyway. A
// challenge is therefore known to the daemon that made it, and after a restart to none: of several daemons behind one
// address each needs its callers to stay with it, as their sessions do.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "licensing/flow/documents.h"

namespace tanba::licensing::flow {

// One person's log-ins that are remembered at one time. More are no log-ins by hand; who makes them locks out nobody
// else.
inline constexpr std::size_t kMaxUsedChallenges = 100;

// Thread-safe.
class Challenges {
 public:
  struct Options {
    std::string host;
    base::Seconds lifetime{120};
    base::Secret key;  // 256 random bits
  };
  explicit Challenges(Options options) : options_(std::move(options)) {}

  [[nodiscard]] base::Result<std::string> make(base::Time now) const;
  // auth.challenge when it was not made here, is another host's, or is not of this time.
  [[nodiscard]] base::Status check(const Schemas::Challenge& challenge, base::Time now) const;
  // A challenge that passed check() and is signed by `person`, once: auth.challenge when it was used, server.busy when
  // this person has used too many.
  [[nodiscard]] base::Status use(const Schemas::Challenge& challenge, const std::string& person, base::Time now);

 private:
  [[nodiscard]] std::string proof(const Schemas::Challenge& challenge, std::string_view random_part) const;

  Options options_;
  std::mutex mutex_;
  struct Used {
    std::string person;
    base::Time until;
  };
  std::map<std::string, Used, std::less<>> used_;  // by nonce
};

}  // namespace tanba::licensing::flow
