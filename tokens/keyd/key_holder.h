// One key of the configuration: its own thread, its bounded queue, what is known about it now.
//
// A PKCS#11 call that does not return cannot be ended. So a key whose task has gone on for longer than a token may take
// is not answering: it is described as lost and takes nothing new, until the call returns after all.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "base/executor.h"
#include "pki/context.h"
#include "tokens/client/protocol.h"
#include "tokens/keyd/token_holder.h"
#include "tokens/token_signer.h"

namespace tanba::tokens::keyd {

struct KeyBounds {
  std::chrono::milliseconds token_timeout;  // how long one task may take
  std::size_t certificate_bytes = 0;        // of the certificate with its chain, DER
};

class KeyHolder {
 public:
  KeyHolder(KeyConfig config, std::shared_ptr<TokenHolder> token, KeyBounds bounds, EventLog& events);
  ~KeyHolder();

  [[nodiscard]] const KeyConfig& config() const { return config_; }
  // From any thread, at once: what was seen last.
  [[nodiscard]] client::KeyDescription describe() const;
  // token.lost when the key is not answering, server.busy when too many wait. `task` gets the thread's OpenSSL.
  [[nodiscard]] base::Status post(std::move_only_function<void(pki::Context&)> task);
  [[nodiscard]] bool is_idle() const { return executor_.queued() == 0; }
  // One thread looks after the keys: whether this one has begun not to answer is found out, and said, here.
  void notice_silence();
  // Finishes what was accepted; does not return while the token does not answer.
  void stop() { executor_.stop(); }

  // --- on the key's thread ---

  // Looks after the token, opens the key when it can be. token.lost, token.locked, token.not_found, ...
  [[nodiscard]] base::Status ensure_ready(Look look);
  // Signs, and verifies what came back before it leaves this function. signing.failed when the token gave something
  // else.
  [[nodiscard]] base::Result<client::Signed> sign(pki::Context& context, const pki::SignatureAlgorithm& algorithm,
                                                  base::ByteView message);
  [[nodiscard]] base::Status check_algorithm(const pki::SignatureAlgorithm& algorithm, base::Time now) const;

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] bool is_silent() const;
  [[nodiscard]] base::Status open_key();
  void remember(const base::Status& status);

  const KeyConfig config_;
  const std::shared_ptr<TokenHolder> token_;
  const KeyBounds bounds_;
  EventLog& events_;
  std::atomic<Clock::duration> busy_since_{Clock::duration::zero()};  // of Clock's epoch; zero: nothing runs
  Clock::duration silence_told_ = Clock::duration::zero();            // the busy_since_ that was told of
  std::unique_ptr<TokenSigner> signer_;  // of the key's thread; once open it stays, also over losses
  mutable std::mutex mutex_;
  client::KeyDescription description_;
  pki::Context* context_ = nullptr;  // of the key's thread
  base::Executor executor_;          // last: its thread uses the rest
};

}  // namespace tanba::tokens::keyd
