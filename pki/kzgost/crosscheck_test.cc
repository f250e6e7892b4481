// Against an implementation that shares nothing with this one: plain Python (certs-test/gost.py), in both directions.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "pki/kzgost/key_format.h"
#include "pki/kzgost/test_support.h"

extern char** environ;

namespace tanba::pki::kzgost {
namespace {

using test::Bytes;
using test::ByteView;
using test::Library;

// Of each kind and direction. Python takes some 30 ms for a signature of 512 bits.
constexpr int kRounds = 700;

std::string field(ByteView octets) {
  return octets.empty() ? "-" : base::to_hex(octets);
}

// A message of a length that blocks of 32 and 64 octets make interesting.
Bytes random_message() {
  return test::random_octets(test::random_octets(1)[0] % 200);
}

class Python : public ::testing::Test {
 protected:
  Python() {
    std::string name = (std::filesystem::temp_directory_path() / "kzgost-crosscheck-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~Python() override { std::filesystem::remove_all(folder_); }

  // One line of answer for each request.
  [[nodiscard]] std::vector<std::string> ask(const std::vector<std::string>& requests) {
    const std::string asked = folder_ / "requests", answered = folder_ / "answers";
    {
      std::ofstream out(asked);
      for (const std::string& request : requests) out << request << "\n";
    }
    EXPECT_EQ(run(asked, answered), 0);
    std::vector<std::string> answers;
    std::ifstream in(answered);
    for (std::string line; std::getline(in, line);) answers.push_back(line);
    EXPECT_EQ(answers.size(), requests.size());
    answers.resize(requests.size());
    return answers;
  }

 private:
  [[nodiscard]] static int run(const std::string& asked, const std::string& answered) {
    const char* source = std::getenv("TANBA_SOURCE_DIR");
    EXPECT_NE(source, nullptr) << "run by ctest, or set TANBA_SOURCE_DIR";
    if (source == nullptr) return -1;
    std::string script = std::string(source) + "/certs-test/gost.py";
    std::string python = "/usr/bin/python3", command = "answer", no_cache = "-B";
    char* arguments[] = {python.data(), no_cache.data(), script.data(), command.data(), nullptr};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, asked.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, answered.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t child = 0;
    const int spawned = posix_spawn(&child, python.c_str(), &files, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    if (spawned != 0) return -1;
    int status = -1;
    waitpid(child, &status, 0);
    return status;
  }
  std::filesystem::path folder_;
};

// By spelling as it is stored: PKCS#8 from one side to the other.
Bytes pkcs8_of(KeyType type, const EVP_PKEY* key) {
  const KeyDer der = write_private(row(type), test::octets_of(key, OSSL_PKEY_PARAM_PRIV_KEY));
  return {der.view().begin(), der.view().end()};
}
Bytes spki_of(KeyType type, const EVP_PKEY* key) {
  const KeyDer der = write_public(row(type), test::octets_of(key, OSSL_PKEY_PARAM_PUB_KEY));
  return {der.view().begin(), der.view().end()};
}

TEST_F(Python, DigestsTheSame) {
  const Library library;
  const std::pair<const char*, const char*> names[] = {
      {"gost34311", "kzgost34311"}, {"streebog256", "kzgost3411-256"}, {"streebog512", "kzgost3411-512"}};
  std::vector<std::string> requests;
  std::vector<Bytes> messages;
  for (const auto& [python, ours] : names) {
    for (int i = 0; i < kRounds; ++i) {
      messages.push_back(random_message());
      // Every fourth of octets that carry through the sum of blocks.
      if (i % 4 == 0) messages.back().assign(messages.back().size(), 0xff);
      requests.push_back(std::string("digest ") + python + " " + field(messages.back()));
    }
  }
  const auto answers = ask(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const test::MdPtr digest(EVP_MD_fetch(library.get(), names[i / kRounds].second, nullptr));
    Bytes out(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    ASSERT_EQ(EVP_Digest(messages[i].data(), messages[i].size(), out.data(), &size, digest.get(), nullptr), 1);
    out.resize(size);
    ASSERT_EQ(base::to_hex(out), answers[i]) << requests[i];
  }
}

TEST_F(Python, VerifiesWhatWeSign) {
  const Library library;
  std::vector<std::string> requests, expected;
  for (const KeyType type : kKeyTypes) {
    test::PkeyPtr key;
    for (int i = 0; i < kRounds; ++i) {
      if (i % 20 == 0) key = test::generate(library, type);
      const Bytes message = random_message();
      Bytes signature = test::sign_message(key.get(), message);
      const bool spoil = i % 10 == 9;
      if (spoil) signature[static_cast<std::size_t>(i) % signature.size()] ^= 0x20;
      requests.push_back("verify " + field(spki_of(type, key.get())) + " " + field(message) + " " + field(signature));
      expected.push_back(spoil ? "broken" : "good");
    }
  }
  EXPECT_EQ(ask(requests), expected);
}

TEST_F(Python, SignsWhatWeVerify) {
  const Library library;
  std::vector<std::string> requests;
  std::vector<Bytes> messages;
  std::vector<test::PkeyPtr> keys;
  for (const KeyType type : kKeyTypes) {
    for (int i = 0; i < kRounds; ++i) {
      if (i % 20 == 0) keys.push_back(test::generate(library, type));
      messages.push_back(random_message());
      requests.push_back("sign " + field(pkcs8_of(type, keys.back().get())) + " " + field(messages.back()));
    }
  }
  const auto answers = ask(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EVP_PKEY* key = keys[i / 20].get();
    Bytes signature = test::from_hex(answers[i]);
    EXPECT_TRUE(test::verify_message(key, messages[i], signature)) << requests[i] << " " << answers[i];
    signature[i % signature.size()] ^= 0x01;
    EXPECT_FALSE(test::verify_message(key, messages[i], signature));
  }
  ERR_clear_error();
}

TEST_F(Python, DerivesTheSamePublicKeys) {
  const Library library;
  std::vector<std::string> requests, expected;
  for (const KeyType type : kKeyTypes) {
    for (int i = 0; i < 20; ++i) {
      const test::PkeyPtr key = test::generate(library, type);
      requests.push_back("public " + field(pkcs8_of(type, key.get())));
      expected.push_back(base::to_hex(spki_of(type, key.get())));
    }
  }
  EXPECT_EQ(ask(requests), expected);
}

}  // namespace
}  // namespace tanba::pki::kzgost
