// Wycheproof's signature vectors through the one public check of signature values, and through the policies: a line for
// each vector,
//
//     file  tcId  result of the authors  code under conformance  code under kz-submission
//
// separated by tabs; a code is "-" where the signature is accepted. The verdict is run_suites' matter.
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "pki/algorithm.h"
#include "pki/context.h"
#include "pki/verify_signature.h"

namespace {

using namespace tanba;
namespace json = boost::json;

constexpr std::size_t kMaxFileBytes = 64U << 20;

std::string text_of(const json::value& value, const char* member) {
  const json::value* found = value.as_object().if_contains(member);
  return found == nullptr ? std::string() : std::string(found->as_string());
}

base::Result<pki::SignatureAlgorithm> algorithm_of(const std::string& file, const json::value& group) {
  pki::SignatureAlgorithm algorithm;
  TANBA_TRY(algorithm.digest, pki::parse_digest_name(text_of(group, "sha")));
  if (file.starts_with("ecdsa")) algorithm.scheme = pki::SignatureScheme::kEcdsa;
  if (file.starts_with("rsa_pss")) {
    algorithm.scheme = pki::SignatureScheme::kRsaPss;
    TANBA_TRY(algorithm.mgf1_digest, pki::parse_digest_name(text_of(group, "mgfSha")));
    algorithm.salt_bytes = static_cast<std::uint16_t>(group.at("sLen").to_number<int>());
  }
  return algorithm;
}

// Everything that a signature must pass before anybody asks for trust.
base::Status check(pki::Context& context, const std::string& file, const json::value& group, const json::value& vector,
                   pki::PolicyId policy) {
  TANBA_TRY(const base::Bytes key_octets, base::from_hex(text_of(group, "publicKeyDer")));
  TANBA_TRY(const pki::PublicKeyInfo key, pki::parse_public_key_info(key_octets));
  TANBA_TRY(const pki::SignatureAlgorithm algorithm, algorithm_of(file, group));
  // What is only known today counts; none of these dates matters to the two policies.
  const base::Time at{};
  TANBA_CHECK(pki::check_algorithm(policy, algorithm, {key.kind, key.bits}, at, file));
  TANBA_TRY(const base::Bytes message, base::from_hex(text_of(vector, "msg")));
  TANBA_TRY(base::Bytes signature, base::from_hex(text_of(vector, "sig")));
  if (file.find("p1363") != std::string::npos) {
    // XML-DSig's form: of exactly twice the length of the field (xmldsig checks the same).
    if (signature.size() != 2 * ((key.bits + 7) / 8)) return base::fail(base::Code::kSignatureBroken);
    TANBA_TRY(signature, pki::ecdsa_from_concatenated(signature));
  }
  return pki::verify_signature(context, key, algorithm, message, signature);
}

std::string code_of(const base::Status& status) {
  return status ? "-" : std::string(base::dotted(status.error().code()));
}

int run(const std::filesystem::path& path) {
  const auto context = pki::Context::create();
  const auto octets = base::read_file(path, kMaxFileBytes);
  if (!context || !octets) return 1;
  const std::string file = path.filename().string();
  const json::value document = json::parse(base::as_text(*octets));
  for (const json::value& group : document.at("testGroups").as_array()) {
    for (const json::value& vector : group.at("tests").as_array()) {
      const auto code = [&](pki::PolicyId policy) { return code_of(check(**context, file, group, vector, policy)); };
      std::printf("%s\t%d\t%s\t%s\t%s\n", file.c_str(), vector.at("tcId").to_number<int>(),
                  text_of(vector, "result").c_str(), code(pki::PolicyId::kConformance).c_str(),
                  code(pki::PolicyId::kKzSubmission).c_str());
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  pki::initialise_process();
  for (int i = 1; i < argc; ++i) {
    if (run(argv[i]) != 0) return 1;
  }
  return 0;
}
