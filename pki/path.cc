#include "pki/path.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "pki/lru.h"
#include "pki/path_validation.h"

namespace tanba::pki {
namespace {

using base::Code;
using base::Digest;
using base::Error;
using base::Result;
using base::Status;

// НУЦ РК's chains have three certificates, bridged authorities of other countries up to eight.
constexpr std::size_t kMaxPathCertificates = 12;
// For the report: who looks for the reason reads the first few.
constexpr std::size_t kMaxRejected = 16;

constexpr std::array<std::pair<KeyPurpose, std::string_view>, 6> kKeyPurposes = {{
    {KeyPurpose::kSigning, "signing"},
    {KeyPurpose::kAny, "any"},
    {KeyPurpose::kTlsClient, "tls-client"},
    {KeyPurpose::kTlsServer, "tls-server"},
    {KeyPurpose::kOcspSigning, "ocsp"},
    {KeyPurpose::kTimeStamping, "time-stamping"},
}};

// The span of time around `at` in which nothing that was looked at begins or ends: [from, until).
class Window {
 public:
  explicit Window(base::Time at) : at_(at) {}
  // An answer changes at `boundary`: it is one before, another from then on.
  void note(base::Time boundary) {
    if (boundary <= at_)
      from_ = std::max(from_, boundary);
    else
      until_ = std::min(until_, boundary);
  }
  void note(const Certificate& certificate) {
    note(certificate.not_before());
    note(certificate.not_after() + base::Seconds(1));  // the last second counts
  }
  void note(const Anchor& anchor) {
    if (anchor.trusted_from) note(*anchor.trusted_from);
    if (anchor.trusted_until) note(*anchor.trusted_until + base::Seconds(1));
  }
  [[nodiscard]] bool contains(base::Time time) const { return from_ <= time && time < until_; }

 private:
  base::Time at_;
  base::Time from_ = base::Time::min();
  base::Time until_ = base::Time::max();
};

// --- candidates ------------------------------------------------------------------------------------------------------

// How well an issuer fits by key identifiers (RFC 4158 3.5.12): a hint for the order, never a proof.
enum class Fit : std::uint8_t { kMatches, kUnknown, kDiffers };

Fit fit_of(const Certificate& certificate, const Certificate& issuer) {
  if (!certificate.authority_key_id() || !issuer.subject_key_id()) return Fit::kUnknown;
  return *certificate.authority_key_id() == *issuer.subject_key_id() ? Fit::kMatches : Fit::kDiffers;
}

struct Candidate {
  CertificatePtr certificate;
  Fit fit = Fit::kUnknown;
};

// RFC 4158 5.2: a certificate, or a name with the same key, that is in the path already would make a loop.
bool would_loop(const Path& path, const Certificate& candidate) {
  return std::ranges::any_of(path.certificates, [&](const CertificatePtr& certificate) {
    return certificate->digest() == candidate.digest() ||
           (certificate->key().digest == candidate.key().digest && certificate->subject() == candidate.subject());
  });
}

// All that could have issued the last certificate of the path, by name; the best first.
std::vector<Candidate> issuers_of(const Path& path, const PathQuery& query) {
  const Certificate& certificate = *path.certificates.back();
  std::vector<Candidate> candidates;
  const auto add = [&](const CertificatePtr& issuer) {
    const bool known = std::ranges::any_of(
        candidates, [&](const Candidate& other) { return other.certificate->digest() == issuer->digest(); });
    if (!known && !would_loop(path, *issuer)) candidates.push_back({issuer, fit_of(certificate, *issuer)});
  };
  for (const CertificatePtr& issuer : query.trust->with_subject(certificate.issuer())) add(issuer);
  for (const CertificatePtr& issuer : query.candidates) {
    if (issuer && issuer->subject() == certificate.issuer()) add(issuer);
  }
  std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
    if (a.fit != b.fit) return a.fit < b.fit;
    return a.certificate->not_before() > b.certificate->not_before();
  });
  return candidates;
}

// --- search ----------------------------------------------------------------------------------------------------------

class Search {
 public:
  Search(Context& context, const PathQuery& query, base::Budget& budget)
      : context_(context), query_(query), budget_(budget), window_(query.at) {
    for (const base::Time boundary : policy_boundaries(query.algorithm_policy)) window_.note(boundary);
  }

