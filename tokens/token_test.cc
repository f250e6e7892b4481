#include "tokens/token.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tokens/test_support.h"
#include "tokens/token_signer.h"

namespace tanba::tokens {
namespace {

using test::code_of;
using test::must;

// A token "tanba" with nothing on it, behind the module with faults.
class TokenTest : public testing::Test {
 protected:
  TokenTest() : module_(must(Module::load(TANBA_FAULT_MODULE_PATH))) {
    info_ = test::SoftHsm::make_token(*module_, "tanba");
    token_ = std::make_shared<Token>(module_, test::uri("pkcs11:token=tanba"));
    must(token_->connect());
  }
  void log_in() { must(token_->log_in(base::Secret(test::kUserPin))); }

  test::SoftHsm hsm_;
  std::shared_ptr<Module> module_;
  TokenInfo info_;
  std::shared_ptr<Token> token_;
};

// --- finding
// -----------------------------------------------------------------------------------------------------------

TEST_F(TokenTest, IsFoundByLabelAndBySerial) {
  EXPECT_EQ(token_->state(), TokenState::kLocked);
  Token by_serial(module_, uri_of(info_));
  must(by_serial.connect());
  EXPECT_EQ(must(by_serial.info()).serial, info_.serial);
}

TEST_F(TokenTest, AnotherNameIsNotFound) {
  EXPECT_EQ(code_of(Token(module_, test::uri("pkcs11:token=other")).connect()), "token.not_found");
}

TEST_F(TokenTest, TwoOfOneNameAreAmbiguous) {
  const TokenInfo second = test::SoftHsm::make_token(*module_, "tanba");
  EXPECT_EQ(code_of(Token(module_, test::uri("pkcs11:token=tanba")).connect()), "token.ambiguous");
  EXPECT_EQ(code_of(Token(module_, uri_of(second)).connect()), "ok");
}

// --- log-in
// ------------------------------------------------------------------------------------------------------------

TEST_F(TokenTest, LogsInAndOut) {
  log_in();
  EXPECT_EQ(token_->state(), TokenState::kReady);
  must(token_->log_out());
  EXPECT_EQ(token_->state(), TokenState::kLocked);
}

TEST_F(TokenTest, AWrongPinIsTriedOnce) {
  const std::size_t before = hsm_.count_calls("C_Login");  // the administrator's, for the set-up
  EXPECT_EQ(code_of(token_->log_in(base::Secret("000000"))), "token.pin_wrong");
  EXPECT_EQ(hsm_.count_calls("C_Login"), before + 1);
  EXPECT_EQ(must(token_->info()).user_pin, PinState::kCountLow);
  EXPECT_EQ(token_->state(), TokenState::kLocked);
  // Nothing else logs in by itself afterwards.
  EXPECT_EQ(code_of(TokenKey::open(token_, test::uri("pkcs11:object=licence"))), "token.locked");
  EXPECT_EQ(hsm_.count_calls("C_Login"), before + 1);
}

TEST_F(TokenTest, ALockedPinIsNotTriedAtAll) {
  const std::size_t before = hsm_.count_calls("C_Login");
  hsm_.set_fault("flags 40000");
  EXPECT_EQ(code_of(token_->log_in(base::Secret(test::kUserPin))), "token.pin_locked");
  EXPECT_EQ(hsm_.count_calls("C_Login"), before);
}

TEST_F(TokenTest, APinThatLocksWithThisAttemptIsSaid) {
  hsm_.set_fault("C_Login a4");
  EXPECT_EQ(code_of(token_->log_in(base::Secret("000000"))), "token.pin_locked");
}

TEST_F(TokenTest, NoPinIsNoAttempt) {
  const std::size_t before = hsm_.count_calls("C_Login");
  EXPECT_EQ(code_of(token_->log_in(base::Secret())), "token.pin_wrong");
  EXPECT_EQ(hsm_.count_calls("C_Login"), before);
}

TEST_F(TokenTest, OtherRefusalsKeepTheirReason) {
  hsm_.set_fault("C_Login a3");
  const auto refused = token_->log_in(base::Secret(test::kUserPin));
  ASSERT_EQ(code_of(refused), "token.failed");
  EXPECT_NE(refused.error().message().find("CKR_PIN_EXPIRED"), std::string::npos);
  EXPECT_EQ(refused.error().message().find(test::kUserPin), std::string::npos);
}

// --- contents
// ----------------------------------------------------------------------------------------------------------

TEST_F(TokenTest, PrivateKeysShowOnlyAfterTheLogIn) {
  log_in();
  const auto made = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  const pki::EvpPkeyPtr issuer = test::make_rsa_key();
  const auto certificate = test::issue_certificate(made->public_key().spki, issuer.get(), "licensor");
  must(store_certificate(*token_, *certificate, {"licence", {0x01}}));

  TokenContents contents = must(token_->contents());
  ASSERT_EQ(contents.keys.size(), 1U);
  const KeyEntry& key = contents.keys.front();
  EXPECT_TRUE(key.has_private_key);
  EXPECT_TRUE(key.signs);
  EXPECT_TRUE(key.sensitive);
  EXPECT_FALSE(key.extractable);
  EXPECT_EQ(key.key.kind, pki::KeyKind::kRsa);
  EXPECT_EQ(key.key.bits, 2048U);
  ASSERT_EQ(key.certificates.size(), 1U);
  EXPECT_EQ(key.certificates.front()->digest(), certificate->digest());
  EXPECT_EQ(key.uri.token, "tanba");
  EXPECT_EQ(key.uri.object, "licence");
  EXPECT_EQ(key.uri.id, (base::Bytes{0x01}));

  must(token_->log_out());
  contents = must(token_->contents());
  ASSERT_EQ(contents.keys.size(), 1U);
  EXPECT_FALSE(contents.keys.front().has_private_key);
  EXPECT_EQ(contents.keys.front().certificates.size(), 1U);
}

TEST_F(TokenTest, AForeignCertificateUnderTheKeysIdIsNotIts) {
  log_in();
  must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  const pki::EvpPkeyPtr other = test::make_rsa_key();
  const auto foreign = test::issue_certificate(test::spki_of(other.get()), other.get(), "somebody");
  must(store_certificate(*token_, *foreign, {"licence", {0x01}}));
  const TokenContents contents = must(token_->contents());
  EXPECT_TRUE(contents.keys.front().certificates.empty());
  EXPECT_EQ(contents.other_certificates.size(), 1U);
  EXPECT_EQ(code_of(TokenSigner::open(token_, test::uri("pkcs11:object=licence"))), "token.not_found");
}

TEST_F(TokenTest, EveryObjectIsFoundHoweverManyThereAre) {
  log_in();
  const pki::EvpPkeyPtr key = test::make_rsa_key();
  const auto certificate = test::issue_certificate(test::spki_of(key.get()), key.get(), "somebody");
  constexpr std::size_t kMany = 150;  // more than two searches' worth
  for (std::size_t i = 0; i < kMany; ++i) {
    must(store_certificate(*token_, *certificate, {"c", {static_cast<std::uint8_t>(i), 1}}));
  }
  EXPECT_EQ(must(token_->contents()).other_certificates.size(), kMany);
}

TEST_F(TokenTest, ASecondKeyOfOneIdIsRefused) {
  log_in();
  must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  EXPECT_EQ(code_of(generate_rsa_key(token_, {"other", {0x01}}, 2048)), "token.failed");
  EXPECT_EQ(code_of(generate_rsa_key(token_, {"short", {0x02}}, 1024)), "token.failed");
}

TEST_F(TokenTest, AnInitialisedTokenIsNotErasedUnasked) {
  const TokenSetup setup{"again", base::Secret(test::kSoPin), base::Secret(test::kUserPin)};
  token_.reset();
  EXPECT_EQ(code_of(initialise_token(*module_, info_.slot, setup, Reinitialise::kRefuse)), "token.failed");
  EXPECT_EQ(must(initialise_token(*module_, info_.slot, setup, Reinitialise::kErase)).label, "again");
  const TokenSetup wrong{"again", base::Secret("00000000"), base::Secret(test::kUserPin)};
  EXPECT_EQ(code_of(initialise_token(*module_, info_.slot, wrong, Reinitialise::kErase)), "token.pin_wrong");
}

// --- losing
// ------------------------------------------------------------------------------------------------------------

TEST_F(TokenTest, ATokenTakenAwayIsLostAndFoundAgain) {
  log_in();
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  const auto algorithm = key->algorithms().front();
  const base::ByteView message = base::as_bytes("message");
  must(key->sign(algorithm, message));

  hsm_.take_away();
  EXPECT_EQ(code_of(key->sign(algorithm, message)), "token.lost");
  EXPECT_EQ(token_->state(), TokenState::kLost);
  EXPECT_EQ(code_of(key->sign(algorithm, message)), "token.lost");
  EXPECT_FALSE(token_->connect());

  hsm_.bring_back();
  // It is back, but nobody is logged in: that is for a person, or for whoever holds the PIN.
  EXPECT_EQ(code_of(key->sign(algorithm, message)), "token.locked");
  log_in();
  must(key->sign(algorithm, message));
}

TEST_F(TokenTest, InfoNoticesTheLoss) {
  hsm_.take_away();
  EXPECT_EQ(code_of(token_->info()), "token.lost");
  EXPECT_EQ(token_->state(), TokenState::kLost);
  hsm_.bring_back();
  must(token_->connect());
  EXPECT_EQ(token_->state(), TokenState::kLocked);
}

// A value that says "gone" for the call, and what the caller is told.
struct Loss {
  const char* name;
  const char* fault;
  const char* code;
  TokenState state;
};
class LossTest : public TokenTest, public testing::WithParamInterface<Loss> {};

TEST_P(LossTest, IsReported) {
  log_in();
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  hsm_.set_fault(GetParam().fault);
  EXPECT_EQ(code_of(key->sign(key->algorithms().front(), base::as_bytes("message"))), GetParam().code);
  EXPECT_EQ(token_->state(), GetParam().state);
  hsm_.clear_faults();
  if (GetParam().state != TokenState::kReady) log_in();
  must(key->sign(key->algorithms().front(), base::as_bytes("message")));
}

INSTANTIATE_TEST_SUITE_P(
    Table, LossTest,
    testing::Values(Loss{"device_removed", "C_Sign 32", "token.lost", TokenState::kLost},
                    Loss{"token_not_present", "C_SignInit e0", "token.lost", TokenState::kLost},
                    Loss{"session_handle_invalid", "C_SignInit b3", "token.lost", TokenState::kLost},
                    Loss{"session_closed", "C_Sign b0", "token.lost", TokenState::kLost},
                    Loss{"general_error_of_a_token_that_is_gone", "C_Sign 5\nC_GetTokenInfo e0", "token.lost",
                         TokenState::kLost},
                    Loss{"general_error_of_a_token_that_is_there", "C_Sign 5", "token.failed", TokenState::kReady},
                    Loss{"no_longer_logged_in", "C_SignInit 101", "token.locked", TokenState::kLocked}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(TokenTest, AHandleThatIsVoidIsLookedUpAnewOnce) {
  log_in();
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  must(key->sign(key->algorithms().front(), base::as_bytes("message")));
  const std::size_t searches = hsm_.count_calls("C_FindObjectsInit");
  hsm_.set_fault("C_SignInit 60");
  EXPECT_EQ(code_of(key->sign(key->algorithms().front(), base::as_bytes("message"))), "token.failed");
  EXPECT_EQ(hsm_.count_calls("C_FindObjectsInit"), searches + 1);
  // Without a fault the handle that is held is used: no search.
  hsm_.clear_faults();
  must(key->sign(key->algorithms().front(), base::as_bytes("message")));
  EXPECT_EQ(hsm_.count_calls("C_FindObjectsInit"), searches + 1);
}

TEST_F(TokenTest, AfterALogInHandlesAreLookedUpAnew) {
  log_in();
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  must(key->sign(key->algorithms().front(), base::as_bytes("message")));
  must(token_->log_out());
  EXPECT_EQ(code_of(key->sign(key->algorithms().front(), base::as_bytes("message"))), "token.locked");
  log_in();
  const std::size_t searches = hsm_.count_calls("C_FindObjectsInit");
  must(key->sign(key->algorithms().front(), base::as_bytes("message")));
  EXPECT_EQ(hsm_.count_calls("C_FindObjectsInit"), searches + 1);
}

TEST_F(TokenTest, AnotherKeyInItsPlaceIsNotUsed) {
  log_in();
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  // The token is erased and made anew under the same names.
  must(token_->log_out());
  hsm_.take_away();
  std::filesystem::create_directory(hsm_.tokens());
  EXPECT_EQ(code_of(token_->info()), "token.lost");
  must(module_->reinitialise());
  static_cast<void>(test::SoftHsm::make_token(*module_, "tanba"));
  log_in();
  must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  EXPECT_EQ(code_of(key->sign(key->algorithms().front(), base::as_bytes("message"))), "token.not_found");
}

// A token that was erased and then refused the user's PIN would have none.
TEST_F(TokenTest, PinsOfAnotherLengthAreRefusedBeforeAnythingIsErased) {
  log_in();
  must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  const TokenInfo before = must(token_->info());
  EXPECT_EQ(before.min_pin_bytes, 4U);
  EXPECT_EQ(before.max_pin_bytes, 255U);
  token_.reset();
  const auto with = [&](std::string_view so_pin, std::string_view user_pin) {
    return code_of(initialise_token(*module_, before.slot, {"other", base::Secret(so_pin), base::Secret(user_pin)},
                                    Reinitialise::kErase));
  };
  const std::string long_pin(256, '1');
  EXPECT_EQ(with(test::kSoPin, "123"), "token.failed");
  EXPECT_EQ(with(test::kSoPin, long_pin), "token.failed");
  EXPECT_EQ(with("123", test::kUserPin), "token.failed");
  EXPECT_EQ(with(long_pin, test::kUserPin), "token.failed");
  EXPECT_EQ(must(module_->token(before.slot)).label, before.label);
  EXPECT_EQ(with(test::kSoPin, "1234"), "ok");
}

TEST_F(TokenTest, AModuleInUseIsNotInitialisedAnew) {
  EXPECT_EQ(code_of(module_->reinitialise()), "token.module");
  token_.reset();
  must(module_->reinitialise());
}

}  // namespace
}  // namespace tanba::tokens
