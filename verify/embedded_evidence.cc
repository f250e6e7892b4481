#include "verify/embedded_evidence.h"

#include <memory>
#include <string>

namespace tanba::verify {
namespace {

class Embedder {
 public:
  Embedder(base::Time received_at, EvidenceSet& evidence) : received_at_(received_at), evidence_(evidence) {}

  void add(const std::vector<base::Bytes>& ocsp_responses, const std::vector<base::Bytes>& crls) {
    for (const base::Bytes& octets : ocsp_responses) add_answer(octets);
    for (const base::Bytes& octets : crls) add_list(octets);
  }

 private:
  void add_answer(const base::Bytes& octets) {
    if (answers_ == kMaxEmbeddedAnswers) return;
    auto response = ocsp::parse_response(octets);
    if (!response) return;
    const bool is_new = evidence_.add(OcspItem{.id = (*response)->digest,
                                               .response = *response,
                                               .octets = std::make_shared<const base::Bytes>(octets),
                                               .nonce = {},
                                               .asked_for = {},
                                               .source = std::string(kEmbedded),
                                               .received_at = received_at_});
    if (is_new) ++answers_;
  }

  void add_list(const base::Bytes& octets) {
    if (lists_ == kMaxEmbeddedLists) return;
    auto crl = ocsp::Crl::parse(octets);
    if (!crl) return;
    const bool is_new = evidence_.add(
        CrlItem{.id = (*crl)->digest(),
                .crl = *crl,
                .asked_for = {},
                .source = std::string(kEmbedded),
                .received_at = received_at_,
                .octets = std::make_shared<const ListOctets>(std::make_shared<const base::Bytes>(octets))});
    if (is_new) ++lists_;
  }

  base::Time received_at_;
  EvidenceSet& evidence_;
  std::size_t answers_ = 0;
  std::size_t lists_ = 0;
};

}  // namespace

void add_embedded(const pki::DocumentFacts& facts, base::Time received_at, EvidenceSet& evidence) {
  Embedder embedder(received_at, evidence);
  embedder.add(facts.ocsp_responses, facts.crls);
  for (const pki::SignatureFacts& signature : facts.signatures) {
    for_each_timestamp(signature, [&](const pki::TimestampFacts& timestamp) {
      embedder.add(timestamp.ocsp_responses, timestamp.crls);
    });
  }
}

void add_embedded(const pki::TimestampFacts& facts, base::Time received_at, EvidenceSet& evidence) {
  Embedder(received_at, evidence).add(facts.ocsp_responses, facts.crls);
}

}  // namespace tanba::verify
