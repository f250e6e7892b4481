// The shell around judge: fetches what it lacks, keeps evidence, and asks again until nothing more can come.
//
// judge → needs → fetch → judge …: each source is asked once for each need; it ends when nothing is needed, nothing new
// came, after kMaxRounds, or at the deadline. A verification that waits for a source holds no thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "cms/content.h"
#include "net/fetch/fetcher.h"
#include "verify/evidence/store.h"
#include "verify/evidence/workers.h"
#include "verify/judge.h"

namespace tanba::verify::evidence {

inline constexpr int kMaxRounds = 8;

struct DocumentSubject {
  std::shared_ptr<const base::Bytes> document;
  std::shared_ptr<const base::Bytes> detached;  // null: none
  pki::KeepOctets keep_octets = pki::KeepOctets::kNo;
  DocumentKind kind = DocumentKind::kDocument;
};
// Facts that were inspected before (a stored capsule, a second judgement of one document).
struct FactsSubject {
  std::shared_ptr<const Facts> facts;
};
// A time stamp (RFC 3161) by itself.
struct TimestampSubject {
  std::shared_ptr<const base::Bytes> token;
  cms::DetachedContent data;  // what it must be over; nothing given leaves the imprint uncompared
};
using Subject =
    std::variant<DocumentSubject, FactsSubject, pki::CertificatePtr, ocsp::CrlPtr, OcspSubject, TimestampSubject>;

enum class Sources : std::uint8_t { kAtHandOnly, kFetch };

struct Task {
  Subject subject;
  JudgeInput input;      // `evidence` is filled here; `now` is fixed by the caller
  EvidenceSet evidence;  // given beside: files, holds
  Sources sources = Sources::kFetch;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  base::Limits limits;
};

struct Verified {
  std::shared_ptr<const Facts> facts;                      // null for other subjects than documents
  std::shared_ptr<const pki::TimestampFacts> timestamp{};  // of a time stamp that was the subject
  Report report;
  EvidenceSet evidence;  // everything that was judged with
};

class Verifier {
 public:
  struct Options {
    std::chrono::milliseconds source_timeout{5000};                       // one answer of one source
    std::size_t nonce_bytes = 16;                                         // RFC 8954 2.1; 0 sends none
    pki::DigestAlgorithm cert_id_digest = pki::DigestAlgorithm::kSha256;  // НУЦ РК's
    // Octets that nobody can guess; base of the nonces.
    std::function<base::Bytes(std::size_t)> random;
  };
  // `fetcher` may be null: nothing is fetched then. All must outlive the verifier, the fetcher being destroyed first.
  Verifier(Workers& workers, net::fetch::Fetcher* fetcher, Store& store, Options options);
  ~Verifier();

  using Completion = std::move_only_function<void(Worker&, base::Result<Verified>)>;
  // server.busy at once when there is no room; else the completion runs exactly once, on a worker's thread.
  [[nodiscard]] base::Status verify(Task task, Completion completion);
  // Waits. Never on a worker's thread.
  [[nodiscard]] base::Result<Verified> verify_and_wait(Task task);

 private:
  struct State;
  class Session;
  std::shared_ptr<State> state_;
};

// OpenSSL's generator.
[[nodiscard]] base::Bytes random_octets(std::size_t count);

}  // namespace tanba::verify::evidence
