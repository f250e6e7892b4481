#include "licensing/flow/trust_lists.h"

#include <algorithm>
#include <map>
#include <utility>

#include "licensing/flow/trust_document.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using base::Result;
using registry::TrustAct;

// A certificate of the largest kind in PEM.
constexpr std::size_t kMaxCertificateFileBytes = 128U << 10;

std::unexpected<base::Error> bad(std::string member, std::string expected) {
  return base::fail(Code::kInputMember, {{"member", std::move(member)}, {"expected", std::move(expected)}});
}

bool is_in_window(const pki::Anchor& anchor, base::Time now) {
  return (!anchor.trusted_from || now >= *anchor.trusted_from) &&
         (!anchor.trusted_until || now < *anchor.trusted_until);
}

bool trusts(const pki::TrustSnapshot& snapshot, base::Time now, pki::TrustPurposes purposes) {
  using enum pki::TrustPurpose;
  return std::ranges::any_of(snapshot.anchors(), [&](const pki::Anchor& anchor) {
    const bool serves = std::ranges::any_of(
        std::initializer_list<pki::TrustPurpose>{kApplicant, kOfficer, kOperator, kOcsp, kTsa, kPortal},
        [&](pki::TrustPurpose purpose) { return purposes.has(purpose) && anchor.purposes.has(purpose); });
    return serves && is_in_window(anchor, now);
  });
}

Result<pki::CertificatePtr> read_one_certificate(base::ByteView file) {
  constexpr const char* kExpected = "one certificate, DER or PEM";
  if (file.size() > kMaxCertificateFileBytes) return bad("certificate", kExpected);
  auto certificates = pki::parse_certificates(file);
  // Several in one file: the fingerprint would be one's, and the others would come in unseen.
  if (!certificates || certificates->size() != 1) return bad("certificate", kExpected);
  return std::move(certificates->front());
}

base::Status check_window(const TrustImport& import) {
  if (import.kind == TrustKind::kIntermediate) {
    const bool plain = import.purposes == pki::TrustPurposes() && !import.trusted_from && !import.trusted_until;
    if (!plain) return bad("purposes", "none, and no window: intermediates are trusted for nothing by themselves");
    return {};
  }
  if (import.purposes == pki::TrustPurposes()) return bad("purposes", "at least one");
  if (import.trusted_from && import.trusted_until && *import.trusted_from >= *import.trusted_until) {
    return bad("until", "a time after `from`");
  }
  return {};
}

// The parts of a list, to be changed.
struct Members {
  explicit Members(const pki::TrustSnapshot& snapshot)
      : anchors(snapshot.anchors().begin(), snapshot.anchors().end()),
        intermediates(snapshot.intermediates().begin(), snapshot.intermediates().end()) {}
  [[nodiscard]] pki::TrustSnapshotPtr make() && {
    return pki::TrustSnapshot::make(std::move(anchors), std::move(intermediates));
  }
  std::size_t drop_anchor(const base::Digest& digest) {
    return std::erase_if(anchors, [&](const pki::Anchor& anchor) { return anchor.certificate->digest() == digest; });
  }
  std::size_t drop_intermediate(const base::Digest& digest) {
    return std::erase_if(intermediates, [&](const auto& certificate) { return certificate->digest() == digest; });
  }
  std::vector<pki::Anchor> anchors;
  std::vector<pki::CertificatePtr> intermediates;
};

base::Status check_sizes(const Members& members) {
  if (members.anchors.size() > kMaxAnchors) {
    return base::fail(Code::kLimitCount, {{"limit", std::to_string(kMaxAnchors)}, {"what", "anchors"}});
  }
  if (members.intermediates.size() > kMaxIntermediates) {
    return base::fail(Code::kLimitCount, {{"limit", std::to_string(kMaxIntermediates)}, {"what", "intermediates"}});
  }
  return {};
}

using ByDigest = std::map<base::Digest, pki::Anchor>;
ByDigest anchors_of(const pki::TrustSnapshot& snapshot) {
  ByDigest out;
  for (const pki::Anchor& anchor : snapshot.anchors()) out.emplace(anchor.certificate->digest(), anchor);
  return out;
}
ByDigest intermediates_of(const pki::TrustSnapshot& snapshot) {
  ByDigest out;
  for (const pki::CertificatePtr& certificate : snapshot.intermediates()) {
    out.emplace(certificate->digest(), pki::Anchor{certificate, {}, {}, {}});
  }
  return out;
}

bool equal(const pki::Anchor& a, const pki::Anchor& b) {
  return a.purposes == b.purposes && a.trusted_from == b.trusted_from && a.trusted_until == b.trusted_until;
}

