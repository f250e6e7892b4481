#include "pki/kzgost/provider.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <new>

#include "pki/kzgost/provider_context.h"

namespace tanba::pki::kzgost {

// --- context ---------------------------------------------------------------------------------------------------------

std::unique_ptr<ProviderContext> ProviderContext::create(const OSSL_CORE_HANDLE* core,
                                                         const OSSL_DISPATCH* in) noexcept {
  std::unique_ptr<ProviderContext> context(new (std::nothrow) ProviderContext());
  if (!context) return nullptr;
  for (const OSSL_DISPATCH* function = in; function->function_id != 0; ++function) {
    if (function->function_id == OSSL_FUNC_BIO_READ_EX) context->bio_read_ex_ = OSSL_FUNC_BIO_read_ex(function);
    if (function->function_id == OSSL_FUNC_BIO_WRITE_EX) context->bio_write_ex_ = OSSL_FUNC_BIO_write_ex(function);
  }
  // provider-base(7): a child sees the providers that its parent has loaded, and uses their random generator.
  context->library_.reset(OSSL_LIB_CTX_new_child(core, in));
  if (!context->library_ || context->bio_read_ex_ == nullptr || context->bio_write_ex_ == nullptr) return nullptr;
  return context;
}

Outcome<const Curve*> ProviderContext::curve(KeyType type) const noexcept {
  LazyCurve& lazy = curves_[static_cast<std::size_t>(type)];
  std::call_once(lazy.once, [&]() noexcept {
    auto made = Curve::create(type, library_.get());
    if (made) {
      lazy.curve = *std::move(made);
    } else {
      lazy.reason = made.error();
    }
  });
  if (!lazy.curve) return refuse(lazy.reason);
  return lazy.curve.get();
}

bool ProviderContext::read_exactly(OSSL_CORE_BIO* bio, std::span<std::uint8_t> octets) const noexcept {
  while (!octets.empty()) {
    std::size_t count = 0;
    if (bio_read_ex_(bio, octets.data(), octets.size(), &count) != 1 || count == 0) return false;
    octets = octets.subspan(count);
  }
  return true;
}

View ProviderContext::read_element(OSSL_CORE_BIO* bio, std::span<std::uint8_t> octets) const noexcept {
  // A key's length takes at most two octets; what is longer, or not DER, is foreign.
  constexpr std::size_t kShortHeader = 2;
  if (!read_exactly(bio, octets.first(kShortHeader))) return {};
  std::size_t header = kShortHeader;
  std::size_t length = octets[1];
  if (length >= 0x80) {
    const std::size_t more = length & 0x7f;
    if (more == 0 || more > 2 || !read_exactly(bio, octets.subspan(header, more))) return {};
    length = 0;
    for (std::size_t i = 0; i < more; ++i) length = length << 8 | octets[header + i];
    header += more;
  }
  if (length > octets.size() - header || !read_exactly(bio, octets.subspan(header, length))) return {};
  return octets.first(header + length);
}

bool ProviderContext::write(OSSL_CORE_BIO* bio, View octets) const noexcept {
  while (!octets.empty()) {
    std::size_t count = 0;
    if (bio_write_ex_(bio, octets.data(), octets.size(), &count) != 1 || count == 0) return false;
    octets = octets.subspan(count);
  }
  return true;
}

// --- dispatch --------------------------------------------------------------------------------------------------------

namespace {

void teardown(void* context) noexcept {
  delete static_cast<ProviderContext*>(context);
}

const OSSL_PARAM* gettable_params(void*) noexcept {
  static const OSSL_PARAM table[] = {OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, nullptr, 0),
                                     OSSL_PARAM_DEFN(OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, nullptr, 0),
                                     OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, nullptr, 0),
                                     OSSL_PARAM_END};
  return table;
}

int get_params(void*, OSSL_PARAM parameters[]) noexcept {
  OSSL_PARAM* p = OSSL_PARAM_locate(parameters, OSSL_PROV_PARAM_NAME);
  if (p != nullptr && OSSL_PARAM_set_utf8_ptr(p, "Kazakhstan's GOST algorithms (Tanba)") != 1) return 0;
  p = OSSL_PARAM_locate(parameters, OSSL_PROV_PARAM_VERSION);
  if (p != nullptr && OSSL_PARAM_set_utf8_ptr(p, "1.0") != 1) return 0;
  p = OSSL_PARAM_locate(parameters, OSSL_PROV_PARAM_STATUS);
  return p == nullptr || OSSL_PARAM_set_int(p, 1) == 1 ? 1 : 0;
}

const OSSL_ALGORITHM* query_operation(void*, int operation, int* no_cache) noexcept {
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_DIGEST:
      return digest_algorithms();
    case OSSL_OP_KEYMGMT:
      return key_management_algorithms();
    case OSSL_OP_SIGNATURE:
      return signature_algorithms();
    case OSSL_OP_DECODER:
      return decoder_algorithms();
    case OSSL_OP_ENCODER:
      return encoder_algorithms();
    default:
      return nullptr;
  }
}

}  // namespace

int initialise_provider(const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                        void** context) noexcept {
  static const OSSL_DISPATCH table[] = {
      entry(OSSL_FUNC_PROVIDER_TEARDOWN, teardown), entry(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, gettable_params),
      entry(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params), entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query_operation),
      OSSL_DISPATCH{0, nullptr}};
  if (const Done registered = register_globals(); !registered) return raise(registered.error());
  auto made = ProviderContext::create(core, in);
  if (!made) return raise(Reason::kInternal);
  *out = table;
  *context = made.release();
  return 1;
}

}  // namespace tanba::pki::kzgost
