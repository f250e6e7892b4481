#include <openssl/core_names.h>
#include <openssl/params.h>

#include <cstring>
#include <new>
#include <optional>

#include "pki/kzgost/digest.h"
#include "pki/kzgost/key_format.h"
#include "pki/kzgost/provider_context.h"

namespace tanba::pki::kzgost {
namespace {

enum class Operation : std::uint8_t { kNone, kSign, kVerify };

// Holds its key's material by count: the EVP_PKEY may go first. A copy is an independent continuation.
struct Signing {
  const Curve* curve = nullptr;  // the provider context's
  KeyMaterialPtr material;
  Operation operation = Operation::kNone;
  std::optional<DigestState> digest;  // while octets are fed
};

Signing& of(void* context) {
  return *static_cast<Signing*>(context);
}

void* new_context(void* provider, const char*) noexcept {
  static_cast<void>(provider);  // curves come with the keys
  auto* signing = new (std::nothrow) Signing();
  if (signing == nullptr) raise(Reason::kMemory);
  return signing;
}
void free_context(void* context) noexcept {
  delete static_cast<Signing*>(context);
}
void* duplicate(void* context) noexcept {
  return new (std::nothrow) Signing(of(context));
}

// --- parameters ------------------------------------------------------------------------------------------------------

// RFC 7091's parameters tie digest and key; a signature OID names both. So a caller may name the digest, not choose it.
Done check_digest(const Curve& curve, const char* name) {
  if (name == nullptr || *name == '\0') return {};
  if (find_digest(name) != curve.row().digest) return refuse(Reason::kDigestWrong);
  return {};
}

Done set_parameters(const Signing& signing, const OSSL_PARAM parameters[]) {
  if (parameters == nullptr) return {};
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_DIGEST);
  if (p != nullptr) {
    if (signing.curve == nullptr) return refuse(Reason::kState);
    const char* name = nullptr;
    if (OSSL_PARAM_get_utf8_string_ptr(p, &name) != 1) return refuse(Reason::kDigestWrong);
    KZGOST_CHECK(check_digest(*signing.curve, name));
  }
  p = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_DIGEST_SIZE);
  if (p != nullptr) {
    std::size_t size = 0;
    if (signing.curve == nullptr) return refuse(Reason::kState);
    if (OSSL_PARAM_get_size_t(p, &size) != 1 || size != signing.curve->row().field_bytes()) {
      return refuse(Reason::kDigestLength);
    }
  }
  return {};
}

int set_context_params(void* context, const OSSL_PARAM parameters[]) noexcept {
  const Done done = set_parameters(of(context), parameters);
  return done ? 1 : raise(done.error());
}

const OSSL_PARAM* settable_context_params(void*, void*) noexcept {
  static const OSSL_PARAM table[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
                                     OSSL_PARAM_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, nullptr), OSSL_PARAM_END};
  return table;
}
const OSSL_PARAM* gettable_context_params(void*, void*) noexcept {
  static const OSSL_PARAM table[] = {OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
                                     OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
                                     OSSL_PARAM_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, nullptr), OSSL_PARAM_END};
  return table;
}

