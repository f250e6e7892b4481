#include "server/auth.h"

#include <openssl/rand.h>

#include <array>

namespace tanba::server {
namespace {

using base::Code;
using base::fail;
using net::http::Request;

// How long a key that the registry knew is taken without asking again: a key that is withdrawn is out within that time,
// and a portal's thousands of requests a second cost one query.
constexpr base::Seconds kRemember{5};
constexpr std::size_t kMaxRemembered = 4096;

constexpr std::size_t kBearerKeyBytes = 32;
constexpr std::size_t kMaxTokenBytes = 128;  // ours have 47

// RFC 6750 2.1: "Bearer" and one token. Nothing when the field is absent; an empty text when it is malformed.
std::optional<std::string_view> bearer_token(const Request& request) {
  const std::size_t count = request.headers.count("authorization");
  if (count == 0) return std::nullopt;
  const std::string_view value = request.headers.find_single("authorization").value_or("");
  const std::string_view scheme = value.substr(0, 7);
  const bool is_bearer = scheme == "Bearer " || scheme == "bearer ";
  if (!is_bearer || value.size() > kMaxTokenBytes) return std::string_view{};
  return value.substr(7);
}

}  // namespace

std::string_view to_string(CallerKind kind) {
  switch (kind) {
    case CallerKind::kAnonymous:
      return "anonymous";
    case CallerKind::kPortal:
      return "portal";
    case CallerKind::kOfficer:
      return "officer";
    case CallerKind::kOperator:
      return "operator";
    case CallerKind::kSecurity:
      return "security";
  }
  return "";
}

base::Result<std::string> make_bearer_key() {
  std::array<std::uint8_t, kBearerKeyBytes> random{};
  if (::RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return fail(Code::kInternal, "no random numbers");
  }
  return std::string(kBearerPrefix) + to_base64url(random);
}

void ConfiguredPortals::replace(const std::vector<PortalKeyConfig>& keys) {
  auto grants = std::make_shared<Grants>();
  for (const PortalKeyConfig& key : keys) {
    grants->emplace(std::pair(key.kind, key.sha256), PortalGrant{key.portal, key.scopes, key.networks, key.expires});
  }
  const std::scoped_lock lock(mutex_);
  grants_ = std::move(grants);
}

base::Result<PortalGrant> ConfiguredPortals::find_key(KeyKind kind, const base::Digest& sha256) {
  const auto grants = [this] {
    const std::scoped_lock lock(mutex_);
    return grants_;
  }();
  const auto found = grants->find({kind, sha256});
  if (found == grants->end()) return fail(Code::kAuthRequired);
  return found->second;
}

Authenticator::Attempt Authenticator::attempt(const Request& request) {
  const bool made = request.headers.count("authorization") > 0 || (request.peer && request.peer->key_hash);
  return made ? Attempt::kMade : Attempt::kNone;
}

void Authenticator::authenticate(const Request& request, Done done) {
  const std::string address = request.peer ? request.peer->address : std::string();
  const auto token = bearer_token(request);
  if (token && token->starts_with(kSessionPrefix)) {
    return find_staff(*token, std::move(done));
  }
  if (token && token->starts_with(kBearerPrefix)) {
    return find_portal({KeyKind::kBearer, base::sha256(base::as_bytes(*token))}, address, std::move(done));
  }
  if (token) return done(fail(Code::kAuthRequired, "neither a key nor a session of ours"));
  if (request.peer && request.peer->key_hash) {
    return find_portal({KeyKind::kMutualTls, *request.peer->key_hash}, address, std::move(done));
  }
  done(Caller{});
}

// Whoever is taken off the list is out within kRemember, and the session with them.
void Authenticator::find_staff(std::string_view token, Done done) {
  auto staff = parts_.sessions->find(token);
  if (!staff) return done(std::unexpected(staff.error()));
  const std::string id = staff->id;
  Caller caller{.kind = staff->kind, .credential = Credential::kSession, .portal = {}, .scopes = {}, .staff = {}};
  caller.staff = *std::move(staff);
  if (parts_.staff == nullptr || was_listed_lately(id)) return done(std::move(caller));
  auto shared = std::make_shared<Done>(std::move(done));
  const auto posted = parts_.executor->post([this, id, caller = std::move(caller), shared]() mutable {
    const auto listed = parts_.staff->check_listed(id);
    if (!listed) {
      if (listed.error().code() == Code::kAuthDenied) parts_.sessions->close_all_of(id);
      return (*shared)(std::unexpected(listed.error()));
    }
    {
      const std::scoped_lock lock(mutex_);
      listed_[id] = parts_.clock->now() + kRemember;
    }
    (*shared)(std::move(caller));
  });
  if (!posted) (*shared)(std::unexpected(posted.error()));
}

bool Authenticator::was_listed_lately(const std::string& staff_id) {
  const std::scoped_lock lock(mutex_);
  const auto found = listed_.find(staff_id);
  return found != listed_.end() && parts_.clock->now() < found->second;
}

void Authenticator::find_portal(const Key& key, std::string address, Done done) {
  const auto configured = parts_.configured->find_key(key.first, key.second);
  if (configured) return done(admit(*configured, key.first, address));
  if (parts_.registry == nullptr) return done(std::unexpected(configured.error()));
  if (const auto known = recall(key)) return done(admit(*known, key.first, address));
  auto shared = std::make_shared<Done>(std::move(done));
  const auto posted = parts_.executor->post([this, key, address = std::move(address), shared] {
    const auto grant = parts_.registry->find_key(key.first, key.second);
    if (!grant) return (*shared)(std::unexpected(grant.error()));
    remember(key, *grant);
    (*shared)(admit(*grant, key.first, address));
  });
  if (!posted) (*shared)(std::unexpected(posted.error()));
}

std::optional<PortalGrant> Authenticator::recall(const Key& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(key);
  if (found == known_.end() || found->second.until <= parts_.clock->now()) return std::nullopt;
  return found->second.grant;
}

// Only keys that are known are remembered: a guess costs its own query and changes nothing.
void Authenticator::remember(const Key& key, const PortalGrant& grant) {
  const std::scoped_lock lock(mutex_);
  if (known_.size() >= kMaxRemembered) known_.clear();
  known_[key] = Known{grant, parts_.clock->now() + kRemember};
}

base::Result<Caller> Authenticator::admit(const PortalGrant& grant, KeyKind kind, std::string_view address) const {
  if (grant.expires && parts_.clock->now() > *grant.expires) return fail(Code::kAuthRequired, "the key has expired");
  if (!grant.networks.empty() && membership(grant.networks, address) == Membership::kOutside) {
    return fail(Code::kAuthDenied, "not from this address");
  }
  return Caller{.kind = CallerKind::kPortal,
                .credential = kind == KeyKind::kBearer ? Credential::kBearerKey : Credential::kMutualTls,
                .portal = grant.portal,
                .scopes = grant.scopes,
                .staff = {}};
}

}  // namespace tanba::server
