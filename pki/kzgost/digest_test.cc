#include "pki/kzgost/digest.h"

#include <openssl/objects.h>

#include "pki/kzgost/test_support.h"

namespace tanba::pki::kzgost {
namespace {

using test::Bytes;
using test::ByteView;
using test::Library;

struct Known {
  DigestFunction function;
  Bytes message;
  std::string_view digest;
};

Bytes text(std::string_view value) {
  return base::to_bytes(base::as_bytes(value));
}
Bytes repeated(std::size_t count, std::uint8_t octet) {
  return Bytes(count, octet);
}
Bytes reversed(Bytes octets) {
  std::ranges::reverse(octets);
  return octets;
}

// RFC 6986 10.1.1: "323130...", printed most significant octet first.
Bytes rfc6986_first() {
  Bytes message;
  for (int i = 0; i < 63; ++i) message.push_back(static_cast<std::uint8_t>('0' + i % 10));
  return message;
}
// RFC 6986 10.2.1: seventy-two octets of an old poem in CP1251.
Bytes rfc6986_second() {
  return reversed(test::from_hex(
      "fbe2e5f0eee3c820fbeafaebef20fffbf0e1e0f0f520e0ed20e8ece0ebe5f0f2f120fff0eeec20f120faf2fee5e2202ce8f6f3"
      "ede220e8e6eee1e8f0f2d1202ce8f0f2e5e220e5d1"));
}
// The sum of the blocks carries through all of its words, where careless additions lose it.
Bytes carrying() {
  Bytes message = repeated(64, 0xee);
  message.push_back(0x16);
  message.insert(message.end(), 62, 0x11);
  message.push_back(0x16);
  return message;
}

std::vector<Known> known_answers() {
  using enum DigestFunction;
  return {
      {kGost34311, {}, "ce85b99cc46752fffee35cab9a7b0278abb4c2d2055cff685af4912c49490f8d"},
      // RFC 5831 7.3.1, 7.3.2 (which print the most significant octet first).
      {kGost34311, text("This is message, length=32 bytes"),
       "b1c466d37519b82e8319819ff32595e047a28cb6f83eff1c6916a815a637fffa"},
      {kGost34311, text("Suppose the original message has length = 50 bytes"),
       "471aba57a60a770d3a76130635c1fbea4ef14de51f78b4ae57dd893b62f55208"},
      {kStreebog512, rfc6986_first(),
       "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa00ad30f8767b3a82384c6574f024c311e2a481332b08ef7"
       "f"
       "41797891c1646f48"},
      {kStreebog256, rfc6986_first(), "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"},
      {kStreebog512, rfc6986_second(),
       "1e88e62226bfca6f9994f1f2d51569e0daf8475a3b0fe61a5300eee46d961376035fe83549ada2b8620fcd7c496ce5b33f0cb9dddc2b646"
       "0"
       "143b03dabac9fb28"},
      {kStreebog256, rfc6986_second(), "9dd2fe4e90409e5da87f53976d7405b0c0cac628fc669a741d50063c557e8f50"},
      {kStreebog512,
       {},
       "8e945da209aa869f0455928529bcae4679e9873ab707b55315f56ceb98bef0a7362f715528356ee83cda5f2aac4c6ad2ba3a715c1bcd81c"
       "b"
       "8e9f90bf4c1c1a8a"},
      {kStreebog256, {}, "3f539a213e97c802cc229d474c6aa32a825a360b2a933a949fd925208d9ce1bb"},
      {kStreebog512, carrying(),
       "8b06f41e59907d9636e892caf5942fcdfb71fa31169a5e70f0edb873664df41c2cce6e06dc6755d15a61cdeb92bd607cc4aaca6732bf356"
       "8"
       "a23a210dd520fd41"},
  };
}

std::string evp_digest(const EVP_MD* method, ByteView message) {
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (EVP_Digest(message.data(), message.size(), out.data(), &size, method, nullptr) != 1) return "failed";
  out.resize(size);
  return base::to_hex(out);
}

TEST(Digest, GivesTheKnownAnswers) {
  for (const Known& known : known_answers()) {
    DigestState state(known.function);
    state.update(known.message);
    EXPECT_EQ(base::to_hex(state.finish().view()), known.digest);
  }
}

TEST(Digest, TakesOctetsInAnyPieces) {
  const Bytes message = test::random_octets(300);
  for (const auto function : {DigestFunction::kGost34311, DigestFunction::kStreebog256, DigestFunction::kStreebog512}) {
    DigestState whole(function);
    whole.update(message);
    const auto expected = whole.finish();
    for (const std::size_t piece : {1U, 7U, 31U, 32U, 33U, 63U, 64U, 65U}) {
      DigestState state(function);
      for (std::size_t at = 0; at < message.size(); at += piece) {
        state.update(ByteView(message).subspan(at, std::min(piece, message.size() - at)));
      }
      EXPECT_TRUE(equal(state.finish().view(), expected.view())) << piece;
    }
  }
}

TEST(Digest, CopiesGoOnApart) {
  DigestState first(DigestFunction::kStreebog512);
  first.update(base::as_bytes("one "));
  DigestState second = first;
  first.update(base::as_bytes("two"));
  DigestState direct(DigestFunction::kStreebog512);
  direct.update(base::as_bytes("one "));
  EXPECT_TRUE(equal(second.finish().view(), direct.finish().view()));
}

TEST(Digest, IsFetchedByEachOfItsNames) {
  const Library library;
  for (const DigestRow& digest : digest_rows()) {
    for (const char* name : {digest.names.short_name, digest.names.long_name, digest.names.oid}) {
      const test::MdPtr method(EVP_MD_fetch(library.get(), name, nullptr));
      ASSERT_TRUE(method) << name;
      EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(method.get())), kProviderName);
      EXPECT_EQ(static_cast<std::size_t>(EVP_MD_get_size(method.get())), digest_size_bytes(digest.function));
      EXPECT_EQ(static_cast<std::size_t>(EVP_MD_get_block_size(method.get())), digest_block_bytes(digest.function));
      for (const Known& known : known_answers()) {
        if (known.function == digest.function) {
          EXPECT_EQ(evp_digest(method.get(), known.message), known.digest) << name;
        }
      }
    }
  }
}

