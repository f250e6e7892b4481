// NIST's Public Key Interoperability Test Suite, all of it: paths and revocation together, as judge_certificate decides
// under the policy `conformance`. (pki/pkits_test.cc looks at the paths alone.)
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <sstream>

#include "pki/test_support.h"
#include "verify/judge.h"

namespace tanba::verify {
namespace {

namespace json = boost::json;
using Require = pki::PolicyInputs::Require;

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

// "NIST-test-policy-3" is 2.16.840.1.101.3.2.1.48.3 (corpora/README.md).
pki::PolicyInputs inputs_of(const json::object& info) {
  const auto require = [&](const char* member) {
    const auto* found = info.if_contains(member);
    return found != nullptr && found->is_bool() && found->as_bool() ? Require::kYes : Require::kNo;
  };
  pki::PolicyInputs inputs;
  inputs.explicit_policy = require("InitialExplicitPolicy");
  inputs.inhibit_any_policy = require("InitialInhibitAnyPolicy");
  inputs.inhibit_policy_mapping = require("InitialPolicyMappingInhibit");
  const auto* policies = info.if_contains("InitialPolicySet");
  if (policies == nullptr) return inputs;
  constexpr std::string_view kPrefix = "NIST-test-policy-";
  std::stringstream names(text_of(*policies));
  for (std::string name; std::getline(names, name, ',');) {
    if (name.starts_with(kPrefix)) {
      inputs.initial_policies.push_back(pki::Oid::literal("2.16.840.1.101.3.2.1.48." + name.substr(kPrefix.size())));
    }
  }
  return inputs;
}

class PkitsTest : public testing::Test {
 protected:
  void SetUp() override { context_ = pki::test::make_context(); }

  void add_list(const std::filesystem::path& path, const std::string& name) {
    auto crl = ocsp::Crl::parse(pki::test::read(path));
    if (!crl) {  // unknown critical extensions: evidence that is not there
      evidence_.add(SourceFailure{name, crl.error(), input_.now, {}});
      return;
    }
    evidence_.add(CrlItem{.id = (*crl)->digest(), .crl = *crl, .asked_for = {}, .source = name, .received_at = {}});
  }

  Report judge_case(const std::filesystem::path& folder, const json::value& entry) {
    evidence_ = {};
    input_ = {};
    input_.now = pki::test::at("2011-04-15");
    input_.policy = policy_for(pki::PolicyId::kConformance);
    input_.policy.path_inputs = inputs_of(entry.at("info").as_object());
    input_.key_purpose = pki::KeyPurpose::kAny;
    input_.evidence = &evidence_;
    for (const auto& name : entry.at("certs").as_array()) {
      input_.candidates.push_back(pki::test::load(folder / "certs" / (text_of(name) + ".crt")));
    }
    for (const auto& name : entry.at("crls").as_array()) {
      add_list(folder / "crls" / (text_of(name) + ".crl"), text_of(name));
    }
    input_.trust = pki::TrustSnapshot::make({{.certificate = input_.candidates.front(),
                                              .purposes = pki::TrustPurposes::all(),
                                              .trusted_from = {},
                                              .trusted_until = {}}},
                                            {});
    base::Budget budget{base::Limits{}};
    auto judgement = judge_certificate(*context_, nullptr, input_.candidates.back(), input_, budget);
    EXPECT_TRUE(judgement.has_value()) << text_of(entry.at("name"));
    return judgement ? std::move(judgement->report) : Report{};
  }

  std::unique_ptr<pki::Context> context_;
  EvidenceSet evidence_;
  JudgeInput input_;
};

TEST_F(PkitsTest, EveryVerdictIsItsAuthors) {
  const auto folder = pki::test::corpora("pkits");
  if (!folder) GTEST_SKIP();
  const base::Bytes octets = pki::test::read(*folder / "boringssl_pkits.json");
  const json::value cases = json::parse(base::as_text(octets));
  std::size_t right = 0;
  for (const auto& entry : cases.as_array()) {
    const Report report = judge_case(*folder, entry);
    const bool accepted = report.outcome.decision == Decision::kAccept;
    const bool expected = entry.at("info").at("should_validate").as_bool();
    right += accepted == expected ? 1U : 0U;
    std::string why;
    for (const LocatedError& located : all_errors(report)) {
      why += "\n  " + located.error.message() + " " + located.error.cause();
    }
    EXPECT_EQ(accepted, expected) << text_of(entry.at("title")) << why;
  }
  std::printf("pkits with revocation: %zu/%zu\n", right, cases.as_array().size());
  EXPECT_EQ(cases.as_array().size(), 249U);
}

// That a case is refused is not enough: it has to be for its own reason.
TEST_F(PkitsTest, RevocationCasesAreRefusedForRevocation) {
  const auto folder = pki::test::corpora("pkits");
  if (!folder) GTEST_SKIP();
  using base::Code;
  const std::map<std::string, Code> kReasons = {{"4.4.1", Code::kRevocationMissing},
                                                {"4.4.2", Code::kRevocationCaRevoked},
                                                {"4.4.3", Code::kRevocationRevoked},
                                                {"4.4.4", Code::kCrlSignature},
                                                {"4.4.5", Code::kCrlIssuer},
                                                {"4.4.8", Code::kCrlCriticalExtension},
                                                {"4.4.9", Code::kCrlCriticalExtension},
                                                {"4.4.10", Code::kCrlCriticalExtension},
                                                {"4.4.11", Code::kCrlStale},
                                                {"4.4.12", Code::kCrlStale},
                                                {"4.7.4", Code::kCrlIssuer},
                                                {"4.14.9", Code::kCrlScope},
                                                {"4.14.17", Code::kCrlReasons},
                                                {"4.15.1", Code::kCrlDelta},
                                                {"4.15.4", Code::kRevocationRevoked},
                                                {"4.15.10", Code::kCrlStale}};
  const base::Bytes octets = pki::test::read(*folder / "boringssl_pkits.json");
  const json::value cases = json::parse(base::as_text(octets));
  std::size_t seen = 0;
  for (const auto& entry : cases.as_array()) {
    const auto wanted = kReasons.find(text_of(entry.at("info").at("test_number")));
    if (wanted == kReasons.end()) continue;
    ++seen;
    std::string found;
    bool has = false;
    const Report report = judge_case(*folder, entry);
    for (const LocatedError& located : all_errors(report)) {
      has = has || located.error.code() == wanted->second;
      found += " " + std::string(base::dotted(located.error.code()));
    }
    EXPECT_TRUE(has) << text_of(entry.at("title")) << ": " << base::dotted(wanted->second) << " is not among" << found;
  }
  EXPECT_EQ(seen, kReasons.size());
}

}  // namespace
}  // namespace tanba::verify
