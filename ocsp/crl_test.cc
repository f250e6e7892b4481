#include "ocsp/crl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ocsp/crl_index_builder.h"
#include "ocsp/test_support.h"

namespace tanba::ocsp {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Seconds;
using pki::test::at;
namespace der = pki::der;

template <class T>
std::optional<Code> code_of(const T& result) {
  if (result.has_value()) return std::nullopt;
  return result.error().code();
}

Bytes hex(std::string_view text) {
  return *base::from_hex(text);
}
Bytes wrap(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  Bytes contents;
  for (const ByteView part : parts) contents.insert(contents.end(), part.begin(), part.end());
  return der::write(tag, contents);
}
Bytes seq(std::initializer_list<ByteView> parts) {
  return wrap(0x30, parts);
}

enum class Critical { kNo, kYes };
// An extension of id-ce (2.5.29.arc).
Bytes extension(std::uint8_t arc, Critical critical, ByteView value) {
  const Bytes flag = critical == Critical::kYes ? hex("0101ff") : Bytes();
  return seq({hex("0603551d"), ByteView(&arc, 1), flag, der::write_octet_string(value)});
}

// A list by hand: what the test authority does not write. Its signature is nothing.
struct Hand {
  Bytes version = hex("020101");
  Bytes issuer = hex("3010310e300c06035504030c0554616e6261");  // CN=Tanba
  Bytes this_update = der::write_time(at("2026-01-01T00:00:00Z"));
  Bytes next_update = der::write_time(at("2026-02-01T00:00:00Z"));
  std::vector<Bytes> entries;
  std::vector<Bytes> extensions;
  Bytes outer_algorithm = hex("300d06092a864886f70d01010b0500");  // sha256WithRSAEncryption
  Bytes inner_algorithm = outer_algorithm;

