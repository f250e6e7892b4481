#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/executor.h"
#include "base/file.h"
#include "base/hmac.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/log_text.h"
#include "base/person_name.h"
#include "base/secret.h"
#include "base/stop_deadline.h"
#include "base/text.h"

namespace tanba::base {
namespace {

TEST(Codes, DottedNamesAreUniqueAndComplete) {
  std::set<std::string_view> seen;
  for (const CodeInfo& code : all_codes()) {
    EXPECT_TRUE(seen.insert(code.dotted).second) << code.dotted;
    EXPECT_FALSE(code.english.empty() || code.russian.empty() || code.kazakh.empty()) << code.dotted;
    EXPECT_EQ(find_code(code.dotted), code.code);
    EXPECT_EQ(&info(code.code), &code);
  }
}

// A text that leaves an argument out in one language hides evidence from its readers.
TEST(Codes, EveryLanguageNamesTheSameArguments) {
  const auto arguments = [](std::string_view text) {
    std::set<std::string_view> names;
    for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
      names.insert(text.substr(open, text.find('}', open) - open));
    }
    return names;
  };
  for (const CodeInfo& code : all_codes()) {
    EXPECT_EQ(arguments(code.english), arguments(code.russian)) << code.dotted;
    EXPECT_EQ(arguments(code.english), arguments(code.kazakh)) << code.dotted;
  }
}

TEST(Codes, VerdictsHaveASubIndicationAndOthersNone) {
  for (const CodeInfo& code : all_codes()) {
    const bool verdict = code.effect == Effect::kRefuse || code.effect == Effect::kRetry;
    EXPECT_EQ(verdict, code.sub_indication != SubIndication::kNone) << code.dotted;
  }
}

TEST(Error, MessagePutsArgumentsInAndEscapesThem) {
  const Error error(Code::kFileNotReadable, {{"file", "a\nb"}, {"reason", "no"}});
  EXPECT_EQ(error.message(), "The file a\\u{a}b cannot be read: no.");
  EXPECT_EQ(error.message(Language::kRussian), "Файл a\\u{a}b не читается: no.");
}

TEST(Error, ALogNamesNobody) {
  const Error error(Code::kAlgorithmWeakKey,
                    {{"certificate", "БАСШЫЕВ (serial 00) ДӘУЛЕТ (serial 0a12)"}, {"bits", "1024"}, {"policy", "p"}});
  const std::string text = message_for_log(error);
  EXPECT_NE(text.find("(serial 0a12)"), std::string::npos) << text;
  EXPECT_EQ(text.find("БАСШЫЕВ"), std::string::npos) << text;
  EXPECT_NE(text.find("1024"), std::string::npos) << text;
  const Error other(Code::kRequestNotFound, {{"path", "/a (serial b"}});
  EXPECT_EQ(message_for_log(other), other.message());
}

TEST(Bytes, HexRoundTripsAndRefusesOddAndForeign) {
  EXPECT_EQ(to_hex(*from_hex("00ffA5")), "00ffa5");
  EXPECT_EQ(from_hex("0").error().code(), Code::kInputHex);
  EXPECT_EQ(from_hex("0g").error().code(), Code::kInputHex);
}

TEST(Bytes, Base64KnownAnswers) {  // RFC 4648 section 10
  const std::pair<std::string_view, std::string_view> answers[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : answers) {
    EXPECT_EQ(to_base64(as_bytes(plain)), encoded);
    EXPECT_EQ(as_text(*from_base64(encoded)), plain);
  }
}

TEST(Bytes, Base64IsStrict) {
  for (const std::string_view bad : {"Zg=", "Zg", "Zh==", "Zm9", "=", "====", "Zg==Zg==", "Z m8=", "Zm8=\n", "Zm-_"}) {
    EXPECT_FALSE(from_base64(bad).has_value()) << bad;
  }
  EXPECT_EQ(as_text(*from_base64_with_space(" Zm\n9v\t")), "foo");
}

// Whole groups are read quicker than what is around them: each length, and what does not belong at each place.
TEST(Bytes, Base64IsTheSameAtEveryPlace) {
  Bytes octets;
  for (std::uint8_t size = 0; size < 40; ++size) {
    const std::string text = to_base64(octets);
    EXPECT_EQ(from_base64(text), octets) << text;
    for (std::size_t at = 0; at <= text.size(); ++at) {
      const std::string with_space = text.substr(0, at) + "\n" + text.substr(at);
      EXPECT_FALSE(from_base64(with_space).has_value()) << with_space;
      EXPECT_EQ(from_base64_with_space(with_space), octets) << with_space;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const char bad : {'-', '\x00', '\xFF'}) {
        std::string changed = text;
        changed[at] = bad;
        EXPECT_FALSE(from_base64(changed).has_value()) << changed;
      }
    }
    octets.push_back(static_cast<std::uint8_t>(size * 37 + 5));
  }
}

