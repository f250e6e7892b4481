#include "cli/unknown_command.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/io.h"

namespace tanba::cli {
namespace {

// Longer words are no slip of a command's name.
constexpr std::size_t kMaxCommandBytes = 32;

std::vector<std::string> command_names(const CLI::App& group) {
  std::vector<std::string> names;
  for (const CLI::App* one : group.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(one->get_name());
  return names;
}

std::string with_commas(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// Letters to add, leave out or exchange.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t exchanged = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, exchanged});
    }
  }
  return row.back();
}

base::Status no_command(std::string_view word, const std::vector<std::string>& names) {
  const std::string shown = base::escape_for_display(word);
  const auto distance = [word](const std::string& name) { return edit_distance(word, name); };
  const auto nearest = std::ranges::min_element(names, {}, distance);
  // Half of its letters at most, so that no other word is taken for it.
  if (word.size() <= kMaxCommandBytes && distance(*nearest) * 2 <= std::min(word.size(), nearest->size())) {
    return usage("there is no command " + shown + ", did you mean " + *nearest + "? There are: " + with_commas(names));
  }
  return usage("there is no command " + shown + ". There are: " + with_commas(names));
}

}  // namespace

base::Status check_command_names(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word(argv[i]);
    const std::vector<std::string> names = command_names(*at);
    if (names.empty()) return {};
    if (word.starts_with('-')) {
      const CLI::Option* option = at->get_option_no_throw(word.substr(0, word.find('=')));
      if (option == nullptr) return {};  // that is what is wrong
      if (option->get_items_expected_max() > 0 && !word.contains('=')) ++i;
      continue;
    }
    if (std::ranges::find(names, word) == names.end()) return no_command(word, names);
    at = at->get_subcommand(word);
  }
  const std::vector<std::string> names = command_names(*at);
  return names.empty() ? base::Status() : usage("a command is missing. There are: " + with_commas(names));
}

}  // namespace tanba::cli
