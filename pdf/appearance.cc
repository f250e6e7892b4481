#include "pdf/appearance.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "pdf/update.h"

namespace tanba::pdf {
namespace {

// U+0410 to U+044F in order, then what Kazakh has beside them.
constexpr std::array<std::string_view, 64> kRussian{
    "A", "B", "V", "G", "D", "E",  "Zh", "Z",  "I",  "Y",    "K", "L", "M", "N", "O",  "P",
    "R", "S", "T", "U", "F", "Kh", "Ts", "Ch", "Sh", "Shch", "",  "Y", "",  "E", "Yu", "Ya",
    "a", "b", "v", "g", "d", "e",  "zh", "z",  "i",  "y",    "k", "l", "m", "n", "o",  "p",
    "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "",  "y", "",  "e", "yu", "ya"};
struct Letter {
  char32_t code;
  std::string_view latin;
};
constexpr std::array<Letter, 20> kKazakh{{{U'Ё', "E"},  {U'ё', "e"}, {U'Ә', "A"}, {U'ә', "a"},  {U'Ғ', "Gh"},
                                          {U'ғ', "gh"}, {U'Қ', "Q"}, {U'қ', "q"}, {U'Ң', "Ng"}, {U'ң', "ng"},
                                          {U'Ө', "O"},  {U'ө', "o"}, {U'Ұ', "U"}, {U'ұ', "u"},  {U'Ү', "U"},
                                          {U'ү', "u"},  {U'Һ', "H"}, {U'һ', "h"}, {U'І', "I"},  {U'і', "i"}}};

// One code point; malformed UTF-8 gives U+FFFD, an octet at a time.
char32_t next_code_point(std::string_view& utf8) {
  const auto octet = [&utf8](std::size_t at) { return static_cast<unsigned char>(utf8[at]); };
  const unsigned char lead = octet(0);
  std::size_t size = 1;
  if (lead >= 0xC2 && lead <= 0xF4) size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  bool good = lead < 0x80 || (size > 1 && size <= utf8.size());
  char32_t code = size == 1 ? lead : lead & (0x7FU >> size);
  for (std::size_t at = 1; good && at < size; ++at) {
    good = (octet(at) & 0xC0U) == 0x80U;
    code = code << 6 | (octet(at) & 0x3FU);
  }
  utf8.remove_prefix(good ? size : 1);
  return good ? code : U'\uFFFD';
}

std::string_view latin_for(char32_t code) {
  if (code >= 0x410 && code <= 0x44F) return kRussian[code - 0x410];
  const auto found = std::ranges::find(kKazakh, code, &Letter::code);
  return found == kKazakh.end() ? "?" : found->latin;
}

// Width of Helvetica in ems, on the safe side for names in capitals.
constexpr double kAverageWidth = 0.68;
constexpr double kMargin = 3;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '(' || c == ')' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace

std::string transliterated(std::string_view utf8) {
  std::string out;
  while (!utf8.empty()) {
    const char32_t code = next_code_point(utf8);
    if (code >= 0x20 && code < 0x7F) {
      out.push_back(static_cast<char>(code));
    } else {
      out += latin_for(code);
    }
  }
  return out;
}

std::string number_text(double value) {
  const long long hundredths = std::llround(value * 100);
  const long long part = std::llabs(hundredths % 100);
  std::string out = (hundredths < 0 ? "-" : "") + std::to_string(std::llabs(hundredths / 100));
  if (part != 0) out += (part < 10 ? ".0" : ".") + std::to_string(part);
  return out;
}

std::string appearance_text(const std::string& name, base::Time time, const Place& place) {
  const std::array<std::string, 2> lines{"Signed: " + transliterated(name), base::format_time(time)};
  const std::size_t longest = std::max(lines[0].size(), lines[1].size());
  const double for_width = (place.width - 2 * kMargin) / (kAverageWidth * static_cast<double>(longest));
  const double for_height = (place.height - 2 * kMargin) / (1.3 * static_cast<double>(lines.size()));
  const double size = std::clamp(std::min(for_width, for_height), 1.0, 12.0);
  std::string text = "q 1 w 0.5 0.5 " + number_text(place.width - 1) + " " + number_text(place.height - 1) +
                     " re S Q\nBT /F1 " + number_text(size) + " Tf " + number_text(1.3 * size) + " TL " +
                     number_text(kMargin) + " " + number_text(place.height - kMargin - size) + " Td\n";
  for (const std::string& line : lines) text += "(" + escaped(line) + ") Tj T*\n";
  text += "ET\n";
  return stream_text("/Type /XObject /Subtype /Form /BBox [0 0 " + number_text(place.width) + " " +
                         number_text(place.height) +
                         "] /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
                         "/Encoding /WinAnsiEncoding >> >> >>",
                     base::as_bytes(text));
}

}  // namespace tanba::pdf
