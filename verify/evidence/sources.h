// Sources of revocation evidence, OCSP answers and CRLs under one roof: what is fetched, when, from where, and whether
// it may take the place of what was there.
//
//  - Single flight: whoever needs the same thing waits for one fetch, each until a deadline of its own. A fetch that
//  fails
//    fails all who wait, and nothing of it is remembered but the source's state.
//  - A breaker a source: one that failed several times in a row is not asked for a while (breaker.h).
//  - Lists are fetched again ahead of their end, with jitter; answers about authorities likewise, when they are used.
//  - What goes back behind the last good evidence is refused; a list from which entries vanish waits for a person
//    (succession.h). Only evidence whose signature verified becomes the last good one, so that nobody on the way can
//    spoil it with a forged list of tomorrow. Whether evidence is good enough for a certificate stays judge's to say.
//
// Everything is bounded: sources, flights, waiters, alerts. All members may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "net/fetch/fetcher.h"
#include "verify/evidence/breaker.h"
#include "verify/evidence/store.h"
#include "verify/evidence/succession.h"
#include "verify/evidence/workers.h"
#include "verify/report.h"

namespace tanba::verify::evidence {

using SourceKind = Need::Kind;

enum class SourceOrigin : std::uint8_t {
  kCertificate,  // named by a certificate
  kConfigured,   // by the operator
  kImported,     // a list that was brought by hand; never fetched
};
[[nodiscard]] std::string_view to_string(SourceOrigin origin);  // "certificate", "configured", "imported"

struct ListSummary {
  std::string issuer;  // RFC 4514
  std::string number;  // cRLNumber, lower-case hexadecimal; empty when absent
  base::Time this_update;
  std::optional<base::Time> next_update;
  std::size_t entries = 0;
  std::string digest;  // SHA-256, hexadecimal
  enum class Kind : std::uint8_t { kComplete, kDelta };
  Kind kind = Kind::kComplete;
};

struct SourceStatus {
  SourceKind kind = SourceKind::kCrl;
  std::string url;
  SourceOrigin origin = SourceOrigin::kCertificate;
  BreakerState breaker = BreakerState::kClosed;
  unsigned consecutive_failures = 0;
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  std::optional<base::Time> last_success;
  std::optional<base::Time> last_failure;
  std::optional<base::Error> last_error;             // of the last failure
  std::optional<std::chrono::milliseconds> latency;  // of the last answer
  std::optional<base::Time> next_try;                // while the breaker is open
  std::optional<base::Time> next_refresh;            // of lists
  std::optional<ListSummary> list;                   // the last good one
};

enum class AlertKind : std::uint8_t { kRollback, kShrunk, kStorage };
[[nodiscard]] std::string_view to_string(AlertKind kind);  // "rollback", "shrunk", "storage"
enum class AlertState : std::uint8_t {
  kOpen,
  kConfirmed,  // kShrunk: a person said that the list is to be used
  kOver,       // the source came right by itself
};
[[nodiscard]] std::string_view to_string(AlertState state);  // "open", "confirmed", "over"

struct Alert {
  std::string id;  // hexadecimal; the same for the same thing seen again, also after a restart
  AlertKind kind = AlertKind::kRollback;
  SourceKind source_kind = SourceKind::kCrl;
  std::string url;
  base::Error error{base::Code::kCrlRollback};  // crl.rollback, crl.issuer, ocsp.rollback, crl.shrunk, ...
  base::Time first_seen;
  base::Time last_seen;
  std::uint64_t count = 0;
  std::optional<ListSummary> kept;     // the last good list
  std::optional<ListSummary> offered;  // the one that was refused or waits
  AlertState state = AlertState::kOpen;
  // What ends it: a good list of this line (list_marks.h), a good answer about this certificate, and no other.
  std::optional<base::Digest> line;
};

// Told of what happens; from any thread, never under a lock. Must not block.
class SourceObserver {
 public:
  virtual ~SourceObserver() = default;
  virtual void fetched(const SourceStatus& source) { (void)source; }
  virtual void failed(const SourceStatus& source, const base::Error& error) { (void)source, (void)error; }
  virtual void breaker_changed(const SourceStatus& source) { (void)source; }
  // At the first sight, and whenever its state changes.
  virtual void alert(const Alert& alert) { (void)alert; }
  // A report rests on evidence that has ended (revocation.grace).
  virtual void grace_used() {}
};

class Sources {
 public:
  struct Options {
    std::chrono::milliseconds ocsp_timeout{5000};
    // A list of a million entries over a slow line. Nobody waits so long, but the next one has it.
    std::chrono::milliseconds list_timeout{120'000};
    Breaker::Options breaker{};
    SuccessionRules succession{};
    std::vector<std::string> configured;  // lists to keep at hand, for every certificate of their issuers
    base::Seconds configured_refresh{600};
    base::Seconds list_refresh{3600};    // of lists that certificates name, while they are in use
    base::Seconds list_idle{7 * 86400};  // nobody lacked it for so long: it may end
    std::size_t nonce_bytes = 16;        // RFC 8954 2.1; 0 sends none
    pki::DigestAlgorithm cert_id_digest = pki::DigestAlgorithm::kSha256;  // НУЦ РК's
    base::Limits limits{};
    std::size_t max_sources = 4096;   // a national PKI has tens
    std::size_t max_waiters = 16384;  // verifications that wait at one time
    std::size_t max_alerts = 1024;
    std::size_t max_known = 65536;  // certificates whose end is remembered, answers whose time is
    // Octets that nobody can guess (nonces), and a number in [0, 1) for spreading; both have defaults.
    std::function<base::Bytes(std::size_t)> random;
    std::function<double()> jitter;
    // Certificates of trusted authorities by this name: who may have signed a list that nobody asked for.
    std::function<std::vector<pki::CertificatePtr>(const pki::Name&)> authorities;
    SourceObserver* observer = nullptr;
  };
  // `fetcher` may be null: nothing is fetched then, and every question fails. What is under way ends with the fetcher,
  // so all the others must outlive both: destroy the fetcher after stop(), and them after it.
  Sources(Workers& workers, net::fetch::Fetcher* fetcher, Store& store, const base::Clock& clock, Options options);
  ~Sources();
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  // Takes over what the store read from disk, and begins to fetch: configured lists, and lists near their end.
  void start();
  // Nothing is begun any more; fetches under way end with the fetcher.
  void stop();

