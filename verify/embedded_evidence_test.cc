#include "verify/embedded_evidence.h"

#include <gtest/gtest.h>

#include "verify/crl_maker.h"
#include "verify/test_support.h"

namespace tanba::verify {
namespace {

// A list that parses as often as wanted, each time with another signature that nobody made.
class Lists {
 public:
  Lists() {
    test::CrlMaker maker;
    maker.certificate({.name = "CA", .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
    const auto made = maker.list({});
    unsigned char* der = nullptr;
    const int size = i2d_X509_CRL(made.theirs.get(), &der);
    one_.assign(der, der + size);
    OPENSSL_free(der);
  }
  [[nodiscard]] base::Bytes number(std::size_t number) const {
    base::Bytes octets = one_;
    octets[octets.size() - 1] = static_cast<std::uint8_t>(number);
    octets[octets.size() - 2] = static_cast<std::uint8_t>(number >> 8U);
    return octets;
  }
  [[nodiscard]] std::vector<base::Bytes> numbers(std::size_t from, std::size_t count) const {
    std::vector<base::Bytes> all;
    for (std::size_t i = from; i < from + count; ++i) all.push_back(number(i));
    return all;
  }

 private:
  base::Bytes one_;
};

TEST(EmbeddedEvidence, IsTakenOnceAndWhatDoesNotParseIsNot) {
  const Lists lists;
  pki::DocumentFacts facts;
  facts.crls = {lists.number(1), base::Bytes{1, 2}, lists.number(1), lists.number(2)};
  EvidenceSet evidence;
  add_embedded(facts, test::noon(), evidence);
  ASSERT_EQ(evidence.crls().size(), 2U);
  EXPECT_EQ(evidence.crls()[0].source, kEmbedded);
  EXPECT_EQ(evidence.crls()[0].received_at, test::noon());
  EXPECT_NE(evidence.crls()[0].octets, nullptr);
}

// Each time stamp may carry as many as a document: together they are as many as a capsule has room for.
TEST(EmbeddedEvidence, IsBoundedOverADocumentAndItsTimeStamps) {
  const Lists lists;
  pki::DocumentFacts facts;
  facts.crls = lists.numbers(0, 256);
  pki::SignatureFacts& signature = facts.signatures.emplace_back();
  for (std::size_t i = 0; i < 4; ++i) signature.timestamps.emplace_back().crls = lists.numbers(100 * i, 256);
  EvidenceSet evidence;
  add_embedded(facts, test::noon(), evidence);
  ASSERT_EQ(evidence.crls().size(), kMaxEmbeddedLists);
  const auto last = ocsp::Crl::parse(lists.number(kMaxEmbeddedLists - 1));
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(evidence.crls().back().id, (*last)->digest());
}

TEST(EmbeddedEvidence, WhatWasGivenBesideItIsNotCounted) {
  const Lists lists;
  EvidenceSet evidence;
  const auto given = ocsp::Crl::parse(lists.number(999));
  ASSERT_TRUE(given.has_value());
  evidence.add(CrlItem{.id = (*given)->digest(), .crl = *given, .asked_for = {}, .source = "x", .received_at = {}});
  pki::DocumentFacts facts;
  facts.crls = lists.numbers(0, 600);
  add_embedded(facts, test::noon(), evidence);
  EXPECT_EQ(evidence.crls().size(), kMaxEmbeddedLists + 1);
}

}  // namespace
}  // namespace tanba::verify
