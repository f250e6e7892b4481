// What a line may say, for every option of every command that there is.

#include "cli/parsing.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace tanba::cli {
namespace {

using Line = std::vector<std::string>;

struct Parsed {
  std::string code;  // "ok" for a line that asks for something
  std::string text;  // of the error, or help
  bool json = false;
};

Parsed parse(Line line) {
  line.insert(line.begin(), "tanba");
  std::vector<char*> argv;
  argv.reserve(line.size());
  for (std::string& argument : line) argv.push_back(argument.data());
  CLI::App app("", "tanba");
  Session session;
  add_commands(app, session);
  const auto done = parse_line(app, static_cast<int>(argv.size()), argv.data());
  if (!done) return {std::string(base::dotted(done.error().code())), done.error().message(), session.json};
  return {session.action ? "ok" : "nothing", *done, session.json};
}

Line operator+(Line line, const Line& more) {
  line.insert(line.end(), more.begin(), more.end());
  return line;
}

// Calls with each command and the words that name it.
void for_each_command(const std::function<void(const CLI::App&, const Line&)>& take) {
  CLI::App app("", "tanba");
  Session session;
  add_commands(app, session);
  std::vector<std::pair<const CLI::App*, Line>> open{{&app, {}}};
  while (!open.empty()) {
    const auto [at, words] = open.back();
    open.pop_back();
    const auto below = at->get_subcommands({});
    if (below.empty()) take(*at, words);
    for (const CLI::App* one : below) open.emplace_back(one, words + Line{one->get_name()});
  }
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

// A value that a required option takes.
std::string value_for(const CLI::Option& option) {
  const std::string name = option.get_name();
  return name == "--format" ? "cms" : name == "--with" ? "workstation" : name == "VERSION" ? "1" : "x";
}

// The command with all that it requires but `left_out`.
Line required_of(const CLI::App& command, const Line& words, const CLI::Option* left_out) {
  Line line = words;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_required() || option == left_out) continue;
    if (!option->get_positional()) line.push_back(option->get_name());
    line.push_back(value_for(*option));
  }
  return line;
}

TEST(Parsing, TakesEachCommandWithWhatItRequires) {
  int commands = 0;
  for_each_command([&](const CLI::App& command, const Line& words) {
    const Parsed parsed = parse(required_of(command, words, nullptr));
    EXPECT_EQ(parsed.code, "ok") << command.get_name() << ": " << parsed.text;
    ++commands;
  });
  EXPECT_GT(commands, 40);
}

// A script's unset variable must not take a demand away.
TEST(Parsing, RefusesAnEmptyValueOfAnyOption) {
  int options = 0;
  for_each_command([&](const CLI::App& command, const Line& words) {
    for (const CLI::Option* option : command.get_options()) {
      if (!takes_value(*option)) continue;
      const Line rest = required_of(command, words, option);
      const std::string name = option->get_name();
      const Line named = option->get_positional() ? Line{""} : Line{name, ""};
      const Parsed parsed = parse(rest + named);
      EXPECT_EQ(parsed.code, "input.usage") << command.get_name() << ' ' << name;
      EXPECT_NE(parsed.text.find("empty value"), std::string::npos) << command.get_name() << ' ' << parsed.text;
      if (!option->get_positional()) {
        Line before = rest;
        before.insert(before.begin() + static_cast<std::ptrdiff_t>(words.size()), name + "=");
        EXPECT_EQ(parse(before).code, "input.usage") << command.get_name() << ' ' << name;
      }
      ++options;
    }
  });
  EXPECT_GT(options, 300);
  EXPECT_NE(parse({"verify", "a.xml", "--expect-iin", ""}).text.find("--expect-iin has an empty value"),
            std::string::npos);
  EXPECT_EQ(parse({"verify", "--", ""}).code, "input.usage");
}

// An option that stands where a value was forgotten is not lost.
TEST(Parsing, RefusesAnOptionAsTheValueOfAnother) {
  for_each_command([&](const CLI::App& command, const Line& words) {
    for (const CLI::Option* option : command.get_options()) {
      if (!takes_value(*option) || option->get_positional()) continue;
      const Line line = required_of(command, words, option) + Line{option->get_name()};
      EXPECT_EQ(parse(line).code, option->get_expected_min() == 0 ? "ok" : "input.usage") << option->get_name();
      if (option->get_expected_min() == 0) continue;
      EXPECT_EQ(parse(line + Line{"--json"}).code, "input.usage") << command.get_name() << ' ' << option->get_name();
    }
  });
  EXPECT_EQ(parse({"verify", "a.xml", "--expect-iin", "--json"}).code, "input.usage");
  EXPECT_EQ(parse({"verify", "a.xml", "--data", "-"}).code, "ok");
  EXPECT_EQ(parse({"verify", "--", "--strange.xml"}).code, "ok");
  EXPECT_EQ(parse({"sign", "a.cms", "--format", "cms", "--counter-sign"}).code, "ok");
  EXPECT_EQ(parse({"sign", "a.cms", "--format", "cms", "--counter-sign", ""}).code, "input.usage");
}

TEST(Parsing, SaysWhichCommandsThereAre) {
  const auto said = [](const Line& line) {
    const Parsed parsed = parse(line);
    EXPECT_EQ(parsed.code, "input.usage");
    return parsed.text;
  };
  EXPECT_NE(said({"verfy", "a.xml"}).find("there is no command verfy, did you mean verify? There are: verify, cert,"),
            std::string::npos);
  EXPECT_NE(said({"token", "lst", "--json"}).find("there is no command lst, did you mean list? There are: list, keys,"),
            std::string::npos);
  EXPECT_NE(said({"token", "--lang", "ru", "lst"}).find("no command lst"), std::string::npos);
  EXPECT_NE(said({"token", "--lang=ru", "lst"}).find("no command lst"), std::string::npos);
  EXPECT_NE(said({"licence", "frobnicate"}).find("there is no command frobnicate. There are: "), std::string::npos);
  EXPECT_EQ(said({"licence", "frobnicate"}).find("did you mean"), std::string::npos);
  EXPECT_EQ(said({std::string(1'000'000, 'v')}).find("did you mean"), std::string::npos);
  EXPECT_NE(said({"token"}).find("a command is missing. There are: list,"), std::string::npos);
  EXPECT_NE(said({}).find("a command is missing. There are: verify,"), std::string::npos);
  // What is wrong elsewhere is said as before.
  EXPECT_NE(said({"verify", "a.xml", "--trst", "b"}).find("--trst"), std::string::npos);
  EXPECT_NE(said({"token", "--nonsense", "list"}).find("input.usage"), 0U);
}

TEST(Parsing, TakesTheJsonFlagAfterEachWord) {
  for_each_command([&](const CLI::App& command, const Line& words) {
    const Line line = required_of(command, words, nullptr);
    for (std::size_t at = 1; at <= line.size(); ++at) {
      if (line[at - 1].starts_with('-')) continue;  // between an option and its value
      Line flagged = line;
      flagged.insert(flagged.begin() + static_cast<std::ptrdiff_t>(at), "--json");
      const Parsed parsed = parse(flagged);
      EXPECT_EQ(parsed.code, "ok") << command.get_name() << " at " << at << ": " << parsed.text;
      EXPECT_TRUE(parsed.json);
    }
  });
  EXPECT_EQ(parse({"--json", "verify", "a.xml"}).code, "input.usage");
}

}  // namespace
}  // namespace tanba::cli
