// CMS documents of 2 KB a second: our inspection beside its bound, the bare RSA-2048 verification, and beside OpenSSL's
// CMS_verify, in the same run, on one thread and on two.
//
// CMS_verify also builds and checks the chain of three, which inspection leaves to judge; its rate without that
// (CMS_NO_SIGNER_CERT_VERIFY) is there to compare the same work.
#include <benchmark/benchmark.h>
#include <openssl/cms.h>
#include <openssl/err.h>

#include <array>

#include "bench/authority.h"
#include "bench/bare_rsa.h"
#include "bench/ratios.h"
#include "cms/inspect.h"
#include "cms/sign.h"

namespace tanba::bench {
namespace {

constexpr std::size_t kContentBytes = 2048;
constexpr std::size_t kNewSigners = 64;

struct Documents {
  Chain chain;
  Identity identity = chain.new_signer("SIGNER");
  base::Bytes attached, detached, content;
  std::vector<base::Bytes> of_new_signers;

  Documents() {
    const auto context = pki::Context::create().value();
    for (std::size_t i = 0; i < kContentBytes; ++i) content.push_back(static_cast<std::uint8_t>('a' + i % 26));
    MemorySigner signer(identity);
    const base::Time time = base::parse_time("2026-11-22T04:18:50Z").value();
    attached = cms::sign(*context, signer, content, {.signing_time = time}).value();
    detached =
        cms::sign(*context, signer, content, {.placement = cms::Placement::kDetached, .signing_time = time}).value();
    for (std::size_t i = 0; i < kNewSigners; ++i) {
      const Identity other = chain.new_signer("SIGNER " + std::to_string(i));
      MemorySigner other_signer(other);
      of_new_signers.push_back(cms::sign(*context, other_signer, content, {.signing_time = time}).value());
    }
  }
};

const Documents& documents() {
  static const Documents made;
  return made;
}

// --- ours ------------------------------------------------------------------------------------------------------------

void inspect_one(pki::Context& context, const base::Bytes& document, const cms::DetachedContent& detached) {
  base::Budget budget{base::Limits{}};
  const auto facts = cms::inspect(context, document, detached, budget);
  must(facts.has_value() && facts->errors.empty() && facts->signatures.size() == 1 &&
           facts->signatures[0].errors.empty(),
       "inspection");
}

void inspect_known_signer(benchmark::State& state) {
  const auto context = pki::Context::create().value();
  for (auto _ : state) {
    begin_operation();
    inspect_one(*context, documents().attached, {});
  }
  state.SetItemsProcessed(state.iterations());
}

void inspect_known_signer_detached(benchmark::State& state) {
  const auto context = pki::Context::create().value();
  for (auto _ : state) {
    begin_operation();
    inspect_one(*context, documents().detached, base::ByteView(documents().content));
  }
  state.SetItemsProcessed(state.iterations());
}

// Certificates and keys that the worker has not seen: its caches are too small for all of them.
void inspect_new_signer(benchmark::State& state) {
  const auto context = pki::Context::create({.max_keys = 1, .max_signatures = 1}).value();
  std::size_t next = 0;
  for (auto _ : state) {
    begin_operation();
    context->certificates() = pki::CertificateCache(1);
    inspect_one(*context, documents().of_new_signers[next++ % kNewSigners], {});
  }
  state.SetItemsProcessed(state.iterations());
}

// --- OpenSSL's own ---------------------------------------------------------------------------------------------------

using CmsPtr = std::unique_ptr<CMS_ContentInfo, pki::Deleter<CMS_ContentInfo_free>>;

void openssl_cms_verify_with(benchmark::State& state, unsigned flags) {
  const Documents& made = documents();
  const pki::X509StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), made.chain.root.certificate.get());
  X509_STORE_add_cert(store.get(), made.chain.issuing.certificate.get());
  X509_STORE_set_purpose(store.get(), X509_PURPOSE_ANY);
  for (auto _ : state) {
    begin_operation();
    const unsigned char* at = made.attached.data();
    const CmsPtr document(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(made.attached.size())));
    must(document != nullptr && CMS_verify(document.get(), nullptr, store.get(), nullptr, nullptr, flags) == 1,
         "CMS_verify");
  }
  state.SetItemsProcessed(state.iterations());
}

void openssl_cms_verify(benchmark::State& state) {
  openssl_cms_verify_with(state, CMS_BINARY);
}
void openssl_cms_verify_without_chain(benchmark::State& state) {
  openssl_cms_verify_with(state, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY);
}

// Two threads are two workers: real time, as each waits for nobody.
#define TANBA_BENCHMARK(function)                 \
  BENCHMARK(function)->Threads(1)->UseRealTime(); \
  BENCHMARK(function)->Threads(2)->UseRealTime()
TANBA_BENCHMARK(bare_rsa_2048_verify);
TANBA_BENCHMARK(inspect_known_signer);
TANBA_BENCHMARK(inspect_known_signer_detached);
TANBA_BENCHMARK(inspect_new_signer);
TANBA_BENCHMARK(openssl_cms_verify);
TANBA_BENCHMARK(openssl_cms_verify_without_chain);

std::vector<Ratio> ratios() {
  std::vector<Ratio> out;
  for (const std::string threads : {"1", "2"}) {
    const std::string suffix = "/real_time/threads:" + threads;
    for (const std::string name : {"inspect_known_signer", "inspect_known_signer_detached", "inspect_new_signer"}) {
      out.push_back({"the bare RSA rate", name + suffix, "bare_rsa_2048_verify" + suffix});
      out.push_back({"CMS_verify", name + suffix, "openssl_cms_verify" + suffix});
      out.push_back({"CMS_verify without chain", name + suffix, "openssl_cms_verify_without_chain" + suffix});
    }
  }
  return out;
}

}  // namespace
}  // namespace tanba::bench

int main(int argc, char** argv) {
  tanba::pki::initialise_process();
  static_cast<void>(tanba::bench::documents());
  return tanba::bench::run_with_ratios(argc, argv, tanba::bench::ratios());
}
