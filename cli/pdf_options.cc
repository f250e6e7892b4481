#include "cli/pdf_options.h"

#include <array>
#include <charconv>
#include <string_view>

namespace tanba::cli {
namespace {

std::unexpected<base::Error> wrong_place() {
  return base::fail(base::Code::kInputUsage,
                    {{"reason", "--visible is PAGE,X,Y,WIDTH,HEIGHT: a page counted from 1, then points"}});
}

base::Result<pdf::Place> parse_place(std::string_view text) {
  std::array<double, 5> numbers{};
  for (std::size_t at = 0; at < numbers.size(); ++at) {
    const std::size_t comma = text.find(',');
    if ((comma == std::string_view::npos) != (at + 1 == numbers.size())) return wrong_place();
    const std::string_view part = text.substr(0, comma);
    const auto [end, error] =
        std::from_chars(part.data(), part.data() + part.size(), numbers[at], std::chars_format::fixed);
    if (error != std::errc() || end != part.data() + part.size()) return wrong_place();
    text.remove_prefix(part.size() + (at + 1 == numbers.size() ? 0 : 1));
  }
  constexpr double kMaxPage = 1'000'000;
  if (!(numbers[0] >= 1 && numbers[0] <= kMaxPage)) return wrong_place();
  const auto page = static_cast<std::uint32_t>(numbers[0]);
  if (static_cast<double>(page) != numbers[0]) return wrong_place();
  return pdf::Place{.page = page, .x = numbers[1], .y = numbers[2], .width = numbers[3], .height = numbers[4]};
}

}  // namespace

base::Result<pdf::Profile> pdf_profile(const PdfOptions& options, base::Time now) {
  pdf::Profile profile;
  profile.time = now;
  profile.field = options.field;
  if (options.certify != 0) profile.certify = static_cast<pdf::Permission>(options.certify);
  if (!options.visible.empty()) {
    TANBA_TRY(profile.visible, parse_place(options.visible));
  }
  return profile;
}

}  // namespace tanba::cli
