// HTTPS: whom we believe, and who we say we are.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/bytes.h"
#include "base/test_support.h"
#include "net/fetch/fetcher.h"

namespace tanba::net::fetch {
namespace {

using base::Code;

// `sha256//...` of the key in a PEM certificate.
std::string pin_of(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return {};
  X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
  static_cast<void>(std::fclose(file));
  base::Bytes spki(static_cast<std::size_t>(i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), nullptr)));
  unsigned char* out = spki.data();
  i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &out);
  X509_free(certificate);
  return "sha256//" + base::to_base64(base::sha256(spki).view());
}

class TlsServer {
 public:
  explicit TlsServer(std::vector<std::string> arguments) {
    const char* source = std::getenv("TANBA_SOURCE_DIR");
    arguments.insert(arguments.begin(),
                     std::string(source == nullptr ? "." : source) + "/net/fetch/tls_test_server.py");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    if (::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    char digit;
    while (::read(ends[0], &digit, 1) == 1 && digit != '\n') port_ += digit;
    ::close(ends[0]);
  }
  ~TlsServer() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  [[nodiscard]] std::string url(std::string_view host = "127.0.0.1") const {
    EXPECT_FALSE(port_.empty()) << "the server did not start";
    return "https://" + std::string(host) + ":" + port_ + "/";
  }

 private:
  pid_t pid_ = -1;
  std::string port_;
};

class Tls : public ::testing::Test {
 protected:
  void SetUp() override { folder_ = base::test::made(""); }
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::vector<std::string> server_arguments() const {
    return {file("certs/tls-server.pem"), file("keys/tls-server.key.pem")};
  }
  [[nodiscard]] base::Result<Response> get(const std::string& url, TlsSettings tls, EgressPolicy policy = {}) const {
    Fetcher::Options options;
    options.policy = std::move(policy);
    Fetcher fetcher(options);
    Request request;
    request.url = url;
    request.egress = EgressClass::kConfigured;
    request.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    request.tls = std::move(tls);
    return fetch_and_wait(fetcher, std::move(request));
  }
  [[nodiscard]] TlsSettings trusting(const std::string& name) const {
    TlsSettings tls;
    tls.ca_file = file(name);
    return tls;
  }
  static Code code_of(const base::Result<Response>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? Code::kInternal : result.error().code();
  }
  std::filesystem::path folder_;
};

TEST_F(Tls, AServerOfTheGivenAuthorityIsBelieved) {
  const TlsServer server(server_arguments());
  const auto response = get(server.url(), trusting("tls-anchors.pem"));
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ(base::as_text(response->body), "nobody");
  EXPECT_TRUE(get(server.url("localhost"), trusting("tls-anchors.pem")).has_value());
}

TEST_F(Tls, TheAnchorsMayComeFromThePolicy) {
  const TlsServer server(server_arguments());
  auto policy = EgressPolicy::make({.listed = {}, .max_redirects = 0, .tls_ca_file = file("tls-anchors.pem")});
  EXPECT_TRUE(get(server.url(), {}, *policy).has_value());
}

TEST_F(Tls, AnotherAuthoritysServerIsNot) {
  const TlsServer server(server_arguments());
  EXPECT_EQ(code_of(get(server.url(), trusting("anchors.pem"))), Code::kFetchTls);
}

// Not even the system's store: nothing is believed that nobody configured.
TEST_F(Tls, WithoutAnchorsNoServerIsBelieved) {
  const TlsServer server(server_arguments());
  EXPECT_EQ(code_of(get(server.url(), {})), Code::kFetchTls);
  EXPECT_EQ(code_of(get(server.url(), trusting("no-such-file.pem"))), Code::kFetchTls);
}

TEST_F(Tls, TheCertificateHasToNameTheHost) {
  const TlsServer server({file("certs/tls-portal.pem"), file("keys/tls-portal.key.pem")});
  EXPECT_EQ(code_of(get(server.url(), trusting("tls-anchors.pem"))), Code::kFetchTls);
}

TEST_F(Tls, APinnedKeyHasToBeTheServers) {
  const TlsServer server(server_arguments());
  TlsSettings tls = trusting("tls-anchors.pem");
  tls.pinned_public_key = pin_of(file("certs/tls-server.pem"));
  EXPECT_TRUE(get(server.url(), tls).has_value());
  tls.pinned_public_key = pin_of(file("certs/tls-portal.pem"));
  EXPECT_EQ(code_of(get(server.url(), tls)), Code::kFetchTls);
  tls.pinned_public_key += ";" + pin_of(file("certs/tls-server.pem"));  // the next key and the present one
  EXPECT_TRUE(get(server.url(), tls).has_value());
}

TEST_F(Tls, AClientShowsItsCertificate) {
  std::vector<std::string> arguments = server_arguments();
  arguments.push_back(file("tls-anchors.pem"));
  const TlsServer server(arguments);
  TlsSettings tls = trusting("tls-anchors.pem");
  const auto refused = get(server.url(), tls);  // TLS 1.3: the server's refusal comes after our handshake is done
  EXPECT_FALSE(refused.has_value());
  tls.certificate_file = file("certs/tls-portal.pem");
  tls.key_file = file("keys/tls-portal.key.pem");
  const auto response = get(server.url(), tls);
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_NE(base::as_text(response->body), "nobody");
  tls.key_file = file("keys/tls-server.key.pem");  // not this certificate's
  EXPECT_EQ(code_of(get(server.url(), tls)), Code::kFetchTls);
}

}  // namespace
}  // namespace tanba::net::fetch
