#include "tokens/module.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tokens/test_support.h"

namespace tanba::tokens {
namespace {

using test::code_of;
using test::must;

TEST(ModuleTest, RefusesWhatIsNoModule) {
  EXPECT_EQ(code_of(Module::load("/nowhere/module.so")), "token.module");
  EXPECT_EQ(code_of(Module::load("libz.so.1")), "token.module");
  EXPECT_EQ(code_of(Module::load("/etc/hostname")), "token.module");
}

TEST(ModuleTest, RefusesAModuleThatDoesNotInitialise) {
  const test::SoftHsm hsm;
  hsm.set_fault("C_Initialize 30");
  EXPECT_EQ(code_of(Module::load(TANBA_FAULT_MODULE_PATH)), "token.module");
  hsm.clear_faults();
  EXPECT_EQ(code_of(Module::load(TANBA_FAULT_MODULE_PATH)), "ok");
}

TEST(ModuleTest, ListsTokensWithTheStatesOfTheirPins) {
  const test::SoftHsm hsm;
  const auto module = must(Module::load(TANBA_FAULT_MODULE_PATH));
  EXPECT_FALSE(must(module->info()).description.empty());
  const TokenInfo made = test::SoftHsm::make_token(*module, "officers");
  EXPECT_EQ(made.label, "officers");
  EXPECT_TRUE(made.initialised);
  EXPECT_TRUE(made.login_required);
  EXPECT_EQ(made.user_pin, PinState::kReady);
  const auto tokens = must(module->tokens());
  EXPECT_EQ(std::ranges::count(tokens, true, &TokenInfo::initialised), 1);
  EXPECT_EQ(std::ranges::find(tokens, false, &TokenInfo::initialised)->user_pin, PinState::kNotInitialised);

  struct Case {
    const char* flags;
    PinState user, so;
  };
  for (const auto& [flags, user, so] : {Case{"flags 10000", PinState::kCountLow, PinState::kReady},
                                        Case{"flags 30000", PinState::kFinalTry, PinState::kReady},
                                        Case{"flags 40000", PinState::kLocked, PinState::kReady},
                                        Case{"flags 80000", PinState::kToBeChanged, PinState::kReady},
                                        Case{"flags 100000", PinState::kReady, PinState::kCountLow},
                                        Case{"flags 200000", PinState::kReady, PinState::kFinalTry},
                                        Case{"flags 400000", PinState::kReady, PinState::kLocked},
                                        Case{"flags 800000", PinState::kReady, PinState::kToBeChanged}}) {
    hsm.set_fault(flags);
    const TokenInfo token = must(module->token(made.slot));
    EXPECT_EQ(token.user_pin, user) << flags;
    EXPECT_EQ(token.so_pin, so) << flags;
  }
}

TEST(ModuleTest, ListsMechanisms) {
  const test::SoftHsm hsm;
  const auto module = must(Module::load(test::kSoftHsm));
  const auto mechanisms = must(module->mechanisms(must(module->tokens()).front().slot));
  const auto rsa_pkcs = std::ranges::find(mechanisms, 1UL, &MechanismInfo::type);
  ASSERT_NE(rsa_pkcs, mechanisms.end());
  EXPECT_TRUE(rsa_pkcs->signs);
  EXPECT_GE(rsa_pkcs->max_key_bits, 2048U);
}

TEST(ModuleTest, MatchesUris) {
  TokenInfo token;
  token.label = "офицер";
  token.serial = "0a";
  token.slot = 7;
  EXPECT_TRUE(matches(test::uri("pkcs11:"), token));
  EXPECT_TRUE(matches(test::uri("pkcs11:serial=0a;slot-id=7"), token));
  EXPECT_TRUE(matches(uri_of(token), token));
  EXPECT_FALSE(matches(test::uri("pkcs11:serial=0a;slot-id=8"), token));
  EXPECT_FALSE(matches(test::uri("pkcs11:token=office"), token));
}

TEST(ModuleTest, FindsTokensOfTheLibraryThatTheUriNames) {
  const test::SoftHsm hsm;
  const auto module = must(Module::load(TANBA_FAULT_MODULE_PATH));
  static_cast<void>(test::SoftHsm::make_token(*module, "officers"));
  Pkcs11Uri library = test::uri("pkcs11:token=officers");
  const ModuleInfo info = must(module->info());
  library.library_manufacturer = info.manufacturer;
  library.library_description = info.description;
  library.library_version = info.library_version;
  EXPECT_EQ(must(module->tokens(library)).size(), 1U);
  must(Token(module, library).connect());
  EXPECT_TRUE(must(module->tokens(test::uri("pkcs11:token=officer"))).empty());
  for (const char* attribute : {"library-manufacturer=other", "library-description=other", "library-version=77"}) {
    const Pkcs11Uri other = test::uri(std::string("pkcs11:token=officers;") + attribute);
    EXPECT_TRUE(must(module->tokens(other)).empty()) << attribute;
    EXPECT_EQ(code_of(Token(module, other).connect()), "token.not_found") << attribute;
  }
}

}  // namespace
}  // namespace tanba::tokens