  Result<PathResult> run() {
    if (query_.trust->anchors().empty()) {
      reject({.certificates = {query_.leaf}}, {Error(Code::kPathNoAnchors)}, Reached::kNowhere);
      return finish();
    }
    TANBA_CHECK(enter(query_.leaf));
    while (!open_.empty() && result_.valid.size() < kMaxValidPaths) {
      TANBA_CHECK(step());
    }
    return finish();
  }
  [[nodiscard]] const Window& window() const { return window_; }

 private:
  enum class Reached : std::uint8_t { kNowhere, kAnchor };

  // A certificate of the present path whose issuers are being tried.
  struct Open {
    std::vector<Candidate> candidates;
    std::size_t next = 0;
    bool led_somewhere = false;  // went on, or has its own rejection
  };
  struct Rejection {
    RejectedPath path;
    Reached reached = Reached::kNowhere;
  };

  // Puts a certificate at the end of the path. If it is an anchor the path is judged; a good one is not continued.
  Status enter(const CertificatePtr& certificate) {
    path_.certificates.push_back(certificate);
    window_.note(*certificate);
    bool known_as_anchor = false;
    if (const Anchor* anchor = query_.trust->anchor_of(certificate->digest())) {
      known_as_anchor = true;
      window_.note(*anchor);
      TANBA_TRY(std::vector<Error> errors, validate_path(context_, path_, query_, budget_));
      if (errors.empty()) {
        result_.valid.push_back(path_);
        path_.certificates.pop_back();
        return {};
      }
      reject(path_, std::move(errors), Reached::kAnchor);
    }
    open_.push_back({.candidates = issuers_of(path_, query_), .next = 0, .led_somewhere = known_as_anchor});
    return {};
  }

  void leave() {
    if (!open_.back().led_somewhere) {
      const Certificate& last = *path_.certificates.back();
      reject(path_, {Error(Code::kPathNoChain, {{"certificate", last.label()}, {"issuer", last.issuer().display()}})},
             Reached::kNowhere);
    }
    open_.pop_back();
    path_.certificates.pop_back();
  }

  Status step() {
    Open& open = open_.back();
    if (open.next == open.candidates.size()) {
      leave();
      return {};
    }
    const Candidate candidate = open.candidates[open.next++];
    // A key identifier that differs means another key of the same name: tried only while nothing better was found.
    if (candidate.fit == Fit::kDiffers && !result_.valid.empty()) return {};
    TANBA_CHECK(budget_.charge_path_step());
    TANBA_TRY(const bool issued, try_candidate(candidate, open));
    if (!issued) return {};
    open.led_somewhere = true;
    return enter(candidate.certificate);
  }

  // Whether to go on with this issuer; what speaks against it is kept.
  Result<bool> try_candidate(const Candidate& candidate, Open& open) {
    const Certificate& issuer = *candidate.certificate;
    window_.note(issuer);
    const auto refuse = [&](Error error) {
      open.led_somewhere = true;
      reject(extended(candidate.certificate), {std::move(error)}, Reached::kNowhere);
      return false;
    };
    if (path_.certificates.size() == kMaxPathCertificates) {
      return refuse(Error(Code::kPathConstraint,
                          {{"certificate", path_.certificates.front()->label()},
                           {"reason", "longer than " + std::to_string(kMaxPathCertificates) + " certificates"}}));
    }
    // An anchor's right to issue is judged with the whole path: version 1 roots have no basicConstraints.
    if (query_.trust->anchor_of(issuer.digest()) == nullptr) {
      if (auto status = check_may_issue(issuer); !status) return refuse(std::move(status).error());
    }
    // A key that still lacks its parameters is verified with when the anchor is known.
    if (lacks_parameters(issuer.key())) return true;
    auto link = check_link(context_, *path_.certificates.back(), issuer, issuer.key(), budget_);
    if (link) return true;
    const Code code = link.error().code();
    if (code == Code::kLimitCost || code == Code::kInternal) return std::unexpected(std::move(link).error());
    // By another key of the name: simply not the issuer.
    if (candidate.fit == Fit::kDiffers && code == Code::kPathBadSignature) return false;
    return refuse(std::move(link).error());
  }

  [[nodiscard]] Path extended(const CertificatePtr& certificate) const {
    Path path = path_;
    path.certificates.push_back(certificate);
    return path;
  }

  void reject(Path path, std::vector<Error> errors, Reached reached) {
    rejections_.push_back({.path = {.path = std::move(path), .errors = std::move(errors)}, .reached = reached});
    if (rejections_.size() >= 2 * kMaxRejected) keep_most_telling();
  }

