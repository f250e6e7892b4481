// Asking the key server: blocking calls with a deadline each, from any thread.
//
// The caller's duty: after keyd.unreachable or server.deadline on sign_intent nothing is known about the signature. The
// intent stays in the state `signing`, and ask_intent (or the same sign_intent again) says what became of it. Giving it
// up takes cancel_intent.
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <vector>

#include "base/file.h"
#include "tokens/client/protocol.h"

namespace tanba::tokens::client {

// What users of the key server are written against.
class KeyServer {
 public:
  using Timeout = std::chrono::milliseconds;
  virtual ~KeyServer() = default;
  [[nodiscard]] virtual base::Result<Pong> ping(Timeout timeout) = 0;
  [[nodiscard]] virtual base::Result<KeyList> list_keys(Timeout timeout) = 0;
  [[nodiscard]] virtual base::Result<Signed> sign_intent(const SignIntent& request, Timeout timeout) = 0;
  [[nodiscard]] virtual base::Result<IntentAnswer> ask_intent(std::string_view intent, Timeout timeout) = 0;
  // Kept by the key server before it answers. Only `cancelled` means that the intent is not and will not be signed.
  [[nodiscard]] virtual base::Result<IntentAnswer> cancel_intent(std::string_view intent, Timeout timeout) = 0;
  // May be asked again: each answer is a seal of its own time.
  [[nodiscard]] virtual base::Result<Sealed> seal_capsule(const SealCapsule& request, Timeout timeout) = 0;
};

// Errors of every call: keyd.unreachable (no server, or the connection ended), server.deadline, keyd.protocol, and what
// the server answers (auth.denied, server.busy, keyd.*, token.*).
class Client final : public KeyServer {
 public:
  struct Options {
    std::filesystem::path socket;
    // Connections kept open between calls. A call beyond them makes its own: waiting is the server's part.
    std::size_t max_idle_connections = 4;
  };
  explicit Client(Options options) : options_(std::move(options)) {}

  [[nodiscard]] base::Result<Pong> ping(Timeout timeout) override;
  [[nodiscard]] base::Result<KeyList> list_keys(Timeout timeout) override;
  [[nodiscard]] base::Result<Signed> sign_intent(const SignIntent& request, Timeout timeout) override;
  [[nodiscard]] base::Result<IntentAnswer> ask_intent(std::string_view intent, Timeout timeout) override;
  [[nodiscard]] base::Result<IntentAnswer> cancel_intent(std::string_view intent, Timeout timeout) override;
  [[nodiscard]] base::Result<Sealed> seal_capsule(const SealCapsule& request, Timeout timeout) override;

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  template <class T>
  base::Result<T> ask(const Request& request, Timeout timeout);
  Outcome exchange(const Request& request, Deadline deadline);
  base::FileDescriptor take_idle();
  void keep(base::FileDescriptor connection);

  const Options options_;
  std::mutex mutex_;
  std::vector<base::FileDescriptor> idle_;
};

}  // namespace tanba::tokens::client
