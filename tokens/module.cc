#include "tokens/module.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <libp11.h>
#include <openssl/err.h>

#include <mutex>

#include "pki/openssl.h"
#include "tokens/cryptoki.h"

namespace tanba::tokens {
namespace {

struct ContextFree {
  void operator()(PKCS11_CTX* context) const noexcept { PKCS11_CTX_free(context); }
};
struct LibraryClose {
  void operator()(void* library) const noexcept { ::dlclose(library); }
};

// A slot list grows between the two calls when a token is plugged in: asked again a few times.
constexpr int kListAttempts = 5;

PinState pin_state(CK_FLAGS flags, CK_FLAGS locked, CK_FLAGS final_try, CK_FLAGS count_low, CK_FLAGS to_be_changed) {
  if (flags & locked) return PinState::kLocked;
  if (flags & final_try) return PinState::kFinalTry;
  if (flags & count_low) return PinState::kCountLow;
  if (flags & to_be_changed) return PinState::kToBeChanged;
  return PinState::kReady;
}

PinState user_pin_state(CK_FLAGS flags) {
  if (!(flags & CKF_USER_PIN_INITIALIZED)) return PinState::kNotInitialised;
  return pin_state(flags, CKF_USER_PIN_LOCKED, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_COUNT_LOW,
                   CKF_USER_PIN_TO_BE_CHANGED);
}

PinState so_pin_state(CK_FLAGS flags) {
  return pin_state(flags, CKF_SO_PIN_LOCKED, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_TO_BE_CHANGED);
}

TokenInfo describe(unsigned long slot, const CK_TOKEN_INFO& token, const CK_SLOT_INFO& slot_info) {
  TokenInfo out;
  out.slot = slot;
  out.label = padded_text(token.label);
  out.manufacturer = padded_text(token.manufacturerID);
  out.model = padded_text(token.model);
  out.serial = padded_text(token.serialNumber);
  out.slot_description = padded_text(slot_info.slotDescription);
  out.slot_manufacturer = padded_text(slot_info.manufacturerID);
  out.user_pin = user_pin_state(token.flags);
  out.so_pin = so_pin_state(token.flags);
  out.min_pin_bytes = token.ulMinPinLen;
  out.max_pin_bytes = token.ulMaxPinLen;
  out.initialised = (token.flags & CKF_TOKEN_INITIALIZED) != 0;
  out.login_required = (token.flags & CKF_LOGIN_REQUIRED) != 0;
  out.write_protected = (token.flags & CKF_WRITE_PROTECTED) != 0;
  out.pin_pad = (token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  return out;
}

base::Result<std::vector<CK_SLOT_ID>> slots_with_tokens(const CK_FUNCTION_LIST& functions) {
  for (int attempt = 0; attempt < kListAttempts; ++attempt) {
    CK_ULONG count = 0;
    // A call without room also makes the module look for new tokens (PKCS#11 v2.40 5.5).
    TANBA_CHECK(check_rv(functions.C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList"));
    std::vector<CK_SLOT_ID> slots(count);
    if (slots.empty()) return slots;
    const CK_RV rv = functions.C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (rv == CKR_BUFFER_TOO_SMALL) continue;
    TANBA_CHECK(check_rv(rv, "C_GetSlotList"));
    slots.resize(std::min<std::size_t>(slots.size(), count));
    return slots;
  }
  return base::fail(base::Code::kTokenFailed, {{"reason", "the list of slots keeps changing"}});
}

template <class T>
bool fits(const std::optional<T>& wanted, const T& found) {
  return !wanted || *wanted == found;
}

std::string version_text(const CK_VERSION& version) {
  return fmt::format("{}.{}", unsigned{version.major}, unsigned{version.minor});
}

}  // namespace

struct Module::Loaded {
  std::unique_ptr<void, LibraryClose> library;
  std::unique_ptr<PKCS11_CTX, ContextFree> context;
  bool initialised = false;
};

std::string_view to_string(PinState state) {
  switch (state) {
    case PinState::kNotInitialised:
      return "not-initialised";
    case PinState::kReady:
      return "ready";
    case PinState::kCountLow:
      return "count-low";
    case PinState::kFinalTry:
      return "final-try";
    case PinState::kLocked:
      return "locked";
    case PinState::kToBeChanged:
      return "to-be-changed";
  }
  return "?";
}

std::unexpected<base::Error> Module::unusable(std::string reason) const {
  return base::fail(base::Code::kTokenModule, {{"module", path_.string()}, {"reason", std::move(reason)}});
}

Module::Module(std::filesystem::path path) : path_(std::move(path)) {}

base::Result<std::shared_ptr<Module>> Module::load(const std::filesystem::path& path) {
  std::shared_ptr<Module> module(new Module(path));
  TANBA_CHECK(module->open());
  return module;
}

base::Status Module::open() {
  loaded_ = std::make_unique<Loaded>();
  // Opened here first: libp11 would say on standard error why it cannot be.
  loaded_->library.reset(::dlopen(path_.c_str(), RTLD_LAZY));
  if (!loaded_->library) {
    const char* reason = ::dlerror();
    return unusable(reason != nullptr ? reason : "it does not load");
  }
  const auto get_list = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(loaded_->library.get(), "C_GetFunctionList"));
  CK_FUNCTION_LIST* functions = nullptr;
  if (get_list == nullptr || get_list(&functions) != CKR_OK || functions == nullptr) {
    return unusable("it is no PKCS#11 module");
  }
  loaded_->context.reset(PKCS11_CTX_new());
  if (!loaded_->context || PKCS11_CTX_load(loaded_->context.get(), path_.c_str()) != 0) {
    return unusable("it does not initialise: " + pki::drain_openssl_errors());
  }
  loaded_->initialised = true;
  functions_ = functions;
  return {};
}

Module::~Module() {
  if (loaded_ && loaded_->initialised) PKCS11_CTX_unload(loaded_->context.get());
}

base::Status Module::reinitialise() {
  const std::unique_lock lock(mutex_);
  if (connected_tokens > 0) return unusable("its tokens are in use");
  const CK_RV ended = functions_->C_Finalize(nullptr);
  if (ended != CKR_OK && ended != CKR_CRYPTOKI_NOT_INITIALIZED) return unusable("C_Finalize: " + rv_name(ended));
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV begun = functions_->C_Initialize(&arguments);
  if (begun != CKR_OK) return unusable("C_Initialize: " + rv_name(begun));
  return {};
}

base::Result<ModuleInfo> Module::info() const {
  const auto held = use();
  CK_INFO info{};
  TANBA_CHECK(check_rv(functions_->C_GetInfo(&info), "C_GetInfo"));
  return ModuleInfo{padded_text(info.manufacturerID), padded_text(info.libraryDescription),
                    version_text(info.cryptokiVersion), version_text(info.libraryVersion)};
}

base::Result<TokenInfo> Module::token_unlocked(unsigned long slot) const {
  CK_SLOT_INFO slot_info{};
  TANBA_CHECK(check_rv(functions_->C_GetSlotInfo(slot, &slot_info), "C_GetSlotInfo"));
  CK_TOKEN_INFO token_info{};
  TANBA_CHECK(check_rv(functions_->C_GetTokenInfo(slot, &token_info), "C_GetTokenInfo"));
  return describe(slot, token_info, slot_info);
}

base::Result<TokenInfo> Module::token(unsigned long slot) const {
  const auto held = use();
  return token_unlocked(slot);
}

base::Result<std::vector<TokenInfo>> Module::tokens() const {
  const auto held = use();
  TANBA_TRY(const std::vector<CK_SLOT_ID> slots, slots_with_tokens(*functions_));
  std::vector<TokenInfo> out;
  for (const CK_SLOT_ID slot : slots) {
    // One token that does not answer (pulled out just now, broken) does not hide the others.
    base::Result<TokenInfo> token = token_unlocked(slot);
    if (token) out.push_back(*std::move(token));
  }
  return out;
}

base::Result<std::vector<TokenInfo>> Module::tokens(const Pkcs11Uri& which) const {
  TANBA_TRY(const ModuleInfo module, info());
  if (!matches(which, module)) return std::vector<TokenInfo>{};
  TANBA_TRY(std::vector<TokenInfo> out, tokens());
  std::erase_if(out, [&](const TokenInfo& token) { return !matches(which, token); });
  return out;
}

base::Result<std::vector<MechanismInfo>> Module::mechanisms(unsigned long slot) const {
  const auto held = use();
  CK_ULONG count = 0;
  TANBA_CHECK(check_rv(functions_->C_GetMechanismList(slot, nullptr, &count), "C_GetMechanismList"));
  std::vector<CK_MECHANISM_TYPE> types(count);
  TANBA_CHECK(check_rv(functions_->C_GetMechanismList(slot, types.data(), &count), "C_GetMechanismList"));
  types.resize(std::min<std::size_t>(types.size(), count));
  std::vector<MechanismInfo> out;
  for (const CK_MECHANISM_TYPE type : types) {
    CK_MECHANISM_INFO info{};
    TANBA_CHECK(check_rv(functions_->C_GetMechanismInfo(slot, type, &info), "C_GetMechanismInfo"));
    out.push_back({type, info.ulMinKeySize, info.ulMaxKeySize, (info.flags & CKF_SIGN) != 0,
                   (info.flags & CKF_GENERATE_KEY_PAIR) != 0});
  }
  return out;
}

Pkcs11Uri uri_of(const TokenInfo& token) {
  Pkcs11Uri uri;
  uri.token = token.label;
  uri.manufacturer = token.manufacturer;
  uri.serial = token.serial;
  uri.model = token.model;
  return uri;
}

bool matches(const Pkcs11Uri& uri, const ModuleInfo& module) {
  return fits(uri.library_manufacturer, module.manufacturer) && fits(uri.library_description, module.description) &&
         fits(uri.library_version, module.library_version);
}

bool matches(const Pkcs11Uri& uri, const TokenInfo& token) {
  return fits(uri.token, token.label) && fits(uri.manufacturer, token.manufacturer) && fits(uri.serial, token.serial) &&
         fits(uri.model, token.model) && fits(uri.slot_id, token.slot) &&
         fits(uri.slot_description, token.slot_description) && fits(uri.slot_manufacturer, token.slot_manufacturer);
}

}  // namespace tanba::tokens
