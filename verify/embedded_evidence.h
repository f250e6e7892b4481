// Evidence that the document itself carries, put among what is at hand.
#pragma once

#include "pki/signature_facts.h"
#include "verify/evidence_set.h"

namespace tanba::verify {

// Lists, and answers, of one document with all its time stamps: the first that differ. Most of it stands where no
// signature covers it, and each item is looked at for each certificate; a capsule holds twice as many lists.
inline constexpr std::size_t kMaxEmbeddedLists = 512;
inline constexpr std::size_t kMaxEmbeddedAnswers = 512;

// Judged like any other evidence; what does not parse proves nothing, what is beyond the bounds is as if absent.
void add_embedded(const pki::DocumentFacts& facts, base::Time received_at, EvidenceSet& evidence);
void add_embedded(const pki::TimestampFacts& facts, base::Time received_at, EvidenceSet& evidence);

}  // namespace tanba::verify
