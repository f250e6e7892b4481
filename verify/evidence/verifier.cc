#include "verify/evidence/verifier.h"

#include <atomic>
#include <future>
#include <mutex>
#include <utility>

#include "cms/tsp/token.h"
#include "verify/embedded_evidence.h"

namespace tanba::verify::evidence {
namespace {

using base::Error;
using Clock = std::chrono::steady_clock;

}  // namespace

struct Verifier::State {
  Workers& workers;
  Sources* sources;
  Store& store;
};

class Verifier::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<State> state, Task task, Completion completion)
      : state_(std::move(state)), task_(std::move(task)), completion_(std::move(completion)), budget_(task_.limits) {}

  void start(Worker& worker) {
    if (auto ready = prepare(worker); !ready) return finish(worker, base::fail(ready.error()));
    round(worker);
  }

 private:
  base::Status prepare(Worker& worker) {
    if (const auto* document = std::get_if<DocumentSubject>(&task_.subject)) {
      InspectOptions options{.kind = document->kind, .detached = {}, .keep_octets = document->keep_octets};
      if (document->detached) options.detached = base::ByteView(*document->detached);
      if (document->digested) options.detached = *document->digested;
      std::vector<pki::CertificatePtr> at_hand;
      if (task_.input.policy.id == pki::PolicyId::kConformance) {
        at_hand = certificates_at_hand();
        options.xml_forms = xmldsig::Forms::kConformance;
        options.certificates = at_hand;
      }
      TANBA_TRY(Facts facts, document->large ? inspect(*worker.context, *document->large, options, task_.limits)
                                             : inspect(*worker.context, *document->document, options, task_.limits));
      facts_ = std::make_shared<const Facts>(std::move(facts));
    } else if (const auto* given = std::get_if<FactsSubject>(&task_.subject)) {
      facts_ = given->facts;
    } else if (const auto* timestamp = std::get_if<TimestampSubject>(&task_.subject)) {
      TANBA_CHECK(inspect_timestamp(worker, *timestamp));
    }
    if (facts_) add_embedded(facts_->content, task_.input.now, task_.evidence);
    if (timestamp_) add_embedded(*timestamp_, task_.input.now, task_.evidence);
    add_known();
    return {};
  }

  [[nodiscard]] std::vector<pki::CertificatePtr> certificates_at_hand() const {
    std::vector<pki::CertificatePtr> all(task_.input.candidates);
    const auto& intermediates = task_.input.trust->intermediates();
    all.insert(all.end(), intermediates.begin(), intermediates.end());
    for (const pki::Anchor& anchor : task_.input.trust->anchors()) all.push_back(anchor.certificate);
    return all;
  }

  base::Status inspect_timestamp(Worker& worker, const TimestampSubject& subject) {
    base::Budget budget(task_.limits);
    // A token need not carry its certificate.
    const std::vector<pki::CertificatePtr> at_hand = certificates_at_hand();
    TANBA_TRY(pki::TimestampFacts facts,
              cms::tsp::inspect_token(*worker.context, *subject.token, subject.data, budget, at_hand));
    timestamp_ = std::make_shared<const pki::TimestampFacts>(std::move(facts));
    return {};
  }

  void add_known() {
    const auto known = [&](const pki::CertificatePtr& certificate) {
      state_->store.add_known(*certificate, task_.input.now, task_.evidence);
      if (may_fetch()) refresh_ahead(certificate);
    };
    const auto known_of_timestamp = [&](const pki::TimestampFacts& timestamp) {
      if (timestamp.certificate) known(timestamp.certificate);
      for (const pki::CertificatePtr& certificate : timestamp.certificates) known(certificate);
    };
    if (timestamp_) known_of_timestamp(*timestamp_);
    if (facts_) {
      for (const pki::SignatureFacts& signature : facts_->content.signatures) {
        if (signature.certificate) known(signature.certificate);
        for (const pki::CounterSignatureFacts& one : signature.counter_signatures) {
          if (one.certificate) known(one.certificate);
        }
        for_each_timestamp(signature, known_of_timestamp);
      }
      // The issuing CA often travels in the document: what is kept about it is at hand too.
      for (const pki::CertificatePtr& certificate : facts_->content.certificates) known(certificate);
    } else if (const auto* certificate = std::get_if<pki::CertificatePtr>(&task_.subject)) {
      known(*certificate);
    }
    for (const pki::CertificatePtr& certificate : task_.input.candidates) known(certificate);
    for (const pki::CertificatePtr& certificate : task_.input.trust->intermediates()) known(certificate);
  }

  void refresh_ahead(const pki::CertificatePtr& certificate) {
    for (const OcspItem& item : task_.evidence.ocsp()) {
      if (item.asked_for == certificate->digest()) state_->sources->refresh_ahead(item, certificate);
    }
  }

  [[nodiscard]] bool may_fetch() const { return task_.fetching == Fetching::kFetch && state_->sources != nullptr; }

  base::Result<Judgement> judge_once(Worker& worker) {
    task_.input.evidence = &task_.evidence;
    if (facts_) return judge(*worker.context, &worker.paths, *facts_, task_.input, budget_);
    if (const auto* certificate = std::get_if<pki::CertificatePtr>(&task_.subject)) {
      return judge_certificate(*worker.context, &worker.paths, *certificate, task_.input, budget_);
    }
    if (const auto* crl = std::get_if<ocsp::CrlPtr>(&task_.subject)) {
      return judge_crl(*worker.context, &worker.paths, *crl, task_.input, budget_);
    }
    if (timestamp_) return judge_timestamp(*worker.context, &worker.paths, *timestamp_, task_.input, budget_);
    return judge_ocsp(*worker.context, &worker.paths, std::get<OcspSubject>(task_.subject), task_.input, budget_);
  }

  void round(Worker& worker) {
    // Each round judges everything anew and so has the whole budget again; rounds are few.
    budget_ = base::Budget(task_.limits);
    auto judgement = judge_once(worker);
    if (!judgement) return finish(worker, base::fail(judgement.error()));
    const bool more =
        may_fetch() && !judgement->needs.empty() && ++rounds_ < kMaxRounds && Clock::now() < task_.deadline;
    if (!more) {
      return finish(worker, Verified{.facts = facts_,
                                     .timestamp = timestamp_,
                                     .report = std::move(judgement->report),
                                     .evidence = std::move(task_.evidence)});
    }
    fetch(judgement->needs);
  }

  // Asks for each need at once; the last answer brings the session back to a worker.
  void fetch(const std::vector<Need>& needs) {
    outstanding_ = 1;  // this loop itself: no answer ends the round before all were asked
    for (const Need& need : needs) {
      if (need.sources.empty()) continue;
      auto shared = std::make_shared<Need>(need);
      if (shared->sources.size() > kMaxAddresses) shared->sources.resize(kMaxAddresses);
      outstanding_.fetch_add(1);
      ask(std::move(shared), 0);
    }
    arrived();
  }

  // One address of a need; the next when it gives nothing.
  void ask(std::shared_ptr<const Need> need, std::size_t index) {
    const std::string& url = need->sources[index];
    {
      const std::scoped_lock lock(mutex_);
      task_.evidence.note_asked(url, need->certificate->digest());
    }
    state_->sources->ask(
        {.kind = need->kind,
         .url = url,
         .certificate = need->certificate,
         .issuer = need->issuer,
         .candidates = task_.input.candidates},
        patience(*need, index),
        [self = shared_from_this(), need, index](const Sources::Answer& answer) { self->take(need, index, answer); });
  }

  // A source that is slow must leave time for those that may be asked after it.
  [[nodiscard]] Clock::time_point patience(const Need& need, std::size_t index) const {
    auto after = static_cast<Clock::rep>(need.sources.size() - index - 1);
    if (need.kind == Need::Kind::kOcsp && !need.certificate->crl_points().empty()) ++after;
    const Clock::time_point now = Clock::now();
    return now + (task_.deadline - now) / (after + 1);
  }

  void take(const std::shared_ptr<const Need>& need, std::size_t index, const Sources::Answer& answer) {
    {
      const std::scoped_lock lock(mutex_);
      if (answer->has_value())
        add(*need, **answer);
      else
        add_failure(*need, need->sources[index], answer->error());
    }
    if (!answer->has_value() && index + 1 < need->sources.size() && Clock::now() < task_.deadline) {
      return ask(need, index + 1);
    }
    arrived();
  }

  // Everything in a set of evidence was received when its verification began, or the report would depend on the hour.
  void add(const Need& need, Sources::Evidence evidence) {
    std::visit(
        [&](auto& item) {
          item.asked_for = need.certificate->digest();
          item.received_at = task_.input.now;
          task_.evidence.add(std::move(item));
        },
        evidence);
  }

  // The last good evidence is taken whatever its age: judge knows how old it may be.
  void add_failure(const Need& need, const std::string& url, const Error& error) {
    task_.evidence.add(SourceFailure{url, error, task_.input.now, need.certificate->digest()});
    state_->store.add_known(*need.certificate, task_.input.now, task_.evidence, Store::Age::kAny);
  }

  void arrived() {
    if (outstanding_.fetch_sub(1) != 1) return;
    auto self = shared_from_this();
    const auto posted = state_->workers.resume([self](Worker& worker) { self->round(worker); });
    // Stopping: the caller is still told, from this thread; there is no worker any more to run on.
    if (!posted) self->abandon(posted.error());
  }

  void abandon(const Error& error) {
    auto context = pki::Context::create();
    if (!context) return;
    Worker worker{*std::move(context), pki::PathCache()};
    finish(worker, base::fail(error));
  }

  void finish(Worker& worker, base::Result<Verified> verified) {
    // A limit that was reached while judging is a verdict about what was judged, not a fault of ours.
    if (!verified && base::info(verified.error().code()).effect == base::Effect::kRefuse) {
      Report report = unjudged(facts_.get(), verified.error(), task_.input);
      verified = Verified{
          .facts = facts_, .timestamp = timestamp_, .report = std::move(report), .evidence = std::move(task_.evidence)};
    }
    if (verified && state_->sources != nullptr) state_->sources->note(verified->report);
    std::exchange(completion_, nullptr)(worker, std::move(verified));
  }

  std::shared_ptr<State> state_;
  Task task_;
  Completion completion_;
  base::Budget budget_;
  std::shared_ptr<const Facts> facts_;
  std::shared_ptr<const pki::TimestampFacts> timestamp_;
  int rounds_ = 0;
  std::atomic<int> outstanding_{0};
  std::mutex mutex_;  // over task_.evidence while answers come in
};

Verifier::Verifier(Workers& workers, Sources* sources, Store& store)
    : state_(std::make_shared<State>(workers, sources, store)) {}

Verifier::~Verifier() = default;

base::Status Verifier::verify(Task task, Completion completion) {
  auto session = std::make_shared<Session>(state_, std::move(task), std::move(completion));
  return state_->workers.post([session](Worker& worker) { session->start(worker); });
}

base::Result<Verified> Verifier::verify_and_wait(Task task) {
  auto promise = std::make_shared<std::promise<base::Result<Verified>>>();
  auto future = promise->get_future();
  TANBA_CHECK(verify(std::move(task),
                     [promise](Worker&, base::Result<Verified> verified) { promise->set_value(std::move(verified)); }));
  return future.get();
}

}  // namespace tanba::verify::evidence
