#include <openssl/core_names.h>
#include <openssl/params.h>

#include <cstring>
#include <new>

#include "pki/kzgost/provider_context.h"

namespace tanba::pki::kzgost {
namespace {

Key* key_of(void* data) {
  return static_cast<Key*>(data);
}
const Key* key_of(const void* data) {
  return static_cast<const Key*>(data);
}

Key* make_key(void* provider, KeyType type) {
  const auto curve = static_cast<const ProviderContext*>(provider)->curve(type);
  if (!curve) {
    raise(curve.error());
    return nullptr;
  }
  auto* key = new (std::nothrow) Key(**curve);
  if (key == nullptr) raise(Reason::kMemory);
  return key;
}

template <KeyType type>
void* new_key(void* provider) noexcept {
  return make_key(provider, type);
}
void free_key(void* data) noexcept {
  delete key_of(data);
}

// A decoder hands its key over by reference (provider-object(7)).
void* load(const void* reference, std::size_t size) noexcept {
  if (size != sizeof(Key*)) return nullptr;
  Key** place = static_cast<Key**>(const_cast<void*>(reference));
  Key* key = *place;
  *place = nullptr;
  return key;
}

void* duplicate(const void* from, int selection) noexcept {
  const Key* key = key_of(from);
  auto* copy = new (std::nothrow) Key(key->curve());
  if (copy == nullptr) {
    raise(Reason::kMemory);
    return nullptr;
  }
  if (!key->has_public() || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) return copy;
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 || !key->has_private()) {
    copy->share(*key);
  } else if (const Done done = copy->assign(key->material()->public_key.octets(), {}); !done) {
    raise(done.error());
    delete copy;
    return nullptr;
  }
  return copy;
}

// --- what a key has --------------------------------------------------------------------------------------------------

// Curve and digest are of the kind: every key has its parameters.
int has(const void* data, int selection) noexcept {
  const Key* key = key_of(data);
  if (key == nullptr) return 0;
  if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && !key->has_public()) return 0;
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !key->has_private()) return 0;
  return 1;
}

// Private keys are compared by their public ones, which every key of ours with a private one has.
int match(const void* a, const void* b, int selection) noexcept {
  const Key* first = key_of(a);
  const Key* second = key_of(b);
  if (first->row().type != second->row().type) return 0;
  if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) return 1;
  if (!first->has_public() || !second->has_public()) return 0;
  return equal(first->material()->public_key.octets(), second->material()->public_key.octets()) ? 1 : 0;
}

int validate(const void* data, int selection, int) noexcept {
  const Key* key = key_of(data);
  if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0) {
    if (!key->has_public()) return raise(Reason::kKeyMissing);
    if (const auto point = key->curve().point(key->material()->public_key.octets()); !point)
      return raise(point.error());
  }
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
    if (!key->has_private()) return raise(Reason::kPrivateKeyMissing);
    if (const Done pair = key->check_pair(); !pair) return raise(pair.error());
  }
  return 1;
}

// --- import and export -----------------------------------------------------------------------------------------------

const OSSL_PARAM* key_params(int selection) noexcept {
#define KZGOST_GROUP OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0)
#define KZGOST_PUBLIC OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0)
#define KZGOST_PRIVATE OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, nullptr, 0)
  static const OSSL_PARAM group[] = {KZGOST_GROUP, OSSL_PARAM_END};
  static const OSSL_PARAM public_only[] = {KZGOST_GROUP, KZGOST_PUBLIC, OSSL_PARAM_END};
  static const OSSL_PARAM private_only[] = {KZGOST_GROUP, KZGOST_PRIVATE, OSSL_PARAM_END};
  static const OSSL_PARAM both[] = {KZGOST_GROUP, KZGOST_PUBLIC, KZGOST_PRIVATE, OSSL_PARAM_END};
  const bool with_public = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0;
  const bool with_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
  if (with_public && with_private) return both;
  if (with_private) return private_only;
  return with_public ? public_only : group;
}

int import_into(void* data, int selection, const OSSL_PARAM parameters[]) noexcept {
  if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) return 1;
  const Done done = import_key(*key_of(data), selection, parameters);
  return done ? 1 : raise(done.error());
}

OSSL_PARAM octet_param(const char* name, View octets) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(octets.data()), octets.size());
}
OSSL_PARAM text_param(const char* name, const char* text) {
  return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(text), 0);
}

