#include "pki/pkcs12.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>

#include <algorithm>
#include <cstring>

#include "pki/der.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Error;
using base::Result;
using base::Secret;
using base::Status;

// A key store with a chain of ten certificates has under 40 KB.
constexpr std::size_t kMaxFileBytes = 1U << 20;
// Rounds of hashing that one opening may ask for, all key derivations together: two million rounds of HMAC-SHA-256 take
// about a second. НУЦ РК writes 1,024, OpenSSL 2,048, careful tools 600,000.
constexpr std::int64_t kMaxIterations = 2'000'000;
// And one derivation alone: a million rounds ask for more than any tool is known to write.
constexpr std::int64_t kMaxIterationsAtOnce = 800'000;
// scrypt (RFC 7914): 128·N·r octets of memory, N·r·p mixing steps of about the cost of a round above.
constexpr std::int64_t kMaxScryptBytes = 64 << 20;
constexpr std::size_t kMaxBags = 256;

template <class Stack>
struct StackDeleter {
  void operator()(Stack* stack) const noexcept;
};
template <>
void StackDeleter<STACK_OF(PKCS7)>::operator()(STACK_OF(PKCS7) * stack) const noexcept {
  sk_PKCS7_pop_free(stack, PKCS7_free);
}
template <>
void StackDeleter<STACK_OF(PKCS12_SAFEBAG)>::operator()(STACK_OF(PKCS12_SAFEBAG) * stack) const noexcept {
  sk_PKCS12_SAFEBAG_pop_free(stack, PKCS12_SAFEBAG_free);
}
using SafesPtr = std::unique_ptr<STACK_OF(PKCS7), StackDeleter<STACK_OF(PKCS7)>>;
using BagsPtr = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), StackDeleter<STACK_OF(PKCS12_SAFEBAG)>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Deleter<PKCS8_PRIV_KEY_INFO_free>>;

std::unexpected<Error> wrong_content(std::string expected) {
  return base::fail(
      Error(Code::kFileWrongContent, {{"file", "PKCS#12"}, {"expected", std::move(expected)}}, drain_openssl_errors()));
}
std::unexpected<Error> wrong_password() {
  return base::fail(Code::kInputPassword, drain_openssl_errors());
}

// RC2-40 and DES are in OpenSSL's legacy provider. It is loaded into a library context that lives for one opening only
// and is the thread's default meanwhile, so that nothing else ever meets those ciphers.
class LegacyScope {
 public:
  LegacyScope() : library_(OSSL_LIB_CTX_new()) {
    if (!library_) return;  // no memory: without the legacy provider, then
    default_.reset(OSSL_PROVIDER_load(library_.get(), "default"));
    // Where it is not installed, files of newer kinds open all the same.
    legacy_.reset(OSSL_PROVIDER_load(library_.get(), "legacy"));
    previous_ = OSSL_LIB_CTX_set0_default(library_.get());
    ERR_clear_error();
  }
  ~LegacyScope() { OSSL_LIB_CTX_set0_default(previous_); }
  LegacyScope(const LegacyScope&) = delete;
  LegacyScope& operator=(const LegacyScope&) = delete;

 private:
  LibCtxPtr library_;
  ProviderPtr default_, legacy_;
  OSSL_LIB_CTX* previous_ = nullptr;
};

// --- cost ------------------------------------------------------------------------------------------------------------

class Iterations {
 public:
  // Before a key is derived by `algorithm`.
  Status charge(const X509_ALGOR* algorithm);
  Status charge(std::int64_t count) {
    if (count < 0 || count > kMaxIterationsAtOnce || count > kMaxIterations - spent_) {
      return base::fail(Error(Code::kLimitCost, {{"what", "rounds of the password's key derivation"}}));
    }
    spent_ += count;
    return {};
  }

 private:
  std::int64_t spent_ = 0;
};

// PKCS12-PBE-params (RFC 7292 C): salt, iterations.
Result<std::int64_t> pkcs12_iterations(ByteView parameters) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(parameters, der::kSequence, "PBE parameters"));
  der::Reader reader(whole.value);
  if (auto salt = reader.next(); !salt) return std::unexpected(salt.error());
  TANBA_TRY(const der::Tlv iterations, reader.expect(der::kInteger, "iterations"));
  return der::read_small_integer(iterations.value);
}

// scrypt-params (RFC 7914 7): salt, N, r, p.
Result<std::int64_t> scrypt_cost(ByteView parameters) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(parameters, der::kSequence, "scrypt parameters"));
  der::Reader reader(whole.value);
  if (auto salt = reader.next(); !salt) return std::unexpected(salt.error());
  std::int64_t numbers[3];
  for (std::int64_t& number : numbers) {
    TANBA_TRY(const der::Tlv integer, reader.expect(der::kInteger, "scrypt parameters"));
    TANBA_TRY(number, der::read_small_integer(integer.value));
    // Any one above this is beyond the limits below, and products of smaller ones do not overflow.
    if (number > kMaxIterations) return kMaxIterations + 1;
  }
  if (numbers[0] * numbers[1] > kMaxScryptBytes / 128 || numbers[2] > 1024) return kMaxIterations + 1;
  return numbers[0] * numbers[1] * numbers[2];
}

