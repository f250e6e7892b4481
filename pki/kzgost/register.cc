// The legacy EVP_MD interface is deprecated, and the only one that EVP_get_digestbyname looks at in OpenSSL 3.0.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <openssl/objects.h>

#include <cstring>
#include <new>

#include "pki/kzgost/digest.h"
#include "pki/kzgost/provider.h"

namespace tanba::pki::kzgost {
namespace {

int object_id(const Names& names) {
  const int known = OBJ_txt2nid(names.oid);
  return known != NID_undef ? known : OBJ_create(names.oid, names.short_name, names.long_name);
}

// --- digests for the global table ------------------------------------------------------------------------------------

template <DigestFunction function>
struct LegacyDigest {
  static DigestState& state(EVP_MD_CTX* context) {
    return *static_cast<DigestState*>(EVP_MD_CTX_get0_md_data(context));
  }
  // OpenSSL owns the memory: copies it octet by octet, as the state allows, and wipes it at the end.
  static int init(EVP_MD_CTX* context) {
    new (EVP_MD_CTX_get0_md_data(context)) DigestState(function);
    return 1;
  }
  static int update(EVP_MD_CTX* context, const void* data, std::size_t size) {
    state(context).update({static_cast<const std::uint8_t*>(data), size});
    return 1;
  }
  static int final(EVP_MD_CTX* context, unsigned char* out) {
    const auto digest = state(context).finish();
    std::memcpy(out, digest.data(), digest.size());
    return 1;
  }
};

template <DigestFunction function>
EVP_MD* legacy_method(int id) {
  using Legacy = LegacyDigest<function>;
  EVP_MD* method = EVP_MD_meth_new(id, NID_undef);
  if (method == nullptr) return nullptr;
  const bool made = EVP_MD_meth_set_result_size(method, static_cast<int>(digest_size_bytes(function))) == 1 &&
                    EVP_MD_meth_set_input_blocksize(method, static_cast<int>(digest_block_bytes(function))) == 1 &&
                    EVP_MD_meth_set_app_datasize(method, sizeof(DigestState)) == 1 &&
                    EVP_MD_meth_set_init(method, Legacy::init) == 1 &&
                    EVP_MD_meth_set_update(method, Legacy::update) == 1 &&
                    EVP_MD_meth_set_final(method, Legacy::final) == 1;
  if (made) return method;
  EVP_MD_meth_free(method);
  return nullptr;
}

EVP_MD* legacy_method(DigestFunction function, int id) {
  switch (function) {
    case DigestFunction::kGost34311:
      return legacy_method<DigestFunction::kGost34311>(id);
    case DigestFunction::kStreebog256:
      return legacy_method<DigestFunction::kStreebog256>(id);
    case DigestFunction::kStreebog512:
      break;
  }
  return legacy_method<DigestFunction::kStreebog512>(id);
}

// OpenSSL's table points to them until the process ends, and frees none of them.
std::array<EVP_MD*, 5> table_digests{};

bool register_digest(const DigestRow& digest, EVP_MD*& method) {
  const int id = object_id(digest.names);
  if (id == NID_undef) return false;
  // Another library, such as the Russian engine, may have brought the function.
  if (EVP_get_digestbynid(id) != nullptr) return true;
  method = legacy_method(digest.function, id);
  return method != nullptr && EVP_add_digest(method) == 1;
}

// --- keys and signatures ---------------------------------------------------------------------------------------------

// With its digest: OpenSSL takes a signature OID without one for EdDSA's kind (auth_level and CMS go wrong).
bool register_key(const KeyRow& key) {
  const int key_id = object_id(key.names);
  const int signature_id = object_id(key.signature);
  const int digest_id = OBJ_txt2nid(digest_rows()[static_cast<std::size_t>(key.digest)].names.oid);
  if (key_id == NID_undef || signature_id == NID_undef || digest_id == NID_undef) return false;
  if (object_id(key.curve) == NID_undef) return false;
  if (OBJ_find_sigid_algs(signature_id, nullptr, nullptr) == 1) return true;
  return OBJ_add_sigid(signature_id, digest_id, key_id) == 1;
}

Done register_all() {
  if (!register_error_strings()) return refuse(Reason::kInternal);
  for (std::size_t i = 0; i < digest_rows().size(); ++i) {
    if (!register_digest(digest_rows()[i], table_digests.at(i))) return refuse(Reason::kInternal);
  }
  for (const KeyType type : kKeyTypes) {
    if (!register_key(row(type))) return refuse(Reason::kInternal);
  }
  return {};
}

}  // namespace

Done register_globals() noexcept {
  static const Done done = register_all();
  return done;
}

}  // namespace tanba::pki::kzgost