int export_from(void* data, int selection, OSSL_CALLBACK* callback, void* argument) noexcept {
  const Key* key = key_of(data);
  std::array<OSSL_PARAM, 4> parameters{};
  std::size_t count = 0;
  parameters[count++] = text_param(OSSL_PKEY_PARAM_GROUP_NAME, key->row().curve.short_name);
  if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && key->has_public()) {
    parameters[count++] = octet_param(OSSL_PKEY_PARAM_PUB_KEY, key->material()->public_key.octets());
  }
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key->has_private()) {
    parameters[count++] = octet_param(OSSL_PKEY_PARAM_PRIV_KEY, key->material()->private_key.octets());
  }
  parameters[count] = OSSL_PARAM_construct_end();
  return callback(parameters.data(), argument);
}

// --- questions -------------------------------------------------------------------------------------------------------

const OSSL_PARAM* gettable_params(void*) noexcept {
  static const OSSL_PARAM table[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
                                     OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
                                     OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
                                     OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
                                     OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, nullptr, 0),
                                     KZGOST_GROUP,
                                     KZGOST_PUBLIC,
                                     KZGOST_PRIVATE,
                                     OSSL_PARAM_END};
  return table;
}

bool set_int(OSSL_PARAM parameters[], const char* name, std::size_t value) {
  OSSL_PARAM* p = OSSL_PARAM_locate(parameters, name);
  return p == nullptr || OSSL_PARAM_set_int(p, static_cast<int>(value)) == 1;
}
bool set_text(OSSL_PARAM parameters[], const char* name, const char* value) {
  OSSL_PARAM* p = OSSL_PARAM_locate(parameters, name);
  return p == nullptr || OSSL_PARAM_set_utf8_string(p, value) == 1;
}
bool set_octets(OSSL_PARAM parameters[], const char* name, View value) {
  OSSL_PARAM* p = OSSL_PARAM_locate(parameters, name);
  return p == nullptr || value.empty() || OSSL_PARAM_set_octet_string(p, value.data(), value.size()) == 1;
}

int get_params(void* data, OSSL_PARAM parameters[]) noexcept {
  const Key* key = key_of(data);
  const KeyRow& row = key->row();
  const char* digest = digest_rows()[static_cast<std::size_t>(row.digest)].names.short_name;
  const View public_octets = key->has_public() ? key->material()->public_key.octets() : View();
  const View private_octets = key->has_private() ? key->material()->private_key.octets() : View();
  return set_int(parameters, OSSL_PKEY_PARAM_BITS, row.bits) &&
                 set_int(parameters, OSSL_PKEY_PARAM_SECURITY_BITS, row.security_bits) &&
                 set_int(parameters, OSSL_PKEY_PARAM_MAX_SIZE, row.signature_bytes()) &&
                 set_text(parameters, OSSL_PKEY_PARAM_DEFAULT_DIGEST, digest) &&
                 set_text(parameters, OSSL_PKEY_PARAM_MANDATORY_DIGEST, digest) &&
                 set_text(parameters, OSSL_PKEY_PARAM_GROUP_NAME, row.curve.short_name) &&
                 set_octets(parameters, OSSL_PKEY_PARAM_PUB_KEY, public_octets) &&
                 set_octets(parameters, OSSL_PKEY_PARAM_PRIV_KEY, private_octets)
             ? 1
             : 0;
}

// --- generation ------------------------------------------------------------------------------------------------------

struct Generation {
  ProviderContext* provider;
  KeyType type;
  int selection;
};

const OSSL_PARAM* generation_settable(void*, void*) noexcept {
  static const OSSL_PARAM table[] = {KZGOST_GROUP, OSSL_PARAM_END};
  return table;
}

Done check_group(const KeyRow& row, const OSSL_PARAM parameters[]) {
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(parameters, OSSL_PKEY_PARAM_GROUP_NAME);
  if (p == nullptr) return {};
  const char* name = nullptr;
  if (OSSL_PARAM_get_utf8_string_ptr(p, &name) != 1 || name == nullptr) return refuse(Reason::kParametersWrong);
  if (!names_curve(row, name)) return refuse(Reason::kParametersWrong);
  return {};
}

int generation_set_params(void* context, const OSSL_PARAM parameters[]) noexcept {
  if (parameters == nullptr) return 1;
  const Done done = check_group(row(static_cast<Generation*>(context)->type), parameters);
  return done ? 1 : raise(done.error());
}