// PBES2-params (RFC 8018 A.4): the derivation and the cipher.
Result<std::int64_t> pbes2_cost(ByteView parameters) {
  static const Oid kPbkdf2 = Oid::literal("1.2.840.113549.1.5.12");
  static const Oid kScrypt = Oid::literal("1.3.6.1.4.1.11591.4.11");
  TANBA_TRY(const der::Tlv whole, der::parse_single(parameters, der::kSequence, "PBES2 parameters"));
  der::Reader reader(whole.value);
  TANBA_TRY(const der::Tlv derivation, reader.expect(der::kSequence, "keyDerivationFunc"));
  TANBA_TRY(const AlgorithmIdentifier identifier, parse_algorithm_identifier(derivation.whole));
  if (identifier.oid == kPbkdf2) return pkcs12_iterations(identifier.parameters);  // begins with salt, iterations too
  if (identifier.oid == kScrypt) return scrypt_cost(identifier.parameters);
  return base::fail(Code::kDerMalformed, "an unknown key derivation");
}

Status Iterations::charge(const X509_ALGOR* algorithm) {
  static const Oid kPbes2 = Oid::literal("1.2.840.113549.1.5.13");
  unsigned char* der = nullptr;
  const int size = i2d_X509_ALGOR(algorithm, &der);
  if (size <= 0) return wrong_content("a known encryption");
  const Bytes octets(der, der + size);
  OPENSSL_free(der);
  // OpenSSL keeps parameters as they were read: they may be BER.
  Bytes storage;
  const auto plain = der::normalise(octets, storage);
  if (!plain) return wrong_content("a known encryption");
  const auto identifier = parse_algorithm_identifier(*plain);
  if (!identifier) return wrong_content("a known encryption");
  const auto count =
      identifier->oid == kPbes2 ? pbes2_cost(identifier->parameters) : pkcs12_iterations(identifier->parameters);
  if (!count) return wrong_content("a known encryption");
  return charge(*count);
}

// --- opening ---------------------------------------------------------------------------------------------------------

struct Opened {
  std::vector<Secret> keys;  // PKCS#8, DER
  std::vector<CertificatePtr> certificates;
};

class Opener {
 public:
  Opener(PKCS12* file, const Secret& password) : file_(file), password_(password) {}

