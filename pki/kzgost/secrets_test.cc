// Secrets: nonces are what the private generator gives, and keys and nonces are nowhere once they are let go.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "pki/kzgost/curve.h"
#include "pki/kzgost/key.h"
#include "pki/kzgost/memory_search.h"
#include "pki/kzgost/test_support.h"

namespace tanba::pki::kzgost {
namespace {

using test::Bytes;
using test::ByteView;
using test::Library;
using test::MemorySearch;

// --- numbers ---------------------------------------------------------------------------------------------------------

using NumberPtr = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;

NumberPtr number(ByteView little_endian) {
  return NumberPtr(BN_lebin2bn(little_endian.data(), static_cast<int>(little_endian.size()), nullptr));
}
NumberPtr number(std::string_view hex) {
  BIGNUM* made = nullptr;
  EXPECT_NE(BN_hex2bn(&made, std::string(hex).c_str()), 0);
  return NumberPtr(made);
}
Bytes octets_of(const BIGNUM* value, std::size_t size) {
  Bytes octets(size);
  EXPECT_GE(BN_bn2lebinpad(value, octets.data(), static_cast<int>(size)), 0);
  return octets;
}
Bytes joined(ByteView a, ByteView b) {
  Bytes both(a.begin(), a.end());
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

// RFC 4357 11.4, RFC 7836 A.2, A.1.
std::string_view order_hex(KeyType type) {
  switch (type) {
    case KeyType::k2004:
      return "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893";
    case KeyType::k2015_256:
      return "400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67";
    case KeyType::k2015_512:
      break;
  }
  return "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
         "27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275";
}

// --- a generator that gives what it is told --------------------------------------------------------------------------

// A library context whose private generator, in this thread, gives these octets and then no more (OpenSSL's TEST-RAND).
// OpenSSL's ladder draws numbers of the field's length too, to blind coordinates.
class ScriptedLibrary {
 public:
  ScriptedLibrary() : library_(OSSL_LIB_CTX_new()) {
    default_.reset(OSSL_PROVIDER_load(library_.get(), "default"));
    EXPECT_EQ(RAND_set_DRBG_type(library_.get(), "TEST-RAND", nullptr, nullptr, nullptr), 1);
  }
  [[nodiscard]] OSSL_LIB_CTX* get() const { return library_.get(); }
  void give(ByteView octets) const {
    EVP_RAND_CTX* generator = RAND_get0_private(library_.get());
    ASSERT_NE(generator, nullptr);
    unsigned strength = 256;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, const_cast<std::uint8_t*>(octets.data()),
                                          octets.size()),
        OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength), OSSL_PARAM_construct_end()};
    ASSERT_EQ(EVP_RAND_CTX_set_params(generator, parameters), 1);
  }

 private:
  LibCtxPtr library_;
  test::ProviderPtr default_;
};

class Scripted : public ::testing::TestWithParam<KeyType> {
 protected:
  Scripted() : order_(number(order_hex(GetParam()))) {
    auto curve = Curve::create(GetParam(), library_.get());
    auto plain = Curve::create(GetParam(), nullptr);
    EXPECT_TRUE(curve && plain);
    curve_ = *std::move(curve);
    plain_ = *std::move(plain);
  }
  // One number, then another as often as anything asks.
  void give(const Bytes& first, const Bytes& then) const {
    Bytes octets = first;
    for (int i = 0; i < 16; ++i) octets = joined(octets, then);
    library_.give(octets);
  }
  void give(const Bytes& number) const { give(number, number); }
  void give_too_little() const { library_.give(Bytes(size() - 1, 1)); }
  [[nodiscard]] std::size_t size() const { return curve_->row().field_bytes(); }
  [[nodiscard]] Bytes order() const { return octets_of(order_.get(), size()); }
  // Below every order.
  [[nodiscard]] Bytes scalar() const {
    Bytes drawn = test::random_octets(size());
    drawn.back() &= 0x3f;
    return drawn;
  }
  // x of k·P modulo q.
  [[nodiscard]] Bytes r_of(const Bytes& nonce) const {
    const auto point = plain_->derive(nonce);
    EXPECT_TRUE(point.has_value());
    const NumberPtr x = number(point->view().first(size()));
    const BnCtxPtr context(BN_CTX_new());
    EXPECT_EQ(BN_nnmod(x.get(), x.get(), order_.get(), context.get()), 1);
    return octets_of(x.get(), size());
  }
  // The digest with which this nonce gives this s: s = r·d + k·e, so that e = (s - r·d)/k.
  [[nodiscard]] Bytes digest_for(const Bytes& private_key, const Bytes& nonce, BN_ULONG s) const {
    const BnCtxPtr context(BN_CTX_new());
    const NumberPtr e = number(nonce), r = number(r_of(nonce)), d = number(private_key), difference(BN_new());
    EXPECT_EQ(BN_set_word(difference.get(), s), 1);
    EXPECT_EQ(BN_mod_mul(r.get(), r.get(), d.get(), order_.get(), context.get()), 1);
    EXPECT_EQ(BN_mod_sub(difference.get(), difference.get(), r.get(), order_.get(), context.get()), 1);
    EXPECT_NE(BN_mod_inverse(e.get(), e.get(), order_.get(), context.get()), nullptr);
    EXPECT_EQ(BN_mod_mul(e.get(), e.get(), difference.get(), order_.get(), context.get()), 1);
    return octets_of(e.get(), size());
  }
  [[nodiscard]] Bytes r_of_signature(const Bytes& private_key, const Bytes& digest) const {
    const auto signature = curve_->sign(private_key, digest);
    EXPECT_TRUE(signature.has_value());
    if (!signature) return {};
    const auto point = plain_->point(plain_->derive(private_key)->view());
    EXPECT_TRUE(plain_->verify(*point, digest, signature->view()).has_value());
    return base::to_bytes(signature->view().first(size()));
  }

