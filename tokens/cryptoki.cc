#include "tokens/cryptoki.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tanba::tokens {
namespace {

struct NamedRv {
  CK_RV rv;
  std::string_view name;
};
#define TANBA_RV(name) \
  NamedRv {            \
    name, #name        \
  }
constexpr std::array kNames = {
    TANBA_RV(CKR_OK),
    TANBA_RV(CKR_CANCEL),
    TANBA_RV(CKR_HOST_MEMORY),
    TANBA_RV(CKR_SLOT_ID_INVALID),
    TANBA_RV(CKR_GENERAL_ERROR),
    TANBA_RV(CKR_FUNCTION_FAILED),
    TANBA_RV(CKR_ARGUMENTS_BAD),
    TANBA_RV(CKR_NO_EVENT),
    TANBA_RV(CKR_NEED_TO_CREATE_THREADS),
    TANBA_RV(CKR_CANT_LOCK),
    TANBA_RV(CKR_ATTRIBUTE_READ_ONLY),
    TANBA_RV(CKR_ATTRIBUTE_SENSITIVE),
    TANBA_RV(CKR_ATTRIBUTE_TYPE_INVALID),
    TANBA_RV(CKR_ATTRIBUTE_VALUE_INVALID),
    TANBA_RV(CKR_ACTION_PROHIBITED),
    TANBA_RV(CKR_DATA_INVALID),
    TANBA_RV(CKR_DATA_LEN_RANGE),
    TANBA_RV(CKR_DEVICE_ERROR),
    TANBA_RV(CKR_DEVICE_MEMORY),
    TANBA_RV(CKR_DEVICE_REMOVED),
    TANBA_RV(CKR_FUNCTION_CANCELED),
    TANBA_RV(CKR_FUNCTION_NOT_SUPPORTED),
    TANBA_RV(CKR_KEY_HANDLE_INVALID),
    TANBA_RV(CKR_KEY_SIZE_RANGE),
    TANBA_RV(CKR_KEY_TYPE_INCONSISTENT),
    TANBA_RV(CKR_KEY_CHANGED),
    TANBA_RV(CKR_KEY_FUNCTION_NOT_PERMITTED),
    TANBA_RV(CKR_MECHANISM_INVALID),
    TANBA_RV(CKR_MECHANISM_PARAM_INVALID),
    TANBA_RV(CKR_OBJECT_HANDLE_INVALID),
    TANBA_RV(CKR_OPERATION_ACTIVE),
    TANBA_RV(CKR_OPERATION_NOT_INITIALIZED),
    TANBA_RV(CKR_PIN_INCORRECT),
    TANBA_RV(CKR_PIN_INVALID),
    TANBA_RV(CKR_PIN_LEN_RANGE),
    TANBA_RV(CKR_PIN_EXPIRED),
    TANBA_RV(CKR_PIN_LOCKED),
    TANBA_RV(CKR_SESSION_CLOSED),
    TANBA_RV(CKR_SESSION_COUNT),
    TANBA_RV(CKR_SESSION_HANDLE_INVALID),
    TANBA_RV(CKR_SESSION_PARALLEL_NOT_SUPPORTED),
    TANBA_RV(CKR_SESSION_READ_ONLY),
    TANBA_RV(CKR_SESSION_EXISTS),
    TANBA_RV(CKR_SESSION_READ_ONLY_EXISTS),
    TANBA_RV(CKR_SESSION_READ_WRITE_SO_EXISTS),
    TANBA_RV(CKR_TEMPLATE_INCOMPLETE),
    TANBA_RV(CKR_TEMPLATE_INCONSISTENT),
    TANBA_RV(CKR_TOKEN_NOT_PRESENT),
    TANBA_RV(CKR_TOKEN_NOT_RECOGNIZED),
    TANBA_RV(CKR_TOKEN_WRITE_PROTECTED),
    TANBA_RV(CKR_USER_ALREADY_LOGGED_IN),
    TANBA_RV(CKR_USER_NOT_LOGGED_IN),
    TANBA_RV(CKR_USER_PIN_NOT_INITIALIZED),
    TANBA_RV(CKR_USER_TYPE_INVALID),
    TANBA_RV(CKR_USER_ANOTHER_ALREADY_LOGGED_IN),
    TANBA_RV(CKR_USER_TOO_MANY_TYPES),
    TANBA_RV(CKR_RANDOM_SEED_NOT_SUPPORTED),
    TANBA_RV(CKR_RANDOM_NO_RNG),
    TANBA_RV(CKR_DOMAIN_PARAMS_INVALID),
    TANBA_RV(CKR_CURVE_NOT_SUPPORTED),
    TANBA_RV(CKR_BUFFER_TOO_SMALL),
    TANBA_RV(CKR_CRYPTOKI_NOT_INITIALIZED),
    TANBA_RV(CKR_CRYPTOKI_ALREADY_INITIALIZED),
    TANBA_RV(CKR_MUTEX_BAD),
    TANBA_RV(CKR_MUTEX_NOT_LOCKED),
    TANBA_RV(CKR_FIPS_SELF_TEST_FAILED),
    TANBA_RV(CKR_LIBRARY_LOAD_FAILED),
    TANBA_RV(CKR_PIN_TOO_WEAK),
    TANBA_RV(CKR_PUBLIC_KEY_INVALID),
    TANBA_RV(CKR_FUNCTION_REJECTED),
};
#undef TANBA_RV

// A token of a CA holds thousands of objects, an officer's a dozen. Beyond this the module is broken: it names objects
// for ever, and the search must end.
constexpr std::size_t kMaxObjects = 1'000'000;
constexpr std::size_t kObjectsAtOnce = 64;
// Certificates are the largest things read: see base::Limits::max_certificate_bytes.
constexpr CK_ULONG kMaxAttributeBytes = 64UL << 10;

}  // namespace

