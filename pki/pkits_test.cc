// NIST's Public Key Interoperability Test Suite, through find_paths under the policy `conformance`.
//
// Cases that must fail for revocation alone cannot fail here: for them it is shown that everything else is in order,
// which is what makes the revocation engine's refusal mean something.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <set>
#include <sstream>

#include "pki/path.h"
#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using test::at;

std::string text_of(const boost::json::value& value) {
  return std::string(value.as_string());
}

// "NIST-test-policy-3" -> 2.16.840.1.101.3.2.1.48.3 (corpora/README.md).
Oid policy_named(std::string name) {
  constexpr std::string_view kPrefix = "NIST-test-policy-";
  if (name.starts_with(kPrefix)) name = "2.16.840.1.101.3.2.1.48." + name.substr(kPrefix.size());
  if (name == "anyPolicy") name = "2.5.29.32.0";
  return Oid::literal(name);
}

// The cases that are invalid because of revocation alone (4.4: basic revocation; 4.5.2, .5, .7: the end entity is on
// the CRL; 4.7.4 and .5: keyUsage of the CRL's issuer; 4.14, 4.15: distribution points and deltas).
bool fails_by_revocation(const std::string& number) {
  static const std::set<std::string> kSingle = {"4.5.2", "4.5.5", "4.5.7", "4.7.4", "4.7.5"};
  for (const char* section : {"4.4.", "4.14.", "4.15."}) {
    if (number.starts_with(section)) return true;
  }
  return kSingle.contains(number);
}

PolicyInputs inputs_of(const boost::json::object& info) {
  using Require = PolicyInputs::Require;
  const auto require = [&](const char* member) {
    const auto* found = info.if_contains(member);
    return found != nullptr && found->is_bool() && found->as_bool() ? Require::kYes : Require::kNo;
  };
  PolicyInputs inputs;
  inputs.explicit_policy = require("InitialExplicitPolicy");
  inputs.inhibit_any_policy = require("InitialInhibitAnyPolicy");
  inputs.inhibit_policy_mapping = require("InitialPolicyMappingInhibit");
  if (const auto* policies = info.if_contains("InitialPolicySet")) {
    std::stringstream names(text_of(*policies));
    for (std::string name; std::getline(names, name, ',');) inputs.initial_policies.push_back(policy_named(name));
  }
  return inputs;
}

// Why the suite says that a case is invalid, by its section's title and the case's own (PKITS 4).
base::Code reason_of(const std::string& number) {
  using base::Code;
  static const std::map<std::string, Code> kCases = {
      {"4.5.8", Code::kPathNotCa}, {"4.2.1", Code::kPathNotYetValid}, {"4.2.2", Code::kPathNotYetValid},
      {"4.6.1", Code::kPathNotCa}, {"4.6.2", Code::kPathNotCa},       {"4.6.3", Code::kPathNotCa},
  };
  static const std::map<std::string, Code> kSections = {
      {"4.1", Code::kPathBadSignature}, {"4.2", Code::kPathExpired},          {"4.3", Code::kPathNoChain},
      {"4.6", Code::kPathLength},       {"4.7", Code::kPathKeyUsage},         {"4.8", Code::kPathPolicy},
      {"4.9", Code::kPathPolicy},       {"4.10", Code::kPathPolicy},          {"4.11", Code::kPathPolicy},
      {"4.12", Code::kPathPolicy},      {"4.13", Code::kPathNameConstraints}, {"4.16", Code::kPathCriticalExtension},
  };
  if (const auto found = kCases.find(number); found != kCases.end()) return found->second;
  const auto section = kSections.find(number.substr(0, number.find('.', 2)));
  return section == kSections.end() ? Code::kInternal : section->second;
}

TEST(Pkits, EveryCaseThatRevocationDoesNotDecide) {
  const auto folder = test::corpora("pkits");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  const base::Bytes octets = test::read(*folder / "boringssl_pkits.json");
  std::size_t run = 0, agreed = 0, left_to_revocation = 0;
  const boost::json::value cases = boost::json::parse(base::as_text(octets));
  for (const auto& entry : cases.as_array()) {
    const auto& info = entry.at("info").as_object();
    const std::string number = text_of(info.at("test_number"));
    std::vector<CertificatePtr> certificates;
    for (const auto& name : entry.at("certs").as_array()) {
      certificates.push_back(test::load(*folder / "certs" / (text_of(name) + ".crt")));
    }
    const Anchor anchor{
        .certificate = certificates.front(), .purposes = TrustPurposes::all(), .trusted_from = {}, .trusted_until = {}};
    PathQuery query{.leaf = certificates.back(),
                    .trust = TrustSnapshot::make({anchor}, {}),
                    .candidates = certificates,
                    .at = at("2011-04-15"),
                    .trust_purpose = TrustPurpose::kApplicant,
                    .key_purpose = KeyPurpose::kSigning,
                    .algorithm_policy = PolicyId::kConformance,
                    .policy_inputs = inputs_of(info)};
    base::Budget budget{base::Limits{}};
    const auto result = find_paths(*context, nullptr, query, budget);
    ASSERT_TRUE(result.has_value()) << number << result.error().message();
    const bool expected = info.at("should_validate").as_bool() || fails_by_revocation(number);
    if (expected != info.at("should_validate").as_bool()) ++left_to_revocation;
    ++run;
    if (result->valid.empty() != expected) ++agreed;
    std::string reasons;
    bool for_its_own = false;
    for (const RejectedPath& rejected : result->rejected) {
      for (const base::Error& error : rejected.errors) {
        reasons += "\n  " + error.message() + " " + error.cause();
        for_its_own |= error.code() == reason_of(number);
      }
    }
    EXPECT_TRUE(expected || for_its_own) << number << " " << base::dotted(reason_of(number)) << reasons;
    EXPECT_EQ(!result->valid.empty(), expected) << number << " " << text_of(entry.at("name")) << reasons;
  }
  std::printf("pkits: %zu/%zu as expected (%zu of them are refused for revocation alone, elsewhere)\n", agreed, run,
              left_to_revocation);
  EXPECT_EQ(run, 249U);
}

}  // namespace
}  // namespace tanba::pki
