#include "tokens/keyd/service.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "cms/capsule_seal.h"
#include "pki/identity.h"
#include "pki/xml_signed_info.h"
#include "tokens/client/json_reader.h"
#include "tokens/keyd/approval.h"
#include "tokens/keyd/pin.h"

namespace tanba::tokens::keyd {
namespace {

// A token that does not answer at the start must not keep the others from being served.
constexpr std::chrono::seconds kFirstLook{5};
// Reads of the log that wait; each is under a millisecond.
constexpr std::size_t kMaxReads = 256;

// The token's part of a URI: keys with the same one share their token and its log-in.
Pkcs11Uri token_part(Pkcs11Uri uri) {
  uri.object.reset();
  uri.id.reset();
  uri.type.reset();
  return uri;
}

// A licensor's key signs what its own officers approved for it: whose key it is, its certificate says.
base::Status check_licensor(const KeyHolder& key, const client::Intent& intent) {
  const pki::CertificatePtr certificate = key.describe().certificate;
  if (certificate && pki::identity_of(*certificate).bin == intent.licensor) return {};
  return base::fail(base::Code::kKeydApprover, "the key is another licensor's");
}

}  // namespace

base::Digest request_digest(const client::SignIntent& request) {
  const boost::json::object whole{{"algorithm", base::to_base64(pki::write_algorithm_identifier(request.algorithm))},
                                  {"text", client::intent_text(request.intent)}};
  return base::sha256(base::as_bytes(base::canonical_json(whole)));
}

// --- start and end
// -----------------------------------------------------------------------------------------------------

Service::Service(const Config& config, const base::Clock& clock, EventLog& events)
    : approvers_(config.approvers),
      probe_interval_(config.probe_interval),
      clock_(clock),
      events_(events),
      log_(IntentLog::open(config.log, clock, events)),
      stops_(config.log.parent_path(), events),
      reader_({.name = "log", .threads = 1, .max_queued = kMaxReads, .on_thread_start = {}}) {}

base::Result<std::unique_ptr<Service>> Service::start(const Config& config, const base::Clock& clock,
                                                      EventLog& events) {
  std::unique_ptr<Service> service(new Service(config, clock, events));
  TANBA_CHECK(service->load(config));
  TANBA_CHECK(service->ask_for_pins());
  service->first_look();
  service->prober_ = std::thread([raw = service.get()] { raw->probe_until_stopped(); });
  return service;
}

base::Status Service::load(const Config& config) {
  for (const ModuleConfig& module : config.modules) {
    TANBA_TRY(std::shared_ptr<Module> loaded, Module::load(module.path));
    modules_.emplace(module.name, std::move(loaded));
  }
  const KeyBounds bounds{.token_timeout = config.token_timeout,
                         .certificate_bytes = client::max_certificate_bytes(config.keys.size())};
  for (const KeyConfig& key : config.keys) {
    const std::shared_ptr<Module>& module = modules_.at(key.module);
    const Pkcs11Uri uri = token_part(key.uri);
    auto token = std::ranges::find_if(tokens_, [&](const auto& known) {
      return &known->token()->module() == module.get() && known->token()->uri() == uri;
    });
    if (token == tokens_.end()) {
      token = tokens_.insert(token, std::make_shared<TokenHolder>(module, uri, key.pin, stops_, events_));
    } else if ((*token)->pin() != key.pin) {
      return base::fail(base::Code::kConfigInvalid,
                        {{"key", key.name}, {"reason", "keys of one token must name the same PIN"}});
    }
    keys_.emplace(key.name, std::make_unique<KeyHolder>(key, *token, bounds, events_));
  }
  return {};
}

base::Status Service::ask_for_pins() {
  for (const std::shared_ptr<TokenHolder>& token : tokens_) {
    if (token->pin().origin != PinOrigin::kPrompt) continue;
    const base::Result<base::Secret> pin = prompt_pin(format_pkcs11_uri(token->token()->uri()));
    if (!pin) {
      // Without a terminal the key is there and visibly locked.
      events_.write(Level::kWarning, "token.no_pin_typed", pin.error());
      continue;
    }
    const base::Status done = token->log_in(*pin);
    if (!done) events_.write(Level::kError, "token.login_failed", done.error());
  }
  return {};
}

void Service::first_look() {
  struct Count {
    std::mutex mutex;
    std::condition_variable done;
    std::size_t left = 0;
  };
  const auto count = std::make_shared<Count>();
  count->left = keys_.size();
  for (const auto& [name, key] : keys_) {
    const base::Status posted = key->post([count, raw = key.get()](pki::Context&) {
      static_cast<void>(raw->ensure_ready(Look::kProbe));  // what it found is remembered and logged there
      const std::scoped_lock lock(count->mutex);
      --count->left;
      count->done.notify_one();
    });
    if (!posted) --count->left;
  }
  std::unique_lock lock(count->mutex);
  count->done.wait_for(lock, kFirstLook, [&] { return count->left == 0; });
}

void Service::probe_until_stopped() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, probe_interval_, [this] { return stopping_; })) {
    lock.unlock();
    for (const auto& [name, key] : keys_) {
      key->notice_silence();
      // A key with requests waiting is looked at by them. One that is full is not in need of a look either.
      if (key->is_idle())
        static_cast<void>(
            key->post([raw = key.get()](pki::Context&) { static_cast<void>(raw->ensure_ready(Look::kProbe)); }));
    }
    lock.lock();
  }
}