  Hand& entry(std::string_view serial, std::initializer_list<ByteView> entry_extensions = {},
              std::string_view time = "2025-06-01T00:00:00Z") {
    const Bytes list = entry_extensions.size() == 0 ? Bytes() : wrap(0x30, entry_extensions);
    entries.push_back(seq({der::write(der::kInteger, hex(serial)), der::write_time(at(time)), list}));
    return *this;
  }
  Hand& with(Bytes one_extension) {
    extensions.push_back(std::move(one_extension));
    return *this;
  }
  static Bytes concatenated(const std::vector<Bytes>& parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }
  [[nodiscard]] Bytes build() const {
    const Bytes list = entries.empty() ? Bytes() : der::write(0x30, concatenated(entries));
    const Bytes more = extensions.empty() ? Bytes() : der::write(0xA0, der::write(0x30, concatenated(extensions)));
    const Bytes tbs = seq({version, inner_algorithm, issuer, this_update, next_update, list, more});
    return seq({tbs, outer_algorithm, hex("03020000")});
  }
  [[nodiscard]] base::Result<CrlPtr> parse() const { return Crl::parse(build()); }
};

// --- parsing
// -----------------------------------------------------------------------------------------------------------

TEST(CrlParsing, AListByHandIsRead) {
  const auto crl = Hand()
                       .entry("05")
                       .entry("0a0b", {extension(21, Critical::kNo, hex("0a0106"))})
                       .with(extension(20, Critical::kNo, hex("02020100")))
                       .with(extension(35, Critical::kNo, hex("30068004deadbeef")))
                       .parse();
  ASSERT_TRUE(crl.has_value()) << crl.error().message();
  EXPECT_EQ((*crl)->entries(), 2U);
  EXPECT_EQ((*crl)->this_update(), at("2026-01-01T00:00:00Z"));
  EXPECT_EQ((*crl)->next_update(), at("2026-02-01T00:00:00Z"));
  EXPECT_EQ((*crl)->number(), "0100");
  EXPECT_EQ((*crl)->authority_key_id(), hex("deadbeef"));
  EXPECT_FALSE((*crl)->is_delta());
  EXPECT_FALSE((*crl)->distribution_point().has_value());
  EXPECT_EQ((*crl)->issuer().display(), "Tanba");
  const auto found = (*crl)->find(hex("0a0b"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->reason, RevocationReason::kCertificateHold);
  EXPECT_EQ(found->revocation_time, at("2025-06-01T00:00:00Z"));
  EXPECT_EQ((*crl)->find(hex("05"))->reason, RevocationReason::kNone);
  EXPECT_FALSE((*crl)->find(hex("06")).has_value());
}

TEST(CrlParsing, AnEmptyListAndOneOfVersionOneAreRead) {
  EXPECT_EQ((*Hand().parse())->entries(), 0U);
  EXPECT_FALSE((*Hand().parse())->find(hex("05")).has_value());
  Hand old;
  old.version.clear();
  EXPECT_TRUE(old.entry("05").parse().has_value());
}

TEST(CrlParsing, NextUpdateMayBeMissing) {
  Hand hand;
  hand.next_update.clear();
  EXPECT_FALSE((*hand.entry("05").parse())->next_update().has_value());
}

TEST(CrlParsing, SerialNumbersAreComparedAsNumbers) {
  const auto crl = *Hand().entry("0005").entry("008f").parse();
  EXPECT_TRUE(crl->find(hex("05")).has_value());
  EXPECT_TRUE(crl->find(hex("000005")).has_value());
  EXPECT_TRUE(crl->find(hex("008f")).has_value());
  EXPECT_FALSE(crl->find(hex("8f")).has_value());  // negative: another number
  EXPECT_FALSE(crl->find({}).has_value());
}

TEST(CrlParsing, InvalidityDatesAreRead) {
  const Bytes date = der::write_generalized_time(at("1969-07-20T20:17:40Z"));
  const auto crl = *Hand().entry("05", {extension(24, Critical::kNo, date)}).entry("06").parse();
  EXPECT_EQ(crl->find(hex("05"))->invalidity_date, at("1969-07-20T20:17:40Z"));
  EXPECT_FALSE(crl->find(hex("06"))->invalidity_date.has_value());
}

TEST(CrlParsing, OfTwoEntriesForOneSerialTheEarlierCounts) {
  const auto crl = *Hand()
                        .entry("05", {}, "2025-06-01T00:00:00Z")
                        .entry("05", {}, "2024-06-01T00:00:00Z")
                        .entry("05", {}, "2025-07-01T00:00:00Z")
                        .parse();
  EXPECT_EQ(crl->find(hex("05"))->revocation_time, at("2024-06-01T00:00:00Z"));
}

TEST(CrlParsing, SerialNumbersOfEveryLengthAreFound) {
  Hand hand;
  std::vector<std::string> serials;
  for (std::size_t length = 1; length <= 64; ++length) {
    std::string serial = "01";
    for (std::size_t i = 1; i < length; ++i) serial += base::to_hex(Bytes{static_cast<std::uint8_t>(length * i)});
    serials.push_back(serial);
    hand.entry(serial);
  }
  const auto crl = hand.parse();
  ASSERT_TRUE(crl.has_value()) << crl.error().message();
  EXPECT_EQ((*crl)->entries(), 64U);
  for (const std::string& serial : serials) {
    EXPECT_TRUE((*crl)->find(hex(serial)).has_value()) << serial;
    EXPECT_FALSE((*crl)->find(hex(serial + "01")).has_value()) << serial;
  }
  EXPECT_EQ(code_of(Hand().entry("01" + std::string(128, '7')).parse()), Code::kCrlMalformed);
}

TEST(CrlParsing, TooManyOverlongSerialNumbersAreRefused) {
  Hand hand;
  for (std::size_t i = 0; i <= CrlIndex::kMaxLongSerials; ++i) {
    hand.entry("01" + std::string(42, '7') +
               base::to_hex(Bytes{static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}));
  }
  EXPECT_EQ(code_of(hand.parse()), Code::kCrlMalformed);
  hand.entries.pop_back();
  EXPECT_TRUE(hand.parse().has_value());
}

// certificateIssuer: GeneralNames with one directoryName, CN=`name`.
Bytes certificate_issuer(std::string_view name) {
  const Bytes text = der::write(der::kUtf8String, base::as_bytes(name));
  const Bytes attribute = seq({hex("0603550403"), text});
  const Bytes directory = der::write(0xA4, seq({wrap(0x31, {attribute})}));
  return extension(29, Critical::kYes, der::write(0x30, directory));
}

TEST(CrlParsing, CriticalExtensionsThatAreNotUnderstoodAreRefused) {
  EXPECT_EQ(code_of(Hand().with(extension(99, Critical::kYes, hex("0500"))).parse()), Code::kCrlCriticalExtension);
  EXPECT_FALSE(code_of(Hand().with(extension(99, Critical::kNo, hex("0500"))).parse()));
  EXPECT_EQ(code_of(Hand().entry("05", {extension(99, Critical::kYes, hex("0500"))}).parse()),
            Code::kCrlCriticalExtension);
  EXPECT_FALSE(code_of(Hand().entry("05", {extension(99, Critical::kNo, hex("0500"))}).parse()));
  // certificateIssuer is understood in an indirect list only.
  EXPECT_EQ(code_of(Hand().entry("05", {certificate_issuer("A")}).parse()), Code::kCrlCriticalExtension);
  const Bytes nobody = extension(29, Critical::kYes, hex("3000"));
  EXPECT_EQ(code_of(Hand().entry("05", {nobody}).with(extension(28, Critical::kYes, hex("30038401ff"))).parse()),
            Code::kCrlMalformed);  // without a name in it
}

TEST(CrlParsing, WhatTheStandardDoesNotAllowIsMalformed) {
  const auto with = [](auto change) {
    Hand hand;
    change(hand);
    return code_of(hand.parse());
  };
  EXPECT_EQ(with([](Hand& hand) { hand.version = hex("020102"); }), Code::kCrlMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.this_update = hex("180f32303236303130313030303030305b"); }),
            Code::kCrlMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.outer_algorithm = hex("300d06092a864886f70d01010c0500"); }),
            Code::kCrlMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.entry("05", {extension(21, Critical::kNo, hex("0a0107"))}); }),
            Code::kCrlMalformed);
  EXPECT_EQ(with([](Hand& hand) {
              hand.entry("05",
                         {extension(21, Critical::kNo, hex("0a0101")), extension(21, Critical::kNo, hex("0a0101"))});
            }),
            Code::kCrlMalformed);
  EXPECT_EQ(with([](Hand& hand) {
              hand.entry("05").version.clear(), hand.with(extension(20, Critical::kNo, hex("020101")));
            }),
            Code::kCrlMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.with(extension(20, Critical::kNo, hex("0201ff"))); }), Code::kCrlMalformed);
  // An algorithm that nobody knows: such a signature cannot be verified.
  EXPECT_EQ(with([](Hand& hand) { hand.outer_algorithm = hand.inner_algorithm = hex("300506032a0304"); }),
            Code::kCrlSignature);
}