  const ScriptedLibrary library_;
  const NumberPtr order_;
  std::unique_ptr<Curve> curve_;
  std::unique_ptr<Curve> plain_;  // with OpenSSL's own generator
};

// --- where nonces come from ------------------------------------------------------------------------------------------

TEST_P(Scripted, NoncesAreWhatThePrivateGeneratorGives) {
  const Bytes private_key = scalar(), digest = scalar(), first = scalar(), second = scalar();
  give(first, scalar());
  EXPECT_EQ(r_of_signature(private_key, digest), r_of(first));
  give(second, scalar());
  EXPECT_EQ(r_of_signature(private_key, digest), r_of(second));
  give_too_little();
  const auto none_left = curve_->sign(private_key, digest);
  ASSERT_FALSE(none_left.has_value());
  EXPECT_EQ(none_left.error(), Reason::kRandom);
}

TEST_P(Scripted, PrivateKeysAreToo) {
  const Bytes given = scalar();
  give(given, scalar());
  Key key(*curve_);
  ASSERT_TRUE(key.generate().has_value());
  EXPECT_EQ(base::to_bytes(key.material()->private_key.octets()), given);
  give_too_little();
  Key other(*curve_);
  EXPECT_EQ(other.generate().error(), Reason::kRandom);
  EXPECT_FALSE(other.has_public());
}

// Not reduced, which would prefer small numbers: zero, q and what is above it are thrown away.
TEST_P(Scripted, NumbersOutOfRangeAreDrawnAgain) {
  Bytes above = order();
  above[0] |= 0x80;
  const Bytes wanted = scalar();
  library_.give(joined(joined(Bytes(size(), 0), order()), joined(above, wanted)));
  FixedOctets<kMaxFieldBytes> drawn(size());
  ASSERT_TRUE(curve_->random_scalar(drawn.span()).has_value());
  EXPECT_EQ(base::to_bytes(drawn.view()), wanted);
}

// RFC 7091 6.1, step 5: "If s = 0, return to Step 3", which draws another k.
TEST_P(Scripted, NoSignatureWithoutS) {
  const Bytes private_key = scalar(), useless = scalar(), useful = scalar();
  const Bytes digest = digest_for(private_key, useless, 0);
  give(useless, useful);
  EXPECT_EQ(r_of_signature(private_key, digest), r_of(useful));
  give(useless);
  EXPECT_FALSE(curve_->sign(private_key, digest).has_value());
}

// RFC 7091 6.2, step 1: s + q is not below q. It has the field's length only where s is small, which no chance brings.
TEST_P(Scripted, ASmallSHasNoOtherSpelling) {
  const Bytes private_key = scalar(), nonce = scalar();
  const Bytes digest = digest_for(private_key, nonce, 5);
  give(nonce);
  const auto signature = curve_->sign(private_key, digest);
  ASSERT_TRUE(signature.has_value());
  Bytes small(size(), 0);
  small[0] = 5;
  const Bytes r = r_of(nonce);
  ASSERT_EQ(base::to_bytes(signature->view()), joined(r, small));
  const auto point = plain_->point(plain_->derive(private_key)->view());
  EXPECT_TRUE(curve_->verify(*point, digest, joined(r, small)).has_value());
  Bytes shifted = order();
  ASSERT_LE(shifted[0], 0xff - 5);
  shifted[0] = static_cast<std::uint8_t>(shifted[0] + 5);
  const auto verified = curve_->verify(*point, digest, joined(r, shifted));
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error(), Reason::kSignatureRange);
}