Service::~Service() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (prober_.joinable()) prober_.join();
  for (const auto& [name, key] : keys_) key->stop();
  reader_.stop();
}

// --- requests
// ----------------------------------------------------------------------------------------------------------

void Service::handle(client::Request request, Reply reply) {
  std::visit([&](auto&& known) { handle_request(std::forward<decltype(known)>(known), std::move(reply)); },
             std::move(request));
}

void Service::handle_request(const client::Ping&, Reply reply) {
  reply(client::Answer(client::Pong{TANBA_VERSION, log_->entries()}));
}

void Service::handle_request(const client::ListKeys&, Reply reply) {
  client::KeyList list;
  for (const auto& [name, key] : keys_) list.keys.push_back(key->describe());
  reply(client::Answer(std::move(list)));
}

void Service::handle_request(client::AskIntent request, Reply reply) {
  // Whoever is refused is told by the caller of post, so the reply is kept outside the task.
  const auto shared = std::make_shared<Reply>(std::move(reply));
  const base::Status posted = reader_.post([this, shared, request = std::move(request)] {
    const base::Result<std::optional<IntentLog::Found>> found = log_->find(request.intent);
    if (!found) return (*shared)(std::unexpected(found.error()));
    client::IntentAnswer answer;
    if (*found) answer = {(*found)->progress, (*found)->answer};
    (*shared)(client::Answer(std::move(answer)));
  });
  if (!posted) (*shared)(std::unexpected(posted.error()));
}

// Requests to sign that wait for their key, and one that the key works at, meet the entry in the log: none of them
// gives a signature any more.
void Service::handle_request(client::CancelIntent request, Reply reply) {
  const auto shared = std::make_shared<Reply>(std::move(reply));
  const base::Status posted = reader_.post([this, shared, request = std::move(request)] {
    base::Result<IntentLog::Found> found = log_->cancel(request.intent);
    if (!found) return (*shared)(std::unexpected(found.error()));
    events_.write(Level::kInfo, "intent.cancel", {{"intent", request.intent}, {"now", to_string(found->progress)}});
    (*shared)(client::Answer(client::IntentAnswer{found->progress, std::move(found->answer)}));
  });
  if (!posted) (*shared)(std::unexpected(posted.error()));
}

base::Result<KeyHolder*> Service::key_for(const std::string& name, client::KeyPurpose purpose) const {
  const auto key = keys_.find(name);
  if (key == keys_.end()) return base::fail(base::Code::kKeydUnknownKey, {{"key", name}});
  if (key->second->config().purpose == purpose) return key->second.get();
  return base::fail(base::Code::kKeydPurpose, {{"key", name}, {"purpose", std::string(to_string(purpose))}});
}

void Service::handle_request(client::SignIntent request, Reply reply) {
  const auto key = key_for(request.intent.key, client::purpose_of(request.intent.kind));
  if (!key) return reply(std::unexpected(key.error()));
  KeyHolder& holder = **key;
  const auto shared = std::make_shared<Reply>(std::move(reply));
  const base::Status posted = holder.post([this, &holder, shared, request = std::move(request)](pki::Context& context) {
    client::Outcome outcome = sign_intent(holder, context, request);
    if (!outcome) {
      events_.write(Level::kWarning, "intent.refused", outcome.error(),
                    {{"intent", request.intent.id}, {"key", request.intent.key}});
    }
    (*shared)(std::move(outcome));
  });
  if (!posted) (*shared)(std::unexpected(posted.error()));
}

