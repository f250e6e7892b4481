#include "base/phrases.h"

#include <algorithm>
#include <array>
#include <vector>

namespace tanba::base {
namespace {

constexpr Phrase kPhrases[] = {
#define TANBA_PHRASE(en, ru, kk) Phrase{en, ru, kk},
#include "base/phrases.def"
#undef TANBA_PHRASE
};

// A phrase in a phrase in a phrase: no more happens, and what comes from outside is not followed further.
constexpr unsigned kMaxDepth = 4;
constexpr std::string_view kListed = "; ";

// Arguments that hold phrases of ours. All others are names, numbers and addresses: shown as they are.
constexpr std::array<std::string_view, 15> kSpoken{"what",  "reason", "expected", "purpose",   "kind",
                                                   "rule",  "needed", "missing",  "found",     "status",
                                                   "state", "type",   "reasons",  "algorithm", "source"};
constexpr std::array<std::string_view, 3> kCertificates{"certificate", "issuer", "anchor"};

std::string_view in(std::string_view russian, std::string_view kazakh, Language language) {
  return language == Language::kRussian ? russian : kazakh;
}

struct Hole {
  std::string_view name;  // as it stands between the braces
  std::string_view text;
};

// What stands for the holes of a pattern, if `text` has its form. Each hole ends at the first place where what follows
// it goes on, the last one at the end.
std::optional<std::vector<Hole>> match(std::string_view pattern, std::string_view text) {
  std::vector<Hole> holes;
  std::size_t open = pattern.find('{');
  if (text.substr(0, open) != pattern.substr(0, open)) return std::nullopt;
  text.remove_prefix(std::min(text.size(), open));
  while (open != std::string_view::npos) {
    const std::size_t close = pattern.find('}', open);
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    open = pattern.find('{', close);
    const std::string_view literal =
        pattern.substr(close + 1, open == std::string_view::npos ? open : open - close - 1);
    const std::size_t end = open != std::string_view::npos ? text.find(literal, 1)
                            : text.ends_with(literal)      ? text.size() - literal.size()
                                                           : std::string_view::npos;
    if (end == 0 || end == std::string_view::npos || end > text.size()) return std::nullopt;
    holes.push_back({name, text.substr(0, end)});
    text.remove_prefix(end + literal.size());
  }
  if (!text.empty()) return std::nullopt;
  return holes;
}

std::optional<std::string> find(std::string_view english, Language language, unsigned depth);

std::string translated(std::string_view text, Language language, unsigned depth) {
  return find(text, language, depth).value_or(std::string(text));
}

// The translation of a pattern with its holes filled: {0} is the first one.
std::string fill(std::string_view translation, const std::vector<Hole>& holes, Language language, unsigned depth) {
  std::string out;
  for (std::size_t at = 0; at < translation.size();) {
    const std::size_t open = translation.find('{', at);
    out += translation.substr(at, open == std::string_view::npos ? open : open - at);
    if (open == std::string_view::npos) break;
    const std::size_t close = translation.find('}', open);
    const std::string_view name = translation.substr(open + 1, close - open - 1);
    const bool counted = name.size() == 1 && name.front() >= '0' && name.front() <= '9';
    const auto hole = counted ? holes.begin() + std::min<std::ptrdiff_t>(name.front() - '0', std::ssize(holes))
                              : std::ranges::find(holes, name, &Hole::name);
    if (hole != holes.end()) out += translated(hole->text, language, depth);
    at = close + 1;
  }
  return out;
}

std::optional<std::string> find_entry(std::string_view english, Language language, unsigned depth) {
  for (const Phrase& one : kPhrases) {
    if (one.english == english) return std::string(in(one.russian, one.kazakh, language));
  }
  if (depth == 0) return std::nullopt;
  const Phrase* best = nullptr;
  std::vector<Hole> best_holes;
  for (const Phrase& one : kPhrases) {
    // Of two forms that fit, the one that says more itself.
    if (!one.english.contains('{') || (best != nullptr && one.english.size() <= best->english.size())) continue;
    // A list is translated part by part.
    if (english.contains(kListed) && !one.english.contains(kListed)) continue;
    auto holes = match(one.english, english);
    if (!holes) continue;
    best = &one;
    best_holes = *std::move(holes);
  }
  if (best == nullptr) return std::nullopt;
  return fill(in(best->russian, best->kazakh, language), best_holes, language, depth - 1);
}

// The message of another code, or its dotted form.
std::optional<std::string> find_message(std::string_view english, Language language, unsigned depth) {
  for (const CodeInfo& one : all_codes()) {
    if (one.dotted == english) {
      const std::string_view text = in(one.russian, one.kazakh, language);
      return (text.contains('{') ? "" : std::string(text) + " ") + "[" + std::string(english) + "]";
    }
    const auto holes = match(one.english, english);
    if (holes) return fill(in(one.russian, one.kazakh, language), *holes, language, depth - 1);
  }
  return std::nullopt;
}

// Several of ours with something between; unknown parts of it (numbers, names) stay.
std::optional<std::string> find_list(std::string_view english, Language language, unsigned depth) {
  for (const std::string_view between : {kListed, std::string_view(", "), std::string_view(": ")}) {
    if (!english.contains(between)) continue;
    std::string out;
    bool known = false;
    for (std::size_t at = 0; at <= english.size();) {
      const std::size_t end = std::min(english.find(between, at), english.size());
      const std::string_view part = english.substr(at, end - at);
      const auto found = find(part, language, depth - 1);
      known = known || found.has_value();
      out += (out.empty() ? "" : std::string(between)) + found.value_or(std::string(part));
      at = end + between.size();
    }
    if (known) return out;
  }
  return std::nullopt;
}

std::optional<std::string> find(std::string_view english, Language language, unsigned depth) {
  if (language == Language::kEnglish) return std::nullopt;
  if (auto entry = find_entry(english, language, depth)) return entry;
  if (depth == 0) return std::nullopt;
  if (auto message = find_message(english, language, depth)) return message;
  return find_list(english, language, depth);
}

// What a request must hold. The machine's own words stay: whoever asks has to write them so.
std::string expectation(std::string_view value, Language language) {
  if (auto known = find_entry(value, language, 1)) return *std::move(known);
  constexpr std::string_view kOr = " or ";
  const std::size_t at = value.rfind(kOr);
  if (at == std::string_view::npos) return std::string(value);
  return std::string(value.substr(0, at)) + std::string(in(" или ", " немесе ", language)) +
         std::string(value.substr(at + kOr.size()));
}

}  // namespace

std::span<const Phrase> all_phrases() {
  return kPhrases;
}

std::optional<std::string> find_phrase(std::string_view english, Language language) {
  return find(english, language, kMaxDepth);
}

std::string phrase(std::string_view english, Language language) {
  return translated(english, language, kMaxDepth);
}

std::string word_of(std::string_view place, std::string_view word, Language language) {
  const std::string placed = std::string(place) + ":" + std::string(word);
  return find_entry(placed, language, 0).value_or(phrase(word, language));
}

std::string certificate_label(std::string_view label, Language language) {
  constexpr std::string_view kSerial = " (serial ";
  const std::size_t at = label.rfind(kSerial);
  if (language == Language::kEnglish || at == std::string_view::npos) return std::string(label);
  return std::string(label.substr(0, at)) + std::string(in(" (серийный номер ", " (сериялық нөмірі ", language)) +
         std::string(label.substr(at + kSerial.size()));
}

std::string argument_text(std::string_view name, std::string_view value, Language language) {
  if (language == Language::kEnglish) return std::string(value);
  if (std::ranges::find(kCertificates, name) != kCertificates.end()) return certificate_label(value, language);
  if (name == "member") {
    // A field keeps its name: whoever wrote the request looks for it there.
    const auto known = find_entry("member:" + std::string(value), language, 0);
    return known ? *known + " [" + std::string(value) + "]" : "[" + std::string(value) + "]";
  }
  if (name == "expected") return expectation(value, language);
  const bool spoken = std::ranges::find(kSpoken, name) != kSpoken.end();
  return spoken ? word_of(name, value, language) : std::string(value);
}

}  // namespace tanba::base
