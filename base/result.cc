#include "base/result.h"

#include <algorithm>

#include "base/phrases.h"
#include "base/text.h"

namespace tanba::base {
namespace {

std::string_view text_of(const CodeInfo& code, Language language) {
  switch (language) {
    case Language::kRussian:
      return code.russian;
    case Language::kKazakh:
      return code.kazakh;
    case Language::kEnglish:
      break;
  }
  return code.english;
}

}  // namespace

std::string Error::message(Language language) const {
  const std::string_view text = text_of(info(code_), language);
  std::string out;
  out.reserve(text.size() + 64);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('{', at);
    out.append(text.substr(at, open == std::string_view::npos ? open : open - at));
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto argument = std::ranges::find(arguments_, name, &ErrorArgument::name);
    out += argument == arguments_.end() ? std::string("?")
                                        : escape_for_display(argument_text(name, argument->value, language));
    at = close + 1;
    // An argument that is a whole sentence brings its own full stop.
    if (language != Language::kEnglish && out.ends_with('.') && text.substr(at, 1) == ".") ++at;
  }
  return out;
}

}  // namespace tanba::base
