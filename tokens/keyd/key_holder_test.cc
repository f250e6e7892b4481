// A key by itself: what it takes of certificates from its token.
#include "tokens/keyd/key_holder.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <future>

#include "tokens/test_support.h"

namespace tanba::tokens::keyd {
namespace {

using test::must;

class KeyHolderTest : public testing::Test {
 protected:
  KeyHolderTest() : module_(must(Module::load(TANBA_FAULT_MODULE_PATH))), issuer_(test::make_rsa_key()) {
    static_cast<void>(test::SoftHsm::make_token(*module_, "tanba"));
    const auto token = std::make_shared<Token>(module_, test::uri("pkcs11:token=tanba"));
    must(token->log_in(base::Secret(test::kUserPin)));
    const auto key = must(generate_rsa_key(token, {"licence", {1}}, 2048));
    own_ = test::issue_certificate(key->public_key().spki, issuer_.get(), "licence");
    must(store_certificate(*token, *own_, {"licence", {1}}));
    // Of the issuer's name, not self-issued.
    above_ = test::issue_certificate(test::spki_of(issuer_.get()), issuer_.get(), "test issuer");
    must(store_certificate(*token, *above_, {"issuer", {2}}));
    test::write_text(hsm_.folder() / "pin", test::kUserPin);
    std::filesystem::permissions(hsm_.folder() / "pin", std::filesystem::perms::owner_read);
  }

  client::KeyDescription look(std::size_t certificate_bytes) {
    LoginStops stops(hsm_.folder(), events_);
    const PinSource pin{PinOrigin::kFile, (hsm_.folder() / "pin").string()};
    const auto token = std::make_shared<TokenHolder>(module_, test::uri("pkcs11:token=tanba"), pin, stops, events_);
    KeyConfig config;
    config.name = "licence";
    config.uri = test::uri("pkcs11:token=tanba;object=licence");
    KeyHolder key(config, token, {.token_timeout = std::chrono::hours(1), .certificate_bytes = certificate_bytes},
                  events_);
    std::promise<void> looked;
    must(key.post([&](pki::Context&) {
      static_cast<void>(key.ensure_ready(Look::kProbe));
      looked.set_value();
    }));
    looked.get_future().wait();
    return key.describe();
  }

  test::SoftHsm hsm_;
  std::shared_ptr<Module> module_;
  pki::EvpPkeyPtr issuer_;
  pki::CertificatePtr own_, above_;
  base::FixedClock clock_{base::Time(std::chrono::seconds(1'770'000'000))};
  base::FileDescriptor null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  EventLog events_{null_.get(), clock_};
};

TEST_F(KeyHolderTest, ACertificateTooLargeToBeToldOfIsNotTaken) {
  const client::KeyDescription key = look(own_->der().size() - 1);
  EXPECT_NE(key.state, client::KeyState::kReady);
  EXPECT_EQ(key.reason, "token.failed");
  EXPECT_EQ(key.certificate, nullptr);
}

TEST_F(KeyHolderTest, OfTheChainThereIsWhatFits) {
  const std::size_t both = own_->der().size() + above_->der().size();
  EXPECT_EQ(look(own_->der().size()).state, client::KeyState::kReady);
  EXPECT_TRUE(look(both - 1).chain.empty());
  const client::KeyDescription whole = look(both);
  EXPECT_EQ(whole.state, client::KeyState::kReady);
  ASSERT_EQ(whole.chain.size(), 1U);
  EXPECT_EQ(whole.chain.front()->digest(), above_->digest());
}

}  // namespace
}  // namespace tanba::tokens::keyd