TEST(Bytes, Sha256KnownAnswer) {
  EXPECT_EQ(sha256(as_bytes("abc")).hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Bytes, HmacKnownAnswers) {  // RFC 4231 4.2, 4.3, 4.7
  EXPECT_EQ(hmac_sha256(Bytes(20, 0x0b), as_bytes("Hi There")).hex(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(Bytes(131, 0xaa), as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")).hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Secret, MovesLeaveNothingBehind) {
  Secret pin(std::string_view("1234"));
  const Secret moved = std::move(pin);
  EXPECT_TRUE(pin.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(moved.reveal_text(), "1234");
}

TEST(Clock, Rfc3339RoundTrips) {
  EXPECT_EQ(format_time(*parse_time("2026-11-22T04:18:50Z")), "2026-11-22T04:18:50Z");
  EXPECT_EQ(format_time(*parse_time("2026-11-22T09:18:50.999+05:00")), "2026-11-22T04:18:50Z");
  EXPECT_EQ(format_time(*parse_time("2021-06-01")), "2021-06-01T00:00:00Z");
  for (const std::string_view bad : {"", "2021", "2021-02-30", "2021-06-01T25:00:00Z", "2021-06-01T00:00:00",
                                     "2021-06-01 ", "2021-06-01T00:00:00.Z", "1e10-06-01"}) {
    EXPECT_FALSE(parse_time(bad).has_value()) << bad;
  }
}

TEST(Clock, EveryDigitOfATimeIsItsOwn) {
  for (const std::string_view text : {"0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
                                      "2024-02-29T12:34:56Z", "9999-10-20T19:08:07Z"}) {
    EXPECT_EQ(format_time(*parse_time(text)), text);
  }
  EXPECT_EQ(format_time(*parse_time("9999-12-31T23:59:59Z") + Seconds(1)), "10000-01-01T00:00:00Z");
}

// Runs of harmless characters are taken whole: what deceives is found wherever it stands among them.
TEST(Text, EscapesWhatDeceivesAtEveryPlace) {
  for (const std::string_view special : {"\n", "\x1f", "\x7f", "\\", "\u0080", "\u009f", "\u00ad", "\u061c", "\u200b",
                                         "\u202e", "\ufeff", "\x80", "\xc3", "\xd8", "\xc0\xaf", "\xed\xa0\x80"}) {
    const std::string escaped = escape_for_display(special);
    EXPECT_TRUE(escaped.starts_with('\\')) << escaped;
    for (const std::string_view around : {"a", "~", " ", "ң", "é"}) {
      std::string before;
      for (int i = 0; i < 20; ++i, before += around) {
        EXPECT_EQ(escape_for_display(before + std::string(special) + before), before + escaped + before);
      }
    }
  }
}

TEST(Text, OfTwoOctetCharactersOnlyTheDeceptiveAreEscaped) {
  for (unsigned c = 0x80; c < 0x800; ++c) {
    const std::string text{static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    const bool deceptive = c < 0xA0 || c == 0xAD || c == 0x61C;
    EXPECT_EQ(escape_for_display(text) != text, deceptive) << c;
  }
}

TEST(Text, CutsByCharacters) {
  for (std::size_t most = 0; most < 30; ++most) {
    std::string ascii(most, 'a'), cyrillic;
    for (std::size_t i = 0; i < most; ++i) cyrillic += "ң";
    EXPECT_EQ(escape_for_display(ascii, most), ascii);
    EXPECT_EQ(escape_for_display(ascii + "b", most), ascii + "…");
    EXPECT_EQ(escape_for_display(cyrillic, most), cyrillic);
    EXPECT_EQ(escape_for_display(cyrillic + "\n", most), cyrillic + "…");
  }
}

TEST(Text, EscapesWhatDeceives) {
  EXPECT_EQ(escape_for_display("ok «таңба»"), "ok «таңба»");
  EXPECT_EQ(escape_for_display("a\r\n\x1b[2J"), "a\\u{d}\\u{a}\\u{1b}[2J");
  EXPECT_EQ(escape_for_display("\u202Egpj"), "\\u{202e}gpj");
  EXPECT_EQ(escape_for_display("\xC0\xAF\\"), "\\x{c0}\\x{af}\\\\");
  EXPECT_EQ(escape_for_display("abc", 2), "ab…");
}

TEST(Text, NamesAreComparedAsPeopleWriteThem) {
  using enum NameMatch;
  EXPECT_EQ(compare_names("БАСШЫЕВ ДӘУЛЕТ", "Дәулет  Басшыев"), kSame);
  EXPECT_EQ(compare_names("БАСШЫЕВ ДӘУЛЕТ", "Басшыев Дәулет Ерланұлы"), kSame);
  EXPECT_EQ(compare_names("Королёв Пётр", "КОРОЛЕВ ПЕТР"), kSame);
  EXPECT_EQ(compare_names("ҒҚҢҮҰҺӘӨІ ӘЖЕ", "ғқңүұһәөі әже"), kSame);
  EXPECT_EQ(compare_names("ТОО «ДЕМО»", "\"Демо\", ТОО"), kSame);
  EXPECT_EQ(compare_names("Демо", "ДЕМО"), kSame);
  EXPECT_EQ(compare_names("БАСШЫЕВ ДӘУЛЕТ", "БАСШЫЕВ ДАУЛЕТ"), kOther);
  EXPECT_EQ(compare_names("БАСШЫЕВ", "БАСШЫЕВ ДӘУЛЕТ"), kOther) << "one word is too little";
  EXPECT_EQ(compare_names("БАСШЫЕВ ДӘУЛЕТ АСАНҰЛЫ", "БАСШЫЕВ ДӘУЛЕТ ЕРЛАНҰЛЫ"), kOther);
  EXPECT_EQ(compare_names("", ""), kOther);
  EXPECT_EQ(compare_names("\xff\xd0", "\xff\xd0"), kOther);
}

TEST(Text, Utf8IsWellFormedOnly) {
  EXPECT_TRUE(is_utf8("\u04A3\U0001F600"));
  for (const std::string_view bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Json, CanonicalFormSortsAndEscapes) {  // RFC 8785 3.2.3: the order of its example
  const auto value =
      boost::json::parse(R"({"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7})");
  EXPECT_EQ(canonical_json(value), "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\uFB33\":3}");
  EXPECT_EQ(canonical_json(boost::json::parse(R"({"b":[1,{"d":null,"c":"\u000f\"/"}],"a":true})")),
            "{\"a\":true,\"b\":[1,{\"c\":\"\\u000f\\\"/\",\"d\":null}]}");
}

TEST(Json, RefusesDuplicatesDepthSizeAndBadUtf8) {
  EXPECT_TRUE(parse_json(R"({"a":{"b":"x:y"},"b":1})").has_value());
  EXPECT_EQ(parse_json(R"({"a":1,"a":2})").error().code(), Code::kInputJson);
  EXPECT_EQ(parse_json(std::string(100, '[')).error().code(), Code::kInputJson);
  EXPECT_EQ(parse_json("[1]", {.max_size_bytes = 2}).error().code(), Code::kInputTooLarge);
  EXPECT_EQ(parse_json("\"\xFF\"").error().code(), Code::kInputUtf8);
}

// Names are counted past strings that hold what looks like names.
TEST(Json, RefusesDuplicatesBehindWhateverStrings) {
  for (const std::string_view string : {R"("")", R"(":")", R"("\\")", R"("\"")", R"("\\\":")", R"("a\"b:\"c")"}) {
    const std::string text(string);
    EXPECT_TRUE(parse_json(R"({"a":)" + text + R"(,"b":[)" + text + "]}").has_value()) << text;
    EXPECT_EQ(parse_json(R"({"a":)" + text + R"(,"a":1})").error().code(), Code::kInputJson) << text;
  }
}

TEST(Json, WrittenAsItComes) {
  JsonWriter out;
  out.begin_object().text("text", "a\"b\\c\n\x01 ң/").null("nothing").name("list").begin_array();
  out.number(-1).begin_array().end_array().begin_object().end_object().truth(true).truth(false).text("x").null();
  out.end_array().name("number").number(9007199254740991).end_object();
  EXPECT_EQ(out.take(),
            "{\"text\":\"a\\\"b\\\\c\\n\\u0001 ң/\",\"nothing\":null,\"list\":[-1,[],{},true,false,\"x\",null],"
            "\"number\":9007199254740991}");
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tanba-base-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TEST(File, WritesDurablyReadsBounded) {
  const TemporaryDirectory directory;
  const auto path = directory / "file";
  ASSERT_TRUE(write_file_durably(path, as_bytes("one")).has_value());
  ASSERT_TRUE(write_file_durably(path, as_bytes("two")).has_value());
  EXPECT_EQ(write_file_durably(path, as_bytes("three"), Overwrite::kRefuse).error().code(), Code::kFileExists);
  EXPECT_EQ(as_text(*read_file(path, 3)), "two");
  EXPECT_EQ(read_file(path, 2).error().code(), Code::kFileTooLarge);
  EXPECT_EQ(read_file(directory / "none", 2).error().code(), Code::kFileNotReadable);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}), 1);
}

TEST(Executor, AFaultEndsTheTaskAndIsReported) {
  std::vector<std::string> faults;
  std::shared_ptr<int> held = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = held;
  std::atomic<int> ran{0};
  {
    Executor executor({.name = "test", .on_fault = [&](std::string_view what) { faults.emplace_back(what); }});
    ASSERT_TRUE(executor.post([held = std::move(held)] { throw std::runtime_error("thrown"); }));
    ASSERT_TRUE(executor.post([] { throw 1; }));
    ASSERT_TRUE(executor.post([&] {
      EXPECT_TRUE(seen.expired()) << "what the task held is dropped";
      ++ran;
    }));
  }
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(faults, (std::vector<std::string>{"thrown", "not a std::exception"}));
}

TEST(Executor, RefusesWhatDoesNotFitAndFinishesWhatItTook) {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> ran{0};
  {
    Executor executor({.name = "test", .threads = 1, .max_queued = 2, .on_thread_start = {}});
    std::promise<void> started;
    ASSERT_TRUE(executor
                    .post([&] {
                      started.set_value();
                      open.wait();
                      ++ran;
                    })
                    .has_value());
    started.get_future().wait();
    ASSERT_TRUE(executor.post([&] { ++ran; }).has_value());
    ASSERT_TRUE(executor.post([&] { ++ran; }).has_value());
    EXPECT_EQ(executor.post([&] { ++ran; }).error().code(), Code::kExecutorFull);
    gate.set_value();
  }
  EXPECT_EQ(ran, 3);
}

TEST(Budget, ChargesBeforeTheWorkWithoutOverflow) {
  Budget budget({.max_digested_bytes = 10, .max_public_key_operations = 1});
  EXPECT_TRUE(budget.charge_digest(10).has_value());
  EXPECT_EQ(budget.charge_digest(1).error().code(), Code::kLimitCost);
  EXPECT_EQ(budget.charge_digest(~std::uint64_t{0}).error().code(), Code::kLimitCost);
  EXPECT_TRUE(budget.charge_public_key_operation().has_value());
  EXPECT_EQ(budget.charge_public_key_operation().error().code(), Code::kLimitCost);
}

TEST(StopDeadlineDeathTest, EndsWhatDoesNotEnd) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto hang = [] {
    const StopDeadline deadline(std::chrono::milliseconds(10), [] { std::fputs("stop deadline", stderr); });
    std::promise<void>().get_future().wait();
  };
  EXPECT_EXIT(hang(), ::testing::ExitedWithCode(kExitStopDeadline), "stop deadline");
  const auto in_time = [] {
    {
      const StopDeadline deadline(std::chrono::hours(1), [] { std::fputs("stop deadline", stderr); });
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(in_time(), ::testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace tanba::base