template <KeyType type>
void* generation_init(void* provider, int selection, const OSSL_PARAM parameters[]) noexcept {
  auto* generation = new (std::nothrow) Generation{static_cast<ProviderContext*>(provider), type, selection};
  if (generation == nullptr) {
    raise(Reason::kMemory);
    return nullptr;
  }
  if (generation_set_params(generation, parameters) == 1) return generation;
  delete generation;
  return nullptr;
}

// Another key as a template gives its parameters, and they are the same for all of the kind.
int generation_set_template(void* context, void* from) noexcept {
  if (key_of(from)->row().type == static_cast<Generation*>(context)->type) return 1;
  return raise(Reason::kParametersWrong);
}

void* generate(void* context, OSSL_CALLBACK*, void*) noexcept {
  const auto* generation = static_cast<Generation*>(context);
  Key* key = make_key(generation->provider, generation->type);
  if (key == nullptr || (generation->selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) return key;
  if (const Done done = key->generate(); !done) {
    raise(done.error());
    delete key;
    return nullptr;
  }
  return key;
}

void generation_free(void* context) noexcept {
  delete static_cast<Generation*>(context);
}

// --- tables ----------------------------------------------------------------------------------------------------------

// Keys and signatures of a kind have the same names.
template <KeyType type>
const char* operation_name(int operation) noexcept {
  return operation == OSSL_OP_SIGNATURE ? row(type).names.short_name : nullptr;
}

template <KeyType type>
const OSSL_DISPATCH* dispatch() {
  static const OSSL_DISPATCH table[] = {entry(OSSL_FUNC_KEYMGMT_NEW, new_key<type>),
                                        entry(OSSL_FUNC_KEYMGMT_FREE, free_key),
                                        entry(OSSL_FUNC_KEYMGMT_LOAD, load),
                                        entry(OSSL_FUNC_KEYMGMT_DUP, duplicate),
                                        entry(OSSL_FUNC_KEYMGMT_HAS, has),
                                        entry(OSSL_FUNC_KEYMGMT_MATCH, match),
                                        entry(OSSL_FUNC_KEYMGMT_VALIDATE, validate),
                                        entry(OSSL_FUNC_KEYMGMT_IMPORT, import_into),
                                        entry(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_params),
                                        entry(OSSL_FUNC_KEYMGMT_EXPORT, export_from),
                                        entry(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_params),
                                        entry(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),
                                        entry(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),
                                        entry(OSSL_FUNC_KEYMGMT_GEN_INIT, generation_init<type>),
                                        entry(OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE, generation_set_template),
                                        entry(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, generation_set_params),
                                        entry(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, generation_settable),
                                        entry(OSSL_FUNC_KEYMGMT_GEN, generate),
                                        entry(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, generation_free),
                                        entry(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name<type>),
                                        OSSL_DISPATCH{0, nullptr}};
  return table;
}

}  // namespace

Done import_key(Key& key, int selection, const OSSL_PARAM parameters[]) noexcept {
  const auto octets = [&](const char* name, View& out) -> Done {
    const OSSL_PARAM* p = OSSL_PARAM_locate_const(parameters, name);
    if (p == nullptr) return {};
    const void* data = nullptr;
    std::size_t size = 0;
    if (OSSL_PARAM_get_octet_string_ptr(p, &data, &size) != 1 || data == nullptr) return refuse(Reason::kKeyMissing);
    out = {static_cast<const std::uint8_t*>(data), size};
    return {};
  };
  KZGOST_CHECK(check_group(key.row(), parameters));
  View public_octets, private_octets;
  KZGOST_CHECK(octets(OSSL_PKEY_PARAM_PUB_KEY, public_octets));
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
    KZGOST_CHECK(octets(OSSL_PKEY_PARAM_PRIV_KEY, private_octets));
  }
  return key.assign(public_octets, private_octets);
}

const OSSL_ALGORITHM* key_management_algorithms() {
  static const OSSL_ALGORITHM table[] = {{row(KeyType::k2004).algorithm_names, "provider=kzgost",
                                          dispatch<KeyType::k2004>(), row(KeyType::k2004).names.long_name},
                                         {row(KeyType::k2015_256).algorithm_names, "provider=kzgost",
                                          dispatch<KeyType::k2015_256>(), row(KeyType::k2015_256).names.long_name},
                                         {row(KeyType::k2015_512).algorithm_names, "provider=kzgost",
                                          dispatch<KeyType::k2015_512>(), row(KeyType::k2015_512).names.long_name},
                                         {nullptr, nullptr, nullptr, nullptr}};
  return table;
}

}  // namespace tanba::pki::kzgost
