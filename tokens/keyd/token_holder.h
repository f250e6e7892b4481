// A token that keys of the configuration lie on: connected to when it is there, logged in to when that may be done
// without a person.
//
// A failed log-in stops automatic log-ins to that token, across restarts too: a file beside the log names it, and a
// person who has mended the PIN removes that file. The last try before a token locks is never spent automatically.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "tokens/keyd/config.h"
#include "tokens/keyd/event_log.h"
#include "tokens/token.h"

namespace tanba::tokens::keyd {

// Which tokens may not be logged in to automatically. Thread safe.
class LoginStops {
 public:
  LoginStops(std::filesystem::path folder, EventLog& events) : folder_(std::move(folder)), events_(events) {}
  [[nodiscard]] bool stopped(const TokenInfo& token);
  void stop(const TokenInfo& token, const base::Error& why);

 private:
  [[nodiscard]] std::filesystem::path file_of(const TokenInfo& token) const;
  const std::filesystem::path folder_;
  EventLog& events_;
  std::mutex mutex_;
  std::set<std::string> unwritten_;  // stopped although the file could not be written: until the process ends
};

enum class Look : std::uint8_t {
  kTrust,  // a token that was ready is: the signature will show it
  kProbe,  // the token is asked
};

class TokenHolder {
 public:
  TokenHolder(std::shared_ptr<Module> module, Pkcs11Uri uri, PinSource pin, LoginStops& stops, EventLog& events);

  // Connects and logs in where needed and allowed. token.lost, token.locked; never more than one attempt to log in.
  [[nodiscard]] base::Status ensure_ready(Look look);
  // With a PIN that a person typed just now.
  [[nodiscard]] base::Status log_in(const base::Secret& pin);
  [[nodiscard]] const std::shared_ptr<Token>& token() const { return token_; }
  [[nodiscard]] const PinSource& pin() const { return pin_; }

 private:
  [[nodiscard]] base::Status connect();
  [[nodiscard]] base::Status log_in_automatically();
  [[nodiscard]] base::Status log_in_once(const base::Secret& pin, const TokenInfo& info);
  void report(TokenState now);

  const std::shared_ptr<Token> token_;
  const PinSource pin_;
  LoginStops& stops_;
  EventLog& events_;
  std::mutex mutex_;  // one at a time looks after the token
  std::optional<TokenState> reported_;
};

}  // namespace tanba::tokens::keyd
