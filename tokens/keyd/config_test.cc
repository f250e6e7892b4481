#include "tokens/keyd/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tokens/client/test_certificate.h"
#include "tokens/test_support.h"

namespace tanba::tokens::keyd {
namespace {

constexpr std::string_view kGood = R"(
[socket]
path = "run/socket"
mode = "0640"
peers = ["root", "1234"]
[log]
path = "/var/log/keyd"
[[modules]]
name = "softhsm"
path = "/usr/lib/softhsm/libsofthsm2.so"
[[keys]]
name = "licence-2026"
purpose = "licence"
module = "softhsm"
uri = "pkcs11:token=tanba;object=licence"
pin_file = "licence.pin"
[[keys]]
name = "refusal"
purpose = "refusal"
module = "softhsm"
uri = "pkcs11:serial=0a;id=%02"
pin_credential = "refusal-pin"
max_queued = 5
[[approvers]]
key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
licensor = "050540001234"
iin = "860904350504"
kinds = ["licence", "refusal"]
)";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(kGood);
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(KeydConfigTest, ReadsEverything) {
  const Config config = test::must(parse_config(kGood, "/etc/tanba-keyd"));
  EXPECT_EQ(config.socket.path, "/etc/tanba-keyd/run/socket");
  EXPECT_EQ(config.socket.mode, 0640U);
  EXPECT_EQ(config.socket.peers, (std::set<uid_t>{0, 1234}));
  EXPECT_EQ(config.log, "/var/log/keyd");
  ASSERT_EQ(config.keys.size(), 2U);
  EXPECT_EQ(config.keys[0].purpose, client::KeyPurpose::kLicence);
  EXPECT_EQ(config.keys[0].pin, (PinSource{PinOrigin::kFile, "/etc/tanba-keyd/licence.pin"}));
  EXPECT_EQ(config.keys[1].pin, (PinSource{PinOrigin::kCredential, "refusal-pin"}));
  EXPECT_EQ(config.keys[1].max_queued, 5U);
  ASSERT_EQ(config.approvers.size(), 1U);
  EXPECT_EQ(config.approvers[0].licensor, "050540001234");
  EXPECT_EQ(config.approvers[0].iin, "860904350504");
  EXPECT_EQ(config.approvers[0].kinds.size(), 2U);
}

struct Wrong {
  const char* name;
  const char* from;
  const char* to;
  const char* place;
};
class WrongConfig : public testing::TestWithParam<Wrong> {};

TEST_P(WrongConfig, IsRefusedWithItsPlace) {
  const auto config = parse_config(replaced(GetParam().from, GetParam().to), "/etc");
  ASSERT_FALSE(config);
  EXPECT_EQ(base::dotted(config.error().code()), "config.invalid");
  EXPECT_EQ(config.error().arguments().front().value, GetParam().place);
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongConfig,
    testing::Values(Wrong{"unknown_setting", "[log]", "[log]\ncolour = 1", "log.colour"},
                    Wrong{"unknown_table", "[log]", "[colour]\n[log]", "colour"},
                    Wrong{"no_socket_path", "path = \"run/socket\"", "", "socket.path"},
                    Wrong{"mode", "\"0640\"", "\"rw\"", "socket.mode"},
                    Wrong{"no_peers", "[\"root\", \"1234\"]", "[]", "socket.peers"},
                    Wrong{"unknown_peer", "\"root\"", "\"nobody-of-this-name\"", "socket.peers"},
                    Wrong{"unknown_group", "mode =", "group = \"no-such-group\"\nmode =", "socket.group"},
                    Wrong{"purpose", "\"licence\"\nmodule", "\"anything\"\nmodule", "keys[0].purpose"},
                    Wrong{"module", "module = \"softhsm\"", "module = \"other\"", "keys[0].module"},
                    Wrong{"uri", "pkcs11:token=tanba", "pkcs11:tkn=tanba", "keys[0].uri"},
                    Wrong{"uri_without_token", "pkcs11:token=tanba;object=licence", "pkcs11:object=licence",
                          "keys[0].uri"},
                    Wrong{"uri_without_key", "pkcs11:token=tanba;object=licence", "pkcs11:token=tanba", "keys[0].uri"},
                    Wrong{"uri_with_pin", "object=licence", "object=licence?pin-source=file:/a", "keys[0].uri"},
                    Wrong{"uri_with_any_query", "object=licence", "object=licence?colour=red", "keys[0].uri"},
                    Wrong{"uri_of_a_certificate", "object=licence", "object=licence;type=cert", "keys[0].uri"},
                    Wrong{"token_timeout", "[socket]", "token_timeout_ms = 99\n[socket]", "token_timeout_ms"},
                    Wrong{"no_pin", "pin_file = \"licence.pin\"", "", "keys[0].pin"},
                    Wrong{"two_pins", "pin_file =", "pin = \"prompt\"\npin_file =", "keys[0].pin"},
                    Wrong{"pin_in_the_clear", "pin_file = \"licence.pin\"", "pin = \"1234\"", "keys[0].pin"},
                    Wrong{"credential_elsewhere", "\"refusal-pin\"", "\"../pin\"", "keys[1].pin_credential"},
                    Wrong{"queue", "max_queued = 5", "max_queued = 0", "keys[1].max_queued"},
                    Wrong{"same_name", "name = \"refusal\"", "name = \"licence-2026\"", "keys[1].name"},
                    Wrong{"name", "name = \"refusal\"", "name = \"a b\"", "keys[1].name"},
                    Wrong{"no_certificate_file", "max_queued = 5", "certificate = \"/nowhere\"", "keys[1].certificate"},
                    Wrong{"approver_key", "00112233", "0011", "approvers[0].key"},
                    Wrong{"approver_kind", "[\"licence\", \"refusal\"]", "[\"capsule\"]", "approvers[0].kinds"},
                    Wrong{"approver_of_nothing", "[\"licence\", \"refusal\"]", "[]", "approvers[0].kinds"},
                    Wrong{"no_toml", "[socket]", "[socket", "line 2"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(KeydConfigTest, LicenceKeysNeedApprovers) {
  std::string text(kGood);
  text.erase(text.find("[[approvers]]"));
  EXPECT_EQ(test::code_of(parse_config(text, "/etc")), "config.invalid");
}

TEST(KeydConfigTest, AChainHasNoMoreCertificatesThanAnswersHave) {
  const test::TemporaryFolder folder;
  const pki::EvpPkeyPtr key = test::make_rsa_key();
  const pki::CertificatePtr one = test::issue_certificate(test::spki_of(key.get()), key.get(), "issuer");
  const std::string pem = pki::write_pem("CERTIFICATE", one->der());
  const std::string text = replaced("max_queued = 5", "max_queued = 5\nchain = \"chain.pem\"");
  std::string chain;
  for (std::size_t i = 0; i < client::kMaxChain; ++i) chain += pem;
  test::write_text(folder.path() / "chain.pem", chain);
  test::must(parse_config(text, folder.path()));
  test::write_text(folder.path() / "chain.pem", chain + pem);
  EXPECT_EQ(test::code_of(parse_config(text, folder.path())), "config.invalid");
}

// However many keys there are, one answer tells of all.
TEST(KeydConfigTest, CertificatesOfAllKeysFitIntoOneAnswer) {
  const test::TemporaryFolder folder;
  const pki::CertificatePtr one = client::test::make_certificate(6000);
  const std::string pem = pki::write_pem("CERTIFICATE", one->der());
  test::write_text(folder.path() / "own.pem", pem);
  test::write_text(folder.path() / "chain.pem", pem);
  std::string text = replaced("max_queued = 5", "max_queued = 5\ncertificate = \"own.pem\"\nchain = \"chain.pem\"");
  test::must(parse_config(text, folder.path()));
  for (std::size_t i = 2; i < 64; ++i) {
    text +=
        "[[keys]]\nname = \"k" + std::to_string(i) +
        "\"\npurpose = \"capsule\"\nmodule = \"softhsm\"\nuri = \"pkcs11:token=tanba;object=k\"\npin_file = \"pin\"\n";
  }
  const auto refused = parse_config(text, folder.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().arguments().front().value, "keys[1].chain");
}

TEST(KeydConfigTest, TheExampleIsReadButForItsAbbreviatedKey) {
  std::string text(example_config());
  const auto replace = [&](std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("4f1c…", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
  replace("group = \"tanba-sign\"", "group = \"0\"");
  replace("[\"tanba\"]", "[\"0\"]");
  replace("chain = ", "# chain = ");
  test::must(parse_config(text, "/etc"));
}

}  // namespace
}  // namespace tanba::tokens::keyd
