// Real answers and lists that nobody on this project made.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <map>

#include "base/json.h"
#include "ocsp/crl.h"
#include "ocsp/ocsp.h"
#include "pki/test_support.h"
#include "pki/verify_signature.h"

namespace tanba::ocsp {
namespace {

using base::Code;
using pki::test::at;

CrlPtr list(const std::filesystem::path& path) {
  base::Bytes octets = pki::test::read(path);
  if (const auto pem = pki::parse_pem(base::as_text(octets)); pem && pem->size() == 1) octets = pem->front().octets;
  auto crl = Crl::parse(octets);
  EXPECT_TRUE(crl.has_value()) << path << ": " << crl.error().message() << " " << crl.error().cause();
  return crl ? *crl : nullptr;
}

std::size_t with_reason(const CrlPtr& crl, std::span<const std::string_view> serials, RevocationReason reason) {
  return static_cast<std::size_t>(std::ranges::count_if(serials, [&](std::string_view serial) {
    const auto entry = crl->find(*base::from_hex(serial));
    return entry && entry->reason == reason;
  }));
}

TEST(CrlCorpora, TheRsaListOfTheTestContourVerifies) {
  const auto folder = pki::test::corpora("kz");
  if (!folder) GTEST_SKIP();
  const auto context = pki::test::make_context();
  const CrlPtr crl = list(*folder / "crl/nca_rsa_test.crl");
  const auto issuer = pki::test::load(*folder / "test-ca/ncanode_nca_rsa_test.crt");
  ASSERT_TRUE(crl && issuer);
  EXPECT_EQ(crl->entries(), 126U);
  EXPECT_EQ(crl->number(), "09");
  EXPECT_EQ(crl->issuer(), issuer->subject());
  EXPECT_TRUE(crl->verify_signature(*context, issuer->key()).has_value());
  const FreshnessRules rules{.max_age = base::Seconds(86400)};
  EXPECT_TRUE(check_freshness(*crl, rules, at("2022-06-01T00:00:00Z")).has_value());
  EXPECT_EQ(check_freshness(*crl, rules, at("2022-09-26T00:00:00Z")).error().code(), Code::kCrlStale);
  const auto held = crl->find(*base::from_hex("474c38696d8677a2c8b6e40345a8b04168c0905c"));
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(held->reason, RevocationReason::kCertificateHold);
  EXPECT_EQ(held->revocation_time, at("2021-04-01T06:56:52Z"));
  EXPECT_EQ(crl->find(*base::from_hex("1f6de34f4f4bb353dd57ef15e4e6ddb8363f6d00"))->reason, RevocationReason::kNone);
  EXPECT_FALSE(crl->find(*base::from_hex("474c38696d8677a2c8b6e40345a8b04168c0905d")).has_value());
}

TEST(CrlCorpora, TheRsaListCoversACertificateOfItsAuthority) {
  const auto folder = pki::test::corpora("kz");
  if (!folder) GTEST_SKIP();
  const CrlPtr crl = list(*folder / "crl/nca_rsa_test.crl");
  const auto issuer = pki::test::load(*folder / "test-ca/ncanode_nca_rsa_test.crt");
  const auto leaf = pki::test::load(*folder / "signed/ncanode_individual_valid_sign_2004_rsa.cer");
  ASSERT_TRUE(crl && issuer && leaf);
  const auto scope = check_scope(*crl, *leaf);
  EXPECT_TRUE(scope.has_value()) << scope.error().cause();
  EXPECT_TRUE(check_signer(*crl, *issuer).has_value());
  EXPECT_FALSE(crl->find(leaf->serial()).has_value());
}

TEST(CrlCorpora, TheGostListsAreRead) {
  const auto folder = pki::test::corpora("kz/crl");
  if (!folder) GTEST_SKIP();
  const CrlPtr first = list(*folder / "nca_gost2022_test_2022-07.crl");
  const CrlPtr latest = list(*folder / "nca_gost2022_test_2026-08.crl");
  ASSERT_TRUE(first && latest);
  EXPECT_EQ(first->entries(), 6U);
  EXPECT_EQ(latest->entries(), 195U);
  EXPECT_EQ(latest->signature_algorithm().scheme, pki::SignatureScheme::kGost2015_512);
  constexpr std::string_view kSerials[] = {
      "200327f2cd345c4378a4c692ab9b88c1178dcfa1", "3a90343e720594c55204b19cb9a402422ef0e622",
      "5bd5d7cd87cd345a8dfc3c22523adf2061a7e41e", "7b7ddeb58e876b211626f0004f0ddedf9eeeea20",
      "7f07c12eeeeb48e10ed3cd25d384172aee1d2ca9", "0fd51ba7059261ae60cc621f316db4ef0ef4ba14"};
  EXPECT_EQ(with_reason(first, kSerials, RevocationReason::kCertificateHold), 5U);
  EXPECT_EQ(with_reason(first, kSerials, RevocationReason::kKeyCompromise), 1U);
  const auto issuer = pki::test::load(folder->parent_path() / "test-ca/nca_gost2022_test.cer");
  const auto context = pki::test::make_context();
  ASSERT_TRUE(issuer);
  EXPECT_TRUE(first->verify_signature(*context, issuer->key()).has_value());
  EXPECT_TRUE(latest->verify_signature(*context, issuer->key()).has_value());
  const FreshnessRules rules{.max_age = base::Seconds(86400)};
  EXPECT_TRUE(check_freshness(*first, rules, at("2022-08-01")).has_value());
  EXPECT_EQ(check_freshness(*first, rules, at("2026-08-01")).error().code(), Code::kCrlStale);
  EXPECT_TRUE(check_freshness(*latest, rules, at("2026-11-21")).has_value());
  EXPECT_EQ(check_freshness(*latest, rules, at("2027-02-08")).error().code(), Code::kCrlStale);
  EXPECT_EQ(check_freshness(*latest, rules, at("2026-08-01")).error().code(), Code::kCrlFuture);
}

// In the serial number of an entry, and in the signature: both lists are still read.
TEST(CrlCorpora, GostListsDoNotVerifyAfterAChange) {
  const auto folder = pki::test::corpora("kz");
  if (!folder) GTEST_SKIP();
  const auto context = pki::test::make_context();
  const auto issuer = pki::test::load(*folder / "test-ca/nca_gost2022_test.cer");
  const base::Bytes octets = pki::test::read(*folder / "crl/nca_gost2022_test_2026-08.crl");
  const base::Bytes serial = *base::from_hex("5bfab68530d2a5daf87b65e29a105a7bea75b411");
  const auto entry = std::ranges::search(octets, serial);
  ASSERT_FALSE(entry.empty());
  for (const auto at : {entry.begin() + 10, octets.end() - 1}) {
    base::Bytes changed = octets;
    changed[static_cast<std::size_t>(at - octets.begin())] ^= 0x01;
    const auto crl = Crl::parse(changed);
    ASSERT_TRUE(crl.has_value());
    EXPECT_EQ((*crl)->verify_signature(*context, issuer->key()).error().code(), Code::kCrlSignature);
  }
}

TEST(CrlCorpora, ListsOfManyCountriesAreRead) {
  std::size_t count = 0;
  for (const char* folder : {"realworld/crl", "pkits/crls"}) {
    const auto path = pki::test::corpora(folder);
    if (!path) continue;
    for (const auto& file : pki::test::files_in(*path)) {
      const auto crl = Crl::parse(pki::test::read(file));
      // PKITS has bad lists on purpose: critical extensions that nobody knows, and a BIT STRING that was damaged, which
      // is a list with a signature that cannot verify.
      const bool unknown = file.stem().string().find("UnknownCRL") != std::string::npos;
      EXPECT_EQ(crl.has_value(), !unknown) << file << ": " << (crl ? "" : crl.error().message());
      if (!crl) {
        EXPECT_EQ(crl.error().code(), Code::kCrlCriticalExtension) << file;
      }
      ++count;
    }
  }
  std::printf("%zu lists\n", count);
}

// --- OCSP
// ----------------------------------------------------------------------------------------------------------------

TEST(OcspCorpora, AnswersOfTheTestContourAreRead) {
  const auto folder = pki::test::corpora("kz/ocsp");
  if (!folder) GTEST_SKIP();
  const auto held = parse_response(pki::test::read(*folder / "ocsp_response_ceo_2015_revoked.bin"));
  ASSERT_TRUE(held.has_value()) << held.error().message();
  ASSERT_EQ((*held)->responses.size(), 1U);
  const SingleResponse& answer = (*held)->responses[0];
  EXPECT_EQ(answer.status, CertStatus::kRevoked);
  EXPECT_EQ(answer.reason, RevocationReason::kCertificateHold);
  EXPECT_EQ(answer.revocation_time, at("2022-07-27T10:25:30Z"));
  EXPECT_EQ(answer.cert_id.digest, pki::DigestAlgorithm::kSha256);
  EXPECT_FALSE(answer.next_update.has_value());
  EXPECT_EQ((*held)->produced_at, at("2022-09-02T16:59:28Z"));
  EXPECT_EQ(base::to_hex(*(*held)->nonce), "157b28fd1ac7761e");
  EXPECT_TRUE((*held)->extended_revoke);
  EXPECT_FALSE(is_unknown_to_ca(**held, answer));
  ASSERT_EQ((*held)->certificates.size(), 1U);
  EXPECT_TRUE((*held)->certificates[0]->has_ocsp_no_check());

  const auto unknown = parse_response(pki::test::read(*folder / "ocsp_response_individual_2015.bin"));
  ASSERT_TRUE(unknown.has_value()) << unknown.error().message();
  EXPECT_TRUE(is_unknown_to_ca(**unknown, (*unknown)->responses.at(0)));
}

TEST(OcspCorpora, AnswersOfManyCountriesAreRead) {
  const auto folder = pki::test::corpora("realworld/ocsp");
  if (!folder) GTEST_SKIP();
  std::size_t count = 0;
  for (const auto& file : pki::test::files_in(*folder)) {
    const auto parsed = parse_response(pki::test::read(file));
    EXPECT_TRUE(parsed.has_value()) << file << ": " << parsed.error().message();
    ++count;
  }
  std::printf("%zu answers\n", count);
}

// Whether both hashes of every CertID in the answer name this issuer.
bool about_issuer(pki::Context& context, const OcspResponse& response, const pki::Certificate& issuer) {
  return std::ranges::all_of(response.responses, [&](const SingleResponse& single) {
    const auto name = pki::compute_digest(context, single.cert_id.digest, issuer.subject().der());
    const auto key = pki::compute_digest(context, single.cert_id.digest, issuer.key().bits_value);
    return name && key && base::equal(*name, single.cert_id.issuer_name_hash) &&
           base::equal(*key, single.cert_id.issuer_key_hash);
  });
}

// OpenSSL's own table: whether the responder may answer, the signature holds and the CertID names the issuer, an hour
// after producedAt.
TEST(OcspCorpora, OpensslsTableIsAnsweredAsItsAuthorsSay) {
  const auto folder = pki::test::corpora("openssl-ocsp");
  if (!folder) GTEST_SKIP();
  const auto context = pki::test::make_context();
  const base::Bytes table_octets = pki::test::read(*folder / "ocsp_table.json");
  const auto table = base::parse_json(base::as_text(table_octets));
  ASSERT_TRUE(table.has_value());
  std::size_t right = 0;
  for (const auto& row : table->as_array()) {
    const auto text = [&](const char* member) { return std::string(row.at(member).as_string()); };
    const base::Bytes base64 = pki::test::read(*folder / text("response"));
    const auto octets = base::from_base64_with_space(base::as_text(base64));
    ASSERT_TRUE(octets.has_value());
    const auto parsed = parse_response(*octets);
    const std::string issuer_file = text("untrusted").empty() ? text("ca") : text("untrusted");
    const auto issuer = pki::test::load(*folder / issuer_file);
    ASSERT_TRUE(issuer);
    bool accepted = parsed.has_value() && about_issuer(*context, **parsed, *issuer);
    if (issuer_file != text("ca")) {  // intermediates in order, the last one signed by the anchor
      auto chain = *pki::parse_certificates(pki::test::read(*folder / issuer_file));
      chain.push_back(pki::test::load(*folder / text("ca")));
      for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
        accepted = accepted && pki::verify_certificate_signature(*context, *chain[i], chain[i + 1]->key()).has_value();
      }
    }
    if (accepted) {
      const auto responder = verify_response(*context, **parsed, issuer, {});
      const base::Time hour_after = (*parsed)->produced_at + base::Seconds(3600);
      accepted = responder && responder->certificate->not_after() >= hour_after &&
                 std::ranges::all_of((*parsed)->responses, [&](const SingleResponse& answer) {
                   return check_freshness(answer, {.max_age = base::Seconds(7200)}, hour_after).has_value();
                 });
    }
    EXPECT_EQ(accepted, row.at("expected_exit").as_int64() == 0) << text("title") << ": " << text("response");
    right += accepted == (row.at("expected_exit").as_int64() == 0) ? 1U : 0U;
  }
  std::printf("openssl-ocsp %zu/%zu\n", right, table->as_array().size());
}

}  // namespace
}  // namespace tanba::ocsp
