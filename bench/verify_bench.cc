// One document verified in process: inspected, judged with revocation lists that are at hand, the report written as
// JSON; beside the bare RSA-2048 verification and OpenSSL's CMS_verify with chain and lists, in the same run, on one
// thread and on two.
//
//     verify_bench DOCUMENT ANCHORS INTERMEDIATES LISTS [options of Google Benchmark]
//
// DOCUMENT is an attached CMS, the next two are files (PEM) or folders of certificates, LISTS is a folder of CRLs
// (DER). certs-test makes them; bench/over_tls calls this with the document that it sends to the daemon.
#include <benchmark/benchmark.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "bench/authority.h"
#include "bench/bare_rsa.h"
#include "bench/ratios.h"
#include "ocsp/crl.h"
#include "verify/judge.h"

namespace tanba::bench {
namespace {

using X509CrlPtr = std::unique_ptr<X509_CRL, pki::Deleter<X509_CRL_free>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, pki::Deleter<CMS_ContentInfo_free>>;
constexpr std::size_t kMaxFileBytes = 16U << 20;

std::vector<base::Bytes> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {base::read_file(path, kMaxFileBytes).value()};
  std::vector<base::Bytes> out;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    out.push_back(base::read_file(entry.path(), kMaxFileBytes).value());
  }
  return out;
}

std::vector<pki::CertificatePtr> certificates_of(const std::filesystem::path& path) {
  std::vector<pki::CertificatePtr> out;
  for (const base::Bytes& file : files_of(path)) {
    const auto certificates = pki::parse_certificates(file).value();
    out.insert(out.end(), certificates.begin(), certificates.end());
  }
  return out;
}

struct Material {
  base::Bytes document;
  std::vector<pki::CertificatePtr> anchors, intermediates;
  std::vector<base::Bytes> lists;
  pki::TrustSnapshotPtr trust;
  verify::EvidenceSet evidence;

  explicit Material(char** paths)
      : document(base::read_file(paths[0], kMaxFileBytes).value()),
        anchors(certificates_of(paths[1])),
        intermediates(certificates_of(paths[2])),
        lists(files_of(paths[3])) {
    std::vector<pki::Anchor> trusted;
    for (const pki::CertificatePtr& anchor : anchors) {
      trusted.push_back(
          {.certificate = anchor, .purposes = pki::TrustPurposes::all(), .trusted_from = {}, .trusted_until = {}});
    }
    trust = pki::TrustSnapshot::make(std::move(trusted), intermediates);
  }
};

// Set once by main, before the first thread.
const Material* material = nullptr;

// --- ours ------------------------------------------------------------------------------------------------------------

enum class Until { kInspected, kJudged, kWritten };

// Only the lists that matter are at hand, as the daemon's store gives them.
verify::EvidenceSet evidence_for(const verify::Facts& facts) {
  verify::EvidenceSet out;
  std::vector<pki::CertificatePtr> all = material->intermediates;
  for (const pki::SignatureFacts& signature : facts.content.signatures) all.push_back(signature.certificate);
  for (const base::Bytes& octets : material->lists) {
    const auto crl = ocsp::Crl::parse(octets).value();
    const bool matters = std::ranges::any_of(
        all, [&](const pki::CertificatePtr& certificate) { return certificate->issuer() == crl->issuer(); });
    if (!matters) continue;
    out.add(verify::CrlItem{
        .id = crl->digest(), .crl = crl, .asked_for = {}, .source = "file", .received_at = base::SystemClock().now()});
  }
  return out;
}

void run_until(benchmark::State& state, Until until) {
  const auto context = pki::Context::create().value();
  pki::PathCache paths;
  const verify::EvidenceSet evidence =
      evidence_for(verify::inspect(*context, material->document, {}, base::Limits{}).value());
  verify::JudgeInput input{.trust = material->trust, .evidence = &evidence};
  input.policy = verify::policy_for(pki::PolicyId::kKzSubmission);
  input.now = base::SystemClock().now();
  for (auto _ : state) {
    begin_operation();
    auto facts = verify::inspect(*context, material->document, {}, base::Limits{});
    must(facts.has_value(), "inspection");
    if (until == Until::kInspected) continue;
    base::Budget budget{base::Limits{}};
    const auto judged = verify::judge(*context, &paths, *facts, input, budget);
    must(judged.has_value() && judged->report.outcome.decision == verify::Decision::kAccept, "judgement");
    if (until == Until::kJudged) continue;
    benchmark::DoNotOptimize(verify::write_json(judged->report, base::Language::kRussian));
  }
  state.SetItemsProcessed(state.iterations());
}

