// Distinguished names (RFC 5280 4.1.2.4): kept as DER, compared as octets first and by RFC 5280 7.1 after, shown as RFC
// 4514.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "pki/oid.h"

namespace tanba::pki {

struct NameAttribute {
  Oid type;
  std::string value;  // UTF-8
};

class Name {
 public:
  Name() = default;
  // The whole SEQUENCE; copied.
  [[nodiscard]] static base::Result<Name> parse(base::ByteView der);

  [[nodiscard]] base::ByteView der() const { return der_; }
  [[nodiscard]] bool empty() const { return attributes_.empty(); }
  [[nodiscard]] const std::vector<NameAttribute>& attributes() const { return attributes_; }
  [[nodiscard]] std::optional<std::string> first(const Oid& type) const;
  // RFC 4514 order (last RDN first), attribute types by keyword where it has one; escaped, so safe to print after
  // escape_for_display.
  [[nodiscard]] const std::string& rfc4514() const { return rfc4514_; }
  // commonName, else the organisation, else rfc4514(): what a person calls the holder.
  [[nodiscard]] std::string display() const;
  // The key for look-ups: case folded, white space compressed (RFC 5280 7.1), so that equal names have equal keys.
  [[nodiscard]] const std::string& canonical() const { return canonical_; }
  bool operator==(const Name& other) const { return canonical_ == other.canonical_; }

 private:
  base::Bytes der_;
  std::vector<NameAttribute> attributes_;
  std::string canonical_;
  std::string rfc4514_;  // made once: a certificate that is kept is shown in report after report
};

namespace oid {  // attribute types used for identities
extern const Oid kCommonName, kSurname, kSerialNumber, kCountry, kLocality, kState, kOrganization, kOrganizationalUnit,
    kGivenName, kEmail;
}  // namespace oid

}  // namespace tanba::pki