  Result<Opened> open() {
    TANBA_CHECK(check_mac());
    const SafesPtr safes(PKCS12_unpack_authsafes(file_));
    if (!safes) return wrong_content("a PKCS#12 key store");
    for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
      TANBA_CHECK(read_safe(sk_PKCS7_value(safes.get(), i)));
    }
    return std::move(opened_);
  }

 private:
  [[nodiscard]] const char* password_text() const { return password_missing_ ? nullptr : text_; }
  [[nodiscard]] int password_size() const { return static_cast<int>(password_.size()); }

  // RFC 7292 4: the MAC protects all of it; without one (allowed) a wrong password shows when decrypting.
  Status check_mac() {
    text_ = password_.empty() ? "" : password_.reveal_text().data();
    if (PKCS12_mac_present(file_) != 1) return {};
    const ASN1_INTEGER* iterations = nullptr;
    PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, file_);
    // RFC 7292 4: iterations default to 1. Both spellings of an empty password below.
    std::int64_t count = 1;
    if (iterations != nullptr && ASN1_INTEGER_get_int64(&count, iterations) != 1) count = kMaxIterations + 1;
    TANBA_CHECK(rounds_.charge(count));
    mac_verified_ = PKCS12_verify_mac(file_, password_text(), password_size()) == 1;
    if (mac_verified_) return {};
    if (!password_.empty()) return wrong_password();
    // No password is written by some tools as a zero-length string, by others as none.
    TANBA_CHECK(rounds_.charge(count));
    password_missing_ = true;
    mac_verified_ = PKCS12_verify_mac(file_, password_text(), password_size()) == 1;
    if (mac_verified_) return {};
    return wrong_password();
  }

  // Under a password that the MAC confirmed it is the cipher that is not known.
  [[nodiscard]] std::unexpected<Error> not_decrypted() const {
    return mac_verified_ ? wrong_content("a known encryption") : wrong_password();
  }

  Status read_safe(PKCS7* safe) {
    BagsPtr bags;
    if (PKCS7_type_is_data(safe)) {
      bags.reset(PKCS12_unpack_p7data(safe));
      if (!bags) return wrong_content("a PKCS#12 key store");
    } else if (PKCS7_type_is_encrypted(safe)) {
      TANBA_CHECK(rounds_.charge(safe->d.encrypted->enc_data->algorithm));
      bags.reset(PKCS12_unpack_p7encdata(safe, password_text(), password_size()));
      if (!bags) return not_decrypted();
    } else {
      return wrong_content("a PKCS#12 key store protected by a password");
    }
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags.get()); ++i) {
      if (++bag_count_ > kMaxBags) {
        return base::fail(Error(Code::kLimitCount, {{"limit", std::to_string(kMaxBags)}, {"what", "PKCS#12 bags"}}));
      }
      TANBA_CHECK(read_bag(sk_PKCS12_SAFEBAG_value(bags.get(), i)));
    }
    return {};
  }

  Status read_bag(const PKCS12_SAFEBAG* bag) {
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
      case NID_keyBag:
        keep_key(PKCS12_SAFEBAG_get0_p8inf(bag));
        return {};
      case NID_pkcs8ShroudedKeyBag:
        return read_shrouded(bag);
      case NID_certBag:
        return read_certificate(bag);
      default:
        return {};  // CRLs, secrets and nested contents: not needed here
    }
  }

  Status read_shrouded(const PKCS12_SAFEBAG* bag) {
    const X509_ALGOR* algorithm = nullptr;
    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, nullptr);
    TANBA_CHECK(rounds_.charge(algorithm));
    const Pkcs8Ptr key(PKCS12_decrypt_skey(bag, password_text(), password_size()));
    if (!key) return not_decrypted();
    keep_key(key.get());
    return {};
  }

  void keep_key(const PKCS8_PRIV_KEY_INFO* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(key, &der);
    if (size <= 0) return;
    opened_.keys.emplace_back(ByteView(der, static_cast<std::size_t>(size)));
    OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  }

  Status read_certificate(const PKCS12_SAFEBAG* bag) {
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return {};
    const X509Ptr parsed(PKCS12_SAFEBAG_get1_cert(bag));
    unsigned char* der = nullptr;
    const int size = parsed ? i2d_X509(parsed.get(), &der) : 0;  // the octets as they were read
    if (size <= 0) return wrong_content("X.509 certificates");
    const Bytes octets(der, der + size);
    OPENSSL_free(der);
    TANBA_TRY(CertificatePtr certificate, Certificate::parse(octets));
    opened_.certificates.push_back(std::move(certificate));
    return {};
  }

  PKCS12* file_;
  const Secret& password_;
  const char* text_ = "";
  bool password_missing_ = false;
  bool mac_verified_ = false;
  Iterations rounds_;
  std::size_t bag_count_ = 0;
  Opened opened_;
};

Result<Opened> open_file(ByteView file, const Secret& password) {
  const LegacyScope scope;
  const unsigned char* at = file.data();
  const Pkcs12Ptr parsed(d2i_PKCS12(nullptr, &at, static_cast<long>(file.size())));
  if (!parsed || at != file.data() + file.size()) return wrong_content("a PKCS#12 key store");
  return Opener(parsed.get(), password).open();
}

// The first key for which the file holds the certificate. When no pair is found, the most telling reason: a key of a
// kind that cannot be used, else that there is no pair.
Result<Pkcs12Contents> pair_up(Context& context, const Opened& opened) {
  if (opened.keys.empty()) return wrong_content("a private key");
  if (opened.certificates.empty()) return wrong_content("the certificate of the key");
  std::optional<Error> unsupported;
  for (const Secret& key : opened.keys) {
    for (const CertificatePtr& certificate : opened.certificates) {
      auto signer = make_key_signer(context, certificate, key);
      if (!signer) {
        if (signer.error().code() == Code::kCertificateUnsupportedKey && !unsupported) unsupported = signer.error();
        continue;
      }
      Pkcs12Contents contents{.signer = *std::move(signer), .certificates = {}};
      for (const CertificatePtr& other : opened.certificates) {
        if (other->digest() != certificate->digest()) contents.certificates.push_back(other);
      }
      return contents;
    }
  }
  if (unsupported) return base::fail(*std::move(unsupported));
  return wrong_content("a private key with its certificate");
}

}  // namespace

Result<Pkcs12Contents> open_pkcs12(Context& context, ByteView file, const Secret& password) {
  if (file.size() > kMaxFileBytes) {
    return base::fail(Error(Code::kFileTooLarge, {{"file", "PKCS#12"}, {"limit", std::to_string(kMaxFileBytes)}}));
  }
  ERR_clear_error();
  TANBA_TRY(const Opened opened, open_file(file, password));
  return pair_up(context, opened);
}

}  // namespace tanba::pki
