#include "pki/context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "pki/der.h"
#include "pki/kzgost/key_format.h"
#include "pki/kzgost/kzgost.h"
#include "pki/lru.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Digest;
using base::Error;
using base::Result;

constexpr std::size_t kDigestAlgorithms = static_cast<std::size_t>(DigestAlgorithm::kStreebog512) + 1;
// A key is used with one or two algorithms; a document that names it with many has its contexts made anew.
constexpr std::size_t kMaxVerifiersPerKey = 4;
// What one verification may cost: budgets count public-key operations, so none may be a hundred times another. RSA of
// 8192 bits costs 15 times that of 2048; authorities have 4096. DSA of 3072 bits is the largest of FIPS 186-4.
constexpr unsigned kMaxRsaBits = 8192;
constexpr unsigned kMaxDsaBits = 4096;
// FIPS 186-4 B.3.1: an exponent below 2^256. Everybody's is 65537.
constexpr std::size_t kMaxRsaExponentBytes = 32;

std::unexpected<Error> malformed(std::string_view what, std::string cause = {}) {
  return base::fail(Error(Code::kKeyMalformed, {{"what", std::string(what)}}, std::move(cause)));
}

std::unexpected<Error> unsupported(const PublicKeyInfo& info, std::string cause = {}) {
  return base::fail(Error(Code::kCertificateUnsupportedKey,
                          {{"certificate", info.digest.hex()}, {"algorithm", info.algorithm}}, std::move(cause)));
}

// A non-negative INTEGER as OSSL_PARAM wants it: least significant octet first.
std::optional<Bytes> little_endian(ByteView integer) {
  if (integer.empty() || (integer.front() & 0x80) != 0) return std::nullopt;
  while (integer.size() > 1 && integer.front() == 0) integer = integer.subspan(1);
  return Bytes(integer.rbegin(), integer.rend());
}

struct RsaNumbers {
  Bytes modulus;
  Bytes exponent;
};

// RFC 8017 3.1: the modulus is a product of odd primes, the exponent odd and at least 3. With e = 1 any padded digest
// would be its own signature.
Result<RsaNumbers> read_rsa(const PublicKeyInfo& info) {
  const auto whole = der::parse_single(info.bits_value, der::kSequence, "RSAPublicKey");
  if (!whole) return malformed("RSAPublicKey");
  der::Reader reader(whole->value);
  const auto n = reader.expect(der::kInteger, "modulus");
  const auto e = reader.expect(der::kInteger, "publicExponent");
  if (!n || !e) return malformed("RSAPublicKey");
  auto modulus = little_endian(n->value);
  auto exponent = little_endian(e->value);
  if (!modulus || !exponent) return malformed("RSAPublicKey with a negative number");
  if ((modulus->front() & 1) == 0) return malformed("even RSA modulus");
  if (exponent->size() > kMaxRsaExponentBytes) return malformed("RSA exponent too large");
  if ((exponent->front() & 1) == 0 || (exponent->size() == 1 && exponent->front() < 3))
    return malformed("RSA exponent");
  return RsaNumbers{.modulus = *std::move(modulus), .exponent = *std::move(exponent)};
}

const char* openssl_type(KeyKind kind) {
  switch (kind) {
    case KeyKind::kRsa:
      return "RSA";
    case KeyKind::kRsaPss:
      return "RSA-PSS";
    case KeyKind::kEc:
      return "EC";
    case KeyKind::kDsa:
      return "DSA";
    default:
      return nullptr;
  }
}

std::optional<kzgost::KeyType> gost_type(KeyKind kind) {
  switch (kind) {
    case KeyKind::kGost2004:
      return kzgost::KeyType::k2004;
    case KeyKind::kGost2015_256:
      return kzgost::KeyType::k2015_256;
    case KeyKind::kGost2015_512:
      return kzgost::KeyType::k2015_512;
    default:
      return std::nullopt;
  }
}