// OpenSSL's X.509, CMS and TS code looks nowhere else.
TEST(Digest, IsInTheProcessWideTable) {
  const Library library;
  for (const DigestRow& digest : digest_rows()) {
    const EVP_MD* method = EVP_get_digestbynid(OBJ_txt2nid(digest.names.oid));
    ASSERT_NE(method, nullptr) << digest.names.oid;
    EXPECT_EQ(method, EVP_get_digestbyname(digest.names.short_name));
    for (const Known& known : known_answers()) {
      if (known.function == digest.function) {
        EXPECT_EQ(evp_digest(method, known.message), known.digest) << digest.names.oid;
      }
    }
  }
}

TEST(Digest, GoesOnAfterItsContextIsCopied) {
  const Library library;
  const EVP_MD* table = EVP_get_digestbynid(OBJ_txt2nid("1.2.398.3.10.1.3.3"));
  const test::MdPtr fetched(EVP_MD_fetch(library.get(), "kzgost3411-512", nullptr));
  for (const EVP_MD* method : {table, static_cast<const EVP_MD*>(fetched.get())}) {
    const test::MdCtxPtr first(EVP_MD_CTX_new());
    const test::MdCtxPtr second(EVP_MD_CTX_new());
    ASSERT_EQ(EVP_DigestInit_ex(first.get(), method, nullptr), 1);
    ASSERT_EQ(EVP_DigestUpdate(first.get(), "one ", 4), 1);
    ASSERT_EQ(EVP_MD_CTX_copy_ex(second.get(), first.get()), 1);
    ASSERT_EQ(EVP_DigestUpdate(first.get(), "two", 3), 1);
    ASSERT_EQ(EVP_DigestUpdate(second.get(), "two", 3), 1);
    Bytes a(64), b(64);
    ASSERT_EQ(EVP_DigestFinal_ex(first.get(), a.data(), nullptr), 1);
    ASSERT_EQ(EVP_DigestFinal_ex(second.get(), b.data(), nullptr), 1);
    EXPECT_EQ(a, b);
    EXPECT_EQ(base::to_hex(a), evp_digest(method, base::as_bytes("one two")));
  }
}

// GOST R 34.11-94 as Russia names it has CryptoPro's S-box.
TEST(Digest, DoesNotAnswerToTheRussianNameOfAnotherFunction) {
  const Library library;
  EXPECT_FALSE(test::MdPtr(EVP_MD_fetch(library.get(), "1.2.643.2.2.9", nullptr)));
  EXPECT_FALSE(find_digest("md_gost94"));
  EXPECT_FALSE(find_digest("SHA2-256"));
  EXPECT_EQ(find_digest("MD_GOST12_512"), DigestFunction::kStreebog512);
}

}  // namespace
}  // namespace tanba::pki::kzgost
