// The provider as programs see it: through OpenSSL's EVP, encoder, decoder and X.509 interfaces.
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstring>

#include "pki/kzgost/key_format.h"
#include "pki/kzgost/test_support.h"

namespace tanba::pki::kzgost {
namespace {

using test::Bytes;
using test::ByteView;
using test::Library;
using test::PkeyPtr;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using EncoderPtr = std::unique_ptr<OSSL_ENCODER_CTX, Deleter<OSSL_ENCODER_CTX_free>>;
using DecoderPtr = std::unique_ptr<OSSL_DECODER_CTX, Deleter<OSSL_DECODER_CTX_free>>;

const Bytes kMessage = base::to_bytes(base::as_bytes("Өтініш: a message"));

class EachType : public ::testing::TestWithParam<KeyType> {
 protected:
  Library library_;
  const KeyRow& row_ = row(GetParam());
};

// --- keys ------------------------------------------------------------------------------------------------------------

TEST_P(EachType, HasTheNamesAndSizesThatProgramsAskFor) {
  const PkeyPtr key = test::generate(library_, GetParam());
  ASSERT_TRUE(key);
  for (const char* name : {row_.names.short_name, row_.names.long_name, row_.names.oid}) {
    EXPECT_EQ(EVP_PKEY_is_a(key.get(), name), 1) << name;
  }
  EXPECT_EQ(EVP_PKEY_is_a(key.get(), "EC"), 0);
  EXPECT_EQ(static_cast<unsigned>(EVP_PKEY_get_bits(key.get())), row_.bits);
  EXPECT_EQ(static_cast<unsigned>(EVP_PKEY_get_security_bits(key.get())), row_.security_bits);
  EXPECT_EQ(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), row_.signature_bytes());
  char digest[64];
  // 2: it is mandatory.
  ASSERT_EQ(EVP_PKEY_get_default_digest_name(key.get(), digest, sizeof digest), 2);
  EXPECT_EQ(find_digest(digest), row_.digest);
  char group[64];
  ASSERT_EQ(EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr), 1);
  EXPECT_STREQ(group, row_.curve.short_name);
}

TEST_P(EachType, GeneratesKeysThatDifferAndHold) {
  const PkeyPtr a = test::generate(library_, GetParam());
  const PkeyPtr b = test::generate(library_, GetParam());
  EXPECT_EQ(EVP_PKEY_eq(a.get(), a.get()), 1);
  EXPECT_EQ(EVP_PKEY_eq(a.get(), b.get()), 0);
  const test::PkeyCtxPtr check(EVP_PKEY_CTX_new_from_pkey(library_.get(), a.get(), nullptr));
  EXPECT_EQ(EVP_PKEY_check(check.get()), 1);
  EXPECT_EQ(EVP_PKEY_public_check(check.get()), 1);
  EXPECT_EQ(EVP_PKEY_private_check(check.get()), 1);
  EXPECT_EQ(EVP_PKEY_pairwise_check(check.get()), 1);
}

TEST_P(EachType, GeneratesOnItsOwnCurveOnly) {
  const auto generates = [&](const char* group) {
    const test::PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(library_.get(), row_.names.short_name, nullptr));
    EXPECT_EQ(EVP_PKEY_keygen_init(context.get()), 1);
    return EVP_PKEY_CTX_set_group_name(context.get(), group) == 1;
  };
  EXPECT_TRUE(generates(row_.curve.short_name));
  EXPECT_TRUE(generates(row_.curve.oid));
  EXPECT_FALSE(generates("P-256"));
  EXPECT_EQ(test::last_reason(), Reason::kParametersWrong);
}

