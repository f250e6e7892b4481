#include "verify/evidence/verifier.h"

#include <openssl/rand.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <utility>

#include "cms/tsp/token.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using base::Error;
using net::fetch::Response;
using Clock = std::chrono::steady_clock;

using Answer = std::shared_ptr<const base::Result<Response>>;

// One request to one source serves everybody who waits for the same thing.
class SingleFlight {
 public:
  using Waiter = std::move_only_function<void(Answer)>;

  // Returns true for the first, which then has to fetch and call finish.
  bool join(const std::string& key, Waiter waiter) {
    const std::scoped_lock lock(mutex_);
    auto& waiters = flights_[key];
    waiters.push_back(std::move(waiter));
    return waiters.size() == 1;
  }
  void finish(const std::string& key, const Answer& answer) {
    std::vector<Waiter> waiters;
    {
      const std::scoped_lock lock(mutex_);
      if (const auto found = flights_.find(key); found != flights_.end()) {
        waiters = std::move(found->second);
        flights_.erase(found);
      }
    }
    for (Waiter& waiter : waiters) waiter(answer);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<Waiter>> flights_;
};

}  // namespace

struct Verifier::State {
  State(Workers& workers_in, net::fetch::Fetcher* fetcher_in, Store& store_in, Options options_in)
      : workers(workers_in), fetcher(fetcher_in), store(store_in), options(std::move(options_in)) {}
  Workers& workers;
  net::fetch::Fetcher* fetcher;
  Store& store;
  Options options;
  SingleFlight flights;
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
      if (document->detached) options.detached = *document->detached;
      std::vector<pki::CertificatePtr> at_hand;
      if (task_.input.policy.id == pki::PolicyId::kConformance) {
        at_hand = certificates_at_hand();
        options.xml_forms = xmldsig::Forms::kConformance;
        options.certificates = at_hand;
      }
      TANBA_TRY(Facts facts, inspect(*worker.context, *document->document, options, task_.limits));
      facts_ = std::make_shared<const Facts>(std::move(facts));
    } else if (const auto* given = std::get_if<FactsSubject>(&task_.subject)) {
      facts_ = given->facts;
    } else if (const auto* timestamp = std::get_if<TimestampSubject>(&task_.subject)) {
      TANBA_CHECK(inspect_timestamp(worker, *timestamp));
    }
    if (facts_) add_embedded(*facts_);
    if (timestamp_) add_embedded(timestamp_->ocsp_responses, timestamp_->crls);
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

  void add_embedded(const Facts& facts) {
    add_embedded(facts.content.ocsp_responses, facts.content.crls);
    for (const pki::SignatureFacts& signature : facts.content.signatures) {
      for (const pki::TimestampFacts& timestamp : signature.timestamps) {
        add_embedded(timestamp.ocsp_responses, timestamp.crls);
      }
    }
  }

  // Evidence inside the document is judged like any other; what does not parse proves nothing.
  void add_embedded(const std::vector<base::Bytes>& ocsp_responses, const std::vector<base::Bytes>& crls) {
    for (const base::Bytes& octets : ocsp_responses) {
      auto response = ocsp::parse_response(octets);
      if (!response) continue;
      task_.evidence.add(OcspItem{.id = (*response)->digest,
                                  .response = *response,
                                  .octets = std::make_shared<const base::Bytes>(octets),
                                  .nonce = {},
                                  .asked_for = {},
                                  .source = "embedded",
                                  .received_at = task_.input.now});
    }
    for (const base::Bytes& octets : crls) {
      auto crl = ocsp::Crl::parse(octets);
      if (!crl) continue;
      task_.evidence.add(CrlItem{
          .id = (*crl)->digest(), .crl = *crl, .asked_for = {}, .source = "embedded", .received_at = task_.input.now});
    }
  }

  void add_known() {
    const auto known = [&](const pki::CertificatePtr& certificate) {
      state_->store.add_known(*certificate, task_.input.now, task_.evidence);
    };
    const auto known_of_timestamp = [&](const pki::TimestampFacts& timestamp) {
      if (timestamp.certificate) known(timestamp.certificate);
      for (const pki::CertificatePtr& certificate : timestamp.certificates) known(certificate);
    };
    if (timestamp_) known_of_timestamp(*timestamp_);
    if (facts_) {
      for (const pki::SignatureFacts& signature : facts_->content.signatures) {
        if (signature.certificate) known(signature.certificate);
        for (const pki::TimestampFacts& timestamp : signature.timestamps) known_of_timestamp(timestamp);
      }
      // The issuing CA often travels in the document: what is kept about it is at hand too.
      for (const pki::CertificatePtr& certificate : facts_->content.certificates) known(certificate);
    } else if (const auto* certificate = std::get_if<pki::CertificatePtr>(&task_.subject)) {
      known(*certificate);
    }
    for (const pki::CertificatePtr& certificate : task_.input.candidates) known(certificate);
    for (const pki::CertificatePtr& certificate : task_.input.trust->intermediates()) known(certificate);
  }

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
    const bool may_fetch = task_.sources == Sources::kFetch && state_->fetcher != nullptr;
    const bool more = may_fetch && !judgement->needs.empty() && ++rounds_ < kMaxRounds && Clock::now() < task_.deadline;
    if (!more) {
      return finish(worker, Verified{.facts = facts_,
                                     .timestamp = timestamp_,
                                     .report = std::move(judgement->report),
                                     .evidence = std::move(task_.evidence)});
    }
    fetch(worker, judgement->needs);
  }

  // Asks the first source of each need, all at once; the last answer brings the session back to a worker.
  void fetch(Worker& worker, const std::vector<Need>& needs) {
    outstanding_ = 1;  // this loop itself: no answer ends the round before all were asked
    for (const Need& need : needs) {
      if (need.sources.empty()) continue;
      {
        const std::scoped_lock lock(mutex_);
        task_.evidence.note_asked(need.sources.front(), need.certificate->digest());
      }
      outstanding_.fetch_add(1);
      if (need.kind == Need::Kind::kOcsp)
        ask_ocsp(worker, need);
      else
        ask_crl(need);
    }
    arrived();
  }

  void ask_ocsp(Worker& worker, const Need& need) {
    const auto cert_id =
        ocsp::make_cert_id(*worker.context, state_->options.cert_id_digest, *need.certificate, *need.issuer);
    if (!cert_id) return fail_source(need, cert_id.error());
    const base::Bytes nonce = state_->options.random(state_->options.nonce_bytes);
    net::fetch::Request request{.method = net::fetch::Method::kPost,
                                .url = need.sources.front(),
                                .content_type = "application/ocsp-request",
                                .body = ocsp::write_request(*cert_id, nonce),
                                .deadline = source_deadline(),
                                .max_response_bytes = task_.limits.max_ocsp_bytes};
    // The nonce makes each request its own: whoever joins a flight gets its answer and must know its nonce.
    const std::string key = "ocsp " + need.certificate->digest().hex() + " " + need.sources.front();
    auto shared_nonce = std::make_shared<const base::Bytes>(nonce);
    send(key, std::move(request), need, shared_nonce);
  }

  void ask_crl(const Need& need) {
    net::fetch::Request request{
        .url = need.sources.front(), .deadline = source_deadline(), .max_response_bytes = task_.limits.max_crl_bytes};
    send("crl " + need.sources.front(), std::move(request), need, nullptr);
  }

  void send(const std::string& key, net::fetch::Request request, const Need& need,
            const std::shared_ptr<const base::Bytes>& nonce) {
    // Only the first's nonce goes out. Others take the answer without one: it was made while they waited, so it cannot
    // be older than their question, which is what their nonce would have shown.
    const auto mine = std::make_shared<std::atomic<bool>>(false);
    const bool first = state_->flights.join(key, [self = shared_from_this(), need, nonce, mine](const Answer& answer) {
      self->take(need, answer, mine->load() ? nonce : nullptr);
    });
    if (!first) return;
    mine->store(true);
    const auto sent =
        state_->fetcher->fetch(std::move(request), [state = state_, key](base::Result<Response> response) {
          state->flights.finish(key, std::make_shared<const base::Result<Response>>(require_ok(std::move(response))));
        });
    if (!sent) {
      state_->flights.finish(key, std::make_shared<const base::Result<Response>>(base::fail(sent.error())));
    }
  }

  // On the fetch thread: parsing a large list takes long, so it is handed to a worker.
  void take(const Need& need, const Answer& answer, const std::shared_ptr<const base::Bytes>& nonce) {
    auto self = shared_from_this();
    const auto posted =
        state_->workers.resume([self, need, answer, nonce](Worker&) { self->keep(need, answer, nonce); });
    if (!posted) fail_source(need, posted.error());
  }

  void keep(const Need& need, const Answer& answer, const std::shared_ptr<const base::Bytes>& nonce) {
    const std::string& source = need.sources.front();
    if (!answer->has_value()) return fail_source(need, answer->error());
    const base::Bytes& body = (*answer)->body;
    if (need.kind == Need::Kind::kOcsp) {
      auto response = ocsp::parse_response(body);
      if (!response) return fail_source(need, response.error());
      OcspItem item{.id = (*response)->digest,
                    .response = *response,
                    .octets = std::make_shared<const base::Bytes>(body),
                    .nonce = nonce ? *nonce : base::Bytes{},
                    .asked_for = need.certificate->digest(),
                    .source = source,
                    .received_at = task_.input.now};
      state_->store.keep(item);
      const std::scoped_lock lock(mutex_);
      task_.evidence.add(std::move(item));
    } else {
      auto crl = parse_list(body);
      if (!crl) return fail_source(need, crl.error());
      CrlItem item{.id = (*crl)->digest(),
                   .crl = *crl,
                   .asked_for = need.certificate->digest(),
                   .source = source,
                   .received_at = task_.input.now};
      state_->store.keep(item, body);
      const std::scoped_lock lock(mutex_);
      task_.evidence.add(std::move(item));
    }
    arrived();
  }

  static base::Result<ocsp::CrlPtr> parse_list(const base::Bytes& body) {
    // Some publish their list in PEM, against RFC 5280 4.2.1.13: "a single DER encoded CRL".
    if (base::as_text(body).starts_with("-----BEGIN")) {
      TANBA_TRY(const auto blocks, pki::parse_pem(base::as_text(body)));
      for (const pki::PemBlock& block : blocks) {
        if (block.label == "X509 CRL") return ocsp::Crl::parse(block.octets);
      }
    }
    return ocsp::Crl::parse(body);
  }

  void fail_source(const Need& need, const Error& error) {
    {
      const std::scoped_lock lock(mutex_);
      task_.evidence.add(SourceFailure{need.sources.front(), error, task_.input.now, need.certificate->digest()});
    }
    arrived();
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
      Report report = unreadable(SubjectKind::kDocument, {}, verified.error(), task_.input);
      if (facts_) report.document = facts_->document.hex();
      verified = Verified{
          .facts = facts_, .timestamp = timestamp_, .report = std::move(report), .evidence = std::move(task_.evidence)};
    }
    std::exchange(completion_, nullptr)(worker, std::move(verified));
  }

  [[nodiscard]] Clock::time_point source_deadline() const {
    return std::min(task_.deadline, Clock::now() + state_->options.source_timeout);
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

Verifier::Verifier(Workers& workers, net::fetch::Fetcher* fetcher, Store& store, Options options)
    : state_(std::make_shared<State>(workers, fetcher, store, std::move(options))) {
  if (!state_->options.random) state_->options.random = random_octets;
}

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

base::Bytes random_octets(std::size_t count) {
  base::Bytes out(count);
  if (RAND_bytes(out.data(), static_cast<int>(count)) != 1) std::abort();  // nothing secure can be done without it
  return out;
}

}  // namespace tanba::verify::evidence
