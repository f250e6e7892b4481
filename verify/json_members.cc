#include "verify/json_members.h"

#include "base/text.h"

namespace tanba::verify {

namespace json = boost::json;
using base::Code;
using base::Error;

json::value text_json(std::string_view text) {
  if (base::is_utf8(text)) return json::value(text);
  return json::object{{"base64", base::to_base64(base::as_bytes(text))}};
}

json::array texts_json(std::span<const std::string> texts) {
  json::array out;
  for (const std::string& text : texts) out.push_back(text_json(text));
  return out;
}

json::value time_json(const std::optional<base::Time>& time) {
  return time ? json::value(base::format_time(*time)) : json::value(nullptr);
}

json::value digest_json(const std::optional<base::Digest>& digest) {
  return digest ? json::value(digest->hex()) : json::value(nullptr);
}

json::object error_json(const Error& error) {
  json::array arguments;
  for (const base::ErrorArgument& argument : error.arguments()) {
    arguments.push_back(json::object{{"name", argument.name}, {"value", text_json(argument.value)}});
  }
  return {
      {"code", base::dotted(error.code())}, {"arguments", std::move(arguments)}, {"cause", text_json(error.cause())}};
}

json::array errors_json(const std::vector<Error>& errors) {
  json::array out;
  for (const Error& error : errors) out.push_back(error_json(error));
  return out;
}

json::array octets_json(const std::vector<base::Bytes>& list) {
  json::array out;
  for (const base::Bytes& octets : list) out.push_back(json::value(base::to_base64(octets)));
  return out;
}

json::value certificate_json(const pki::CertificatePtr& certificate) {
  if (!certificate) return nullptr;
  return json::value(base::to_base64(certificate->der()));
}

json::array certificates_json(std::span<const pki::CertificatePtr> certificates) {
  json::array out;
  for (const pki::CertificatePtr& certificate : certificates) out.push_back(certificate_json(certificate));
  return out;
}

std::unexpected<Error> wrong_member(std::string_view name) {
  return base::fail(Code::kInputMember, {{"member", std::string(name)}, {"expected", "facts as they were written"}});
}

base::Result<const json::value*> member(const json::value& value, const char* name) {
  const json::object* object = value.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains(name);
  if (found == nullptr) return wrong_member(name);
  return found;
}

base::Result<const json::array*> array_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  if (!found->is_array()) return wrong_member(name);
  return &found->get_array();
}

base::Result<std::string> string_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  if (!found->is_string()) return wrong_member(name);
  return std::string(found->get_string());
}

base::Result<std::string> text_from(const json::value& value, const char* name) {
  if (value.is_string()) return std::string(value.get_string());
  TANBA_TRY(const base::Bytes octets, base64_member(value, "base64"));
  if (base::is_utf8(base::as_text(octets))) return wrong_member(name);  // one spelling for each text
  return std::string(base::as_text(octets));
}

base::Result<std::string> text_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  return text_from(*found, name);
}

base::Result<std::vector<std::string>> texts_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::array* list, array_member(value, name));
  std::vector<std::string> out;
  for (const json::value& one : *list) {
    TANBA_TRY(std::string text, text_from(one, name));
    out.push_back(std::move(text));
  }
  return out;
}

base::Result<bool> bool_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  if (!found->is_bool()) return wrong_member(name);
  return found->get_bool();
}

base::Result<std::uint64_t> count_member(const json::value& value, const char* name) {
  constexpr std::int64_t kMax = (std::int64_t{1} << 53) - 1;
  TANBA_TRY(const json::value* found, member(value, name));
  if (!found->is_int64() || found->get_int64() < 0 || found->get_int64() > kMax) return wrong_member(name);
  return static_cast<std::uint64_t>(found->get_int64());
}

base::Result<base::Time> time_member(const json::value& value, const char* name) {
  TANBA_TRY(const std::string text, string_member(value, name));
  return base::parse_time(text);
}

base::Result<std::optional<base::Time>> optional_time_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  if (found->is_null()) return std::nullopt;
  TANBA_TRY(const base::Time time, time_member(value, name));
  return time;
}

base::Result<base::Bytes> base64_member(const json::value& value, const char* name) {
  TANBA_TRY(const std::string text, string_member(value, name));
  return base::from_base64(text);
}

base::Result<base::Digest> digest_member(const json::value& value, const char* name) {
  TANBA_TRY(const std::string text, string_member(value, name));
  return base::digest_from_hex(text);
}

base::Result<std::optional<base::Digest>> optional_digest_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::value* found, member(value, name));
  if (found->is_null()) return std::nullopt;
  TANBA_TRY(const base::Digest digest, digest_member(value, name));
  return digest;
}

base::Result<std::vector<base::Bytes>> octets_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::array* list, array_member(value, name));
  std::vector<base::Bytes> out;
  for (const json::value& one : *list) {
    if (!one.is_string()) return wrong_member(name);
    TANBA_TRY(base::Bytes octets, base::from_base64(one.get_string()));
    out.push_back(std::move(octets));
  }
  return out;
}

base::Result<Error> error_from(const json::value& value) {
  TANBA_TRY(const std::string dotted, string_member(value, "code"));
  const auto code = base::find_code(dotted);
  if (!code) return wrong_member("code");
  TANBA_TRY(const json::array* list, array_member(value, "arguments"));
  std::vector<base::ErrorArgument> arguments;
  for (const json::value& one : *list) {
    base::ErrorArgument argument;
    TANBA_TRY(argument.name, string_member(one, "name"));
    TANBA_TRY(argument.value, text_member(one, "value"));
    arguments.push_back(std::move(argument));
  }
  TANBA_TRY(std::string cause, text_member(value, "cause"));
  return Error(*code, std::move(arguments), std::move(cause));
}

base::Result<std::vector<Error>> errors_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::array* list, array_member(value, name));
  std::vector<Error> out;
  for (const json::value& one : *list) {
    TANBA_TRY(Error error, error_from(one));
    out.push_back(std::move(error));
  }
  return out;
}

base::Result<pki::CertificatePtr> certificate_from(const json::value& value) {
  if (!value.is_string()) return wrong_member("certificate");
  TANBA_TRY(const base::Bytes der, base::from_base64(value.get_string()));
  return pki::Certificate::parse(der);
}

base::Result<std::vector<pki::CertificatePtr>> certificates_member(const json::value& value, const char* name) {
  TANBA_TRY(const json::array* list, array_member(value, name));
  std::vector<pki::CertificatePtr> out;
  for (const json::value& one : *list) {
    TANBA_TRY(pki::CertificatePtr certificate, certificate_from(one));
    out.push_back(std::move(certificate));
  }
  return out;
}

}  // namespace tanba::verify
