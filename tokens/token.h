// One token and our sessions with it.
//
// Thread safe. Each thread that signs holds a session of its own while it does; one idle session stays open as long as
// the token is there, because closing the last one logs out (PKCS#11 v2.40 5.6). A log-in is tried once for each call
// of log_in and never by anything else. A token that goes away is reported as token.lost; connect() finds it again.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "tokens/module.h"

namespace tanba::tokens {

enum class TokenState : std::uint8_t {
  kLost,    // not there, does not answer, or connect() was not called yet
  kLocked,  // there; nobody is logged in
  kReady,   // there, and logged in
};

// A key pair (or what is visible of it without a log-in) with the certificates for it.
struct KeyEntry {
  std::string label;
  base::Bytes id;  // CKA_ID
  // From the public key object, the private key's public half or the certificate; kind kUnknown when none shows it.
  pki::PublicKeyInfo key;
  std::vector<pki::CertificatePtr> certificates;  // the one that ends last first
  bool has_private_key = false;                   // seen: private keys show only after a log-in
  bool has_public_key = false;                    // as an object of its own
  bool signs = false;                             // CKA_SIGN
  bool sensitive = false;
  bool extractable = true;
  bool always_authenticate = false;  // wants the PIN for each signature: not supported by TokenKey
  Pkcs11Uri uri;                     // names it: token, serial, object, id
};

// Whether the key pair has what the URI says of an object: label, id, and an object of its type.
[[nodiscard]] bool matches(const Pkcs11Uri& uri, const KeyEntry& key);

struct TokenContents {
  std::vector<KeyEntry> keys;
  std::vector<pki::CertificatePtr> other_certificates;  // of no key here: issuers, usually
  std::size_t unreadable_certificates = 0;
};

class Token {
 public:
  // Nothing is asked of the module yet. `which` may also name an object: only the token's attributes count here.
  Token(std::shared_ptr<Module> module, Pkcs11Uri which);
  ~Token();
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  // Finds the one token that the URI names and opens the idle session; nothing to do when it is connected and answers.
  // Errors: token.not_found, token.ambiguous, token.lost, token.failed.
  [[nodiscard]] base::Status connect();
  [[nodiscard]] TokenState state() const;
  // As the token says it now. token.lost when it does not answer (and it is lost from then on).
  [[nodiscard]] base::Result<TokenInfo> info();
  // Exactly one attempt, and none when the token says that the PIN is locked. An empty PIN goes to the reader's PIN
  // pad. Errors: token.pin_wrong, token.pin_locked, token.lost, token.failed.
  // `before_attempt` runs when nothing but the attempt itself is left; when it fails there is none, and its error comes
  // back.
  using BeforeAttempt = std::function<base::Status()>;
  [[nodiscard]] base::Status log_in(const base::Secret& pin, const BeforeAttempt& before_attempt = {});
  [[nodiscard]] base::Status log_out();
  [[nodiscard]] base::Result<TokenContents> contents();

  [[nodiscard]] const Pkcs11Uri& uri() const { return which_; }
  [[nodiscard]] Module& module() const { return *module_; }
  // Of the slot that it was last found in.
  [[nodiscard]] base::Result<std::vector<MechanismInfo>> mechanisms();

  // --- for this folder's own files ---

  // A session on loan. Object handles got under another generation are void.
  struct Session {
    unsigned long handle = 0;
    std::uint64_t generation = 0;
  };
  enum class Access : std::uint8_t { kRead, kWrite };
  // Runs `work` with a session that no other thread uses, and gives back what it returns. When it fails the session is
  // closed, and the error is looked into: of whatever a call returned for a token that went away, token.lost is made.
  // `work` must not call the Token.
  [[nodiscard]] base::Status with_session(Access access, const std::function<base::Status(const Session&)>& work);

 private:
  [[nodiscard]] base::Result<TokenInfo> find() const;
  [[nodiscard]] base::Status connect_once();
  [[nodiscard]] base::Status open_keeper(const TokenInfo& token);
  [[nodiscard]] base::Result<Session> borrow(Access access);
  void give_back(const Session& session);
  void discard(const Session& session);
  [[nodiscard]] base::Error look_into(base::Error error, const Session& session);
  void mark_lost(std::uint64_t generation);
  void mark_locked(std::uint64_t generation);
  void drop_sessions_locked();

  const std::shared_ptr<Module> module_;
  const Pkcs11Uri which_;
  std::mutex changing_;       // one connect, log-in or log-out at a time
  mutable std::mutex mutex_;  // what follows
  TokenState state_ = TokenState::kLost;
  std::uint64_t generation_ = 0;  // of sessions and handles: counts up with every loss, connection and log-in
  unsigned long slot_ = 0;
  std::string serial_;
  unsigned long keeper_ = 0;  // the idle session; 0 (CK_INVALID_HANDLE): none
  std::vector<unsigned long> idle_;
};

}  // namespace tanba::tokens