// RFC 9215 A.2: the one published example on a curve of Kazakhstan's. Russia writes s‖r, most significant octet first.
TEST(Rfc9215, SignsAsInItsExampleAndVerifiesIt) {
  const Bytes tbs = test::from_hex(
      "3081d3a00302010202010a300a06082a8503070101030230123110300e060355040313074578616d706c653020170d303130313031303030"
      "30"
      "30305a180f32303530313233313030303030305a30123110300e060355040313074578616d706c65305e301706082a85030701010101300b"
      "06"
      "092a85030701020101010343000440742795d4bee884ddf2850fec03ea3faf1844e01d9da60b645093a55e26dfc39978f596cf4d4d0c6cf1"
      "d1"
      "8943d94493d16b9ec0a16d512d2e127cc4691a6318e2a3133011300f0603551d130101ff040530030101ff");
  const Bytes point = test::from_hex(
      "742795d4bee884ddf2850fec03ea3faf1844e01d9da60b645093a55e26dfc399"
      "78f596cf4d4d0c6cf1d18943d94493d16b9ec0a16d512d2e127cc4691a6318e2");
  const Bytes russian = test::from_hex(
      "140b4da9124b09cb0d5ce928ee874273a310129492ec0e29369e3b791248578c"
      "1d0e1da5be347c6f1b5256c7aeac200ad64ac77a6f5b3a0e097318e7ae6ee769");
  const Bytes signature(russian.rbegin(), russian.rend());
  const Library library;
  const test::PkeyPtr key = test::import_key(library, KeyType::k2015_256, point, {});
  ASSERT_TRUE(key);
  EXPECT_TRUE(test::verify_message(key.get(), tbs, signature));
  EXPECT_FALSE(test::verify_message(key.get(), tbs, russian));

  const ScriptedLibrary scripted;
  const auto curve = Curve::create(KeyType::k2015_256, scripted.get());
  ASSERT_TRUE(curve.has_value());
  const NumberPtr d = number("3A929ADE789BB9BE10ED359DD39A72C10B87C83F80BE18B85C041F4325B62EC1");
  const NumberPtr k = number("27105C9B20BCD3122823C8CF6FCC7B956DE33814E95B7FE64FED924594DCEAB3");
  const NumberPtr e = number("34EB651E077CC74FB545216985891AFB4F8FFC0D035D1A7AA3E12589F0537403");
  const Bytes octets = octets_of(k.get(), 32);
  scripted.give(joined(joined(octets, octets), joined(octets, octets)));
  EXPECT_EQ(base::to_bytes((*curve)->derive(octets_of(d.get(), 32))->view()), point);
  scripted.give(joined(joined(octets, octets), joined(octets, octets)));
  const auto signed_again = (*curve)->sign(octets_of(d.get(), 32), octets_of(e.get(), 32));
  ASSERT_TRUE(signed_again.has_value());
  EXPECT_EQ(base::to_bytes(signed_again->view()), signature);
}

// --- where secrets are afterwards ------------------------------------------------------------------------------------

TEST(Secrets, TheSearchFindsWhatIsLeftBehind) {
  const Bytes secret = test::random_octets(32);
  MemorySearch search;
  search.add_number(secret);
  search.watch([&] {
    const Bytes copy = secret;
    const Bytes turned(secret.rbegin(), secret.rend());
    OPENSSL_free(OPENSSL_memdup(secret.data(), secret.size()));
    OPENSSL_clear_free(OPENSSL_memdup(secret.data(), secret.size()), secret.size());
  });
  EXPECT_EQ(search.found(), 3);
  EXPECT_EQ(search.blocks(), 4);
}

