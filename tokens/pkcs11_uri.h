// PKCS#11 URIs (RFC 7512): how keys and tokens are named everywhere.
//
// What the path names must match, or the object is not meant: RFC 7512 2.5. Attributes of the path that are not known
// here, also vendor-specific ones, are refused, which says more than matching nothing. Those of the query are passed
// over, as 2.5 recommends: they help to find the module and the PIN, and take no part in what is meant. Stricter than
// the RFC: pin-value is always refused (a PIN does not belong into an argument or a file name), pin-source only names a
// file ("file:/path").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace tanba::tokens {

enum class ObjectType : std::uint8_t { kPrivate, kPublic, kCertificate, kSecretKey, kData };

struct Pkcs11Uri {
  // Path attributes: all that are given must match. Octets, usually UTF-8.
  std::optional<std::string> token, manufacturer, serial, model;
  std::optional<std::string> library_manufacturer, library_description;
  std::optional<std::string> library_version;  // "3.0"
  std::optional<std::string> slot_manufacturer, slot_description;
  std::optional<unsigned long> slot_id;
  std::optional<std::string> object;
  std::optional<base::Bytes> id;  // CKA_ID
  std::optional<ObjectType> type;
  // Query attributes: where to find the module and the PIN.
  std::optional<std::string> module_path, module_name;
  std::optional<std::string> pin_source;  // the path behind "file:"
  bool operator==(const Pkcs11Uri&) const = default;
};

// token.uri says what is wrong. At most 4 KiB.
[[nodiscard]] base::Result<Pkcs11Uri> parse_pkcs11_uri(std::string_view text);
// Attributes in the order above; everything but unreserved characters percent-encoded, the id wholly (RFC 7512 2.3:
// "the whole value of the "id" attribute SHOULD be percent-encoded").
[[nodiscard]] std::string format_pkcs11_uri(const Pkcs11Uri& uri);

}  // namespace tanba::tokens
