// ГОСТ 34.10-2015 with 512 bits: verifying and signing a second, by pki as the program does it (digest included where
// it says "message"), beside Nettle's bare gostdsa_verify and gostdsa_sign, and beside Debian's libengine-gost-openssl
// on the same curve, in the same run. Reading certificates is not part of it.
#define OPENSSL_SUPPRESS_DEPRECATED  // ENGINE

#include <benchmark/benchmark.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/gostdsa.h>
#include <openssl/engine.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <initializer_list>

#include "bench/ratios.h"
#include "pki/signer.h"
#include "pki/verify_signature.h"

namespace tanba::bench {
namespace {

using base::Bytes;

constexpr std::size_t kHalfBytes = 64;
constexpr std::size_t kMessageBytes = 256;  // signed attributes or a SignedInfo

template <class T>
T must(base::Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s %s\n", result.error().message().c_str(), result.error().cause().c_str());
  std::exit(1);
}
void must_be(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s: %s\n", what, pki::drain_openssl_errors().c_str());
  std::exit(1);
}

Bytes random_octets(std::size_t size) {
  Bytes octets(size);
  must_be(RAND_bytes(octets.data(), static_cast<int>(size)) == 1, "random numbers");
  return octets;
}

template <class T>
Bytes encoded(int (*encode)(const T*, unsigned char**), const T* object) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  must_be(size > 0, "encoding");
  Bytes octets(der, der + size);
  OPENSSL_free(der);
  return octets;
}

// --- ours ------------------------------------------------------------------------------------------------------------

pki::EvpPkeyPtr generate(OSSL_LIB_CTX* library) {
  const pki::EvpPkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(library, "kzgost2015-512", nullptr));
  EVP_PKEY* key = nullptr;
  must_be(maker && EVP_PKEY_keygen_init(maker.get()) == 1 && EVP_PKEY_generate(maker.get(), &key) == 1, "a key");
  return pki::EvpPkeyPtr(key);
}

pki::CertificatePtr self_signed(OSSL_LIB_CTX* library, EVP_PKEY* key) {
  const pki::X509Ptr certificate(X509_new_ex(library, nullptr));
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  must_be(X509_set_pubkey(certificate.get(), key) == 1 && X509_sign(certificate.get(), key, nullptr) > 0,
          "a certificate");
  return must(pki::Certificate::parse(encoded<X509>(i2d_X509, certificate.get())));
}

struct Ours {
  std::unique_ptr<pki::Context> context = must(pki::Context::create());
  pki::EvpPkeyPtr key = generate(context->library());
  pki::CertificatePtr certificate = self_signed(context->library(), key.get());
  std::unique_ptr<pki::Signer> signer;
  Bytes message = random_octets(kMessageBytes);
  pki::SignatureAlgorithm algorithm = pki::algorithms_for(certificate->key()).front();
  Bytes digest = must(pki::compute_digest(*context, algorithm.digest, message));
  Bytes signature;

  Ours() {
    const base::Secret pkcs8(base::ByteView(encoded<EVP_PKEY>(i2d_PrivateKey, key.get())));
    signer = must(pki::make_key_signer(*context, certificate, pkcs8));
    signature = must(signer->sign(algorithm, message));
  }
};
Ours& ours() {
  static Ours made;
  return made;
}

void verify_digest() {
  Ours& o = ours();
  must_be(
      pki::verify_digest_signature(*o.context, o.certificate->key(), o.algorithm, o.digest, o.signature).has_value(),
      "verify");
}
void verify_message() {
  Ours& o = ours();
  must_be(pki::verify_signature(*o.context, o.certificate->key(), o.algorithm, o.message, o.signature).has_value(),
          "verify");
}
void sign_message() {
  Ours& o = ours();
  benchmark::DoNotOptimize(must(o.signer->sign(o.algorithm, o.message)));
}

// --- Nettle's bare operations ----------------------------------------------------------------------------------------

void draw(void*, std::size_t size, std::uint8_t* octets) {
  must_be(RAND_priv_bytes(octets, static_cast<int>(size)) == 1, "random numbers");
}

struct Nettle {
  ecc_scalar key;
  ecc_point point;
  dsa_signature signature;
  Bytes digest = random_octets(kHalfBytes);

  Nettle() {
    const ecc_curve* curve = nettle_get_gost_gc512a();
    ecc_scalar_init(&key, curve);
    ecc_point_init(&point, curve);
    dsa_signature_init(&signature);
    ecc_scalar_random(&key, nullptr, draw);
    ecc_point_mul_g(&point, &key);
    gostdsa_sign(&key, nullptr, draw, digest.size(), digest.data(), &signature);
  }
  ~Nettle() {
    dsa_signature_clear(&signature);
    ecc_point_clear(&point);
    ecc_scalar_clear(&key);
  }
  Nettle(const Nettle&) = delete;
  Nettle& operator=(const Nettle&) = delete;
};
Nettle& nettle() {
  static Nettle made;
  return made;
}

void bare_verify() {
  Nettle& n = nettle();
  must_be(gostdsa_verify(&n.point, n.digest.size(), n.digest.data(), &n.signature) == 1, "gostdsa_verify");
}
void bare_sign() {
  Nettle& n = nettle();
  gostdsa_sign(&n.key, nullptr, draw, n.digest.size(), n.digest.data(), &n.signature);
}

// --- Debian's engine -------------------------------------------------------------------------------------------------

// tc26 parameter set A of 512 bits, the same curve under its Russian name, in OpenSSL's default library context.
struct Engine {
  ENGINE* engine = nullptr;
  pki::EvpPkeyPtr key;
  Bytes digest = random_octets(kHalfBytes);
  Bytes signature = Bytes(2 * kHalfBytes);