TEST_P(EachType, ImportsWhatItExports) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const Bytes point = test::octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY);
  const Bytes scalar = test::octets_of(key.get(), OSSL_PKEY_PARAM_PRIV_KEY);
  const PkeyPtr both = test::import_key(library_, GetParam(), point, scalar);
  const PkeyPtr private_only = test::import_key(library_, GetParam(), {}, scalar);
  const PkeyPtr public_only = test::import_key(library_, GetParam(), point, {});
  ASSERT_TRUE(both && private_only && public_only);
  for (const EVP_PKEY* other : {both.get(), private_only.get(), public_only.get()}) {
    EXPECT_EQ(EVP_PKEY_eq(key.get(), other), 1);
    EXPECT_EQ(test::octets_of(other, OSSL_PKEY_PARAM_PUB_KEY), point);
  }
  const Bytes signature = test::sign_message(private_only.get(), kMessage);
  EXPECT_TRUE(test::verify_message(public_only.get(), kMessage, signature));
  OSSL_PARAM* exported = nullptr;
  ASSERT_EQ(EVP_PKEY_todata(key.get(), EVP_PKEY_KEYPAIR, &exported), 1);
  EXPECT_NE(OSSL_PARAM_locate(exported, OSSL_PKEY_PARAM_PRIV_KEY), nullptr);
  OSSL_PARAM_free(exported);
  ASSERT_EQ(EVP_PKEY_todata(key.get(), EVP_PKEY_PUBLIC_KEY, &exported), 1);
  EXPECT_EQ(OSSL_PARAM_locate(exported, OSSL_PKEY_PARAM_PRIV_KEY), nullptr);
  OSSL_PARAM_free(exported);
}

TEST_P(EachType, RefusesToImportWhatIsNoKey) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const PkeyPtr other = test::generate(library_, GetParam());
  Bytes point = test::octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY);
  const Bytes scalar = test::octets_of(key.get(), OSSL_PKEY_PARAM_PRIV_KEY);
  const auto reason = [&](ByteView public_octets, ByteView private_octets) {
    EXPECT_FALSE(test::import_key(library_, GetParam(), public_octets, private_octets));
    return test::last_reason();
  };
  EXPECT_EQ(reason(point, test::octets_of(other.get(), OSSL_PKEY_PARAM_PRIV_KEY)), Reason::kKeyMismatch);
  EXPECT_EQ(reason({}, Bytes(scalar.size(), 0)), Reason::kScalarRange);
  EXPECT_EQ(reason({}, Bytes(scalar.size(), 0xff)), Reason::kScalarRange);
  EXPECT_EQ(reason({}, ByteView(scalar).first(scalar.size() - 1)), Reason::kScalarLength);
  EXPECT_EQ(reason(ByteView(point).first(point.size() - 1), {}), Reason::kPointLength);
  EXPECT_EQ(reason(Bytes(point.size(), 0), {}), Reason::kPointInfinity);
  EXPECT_EQ(reason({}, {}), Reason::kKeyMissing);
  point[0] ^= 1;
  EXPECT_EQ(reason(point, {}), Reason::kPointOffCurve);
}

TEST_P(EachType, DuplicatesKeys) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const PkeyPtr copy(EVP_PKEY_dup(key.get()));
  ASSERT_TRUE(copy);
  EXPECT_EQ(EVP_PKEY_eq(key.get(), copy.get()), 1);
  EXPECT_TRUE(test::verify_message(key.get(), kMessage, test::sign_message(copy.get(), kMessage)));
}

TEST(Provider, KeysOfDifferentKindsDoNotMatch) {
  const Library library;
  const PkeyPtr a = test::generate(library, KeyType::k2004);
  const PkeyPtr b = test::generate(library, KeyType::k2015_256);
  EXPECT_NE(EVP_PKEY_eq(a.get(), b.get()), 1);
}

// --- signatures ------------------------------------------------------------------------------------------------------

