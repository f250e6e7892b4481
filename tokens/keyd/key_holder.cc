#include "tokens/keyd/key_holder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "pki/verify_signature.h"

namespace tanba::tokens::keyd {
namespace {

// As far as the token has it and there is room for it: whoever verifies may know the rest.
std::vector<pki::CertificatePtr> chain_from(const pki::Certificate& certificate,
                                            const std::vector<pki::CertificatePtr>& candidates,
                                            std::size_t room_bytes) {
  std::vector<pki::CertificatePtr> chain;
  const pki::Certificate* last = &certificate;
  while (chain.size() < client::kMaxChain && !last->is_self_issued()) {
    const auto issuer = std::ranges::find_if(candidates, [&](const auto& c) { return c->subject() == last->issuer(); });
    if (issuer == candidates.end() || std::ranges::find(chain, *issuer) != chain.end()) break;
    if ((*issuer)->der().size() > room_bytes) break;
    room_bytes -= (*issuer)->der().size();
    chain.push_back(*issuer);
    last = issuer->get();
  }
  return chain;
}

// Says since when a task runs, until it ends by whatever way.
class Busy {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Busy(std::atomic<Clock::duration>& since) : since_(since) { since_ = Clock::now().time_since_epoch(); }
  ~Busy() { since_ = Clock::duration::zero(); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::atomic<Clock::duration>& since_;
};

base::Error silent() {
  return base::Error(base::Code::kTokenLost, {{"reason", "it does not answer"}});
}

}  // namespace

KeyHolder::KeyHolder(KeyConfig config, std::shared_ptr<TokenHolder> token, KeyBounds bounds, EventLog& events)
    : config_(std::move(config)),
      token_(std::move(token)),
      bounds_(bounds),
      events_(events),
      executor_({.name = "key", .threads = 1, .max_queued = config_.max_queued, .on_thread_start = [this] {
                   base::Result<std::unique_ptr<pki::Context>> made = pki::Context::create();
                   if (!made) {  // OpenSSL itself does not work: nothing could be signed or checked
                     events_.write(Level::kError, "process.no_openssl", made.error());
                     std::abort();
                   }
                   const std::shared_ptr<pki::Context> context = std::move(*made);
                   context_ = context.get();
                   return std::shared_ptr<void>(context);
                 }}) {
  const std::scoped_lock lock(mutex_);
  description_.name = config_.name;
  description_.purpose = config_.purpose;
  description_.reason = base::dotted(base::Code::kTokenLost);
  description_.certificate = config_.certificate;
  description_.chain = config_.chain;
}

KeyHolder::~KeyHolder() {
  executor_.stop();
}

client::KeyDescription KeyHolder::describe() const {
  const std::scoped_lock lock(mutex_);
  return description_;
}

bool KeyHolder::is_silent() const {
  const Clock::duration since = busy_since_;
  return since != Clock::duration::zero() && Clock::now().time_since_epoch() - since >= bounds_.token_timeout;
}

void KeyHolder::notice_silence() {
  const Clock::duration since = busy_since_;
  if (!is_silent() || since == silence_told_) return;
  silence_told_ = since;
  events_.write(Level::kError, "key.not_answering", silent(),
                {{"key", config_.name}, {"hint", "a call to its PKCS#11 module does not return"}});
  remember(std::unexpected(silent()));
}

base::Status KeyHolder::post(std::move_only_function<void(pki::Context&)> task) {
  // What waits behind a call that hangs would keep its callers waiting, and be signed when nobody asks for it any more.
  if (is_silent()) return std::unexpected(silent());
  return executor_.post([this, task = std::move(task)]() mutable {
    const Busy busy(busy_since_);
    task(*context_);
  });
}

base::Status KeyHolder::open_key() {
  if (signer_) return {};
  TANBA_TRY(std::shared_ptr<TokenKey> key, TokenKey::open(token_->token(), config_.uri));
  pki::CertificatePtr certificate = config_.certificate;
  if (!certificate) {
    if (key->entry().certificates.empty()) {
      return base::fail(base::Code::kTokenNotFound, {{"uri", format_pkcs11_uri(config_.uri)}}, "it has no certificate");
    }
    certificate = key->entry().certificates.front();
  }
  std::vector<pki::CertificatePtr> chain = config_.chain;
  std::size_t taken_bytes = certificate->der().size();
  for (const pki::CertificatePtr& above : chain) taken_bytes += above->der().size();
  if (taken_bytes > bounds_.certificate_bytes) {
    return base::fail(base::Code::kTokenFailed, {{"reason", "an attribute is too large"}},
                      fmt::format("certificate and chain have {} octets; with so many keys there is room for {}",
                                  taken_bytes, bounds_.certificate_bytes));
  }
  if (chain.empty()) {
    TANBA_TRY(const TokenContents contents, token_->token()->contents());
    chain = chain_from(*certificate, contents.other_certificates, bounds_.certificate_bytes - taken_bytes);
  }
  TANBA_TRY(signer_, TokenSigner::with_certificate(std::move(key), certificate));
  const std::scoped_lock lock(mutex_);
  description_.certificate = certificate;
  description_.chain = std::move(chain);
  description_.algorithms = {signer_->algorithms().begin(), signer_->algorithms().end()};
  return {};
}

void KeyHolder::remember(const base::Status& status) {
  client::KeyDescription before;
  client::KeyDescription now;
  {
    const std::scoped_lock lock(mutex_);
    before = description_;
    description_.reason = status ? std::string() : std::string(base::dotted(status.error().code()));
    if (status) {
      description_.state = client::KeyState::kReady;
    } else if (status.error().code() == base::Code::kTokenLocked) {
      description_.state = client::KeyState::kLocked;
    } else {
      description_.state = client::KeyState::kLost;
    }
    now = description_;
  }
  if (before.state == now.state && before.reason == now.reason) return;
  const boost::json::object details{{"key", config_.name}};
  if (status) {
    events_.write(Level::kInfo, "key.ready", details);
  } else {
    events_.write(Level::kWarning, "key.not_ready", status.error(), details);
  }
}

base::Status KeyHolder::ensure_ready(Look look) {
  base::Status status = token_->ensure_ready(look);
  if (status) status = open_key();
  remember(status);
  return status;
}

base::Status KeyHolder::check_algorithm(const pki::SignatureAlgorithm& algorithm, base::Time now) const {
  const auto offered = signer_->algorithms();
  if (std::ranges::find(offered, algorithm) == offered.end()) {
    return base::fail(base::Code::kTokenMechanism, {{"algorithm", pki::to_string(algorithm)}});
  }
  const pki::Certificate& certificate = *signer_->certificate();
  return pki::check_algorithm(pki::PolicyId::kKzSubmission, algorithm,
                              {.kind = certificate.key().kind, .bits = certificate.key().bits}, now,
                              certificate.label());
}

base::Result<client::Signed> KeyHolder::sign(pki::Context& context, const pki::SignatureAlgorithm& algorithm,
                                             base::ByteView message) {
  base::Result<base::Bytes> signature = signer_->sign(algorithm, message);
  if (!signature) {
    // How it stands now, not only for this request: the next one and list_keys are told.
    const base::Code code = signature.error().code();
    if (code == base::Code::kTokenLost || code == base::Code::kTokenLocked) {
      remember(std::unexpected(signature.error()));
    }
    return std::unexpected(signature.error());
  }
  const base::Status verified =
      pki::verify_signature(context, signer_->certificate()->key(), algorithm, message, *signature);
  if (!verified) return base::fail(base::Code::kSigningFailed, "what the token gave does not verify");
  const std::scoped_lock lock(mutex_);
  return client::Signed{algorithm, *std::move(signature), signer_->certificate(), description_.chain};
}

}  // namespace tanba::tokens::keyd