TEST(CrlParsing, CutOffOrLengthenedOctetsAreMalformed) {
  Bytes whole = Hand().entry("05").entry("06", {extension(21, Critical::kNo, hex("0a0101"))}).build();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(code_of(Crl::parse(ByteView(whole).first(size))), Code::kCrlMalformed) << size;
  }
  whole.push_back(0);
  EXPECT_EQ(code_of(Crl::parse(whole)), Code::kCrlMalformed);
}

// A list that is held in memory says at its beginning that it is too long; nothing of it is read then.
TEST(CrlParsing, AListInMemoryIsAtMost256MebibytesLong) {
  const auto complaint_of = [](std::string_view header) {
    const auto crl = Crl::parse(hex(header));
    return crl ? std::string("none") : crl.error().message() + crl.error().cause();
  };
  // With the header's six octets 2^28, and one more.
  EXPECT_THAT(complaint_of("30840ffffffa"), ::testing::Not(::testing::HasSubstr("longer than")));
  EXPECT_THAT(complaint_of("30840ffffffb"), ::testing::HasSubstr("longer than what holds it"));
}

TEST(CrlIndex, TakesLittleMemory) {
  Hand hand;
  for (int i = 0; i < 1000; ++i) {
    Bytes serial(20, 0x55);
    serial[3] = static_cast<std::uint8_t>(i);
    serial[7] = static_cast<std::uint8_t>(i >> 8);
    hand.entry(base::to_hex(serial), {extension(21, Critical::kNo, hex("0a0101"))});
  }
  const auto crl = *hand.parse();
  EXPECT_EQ(crl->entries(), 1000U);
  EXPECT_LE(crl->resident_bytes(), 28U * 1000U + 1000U);
}

