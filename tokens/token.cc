#include "tokens/token.h"

#include <algorithm>
#include <utility>

#include "tokens/cryptoki.h"
#include "tokens/key_listing.h"

namespace tanba::tokens {
namespace {

std::unexpected<base::Error> lost(std::string reason) {
  return base::fail(base::Code::kTokenLost, {{"reason", std::move(reason)}});
}

// What is known of an error in one line, for the reason of another.
std::string reason_of(const base::Error& error) {
  for (const base::ErrorArgument& argument : error.arguments()) {
    if (argument.name == "reason") return argument.value;
  }
  return std::string(base::dotted(error.code()));
}

}  // namespace

bool matches(const Pkcs11Uri& uri, const KeyEntry& key) {
  if ((uri.object && *uri.object != key.label) || (uri.id && *uri.id != key.id)) return false;
  if (!uri.type) return true;
  return (*uri.type == ObjectType::kPrivate && key.has_private_key) ||
         (*uri.type == ObjectType::kPublic && key.has_public_key);
}

Token::Token(std::shared_ptr<Module> module, Pkcs11Uri which) : module_(std::move(module)), which_(std::move(which)) {}

Token::~Token() {
  const auto held = module_->use();
  const std::scoped_lock lock(mutex_);
  if (state_ != TokenState::kLost) drop_sessions_locked();
}

TokenState Token::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

// --- finding and losing ----------------------------------------------------------------------------------------------

base::Result<TokenInfo> Token::find() const {
  TANBA_TRY(const std::vector<TokenInfo> tokens, module_->tokens(which_));
  const TokenInfo* found = nullptr;
  for (const TokenInfo& token : tokens) {
    // A token that was never initialised has no label and no keys: it is nobody's.
    if (!token.initialised) continue;
    if (found != nullptr) return base::fail(base::Code::kTokenAmbiguous, {{"uri", format_pkcs11_uri(which_)}});
    found = &token;
  }
  if (found == nullptr) return base::fail(base::Code::kTokenNotFound, {{"uri", format_pkcs11_uri(which_)}});
  return *found;
}

base::Status Token::open_keeper(const TokenInfo& token) {
  const auto held = module_->use();
  CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
  const CK_RV rv = module_->functions().C_OpenSession(token.slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
  TANBA_CHECK(check_rv(rv, "C_OpenSession"));
  CK_SESSION_INFO info{};
  // Another Token of this process may be logged in to the same one: log-ins are the process's, not the session's.
  const bool logged_in = module_->functions().C_GetSessionInfo(session, &info) == CKR_OK &&
                         (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
  const std::scoped_lock lock(mutex_);
  ++module_->connected_tokens;
  ++generation_;
  keeper_ = session;
  slot_ = token.slot;
  serial_ = token.serial;
  state_ = logged_in ? TokenState::kReady : TokenState::kLocked;
  return {};
}

base::Status Token::connect_once() {
  if (state() != TokenState::kLost) return {};
  base::Result<TokenInfo> token = find();
  base::Status opened = token ? open_keeper(*token) : base::Status(std::unexpected(token.error()));
  // Some modules (SoftHSM) see a token that came back only after they were initialised anew. Where another token of the
  // module is in use that is not done: it would be lost instead.
  if (!opened && opened.error().code() != base::Code::kTokenAmbiguous && module_->reinitialise()) {
    token = find();
    opened = token ? open_keeper(*token) : base::Status(std::unexpected(token.error()));
  }
  return opened;
}

base::Status Token::connect() {
  const std::scoped_lock changing(changing_);
  if (state() != TokenState::kLost) {
    // Still there? What info() finds out is remembered.
    const base::Result<TokenInfo> token = info();
    if (token) return {};
  }
  return connect_once();
}

void Token::drop_sessions_locked() {
  // What these return is of no use: the sessions may be gone with the token.
  for (const CK_SESSION_HANDLE session : idle_) static_cast<void>(module_->functions().C_CloseSession(session));
  idle_.clear();
  static_cast<void>(module_->functions().C_CloseSession(keeper_));
  keeper_ = CK_INVALID_HANDLE;
  --module_->connected_tokens;
}

void Token::mark_lost(std::uint64_t generation) {
  const auto held = module_->use();
  const std::scoped_lock lock(mutex_);
  if (generation != generation_ || state_ == TokenState::kLost) return;
  state_ = TokenState::kLost;
  ++generation_;
  drop_sessions_locked();
}

void Token::mark_locked(std::uint64_t generation) {
  const std::scoped_lock lock(mutex_);
  if (generation != generation_ || state_ != TokenState::kReady) return;
  state_ = TokenState::kLocked;
  ++generation_;
}

base::Error Token::look_into(base::Error error, const Session& session) {
  if (error.code() == base::Code::kTokenLocked) {
    mark_locked(session.generation);
    return error;
  }
  if (error.code() == base::Code::kTokenLost) {
    mark_lost(session.generation);
    return error;
  }
  unsigned long slot = 0;
  std::string serial;
  {
    const std::scoped_lock lock(mutex_);
    slot = slot_;
    serial = serial_;
  }
  // Modules name the loss of a token in many ways (a general error, an invalid object): the token itself is asked.
  const base::Result<TokenInfo> token = module_->token(slot);
  if (token && token->serial == serial) return error;
  mark_lost(session.generation);
  return lost(reason_of(error)).error();
}

base::Result<TokenInfo> Token::info() {
  Session session;
  unsigned long slot = 0;
  std::string serial;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == TokenState::kLost) return lost("not connected");
    session.generation = generation_;
    slot = slot_;
    serial = serial_;
  }
  base::Result<TokenInfo> token = module_->token(slot);
  if (token && token->serial == serial && matches(which_, *token)) return token;
  mark_lost(session.generation);
  return lost(token ? "another token is in its slot" : reason_of(token.error()));
}

// --- log-in ----------------------------------------------------------------------------------------------------------

base::Status Token::log_in(const base::Secret& pin, const BeforeAttempt& before_attempt) {
  const std::scoped_lock changing(changing_);
  TANBA_CHECK(connect_once());
  TANBA_TRY(const TokenInfo token, info());
  if (token.user_pin == PinState::kLocked) return base::fail(base::Code::kTokenPinLocked);
  if (token.user_pin == PinState::kNotInitialised)
    return std::unexpected(error_of(CKR_USER_PIN_NOT_INITIALIZED, "C_Login"));
  if (pin.empty() && !token.pin_pad) return base::fail(base::Code::kTokenPinWrong, "no PIN was given");
  if (before_attempt) TANBA_CHECK(before_attempt());
  Session session;
  CK_RV rv = CKR_OK;
  {
    const auto held = module_->use();
    {
      const std::scoped_lock lock(mutex_);
      session = {keeper_, generation_};
    }
    // The one and only attempt.
    rv = module_->functions().C_Login(session.handle, CKU_USER, pin.empty() ? nullptr : unconst(pin.reveal()),
                                      pin.size());
  }
  if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
    return std::unexpected(look_into(error_of(rv, "C_Login"), session));
  const std::scoped_lock lock(mutex_);
  if (generation_ != session.generation) return lost("it went away during the log-in");
  state_ = TokenState::kReady;
  // PKCS#11 v2.40 5.6, C_Logout: handles to private objects "become invalid (even if a user is later logged back into
  // the token, those handles remain invalid)".
  ++generation_;
  return {};
}

base::Status Token::log_out() {
  const std::scoped_lock changing(changing_);
  Session session;
  CK_RV rv = CKR_OK;
  {
    const auto held = module_->use();
    {
      const std::scoped_lock lock(mutex_);
      if (state_ != TokenState::kReady) return {};
      session = {keeper_, generation_};
    }
    rv = module_->functions().C_Logout(session.handle);
  }
  if (rv != CKR_OK && rv != CKR_USER_NOT_LOGGED_IN)
    return std::unexpected(look_into(error_of(rv, "C_Logout"), session));
  mark_locked(session.generation);
  return {};
}

// --- sessions --------------------------------------------------------------------------------------------------------

base::Result<Token::Session> Token::borrow(Access access) {
  Session session;
  unsigned long slot = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == TokenState::kLost) return lost("not connected");
    session.generation = generation_;
    slot = slot_;
    if (access == Access::kRead && !idle_.empty()) {
      session.handle = idle_.back();
      idle_.pop_back();
      return session;
    }
  }
  const CK_FLAGS flags = CKF_SERIAL_SESSION | (access == Access::kWrite ? CKF_RW_SESSION : 0UL);
  const CK_RV rv = module_->functions().C_OpenSession(slot, flags, nullptr, nullptr, &session.handle);
  if (rv != CKR_OK) {
    session.handle = CK_INVALID_HANDLE;
    return std::unexpected(error_of(rv, "C_OpenSession"));
  }
  return session;
}

