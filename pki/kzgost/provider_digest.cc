#include <openssl/core_names.h>
#include <openssl/params.h>

#include <cstring>
#include <new>

#include "pki/kzgost/digest.h"
#include "pki/kzgost/provider_context.h"

namespace tanba::pki::kzgost {
namespace {

DigestState* state(void* context) {
  return static_cast<DigestState*>(context);
}

template <DigestFunction function>
void* new_context(void*) noexcept {
  auto* made = new (std::nothrow) DigestState(function);
  if (made == nullptr) raise(Reason::kMemory);
  return made;
}
void free_context(void* context) noexcept {
  delete state(context);
}
void* duplicate(void* context) noexcept {
  return new (std::nothrow) DigestState(*state(context));
}

int init(void* context, const OSSL_PARAM[]) noexcept {
  state(context)->restart();
  return 1;
}
int update(void* context, const unsigned char* data, std::size_t size) noexcept {
  state(context)->update({data, size});
  return 1;
}
int final(void* context, unsigned char* out, std::size_t* size, std::size_t capacity) noexcept {
  if (capacity < digest_size_bytes(state(context)->function())) return raise(Reason::kBufferTooSmall);
  const auto digest = state(context)->finish();
  std::memcpy(out, digest.data(), digest.size());
  *size = digest.size();
  return 1;
}

const OSSL_PARAM* gettable_params(void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_DEFN(OSSL_DIGEST_PARAM_BLOCK_SIZE, OSSL_PARAM_UNSIGNED_INTEGER, nullptr, 0),
      OSSL_PARAM_DEFN(OSSL_DIGEST_PARAM_SIZE, OSSL_PARAM_UNSIGNED_INTEGER, nullptr, 0),
      OSSL_PARAM_DEFN(OSSL_DIGEST_PARAM_XOF, OSSL_PARAM_INTEGER, nullptr, 0),
      OSSL_PARAM_DEFN(OSSL_DIGEST_PARAM_ALGID_ABSENT, OSSL_PARAM_INTEGER, nullptr, 0), OSSL_PARAM_END};
  return table;
}
template <DigestFunction function>
int get_params(OSSL_PARAM parameters[]) noexcept {
  OSSL_PARAM* p = OSSL_PARAM_locate(parameters, OSSL_DIGEST_PARAM_BLOCK_SIZE);
  if (p != nullptr && OSSL_PARAM_set_size_t(p, digest_block_bytes(function)) != 1) return 0;
  p = OSSL_PARAM_locate(parameters, OSSL_DIGEST_PARAM_SIZE);
  if (p != nullptr && OSSL_PARAM_set_size_t(p, digest_size_bytes(function)) != 1) return 0;
  p = OSSL_PARAM_locate(parameters, OSSL_DIGEST_PARAM_XOF);
  if (p != nullptr && OSSL_PARAM_set_int(p, 0) != 1) return 0;
  // kz-pki: digestAlgorithm carries parameters NULL.
  p = OSSL_PARAM_locate(parameters, OSSL_DIGEST_PARAM_ALGID_ABSENT);
  return p == nullptr || OSSL_PARAM_set_int(p, 0) == 1 ? 1 : 0;
}

template <DigestFunction function>
const OSSL_DISPATCH* dispatch() {
  static const OSSL_DISPATCH table[] = {entry(OSSL_FUNC_DIGEST_NEWCTX, new_context<function>),
                                        entry(OSSL_FUNC_DIGEST_FREECTX, free_context),
                                        entry(OSSL_FUNC_DIGEST_DUPCTX, duplicate),
                                        entry(OSSL_FUNC_DIGEST_INIT, init),
                                        entry(OSSL_FUNC_DIGEST_UPDATE, update),
                                        entry(OSSL_FUNC_DIGEST_FINAL, final),
                                        entry(OSSL_FUNC_DIGEST_GETTABLE_PARAMS, gettable_params),
                                        entry(OSSL_FUNC_DIGEST_GET_PARAMS, get_params<function>),
                                        OSSL_DISPATCH{0, nullptr}};
  return table;
}

const OSSL_DISPATCH* dispatch(DigestFunction function) {
  switch (function) {
    case DigestFunction::kGost34311:
      return dispatch<DigestFunction::kGost34311>();
    case DigestFunction::kStreebog256:
      return dispatch<DigestFunction::kStreebog256>();
    case DigestFunction::kStreebog512:
      break;
  }
  return dispatch<DigestFunction::kStreebog512>();
}

}  // namespace

const OSSL_ALGORITHM* digest_algorithms() {
  static const auto table = [] {
    std::array<OSSL_ALGORITHM, 6> rows{};
    for (std::size_t i = 0; i < digest_rows().size(); ++i) {
      const DigestRow& digest = digest_rows()[i];
      rows[i] = {digest.algorithm_names, "provider=kzgost", dispatch(digest.function), digest.names.long_name};
    }
    return rows;
  }();
  return table.data();
}

}  // namespace tanba::pki::kzgost
