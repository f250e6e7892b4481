#include "server/sessions.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/text.h"

namespace tanba::server {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kRandomBytes = 16;  // of a nonce: unguessable, and never twice
constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kMaxChallengeBytes = 1024;

base::Status fill_random(std::span<std::uint8_t> out) {
  if (::RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) return fail(Code::kInternal, "no random numbers");
  return {};
}

// What stands between these two, for a document that is compared whole afterwards.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const auto start = text.find(before);
  if (start == std::string_view::npos) return {};
  const auto end = text.find(after, start);
  if (end == std::string_view::npos) return {};
  return text.substr(start + before.size(), end - start - before.size());
}

}  // namespace

std::string to_base64url(base::ByteView octets) {
  std::string text = base::to_base64(octets);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::ranges::find(text, '='), text.end());
  return text;
}

base::Result<ChallengeBook> ChallengeBook::make(std::string host, base::Seconds lifetime, const base::Clock& clock) {
  Key key{};
  TANBA_CHECK(fill_random(key));
  return ChallengeBook(std::move(host), lifetime, clock, key);
}

ChallengeBook::ChallengeBook(ChallengeBook&& other) noexcept
    : host_(std::move(other.host_)),
      lifetime_(other.lifetime_),
      clock_(other.clock_),
      key_(other.key_),
      used_(std::move(other.used_)) {}

// Canonical XML as it stands: no comments, no space between elements, attributes in order.
std::string ChallengeBook::write(base::Time issued, std::string_view nonce) const {
  return fmt::format(
      "<challenge xmlns=\"urn:tanba:login-challenge:1\"><host>{}</host><issued>{}</issued><expires>{}</expires>"
      "<nonce>{}</nonce></challenge>",
      base::escape_xml(host_), base::format_time(issued), base::format_time(issued + lifetime_), nonce);
}

base::Bytes ChallengeBook::mac(base::Time issued, base::ByteView random) const {
  base::Bytes message = base::to_bytes(base::as_bytes(host_ + '\n' + base::format_time(issued) + '\n'));
  message.insert(message.end(), random.begin(), random.end());
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()), message.data(), message.size(), out.data(), &size);
  return {out.begin(), out.begin() + kMacBytes};
}

base::Result<ChallengeBook::Challenge> ChallengeBook::issue() const {
  const base::Time now = clock_.now();
  base::Bytes nonce(kRandomBytes);
  TANBA_CHECK(fill_random(nonce));
  const base::Bytes tag = mac(now, nonce);
  nonce.insert(nonce.end(), tag.begin(), tag.end());
  return Challenge{write(now, base::to_hex(nonce)), now + lifetime_};
}

base::Status ChallengeBook::redeem(base::ByteView signed_octets) {
  if (signed_octets.size() > kMaxChallengeBytes) return fail(Code::kAuthChallenge, "size");
  const std::string_view text = base::as_text(signed_octets);
  const auto issued = base::parse_time(between(text, "<issued>", "</issued>"));
  const auto nonce = base::from_hex(between(text, "<nonce>", "</nonce>"));
  if (!issued || !nonce || nonce->size() != kRandomBytes + kMacBytes) return fail(Code::kAuthChallenge, "shape");
  const base::ByteView whole(*nonce);
  const base::Bytes tag = mac(*issued, whole.first(kRandomBytes));
  const bool is_ours = base::equal_constant_time(tag, whole.subspan(kRandomBytes));
  if (!is_ours || text != write(*issued, base::to_hex(*nonce))) return fail(Code::kAuthChallenge, "not ours");
  const base::Time now = clock_.now();
  if (now < *issued || now >= *issued + lifetime_) return fail(Code::kAuthChallenge, "expired");
  const std::scoped_lock lock(mutex_);
  std::erase_if(used_, [now](const auto& entry) { return entry.second <= now; });
  if (!used_.emplace(base::sha256(signed_octets), *issued + lifetime_).second) {
    return fail(Code::kAuthChallenge, "used before");
  }
  return {};
}

base::Time SessionBook::end_of(const Session& session) const {
  return std::min(session.opened + rules_.max_age, session.used + rules_.idle_timeout);
}

void SessionBook::sweep(base::Time now) {
  std::erase_if(sessions_, [&](const auto& entry) { return end_of(entry.second) <= now; });
}

void SessionBook::make_room(std::string_view staff_id) {
  auto oldest = sessions_.end();
  std::size_t count = 0;
  for (auto entry = sessions_.begin(); entry != sessions_.end(); ++entry) {
    if (entry->second.staff.id != staff_id) continue;
    ++count;
    if (oldest == sessions_.end() || entry->second.used < oldest->second.used) oldest = entry;
  }
  if (count >= kMaxSessionsEach) sessions_.erase(oldest);
}

base::Result<SessionBook::Opened> SessionBook::open(StaffIdentity staff) {
  std::array<std::uint8_t, kTokenBytes> random{};
  TANBA_CHECK(fill_random(random));
  std::string token = std::string(kSessionPrefix) + to_base64url(random);
  const base::Time now = clock_.now();
  const std::scoped_lock lock(mutex_);
  sweep(now);
  make_room(staff.id);
  if (sessions_.size() >= kMaxSessions) return fail(Code::kExecutorFull, "sessions");
  sessions_.emplace(base::sha256(base::as_bytes(token)), Session{std::move(staff), now, now});
  return Opened{std::move(token), now + rules_.max_age};
}

base::Result<StaffIdentity> SessionBook::find(std::string_view token) {
  const base::Time now = clock_.now();
  const std::scoped_lock lock(mutex_);
  const auto found = sessions_.find(base::sha256(base::as_bytes(token)));
  if (found == sessions_.end()) return fail(Code::kAuthRequired, "no such session");
  if (end_of(found->second) <= now) {
    sessions_.erase(found);
    return fail(Code::kAuthRequired, "the session has ended");
  }
  found->second.used = now;
  return found->second.staff;
}

void SessionBook::close(std::string_view token) {
  const std::scoped_lock lock(mutex_);
  sessions_.erase(base::sha256(base::as_bytes(token)));
}

void SessionBook::close_all_of(std::string_view staff_id) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.staff.id == staff_id; });
}

std::size_t SessionBook::size() const {
  const std::scoped_lock lock(mutex_);
  return sessions_.size();
}

}  // namespace tanba::server