TEST_P(EachType, TakesItsDigestByAnyNameAndNoOther) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const auto begins = [&](const char* digest) {
    const test::MdCtxPtr context(EVP_MD_CTX_new());
    return EVP_DigestSignInit_ex(context.get(), nullptr, digest, library_.get(), nullptr, key.get(), nullptr) == 1;
  };
  EXPECT_TRUE(begins(nullptr));
  for (const DigestRow& digest : digest_rows()) {
    for (const char* name : {digest.names.short_name, digest.names.long_name, digest.names.oid}) {
      EXPECT_EQ(begins(name), digest.function == row_.digest) << name;
      if (digest.function != row_.digest) {
        EXPECT_EQ(test::last_reason(), Reason::kDigestWrong);
      }
    }
  }
  for (const char* name : {"SHA256", "SHA512", "SHA3-512"}) {
    EXPECT_FALSE(begins(name));
    EXPECT_EQ(test::last_reason(), Reason::kDigestWrong) << name;
  }
}

TEST_P(EachType, SignsDigestsToo) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const Bytes digest = test::random_octets(row_.field_bytes());
  const test::PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(library_.get(), key.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_sign_init(context.get()), 1);
  ASSERT_EQ(
      EVP_PKEY_CTX_set_signature_md(
          context.get(), EVP_get_digestbyname(digest_rows()[static_cast<std::size_t>(row_.digest)].names.short_name)),
      1);
  EXPECT_LE(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()), 0);
  EXPECT_EQ(test::last_reason(), Reason::kDigestWrong);
  std::size_t size = 0;
  ASSERT_EQ(EVP_PKEY_sign(context.get(), nullptr, &size, digest.data(), digest.size()), 1);
  ASSERT_EQ(size, row_.signature_bytes());
  Bytes signature(size);
  ASSERT_EQ(EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), digest.size()), 1);
  EXPECT_LE(EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), digest.size() - 1), 0);
  EXPECT_EQ(test::last_reason(), Reason::kDigestLength);

  ASSERT_EQ(EVP_PKEY_verify_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_verify(context.get(), signature.data(), size, digest.data(), digest.size()), 1);
  // The same context again, with what it must refuse, and again.
  EXPECT_NE(EVP_PKEY_verify(context.get(), signature.data(), size - 1, digest.data(), digest.size()), 1);
  EXPECT_EQ(test::last_reason(), Reason::kSignatureLength);
  EXPECT_NE(EVP_PKEY_verify(context.get(), signature.data(), size, digest.data(), digest.size() - 1), 1);
  EXPECT_EQ(test::last_reason(), Reason::kDigestLength);
  EXPECT_EQ(EVP_PKEY_verify(context.get(), signature.data(), size, digest.data(), digest.size()), 1);
}

TEST_P(EachType, RefusesASmallBuffer) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const test::MdCtxPtr context(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()), 1);
  ASSERT_EQ(EVP_DigestSignUpdate(context.get(), kMessage.data(), kMessage.size()), 1);
  Bytes signature(row_.signature_bytes() - 1);
  std::size_t size = signature.size();
  EXPECT_NE(EVP_DigestSignFinal(context.get(), signature.data(), &size), 1);
  EXPECT_EQ(test::last_reason(), Reason::kBufferTooSmall);
}

TEST_P(EachType, SignsWithPrivateKeysOnly) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const PkeyPtr public_only =
      test::import_key(library_, GetParam(), test::octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY), {});
  const test::MdCtxPtr context(EVP_MD_CTX_new());
  EXPECT_NE(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, public_only.get()), 1);
  EXPECT_EQ(test::last_reason(), Reason::kPrivateKeyMissing);
}

TEST_P(EachType, CopiesOfASigningGoOnApart) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const Bytes signature = test::sign_message(key.get(), kMessage);
  const test::MdCtxPtr first(EVP_MD_CTX_new());
  const test::MdCtxPtr second(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_DigestVerifyInit(first.get(), nullptr, nullptr, nullptr, key.get()), 1);
  ASSERT_EQ(EVP_DigestVerifyUpdate(first.get(), kMessage.data(), 3), 1);
  ASSERT_EQ(EVP_MD_CTX_copy_ex(second.get(), first.get()), 1);
  ASSERT_EQ(EVP_DigestVerifyUpdate(first.get(), kMessage.data() + 3, kMessage.size() - 3), 1);
  ASSERT_EQ(EVP_DigestVerifyUpdate(second.get(), "something else", 14), 1);
  EXPECT_EQ(EVP_DigestVerifyFinal(first.get(), signature.data(), signature.size()), 1);
  EXPECT_NE(EVP_DigestVerifyFinal(second.get(), signature.data(), signature.size()), 1);
}

