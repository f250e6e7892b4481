#include "server/sessions.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <span>

namespace tanba::server {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kTokenBytes = 32;

base::Status fill_random(std::span<std::uint8_t> out) {
  if (::RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) return fail(Code::kInternal, "no random numbers");
  return {};
}

}  // namespace

std::string to_base64url(base::ByteView octets) {
  std::string text = base::to_base64(octets);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::ranges::find(text, '='), text.end());
  return text;
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