// --- indirect lists --------------------------------------------------------------------------------------------------

pki::Name common_name(std::string_view name) {
  const Bytes text = der::write(der::kUtf8String, base::as_bytes(name));
  return *pki::Name::parse(seq({wrap(0x31, {seq({hex("0603550403"), text})})}));
}
Hand indirect() {
  return Hand().with(extension(28, Critical::kYes, hex("30038401ff")));
}

// RFC 5280 5.3.3: the issuer of an entry is that of the entry before it, at first the list's own.
TEST(IndirectCrl, EntriesBelongToTheIssuerNamedLast) {
  const auto crl = *indirect()
                        .entry("01")
                        .entry("02", {certificate_issuer("A")})
                        .entry("03")
                        .entry("01", {certificate_issuer("B")})
                        .entry("04", {certificate_issuer("Tanba")})
                        .parse();
  const auto listed = [&](std::string_view issuer, std::string_view serial) {
    return crl->find(common_name(issuer), hex(serial)).has_value();
  };
  EXPECT_TRUE(listed("Tanba", "01") && crl->find(hex("01")).has_value());
  EXPECT_FALSE(listed("Tanba", "02") || listed("Tanba", "03"));
  EXPECT_TRUE(listed("A", "02") && listed("A", "03"));
  EXPECT_FALSE(listed("A", "01") || listed("A", "04"));
  EXPECT_TRUE(listed("B", "01"));
  EXPECT_TRUE(listed("Tanba", "04") && crl->find(hex("04")).has_value());
  EXPECT_FALSE(listed("C", "01"));
  EXPECT_EQ(crl->entries(), 5U);
}

TEST(IndirectCrl, MoreIssuersThanAnyHasAreRefused) {
  Hand hand = indirect();
  for (std::size_t i = 0; i <= CrlIndexBuilder::kMaxIssuers; ++i) {
    hand.entry("05", {certificate_issuer("A" + std::to_string(i))});
  }
  EXPECT_EQ(code_of(hand.parse()), Code::kCrlMalformed);
  hand.entries.pop_back();
  EXPECT_FALSE(code_of(hand.parse()));
}

// --- freshness
// ---------------------------------------------------------------------------------------------------------

TEST(CrlFreshness, NextUpdateOrOurOwnLimitEndsAList) {
  const auto crl = *Hand().parse();
  const FreshnessRules rules{.max_age = Seconds(3600)};
  EXPECT_FALSE(code_of(check_freshness(*crl, rules, at("2026-02-01T00:00:00Z"))));
  EXPECT_EQ(code_of(check_freshness(*crl, rules, at("2026-02-01T00:00:01Z"))), Code::kCrlStale);
  Hand without;
  without.next_update.clear();
  const auto open = *without.parse();
  EXPECT_FALSE(code_of(check_freshness(*open, rules, at("2026-01-01T01:00:00Z"))));
  EXPECT_EQ(code_of(check_freshness(*open, rules, at("2026-01-01T01:00:01Z"))), Code::kCrlStale);
}

TEST(CrlFreshness, AListFromTheFutureIsNotUsed) {
  const auto crl = *Hand().parse();
  const FreshnessRules rules{.max_age = Seconds(3600), .max_skew = Seconds(300)};
  EXPECT_FALSE(code_of(check_freshness(*crl, rules, at("2025-12-31T23:55:00Z"))));
  EXPECT_EQ(code_of(check_freshness(*crl, rules, at("2025-12-31T23:54:59Z"))), Code::kCrlFuture);
}

// --- the demo authority's lists
// ------------------------------------------------------------------------------------------

