// The parts of this folder's own JSON (facts, capsules) that are written and read in more than one place. Internal to
// verify. What is read is not of the shape that was written: input.member, with the member's name.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "pki/certificate.h"

namespace tanba::verify {

// Text from outside, without loss: a string, or {"base64": "…"} where it is no UTF-8.
[[nodiscard]] boost::json::value text_json(std::string_view text);
[[nodiscard]] boost::json::array texts_json(std::span<const std::string> texts);
[[nodiscard]] boost::json::value time_json(const std::optional<base::Time>& time);
[[nodiscard]] boost::json::value digest_json(const std::optional<base::Digest>& digest);
// With arguments in their order and causes: two errors are one only when all of that is the same.
[[nodiscard]] boost::json::object error_json(const base::Error& error);
[[nodiscard]] boost::json::array errors_json(const std::vector<base::Error>& errors);
[[nodiscard]] boost::json::array octets_json(const std::vector<base::Bytes>& list);
[[nodiscard]] boost::json::value certificate_json(const pki::CertificatePtr& certificate);
[[nodiscard]] boost::json::array certificates_json(std::span<const pki::CertificatePtr> certificates);

[[nodiscard]] std::unexpected<base::Error> wrong_member(std::string_view name);
[[nodiscard]] base::Result<const boost::json::value*> member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<const boost::json::array*> array_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<std::string> string_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<std::string> text_from(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<std::string> text_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<std::vector<std::string>> texts_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<bool> bool_member(const boost::json::value& value, const char* name);
// At most 2^53-1, as JSON's readers understand numbers.
[[nodiscard]] base::Result<std::uint64_t> count_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<base::Time> time_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<std::optional<base::Time>> optional_time_member(const boost::json::value& value,
                                                                           const char* name);
[[nodiscard]] base::Result<base::Bytes> base64_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<base::Digest> digest_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<std::optional<base::Digest>> optional_digest_member(const boost::json::value& value,
                                                                               const char* name);
[[nodiscard]] base::Result<std::vector<base::Bytes>> octets_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<base::Error> error_from(const boost::json::value& value);
[[nodiscard]] base::Result<std::vector<base::Error>> errors_member(const boost::json::value& value, const char* name);
[[nodiscard]] base::Result<pki::CertificatePtr> certificate_from(const boost::json::value& value);
[[nodiscard]] base::Result<std::vector<pki::CertificatePtr>> certificates_member(const boost::json::value& value,
                                                                                 const char* name);

template <class Enum>
base::Result<Enum> enum_of(const boost::json::value& value, Enum last, const char* name) {
  if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > static_cast<std::int64_t>(last))
    return wrong_member(name);
  return static_cast<Enum>(value.get_int64());
}

template <class Enum>
base::Result<Enum> enum_member(const boost::json::value& value, const char* name, Enum last) {
  TANBA_TRY(const boost::json::value* found, member(value, name));
  return enum_of(*found, last, name);
}

}  // namespace tanba::verify
