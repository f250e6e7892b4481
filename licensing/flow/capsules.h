// Evidence capsules of what is registered (verify/capsule.h): made with it, sealed and stamped after it, given out
// whole.
//
// A capsule's parts are stored in the command that registers what they prove, so there is none without the other. The
// seal comes from the key server, which may be down: whatever has none yet is found again and again until it has. What
// an earlier release registered is judged anew by the present rules, and sealed when that gives its report.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "licensing/registry/registry.h"
#include "tokens/client/client.h"
#include "verify/capsule_file.h"
#include "verify/evidence/time_stamper.h"

namespace tanba::licensing::flow {

// The capsule of what was judged, as evidence of the command that registers it: manifest, record and trust; its lists
// are among the evidence already, its report is the command's own. `judged`: the facts, and the evidence of the last
// round. capsule.incomplete, capsule.digest, file.*: a list cannot be kept, so nothing can be proved by it later.
[[nodiscard]] base::Status add_capsule(verify::CapsuleSubject subject, const verify::evidence::Verified& judged,
                                       const verify::JudgeInput& input, const base::Limits& limits,
                                       const std::string& report, std::vector<EvidenceItem>& evidence);

class Capsules {
 public:
  // All outlive it.
  struct Parts {
    registry::Registry& registry;
    tokens::client::KeyServer* keys;                  // null: nothing is sealed
    const verify::evidence::TimeStamper* stamper;     // null: nothing is stamped
    std::function<verify::JudgeInput()> stamp_input;  // what new time stamps are judged with, now
    std::chrono::milliseconds keyd_timeout{10'000};
    std::chrono::milliseconds stamp_timeout{15'000};
  };
  explicit Capsules(Parts parts) : parts_(std::move(parts)) {}

  // Seals and stamps what waits, the oldest first. Blocks; the caller repeats it. After trouble with key server or
  // time-stamp authorities they are left alone for a while that grows.
  struct Trouble {
    std::string owner;  // number; empty when it is about no single capsule
    base::Error error;
  };
  struct Round {
    std::size_t sealed = 0;
    std::size_t stamped = 0;
    std::size_t unfit = 0;
    std::vector<Trouble> troubles;
  };
  [[nodiscard]] Round work();

  // What waits now.
  struct Waiting {
    std::int64_t unsealed = 0;
    std::int64_t unstamped = 0;
    // Of the unsealed: those that this process will not seal, by the code that says why. A person has to look.
    std::map<base::Code, std::int64_t> unfit = {};
  };
  [[nodiscard]] base::Result<Waiting> waiting();

  // The whole file of an application's or a decision's capsule, with every list. registry.*, limit.size.
  [[nodiscard]] base::Result<base::Bytes> file(std::string_view owner) const;

 private:
  using Steady = std::chrono::steady_clock;
  // Grows from kFirst to kLongest while what is asked fails.
  class Pause {
   public:
    Pause(Steady::duration first, Steady::duration longest) : first_(first), longest_(longest) {}
    [[nodiscard]] bool over() const { return Steady::now() >= until_; }
    void begin();
    void end() { next_ = {}; }

   private:
    Steady::duration first_, longest_, next_{};
    Steady::time_point until_{};
  };

  // The parts of one capsule as they lie in the store.
  struct Stored {
    std::string manifest_text;
    verify::CapsuleManifest manifest;
    std::vector<base::Bytes> parts;
    std::optional<base::Bytes> seal, time_stamp;
    [[nodiscard]] verify::CapsuleContents contents() const;
  };
  [[nodiscard]] base::Result<Stored> read(const registry::CapsuleRow& row) const;

  void seal_waiting(Round& round);
  [[nodiscard]] base::Status seal(pki::Context& context, const std::string& key, const registry::CapsuleRow& row);
  [[nodiscard]] base::Result<base::Bytes> make_seal(pki::Context& context, const std::string& key,
                                                    const verify::CapsuleManifest& manifest,
                                                    const base::Digest& name) const;
  [[nodiscard]] base::Result<std::string> key_name() const;
  void stamp_waiting(Round& round);
  [[nodiscard]] base::Status stamp(const registry::CapsuleRow& row) const;

  Parts parts_;
  std::int64_t handled_ = 0;                  // position: what stands there and before is sealed or unfit
  std::map<base::Code, std::int64_t> unfit_;  // how many do not replay
  Pause keyd_pause_{std::chrono::seconds(2), std::chrono::seconds(60)};
  Pause stamp_pause_{std::chrono::seconds(30), std::chrono::minutes(15)};
};

}  // namespace tanba::licensing::flow