void inspected(benchmark::State& state) {
  run_until(state, Until::kInspected);
}
void inspected_and_judged(benchmark::State& state) {
  run_until(state, Until::kJudged);
}
void inspected_judged_and_written(benchmark::State& state) {
  run_until(state, Until::kWritten);
}

// --- OpenSSL's own ---------------------------------------------------------------------------------------------------

pki::X509Ptr x509_of(const pki::CertificatePtr& certificate) {
  const unsigned char* at = certificate->der().data();
  return pki::X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(certificate->der().size())));
}

// The same judgement, as far as OpenSSL makes one: the chain, and every certificate of it against its issuer's list.
void openssl_cms_verify(benchmark::State& state) {
  const pki::X509StorePtr store(X509_STORE_new());
  for (const pki::CertificatePtr& anchor : material->anchors) X509_STORE_add_cert(store.get(), x509_of(anchor).get());
  for (const base::Bytes& octets : material->lists) {
    const unsigned char* at = octets.data();
    const X509CrlPtr list(d2i_X509_CRL(nullptr, &at, static_cast<long>(octets.size())));
    if (list != nullptr) X509_STORE_add_crl(store.get(), list.get());
  }
  X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  X509_STORE_set_purpose(store.get(), X509_PURPOSE_ANY);
  // OpenSSL 3.0's CMS_verify takes untrusted certificates from the document alone; chains still have to end at a root.
  for (const pki::CertificatePtr& certificate : material->intermediates) {
    if (const pki::X509Ptr one = x509_of(certificate)) X509_STORE_add_cert(store.get(), one.get());
  }
  ERR_clear_error();  // what OpenSSL does not read (ГОСТ) is not needed here
  for (auto _ : state) {
    begin_operation();
    const unsigned char* at = material->document.data();
    const CmsPtr document(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(material->document.size())));
    must(document != nullptr && CMS_verify(document.get(), nullptr, store.get(), nullptr, nullptr, CMS_BINARY) == 1,
         "CMS_verify");
  }
  state.SetItemsProcessed(state.iterations());
}

#define TANBA_BENCHMARK(function)                 \
  BENCHMARK(function)->Threads(1)->UseRealTime(); \
  BENCHMARK(function)->Threads(2)->UseRealTime()
TANBA_BENCHMARK(bare_rsa_2048_verify);
TANBA_BENCHMARK(inspected);
TANBA_BENCHMARK(inspected_and_judged);
TANBA_BENCHMARK(inspected_judged_and_written);
TANBA_BENCHMARK(openssl_cms_verify);

std::vector<Ratio> ratios() {
  std::vector<Ratio> out;
  for (const std::string threads : {"1", "2"}) {
    const std::string suffix = "/real_time/threads:" + threads;
    for (const std::string name : {"inspected", "inspected_and_judged", "inspected_judged_and_written"}) {
      out.push_back({"the bare RSA rate", name + suffix, "bare_rsa_2048_verify" + suffix});
      out.push_back({"CMS_verify", name + suffix, "openssl_cms_verify" + suffix});
    }
  }
  return out;
}

}  // namespace
}  // namespace tanba::bench

int main(int argc, char** argv) {
  constexpr int kPaths = 4;
  if (argc <= kPaths || argv[kPaths][0] == '-') {
    fmt::print(stderr, "verify_bench DOCUMENT ANCHORS INTERMEDIATES LISTS [options of Google Benchmark]\n");
    return 64;
  }
  tanba::pki::initialise_process();
  const tanba::bench::Material material(argv + 1);
  tanba::bench::material = &material;
  argv[kPaths] = argv[0];
  return tanba::bench::run_with_ratios(argc - kPaths, argv + kPaths, tanba::bench::ratios());
}
