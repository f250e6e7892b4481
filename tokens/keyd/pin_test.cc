#include "tokens/keyd/pin.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tokens/test_support.h"

namespace tanba::tokens::keyd {
namespace {

using test::code_of;

class PinTest : public testing::Test {
 protected:
  PinSource file(std::string_view text, mode_t mode = 0600) {
    const auto path = folder_.path() / "pin";
    std::filesystem::remove(path);
    test::write_text(path, text);
    ::chmod(path.c_str(), mode);
    return {PinOrigin::kFile, path.string()};
  }
  test::TemporaryFolder folder_;
};

TEST_F(PinTest, ReadsOneLine) {
  EXPECT_EQ(test::must(read_pin(file("1234"))).reveal_text(), "1234");
  EXPECT_EQ(test::must(read_pin(file("1234\n"))).reveal_text(), "1234");
  EXPECT_EQ(test::must(read_pin(file("12 34\r\n"))).reveal_text(), "12 34");
  EXPECT_EQ(test::must(read_pin(file(std::string(255, 'x') + "\n"))).size(), 255U);
  EXPECT_EQ(code_of(check_pin_source(file("1234", 0400))), "ok");
}

TEST_F(PinTest, RefusesWhatOthersMayRead) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    EXPECT_EQ(code_of(read_pin(file("1234", mode))), "config.invalid") << mode;
  }
}

TEST_F(PinTest, RefusesAnotherUsersFile) {
  const PinSource source = file("1234");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(source.name.c_str(), 12345, static_cast<gid_t>(-1)), 0);
    EXPECT_EQ(code_of(read_pin(source)), "config.invalid");
  } else {
    EXPECT_EQ(code_of(read_pin({PinOrigin::kFile, "/etc/hostname"})), "config.invalid");
  }
}

TEST_F(PinTest, RefusesWhatIsNoFile) {
  const PinSource source = file("1234");
  const auto link = folder_.path() / "link";
  std::filesystem::create_symlink(source.name, link);
  EXPECT_EQ(code_of(read_pin({PinOrigin::kFile, link.string()})), "config.invalid");
  EXPECT_EQ(code_of(read_pin({PinOrigin::kFile, folder_.path().string()})), "config.invalid");
  EXPECT_EQ(code_of(read_pin({PinOrigin::kFile, "/nowhere"})), "config.invalid");
  const auto pipe = folder_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(code_of(read_pin({PinOrigin::kFile, pipe.string()})), "config.invalid");
}

TEST_F(PinTest, RefusesEmptyAndOversizedOnes) {
  EXPECT_EQ(code_of(read_pin(file(""))), "config.invalid");
  EXPECT_EQ(code_of(read_pin(file("\n"))), "config.invalid");
  EXPECT_EQ(code_of(read_pin(file(std::string(256, 'x')))), "config.invalid");
  EXPECT_EQ(code_of(read_pin(file(std::string(100'000, 'x')))), "config.invalid");
}

TEST_F(PinTest, ReadsCredentials) {
  const PinSource credential{PinOrigin::kCredential, "pin"};
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(code_of(read_pin(credential)), "config.invalid");
  ::setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  EXPECT_EQ(code_of(read_pin(credential)), "config.invalid");
  static_cast<void>(file("5678\n", 0440));
  EXPECT_EQ(test::must(read_pin(credential)).reveal_text(), "5678");
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace tanba::tokens::keyd
