// Object identifiers: kept as their DER contents, compared as octets, shown dotted.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tanba::pki {

class Oid {
 public:
  Oid() = default;
  // Contents octets of an OBJECT IDENTIFIER. der.malformed when empty, cut off or padded (X.690 8.19).
  [[nodiscard]] static base::Result<Oid> parse(base::ByteView contents);
  // "1.2.398.3.3.4.1.1"; input.member when it is none.
  [[nodiscard]] static base::Result<Oid> from_dotted(std::string_view dotted);
  // For constants of the program: an ill-formed literal ends the program at start-up.
  [[nodiscard]] static Oid literal(std::string_view dotted);

  [[nodiscard]] std::string dotted() const;
  [[nodiscard]] base::ByteView contents() const { return base::as_bytes(contents_); }
  [[nodiscard]] base::Bytes der() const;  // with identifier and length
  [[nodiscard]] bool empty() const { return contents_.empty(); }
  auto operator<=>(const Oid&) const = default;

 private:
  std::string contents_;  // short: fits the small-string buffer
};

}  // namespace tanba::pki
