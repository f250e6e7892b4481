// Certification paths a second: a signer that is known, and new signers under a known authority, beside the bare
// RSA-2048 verification and OpenSSL's X509_verify_cert in the same run; on one thread and on two.
#include <benchmark/benchmark.h>
#include <openssl/param_build.h>

#include <memory>

#include "base/limits.h"
#include "bench/authority.h"
#include "bench/bare_rsa.h"
#include "bench/ratios.h"
#include "pki/context.h"
#include "pki/path.h"

namespace tanba::bench {
namespace {

constexpr int kNewSigners = 4000;  // for each thread; every one is met once
constexpr int kThreads = 2;

template <class T>
T must_have(base::Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s %s\n", result.error().message().c_str(), result.error().cause().c_str());
  std::exit(1);
}

// A public key like any other, whose modulus is no product of two primes: nobody signs with it here, and making
// thousands of real ones would take minutes.
pki::EvpPkeyPtr some_public_key() {
  using BignumPtr = std::unique_ptr<BIGNUM, pki::Deleter<BN_free>>;
  const BignumPtr modulus(BN_new()), exponent(BN_new());
  BN_rand(modulus.get(), 2048, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
  BN_set_word(exponent.get(), 65537);
  const std::unique_ptr<OSSL_PARAM_BLD, pki::Deleter<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), "n", modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), "e", exponent.get());
  const std::unique_ptr<OSSL_PARAM, pki::Deleter<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const pki::EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  must(EVP_PKEY_fromdata_init(context.get()) == 1 &&
           EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1,
       "public key");
  return pki::EvpPkeyPtr(key);
}

struct Authority {
  Chain chain;
  Identity pattern = chain.new_signer("PATTERN");
  std::vector<base::Bytes> signers;
  pki::CertificatePtr issuing = must_have(pki::Certificate::parse(chain.issuing.der()));
  pki::TrustSnapshotPtr trust =
      pki::TrustSnapshot::make({{.certificate = must_have(pki::Certificate::parse(chain.root.der())),
                                 .purposes = pki::TrustPurposes::all(),
                                 .trusted_from = {},
                                 .trusted_until = {}}},
                               {issuing});

  Authority() {
    for (int i = 0; i < kThreads * kNewSigners; ++i) {
      const pki::X509Ptr certificate(X509_dup(pattern.certificate.get()));
      ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1'000'000 + i);
      must(X509_set_pubkey(certificate.get(), some_public_key().get()) == 1, "key");
      must(X509_sign(certificate.get(), chain.issuing.key.get(), EVP_sha256()) > 0, "certificate");
      Identity made{pki::X509Ptr(X509_dup(certificate.get())), nullptr};
      signers.push_back(made.der());
    }
  }
};

// Made by main, before there is a pki::Context: what OpenSSL makes belongs to the library context of its thread, and
// would not outlive that one.
const Authority& authority() {
  static const Authority made;
  return made;
}

std::size_t paths_of(pki::Context& context, pki::PathCache& cache, const pki::CertificatePtr& leaf) {
  const base::Time now = std::chrono::time_point_cast<base::Seconds>(std::chrono::system_clock::now());
  const pki::PathQuery query{.leaf = leaf, .trust = authority().trust, .candidates = {}, .at = now};
  base::Budget budget{base::Limits{}};
  auto found = find_paths(context, &cache, query, budget);
  must(found && !found->valid.empty(), "a path");
  return found->valid.size();
}

void known_signer(benchmark::State& state) {
  auto context = must_have(pki::Context::create());
  pki::PathCache cache;
  const auto leaf = must_have(pki::Certificate::parse(authority().signers.front()));
  for (auto _ : state) {
    begin_operation();
    benchmark::DoNotOptimize(paths_of(*context, cache, leaf));
  }
  state.SetItemsProcessed(state.iterations());
}

// From the certificate's octets to its path.
void new_signer(benchmark::State& state) {
  auto context = must_have(pki::Context::create());
  pki::PathCache cache;
  paths_of(*context, cache, must_have(pki::Certificate::parse(authority().pattern.der())));  // the authority is known
  auto next = static_cast<std::size_t>(state.thread_index()) * kNewSigners;
  for (auto _ : state) {
    begin_operation();
    benchmark::DoNotOptimize(
        paths_of(*context, cache, must_have(pki::Certificate::parse(authority().signers[next++]))));
  }
  state.SetItemsProcessed(state.iterations());
}

// OpenSSL with the authority ready in its store; what it knows of a certificate it keeps in the object.
class OpensslPaths {
 public:
  OpensslPaths() : store_(X509_STORE_new()) {
    X509_STORE_add_cert(store_.get(), authority().chain.root.certificate.get());
    X509_STORE_add_cert(store_.get(), authority().chain.issuing.certificate.get());
  }
  void verify(X509* leaf) const {
    const pki::X509StoreCtxPtr context(X509_STORE_CTX_new());
    must(X509_STORE_CTX_init(context.get(), store_.get(), leaf, nullptr) == 1 && X509_verify_cert(context.get()) == 1,
         "X509_verify_cert");
  }
  static pki::X509Ptr read(const base::Bytes& der) {
    const unsigned char* at = der.data();
    return pki::X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  }

 private:
  pki::X509StorePtr store_;
};

void openssl_known_signer(benchmark::State& state) {
  const OpensslPaths paths;
  const pki::X509Ptr leaf = OpensslPaths::read(authority().signers.front());
  for (auto _ : state) {
    begin_operation();
    paths.verify(leaf.get());
  }
  state.SetItemsProcessed(state.iterations());
}

void openssl_new_signer(benchmark::State& state) {
  const OpensslPaths paths;
  auto next = static_cast<std::size_t>(state.thread_index()) * kNewSigners;
  for (auto _ : state) {
    begin_operation();
    paths.verify(OpensslPaths::read(authority().signers[next++]).get());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(bare_rsa_2048_verify)->Threads(1)->UseRealTime();
BENCHMARK(bare_rsa_2048_verify)->Threads(2)->UseRealTime();
BENCHMARK(known_signer)->Threads(1)->UseRealTime();
BENCHMARK(known_signer)->Threads(2)->UseRealTime();
BENCHMARK(new_signer)->Iterations(kNewSigners)->Threads(1)->UseRealTime();
BENCHMARK(new_signer)->Iterations(kNewSigners)->Threads(2)->UseRealTime();
BENCHMARK(openssl_known_signer)->Threads(1)->UseRealTime();
BENCHMARK(openssl_known_signer)->Threads(2)->UseRealTime();
BENCHMARK(openssl_new_signer)->Iterations(kNewSigners)->Threads(1)->UseRealTime();
BENCHMARK(openssl_new_signer)->Iterations(kNewSigners)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace tanba::bench

int main(int argc, char** argv) {
  tanba::pki::initialise_process();
  static_cast<void>(tanba::bench::authority());
  const std::string bare = "the bare RSA verification";
  std::vector<tanba::bench::Ratio> ratios;
  for (const std::string threads : {"1", "2"}) {
    const std::string suffix = "/real_time/threads:" + threads;
    for (const std::string name : {"known_signer", "new_signer/iterations:4000"}) {
      ratios.push_back({bare, name + suffix, "bare_rsa_2048_verify" + suffix});
      ratios.push_back({"X509_verify_cert", name + suffix, "openssl_" + name + suffix});
    }
  }
  return tanba::bench::run_with_ratios(argc, argv, std::move(ratios));
}
