// Sixteen threads, each with its own library context, as Tanba's workers have them; run under ThreadSanitizer too.
#include <atomic>
#include <latch>
#include <thread>

#include "pki/kzgost/test_support.h"

namespace tanba::pki::kzgost {
namespace {

using test::Bytes;
using test::Library;

constexpr int kThreads = 16;

int work() {
  const Library library;
  int good = 0;
  for (const KeyType type : kKeyTypes) {
    const test::PkeyPtr key = test::generate(library, type);
    const Bytes message = test::random_octets(200);
    const Bytes signature = test::sign_message(key.get(), message);
    const test::PkeyPtr other =
        test::import_key(library, type, test::octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY), {});
    if (test::verify_message(other.get(), message, signature)) ++good;
    const EVP_MD* table =
        EVP_get_digestbyname(digest_rows()[static_cast<std::size_t>(row(type).digest)].names.short_name);
    Bytes digest(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    if (EVP_Digest(message.data(), message.size(), digest.data(), &size, table, nullptr) == 1) ++good;
  }
  return good;
}

TEST(Threads, WorkApartInTheirOwnContexts) {
  ASSERT_TRUE(register_process().has_value());
  std::latch start(kThreads);
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int round = 0; round < 3; ++round) good += work();
      OPENSSL_thread_stop();
    });
  }
  threads.clear();
  EXPECT_EQ(good, kThreads * 3 * 6);
}

// One context and one key for all: slower, and as right.
TEST(Threads, MayShareAContextAndAKey) {
  const Library library;
  const test::PkeyPtr key = test::generate(library, KeyType::k2015_256);
  const Bytes message = test::random_octets(50);
  std::latch start(kThreads);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        OSSL_LIB_CTX* previous = OSSL_LIB_CTX_set0_default(library.get());
        start.arrive_and_wait();
        for (int round = 0; round < 5; ++round) {
          if (test::verify_message(key.get(), message, test::sign_message(key.get(), message))) ++good;
        }
        OSSL_LIB_CTX_set0_default(previous);
        OPENSSL_thread_stop_ex(library.get());
        OPENSSL_thread_stop();
      });
    }
  }
  EXPECT_EQ(good, kThreads * 5);
}

}  // namespace
}  // namespace tanba::pki::kzgost
