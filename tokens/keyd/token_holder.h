// A token that keys of the configuration lie on: connected to when it is there, logged in to when that may be done
// without a person.
//
// A log-in that did not succeed stops further automatic ones to that token, across restarts too: a file beside the log
// names it, and a person who has mended the PIN removes that file. The file is written before the PIN goes to the token
// and removed after success: so a server that is killed in between, or a token that answers with an error of its own,
// leaves it. Where it cannot be written there is no log-in. The last try before a token locks is never spent
// automatically.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
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
  // Says so once, with what a person has to do.
  [[nodiscard]] bool stopped(const TokenInfo& token);
  enum class By : std::uint8_t {
    kServer,  // a stop holds
    kPerson,  // who typed the PIN just now may try in spite of it; it stays
  };
  // One attempt at a time for each token, however many URIs name it. `log_in` gets what to call before the PIN goes
  // out.
  [[nodiscard]] base::Status attempt(const TokenInfo& token, By by,
                                     const std::function<base::Status(const Token::BeforeAttempt&)>& log_in);

 private:
  [[nodiscard]] std::filesystem::path file_of(const TokenInfo& token) const;
  [[nodiscard]] base::Status begin(const TokenInfo& token) const;
  void end(const TokenInfo& token) const;
  void fail(const TokenInfo& token, const base::Error& why);
  [[nodiscard]] std::shared_ptr<std::mutex> lock_of(const TokenInfo& token);
  const std::filesystem::path folder_;
  EventLog& events_;
  std::mutex mutex_;
  std::set<std::string> told_;                                   // files that an event spoke of
  std::map<std::string, std::shared_ptr<std::mutex>> attempts_;  // by file: one for each token ever seen here
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
  [[nodiscard]] base::Status log_in_once(const base::Secret& pin, const TokenInfo& info, LoginStops::By by);
  void report(TokenState now);

  const std::shared_ptr<Token> token_;
  const PinSource pin_;
  LoginStops& stops_;
  EventLog& events_;
  std::mutex mutex_;  // one at a time looks after the token
  std::optional<TokenState> reported_;
};

}  // namespace tanba::tokens::keyd
