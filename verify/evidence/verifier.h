// The shell around judge: fetches what it lacks, keeps evidence, and asks again until nothing more can come.
//
// judge → needs → fetch → judge …: each source is asked once for each need, its addresses in order; it ends when
// nothing is needed, nothing new came, after kMaxRounds, or at the deadline, whatever the sources do. A verification
// that waits for a source holds no thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "cms/content.h"
#include "cms/large_document.h"
#include "verify/evidence/sources.h"
#include "verify/evidence/store.h"
#include "verify/evidence/workers.h"
#include "verify/judge.h"

namespace tanba::verify::evidence {

inline constexpr int kMaxRounds = 8;
// Addresses of one need that are tried in one round; certificates name two or three.
inline constexpr std::size_t kMaxAddresses = 8;

struct DocumentSubject {
  std::shared_ptr<const base::Bytes> document;
  std::shared_ptr<const base::Bytes> detached;  // null: none
  // Instead of these: what is not held in memory.
  std::shared_ptr<const cms::LargeDocument> large{};
  std::optional<cms::DigestedContent> digested{};
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

enum class Fetching : std::uint8_t { kAtHandOnly, kFetch };

struct Task {
  Subject subject;
  JudgeInput input;      // `evidence` is filled here; `now` is fixed by the caller
  EvidenceSet evidence;  // given beside: files, holds
  Fetching fetching = Fetching::kFetch;
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
  // `sources` may be null: nothing is fetched then. All must outlive the verifier.
  Verifier(Workers& workers, Sources* sources, Store& store);
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

}  // namespace tanba::verify::evidence
