// RSA-2048 signatures a second on a token (SoftHSM2): ours, found, hashed and checked, beside the module's bare C_Sign
// in the same run, on one thread and on two.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bench/ratios.h"
#include "pki/context.h"
#include "tokens/cryptoki.h"
#include "tokens/token_setup.h"
#include "tokens/token_signer.h"

namespace tanba::bench {
namespace {

constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

template <class T>
T must(base::Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s %s\n", result.error().message().c_str(), result.error().cause().c_str());
  std::exit(1);
}

void must_be_ok(CK_RV rv, const char* call) {
  if (rv == CKR_OK) return;
  std::fprintf(stderr, "%s: %s\n", call, tokens::rv_name(rv).c_str());
  std::exit(1);
}

// A token of this run alone, with one key.
class TestToken {
 public:
  TestToken() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tanba-bench-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(folder_ / "tokens");
    std::ofstream(folder_ / "softhsm2.conf") << "directories.tokendir = " << (folder_ / "tokens").string()
                                             << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (folder_ / "softhsm2.conf").c_str(), 1);  // NOLINT(concurrency-mt-unsafe): no thread yet
    module_ = must(tokens::Module::load(kModule));
    const auto slots = must(module_->tokens());
    const tokens::TokenInfo info = must(tokens::initialise_token(
        *module_, slots.front().slot, {"bench", base::Secret(std::string_view("12345678")), pin()},
        tokens::Reinitialise::kRefuse));
    token_ = std::make_shared<tokens::Token>(module_, uri_of(info));
    if (!token_->connect() || !token_->log_in(pin())) std::exit(1);
    key_ = must(tokens::generate_rsa_key(token_, {"bench", {1}}, 2048));
    slot_ = must(token_->info()).slot;
  }
  ~TestToken() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] tokens::TokenKey& key() const { return *key_; }
  [[nodiscard]] const CK_FUNCTION_LIST& functions() const { return module_->functions(); }
  [[nodiscard]] CK_SLOT_ID slot() const { return slot_; }

 private:
  static base::Secret pin() { return base::Secret(std::string_view("314159")); }
  std::filesystem::path folder_;
  std::shared_ptr<tokens::Module> module_;
  std::shared_ptr<tokens::Token> token_;
  std::shared_ptr<tokens::TokenKey> key_;
  CK_SLOT_ID slot_ = 0;
};

const TestToken& test_token() {
  static const TestToken made;
  return made;
}

void token_key_sign(benchmark::State& state) {
  const base::Bytes message(256, 'm');  // a SignedInfo or signed attributes
  const pki::SignatureAlgorithm algorithm;
  for (auto _ : state) {
    begin_operation();
    benchmark::DoNotOptimize(must(test_token().key().sign(algorithm, message)));
  }
  state.SetItemsProcessed(state.iterations());
}

// One session and one handle, kept: nothing but C_SignInit and C_Sign over a DigestInfo.
void bare_c_sign(benchmark::State& state) {
  const CK_FUNCTION_LIST& functions = test_token().functions();
  CK_SESSION_HANDLE session = 0;
  must_be_ok(functions.C_OpenSession(test_token().slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &session),
             "C_OpenSession");
  tokens::AttributeTemplate search;
  search.add_number(CKA_CLASS, CKO_PRIVATE_KEY);
  const CK_OBJECT_HANDLE key = must(tokens::find_objects(functions, session, search)).front();
  std::array<unsigned char, 51> digest_info{0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                            0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
  CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
  for (auto _ : state) {
    begin_operation();
    std::array<unsigned char, 256> signature;
    CK_ULONG size = signature.size();
    must_be_ok(functions.C_SignInit(session, &mechanism, key), "C_SignInit");
    must_be_ok(functions.C_Sign(session, digest_info.data(), digest_info.size(), signature.data(), &size), "C_Sign");
  }
  functions.C_CloseSession(session);
  state.SetItemsProcessed(state.iterations());
}

#define TANBA_BENCHMARK(function)                 \
  BENCHMARK(function)->Threads(1)->UseRealTime(); \
  BENCHMARK(function)->Threads(2)->UseRealTime()
TANBA_BENCHMARK(bare_c_sign);
TANBA_BENCHMARK(token_key_sign);

}  // namespace
}  // namespace tanba::bench

int main(int argc, char** argv) {
  tanba::pki::initialise_process();
  static_cast<void>(tanba::bench::test_token());
  std::vector<tanba::bench::Ratio> ratios;
  for (const std::string threads : {"1", "2"}) {
    const std::string suffix = "/real_time/threads:" + threads;
    ratios.push_back({"the raw C_Sign rate", "token_key_sign" + suffix, "bare_c_sign" + suffix});
  }
  return tanba::bench::run_with_ratios(argc, argv, std::move(ratios));
}
