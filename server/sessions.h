// Sessions of officers and operators after their log-in. In memory: after a restart everybody logs in again.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "server/caller.h"
#include "server/config.h"

namespace tanba::server {

inline constexpr std::string_view kSessionPrefix = "tns_";

class SessionBook {
 public:
  // The clock outlives the book.
  SessionBook(SessionRules rules, const base::Clock& clock) : rules_(rules), clock_(clock) {}

  struct Opened {
    std::string token;  // shown once
    base::Time expires;
  };
  // A person's oldest session gives way when there are more than kMaxSessionsEach; server.busy beyond kMaxSessions.
  [[nodiscard]] base::Result<Opened> open(StaffIdentity staff);
  // auth.required when there is no such session or it has ended. Counts as use.
  [[nodiscard]] base::Result<StaffIdentity> find(std::string_view token);
  void close(std::string_view token);
  // Whoever is taken off the list is out at once.
  void close_all_of(std::string_view staff_id);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Session {
    StaffIdentity staff;
    base::Time opened;
    base::Time used;
  };
  [[nodiscard]] base::Time end_of(const Session& session) const;
  void sweep(base::Time now);
  void make_room(std::string_view staff_id);

  SessionRules rules_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<base::Digest, Session> sessions_;  // by SHA-256 of the token
};

inline constexpr std::size_t kMaxSessions = 10'000;  // ten times the staff of all licensors
inline constexpr std::size_t kMaxSessionsEach = 8;   // workstations of one person

// RFC 4648 section 5, without padding.
[[nodiscard]] std::string to_base64url(base::ByteView octets);

}  // namespace tanba::server
