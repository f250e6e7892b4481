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
  const std::scoped_lock lock(mutex_);
  if (unwritten_.contains(file.native())) return true;
  std::error_code error;
  // When it cannot even be asked whether the file is there, it counts as there.
  return std::filesystem::exists(file, error) || error;
}

void LoginStops::stop(const TokenInfo& token, const base::Error& why) {
  const std::filesystem::path file = file_of(token);
  const std::string text = base::canonical_json(boost::json::object{{"token", base::escape_for_display(token.label)},
                                                                    {"serial", base::escape_for_display(token.serial)},
                                                                    {"code", base::dotted(why.code())}}) +
                           "\n";
  const base::Status written = base::write_file_durably(file, base::as_bytes(text), base::Overwrite::kReplace, 0600);
  if (!written) {
    const std::scoped_lock lock(mutex_);
    unwritten_.insert(file.native());
  }
  events_.write(Level::kError, "token.login_stopped", why,
                {{"token", token.label},
                 {"serial", token.serial},
                 {"file", file.string()},
                 {"hint", "mend the PIN, then remove the file: it will not be tried again before"}});
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

base::Status TokenHolder::log_in_once(const base::Secret& pin, const TokenInfo& info) {
  const base::Status done = token_->log_in(pin);
  if (done) return {};
  const base::Code code = done.error().code();
  if (code == base::Code::kTokenLost) return done;
  stops_.stop(info, done.error());
  return done;
}

base::Status TokenHolder::log_in_automatically() {
  if (pin_.origin == PinOrigin::kPrompt) return locked("its PIN is typed by a person, at the start of the server");
  TANBA_TRY(const TokenInfo info, token_->info());
  if (stops_.stopped(info)) return locked("an earlier log-in failed");
  if (info.user_pin == PinState::kFinalTry) return locked("only one try of its PIN is left");
  const base::Result<base::Secret> pin = read_pin(pin_);
  if (!pin) return locked(pin.error().message());
  const base::Status done = log_in_once(*pin, info);
  if (done || done.error().code() == base::Code::kTokenLost) return done;
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
  const base::Status done = log_in_once(pin, info);
  report(token_->state());
  return done;
}

}  // namespace tanba::tokens::keyd