class CrlOfAuthority : public test::Authority {
 protected:
  void SetUp() override {
    Authority::SetUp();
    issuing_ = certificate("ca/issuing.pem");
    head_ = certificate("certs/head.pem");
  }
  CrlPtr list(const std::string& name) const {
    auto parsed = Crl::parse(octets(name));
    EXPECT_TRUE(parsed.has_value()) << name << ": " << parsed.error().message();
    return parsed ? *parsed : nullptr;
  }
  struct Verdicts {
    std::optional<Code> scope{}, signer{}, freshness{}, signature{};
    bool operator==(const Verdicts&) const = default;
  };
  Verdicts judge(const std::string& name) const {
    const CrlPtr crl = list(name);
    return {code_of(check_scope(*crl, *head_)), code_of(check_signer(*crl, *issuing_)),
            code_of(check_freshness(*crl, {.max_age = Seconds(86400)}, good_at())),
            code_of(crl->verify_signature(*context_, issuing_->key()))};
  }
  pki::CertificatePtr issuing_, head_;
};

TEST_F(CrlOfAuthority, AListInOrderPassesEveryCheck) {
  EXPECT_EQ(judge("crl/issuing.crl"), Verdicts{});
  EXPECT_EQ(judge("crl-bad/no-next-update.crl"), Verdicts{});
}

TEST_F(CrlOfAuthority, EachFaultIsFoundByItsOwnCheckAlone) {
  EXPECT_EQ(judge("crl-bad/wrong-signer.crl"), Verdicts{.signature = Code::kCrlSignature});
  EXPECT_EQ(judge("crl-bad/broken-signature.crl"), Verdicts{.signature = Code::kCrlSignature});
  EXPECT_EQ(judge("crl-bad/stale.crl"), Verdicts{.freshness = Code::kCrlStale});
  EXPECT_EQ(judge("crl-bad/future.crl"), Verdicts{.freshness = Code::kCrlFuture});
  EXPECT_EQ(judge("crl-bad/wrong-issuer.crl").scope, Code::kCrlIssuer);
  EXPECT_EQ(judge("crl-delta/issuing-delta.crl"), Verdicts{});  // for itself in order: see check_delta
}

TEST_F(CrlOfAuthority, SaysWhoIsRevokedWhenAndWhy) {
  const CrlPtr crl = list("crl/issuing.crl");
  const auto entry = [&](const std::string& name) {
    return crl->find(certificate("certs/" + name + ".pem")->serial());
  };
  EXPECT_FALSE(entry("head").has_value());
  ASSERT_TRUE(entry("revoked").has_value());
  EXPECT_EQ(entry("revoked")->reason, RevocationReason::kKeyCompromise);
  EXPECT_LT(entry("revoked")->revocation_time, good_at());
  EXPECT_EQ(entry("revoked-superseded")->reason, RevocationReason::kSuperseded);
  EXPECT_EQ(entry("revoked-no-reason")->reason, RevocationReason::kNone);
  EXPECT_EQ(entry("on-hold")->reason, RevocationReason::kCertificateHold);
}

TEST_F(CrlOfAuthority, AVerifiedListStaysBoundToItsKey) {
  const CrlPtr crl = list("crl/issuing.crl");
  EXPECT_FALSE(code_of(crl->verify_signature(*context_, issuing_->key())));
  EXPECT_FALSE(code_of(crl->verify_signature(*context_, issuing_->key())));  // from memory
  EXPECT_EQ(code_of(crl->verify_signature(*context_, certificate("ca/root.pem")->key())), Code::kCrlSignature);
}

TEST_F(CrlOfAuthority, AuthoritiesOfOneNameAreToldApartByTheKeyIdentifier) {
  EXPECT_FALSE(code_of(check_signer(*list("crl/twin-b.crl"), *certificate("ca/twin-b.pem"))));
  EXPECT_EQ(code_of(check_signer(*list("crl/twin-a.crl"), *certificate("ca/twin-b.pem"))), Code::kCrlIssuer);
}

// --- scope
// ---------------------------------------------------------------------------------------------------------------

class CrlScope : public CrlOfAuthority {
 protected:
  // check_scope of a list with this IssuingDistributionPoint for a user's certificate and for the authority's own.
  struct For {
    std::optional<Code> user{}, authority{};
    bool operator==(const For&) const = default;
  };
  For scope_of(ByteView point_contents) const {
    const auto with_issuer = [&](const pki::Certificate& issuer) {
      Hand hand;
      hand.issuer = base::to_bytes(issuer.subject().der());
      return *hand.with(extension(28, Critical::kYes, der::write(0x30, point_contents))).parse();
    };
    const auto root = certificate("ca/root.pem");
    return {code_of(check_scope(*with_issuer(*issuing_), *head_)),
            code_of(check_scope(*with_issuer(*root), *issuing_))};
  }
  // distributionPoint [0] fullName [0] with one uniformResourceIdentifier [6].
  static Bytes url(const std::string& text) {
    return wrap(0xA0, {wrap(0xA0, {der::write(0x86, base::as_bytes(text))})});
  }
};

