// New time stamps: asks time-stamp authorities one after the other, and gives only what verified.
//
// What comes back is judged like any time stamp, with its path and its revocation, before anybody relies on it; it must
// answer the very request (imprint, nonce, policy) and say a time close to the clock's. An authority that fails in any
// way is passed over for the next.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/fetch/fetcher.h"
#include "verify/evidence/time_stamp_authority.h"
#include "verify/evidence/verifier.h"

namespace tanba::verify::evidence {

// A time stamp that holds, and everything that it was judged with.
struct TimeStamp {
  base::Bytes token;
  std::string source;  // the authority's URL
  Verified verified;   // facts in `timestamp`
};

class TimeStamper {
 public:
  struct Options {
    std::vector<TimeStampAuthority> authorities;  // in the order in which they are asked
    // Operators name authorities themselves; whoever takes URLs from elsewhere says so.
    net::fetch::EgressClass egress = net::fetch::EgressClass::kConfigured;
    std::chrono::milliseconds source_timeout{5000};  // one answer of one authority
    std::size_t nonce_bytes = 16;
    std::function<base::Bytes(std::size_t)> random;  // OpenSSL's generator when empty
  };
  // Both must outlive it.
  TimeStamper(Verifier& verifier, net::fetch::Fetcher& fetcher, Options options);

  [[nodiscard]] bool has_authorities() const { return !options_.authorities.empty(); }

  // A time stamp over these octets. Of `input` trust, policy, candidates and `now` are used. Waits, also for sources of
  // revocation; never on a worker's or the fetch thread. tsp.unavailable says of each authority why not.
  [[nodiscard]] base::Result<TimeStamp> request(const std::shared_ptr<const base::Bytes>& octets,
                                                const JudgeInput& input, EvidenceSet evidence,
                                                std::chrono::steady_clock::time_point deadline) const;

 private:
  [[nodiscard]] base::Result<TimeStamp> ask(const TimeStampAuthority& authority,
                                            const std::shared_ptr<const base::Bytes>& octets, const JudgeInput& input,
                                            const EvidenceSet& evidence,
                                            std::chrono::steady_clock::time_point deadline) const;

  Verifier& verifier_;
  net::fetch::Fetcher& fetcher_;
  Options options_;
};

}  // namespace tanba::verify::evidence