  // Those that reached an anchor, then the longer, then those with fewer reasons.
  void keep_most_telling() {
    std::ranges::stable_sort(rejections_, [](const Rejection& a, const Rejection& b) {
      if (a.reached != b.reached) return a.reached == Reached::kAnchor;
      const std::size_t a_length = a.path.path.certificates.size(), b_length = b.path.path.certificates.size();
      if (a_length != b_length) return a_length > b_length;
      return a.path.errors.size() < b.path.errors.size();
    });
    if (rejections_.size() > kMaxRejected) rejections_.erase(rejections_.begin() + kMaxRejected, rejections_.end());
  }

  Result<PathResult> finish() {
    std::ranges::stable_sort(result_.valid, [](const Path& a, const Path& b) {
      return a.certificates.size() < b.certificates.size();  // equal lengths: in the order of the search, newest first
    });
    if (!result_.valid.empty()) return std::move(result_);
    keep_most_telling();
    for (Rejection& rejection : rejections_) result_.rejected.push_back(std::move(rejection.path));
    return std::move(result_);
  }

  Context& context_;
  const PathQuery& query_;
  base::Budget& budget_;
  Window window_;
  Path path_;
  std::vector<Open> open_;  // one for each certificate of path_
  std::vector<Rejection> rejections_;
  PathResult result_;
};

// --- cache -----------------------------------------------------------------------------------------------------------

// Names what a result depends on, beside the time. Of the candidates only authorities can be part of a valid path.
Digest cache_key(const PathQuery& query) {
  std::vector<Digest> candidates;
  for (const CertificatePtr& candidate : query.candidates) {
    if (candidate && candidate->is_ca()) candidates.push_back(candidate->digest());
  }
  std::ranges::sort(candidates);
  const auto last = std::ranges::unique(candidates);
  candidates.erase(last.begin(), last.end());
  const PolicyInputs& inputs = query.policy_inputs;
  const std::array<std::uint8_t, 7> choices = {static_cast<std::uint8_t>(query.trust_purpose),
                                               static_cast<std::uint8_t>(query.key_purpose),
                                               static_cast<std::uint8_t>(query.algorithm_policy),
                                               static_cast<std::uint8_t>(inputs.explicit_policy),
                                               static_cast<std::uint8_t>(inputs.inhibit_any_policy),
                                               static_cast<std::uint8_t>(inputs.inhibit_policy_mapping),
                                               static_cast<std::uint8_t>(inputs.initial_policies.size())};
  base::Sha256 hash;
  hash.update(query.leaf->digest().view());
  hash.update(query.trust->id().view());
  hash.update(choices);
  for (const Oid& policy : inputs.initial_policies) hash.update(policy.der());
  for (const Digest& candidate : candidates) hash.update(candidate.view());
  return hash.finish();
}

}  // namespace

struct PathCache::State {
  struct Entry {
    std::vector<Path> valid;
    Window window;
  };
  explicit State(std::size_t max_entries) : entries(max_entries) {}
  LruMap<Entry> entries;
};

PathCache::PathCache(std::size_t max_entries) : state_(std::make_unique<State>(max_entries)) {}
PathCache::~PathCache() = default;
PathCache::PathCache(PathCache&&) noexcept = default;
PathCache& PathCache::operator=(PathCache&&) noexcept = default;

Result<PathResult> find_paths(Context& context, PathCache* cache, const PathQuery& query, base::Budget& budget) {
  if (cache == nullptr) return Search(context, query, budget).run();
  const Digest key = cache_key(query);
  if (const PathCache::State::Entry* known = cache->state_->entries.find(key)) {
    if (known->window.contains(query.at)) return PathResult{.valid = known->valid, .rejected = {}};
  }
  Search search(context, query, budget);
  TANBA_TRY(PathResult result, search.run());
  if (!result.valid.empty()) cache->state_->entries.put(key, {.valid = result.valid, .window = search.window()});
  return result;
}

std::string_view to_string(KeyPurpose purpose) {
  return kKeyPurposes[static_cast<std::size_t>(purpose)].second;
}

Result<KeyPurpose> parse_key_purpose(std::string_view name) {
  for (const auto& [purpose, text] : kKeyPurposes) {
    if (text == name) return purpose;
  }
  return base::fail(
      Error(Code::kInputMember,
            {{"member", "purpose"}, {"expected", "signing, any, tls-client, tls-server, ocsp or time-stamping"}}));
}

}  // namespace tanba::pki