  // --- for verifications -------------------------------------------------------------------------------------------
  struct Question {
    SourceKind kind = SourceKind::kOcsp;
    std::string url;
    pki::CertificatePtr certificate;
    pki::CertificatePtr issuer;                   // its path reaches an anchor
    std::vector<pki::CertificatePtr> candidates;  // where a responder's certificate may be
  };
  using Evidence = std::variant<OcspItem, CrlItem>;
  using Answer = std::shared_ptr<const base::Result<Evidence>>;
  using Waiter = std::move_only_function<void(const Answer&)>;
  // The waiter runs exactly once, at the deadline at the latest, on any thread, perhaps before this returns.
  //   fetch.*        the source cannot be reached, also: fetch.paused while its breaker is open
  //   ocsp.*, crl.*  what it gave is unreadable, or refused: crl.rollback, crl.shrunk, ocsp.rollback
  // What reads well and is not authentic is given all the same: judge says what is wrong with it.
  void ask(Question question, std::chrono::steady_clock::time_point deadline, Waiter waiter);
  // An answer about an authority that is used while it nears its end is asked for anew, nobody waiting.
  void refresh_ahead(const OcspItem& item, const pki::CertificatePtr& certificate);
  // Tells the observer when this report rests on evidence in grace.
  void note(const Report& report);

  // --- for people --------------------------------------------------------------------------------------------------
  [[nodiscard]] std::vector<SourceStatus> sources() const;  // by kind and URL
  [[nodiscard]] std::optional<SourceStatus> source(SourceKind kind, const std::string& url) const;
  [[nodiscard]] std::vector<Alert> alerts() const;  // newest first
  [[nodiscard]] std::optional<Alert> alert(const std::string& id) const;

  // Fetches the list now, whatever its breaker says. registry.not_found when no list of this URL is known.
  using Refreshed = std::move_only_function<void(base::Result<SourceStatus>)>;
  void refresh(const std::string& url, Refreshed done);
  // A list brought by hand, under the checks that a fetched one passes, and more: an authority that is known must have
  // signed it. crl.malformed, crl.signature, crl.issuer, crl.future, crl.rollback, crl.shrunk (confirm() goes on),
  // evidence.not_stored. On a worker's thread: its digest may be one that only a provider has.
  [[nodiscard]] base::Result<SourceStatus> import_list(Worker& worker, base::ByteView octets);
  // A person says that the list of this alert, which shrank, is right: it is used from now on. registry.not_found for
  // an alert that is not there, or is no open alert of that kind.
  [[nodiscard]] base::Result<Alert> confirm(const std::string& alert_id);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// OpenSSL's generator.
[[nodiscard]] base::Bytes random_octets(std::size_t count);

}  // namespace tanba::verify::evidence
