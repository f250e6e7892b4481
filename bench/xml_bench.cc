// XML documents of 2 KB and of 1 MB a second: our inspection in one pass and the general way, and inspection with
// judgement, beside the bare RSA-2048 verification and beside xmlsec's own verification with the certificate's key
// given, in the same run, on one thread and on two.
#include <benchmark/benchmark.h>
#include <libxml/parser.h>
#include <xmlsec/crypto.h>
#include <xmlsec/keysmngr.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#include "bench/authority.h"
#include "bench/bare_rsa.h"
#include "bench/ratios.h"
#include "verify/judge.h"
#include "xmldsig/inspect.h"
#include "xmldsig/sign.h"

namespace tanba::bench {
namespace {

constexpr std::size_t kContentBytes = 2048;
constexpr std::size_t kLargeContentBytes = 1U << 20;

struct Documents {
  Chain chain;
  Identity identity = chain.new_signer("SIGNER");
  base::Bytes document;
  base::Bytes large;
  pki::TrustSnapshotPtr trust;
  std::vector<pki::CertificatePtr> candidates;

  Documents() {
    const auto context = pki::Context::create().value();
    document = signed_document(*context, kContentBytes);
    large = signed_document(*context, kLargeContentBytes);
    const auto root = pki::Certificate::parse(chain.root.der()).value();
    candidates.push_back(pki::Certificate::parse(chain.issuing.der()).value());
    trust = pki::TrustSnapshot::make(
        {{.certificate = root, .purposes = pki::TrustPurposes::all(), .trusted_from = {}, .trusted_until = {}}},
        candidates);
  }

  base::Bytes signed_document(pki::Context& context, std::size_t content_bytes) const {
    std::string text = "<application xmlns=\"urn:bench\">";
    while (text.size() < content_bytes) text += "<field name=\"region\">Мангистауская область</field>";
    text += "</application>";
    MemorySigner signer(identity);
    base::Budget budget{base::Limits{}};
    return xmldsig::sign(context, base::as_bytes(text), signer, {}, {pki::SignatureAlgorithm{}}, budget).value();
  }
};

const Documents& documents() {
  static const Documents made;
  return made;
}

void inspect_by(benchmark::State& state, const base::Bytes& document, xmldsig::Route route) {
  const auto context = pki::Context::create().value();
  for (auto _ : state) {
    begin_operation();
    base::Budget budget{base::Limits{}};
    auto facts = xmldsig::inspect(*context, document, budget, {.route = route});
    must(facts.has_value() && facts->signatures.size() == 1 && facts->signatures[0].errors.empty(), "inspection");
    benchmark::DoNotOptimize(facts);
  }
  state.SetItemsProcessed(state.iterations());
}

void inspect_known_signer(benchmark::State& state) {
  inspect_by(state, documents().document, xmldsig::Route::kQuickest);
}
void inspect_the_general_way(benchmark::State& state) {
  inspect_by(state, documents().document, xmldsig::Route::kGeneral);
}
void inspect_one_megabyte(benchmark::State& state) {
  inspect_by(state, documents().large, xmldsig::Route::kQuickest);
}
void inspect_one_megabyte_the_general_way(benchmark::State& state) {
  inspect_by(state, documents().large, xmldsig::Route::kGeneral);
}

// Everything but revocation: path from the worker's cache, algorithms, coverage, report.
void inspect_and_judge_known_signer(benchmark::State& state) {
  const auto context = pki::Context::create().value();
  pki::PathCache paths;
  const verify::EvidenceSet evidence;
  verify::JudgeInput input{.trust = documents().trust, .evidence = &evidence};
  input.policy = verify::policy_for(pki::PolicyId::kKzSubmission);
  input.policy.revocation = verify::RevocationMode::kOff;
  input.now = base::SystemClock().now();
  for (auto _ : state) {
    begin_operation();
    auto facts = verify::inspect(*context, documents().document, {}, base::Limits{});
    base::Budget budget{base::Limits{}};
    const auto judged = verify::judge(*context, &paths, *facts, input, budget);
    must(judged.has_value() && judged->report.outcome.decision == verify::Decision::kAccept, "judgement");
  }
  state.SetItemsProcessed(state.iterations());
}

void xmlsec_verify_document(benchmark::State& state, const base::Bytes& document_octets) {
  const base::Bytes der = documents().identity.der();
  xmlSecKeyPtr key = xmlSecCryptoAppKeyLoadMemory(der.data(), static_cast<xmlSecSize>(der.size()),
                                                  xmlSecKeyDataFormatCertDer, nullptr, nullptr, nullptr);
  must(key != nullptr, "xmlsec key");
  for (auto _ : state) {
    begin_operation();
    xmlDocPtr document = xmlReadMemory(reinterpret_cast<const char*>(document_octets.data()),
                                       static_cast<int>(document_octets.size()), nullptr, nullptr, XML_PARSE_NONET);
    xmlNodePtr node = xmlSecFindNode(xmlDocGetRootElement(document), xmlSecNodeSignature, xmlSecDSigNs);
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(nullptr);
    context->signKey = xmlSecKeyDuplicate(key);
    must(xmlSecDSigCtxVerify(context, node) == 0 && context->status == xmlSecDSigStatusSucceeded, "xmlsec");
    xmlSecDSigCtxDestroy(context);
    xmlFreeDoc(document);
  }
  xmlSecKeyDestroy(key);
  state.SetItemsProcessed(state.iterations());
}

void xmlsec_verify(benchmark::State& state) {
  xmlsec_verify_document(state, documents().document);
}
void xmlsec_verify_one_megabyte(benchmark::State& state) {
  xmlsec_verify_document(state, documents().large);
}

#define TANBA_BENCHMARK(function)                 \
  BENCHMARK(function)->Threads(1)->UseRealTime(); \
  BENCHMARK(function)->Threads(2)->UseRealTime()
TANBA_BENCHMARK(bare_rsa_2048_verify);
TANBA_BENCHMARK(inspect_known_signer);
TANBA_BENCHMARK(inspect_the_general_way);
TANBA_BENCHMARK(inspect_and_judge_known_signer);
TANBA_BENCHMARK(xmlsec_verify);
TANBA_BENCHMARK(inspect_one_megabyte);
TANBA_BENCHMARK(inspect_one_megabyte_the_general_way);
TANBA_BENCHMARK(xmlsec_verify_one_megabyte);

std::vector<Ratio> ratios() {
  std::vector<Ratio> out;
  for (const std::string threads : {"1", "2"}) {
    const std::string suffix = "/real_time/threads:" + threads;
    for (const std::string name :
         {"inspect_known_signer", "inspect_the_general_way", "inspect_and_judge_known_signer"}) {
      out.push_back({"the bare RSA rate", name + suffix, "bare_rsa_2048_verify" + suffix});
      out.push_back({"xmlsec", name + suffix, "xmlsec_verify" + suffix});
    }
    for (const std::string name : {"inspect_one_megabyte", "inspect_one_megabyte_the_general_way"}) {
      out.push_back({"xmlsec", name + suffix, "xmlsec_verify_one_megabyte" + suffix});
    }
  }
  return out;
}

}  // namespace
}  // namespace tanba::bench

int main(int argc, char** argv) {
  tanba::pki::initialise_process();
  xmlInitParser();
  tanba::bench::must(xmlSecInit() == 0 && xmlSecCryptoAppInit(nullptr) == 0 && xmlSecCryptoInit() == 0, "xmlsec");
  static_cast<void>(tanba::bench::documents());
  return tanba::bench::run_with_ratios(argc, argv, tanba::bench::ratios());
}