void Token::give_back(const Session& session) {
  {
    const std::scoped_lock lock(mutex_);
    if (session.generation == generation_ && state_ != TokenState::kLost) {
      idle_.push_back(session.handle);
      return;
    }
  }
  discard(session);
}

void Token::discard(const Session& session) {
  if (session.handle == CK_INVALID_HANDLE) return;
  // It may be gone already, with its token.
  static_cast<void>(module_->functions().C_CloseSession(session.handle));
}

base::Status Token::with_session(Access access, const std::function<base::Status(const Session&)>& work) {
  Session session;
  base::Status done;
  {
    const auto held = module_->use();
    {
      const std::scoped_lock lock(mutex_);
      session.generation = generation_;
    }
    base::Result<Session> borrowed = borrow(access);
    if (borrowed) {
      session = *borrowed;
      done = work(session);
      // A writing session is not kept: with one open, a token counts as written to.
      if (done && access == Access::kRead) {
        give_back(session);
      } else {
        discard(session);
      }
    } else {
      done = std::unexpected(borrowed.error());
    }
  }
  if (done) return done;
  return std::unexpected(look_into(done.error(), session));
}

base::Result<std::vector<MechanismInfo>> Token::mechanisms() {
  unsigned long slot = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == TokenState::kLost) return lost("not connected");
    slot = slot_;
  }
  return module_->mechanisms(slot);
}

base::Result<TokenContents> Token::contents() {
  TANBA_TRY(const TokenInfo token, info());
  TokenContents out;
  const base::Status listed = with_session(Access::kRead, [&](const Session& session) -> base::Status {
    TANBA_TRY(out, list_contents(module_->functions(), session.handle, token));
    return {};
  });
  if (!listed) return std::unexpected(listed.error());
  return out;
}

}  // namespace tanba::tokens