// A ГОСТ key's parameters name the digest too (kz-pki), and so does each signature OID: no other may stand in for it,
// not even one of the same length.
bool fits(const SignatureAlgorithm& algorithm, KeyKind kind) {
  switch (algorithm.scheme) {
    case SignatureScheme::kRsaPkcs1:
      return kind == KeyKind::kRsa;
    case SignatureScheme::kRsaPss:
      return kind == KeyKind::kRsa || kind == KeyKind::kRsaPss;
    case SignatureScheme::kEcdsa:
      return kind == KeyKind::kEc;
    case SignatureScheme::kDsa:
      return kind == KeyKind::kDsa;
    case SignatureScheme::kGost2004:
      return kind == KeyKind::kGost2004 && algorithm.digest == DigestAlgorithm::kGost34311;
    case SignatureScheme::kGost2015_256:
      return kind == KeyKind::kGost2015_256 && algorithm.digest == DigestAlgorithm::kStreebog256;
    case SignatureScheme::kGost2015_512:
      return kind == KeyKind::kGost2015_512 && algorithm.digest == DigestAlgorithm::kStreebog512;
  }
  return false;
}

}  // namespace

struct Context::State {
  struct Verifier {
    SignatureAlgorithm algorithm;
    EvpPkeyCtxPtr context;
  };
  struct Key {
    EvpPkeyPtr key;
    std::vector<Verifier> verifiers;
  };

  // Order matters: what is made in the library context goes before it does.
  LibCtxPtr library;
  ProviderPtr default_provider, gost_provider;
  OSSL_LIB_CTX* previous_default = nullptr;
  std::array<EvpMdPtr, kDigestAlgorithms> digests;
  std::array<bool, kDigestAlgorithms> digest_was_fetched{};
  EvpPkeyCtxPtr rsa_maker;

  explicit State(const Options& wanted)
      : options(wanted), keys(wanted.max_keys), certificates(wanted.max_certificates) {}

  Options options;
  LruMap<Key> keys;
  LruMap<X509Ptr> certificates;
  // Two generations: when the young one is full it becomes the old one, so that the bound costs no bookkeeping per use.
  std::unordered_set<Digest> verified_young, verified_old;

  Result<EvpPkeyPtr> make(const PublicKeyInfo& info);
  Result<EvpPkeyPtr> make_rsa(const PublicKeyInfo& info);
  Result<EvpPkeyPtr> make_gost(const PublicKeyInfo& info, kzgost::KeyType type);
  Result<EvpPkeyPtr> decode(const PublicKeyInfo& info);
  Result<Key*> entry(const PublicKeyInfo& info);
};

void initialise_process() {
  // OpenSSL builds its global tables (OIDs, algorithm names) lazily and partly without locks: build them while there is
  // one thread. Algorithms that a provider of ours brings are registered here too, for the same reason.
  OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS,
                      nullptr);
  // How it went is said again where it matters (Context::create).
  static_cast<void>(kzgost::register_process());
}

Context::Context(const Options& options) : state_(std::make_unique<State>(options)) {}

Result<std::unique_ptr<Context>> Context::create(const Options& options) {
  // Where main did not (tests): threads that make their contexts at once wait here for the first, before any of them
  // reads OpenSSL's tables.
  TANBA_CHECK(kzgost::register_process());
  std::unique_ptr<Context> context(new Context(options));
  State& state = *context->state_;
  state.library.reset(OSSL_LIB_CTX_new());
  if (state.library) state.default_provider.reset(OSSL_PROVIDER_load(state.library.get(), "default"));
  if (!state.default_provider) {
    state.library.reset();
    return base::fail(Code::kInternal, "OpenSSL's default provider: " + drain_openssl_errors());
  }
  TANBA_CHECK(kzgost::add_builtin(state.library.get()));
  state.gost_provider.reset(OSSL_PROVIDER_load(state.library.get(), kzgost::kProviderName));
  if (!state.gost_provider) return base::fail(Code::kInternal, "the provider of ГОСТ: " + drain_openssl_errors());
  state.rsa_maker.reset(EVP_PKEY_CTX_new_from_name(state.library.get(), "RSA", nullptr));
  if (!state.rsa_maker) return base::fail(Code::kInternal, "OpenSSL without RSA: " + drain_openssl_errors());
  state.previous_default = OSSL_LIB_CTX_set0_default(state.library.get());
  return context;
}