TEST_F(CrlScope, KindsOfCertificates) {
  EXPECT_EQ(scope_of({}), For{});
  EXPECT_EQ(scope_of(hex("8101ff")), (For{.authority = Code::kCrlScope}));        // onlyContainsUserCerts
  EXPECT_EQ(scope_of(hex("8201ff")), (For{.user = Code::kCrlScope}));             // onlyContainsCACerts
  EXPECT_EQ(scope_of(hex("8501ff")), (For{Code::kCrlScope, Code::kCrlScope}));    // attribute certificates
  EXPECT_EQ(scope_of(hex("8401ff")), For{});                                      // indirect: may be its own too
  EXPECT_EQ(scope_of(hex("83020640")), For{});                                    // only some reasons
  EXPECT_EQ(scope_of(hex("83020780")), (For{Code::kCrlScope, Code::kCrlScope}));  // none: bit 0 is no reason
}

TEST_F(CrlScope, TheDistributionPointsNameHasToBeTheCertificates) {
  const std::string own = text("baseUrl") + "/crl/issuing.crl";
  EXPECT_FALSE(scope_of(url(own)).user);
  EXPECT_EQ(scope_of(url(own + "2")).user, Code::kCrlScope);
  // Both the right and another one: one match is enough.
  const Bytes two = wrap(
      0xA0, {wrap(0xA0, {der::write(0x86, base::as_bytes("http://other/")), der::write(0x86, base::as_bytes(own))})});
  EXPECT_FALSE(scope_of(two).user);
  // The issuer's own name, for lists that no distribution point names.
  const Bytes directory = wrap(0xA0, {wrap(0xA0, {wrap(0xA4, {issuing_->subject().der()})})});
  EXPECT_FALSE(scope_of(directory).user);
  // A name relative to the issuer: another directory entry.
  const Bytes relative = wrap(0xA0, {wrap(0xA1, {hex("300c06035504030c0554616e6261")})});
  EXPECT_EQ(scope_of(relative).user, Code::kCrlScope);
}

TEST_F(CrlScope, TheReasonsThatAListSpeaksOf) {
  const auto reasons_of = [&](std::string_view point) {
    Hand hand;
    hand.issuer = base::to_bytes(issuing_->subject().der());
    if (!point.empty()) hand.with(extension(28, Critical::kYes, der::write(0x30, hex(point))));
    return *check_scope(**hand.parse(), *head_);
  };
  EXPECT_EQ(reasons_of(""), kAllReasons);
  EXPECT_EQ(reasons_of("8101ff"), kAllReasons);
  EXPECT_EQ(reasons_of("83020560"), (1U << 1) | (1U << 2));  // keyCompromise, cACompromise
  EXPECT_EQ(reasons_of("8303071f80"), 0x1F8U);               // all but three
  EXPECT_EQ(reasons_of("830307ff80"), kAllReasons);
}

TEST_F(CrlScope, NameOfTheIssuer) {
  Hand hand;
  EXPECT_EQ(code_of(check_scope(**hand.parse(), *head_)), Code::kCrlIssuer);
  hand.issuer = base::to_bytes(issuing_->subject().der());
  EXPECT_FALSE(code_of(check_scope(**hand.parse(), *head_)));
}

// An indirect list of a foreign name counts only for certificates whose distribution point names it.
TEST_F(CrlScope, AnIndirectListIsNotEverybodys) {
  Hand hand;
  hand.with(extension(28, Critical::kYes, hex("30038401ff")));
  EXPECT_EQ(code_of(check_scope(**hand.parse(), *head_)), Code::kCrlIssuer);
}