std::string rv_name(CK_RV rv) {
  const auto known = std::ranges::find(kNames, rv, &NamedRv::rv);
  return known != kNames.end() ? std::string(known->name) : fmt::format("CKR 0x{:08X}", rv);
}

bool means_lost(CK_RV rv) {
  switch (rv) {
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_REMOVED:
    case CKR_SESSION_CLOSED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SLOT_ID_INVALID:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
      return true;
    default:
      return false;
  }
}

base::Error error_of(CK_RV rv, std::string_view call) {
  std::string reason = fmt::format("{}: {}", call, rv_name(rv));
  if (means_lost(rv)) return {base::Code::kTokenLost, {{"reason", std::move(reason)}}};
  switch (rv) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      return base::Error::because(base::Code::kTokenPinWrong, std::move(reason));
    case CKR_PIN_LOCKED:
      return base::Error::because(base::Code::kTokenPinLocked, std::move(reason));
    case CKR_USER_NOT_LOGGED_IN:
      return base::Error::because(base::Code::kTokenLocked, std::move(reason));
    default:
      return {base::Code::kTokenFailed, {{"reason", std::move(reason)}}};
  }
}

base::Status check_rv(CK_RV rv, std::string_view call) {
  if (rv == CKR_OK) return {};
  return std::unexpected(error_of(rv, call));
}

AttributeTemplate& AttributeTemplate::add(CK_ATTRIBUTE_TYPE type, base::ByteView value) {
  values_.emplace_back(type, base::to_bytes(value));
  return *this;
}

AttributeTemplate& AttributeTemplate::add_number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  base::Bytes octets(sizeof value);
  std::memcpy(octets.data(), &value, sizeof value);
  return add(type, octets);
}

AttributeTemplate& AttributeTemplate::add_true(CK_ATTRIBUTE_TYPE type) {
  constexpr std::array<std::uint8_t, 1> kTrue{CK_TRUE};
  return add(type, kTrue);
}

AttributeTemplate& AttributeTemplate::add_false(CK_ATTRIBUTE_TYPE type) {
  constexpr std::array<std::uint8_t, 1> kFalse{CK_FALSE};
  return add(type, kFalse);
}

std::vector<CK_ATTRIBUTE> AttributeTemplate::attributes() {
  std::vector<CK_ATTRIBUTE> out;
  out.reserve(values_.size());
  for (auto& [type, value] : values_) out.push_back({type, value.data(), value.size()});
  return out;
}

base::Result<std::vector<CK_OBJECT_HANDLE>> find_objects(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                                         AttributeTemplate search) {
  std::vector<CK_ATTRIBUTE> attributes = search.attributes();
  TANBA_CHECK(
      check_rv(functions.C_FindObjectsInit(session, attributes.data(), attributes.size()), "C_FindObjectsInit"));
  std::vector<CK_OBJECT_HANDLE> found;
  base::Status status;
  for (;;) {
    std::array<CK_OBJECT_HANDLE, kObjectsAtOnce> some{};
    CK_ULONG count = 0;
    status = check_rv(functions.C_FindObjects(session, some.data(), some.size(), &count), "C_FindObjects");
    // PKCS#11 v2.40 5.7: "If there are no more objects matching the template, then the location that pulObjectCount
    // points to receives the value 0." Fewer than asked for does not mean the end.
    if (!status || count == 0) break;
    found.insert(found.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(std::min(count, some.size())));
    if (found.size() > kMaxObjects) {
      status = base::fail(base::Code::kTokenFailed, {{"reason", "more objects than a token can have"}});
      break;
    }
  }
  // Also after an error: a search left open would fail the session's next one.
  const base::Status closed = check_rv(functions.C_FindObjectsFinal(session), "C_FindObjectsFinal");
  if (!status) return std::unexpected(status.error());
  if (!closed) return std::unexpected(closed.error());
  return found;
}

base::Result<std::optional<base::Bytes>> read_attribute(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                                        CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  const CK_RV sized = functions.C_GetAttributeValue(session, object, &attribute, 1);
  if (sized == CKR_ATTRIBUTE_TYPE_INVALID || sized == CKR_ATTRIBUTE_SENSITIVE) return std::nullopt;
  TANBA_CHECK(check_rv(sized, "C_GetAttributeValue"));
  if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION) return std::nullopt;
  if (attribute.ulValueLen > kMaxAttributeBytes) {
    return base::fail(base::Code::kTokenFailed, {{"reason", "an attribute is too large"}});
  }
  base::Bytes value(attribute.ulValueLen);
  if (value.empty()) return value;
  attribute.pValue = value.data();
  TANBA_CHECK(check_rv(functions.C_GetAttributeValue(session, object, &attribute, 1), "C_GetAttributeValue"));
  if (attribute.ulValueLen > value.size()) return std::nullopt;
  value.resize(attribute.ulValueLen);
  return value;
}

base::Result<std::optional<CK_ULONG>> read_number(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                                  CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  TANBA_TRY(const std::optional<base::Bytes> value, read_attribute(functions, session, object, type));
  CK_ULONG number = 0;
  if (!value || value->size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value->data(), sizeof number);
  return number;
}

base::Result<std::optional<bool>> read_flag(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                            CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  TANBA_TRY(const std::optional<base::Bytes> value, read_attribute(functions, session, object, type));
  if (!value || value->size() != 1) return std::nullopt;
  return value->front() != CK_FALSE;
}

}  // namespace tanba::tokens