TEST_P(Scripted, KeysAndNoncesAreWiped) {
  const Bytes private_key = scalar(), nonce = scalar(), digest = scalar();
  give(private_key, nonce);
  MemorySearch search;
  search.add_number(private_key);
  search.add_number(nonce);
  search.watch([&] {
    auto key = std::make_unique<Key>(*curve_);
    EXPECT_TRUE(key->generate().has_value());
    Key shared(*curve_);
    shared.share(*key);
    key.reset();
    EXPECT_TRUE(shared.check_pair().has_value());
    EXPECT_TRUE(curve_->sign(shared.material()->private_key.octets(), digest).has_value());
  });
  EXPECT_EQ(search.found(), 0);
  EXPECT_GT(search.blocks(), 3);
}

// Calls from far below: what ends a thread runs on its stack too, and would cover what the call left.
void call_deep(const std::function<void()>& work) {
  std::array<volatile std::uint8_t, 1U << 17> room{};
  work();
  room.front() = room.back();
}

// A thread's stack, which stays when the thread has ended.
class OwnStack {
 public:
  OwnStack() : memory_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    EXPECT_NE(memory_, MAP_FAILED);
  }
  ~OwnStack() { munmap(memory_, kBytes); }
  OwnStack(const OwnStack&) = delete;
  OwnStack& operator=(const OwnStack&) = delete;

  void run(const std::function<void()>& work) {
    pthread_attr_t attributes;
    ASSERT_EQ(pthread_attr_init(&attributes), 0);
    ASSERT_EQ(pthread_attr_setstack(&attributes, memory_, kBytes), 0);
    const auto call = [](void* argument) -> void* {
      call_deep(*static_cast<const std::function<void()>*>(argument));
      return nullptr;
    };
    pthread_t thread{};
    ASSERT_EQ(pthread_create(&thread, &attributes, call, const_cast<std::function<void()>*>(&work)), 0);
    EXPECT_EQ(pthread_join(thread, nullptr), 0);
    pthread_attr_destroy(&attributes);
  }
  [[nodiscard]] bool has(const MemorySearch& search) const { return search.is_in(memory_, kBytes); }

 private:
  static constexpr std::size_t kBytes = 4U << 20;  // sanitizers take more than others
  void* memory_;
};

TEST(Secrets, AnOwnStackShowsWhatIsLeftThere) {
  const Bytes secret = test::random_octets(32);
  MemorySearch search;
  search.add_number(secret);
  OwnStack stack;
  EXPECT_FALSE(stack.has(search));
  stack.run([&] {
    std::array<volatile std::uint8_t, 32> copy{};
    std::ranges::copy(secret, copy.begin());
  });
  EXPECT_TRUE(stack.has(search));
}

// Where a function is bound at its first call, in whichever library, the dynamic linker saves all registers on the
// stack, whatever is in them. So this test runs itself again, in a process that binds everything before it starts.
constexpr const char* kBindNow = "LD_BIND_NOW";

int run_again_bound() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string self = "/proc/self/exe", bind = std::string(kBindNow) + "=1";
  std::string filter = std::string("--gtest_filter=") + test->test_suite_name() + "." + test->name();
  char* arguments[] = {self.data(), filter.data(), nullptr};
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(bind.data());
  environment.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawn(&child, self.c_str(), nullptr, nullptr, arguments, environment.data()) != 0) return -1;
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST_P(Scripted, NothingIsLeftOnTheStack) {
  if (std::getenv(kBindNow) == nullptr) {  // NOLINT(concurrency-mt-unsafe)
    EXPECT_EQ(run_again_bound(), 0);
    return;
  }
  const Bytes private_key = scalar(), nonce = scalar(), digest = scalar();
  MemorySearch search;
  search.add_number(private_key);
  search.add_number(nonce);
  // Each by itself, so that none covers what another left.
  const auto left_by = [&](const std::function<bool(Key&)>& use) {
    OwnStack stack;
    stack.run([&] {
      give(private_key, nonce);
      Key key(*curve_);
      EXPECT_TRUE(key.generate().has_value() && use(key));
    });
    return stack.has(search);
  };
  EXPECT_FALSE(left_by([](Key&) { return true; }));
  EXPECT_FALSE(left_by([](Key& key) { return key.check_pair().has_value(); }));
  EXPECT_FALSE(
      left_by([&](Key& key) { return curve_->sign(key.material()->private_key.octets(), digest).has_value(); }));
}