  Engine() {
    engine = ENGINE_by_id("gost");
    if (engine == nullptr || ENGINE_init(engine) != 1) {
      static_cast<void>(pki::drain_openssl_errors());
      return;
    }
    ENGINE_set_default_pkey_asn1_meths(engine);  // a key of its kind cannot be made otherwise
    const pki::EvpPkeyCtxPtr maker(EVP_PKEY_CTX_new_id(NID_id_GostR3410_2012_512, engine));
    EVP_PKEY* made = nullptr;
    must_be(maker && EVP_PKEY_keygen_init(maker.get()) == 1 &&
                EVP_PKEY_CTX_ctrl_str(maker.get(), "paramset", "A") == 1 && EVP_PKEY_keygen(maker.get(), &made) == 1,
            "the engine's key");
    key.reset(made);
    sign();
  }
  [[nodiscard]] bool is_there() const { return key != nullptr; }
  void sign() {
    const pki::EvpPkeyCtxPtr signing(EVP_PKEY_CTX_new(key.get(), engine));
    std::size_t size = signature.size();
    must_be(EVP_PKEY_sign_init(signing.get()) == 1 &&
                EVP_PKEY_sign(signing.get(), signature.data(), &size, digest.data(), digest.size()) == 1,
            "the engine's signature");
  }
};
Engine& engine() {
  static Engine made;
  return made;
}

void engine_verify() {
  Engine& e = engine();
  const pki::EvpPkeyCtxPtr verifying(EVP_PKEY_CTX_new(e.key.get(), e.engine));
  must_be(EVP_PKEY_verify_init(verifying.get()) == 1 &&
              EVP_PKEY_verify(verifying.get(), e.signature.data(), e.signature.size(), e.digest.data(),
                              e.digest.size()) == 1,
          "the engine's verification");
}
void engine_sign() {
  engine().sign();
}

// --- measuring -------------------------------------------------------------------------------------------------------

using Operation = void (*)();

template <Operation operation>
void repeatedly(benchmark::State& state) {
  operation();  // what is made once
  for (auto _ : state) {
    begin_operation();
    operation();
  }
  state.SetItemsProcessed(state.iterations());
}

double thread_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// One of each in turn: whatever else the machine does falls on all of them alike. Medians of the thread's own time.
void compare_in_turn(const char* what, Operation tanba,
                     std::initializer_list<std::pair<const char*, Operation>> others) {
  constexpr std::size_t kRounds = 4001;
  std::vector<Operation> operations = {tanba};
  for (const auto& other : others) operations.push_back(other.second);
  std::vector<std::vector<double>> taken(operations.size());
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const double start = thread_microseconds();
      operations[i]();
      taken[i].push_back(thread_microseconds() - start);
    }
  }
  const auto median = [](std::vector<double>& times) {
    std::ranges::nth_element(times, times.begin() + kRounds / 2);
    return times[kRounds / 2];
  };
  const double own = median(taken[0]);
  fmt::print("{:<24} {:>7.1f} us", what, own);
  std::size_t at = 0;
  for (const auto& other : others) {
    const double bound = median(taken[++at]);
    fmt::print(";  {:.2f} x {} ({:.1f} us)", bound / own, other.first, bound);
  }
  fmt::print("\n");
}

}  // namespace
}  // namespace tanba::bench

int main(int argc, char** argv) {
  using namespace tanba::bench;
  tanba::pki::initialise_process();
  // Keys in OpenSSL's default context first: ours becomes the thread's default.
  const bool with_engine = engine().is_there();
  if (!with_engine) std::fputs("libengine-gost-openssl is not there: not compared\n", stderr);
  benchmark::RegisterBenchmark("bare_gostdsa_verify", repeatedly<bare_verify>);
  benchmark::RegisterBenchmark("tanba_verify_digest", repeatedly<verify_digest>);
  benchmark::RegisterBenchmark("tanba_verify_message", repeatedly<verify_message>);
  if (with_engine) benchmark::RegisterBenchmark("engine_verify", repeatedly<engine_verify>);
  benchmark::RegisterBenchmark("bare_gostdsa_sign", repeatedly<bare_sign>);
  benchmark::RegisterBenchmark("tanba_sign_message", repeatedly<sign_message>);
  if (with_engine) benchmark::RegisterBenchmark("engine_sign", repeatedly<engine_sign>);
  const char* const nettle_rate = "Nettle's bare rate";
  const char* const engine_rate = "libengine-gost-openssl";
  const int status = run_with_ratios(argc, argv,
                                     {{nettle_rate, "tanba_verify_digest", "bare_gostdsa_verify"},
                                      {nettle_rate, "tanba_verify_message", "bare_gostdsa_verify"},
                                      {engine_rate, "tanba_verify_digest", "engine_verify"},
                                      {nettle_rate, "tanba_sign_message", "bare_gostdsa_sign"},
                                      {engine_rate, "tanba_sign_message", "engine_sign"}});
  if (status != 0) return status;
  fmt::print("\nin turn, one call each, by the thread's own time:\n");
  if (with_engine) {
    compare_in_turn("verifying a digest", verify_digest, {{nettle_rate, bare_verify}, {engine_rate, engine_verify}});
    compare_in_turn("verifying a message", verify_message, {{nettle_rate, bare_verify}, {engine_rate, engine_verify}});
    compare_in_turn("signing a message", sign_message, {{nettle_rate, bare_sign}, {engine_rate, engine_sign}});
  } else {
    compare_in_turn("verifying a digest", verify_digest, {{nettle_rate, bare_verify}});
    compare_in_turn("verifying a message", verify_message, {{nettle_rate, bare_verify}});
    compare_in_turn("signing a message", sign_message, {{nettle_rate, bare_sign}});
  }
  return 0;
}
