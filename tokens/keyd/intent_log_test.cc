#include "tokens/keyd/intent_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "tokens/test_support.h"

namespace tanba::tokens::keyd {
namespace {

using test::code_of;
using test::must;

class IntentLogTest : public testing::Test {
 protected:
  IntentLogTest()
      : null_(::open("/dev/null", O_WRONLY | O_CLOEXEC)), events_(null_.get(), clock_), key_(test::make_rsa_key()) {
    certificate_ = test::issue_certificate(test::spki_of(key_.get()), key_.get(), "licensor");
  }
  std::unique_ptr<IntentLog> open() { return IntentLog::open(path(), clock_, events_); }
  std::filesystem::path path() const { return folder_.path() / "log"; }
  std::filesystem::path head() const { return folder_.path() / "log-head"; }
  // A log without a head: what is wrong with it shows in itself.
  void put(std::string_view text) const {
    std::filesystem::remove(head());
    test::write_text(path(), text);
  }
  // The log's text up to each of its lines' ends: "", the first line, the first two, ...
  static std::vector<std::string> beginnings(const std::string& whole) {
    std::vector<std::string> out{""};
    for (std::size_t at = 0; (at = whole.find('\n', at)) != std::string::npos; ++at) {
      out.push_back(whole.substr(0, at + 1));
    }
    return out;
  }
  // What the head says of a log of this text.
  static std::string head_of(const std::string& text) {
    const std::vector<std::string> lines = beginnings(text);
    std::string last = lines.back().substr(lines[lines.size() - 2].size());
    last.pop_back();
    return "{\"hash\":\"" + base::sha256(base::as_bytes(last)).hex() +
           "\",\"sequence\":" + std::to_string(lines.size() - 1) + "}\n";
  }

  static SigningEntry entry(const std::string& id, std::uint8_t request = 1) {
    SigningEntry out;
    out.intent = {.id = id,
                  .kind = client::IntentKind::kLicence,
                  .number = "7",
                  .document = {.algorithm = pki::DigestAlgorithm::kSha256, .value = base::Bytes(32)},
                  .licensor = "050540001234",
                  .key = "licence"};
    out.request.octets.fill(request);
    out.approval = {1, 2, 3};
    return out;
  }
  client::Signed answer(std::uint8_t value) const {
    return {{}, base::Bytes(256, value), certificate_, {certificate_}};
  }

  // Three intents, the last one without its signature.
  std::string good_log() {
    const auto log = open();
    must(log->write_signing(entry("a")));
    must(log->write_signed("a", answer(1)));
    must(log->write_signing(entry("b")));
    must(log->write_signed("b", answer(2)));
    must(log->write_signing(entry("c")));
    return test::read_text(path());
  }