std::string kind_name(const ::testing::TestParamInfo<KeyType>& info) {
  constexpr std::array kNames = {"Gost2004", "Gost2015x256", "Gost2015x512"};
  return kNames[static_cast<std::size_t>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(Secrets, Scripted, ::testing::ValuesIn(kKeyTypes), kind_name);

// --- through OpenSSL's interfaces ------------------------------------------------------------------------------------

using EncoderPtr = std::unique_ptr<OSSL_ENCODER_CTX, Deleter<OSSL_ENCODER_CTX_free>>;

// Into OpenSSL's memory that wipes itself: what the caller does with his copy is not the provider's matter.
BioPtr write(const EVP_PKEY* key, const char* format, const char* structure, const char* cipher = nullptr) {
  BioPtr out(BIO_new(BIO_s_secmem()));
  const EncoderPtr context(OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, format, structure, nullptr));
  EXPECT_TRUE(out && context);
  if (cipher != nullptr) {
    EXPECT_EQ(OSSL_ENCODER_CTX_set_cipher(context.get(), cipher, nullptr), 1);
    EXPECT_EQ(OSSL_ENCODER_CTX_set_passphrase(context.get(), reinterpret_cast<const unsigned char*>("secret"), 6), 1);
  }
  EXPECT_EQ(OSSL_ENCODER_to_bio(context.get(), out.get()), 1) << format << structure;
  return out;
}
std::string written(const EVP_PKEY* key, const char* format, const char* structure) {
  const BioPtr out = write(key, format, structure);
  const char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}
// Of the private key's own lines: the first is the title, the second would do, the third is there too with 256 bits.
Bytes second_line(const std::string& text) {
  std::size_t at = text.find('\n') + 1;
  at = text.find('\n', at) + 1;
  return base::to_bytes(base::as_bytes(text.substr(at, text.find('\n', at) - at)));
}

class SecretsOf : public ::testing::TestWithParam<KeyType> {};

TEST_P(SecretsOf, KeysAreWipedByEveryOperation) {
  const Library library;
  Bytes scalar, point;
  MemorySearch search;
  {
    const test::PkeyPtr key = test::generate(library, GetParam());
    scalar = test::octets_of(key.get(), OSSL_PKEY_PARAM_PRIV_KEY);
    point = test::octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY);
    search.add(second_line(written(key.get(), "PEM", "PrivateKeyInfo")));
    search.add(second_line(written(key.get(), "TEXT", nullptr)));
  }
  search.add_number(scalar);
  search.watch([&] {
    test::PkeyPtr key = test::import_key(library, GetParam(), {}, scalar);
    ASSERT_TRUE(key);
    test::PkeyPtr copy(EVP_PKEY_dup(key.get()));
    const Bytes signature = test::sign_message(copy.get(), point);
    EXPECT_TRUE(test::verify_message(key.get(), point, signature));
    const test::PkeyCtxPtr check(EVP_PKEY_CTX_new_from_pkey(library.get(), copy.get(), nullptr));
    EXPECT_EQ(EVP_PKEY_check(check.get()), 1);
    for (const char* format : {"DER", "PEM"}) {
      EXPECT_TRUE(write(key.get(), format, "PrivateKeyInfo"));
      EXPECT_TRUE(write(key.get(), format, "EncryptedPrivateKeyInfo", "AES-256-CBC"));
    }
    EXPECT_TRUE(write(key.get(), "TEXT", nullptr));
  });
  EXPECT_EQ(search.found(), 0);
  EXPECT_GT(search.blocks(), 20);
}

// A program may have told OpenSSL to look for its generators where there are none.
TEST_P(SecretsOf, DoNotSignWithoutRandomNumbers) {
  const Library library;
  const test::PkeyPtr key = test::generate(library, GetParam());
  const Bytes digest = test::random_octets(row(GetParam()).field_bytes());
  const auto sign = [&] {
    const test::PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(library.get(), key.get(), nullptr));
    EXPECT_EQ(EVP_PKEY_sign_init(context.get()), 1);
    Bytes signature(row(GetParam()).signature_bytes());
    std::size_t size = signature.size();
    if (EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), digest.size()) == 1) {
      return std::optional<Reason>();
    }
    EXPECT_EQ(signature, Bytes(signature.size(), 0));
    return test::last_reason();
  };
  EXPECT_EQ(sign(), std::nullopt);
  ASSERT_EQ(EVP_set_default_properties(library.get(), "provider=kzgost"), 1);
  // In a thread of its own, which has no generator yet.
  std::jthread([&] {
    EXPECT_EQ(sign(), Reason::kRandom);
    OPENSSL_thread_stop();
  }).join();
}

INSTANTIATE_TEST_SUITE_P(Secrets, SecretsOf, ::testing::ValuesIn(kKeyTypes), kind_name);

}  // namespace
}  // namespace tanba::pki::kzgost
