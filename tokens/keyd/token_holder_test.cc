// Exactly one attempt with a PIN that does not open the token, whatever the token says and whoever asks.
#include "tokens/keyd/token_holder.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tokens/test_support.h"

namespace tanba::tokens::keyd {
namespace {

using test::must;

class TokenHolderTest : public testing::Test {
 protected:
  TokenHolderTest() {
    module_ = must(Module::load(TANBA_FAULT_MODULE_PATH));
    info_ = test::SoftHsm::make_token(*module_, "tanba");
    write_pin(test::kUserPin);
    before_ = attempts();
  }
  void write_pin(std::string_view pin) const {
    test::write_text(hsm_.folder() / "pin", pin);
    std::filesystem::permissions(hsm_.folder() / "pin", std::filesystem::perms::owner_read);
  }
  [[nodiscard]] std::size_t attempts() const { return hsm_.count_calls("C_Login"); }
  // As a new process, or a further URI of the same one.
  [[nodiscard]] std::string look(LoginStops& stops, std::string_view uri = "pkcs11:token=tanba") {
    TokenHolder holder(module_, test::uri(uri), {PinOrigin::kFile, (hsm_.folder() / "pin").string()}, stops, events_);
    const base::Status ready = holder.ensure_ready(Look::kProbe);
    return ready ? "ok" : std::string(base::dotted(ready.error().code()));
  }
  [[nodiscard]] bool stop_is_there() const {
    return std::ranges::any_of(std::filesystem::directory_iterator(hsm_.folder()), [](const auto& file) {
      return file.path().filename().string().starts_with("login-stopped-");
    });
  }

  test::SoftHsm hsm_;
  std::shared_ptr<Module> module_;
  TokenInfo info_;
  base::FixedClock clock_{base::Time(std::chrono::seconds(1'770'000'000))};
  base::FileDescriptor null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  EventLog events_{null_.get(), clock_};
  std::size_t before_ = 0;
};

TEST_F(TokenHolderTest, ALogInThatSucceedsLeavesNoStop) {
  LoginStops stops(hsm_.folder(), events_);
  EXPECT_EQ(look(stops), "ok");
  EXPECT_EQ(attempts(), before_ + 1);
  EXPECT_FALSE(stop_is_there());
}

TEST_F(TokenHolderTest, TwoUrisOfOneTokenTryAWrongPinOnce) {
  std::filesystem::remove(hsm_.folder() / "pin");
  write_pin("000000");
  LoginStops stops(hsm_.folder(), events_);
  EXPECT_EQ(look(stops), "token.locked");
  EXPECT_EQ(look(stops, "pkcs11:serial=" + info_.serial), "token.locked");
  EXPECT_EQ(attempts(), before_ + 1);
}

TEST_F(TokenHolderTest, AnErrorOfTheTokenDuringTheLogInStopsToo) {
  hsm_.set_fault("C_Login 30");  // CKR_DEVICE_ERROR
  for (int i = 0; i < 3; ++i) {
    LoginStops stops(hsm_.folder(), events_);
    EXPECT_NE(look(stops), "ok");
  }
  EXPECT_EQ(attempts(), before_ + 1);
  EXPECT_TRUE(stop_is_there());
}

TEST_F(TokenHolderTest, WithoutAPlaceForTheStopThereIsNoLogIn) {
  LoginStops stops(hsm_.folder() / "pin", events_);  // no folder
  EXPECT_EQ(look(stops), "token.locked");
  EXPECT_EQ(attempts(), before_);
}

TEST_F(TokenHolderTest, APersonMayTryInSpiteOfAStop) {
  LoginStops stops(hsm_.folder(), events_);
  TokenHolder holder(module_, test::uri("pkcs11:token=tanba"), {PinOrigin::kPrompt, {}}, stops, events_);
  EXPECT_FALSE(holder.log_in(base::Secret("000000")));
  EXPECT_TRUE(stop_is_there());
  must(holder.log_in(base::Secret(test::kUserPin)));
  EXPECT_EQ(attempts(), before_ + 2);
}

}  // namespace
}  // namespace tanba::tokens::keyd
