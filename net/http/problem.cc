#include "net/http/problem.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>

#include "net/http/framing.h"

namespace tanba::net::http {
namespace {

using base::Code;
using base::Effect;
using base::Language;

// Codes whose status is not the one of their effect.
struct Exception {
  Code code;
  unsigned status;
};
constexpr std::array kExceptions{
    Exception{Code::kAuthRequired, 401},
    Exception{Code::kAuthChallenge, 401},
    Exception{Code::kRequestMethod, 405},
    Exception{Code::kRequestTimeout, 408},
    Exception{Code::kInputTooLarge, 413},
    Exception{Code::kFileTooLarge, 413},
    Exception{Code::kRequestMediaType, 415},
    Exception{Code::kRequestHeaderTooLarge, 431},
    // The daemon's own configuration, not what the caller sent.
    Exception{Code::kConfigInvalid, 500},
    Exception{Code::kConfigDemoAnchor, 500},
};

struct Kind {
  unsigned status;
  std::string_view english;
  std::string_view russian;
  std::string_view kazakh;
};

constexpr Kind kRefuse{422, "Refused", "Отказано", "Қабылданбады"};
constexpr Kind kLater{503, "Try again later", "Повторите позже", "Кейінірек қайталаңыз"};
constexpr Kind kInput{400, "The request is wrong", "Запрос неверен", "Сұрау қате"};
constexpr Kind kDenied{403, "Not allowed", "Доступ запрещён", "Рұқсат жоқ"};
constexpr Kind kNotFound{404, "Not found", "Не найдено", "Табылмады"};
constexpr Kind kConflict{409, "Conflict", "Противоречие", "Қайшылық"};
constexpr Kind kInternal{500, "Internal fault", "Внутренняя ошибка", "Ішкі қате"};

const Kind& kind_of(Effect effect) {
  switch (effect) {
    case Effect::kRefuse:
      return kRefuse;
    case Effect::kRetry:
    case Effect::kUnavailable:
      return kLater;
    case Effect::kInput:
      return kInput;
    case Effect::kDenied:
      return kDenied;
    case Effect::kNotFound:
      return kNotFound;
    case Effect::kConflict:
      return kConflict;
    case Effect::kWarning:  // decides nothing, so it is never why a request fails: whoever reports it so is at fault
    case Effect::kInternal:
      return kInternal;
  }
  return kInternal;
}

// Whoever decides may say another status than the code's own: "Try again later" is no title of a refusal.
const Kind& kind_of(Code code, unsigned status) {
  const Kind& own = kind_of(base::info(code).effect);
  if (status == status_of(code)) return own;
  static constexpr std::array kAll{&kRefuse, &kLater, &kInput, &kDenied, &kNotFound, &kConflict, &kInternal};
  const auto* const found = std::ranges::find(kAll, status, &Kind::status);
  return found == kAll.end() ? own : **found;
}

std::string_view title_of(Code code, unsigned status, Language language) {
  const Kind& kind = kind_of(code, status);
  switch (language) {
    case Language::kRussian:
      return kind.russian;
    case Language::kKazakh:
      return kind.kazakh;
    case Language::kEnglish:
      break;
  }
  return kind.english;
}

// RFC 9110 12.4.2: qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths; anything else counts
// as 0.
int weight_of(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == std::string_view::npos) return 1000;
  const std::string_view value = trim_whitespace(parameters.substr(q + 2));
  if (value.empty() || value.size() > 5 || (value[0] != '0' && value[0] != '1')) return 0;
  int weight = (value[0] - '0') * 1000;
  if (value.size() > 1 && value[1] != '.') return 0;
  int unit = 100;
  for (const char digit : value.substr(std::min<std::size_t>(2, value.size()))) {
    if (digit < '0' || digit > '9') return 0;
    weight += (digit - '0') * unit;
    unit /= 10;
  }
  return std::min(weight, 1000);
}

std::optional<Language> language_of(std::string_view range) {
  if (range.size() < 2 || (range.size() > 2 && range[2] != '-')) return std::nullopt;
  const auto lower = [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); };
  const std::array tag{lower(range[0]), lower(range[1])};
  if (tag == std::array{'e', 'n'}) return Language::kEnglish;
  if (tag == std::array{'r', 'u'}) return Language::kRussian;
  if (tag == std::array{'k', 'k'}) return Language::kKazakh;
  return std::nullopt;
}

}  // namespace

unsigned status_of(Code code) {
  const auto* found = std::ranges::find(kExceptions, code, &Exception::code);
  return found != kExceptions.end() ? found->status : kind_of(base::info(code).effect).status;
}

boost::json::object problem_json(const base::Error& error, const ProblemContext& context) {
  const Code code = error.code();
  const unsigned status = context.status != 0 ? context.status : status_of(code);
  boost::json::object document;
  document["type"] = fmt::format("urn:tanba:error:{}", base::dotted(code));
  document["title"] = title_of(code, status, context.language);
  document["status"] = status;
  document["detail"] = error.message(context.language);
  document["code"] = base::dotted(code);
  document["requestId"] = context.request_id;
  return document;
}

Response problem(const base::Error& error, const ProblemContext& context, boost::json::object members) {
  boost::json::object document = problem_json(error, context);
  const auto status = document.at("status").to_number<unsigned>();
  for (auto& member : members) document.emplace(member.key(), std::move(member.value()));

  Response response = Response::text(status, "application/problem+json", boost::json::serialize(document));
  response.set_problem_code(error.code());
  response.header("Content-Language", language_tag(context.language));
  if (status == 503) response.header("Retry-After", fmt::format("{}", context.retry_after_seconds));
  if (status == 401) response.header("WWW-Authenticate", "Bearer realm=\"tanba\"");
  return response;
}

Language negotiate_language(std::string_view accept_language) {
  Language best = Language::kEnglish;
  int best_weight = 0;
  while (!accept_language.empty()) {
    const auto comma = accept_language.find(',');
    const std::string_view item = accept_language.substr(0, comma);
    accept_language = comma == std::string_view::npos ? std::string_view{} : accept_language.substr(comma + 1);
    const auto semicolon = item.find(';');
    const auto language = language_of(trim_whitespace(item.substr(0, semicolon)));
    const int weight = semicolon == std::string_view::npos ? 1000 : weight_of(item.substr(semicolon + 1));
    if (language && weight > best_weight) {
      best = *language;
      best_weight = weight;
    }
  }
  return best;
}

std::string_view language_tag(Language language) {
  switch (language) {
    case Language::kRussian:
      return "ru";
    case Language::kKazakh:
      return "kk";
    case Language::kEnglish:
      break;
  }
  return "en";
}

}  // namespace tanba::net::http