void Service::handle_request(client::SealCapsule request, Reply reply) {
  const auto key = key_for(request.key, client::KeyPurpose::kCapsule);
  if (!key) return reply(std::unexpected(key.error()));
  KeyHolder& holder = **key;
  const auto shared = std::make_shared<Reply>(std::move(reply));
  const base::Status posted = holder.post([this, &holder, shared, request = std::move(request)](pki::Context& context) {
    client::Outcome outcome = seal(holder, context, request);
    if (!outcome) events_.write(Level::kWarning, "capsule.refused", outcome.error(), {{"key", request.key}});
    (*shared)(std::move(outcome));
  });
  if (!posted) (*shared)(std::unexpected(posted.error()));
}

// The caller says what was done and names the manifest; when, and in what form, is said here.
client::Outcome Service::seal(KeyHolder& key, pki::Context& context, const client::SealCapsule& request) {
  const base::Time now = clock_.now();
  cms::SealStatement statement{.kind = {}, .id = request.id, .manifest = request.manifest, .sealed_at = now};
  const auto kind = cms::parse_capsule_kind(request.kind);
  // A mere verification has nobody behind it here.
  if (!kind || *kind == cms::CapsuleKind::kVerification) return client::protocol_failure("kind");
  statement.kind = *kind;
  if (!cms::check_capsule_id(request.id)) return client::protocol_failure("id");
  TANBA_CHECK(key.ensure_ready(Look::kTrust));
  const client::KeyDescription description = key.describe();
  const pki::SignatureAlgorithm algorithm = description.algorithms.front();
  TANBA_CHECK(key.check_algorithm(algorithm, now));
  TANBA_TRY(const cms::ToBeSigned prepared, cms::prepare_seal(context, statement, description.certificate, algorithm));
  TANBA_CHECK(log_->write_sealing(statement, request.key));
  TANBA_TRY(client::Signed made, key.sign(context, algorithm, prepared.octets));
  events_.write(
      Level::kInfo, "capsule.sealed",
      {{"kind", request.kind}, {"id", request.id}, {"manifest", request.manifest.hex()}, {"key", request.key}});
  return client::Answer(client::Sealed{std::move(made), now});
}

client::Outcome Service::sign_intent(KeyHolder& key, pki::Context& context, const client::SignIntent& request) {
  TANBA_TRY(std::optional<IntentLog::Found> found, log_->find(request.intent.id));
  if (found && found->progress == client::IntentProgress::kCancelled) {
    return base::fail(base::Code::kIntentState,
                      {{"intent", request.intent.id}, {"state", std::string(to_string(found->progress))}});
  }
  if (found && found->request != request_digest(request)) {
    return base::fail(base::Code::kKeydIntentConflict, {{"intent", request.intent.id}});
  }
  // Given out before, to the same request: it is no secret any more, and no key is needed for it.
  if (found && found->answer) return client::Answer(*std::move(found->answer));
  TANBA_TRY(client::Signed answer, sign_approved(key, context, request));
  return client::Answer(std::move(answer));
}

base::Result<client::Signed> Service::sign_approved(KeyHolder& key, pki::Context& context,
                                                    const client::SignIntent& request) {
  const client::Intent& intent = request.intent;
  const base::Time now = clock_.now();
  TANBA_TRY(const Approval approval, check_approval(context, intent, request.approval, approvers_, now));
  // XML-DSig: the signature's hash and the reference's are one algorithm in the fixed template.
  if (request.algorithm.digest != intent.document.algorithm) {
    return base::fail(base::Code::kKeydProtocol, {{"what", "algorithm"}});
  }
  TANBA_CHECK(key.ensure_ready(Look::kTrust));
  TANBA_CHECK(check_licensor(key, intent));
  TANBA_CHECK(key.check_algorithm(request.algorithm, now));
  TANBA_TRY(const std::string signed_info, pki::signed_info_for(request.algorithm, intent.document.value));
  TANBA_CHECK(log_->write_signing({.intent = intent,
                                   .request = request_digest(request),
                                   .approver = approval.approver,
                                   .approval = request.approval}));
  TANBA_TRY(const client::Signed made, key.sign(context, request.algorithm, base::as_bytes(signed_info)));
  TANBA_TRY(client::Signed answer, log_->write_signed(intent.id, made));
  events_.write(Level::kInfo, "intent.signed",
                {{"intent", intent.id},
                 {"kind", to_string(intent.kind)},
                 {"number", intent.number},
                 {"key", intent.key},
                 {"approver", approval.approver.hex()}});
  return answer;
}

}  // namespace tanba::tokens::keyd