// The context counts the key's material: the EVP_PKEY may go first.
TEST_P(EachType, ASigningOutlivesItsKey) {
  PkeyPtr key = test::generate(library_, GetParam());
  const Bytes signature = test::sign_message(key.get(), kMessage);
  const test::MdCtxPtr context(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()), 1);
  key.reset();
  EXPECT_EQ(EVP_DigestVerify(context.get(), signature.data(), signature.size(), kMessage.data(), kMessage.size()), 1);
}

TEST_P(EachType, NoBitOfTheKeyMayChange) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const Bytes signature = test::sign_message(key.get(), kMessage);
  const Bytes point = test::octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY);
  for (std::size_t bit = 0; bit < 8 * point.size(); ++bit) {
    Bytes changed = point;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    // Nearly always off the curve; never the signer's key.
    const PkeyPtr other = test::import_key(library_, GetParam(), changed, {});
    EXPECT_FALSE(other && test::verify_message(other.get(), kMessage, signature)) << bit;
  }
}

TEST_P(EachType, NoBitOfTheMessageMayChange) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const Bytes signature = test::sign_message(key.get(), kMessage);
  ASSERT_TRUE(test::verify_message(key.get(), kMessage, signature));
  for (std::size_t bit = 0; bit < 8 * kMessage.size(); ++bit) {
    Bytes changed = kMessage;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(test::verify_message(key.get(), changed, signature)) << bit;
  }
}

// --- encoders and decoders -------------------------------------------------------------------------------------------

Bytes encode(const EVP_PKEY* key, int selection, const char* format, const char* structure,
             const char* passphrase = nullptr) {
  const EncoderPtr context(OSSL_ENCODER_CTX_new_for_pkey(key, selection, format, structure, nullptr));
  EXPECT_TRUE(context);
  if (passphrase != nullptr) {
    EXPECT_EQ(OSSL_ENCODER_CTX_set_cipher(context.get(), "AES-256-CBC", nullptr), 1);
    EXPECT_EQ(OSSL_ENCODER_CTX_set_passphrase(context.get(), reinterpret_cast<const unsigned char*>(passphrase),
                                              std::strlen(passphrase)),
              1);
  }
  unsigned char* data = nullptr;
  std::size_t size = 0;
  if (OSSL_ENCODER_to_data(context.get(), &data, &size) != 1) return {};
  Bytes octets(data, data + size);
  OPENSSL_free(data);
  return octets;
}

PkeyPtr decode(const Library& library, ByteView octets, const char* passphrase = nullptr) {
  EVP_PKEY* key = nullptr;
  const DecoderPtr context(OSSL_DECODER_CTX_new_for_pkey(&key, nullptr, nullptr, nullptr, 0, library.get(), nullptr));
  if (passphrase != nullptr) {
    OSSL_DECODER_CTX_set_passphrase(context.get(), reinterpret_cast<const unsigned char*>(passphrase),
                                    std::strlen(passphrase));
  }
  const unsigned char* data = octets.data();
  std::size_t size = octets.size();
  if (OSSL_DECODER_from_data(context.get(), &data, &size) != 1) return nullptr;
  return PkeyPtr(key);
}