  base::FixedClock clock_{base::Time(std::chrono::seconds(1'770'000'000))};
  base::FileDescriptor null_;
  EventLog events_;
  test::TemporaryFolder folder_;
  pki::EvpPkeyPtr key_;
  pki::CertificatePtr certificate_;
};

TEST_F(IntentLogTest, KeepsIntentsOverRestarts) {
  good_log();
  const auto log = open();
  must(log->health());
  EXPECT_EQ(log->entries(), 6U);  // with the line that begins the file
  EXPECT_EQ(must(log->find("a"))->answer->signature, base::Bytes(256, 1));
  EXPECT_EQ(must(log->find("b"))->answer->signature, base::Bytes(256, 2));
  EXPECT_EQ(must(log->find("b"))->answer->certificate->digest(), certificate_->digest());
  const auto unfinished = must(log->find("c"));
  ASSERT_TRUE(unfinished);
  EXPECT_FALSE(unfinished->answer);
  EXPECT_FALSE(must(log->find("d")));
  must(log->write_signed("c", answer(3)));
  EXPECT_EQ(must(log->find("c"))->answer->signature, base::Bytes(256, 3));
}

TEST_F(IntentLogTest, AnIntentStandsForOneRequest) {
  const auto log = open();
  must(log->write_signing(entry("a", 1)));
  must(log->write_signing(entry("a", 1)));
  EXPECT_EQ(log->entries(), 2U);
  EXPECT_EQ(code_of(log->write_signing(entry("a", 2))), "keyd.intent_conflict");
}

TEST_F(IntentLogTest, TheFirstAnswerStays) {
  const auto log = open();
  must(log->write_signing(entry("a")));
  EXPECT_EQ(must(log->write_signed("a", answer(1))).signature, base::Bytes(256, 1));
  EXPECT_EQ(must(log->write_signed("a", answer(2))).signature, base::Bytes(256, 1));
}

TEST_F(IntentLogTest, NothingIsSignedWithoutAnEntryBefore) {
  EXPECT_EQ(code_of(open()->write_signed("a", answer(1))), "internal");
}

TEST_F(IntentLogTest, WhatWasCancelledIsNeverSigned) {
  using client::IntentProgress;
  {
    const auto log = open();
    EXPECT_EQ(must(log->cancel("never asked")).progress, IntentProgress::kCancelled);
    must(log->write_signing(entry("asked")));
    EXPECT_EQ(must(log->cancel("asked")).progress, IntentProgress::kCancelled);
    EXPECT_EQ(must(log->cancel("asked")).progress, IntentProgress::kCancelled);  // once more is the same
    EXPECT_EQ(log->entries(), 4U);
    EXPECT_EQ(code_of(log->write_signing(entry("never asked"))), "intent.state");
  }
  const auto log = open();
  must(log->health());
  for (const char* id : {"never asked", "asked"}) {
    EXPECT_EQ(must(log->find(id))->progress, IntentProgress::kCancelled);
    EXPECT_FALSE(must(log->find(id))->answer);
    EXPECT_EQ(code_of(log->write_signing(entry(id))), "intent.state");
  }
  EXPECT_EQ(log->entries(), 4U);
}

// The key was at work when the intent was given up.
TEST_F(IntentLogTest, ASignatureMadeMeanwhileDoesNotLeave) {
  const auto log = open();
  must(log->write_signing(entry("a")));
  must(log->cancel("a"));
  EXPECT_EQ(code_of(log->write_signed("a", answer(1))), "intent.state");
  EXPECT_FALSE(must(log->find("a"))->answer);
}

TEST_F(IntentLogTest, WhatWasSignedIsNotCancelled) {
  const auto log = open();
  must(log->write_signing(entry("a")));
  must(log->write_signed("a", answer(1)));
  const auto found = must(log->cancel("a"));
  EXPECT_EQ(found.progress, client::IntentProgress::kSigned);
  EXPECT_EQ(found.answer->signature, base::Bytes(256, 1));
  EXPECT_EQ(log->entries(), 3U);
}

TEST_F(IntentLogTest, WhatCouldNotBeReadAgainIsNotWritten) {
  {
    const auto log = open();
    must(log->write_signing(entry("a")));
    client::Signed long_chain = answer(1);
    long_chain.chain.assign(client::kMaxChain + 1, certificate_);
    EXPECT_EQ(code_of(log->write_signed("a", long_chain)), "keyd.log");
    long_chain.chain.pop_back();
    must(log->write_signed("a", long_chain));
  }
  const auto log = open();
  must(log->health());
  EXPECT_TRUE(must(log->find("a"))->answer);
}

TEST_F(IntentLogTest, EveryUnfinishedTailIsCutOff) {
  const std::string whole = good_log();
  const std::size_t last_line = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t length = last_line; length < whole.size(); length += 37) {
    test::write_text(path(), whole.substr(0, length));
    test::write_text(head(), head_of(whole.substr(0, last_line)));
    const auto log = open();
    must(log->health());
    EXPECT_EQ(log->entries(), 5U);
    EXPECT_FALSE(must(log->find("c")));
    EXPECT_EQ(test::read_text(path()), whole.substr(0, last_line));
  }
}

TEST_F(IntentLogTest, AnEmptyFileBeginsAnew) {
  put("");
  must(open()->health());
  put("{\"event\":\"op");
  const auto log = open();
  must(log->health());
  EXPECT_EQ(log->entries(), 1U);
}

TEST_F(IntentLogTest, EveryChangedOctetIsDamage) {
  const std::string whole = good_log();
  for (std::size_t at = 0; at + 1 < whole.size(); at += 101) {
    std::string changed = whole;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    // In the last line only what is checked by itself shows: nothing follows it yet.
    if (at > whole.rfind('\n', whole.size() - 2)) break;
    put(changed);
    const auto log = open();
    EXPECT_EQ(code_of(log->health()), "keyd.log") << at;
    EXPECT_EQ(code_of(log->find("a")), "keyd.log");
    EXPECT_EQ(code_of(log->write_signing(entry("z"))), "keyd.log");
    EXPECT_EQ(test::read_text(path()), changed);
  }
}

TEST_F(IntentLogTest, MissingRepeatedAndForeignLinesAreDamage) {
  const std::string whole = good_log();
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = whole.find('\n', at) + 1;
    lines.push_back(whole.substr(at, end - at));
    at = end;
  }
  const auto expect_damage = [&](const std::string& text) {
    put(text);
    EXPECT_EQ(code_of(open()->health()), "keyd.log");
  };
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    std::string without, twice;
    for (std::size_t j = 0; j < lines.size(); ++j) {
      if (j != i) without += lines[j];
      twice += j == i ? lines[j] + lines[j] : lines[j];
    }
    expect_damage(without);
    expect_damage(twice);
  }
  expect_damage(whole + "\n");
  expect_damage(whole + "{}\n");
  expect_damage("something else\n");
}

TEST_F(IntentLogTest, LinesMissingAtTheEndAreDamage) {
  const std::string whole = good_log();
  EXPECT_EQ(test::read_text(head()), head_of(whole));
  std::vector<std::string> shorter = beginnings(whole);
  shorter.pop_back();
  for (const std::string& text : shorter) {
    for (const char* unfinished : {"", "{\"event\":\"si"}) {
      test::write_text(path(), text + unfinished);
      const auto log = open();
      EXPECT_EQ(code_of(log->health()), "keyd.log") << text.size();
      EXPECT_EQ(code_of(log->cancel("b")), "keyd.log");
      EXPECT_EQ(test::read_text(path()), text + unfinished);  // as it was found
      EXPECT_EQ(test::read_text(head()), head_of(whole));
    }
  }
  std::filesystem::remove(path());
  EXPECT_EQ(code_of(open()->health()), "keyd.log");
  // Another last line, which is good by itself.
  test::write_text(path(), shorter.back());
  std::filesystem::remove(head());
  must(open()->cancel("b"));
  must(open()->cancel("z"));
  test::write_text(head(), head_of(whole));
  EXPECT_EQ(code_of(open()->health()), "keyd.log");
}

TEST_F(IntentLogTest, ACrashBetweenALineAndItsHeadIsNone) {
  const std::string whole = good_log();
  const std::vector<std::string> lines = beginnings(whole);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    test::write_text(path(), lines[i]);
    std::filesystem::remove(head());
    if (i > 1) test::write_text(head(), head_of(lines[i - 1]));
    must(open()->health());
    EXPECT_EQ(test::read_text(path()), lines[i]);
    EXPECT_EQ(test::read_text(head()), head_of(lines[i]));  // before anybody hears of that line
  }
  EXPECT_EQ(must(open()->find("b"))->answer->signature, base::Bytes(256, 2));
  // Two lines: no crash leaves that.
  test::write_text(head(), head_of(lines[lines.size() - 3]));
  EXPECT_EQ(code_of(open()->health()), "keyd.log");
}

TEST_F(IntentLogTest, AHeadThatSaysNothingIsDamage) {
  const std::string good = head_of(good_log());
  for (const std::string& text : {std::string(), std::string("{}"), std::string("[]"), good.substr(0, good.size() / 2),
                                  std::string("{\"hash\":\"00\",\"sequence\":6}"), good + std::string(2000, ' ')}) {
    test::write_text(head(), text);
    EXPECT_EQ(code_of(open()->health()), "keyd.log") << text;
  }
  test::write_text(head(), good);
  must(open()->health());
  // Taken away on purpose: the log is believed as it is, and has a head from then on.
  std::filesystem::remove(head());
  must(open()->health());
  EXPECT_EQ(test::read_text(head()), good);
}

TEST_F(IntentLogTest, WithoutItsHeadNothingIsSaidOfALine) {
  const auto log = open();
  must(log->write_signing(entry("a")));
  const std::string before = test::read_text(path());
  // The log is open and can be written to; a new file beside it cannot be made.
  const std::filesystem::path away = folder_.path().string() + "-away";
  std::filesystem::rename(folder_.path(), away);
  const auto refused = log->write_signed("a", answer(1));
  std::filesystem::rename(away, folder_.path());
  EXPECT_EQ(code_of(refused), "keyd.log");
  EXPECT_EQ(test::read_text(path()), before);
  must(log->health());
  // It cannot take its place any more: the line is written, and only a new start gives it out.
  std::filesystem::remove(head());
  std::filesystem::create_directory(head());
  EXPECT_EQ(code_of(log->write_signed("a", answer(1))), "keyd.log");
  EXPECT_EQ(code_of(log->find("a")), "keyd.log");
  EXPECT_EQ(code_of(log->health()), "keyd.log");
}

TEST_F(IntentLogTest, WhatAKilledWriteOfTheHeadLeftIsRemoved) {
  const auto left = folder_.path() / "log-head.tmp-1-0";
  const auto other = folder_.path() / "log.tmp-1-0";
  test::write_text(left, "{");
  test::write_text(other, "{");
  must(open()->health());
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_F(IntentLogTest, OneProcessWritesIt) {
  const auto first = open();
  must(first->health());
  EXPECT_EQ(code_of(open()->health()), "keyd.log");
}

TEST_F(IntentLogTest, AFileThatCannotBeOpenedIsSaid) {
  EXPECT_EQ(code_of(IntentLog::open(folder_.path() / "no" / "log", clock_, events_)->health()), "keyd.log");
  EXPECT_EQ(code_of(IntentLog::open(folder_.path(), clock_, events_)->health()), "keyd.log");
}

TEST_F(IntentLogTest, AFullDiskLosesNothingAndEnds) {
  const auto log = open();
  must(log->write_signing(entry("a")));
  const std::string before = test::read_text(path());
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit full{before.size() + 40, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto refused = log->write_signing(entry("b"));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_EQ(code_of(refused), "keyd.log");
  EXPECT_EQ(test::read_text(path()), before);
  EXPECT_FALSE(must(log->find("b")));
  // There is room again.
  must(log->write_signing(entry("b")));
  must(log->health());
}

TEST_F(IntentLogTest, ALineChangedUnderTheServerIsNotGivenOut) {
  const std::string whole = good_log();
  const auto log = open();
  std::string changed = whole;
  const std::size_t at = changed.find("\"signature\":\"") + 20;
  changed[at] = changed[at] == 'A' ? 'B' : 'A';
  const base::FileDescriptor file(::open(path().c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::pwrite(file.get(), changed.data(), changed.size(), 0), static_cast<ssize_t>(changed.size()));
  EXPECT_EQ(code_of(log->find("a")), "keyd.log");
  EXPECT_EQ(code_of(log->health()), "keyd.log");
}

}  // namespace
}  // namespace tanba::tokens::keyd
