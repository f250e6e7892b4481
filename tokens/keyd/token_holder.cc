#include "tokens/keyd/token_holder.h"

#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tokens/keyd/pin.h"

namespace tanba::tokens::keyd {
namespace {

std::unexpected<base::Error> locked(std::string cause) {
  return base::fail(base::Code::kTokenLocked, std::move(cause));
}

std::string_view state_name(TokenState state) {
  switch (state) {
    case TokenState::kReady:
      return "ready";
    case TokenState::kLocked:
      return "locked";
    case TokenState::kLost:
      return "lost";
  }
  return "?";
}

// What the file says, for the person who finds it.
std::string stop_text(const TokenInfo& token, std::string_view state) {
  return base::canonical_json(boost::json::object{{"token", base::escape_for_display(token.label)},
                                                  {"serial", base::escape_for_display(token.serial)},
                                                  {"code", state}}) +
         "\n";
}

}  // namespace

// --- LoginStops
// --------------------------------------------------------------------------------------------------------

std::filesystem::path LoginStops::file_of(const TokenInfo& token) const {
  // Labels and serials may hold anything: their digest is the name.
  const std::string identity = token.manufacturer + '\0' + token.model + '\0' + token.serial;
  return folder_ / ("login-stopped-" + base::sha256(base::as_bytes(identity)).hex().substr(0, 16));
}

bool LoginStops::stopped(const TokenInfo& token) {
  const std::filesystem::path file = file_of(token);
  std::error_code error;
  // When it cannot even be asked whether the file is there, it counts as there.
  const bool there = std::filesystem::exists(file, error) || error;
  {
    const std::scoped_lock lock(mutex_);
    if (!there) told_.erase(file.native());
    if (!there || !told_.insert(file.native()).second) return there;
  }
  events_.write(Level::kError, "token.login_stopped",
                {{"token", token.label},
                 {"serial", token.serial},
                 {"file", file.string()},
                 {"hint", "an earlier log-in failed or was cut off: check the PIN, then remove the file"}});
  return true;
}

std::shared_ptr<std::mutex> LoginStops::lock_of(const TokenInfo& token) {
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<std::mutex>& made = attempts_[file_of(token).native()];
  if (!made) made = std::make_shared<std::mutex>();
  return made;
}

base::Status LoginStops::begin(const TokenInfo& token) const {
  const std::string text = stop_text(token, "under way");
  const base::Status written =
      base::write_file_durably(file_of(token), base::as_bytes(text), base::Overwrite::kRefuse, 0600);
  if (written) return {};
  if (written.error().code() == base::Code::kFileExists) return locked("an earlier log-in failed");
  return locked("that a log-in begins cannot be written down: " + written.error().message());
}

void LoginStops::end(const TokenInfo& token) const {
  const std::filesystem::path file = file_of(token);
  std::error_code error;
  std::filesystem::remove(file, error);
  if (!error && base::sync_directory(folder_)) return;
  events_.write(Level::kWarning, "token.login_stop_left",
                {{"file", file.string()}, {"hint", "the log-in succeeded: remove the file before the next start"}});
}

void LoginStops::fail(const TokenInfo& token, const base::Error& why) {
  const std::filesystem::path file = file_of(token);
  const std::string text = stop_text(token, base::dotted(why.code()));
  // When this fails, what was written before the attempt stays, and stops just as well.
  static_cast<void>(base::write_file_durably(file, base::as_bytes(text), base::Overwrite::kReplace, 0600));
  {
    const std::scoped_lock lock(mutex_);
    told_.insert(file.native());
  }
  events_.write(Level::kError, "token.login_stopped", why,
                {{"token", token.label},
                 {"serial", token.serial},
                 {"file", file.string()},
                 {"hint", "mend the PIN, then remove the file: it will not be tried again before"}});
}

base::Status LoginStops::attempt(const TokenInfo& token, By by,
                                 const std::function<base::Status(const Token::BeforeAttempt&)>& log_in) {
  const std::shared_ptr<std::mutex> one = lock_of(token);
  const std::scoped_lock lock(*one);
  const bool keeps_stop = by == By::kPerson && stopped(token);
  bool attempted = false;
  base::Status done = log_in([&]() -> base::Status {
    if (!keeps_stop) TANBA_CHECK(begin(token));
    attempted = true;
    return {};
  });
  if (!attempted) return done;
  if (!done) {
    fail(token, done.error());
  } else if (!keeps_stop) {
    end(token);
  }
  return done;
}

// --- TokenHolder
// -------------------------------------------------------------------------------------------------------

TokenHolder::TokenHolder(std::shared_ptr<Module> module, Pkcs11Uri uri, PinSource pin, LoginStops& stops,
                         EventLog& events)
    : token_(std::make_shared<Token>(std::move(module), std::move(uri))),
      pin_(std::move(pin)),
      stops_(stops),
      events_(events) {}

void TokenHolder::report(TokenState now) {
  if (reported_ == now) return;
  reported_ = now;
  const Level level = now == TokenState::kReady ? Level::kInfo : Level::kWarning;
  events_.write(level, std::string("token.") + std::string(state_name(now)),
                {{"uri", format_pkcs11_uri(token_->uri())}});
}

base::Status TokenHolder::connect() {
  const base::Status connected = token_->connect();
  if (connected) return {};
  report(TokenState::kLost);
  if (connected.error().code() == base::Code::kTokenAmbiguous) return connected;
  return base::fail(base::Code::kTokenLost, {{"reason", "it is not there"}}, connected.error().message());
}

base::Status TokenHolder::log_in_once(const base::Secret& pin, const TokenInfo& info, LoginStops::By by) {
  return stops_.attempt(info, by, [&](const Token::BeforeAttempt& before) { return token_->log_in(pin, before); });
}

base::Status TokenHolder::log_in_automatically() {
  if (pin_.origin == PinOrigin::kPrompt) return locked("its PIN is typed by a person, at the start of the server");
  TANBA_TRY(const TokenInfo info, token_->info());
  if (stops_.stopped(info)) return locked("an earlier log-in failed");
  if (info.user_pin == PinState::kFinalTry) return locked("only one try of its PIN is left");
  const base::Result<base::Secret> pin = read_pin(pin_);
  if (!pin) return locked(pin.error().message());
  const base::Status done = log_in_once(*pin, info, LoginStops::By::kServer);
  const bool as_it_is =
      done || done.error().code() == base::Code::kTokenLost || done.error().code() == base::Code::kTokenLocked;
  if (as_it_is) return done;
  return locked(done.error().message());
}

base::Status TokenHolder::ensure_ready(Look look) {
  if (look == Look::kTrust && token_->state() == TokenState::kReady) return {};
  const std::scoped_lock lock(mutex_);
  TANBA_CHECK(connect());
  if (token_->state() == TokenState::kLocked) {
    const base::Status done = log_in_automatically();
    if (!done) {
      report(token_->state());
      return done;
    }
  }
  report(token_->state());
  return {};
}

base::Status TokenHolder::log_in(const base::Secret& pin) {
  const std::scoped_lock lock(mutex_);
  TANBA_CHECK(connect());
  TANBA_TRY(const TokenInfo info, token_->info());
  const base::Status done = log_in_once(pin, info, LoginStops::By::kPerson);
  report(token_->state());
  return done;
}

}  // namespace tanba::tokens::keyd