TEST_P(EachType, DecodesWhatItEncodes) {
  const PkeyPtr key = test::generate(library_, GetParam());
  for (const char* format : {"DER", "PEM"}) {
    const PkeyPtr read_public =
        decode(library_, encode(key.get(), EVP_PKEY_PUBLIC_KEY, format, "SubjectPublicKeyInfo"));
    ASSERT_TRUE(read_public) << format;
    EXPECT_EQ(EVP_PKEY_eq(key.get(), read_public.get()), 1);
    const PkeyPtr read_private = decode(library_, encode(key.get(), EVP_PKEY_KEYPAIR, format, "PrivateKeyInfo"));
    ASSERT_TRUE(read_private) << format;
    EXPECT_TRUE(test::verify_message(key.get(), kMessage, test::sign_message(read_private.get(), kMessage)));
    const Bytes sealed = encode(key.get(), EVP_PKEY_KEYPAIR, format, "EncryptedPrivateKeyInfo", "secret");
    const PkeyPtr opened = decode(library_, sealed, "secret");
    ASSERT_TRUE(opened) << format;
    EXPECT_EQ(EVP_PKEY_eq(key.get(), opened.get()), 1);
    EXPECT_FALSE(decode(library_, sealed, "wrong")) << format;
    EXPECT_FALSE(decode(library_, sealed)) << format;
  }
}