TEST_F(CrlScope, NameAndKeyOfTheSigner) {
  Hand hand;
  EXPECT_EQ(code_of(check_signer(**hand.parse(), *issuing_)), Code::kCrlIssuer);
  hand.issuer = base::to_bytes(issuing_->subject().der());
  EXPECT_FALSE(code_of(check_signer(**hand.parse(), *issuing_)));
  hand.with(extension(35, Critical::kNo, hex("30068004deadbeef")));
  EXPECT_EQ(code_of(check_signer(**hand.parse(), *issuing_)), Code::kCrlIssuer);
}

TEST_F(CrlScope, ASignerWithoutCrlSignIsRefused) {
  const auto signer = certificate("certs/head.pem");  // digitalSignature and nonRepudiation only
  Hand hand;
  hand.issuer = base::to_bytes(signer->subject().der());
  const auto refused = check_signer(**hand.parse(), *signer);
  ASSERT_EQ(code_of(refused), Code::kCrlIssuer);
  EXPECT_NE(refused.error().cause().find("cRLSign"), std::string::npos);
}

// --- delta lists -----------------------------------------------------------------------------------------------------

struct Numbered {
  std::string number, base_number;  // contents of the INTEGER in hexadecimal; empty: no extension
  std::string point = {}, key = {};
  [[nodiscard]] CrlPtr list() const {
    const auto integer = [](const std::string& value) { return der::write(der::kInteger, hex(value)); };
    Hand hand;
    if (!number.empty()) hand.with(extension(20, Critical::kNo, integer(number)));
    if (!base_number.empty()) hand.with(extension(27, Critical::kYes, integer(base_number)));
    if (!point.empty()) hand.with(extension(28, Critical::kYes, hex(point)));
    if (!key.empty()) hand.with(extension(35, Critical::kNo, hex(key)));
    return *hand.parse();
  }
};

TEST(CrlDelta, GoesOnFromItsBaseAndLaterOnes) {
  const auto check = [](const Numbered& delta, const Numbered& base) {
    return code_of(check_delta(*delta.list(), *base.list()));
  };
  const Numbered delta{.number = "0a", .base_number = "05"};
  EXPECT_EQ(delta.list()->base_number(), "05");
  EXPECT_FALSE(check(delta, {.number = "05"}));
  EXPECT_FALSE(check(delta, {.number = "09"}));
  EXPECT_EQ(check(delta, {.number = "04"}), Code::kCrlDelta);  // made for a later list
  EXPECT_EQ(check(delta, {.number = "0a"}), Code::kCrlDelta);  // not newer than the list
  EXPECT_EQ(check(delta, {}), Code::kCrlDelta);                // a list without number
  EXPECT_EQ(check({.number = "", .base_number = "05"}, {.number = "05"}), Code::kCrlDelta);
  EXPECT_EQ(check({.number = "0a"}, {.number = "05"}), Code::kCrlDelta);            // no delta at all
  EXPECT_EQ(check(delta, {.number = "09", .base_number = "01"}), Code::kCrlDelta);  // a delta of a delta
  // Numbers of different lengths compare as numbers.
  EXPECT_FALSE(check({.number = "0100", .base_number = "05"}, {.number = "7f"}));
  EXPECT_EQ(check({.number = "7f", .base_number = "05"}, {.number = "0100"}), Code::kCrlDelta);
}

TEST(CrlDelta, HasTheScopeAndTheKeyOfItsBase) {
  const auto check = [](Numbered delta, Numbered base) {
    delta.number = "0a", delta.base_number = "05", base.number = "05";
    return code_of(check_delta(*delta.list(), *base.list()));
  };
  EXPECT_FALSE(check({.point = "30038101ff"}, {.point = "30038101ff"}));
  EXPECT_EQ(check({.point = "30038101ff"}, {.point = "30038201ff"}), Code::kCrlDelta);
  EXPECT_EQ(check({.point = "30038101ff"}, {}), Code::kCrlDelta);
  EXPECT_EQ(check({}, {.point = "30038101ff"}), Code::kCrlDelta);
  EXPECT_FALSE(check({.key = "30038001aa"}, {.key = "30038001aa"}));
  EXPECT_EQ(check({.key = "30038001aa"}, {.key = "30038001bb"}), Code::kCrlDelta);
  EXPECT_EQ(check({.key = "30038001aa"}, {}), Code::kCrlDelta);
}

}  // namespace
}  // namespace tanba::ocsp
