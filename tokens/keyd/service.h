// What the key server answers: the only requests that exist are those of tokens/client/protocol.h, and none of them
// signs octets that the caller chose.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/executor.h"
#include "tokens/client/protocol.h"
#include "tokens/keyd/config.h"
#include "tokens/keyd/intent_log.h"
#include "tokens/keyd/key_holder.h"

namespace tanba::tokens::keyd {

class Service {
 public:
  using Reply = std::move_only_function<void(client::Outcome)>;

  // Loads the modules (token.module when one cannot be loaded) and looks at every key once. `clock` and `events`
  // outlive the service.
  [[nodiscard]] static base::Result<std::unique_ptr<Service>> start(const Config& config, const base::Clock& clock,
                                                                    EventLog& events);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Returns at once; the reply comes from another thread or from within, exactly once.
  void handle(client::Request request, Reply reply);

 private:
  Service(const Config& config, const base::Clock& clock, EventLog& events);
  [[nodiscard]] base::Status load(const Config& config);
  [[nodiscard]] base::Status ask_for_pins();
  void first_look();
  void probe_until_stopped();

  void handle_request(const client::Ping& request, Reply reply);
  void handle_request(const client::ListKeys& request, Reply reply);
  void handle_request(client::SignIntent request, Reply reply);
  void handle_request(client::AskIntent request, Reply reply);
  void handle_request(client::CancelIntent request, Reply reply);
  void handle_request(client::SealCapsule request, Reply reply);
  // Of the key of this name, when that is for this purpose: keyd.unknown_key, keyd.purpose.
  [[nodiscard]] base::Result<KeyHolder*> key_for(const std::string& name, client::KeyPurpose purpose) const;
  // On the key's thread.
  [[nodiscard]] client::Outcome sign_intent(KeyHolder& key, pki::Context& context, const client::SignIntent& request);
  [[nodiscard]] client::Outcome seal(KeyHolder& key, pki::Context& context, const client::SealCapsule& request);
  [[nodiscard]] base::Result<client::Signed> sign_approved(KeyHolder& key, pki::Context& context,
                                                           const client::SignIntent& request);

  const std::vector<ApproverConfig> approvers_;
  const std::chrono::milliseconds probe_interval_;
  const base::Clock& clock_;
  EventLog& events_;
  std::unique_ptr<IntentLog> log_;
  LoginStops stops_;
  std::map<std::string, std::shared_ptr<Module>> modules_;
  std::vector<std::shared_ptr<TokenHolder>> tokens_;
  std::map<std::string, std::unique_ptr<KeyHolder>, std::less<>> keys_;
  base::Executor reader_;  // reads the log: disks may be slow
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread prober_;
};

// Everything that determines the signature: the approved text and the algorithm.
[[nodiscard]] base::Digest request_digest(const client::SignIntent& request);

}  // namespace tanba::tokens::keyd