// The private key's octets are nowhere in what is encrypted or public.
TEST_P(EachType, ShowsPrivateKeysOnlyWhereAsked) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const Bytes scalar = test::octets_of(key.get(), OSSL_PKEY_PARAM_PRIV_KEY);
  // Its middle, in either spelling.
  const Bytes part(scalar.begin() + 8, scalar.end() - 8);
  const Bytes reversed(part.rbegin(), part.rend());
  const auto holds_scalar = [&](const Bytes& octets) {
    return !std::ranges::search(octets, part).empty() || !std::ranges::search(octets, reversed).empty();
  };
  EXPECT_TRUE(holds_scalar(encode(key.get(), EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo")));
  EXPECT_FALSE(holds_scalar(encode(key.get(), EVP_PKEY_KEYPAIR, "DER", "EncryptedPrivateKeyInfo", "secret")));
  EXPECT_FALSE(holds_scalar(encode(key.get(), EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo", "secret")));
  EXPECT_FALSE(holds_scalar(encode(key.get(), EVP_PKEY_PUBLIC_KEY, "DER", "SubjectPublicKeyInfo")));
  const Bytes text = encode(key.get(), EVP_PKEY_PUBLIC_KEY, "TEXT", nullptr);
  EXPECT_EQ(base::as_text(text).find("priv"), std::string_view::npos);
  EXPECT_NE(base::as_text(text).find("Public-Key"), std::string_view::npos);
  EXPECT_NE(base::as_text(encode(key.get(), EVP_PKEY_KEYPAIR, "TEXT", nullptr)).find("priv"), std::string_view::npos);
}

// Numbers as people read them: the most significant octet first, leading zeros too.
TEST_P(EachType, PrintsItsNumbers) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const auto printed = [](Bytes little_endian) {
    std::string text;
    for (std::size_t i = 0; i < little_endian.size(); ++i) {
      text += base::to_hex(ByteView(little_endian).subspan(little_endian.size() - 1 - i, 1));
      if (i + 1 != little_endian.size()) text += ':';
    }
    return text;
  };
  const Bytes point = test::octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY);
  const auto half = static_cast<std::ptrdiff_t>(row_.field_bytes());
  const std::string expected = "(" + std::to_string(row_.bits) + "bit," + row_.names.long_name +
                               ")priv:" + printed(test::octets_of(key.get(), OSSL_PKEY_PARAM_PRIV_KEY)) +
                               "x:" + printed({point.begin(), point.begin() + half}) +
                               "y:" + printed({point.begin() + half, point.end()}) + "curve:" + row_.curve.long_name;
  const auto without_space = [](std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
  };
  const Bytes text = encode(key.get(), EVP_PKEY_KEYPAIR, "TEXT", nullptr);
  EXPECT_EQ(without_space(std::string(base::as_text(text))), without_space("Private-Key: " + expected));
}

// OpenSSL's own reader takes what is written by hand, and lines have 64 characters (RFC 7468 2).
TEST_P(EachType, WritesPemAsOpensslDoes) {
  const PkeyPtr key = test::generate(library_, GetParam());
  for (const char* structure : {"PrivateKeyInfo", "SubjectPublicKeyInfo"}) {
    const bool is_private = std::string_view(structure) == "PrivateKeyInfo";
    const int selection = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    const Bytes der = encode(key.get(), selection, "DER", structure);
    const BioPtr out(BIO_new(BIO_s_mem()));
    ASSERT_GT(PEM_write_bio(out.get(), is_private ? PEM_STRING_PKCS8INF : PEM_STRING_PUBLIC, "", der.data(),
                            static_cast<long>(der.size())),
              0);
    const char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    const Bytes ours = encode(key.get(), selection, "PEM", structure);
    EXPECT_EQ(base::as_text(ours), std::string_view(text, static_cast<std::size_t>(size)));
  }
}

TEST_P(EachType, RefusesPublicKeysInDerThatAreNone) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const Bytes good = encode(key.get(), EVP_PKEY_PUBLIC_KEY, "DER", "SubjectPublicKeyInfo");
  const auto reason = [&](const Bytes& der) {
    EXPECT_FALSE(decode(library_, der));
    return test::last_reason();
  };
  Bytes changed = good;
  changed.back() ^= 1;
  EXPECT_EQ(reason(changed), Reason::kPointOffCurve);
  changed = good;
  std::fill(changed.end() - static_cast<long>(row_.point_bytes()), changed.end(), std::uint8_t{0});
  EXPECT_EQ(reason(changed), Reason::kPointInfinity);
  changed = good;
  changed[good.size() - row_.point_bytes() - 5] ^= 1;  // in the BIT STRING's header
  EXPECT_FALSE(decode(library_, changed));
}

TEST_P(EachType, IsReadByD2i) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const Bytes spki = encode(key.get(), EVP_PKEY_PUBLIC_KEY, "DER", "SubjectPublicKeyInfo");
  const unsigned char* at = spki.data();
  const PkeyPtr read(d2i_PUBKEY_ex(nullptr, &at, static_cast<long>(spki.size()), library_.get(), nullptr));
  ASSERT_TRUE(read);
  EXPECT_EQ(EVP_PKEY_eq(key.get(), read.get()), 1);
  unsigned char* written = nullptr;
  const int size = i2d_PUBKEY(read.get(), &written);
  ASSERT_EQ(static_cast<std::size_t>(size), spki.size());
  EXPECT_EQ(std::memcmp(written, spki.data(), spki.size()), 0);
  OPENSSL_free(written);
}

TEST(Provider, LeavesOtherKeysToOthers) {
  const Library library;
  const test::PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(library.get(), "ED25519", nullptr));
  EVP_PKEY* made = nullptr;
  ASSERT_TRUE(EVP_PKEY_keygen_init(context.get()) == 1 && EVP_PKEY_generate(context.get(), &made) == 1);
  const PkeyPtr key(made);
  const PkeyPtr read = decode(library, encode(key.get(), EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo"));
  ASSERT_TRUE(read);
  EXPECT_EQ(EVP_PKEY_is_a(read.get(), "ED25519"), 1);
}

// --- X.509 -----------------------------------------------------------------------------------------------------------

X509Ptr self_signed(const Library& library, EVP_PKEY* key) {
  X509Ptr certificate(X509_new_ex(library.get(), nullptr));
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  EXPECT_EQ(X509_set_pubkey(certificate.get(), key), 1);
  EXPECT_GT(X509_sign(certificate.get(), key, nullptr), 0);
  return certificate;
}

TEST_P(EachType, SignsAndVerifiesCertificates) {
  const PkeyPtr key = test::generate(library_, GetParam());
  const X509Ptr certificate = self_signed(library_, key.get());
  EXPECT_EQ(X509_verify(certificate.get(), key.get()), 1);
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_BIT_STRING* value = nullptr;
  X509_get0_signature(&value, &algorithm, certificate.get());
  EXPECT_EQ(OBJ_obj2nid(algorithm->algorithm), OBJ_txt2nid(row_.signature.oid));
  ASSERT_NE(algorithm->parameter, nullptr);
  EXPECT_EQ(ASN1_TYPE_get(algorithm->parameter), V_ASN1_NULL);
  EXPECT_EQ(static_cast<std::size_t>(value->length), row_.signature_bytes());
  int security_bits = 0, digest = 0;
  ASSERT_EQ(X509_get_signature_info(certificate.get(), &digest, nullptr, &security_bits, nullptr), 1);
  EXPECT_EQ(digest, OBJ_txt2nid(digest_rows()[static_cast<std::size_t>(row_.digest)].names.oid));
  const PkeyPtr other = test::generate(library_, GetParam());
  EXPECT_NE(X509_verify(certificate.get(), other.get()), 1);
  EXPECT_EQ(test::last_reason(), Reason::kSignatureBroken);
}

std::string type_name(const ::testing::TestParamInfo<KeyType>& info) {
  constexpr std::array kNames = {"Gost2004", "Gost2015x256", "Gost2015x512"};
  return kNames[static_cast<std::size_t>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(Provider, EachType, ::testing::ValuesIn(kKeyTypes), type_name);

// --- process and contexts --------------------------------------------------------------------------------------------

TEST(Provider, IsUnknownWhereItIsNotLoaded) {
  ASSERT_TRUE(register_process().has_value());
  const LibCtxPtr library(OSSL_LIB_CTX_new());
  const test::ProviderPtr provider(OSSL_PROVIDER_load(library.get(), "default"));
  EXPECT_FALSE(test::PkeyCtxPtr(EVP_PKEY_CTX_new_from_name(library.get(), "kzgost2015-512", nullptr)));
  EXPECT_FALSE(test::MdPtr(EVP_MD_fetch(library.get(), "kzgost3411-512", nullptr)));
  ERR_clear_error();
}

// Its random numbers come from the other providers: without any it cannot sign, and says so.
TEST(Provider, DoesNotSignWithoutRandomNumbers) {
  ASSERT_TRUE(register_process().has_value());
  const LibCtxPtr library(OSSL_LIB_CTX_new());
  ASSERT_TRUE(add_builtin(library.get()).has_value());
  const test::ProviderPtr provider(OSSL_PROVIDER_load(library.get(), kProviderName));
  ASSERT_TRUE(provider);
  const test::PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(library.get(), "kzgost2015-512", nullptr));
  EVP_PKEY* key = nullptr;
  ASSERT_EQ(EVP_PKEY_keygen_init(context.get()), 1);
  EXPECT_NE(EVP_PKEY_generate(context.get(), &key), 1);
  EXPECT_EQ(test::last_reason(), Reason::kRandom);
}

TEST(Provider, LoadsAndUnloadsManyTimes) {
  for (int i = 0; i < 300; ++i) {  // more often than error codes have room for library numbers
    const Library library;
    const test::MdPtr digest(EVP_MD_fetch(library.get(), "kzgost3411-256", nullptr));
    ASSERT_TRUE(digest) << i;
  }
  const Library library;
  EXPECT_FALSE(test::import_key(library, KeyType::k2004, {}, Bytes(32, 0)));
  EXPECT_EQ(test::last_reason(), Reason::kScalarRange);
}

TEST(Provider, ErrorsCarryTheirCodeAndNoKey) {
  const Library library;
  const Bytes scalar(32, 0xff);
  EXPECT_FALSE(test::import_key(library, KeyType::k2004, {}, scalar));
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    char line[512];
    ERR_error_string_n(code, line, sizeof line);
    text += std::string(line) + "\n";
  }
  EXPECT_NE(text.find("kzgost"), std::string::npos);
  EXPECT_NE(text.find("scalar.range"), std::string::npos);
  EXPECT_EQ(text.find("ffffffff"), std::string::npos);
}

}  // namespace
}  // namespace tanba::pki::kzgost