int get_context_params(void* context, OSSL_PARAM parameters[]) noexcept {
  if (of(context).curve == nullptr) return raise(Reason::kState);
  const KeyRow& row = of(context).curve->row();
  OSSL_PARAM* p = OSSL_PARAM_locate(parameters, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
  if (p != nullptr) {
    const auto identifier = write_signature_algorithm(row);
    if (OSSL_PARAM_set_octet_string(p, identifier.data(), identifier.size()) != 1) return 0;
  }
  p = OSSL_PARAM_locate(parameters, OSSL_SIGNATURE_PARAM_DIGEST);
  const char* digest = digest_rows()[static_cast<std::size_t>(row.digest)].names.short_name;
  if (p != nullptr && OSSL_PARAM_set_utf8_string(p, digest) != 1) return 0;
  p = OSSL_PARAM_locate(parameters, OSSL_SIGNATURE_PARAM_DIGEST_SIZE);
  return p == nullptr || OSSL_PARAM_set_size_t(p, row.field_bytes()) == 1 ? 1 : 0;
}

// --- beginning -------------------------------------------------------------------------------------------------------

Done begin(Signing& signing, const Key* key, Operation operation, const OSSL_PARAM parameters[]) {
  signing.digest.reset();
  if (key != nullptr) {
    signing.curve = &key->curve();
    signing.material = key->material();
  } else if (signing.material == nullptr || signing.operation != operation) {
    // provider-signature(7): no key means the one of before.
    return refuse(Reason::kKeyMissing);
  }
  signing.operation = operation;
  if (signing.material == nullptr) return refuse(Reason::kKeyMissing);
  if (operation == Operation::kSign && signing.material->private_key.empty()) return refuse(Reason::kPrivateKeyMissing);
  return set_parameters(signing, parameters);
}

template <Operation operation>
int init(void* context, void* key, const OSSL_PARAM parameters[]) noexcept {
  const Done done = begin(of(context), static_cast<const Key*>(key), operation, parameters);
  return done ? 1 : raise(done.error());
}

template <Operation operation>
int digest_init(void* context, const char* digest, void* key, const OSSL_PARAM parameters[]) noexcept {
  Signing& signing = of(context);
  Done done = begin(signing, static_cast<const Key*>(key), operation, parameters);
  if (done) done = check_digest(*signing.curve, digest);
  if (!done) return raise(done.error());
  signing.digest.emplace(signing.curve->row().digest);
  return 1;
}

int digest_update(void* context, const unsigned char* data, std::size_t size) noexcept {
  Signing& signing = of(context);
  if (!signing.digest) return raise(Reason::kState);
  signing.digest->update({data, size});
  return 1;
}

// --- signing ---------------------------------------------------------------------------------------------------------

Done sign_into(const Signing& signing, View digest, unsigned char* out, std::size_t* size, std::size_t capacity) {
  if (signing.operation != Operation::kSign) return refuse(Reason::kState);
  if (capacity < signing.curve->row().signature_bytes()) return refuse(Reason::kBufferTooSmall);
  KZGOST_TRY(const SignatureOctets signature, signing.curve->sign(signing.material->private_key.octets(), digest));
  std::memcpy(out, signature.data(), signature.size());
  *size = signature.size();
  return {};
}

int sign(void* context, unsigned char* out, std::size_t* size, std::size_t capacity, const unsigned char* digest,
         std::size_t digest_size) noexcept {
  const Signing& signing = of(context);
  if (out == nullptr) {
    if (signing.curve == nullptr) return raise(Reason::kState);
    *size = signing.curve->row().signature_bytes();
    return 1;
  }
  const Done done = sign_into(signing, {digest, digest_size}, out, size, capacity);
  return done ? 1 : raise(done.error());
}

int digest_sign_final(void* context, unsigned char* out, std::size_t* size, std::size_t capacity) noexcept {
  Signing& signing = of(context);
  if (!signing.digest) return raise(Reason::kState);
  if (out == nullptr) {
    *size = signing.curve->row().signature_bytes();
    return 1;
  }
  const auto digest = signing.digest->finish();
  const Done done = sign_into(signing, digest.view(), out, size, capacity);
  return done ? 1 : raise(done.error());
}

// --- verifying -------------------------------------------------------------------------------------------------------

Done verify_digest(const Signing& signing, View digest, View signature) {
  if (signing.operation != Operation::kVerify) return refuse(Reason::kState);
  return signing.curve->verify(signing.material->public_key, digest, signature);
}

int verify(void* context, const unsigned char* signature, std::size_t signature_size, const unsigned char* digest,
           std::size_t digest_size) noexcept {
  const Done done = verify_digest(of(context), {digest, digest_size}, {signature, signature_size});
  return done ? 1 : raise(done.error());
}

int digest_verify_final(void* context, const unsigned char* signature, std::size_t size) noexcept {
  Signing& signing = of(context);
  if (!signing.digest) return raise(Reason::kState);
  const auto digest = signing.digest->finish();
  const Done done = verify_digest(signing, digest.view(), {signature, size});
  return done ? 1 : raise(done.error());
}

const OSSL_DISPATCH kDispatch[] = {entry(OSSL_FUNC_SIGNATURE_NEWCTX, new_context),
                                   entry(OSSL_FUNC_SIGNATURE_FREECTX, free_context),
                                   entry(OSSL_FUNC_SIGNATURE_DUPCTX, duplicate),
                                   entry(OSSL_FUNC_SIGNATURE_SIGN_INIT, init<Operation::kSign>),
                                   entry(OSSL_FUNC_SIGNATURE_SIGN, sign),
                                   entry(OSSL_FUNC_SIGNATURE_VERIFY_INIT, init<Operation::kVerify>),
                                   entry(OSSL_FUNC_SIGNATURE_VERIFY, verify),
                                   entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, digest_init<Operation::kSign>),
                                   entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, digest_update),
                                   entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, digest_sign_final),
                                   entry(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, digest_init<Operation::kVerify>),
                                   entry(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, digest_update),
                                   entry(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, digest_verify_final),
                                   entry(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_context_params),
                                   entry(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable_context_params),
                                   entry(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_context_params),
                                   entry(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_context_params),
                                   OSSL_DISPATCH{0, nullptr}};

}  // namespace

const OSSL_ALGORITHM* signature_algorithms() {
  static const OSSL_ALGORITHM table[] = {
      {row(KeyType::k2004).algorithm_names, "provider=kzgost", kDispatch, row(KeyType::k2004).signature.long_name},
      {row(KeyType::k2015_256).algorithm_names, "provider=kzgost", kDispatch,
       row(KeyType::k2015_256).signature.long_name},
      {row(KeyType::k2015_512).algorithm_names, "provider=kzgost", kDispatch,
       row(KeyType::k2015_512).signature.long_name},
      {nullptr, nullptr, nullptr, nullptr}};
  return table;
}

}  // namespace tanba::pki::kzgost