void add_differences(TrustKind kind, const ByDigest& before, const ByDigest& after, TrustDifference& out) {
  for (const auto& [digest, anchor] : before) {
    const auto found = after.find(digest);
    if (found == after.end()) {
      out.entries.push_back({kind, anchor, {}});
    } else if (!equal(anchor, found->second)) {
      out.entries.push_back({kind, anchor, found->second});
    }
  }
  for (const auto& [digest, anchor] : after) {
    if (!before.contains(digest)) out.entries.push_back({kind, {}, anchor});
  }
}

}  // namespace

Result<base::Digest> parse_fingerprint(std::string_view text) {
  std::string hex;
  for (const char c : text) {
    if (c == ':' || c == ' ') continue;
    hex += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const auto digest = base::digest_from_hex(hex);
  if (!digest) return bad("sha256", "the fingerprint: 64 hexadecimal digits");
  return *digest;
}

std::string_view to_string(TrustKind kind) {
  return kind == TrustKind::kAnchor ? "anchor" : "intermediate";
}

Result<TrustKind> parse_trust_kind(std::string_view word) {
  for (const TrustKind kind : {TrustKind::kAnchor, TrustKind::kIntermediate}) {
    if (to_string(kind) == word) return kind;
  }
  return bad("kind", "anchor or intermediate");
}

TrustDifference difference(const pki::TrustSnapshot& before, const pki::TrustSnapshot& after) {
  TrustDifference out;
  add_differences(TrustKind::kAnchor, anchors_of(before), anchors_of(after), out);
  add_differences(TrustKind::kIntermediate, intermediates_of(before), intermediates_of(after), out);
  return out;
}

// The next version as it shall be.
struct TrustLists::Wanted {
  pki::TrustSnapshotPtr snapshot;
  TrustAct act = TrustAct::kImport;
  std::optional<std::int64_t> restores = {};
  std::vector<base::Digest> certificates = {};
};

Result<std::unique_ptr<TrustLists>> TrustLists::open(Parts parts, pki::TrustSnapshotPtr configured) {
  std::unique_ptr<TrustLists> lists(new TrustLists(parts));
  auto refreshed = lists->refresh();
  if (!refreshed && refreshed.error().code() == Code::kRegistryNotFound) {
    const auto first = lists->install({}, {.snapshot = std::move(configured), .act = TrustAct::kConfiguration}, "",
                                      {CallerKind::kSystem, "configuration"});
    // Another daemon may have been first: then its list is the one.
    if (!first && first.error().code() != Code::kTrustVersion) return std::unexpected(first.error());
    refreshed = lists->refresh();
  }
  if (!refreshed) return std::unexpected(refreshed.error());
  return lists;
}

pki::TrustSnapshotPtr TrustLists::current() const {
  const std::scoped_lock lock(mutex_);
  return state_.snapshot;
}

TrustState TrustLists::in_force() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

// Never back to an older version: two refreshes may overtake each other.
TrustLists::Refreshed TrustLists::take(TrustState state) {
  const std::scoped_lock lock(mutex_);
  if (state_.snapshot && state.version.version <= state_.version.version) return Refreshed::kSame;
  state_ = std::move(state);
  return Refreshed::kChanged;
}

Result<TrustLists::Refreshed> TrustLists::refresh() {
  auto refreshed = refresh_now();
  const std::scoped_lock lock(mutex_);
  refreshed_ = refreshed ? base::Status() : std::unexpected(refreshed.error());
  return refreshed;
}

Result<TrustLists::Refreshed> TrustLists::refresh_now() {
  TANBA_TRY(registry::TrustVersion newest, parts_.registry.trust_version());
  const TrustState now = in_force();
  if (now.snapshot && newest.version == now.version.version) return Refreshed::kSame;
  TANBA_TRY(TrustState state, read(std::move(newest)));
  TANBA_CHECK(check_demo(*state.snapshot));
  return take(std::move(state));
}

base::Status TrustLists::check() const {
  const std::scoped_lock lock(mutex_);
  TANBA_CHECK(refreshed_);
  if (!trusts(*state_.snapshot, parts_.clock.now(), pki::TrustPurposes::all())) return base::fail(Code::kPathNoAnchors);
  return {};
}

base::Status TrustLists::check_demo(const pki::TrustSnapshot& snapshot) const {
  if (parts_.demo == Demo::kYes) return {};
  for (const pki::Anchor& anchor : snapshot.anchors()) {
    if (pki::has_demo_marker(*anchor.certificate)) {
      return base::fail(Code::kConfigDemoAnchor, {{"anchor", anchor.certificate->subject().display()}});
    }
  }
  return {};
}

Result<TrustState> TrustLists::read(registry::TrustVersion version) const {
  TANBA_TRY(const base::Bytes document, parts_.registry.document(version.snapshot));
  TANBA_TRY(auto snapshot, read_trust_document(document));
  return TrustState{std::move(version), std::move(snapshot)};
}

Result<TrustState> TrustLists::state_of(std::int64_t version) const {
  TANBA_TRY(auto found, parts_.registry.trust_version(version));
  return read(std::move(found));
}

Result<TrustLists::Wanted> TrustLists::plan(const TrustState& now, const TrustImport& import) const {
  TANBA_TRY(pki::CertificatePtr certificate, read_one_certificate(import.certificate));
  if (certificate->digest() != import.fingerprint) {
    return base::fail(Code::kTrustFingerprint, {{"found", certificate->digest().hex()}});
  }
  TANBA_CHECK(check_window(import));
  Members members(*now.snapshot);
  Wanted out{.snapshot = {}, .act = TrustAct::kImport, .certificates = {certificate->digest()}};
  if (import.kind == TrustKind::kAnchor) {
    members.drop_anchor(certificate->digest());
    members.anchors.push_back({std::move(certificate), import.purposes, import.trusted_from, import.trusted_until});
  } else {
    members.intermediates.push_back(std::move(certificate));  // twice is once
  }
  TANBA_CHECK(check_sizes(members));
  out.snapshot = std::move(members).make();
  return out;
}

Result<TrustLists::Wanted> TrustLists::plan(const TrustState& now, const TrustRemoval& removal) const {
  Members members(*now.snapshot);
  const std::size_t dropped = removal.kind == TrustKind::kAnchor ? members.drop_anchor(removal.certificate)
                                                                 : members.drop_intermediate(removal.certificate);
  if (dropped == 0) {
    return base::fail(Code::kRegistryNotFound,
                      {{"what", std::string(to_string(removal.kind))}, {"id", removal.certificate.hex()}});
  }
  return Wanted{
      .snapshot = std::move(members).make(), .act = TrustAct::kRemoval, .certificates = {removal.certificate}};
}

Result<TrustLists::Wanted> TrustLists::plan(const TrustState& now, const TrustRollback& rollback) const {
  TANBA_TRY(const TrustState old, state_of(rollback.version));
  Wanted out{.snapshot = old.snapshot, .act = TrustAct::kRollback, .restores = rollback.version};
  for (const auto& entry : difference(*now.snapshot, *old.snapshot).entries) {
    out.certificates.push_back((entry.after ? entry.after : entry.before)->certificate->digest());
  }
  return out;
}

Result<TrustState> TrustLists::install(const TrustState& now, Wanted wanted, std::string reason, Caller by) {
  TANBA_CHECK(check_demo(*wanted.snapshot));
  if (now.snapshot && now.snapshot->id() == wanted.snapshot->id()) {
    return base::fail(Code::kTrustUnchanged, {{"version", std::to_string(now.version.version)}});
  }
  const std::string document = write_trust_document(*wanted.snapshot);
  registry::PutTrustVersion command{.snapshot = base::to_bytes(base::as_bytes(document)),
                                    .list = wanted.snapshot->id().hex(),
                                    .based_on = now.version.version,
                                    .act = wanted.act,
                                    .restores = wanted.restores,
                                    .certificates = std::move(wanted.certificates),
                                    .reason = std::move(reason),
                                    .by = std::move(by)};
  TANBA_TRY(auto made, parts_.registry.execute(std::move(command)));
  TrustState state{std::move(made), std::move(wanted.snapshot)};
  take(state);
  return state;
}

Result<TrustState> TrustLists::change(const TrustChange& change) {
  if (change.reason.empty() || change.reason.size() > kMaxTrustReasonBytes) {
    return bad("reason", "why, in at most " + std::to_string(kMaxTrustReasonBytes) + " octets");
  }
  TANBA_CHECK(refresh());
  const TrustState now = in_force();
  if (now.version.version != change.based_on) {
    return base::fail(Code::kTrustVersion,
                      {{"based", std::to_string(change.based_on)}, {"newest", std::to_string(now.version.version)}});
  }
  TANBA_TRY(Wanted wanted, std::visit([&](const auto& what) { return plan(now, what); }, change.what));
  // The same anchors let officers and security staff log in.
  if (!trusts(*wanted.snapshot, parts_.clock.now(), {pki::TrustPurpose::kOfficer})) {
    return base::fail(Code::kTrustLockOut);
  }
  return install(now, std::move(wanted), change.reason, change.by);
}

Result<TrustState> TrustLists::take_configured(const pki::TrustSnapshotPtr& configured, std::string reason) {
  TANBA_CHECK(refresh());
  const TrustState now = in_force();
  Wanted wanted{.snapshot = configured, .act = TrustAct::kConfiguration};
  for (const auto& entry : difference(*now.snapshot, *configured).entries) {
    wanted.certificates.push_back((entry.after ? entry.after : entry.before)->certificate->digest());
  }
  return install(now, std::move(wanted), std::move(reason), {CallerKind::kSystem, "configuration"});
}

}  // namespace tanba::licensing::flow
