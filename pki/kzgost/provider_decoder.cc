// DER of SubjectPublicKeyInfo and PrivateKeyInfo into keys. PEM and decryption are OpenSSL's own decoders in front.
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include <new>

#include "pki/kzgost/key_format.h"
#include "pki/kzgost/provider_context.h"

namespace tanba::pki::kzgost {
namespace {

// A decoder has no state of its own: its context is the provider's.
void* new_context(void* provider) noexcept {
  return provider;
}
void free_context(void*) noexcept {}

// The highest thing that is asked for decides (provider-decoder(7)); 0 asks for anything.
template <KeyStructure structure>
int does_selection(void*, int selection) noexcept {
  if (selection == 0) return 1;
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return structure == KeyStructure::kPrivate ? 1 : 0;
  if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0) return structure == KeyStructure::kPublic ? 1 : 0;
  return (selection & OSSL_KEYMGMT_SELECT_ALL_PARAMETERS) != 0 ? 1 : 0;
}

Done fill(Key& key, KeyStructure structure, View der) {
  if (structure == KeyStructure::kPublic) {
    KZGOST_TRY(const View point, parse_public(key.row(), der));
    return key.assign(point, {});
  }
  FixedOctets<kMaxFieldBytes> scalar(key.row().field_bytes());
  Done done = parse_private(key.row(), der, scalar.span());
  if (done) done = key.assign({}, scalar.view());
  OPENSSL_cleanse(scalar.data(), scalar.size());
  return done;
}

Outcome<std::unique_ptr<Key>> read_key(const ProviderContext& provider, KeyType type, KeyStructure structure,
                                       View der) {
  KZGOST_TRY(const Curve* curve, provider.curve(type));
  std::unique_ptr<Key> key(new (std::nothrow) Key(*curve));
  if (!key) return refuse(Reason::kMemory);
  KZGOST_CHECK(fill(*key, structure, der));
  return key;
}

int hand_over(std::unique_ptr<Key> key, OSSL_CALLBACK* callback, void* argument) {
  Key* reference = key.release();
  int object_type = OSSL_OBJECT_PKEY;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &object_type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE,
                                       const_cast<char*>(reference->row().names.short_name), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &reference, sizeof reference),
      OSSL_PARAM_construct_end()};
  const int result = callback(parameters, argument);
  delete reference;  // null when key management took it
  return result;
}

// provider-decoder(7): foreign data is no error: 1 without a callback lets others try. A key that says it is ours and
// is not as it should be is one: no other decoder would make sense of it, and the reason would be lost.
template <KeyType type, KeyStructure structure>
int decode(void* context, OSSL_CORE_BIO* bio, int, OSSL_CALLBACK* callback, void* argument, OSSL_PASSPHRASE_CALLBACK*,
           void*) noexcept {
  const auto& provider = *static_cast<const ProviderContext*>(context);
  FixedOctets<kMaxKeyDerBytes> buffer(kMaxKeyDerBytes);
  const View der = provider.read_element(bio, buffer.span());
  int result = 1;
  if (recognise(der, structure) == type) {
    auto key = read_key(provider, type, structure, der);
    result = key ? hand_over(*std::move(key), callback, argument) : raise(key.error());
  }
  OPENSSL_cleanse(buffer.data(), buffer.size());  // an element that was cut short too
  return result;
}

// A key of another library context of ours, as keys are exported.
int export_object(void* context, const void* reference, std::size_t size, OSSL_CALLBACK* callback,
                  void* argument) noexcept {
  static_cast<void>(context);
  if (size != sizeof(Key*)) return 0;
  const Key* key = *static_cast<Key* const*>(reference);
  if (key == nullptr || !key->has_public()) return 0;
  std::array<OSSL_PARAM, 3> parameters{};
  std::size_t count = 0;
  const auto add = [&](const char* name, View octets) {
    parameters[count++] =
        OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(octets.data()), octets.size());
  };
  add(OSSL_PKEY_PARAM_PUB_KEY, key->material()->public_key.octets());
  if (key->has_private()) add(OSSL_PKEY_PARAM_PRIV_KEY, key->material()->private_key.octets());
  parameters[count] = OSSL_PARAM_construct_end();
  return callback(parameters.data(), argument);
}

template <KeyType type, KeyStructure structure>
const OSSL_DISPATCH* dispatch() {
  static const OSSL_DISPATCH table[] = {entry(OSSL_FUNC_DECODER_NEWCTX, new_context),
                                        entry(OSSL_FUNC_DECODER_FREECTX, free_context),
                                        entry(OSSL_FUNC_DECODER_DOES_SELECTION, does_selection<structure>),
                                        entry(OSSL_FUNC_DECODER_DECODE, decode<type, structure>),
                                        entry(OSSL_FUNC_DECODER_EXPORT_OBJECT, export_object),
                                        OSSL_DISPATCH{0, nullptr}};
  return table;
}

template <KeyType type>
void add_rows(OSSL_ALGORITHM*& next) {
  *next++ = {row(type).algorithm_names, "provider=kzgost,input=der,structure=PrivateKeyInfo",
             dispatch<type, KeyStructure::kPrivate>(), nullptr};
  *next++ = {row(type).algorithm_names, "provider=kzgost,input=der,structure=SubjectPublicKeyInfo",
             dispatch<type, KeyStructure::kPublic>(), nullptr};
}

}  // namespace

const OSSL_ALGORITHM* decoder_algorithms() {
  static const auto table = [] {
    std::array<OSSL_ALGORITHM, 2 * kKeyTypes.size() + 1> rows{};
    OSSL_ALGORITHM* next = rows.data();
    add_rows<KeyType::k2004>(next);
    add_rows<KeyType::k2015_256>(next);
    add_rows<KeyType::k2015_512>(next);
    return rows;
  }();
  return table.data();
}

}  // namespace tanba::pki::kzgost
