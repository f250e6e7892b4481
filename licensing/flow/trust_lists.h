// The trust list in force, and how security staff change it.
//
// The registry keeps every version; the newest is in force in all daemons that share it. The configuration's anchors
// and intermediates make the first version and no other by themselves (docs/decisions: trust lists are the registry's).
// A change is a new version: certificates come in with a fingerprint that a person confirmed, go out, or an old version
// is taken into force again. What verifications began with they end with; the next one sees the new list. Cached paths
// end with the list that they were found under, since they are kept by its name; nothing else changes.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "licensing/flow/documents.h"
#include "licensing/registry/registry.h"
#include "pki/trust.h"

namespace tanba::licensing::flow {

// SHA-256 in hexadecimal as people have it from paper or a screen: either case, with colons or spaces between.
// input.member.
[[nodiscard]] base::Result<base::Digest> parse_fingerprint(std::string_view text);

enum class TrustKind : std::uint8_t { kAnchor, kIntermediate };
[[nodiscard]] std::string_view to_string(TrustKind kind);  // anchor, intermediate
[[nodiscard]] base::Result<TrustKind> parse_trust_kind(std::string_view word);

// An anchor that is there already gets these purposes and this window instead of its own.
struct TrustImport {
  TrustKind kind = TrustKind::kAnchor;
  base::Bytes certificate;                                // DER or PEM, one
  base::Digest fingerprint;                               // SHA-256 of the DER, got by another way than the file
  pki::TrustPurposes purposes;                            // of an anchor: at least one; of an intermediate: none
  std::optional<base::Time> trusted_from, trusted_until;  // of an anchor
};
struct TrustRemoval {
  TrustKind kind = TrustKind::kAnchor;
  base::Digest certificate;
};
struct TrustRollback {
  std::int64_t version = 0;
};
struct TrustChange {
  std::variant<TrustImport, TrustRemoval, TrustRollback> what;
  std::int64_t based_on = 0;  // the version that was looked at
  std::string reason;
  Caller by;
};
inline constexpr std::size_t kMaxTrustReasonBytes = 8U << 10;  // as of a decision

struct TrustState {
  registry::TrustVersion version;
  pki::TrustSnapshotPtr snapshot;
};

// What differs from one list to another.
struct TrustDifference {
  struct Entry {
    TrustKind kind;
    std::optional<pki::Anchor> before, after;  // an intermediate is an anchor for nothing here
  };
  std::vector<Entry> entries;  // anchors first, in the order of their digests
};
[[nodiscard]] TrustDifference difference(const pki::TrustSnapshot& before, const pki::TrustSnapshot& after);

class TrustLists {
 public:
  struct Parts {
    registry::Registry& registry;  // outlives this, like the clock
    const base::Clock& clock;
    Demo demo = Demo::kNo;
  };
  // Takes the registry's newest version; installs `configured` as the first where there is none. Blocks.
  // config.demo_anchor, registry.*.
  [[nodiscard]] static base::Result<std::unique_ptr<TrustLists>> open(Parts parts, pki::TrustSnapshotPtr configured);

  // In force now; any thread.
  [[nodiscard]] pki::TrustSnapshotPtr current() const;
  [[nodiscard]] TrustState in_force() const;

  // Takes over a version that another daemon made. Whether it did; on an error the old list stays in force, and
  // check() says so. Blocks; the caller repeats it.
  enum class Refreshed : std::uint8_t { kSame, kChanged };
  [[nodiscard]] base::Result<Refreshed> refresh();
  // For readiness: the newest version is in force, and somebody is trusted now. path.no_anchors, registry.*,
  // config.demo_anchor.
  [[nodiscard]] base::Status check() const;

  // Makes the next version and takes it into force. Blocks. trust.fingerprint, trust.version, trust.unchanged,
  // trust.lock_out, config.demo_anchor, registry.not_found (what is to be removed or restored), input.member,
  // limit.count, registry.*.
  [[nodiscard]] base::Result<TrustState> change(const TrustChange& change);
  // The configuration's list, by whoever holds the machine: for recovery, when nobody can log in. trust.unchanged.
  [[nodiscard]] base::Result<TrustState> take_configured(const pki::TrustSnapshotPtr& configured, std::string reason);

  // Any version. registry.not_found, registry.damaged. Block.
  [[nodiscard]] base::Result<TrustState> state_of(std::int64_t version) const;

 private:
  explicit TrustLists(Parts parts) : parts_(parts) {}
  struct Wanted;
  [[nodiscard]] base::Result<Wanted> plan(const TrustState& now, const TrustImport& import) const;
  [[nodiscard]] base::Result<Wanted> plan(const TrustState& now, const TrustRemoval& removal) const;
  [[nodiscard]] base::Result<Wanted> plan(const TrustState& now, const TrustRollback& rollback) const;
  [[nodiscard]] base::Result<TrustState> install(const TrustState& now, Wanted wanted, std::string reason, Caller by);
  [[nodiscard]] base::Result<TrustState> read(registry::TrustVersion version) const;
  [[nodiscard]] base::Status check_demo(const pki::TrustSnapshot& snapshot) const;
  [[nodiscard]] base::Result<Refreshed> refresh_now();
  Refreshed take(TrustState state);

  Parts parts_;
  mutable std::mutex mutex_;
  TrustState state_;
  base::Status refreshed_;  // of the last refresh
};

}  // namespace tanba::licensing::flow