Context::~Context() {
  if (!state_->library) return;
  // With NULL the default is only asked for. It is put back, unless another context has become it meanwhile.
  if (state_->previous_default != nullptr && OSSL_LIB_CTX_set0_default(nullptr) == state_->library.get()) {
    OSSL_LIB_CTX_set0_default(state_->previous_default);
  }
}

OSSL_LIB_CTX* Context::library() const {
  return state_->library.get();
}

const EVP_MD* Context::digest(DigestAlgorithm algorithm) {
  const auto index = static_cast<std::size_t>(algorithm);
  if (!state_->digest_was_fetched[index]) {
    state_->digest_was_fetched[index] = true;
    state_->digests[index].reset(EVP_MD_fetch(state_->library.get(), openssl_name(algorithm), nullptr));
    if (!state_->digests[index]) ERR_clear_error();
  }
  return state_->digests[index].get();
}

// 4.5 µs against 128 µs for the decoders of d2i_PUBKEY (DESIGN 7).
Result<EvpPkeyPtr> Context::State::make_rsa(const PublicKeyInfo& info) {
  TANBA_TRY(RsaNumbers numbers, read_rsa(info));
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, numbers.modulus.data(), numbers.modulus.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, numbers.exponent.data(), numbers.exponent.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* made = nullptr;
  if (EVP_PKEY_fromdata_init(rsa_maker.get()) <= 0 ||
      EVP_PKEY_fromdata(rsa_maker.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters) <= 0) {
    return malformed("RSA key", drain_openssl_errors());
  }
  return EvpPkeyPtr(made);
}

// As with RSA, past the decoders of d2i_PUBKEY; and what is wrong with the key keeps its name.
Result<EvpPkeyPtr> Context::State::make_gost(const PublicKeyInfo& info, kzgost::KeyType type) {
  const kzgost::KeyRow& row = kzgost::row(type);
  const auto point = kzgost::parse_public(row, info.spki);
  if (!point) return malformed(kzgost::text(point.error()));
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                               const_cast<std::uint8_t*>(point->data()), point->size()),
                             OSSL_PARAM_construct_end()};
  const EvpPkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(library.get(), row.names.short_name, nullptr));
  EVP_PKEY* made = nullptr;
  if (!maker || EVP_PKEY_fromdata_init(maker.get()) <= 0 ||
      EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters) <= 0) {
    const char* what = kzgost::text(kzgost::newest_reason());
    return malformed(what, drain_openssl_errors());
  }
  return EvpPkeyPtr(made);
}

Result<EvpPkeyPtr> Context::State::decode(const PublicKeyInfo& info) {
  const unsigned char* at = info.spki.data();
  EvpPkeyPtr key(d2i_PUBKEY_ex(nullptr, &at, static_cast<long>(info.spki.size()), library.get(), nullptr));
  if (!key) return malformed(to_string(info.kind), drain_openssl_errors());
  ERR_clear_error();  // decoders that did not fit leave their complaints behind
  if (EVP_PKEY_is_a(key.get(), openssl_type(info.kind)) != 1) return malformed("a key of another kind than it says");
  return key;
}

Result<EvpPkeyPtr> Context::State::make(const PublicKeyInfo& info) {
  const unsigned most = info.kind == KeyKind::kDsa ? kMaxDsaBits : kMaxRsaBits;
  if (info.bits > most) return unsupported(info, "a key of more than " + std::to_string(most) + " bits");
  if (info.kind == KeyKind::kRsa) return make_rsa(info);
  if (info.kind == KeyKind::kRsaPss) {
    if (auto numbers = read_rsa(info); !numbers) return std::unexpected(std::move(numbers).error());
  }
  if (const auto type = gost_type(info.kind)) return make_gost(info, *type);
  if (openssl_type(info.kind) == nullptr) return unsupported(info);
  // A DSA key without parameters is none yet: whoever knows the issuer completes it (path search).
  if (info.kind == KeyKind::kDsa && info.bits == 0) return unsupported(info, "DSA parameters are missing");
  return decode(info);
}

Result<Context::State::Key*> Context::State::entry(const PublicKeyInfo& info) {
  if (Key* known = keys.find(info.digest)) return known;
  TANBA_TRY(EvpPkeyPtr key, make(info));
  return &keys.put(info.digest, {.key = std::move(key), .verifiers = {}});
}

