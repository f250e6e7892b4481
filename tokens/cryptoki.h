// PKCS#11's types and return values, for this folder's own files only.
#pragma once

#include <p11-kit/pkcs11.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace tanba::tokens {

[[nodiscard]] std::string rv_name(CK_RV rv);  // "CKR_PIN_INCORRECT"; hexadecimal for those that vendors define

// What a return value means when nothing more is known: token.pin_wrong, token.pin_locked, token.lost, token.locked,
// token.mechanism or token.failed; the reason says which call it was.
[[nodiscard]] base::Error error_of(CK_RV rv, std::string_view call);
[[nodiscard]] base::Status check_rv(CK_RV rv, std::string_view call);
// Return values that say that the token, or our session with it, is gone.
[[nodiscard]] bool means_lost(CK_RV rv);

// Fixed fields of CK_TOKEN_INFO and others: padded with blanks (PKCS#11 v2.40, 3.1), by some modules with zeros.
template <std::size_t N>
[[nodiscard]] std::string padded_text(const unsigned char (&field)[N]) {
  std::string text(reinterpret_cast<const char*>(field), N);
  text.resize(std::min(text.find('\0'), text.size()));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// --- attributes and objects ------------------------------------------------------------------------------------------

// A template to search or make objects by; owns the values.
class AttributeTemplate {
 public:
  AttributeTemplate& add(CK_ATTRIBUTE_TYPE type, base::ByteView value);
  AttributeTemplate& add_number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  AttributeTemplate& add_true(CK_ATTRIBUTE_TYPE type);
  AttributeTemplate& add_false(CK_ATTRIBUTE_TYPE type);
  AttributeTemplate& add_text(CK_ATTRIBUTE_TYPE type, std::string_view value) {
    return add(type, base::as_bytes(value));
  }
  [[nodiscard]] std::vector<CK_ATTRIBUTE> attributes();  // pointers into this

 private:
  std::vector<std::pair<CK_ATTRIBUTE_TYPE, base::Bytes>> values_;
};

// Every object that matches, however many: the search goes on until the token names no more. token.failed beyond a
// limit that only a broken module reaches.
[[nodiscard]] base::Result<std::vector<CK_OBJECT_HANDLE>> find_objects(const CK_FUNCTION_LIST& functions,
                                                                       CK_SESSION_HANDLE session,
                                                                       AttributeTemplate search);
// Nothing when the object has no such attribute or does not show it.
[[nodiscard]] base::Result<std::optional<base::Bytes>> read_attribute(const CK_FUNCTION_LIST& functions,
                                                                      CK_SESSION_HANDLE session,
                                                                      CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
[[nodiscard]] base::Result<std::optional<CK_ULONG>> read_number(const CK_FUNCTION_LIST& functions,
                                                                CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                                                CK_ATTRIBUTE_TYPE type);
[[nodiscard]] base::Result<std::optional<bool>> read_flag(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                                          CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

// PKCS#11 takes pointers to non-const octets that it does not change.
[[nodiscard]] inline unsigned char* unconst(base::ByteView octets) {
  return const_cast<unsigned char*>(octets.data());
}

}  // namespace tanba::tokens