Result<EVP_PKEY*> Context::key(const PublicKeyInfo& info) {
  TANBA_TRY(State::Key * entry, state_->entry(info));
  return entry->key.get();
}

namespace {

// PKCS#1 v1.5 and PSS as RFC 8017 has them; OpenSSL checks the encoding octet by octet.
bool set_rsa_parameters(EVP_PKEY_CTX* context, const SignatureAlgorithm& algorithm, const EVP_MD* digest,
                        const EVP_MD* mgf1_digest) {
  const bool pss = algorithm.scheme == SignatureScheme::kRsaPss;
  if (digest == nullptr || (pss && mgf1_digest == nullptr)) return false;
  if (EVP_PKEY_CTX_set_rsa_padding(context, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) <= 0) return false;
  if (EVP_PKEY_CTX_set_signature_md(context, digest) <= 0) return false;
  // A key restricted by its own RSASSA-PSS-params (RFC 4055 3.3) refuses here what it does not allow.
  return !pss || (EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf1_digest) > 0 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(context, algorithm.salt_bytes) > 0);
}

}  // namespace

Result<EVP_PKEY_CTX*> Context::verifier(const PublicKeyInfo& info, const SignatureAlgorithm& algorithm) {
  const auto mismatch = [&](std::string cause) {
    return base::fail(Error(Code::kAlgorithmMismatch, {{"algorithm", to_string(algorithm)}}, std::move(cause)));
  };
  if (info.kind != KeyKind::kUnknown && !fits(algorithm, info.kind)) {
    return mismatch("the key is of kind " + std::string(to_string(info.kind)));
  }
  TANBA_TRY(State::Key * entry, state_->entry(info));
  for (const State::Verifier& verifier : entry->verifiers) {
    if (verifier.algorithm == algorithm) return verifier.context.get();
  }
  EvpPkeyCtxPtr made(EVP_PKEY_CTX_new_from_pkey(library(), entry->key.get(), nullptr));
  if (!made || EVP_PKEY_verify_init(made.get()) <= 0) return unsupported(info, drain_openssl_errors());
  const bool rsa = algorithm.scheme == SignatureScheme::kRsaPkcs1 || algorithm.scheme == SignatureScheme::kRsaPss;
  // ECDSA and DSA take the digest as it is; its length was checked.
  if (rsa && !set_rsa_parameters(made.get(), algorithm, digest(algorithm.digest), digest(algorithm.mgf1_digest))) {
    return mismatch(drain_openssl_errors());
  }
  if (entry->verifiers.size() == kMaxVerifiersPerKey) entry->verifiers.erase(entry->verifiers.begin());
  entry->verifiers.push_back({.algorithm = algorithm, .context = std::move(made)});
  return entry->verifiers.back().context.get();
}

Result<X509Ptr> Context::x509(const Certificate& certificate) {
  X509Ptr* known = state_->certificates.find(certificate.digest());
  if (known == nullptr) {
    X509* made = X509_new_ex(library(), nullptr);
    const unsigned char* at = certificate.der().data();
    // On failure d2i_X509 frees what it was given.
    if (made == nullptr || d2i_X509(&made, &at, static_cast<long>(certificate.der().size())) == nullptr) {
      return base::fail(Error(Code::kCertificateMalformed, {{"what", certificate.label()}}, drain_openssl_errors()));
    }
    ERR_clear_error();  // a key that no decoder knows leaves complaints, which matter only if it is used
    known = &state_->certificates.put(certificate.digest(), X509Ptr(made));
  }
  X509_up_ref(known->get());
  return X509Ptr(known->get());
}

bool Context::knows_verified(const Digest& what) const {
  return state_->verified_young.contains(what) || state_->verified_old.contains(what);
}

void Context::remember_verified(const Digest& what) {
  if (state_->verified_young.size() >= std::max<std::size_t>(state_->options.max_signatures / 2, 1)) {
    state_->verified_old = std::exchange(state_->verified_young, {});
  }
  state_->verified_young.insert(what);
}

}  // namespace tanba::pki
