// tanba-keyd as a whole: the program itself in a process of its own, and a caller that plays a compromised tanbad.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include "cms/capsule_seal.h"
#include "cms/sign.h"
#include "pki/verify_signature.h"
#include "pki/xml_signed_info.h"
#include "tokens/client/client.h"
#include "tokens/test_support.h"

namespace tanba::tokens::keyd {
namespace {

using namespace std::chrono_literals;
using client::Client;
using client::Intent;
using client::IntentKind;
using client::SignIntent;
using test::code_of;
using test::must;

constexpr std::chrono::milliseconds kLong = 60s;  // never reached
constexpr const char* kLicensor = "050540001234";
constexpr const char* kOther = "050540001235";

class KeydTest : public testing::Test {
 protected:
  KeydTest()
      : context_(must(pki::Context::create())),
        officer_("officer"),
        stranger_("stranger"),
        issuer_(test::make_rsa_key()) {
    // Leak checking wants to trace the process, which the program forbids.
    ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    make_tokens();
    write_pin(test::kUserPin);
  }
  ~KeydTest() override { end(SIGKILL); }

  // --- set-up ---

  void make_tokens() {
    const auto module = must(Module::load(test::kSoftHsm));
    static_cast<void>(test::SoftHsm::make_token(*module, "tanba"));
    const auto token = std::make_shared<Token>(module, test::uri("pkcs11:token=tanba"));
    must(token->log_in(base::Secret(test::kUserPin)));
    std::uint8_t id = 1;
    for (const auto& [name, bin] : {std::pair{"licence", kLicensor}, {"refusal", kLicensor}, {"theirs", kOther}}) {
      const KeySetup setup{name, {id++}};
      const auto key = must(generate_rsa_key(token, setup, 2048));
      must(
          store_certificate(*token, *test::issue_certificate(key->public_key().spki, issuer_.get(), name, bin), setup));
    }
  }
  void write_pin(std::string_view pin, mode_t mode = 0600) const {
    test::write_text(folder() / "pin", pin);
    ::chmod((folder() / "pin").c_str(), mode);
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return hsm_.folder(); }
  [[nodiscard]] std::filesystem::path log() const { return folder() / "log"; }

  void write_config() const {
    const auto key = [](const char* name, const char* purpose, const char* object) {
      return std::string("[[keys]]\nname = \"") + name + "\"\npurpose = \"" + purpose +
             "\"\nmodule = \"m\"\nuri = \"pkcs11:token=tanba;object=" + object +
             "\"\npin_file = \"pin\"\nmax_queued = 2\n";
    };
    test::write_text(folder() / "keyd.toml",
                     "probe_ms = 50\ntoken_timeout_ms = " + token_timeout_ms_ +
                         "\n[socket]\npath = \"socket\"\npeers = [\"" + peers_ + "\"]\n[log]\npath = \"log\"\n" +
                         "[[modules]]\nname = \"m\"\npath = \"" TANBA_FAULT_MODULE_PATH "\"\n" +
                         key("licence", "licence", "licence") + key("refusal", "refusal", "refusal") +
                         key("theirs", "licence", "theirs") + key("capsule", "capsule", "licence") +
                         "[[approvers]]\nkey = \"" + officer_.certificate()->key().digest.hex() + "\"\nlicensor = \"" +
                         kLicensor + "\"\nkinds = [\"licence\", \"refusal\"]\n");
  }

  [[nodiscard]] pid_t spawn(const std::vector<std::string>& more, std::optional<rlim_t> max_file = {}) const {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    if (max_file) {
      const rlimit limit{*max_file, *max_file};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    const int events = ::open((folder() / "events").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (events < 0) ::_exit(126);
    ::dup2(events, STDERR_FILENO);
    ::dup2(events, STDOUT_FILENO);
    const std::string config = (folder() / "keyd.toml").string();
    std::vector<char*> words;
    std::vector<std::string> texts{"tanba-keyd", "--config", config};
    texts.insert(texts.end(), more.begin(), more.end());
    for (std::string& text : texts) words.push_back(text.data());
    words.push_back(nullptr);
    ::execv(TANBA_KEYD_PATH, words.data());
    ::_exit(127);
  }
  void start(std::optional<rlim_t> max_file = {}) {
    write_config();
    pid_ = spawn({}, max_file);
    while (::kill(pid_, 0) == 0 && !Client({.socket = folder() / "socket"}).ping(kLong)) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = 0;
        FAIL() << "it ended: " << test::read_text(folder() / "events");
      }
      std::this_thread::sleep_for(5ms);
    }
  }
  // Its exit status; 128 + the signal's number when that ended it.
  int end(int signal) {
    if (pid_ == 0) return -1;
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  [[nodiscard]] int run_to_end(const std::vector<std::string>& words) const {
    const pid_t pid = spawn(words);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] Client client() const { return Client({.socket = folder() / "socket"}); }

  // Until the keys are as they should be; CTest's limit ends a wait in vain.
  void wait_for(client::KeyState state) const {
    Client asking({.socket = folder() / "socket"});
    for (;;) {
      const client::KeyList list = must(asking.list_keys(kLong));
      if (std::ranges::all_of(list.keys, [&](const auto& key) { return key.state == state; })) return;
      std::this_thread::sleep_for(5ms);
    }
  }

  [[nodiscard]] client::KeyDescription key_named(std::string_view name) const {
    const client::KeyList list = must(client().list_keys(kLong));
    return *std::ranges::find(list.keys, name, &client::KeyDescription::name);
  }
  void wait_for_key(std::string_view name, client::KeyState state) const {
    while (key_named(name).state != state) std::this_thread::sleep_for(5ms);
  }

  // --- requests ---

  static Intent intent(const std::string& id, IntentKind kind = IntentKind::kLicence) {
    return {.id = id,
            .kind = kind,
            .number = "26000001-7",
            .document = {.algorithm = pki::DigestAlgorithm::kSha256, .value = base::Bytes(32, 0x5A)},
            .licensor = kLicensor,
            .key = kind == IntentKind::kLicence ? "licence" : "refusal"};
  }
  base::Bytes approve(test::SoftwareSigner& by, const Intent& what) const {
    return must(cms::sign(*context_, by, base::as_bytes(client::intent_text(what)), cms::Profile{}));
  }
  SignIntent approved(const Intent& what) { return {what, {}, approve(officer_, what)}; }
  base::Result<client::Signed> sign(const SignIntent& request) const {
    return Client({.socket = folder() / "socket"}).sign_intent(request, kLong);
  }
  void expect_good(const client::Signed& answer, const Intent& what) const {
    const std::string signed_info = must(pki::signed_info_for(answer.algorithm, what.document.value));
    must(pki::verify_signature(*context_, answer.certificate->key(), answer.algorithm, base::as_bytes(signed_info),
                               answer.signature));
  }
  static pki::SignatureAlgorithm pss() {
    pki::SignatureAlgorithm algorithm;
    algorithm.scheme = pki::SignatureScheme::kRsaPss;
    algorithm.salt_bytes = 32;
    return algorithm;
  }

  test::SoftHsm hsm_;
  std::unique_ptr<pki::Context> context_;
  test::SoftwareSigner officer_, stranger_;
  pki::EvpPkeyPtr issuer_;
  std::string peers_ = std::to_string(::geteuid());
  std::string token_timeout_ms_ = "60000";
  pid_t pid_ = 0;
};

// --- the usual way
// -----------------------------------------------------------------------------------------------------

TEST_F(KeydTest, SignsWhatAnOfficerApproved) {
  start();
  for (const IntentKind kind : {IntentKind::kLicence, IntentKind::kRefusal}) {
    const Intent what = intent(kind == IntentKind::kLicence ? "i-1" : "i-2", kind);
    const client::Signed answer = must(sign(approved(what)));
    expect_good(answer, what);
    EXPECT_EQ(answer.certificate->subject().display(), what.key);
  }
  EXPECT_EQ(end(SIGTERM), 0);
  EXPECT_FALSE(std::filesystem::exists(folder() / "socket"));
}

TEST_F(KeydTest, ListsItsKeys) {
  start();
  const client::KeyList list = must(client().list_keys(kLong));
  ASSERT_EQ(list.keys.size(), 4U);
  for (const client::KeyDescription& key : list.keys) {
    EXPECT_EQ(key.state, client::KeyState::kReady) << key.name << key.reason;
    EXPECT_NE(key.certificate, nullptr);
    EXPECT_FALSE(key.algorithms.empty());
  }
  EXPECT_EQ(list.keys[0].purpose, client::KeyPurpose::kCapsule);
}

TEST_F(KeydTest, ARepeatGetsTheSameAnswer) {
  start();
  SignIntent request = approved(intent("i-1"));
  request.algorithm = pss();  // random by itself: only a kept answer is the same
  const client::Signed first = must(sign(request));
  expect_good(first, request.intent);
  EXPECT_EQ(must(sign(request)).signature, first.signature);
  // Also with another approval of the same, and by asking.
  request.approval = approve(officer_, request.intent);
  EXPECT_EQ(must(sign(request)).signature, first.signature);
  EXPECT_EQ(must(client().ask_intent("i-1", kLong)).signature->signature, first.signature);
  EXPECT_FALSE(must(client().ask_intent("i-2", kLong)).signature);
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 1U);
}

TEST_F(KeydTest, ManyAtOnceAreAllSignedOnce) {
  start();
  constexpr int kIntents = 12;
  std::vector<SignIntent> requests;
  for (int i = 0; i < kIntents; ++i) requests.push_back(approved(intent("i-" + std::to_string(i))));
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {  // each asks for each
    threads.emplace_back([&] {
      Client asking({.socket = folder() / "socket"});
      for (const SignIntent& request : requests) {
        base::Result<client::Signed> answer = asking.sign_intent(request, kLong);
        while (code_of(answer) == "server.busy") answer = asking.sign_intent(request, kLong);
        good += answer ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 3 * kIntents);
  EXPECT_EQ(hsm_.count_calls("C_Sign"), std::size_t{kIntents});
  EXPECT_EQ(must(client().ping(kLong)).log_entries, 1U + 2 * kIntents);
}

// --- a compromised tanbad
// ----------------------------------------------------------------------------------------------

TEST_F(KeydTest, NothingIsSignedThatNoOfficerApproved) {
  start();
  SignIntent request = approved(intent("i-1"));
  const base::Bytes approval = request.approval;

  request.approval.clear();
  EXPECT_EQ(code_of(sign(request)), "keyd.approval");
  request.approval = approve(stranger_, request.intent);
  EXPECT_EQ(code_of(sign(request)), "keyd.approver");
  request.approval = base::to_bytes(base::as_bytes(client::intent_text(request.intent)));
  EXPECT_EQ(code_of(sign(request)), "keyd.approval");

  // The approval of one intent for everything else.
  for (const auto& change : std::vector<std::function<void(Intent&)>>{
           [](Intent& i) { i.document.value[0] ^= 1U; }, [](Intent& i) { i.number = "26000002-5"; },
           [](Intent& i) { i.licensor = "050540005678"; }, [](Intent& i) { i.id = "i-2"; },
           [](Intent& i) {
             i.kind = IntentKind::kRefusal;
             i.key = "refusal";
           }}) {
    SignIntent changed = approved(intent("i-1"));
    changed.approval = approval;
    change(changed.intent);
    EXPECT_EQ(code_of(sign(changed)), "keyd.approval");
  }
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 0U);
  EXPECT_EQ(must(client().ping(kLong)).log_entries, 1U);
}

TEST_F(KeydTest, AKeyServesItsPurposeOnly) {
  start();
  Intent refusal_with_licence_key = intent("i-1", IntentKind::kRefusal);
  refusal_with_licence_key.key = "licence";
  EXPECT_EQ(code_of(sign(approved(refusal_with_licence_key))), "keyd.purpose");
  Intent licence_with_capsule_key = intent("i-2");
  licence_with_capsule_key.key = "capsule";
  EXPECT_EQ(code_of(sign(approved(licence_with_capsule_key))), "keyd.purpose");
  Intent unknown = intent("i-3");
  unknown.key = "other";
  EXPECT_EQ(code_of(sign(approved(unknown))), "keyd.unknown_key");
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 0U);
}

TEST_F(KeydTest, ALicensorsOfficersUseItsOwnKeys) {
  start();
  // Another licensor's key, for the officer's own licensor: the certificate says whose it is.
  Intent with_their_key = intent("i-1");
  with_their_key.key = "theirs";
  EXPECT_EQ(code_of(sign(approved(with_their_key))), "keyd.approver");
  // In the other licensor's name, with either key.
  for (const char* key : {"theirs", "licence"}) {
    Intent in_their_name = intent("i-2");
    in_their_name.licensor = kOther;
    in_their_name.key = key;
    EXPECT_EQ(code_of(sign(approved(in_their_name))), "keyd.approver");
  }
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 0U);
  EXPECT_EQ(must(client().ping(kLong)).log_entries, 1U);
  must(sign(approved(intent("i-3"))));
}

TEST_F(KeydTest, SealsCapsulesByAStatementOfItsOwn) {
  start();
  const client::SealCapsule request{"decision", "26000001-7", base::sha256({}), "capsule"};
  const client::Sealed made = must(client().seal_capsule(request, kLong));
  const cms::SealStatement said{cms::CapsuleKind::kDecision, request.id, request.manifest, made.sealed_at};
  const auto prepared = must(cms::prepare_seal(*context_, said, made.signature.certificate, made.signature.algorithm));
  must(pki::verify_signature(*context_, made.signature.certificate->key(), made.signature.algorithm, prepared.octets,
                             made.signature.signature));
  EXPECT_EQ(must(client().ping(kLong)).log_entries, 2U);
  EXPECT_NE(test::read_text(log()).find("\"event\":\"sealing\""), std::string::npos);

  // Once more is another seal; after a restart the log is read again.
  must(client().seal_capsule(request, kLong));
  EXPECT_EQ(end(SIGTERM), 0);
  start();
  EXPECT_EQ(must(client().ping(kLong)).log_entries, 3U);
}

TEST_F(KeydTest, ACapsuleKeySealsNothingElse) {
  start();
  const client::SealCapsule good{"submission", "r-1", base::sha256({}), "capsule"};
  const auto code_with = [&](auto change) {
    client::SealCapsule request = good;
    change(request);
    return code_of(client().seal_capsule(request, kLong));
  };
  EXPECT_EQ(code_with([](auto& request) { request.key = "licence"; }), "keyd.purpose");
  EXPECT_EQ(code_with([](auto& request) { request.key = "other"; }), "keyd.unknown_key");
  EXPECT_EQ(code_with([](auto& request) { request.kind = "licence"; }), "keyd.protocol");
  EXPECT_EQ(code_with([](auto& request) { request.kind = "verification"; }), "keyd.protocol");
  EXPECT_EQ(code_with([](auto& request) { request.id = ""; }), "keyd.protocol");
  EXPECT_EQ(code_with([](auto& request) { request.id = "a\nb"; }), "keyd.protocol");
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 0U);
  EXPECT_EQ(must(client().ping(kLong)).log_entries, 1U);
}

TEST_F(KeydTest, AnIntentIsUsedOnce) {
  start();
  must(sign(approved(intent("i-1"))));
  Intent other = intent("i-1");
  other.document.value[0] ^= 1U;
  EXPECT_EQ(code_of(sign(approved(other))), "keyd.intent_conflict");
  SignIntent other_algorithm = approved(intent("i-1"));
  other_algorithm.algorithm = pss();
  EXPECT_EQ(code_of(sign(other_algorithm)), "keyd.intent_conflict");
  EXPECT_EQ(code_of(sign(approved(intent("i-1", IntentKind::kRefusal)))), "keyd.intent_conflict");
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 1U);
}

TEST_F(KeydTest, AlgorithmsThatDoNotFitAreRefused) {
  start();
  SignIntent request = approved(intent("i-1"));
  request.algorithm.digest = pki::DigestAlgorithm::kSha512;  // not the document's
  EXPECT_EQ(code_of(sign(request)), "keyd.protocol");
  request.algorithm = {};
  request.algorithm.scheme = pki::SignatureScheme::kEcdsa;
  EXPECT_EQ(code_of(sign(request)), "token.mechanism");
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 0U);
}

TEST_F(KeydTest, ACancelledIntentIsNeverSigned) {
  using client::IntentProgress;
  start();
  const SignIntent before = approved(intent("i-1"));
  EXPECT_EQ(must(client().ask_intent("i-1", kLong)).progress, IntentProgress::kUnknown);
  EXPECT_EQ(must(client().cancel_intent("i-1", kLong)).progress, IntentProgress::kCancelled);
  EXPECT_EQ(code_of(sign(before)), "intent.state");
  const client::Signed made = must(sign(approved(intent("i-2"))));
  EXPECT_EQ(must(client().cancel_intent("i-2", kLong)).signature->signature, made.signature);
  EXPECT_EQ(must(client().ask_intent("i-2", kLong)).progress, IntentProgress::kSigned);
  EXPECT_EQ(end(SIGKILL), 128 + SIGKILL);
  start();
  EXPECT_EQ(code_of(sign(before)), "intent.state");
  EXPECT_EQ(must(client().ask_intent("i-1", kLong)).progress, IntentProgress::kCancelled);
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 1U);
}

// One is with its key and another waits for it; then both are given up.
TEST_F(KeydTest, CancellingReachesWhatWaitsAndWhatIsUnderWay) {
  start();
  hsm_.set_fault("C_Sign sleep 300");
  std::vector<std::thread> asking;
  std::vector<std::string> codes(2);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    asking.emplace_back(
        [&, i, request = approved(intent("i-" + std::to_string(i)))] { codes[i] = code_of(sign(request)); });
    while (hsm_.count_calls("C_Sign") == 0) std::this_thread::sleep_for(1ms);
  }
  std::vector<client::IntentProgress> said;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    said.push_back(must(client().cancel_intent("i-" + std::to_string(i), kLong)).progress);
  }
  for (std::thread& thread : asking) thread.join();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    // On a slow machine the signature may have been faster; never both.
    EXPECT_EQ(codes[i], said[i] == client::IntentProgress::kCancelled ? "intent.state" : "ok");
  }
}

// What a caller can send that is no request of the protocol.
TEST_F(KeydTest, ThereIsNoRequestForRawDigests) {
  start();
  for (const std::string& json :
       {std::string(R"({"digest":"00","key":"licence","request":"sign-digest","v":1})"),
        std::string(R"({"data":"AAAA","key":"licence","request":"sign","v":1})"), std::string("{}"), std::string("[[["),
        std::string(R"({"request":"ping","v":1,"pin":"1"})")}) {
    const base::FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_GE(fd.get(), 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (folder() / "socket").string();
    ASSERT_LT(path.size(), sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const std::string frame = must(client::write_frame(json));
    ASSERT_EQ(::send(fd.get(), frame.data(), frame.size(), MSG_NOSIGNAL), static_cast<ssize_t>(frame.size()));
    std::array<std::uint8_t, 4> header{};
    ASSERT_EQ(::recv(fd.get(), header.data(), header.size(), MSG_WAITALL), 4);
    std::string text(must(client::parse_frame_header(header)), '\0');
    ASSERT_EQ(::recv(fd.get(), text.data(), text.size(), MSG_WAITALL), static_cast<ssize_t>(text.size()));
    EXPECT_EQ(code_of(client::parse_outcome(text)), "keyd.protocol") << json;
  }
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 0U);
}

TEST_F(KeydTest, OtherUsersAreDenied) {
  peers_ = std::to_string(::geteuid() + 1);
  write_config();
  pid_ = spawn({});
  Client asking({.socket = folder() / "socket"});
  std::string code = "keyd.unreachable";
  while (code == "keyd.unreachable") code = code_of(asking.ping(kLong));
  EXPECT_EQ(code, "auth.denied");
}

TEST_F(KeydTest, AFloodIsBusyAndOthersAreServed) {
  start();
  std::vector<SignIntent> requests;
  for (int i = 0; i < 8; ++i) requests.push_back(approved(intent("i-" + std::to_string(i))));
  const SignIntent refusal = approved(intent("r-1", IntentKind::kRefusal));
  hsm_.set_fault("C_Sign hold");
  std::atomic<int> busy{0}, good{0};
  std::vector<std::thread> threads;
  for (const SignIntent& request : requests) {
    threads.emplace_back([&] {
      const std::string code = code_of(sign(request));
      busy += code == "server.busy" ? 1 : 0;
      good += code == "ok" ? 1 : 0;
    });
  }
  // One at work and two that wait for it: the others are told at once.
  while (busy < 5) std::this_thread::sleep_for(1ms);
  must(client().ping(kLong));
  std::thread another([&] { must(sign(refusal)); });  // another key's queue
  while (hsm_.count_calls("C_Sign") < 2) std::this_thread::sleep_for(1ms);
  hsm_.clear_faults();
  another.join();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(busy, 5);
  EXPECT_EQ(good, 3);
}

// --- crashes and the log
// -----------------------------------------------------------------------------------------------

TEST_F(KeydTest, KilledAfterTheEntryAndBeforeTheSignature) {
  start();
  const SignIntent request = approved(intent("i-1"));
  hsm_.set_fault("C_Sign sleep 30000");
  std::thread asking([&] { EXPECT_EQ(code_of(sign(request)), "keyd.unreachable"); });
  while (hsm_.count_calls("C_Sign") == 0) std::this_thread::sleep_for(1ms);
  EXPECT_NE(test::read_text(log()).find("\"signing\""), std::string::npos);
  EXPECT_EQ(end(SIGKILL), 128 + SIGKILL);
  asking.join();
  hsm_.clear_faults();
  start();
  EXPECT_FALSE(must(client().ask_intent("i-1", kLong)).signature);
  Intent other = intent("i-1");
  other.number = "26000002-5";
  EXPECT_EQ(code_of(sign(approved(other))), "keyd.intent_conflict");
  const client::Signed answer = must(sign(request));
  expect_good(answer, request.intent);
  EXPECT_EQ(must(sign(request)).signature, answer.signature);
}

TEST_F(KeydTest, KilledAfterTheSignature) {
  start();
  SignIntent request = approved(intent("i-1"));
  request.algorithm = pss();
  const client::Signed answer = must(sign(request));
  EXPECT_EQ(end(SIGKILL), 128 + SIGKILL);
  start();  // takes over the socket that was left
  EXPECT_EQ(must(client().ask_intent("i-1", kLong)).signature->signature, answer.signature);
  EXPECT_EQ(must(sign(request)).signature, answer.signature);
  EXPECT_EQ(must(sign(request)).certificate->digest(), answer.certificate->digest());
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 1U);
}

TEST_F(KeydTest, AnUnfinishedLineIsCutOffAndSaid) {
  start();
  must(sign(approved(intent("i-1"))));
  end(SIGKILL);
  const std::string whole = test::read_text(log());
  test::write_text(log(), whole + "{\"approval\":\"MII");
  start();
  EXPECT_NE(test::read_text(folder() / "events").find("log.unfinished_line_cut_off"), std::string::npos);
  EXPECT_EQ(test::read_text(log()), whole);
  must(sign(approved(intent("i-2"))));
}

TEST_F(KeydTest, ADamagedLogEndsSigning) {
  start();
  must(sign(approved(intent("i-1"))));
  end(SIGKILL);
  std::string text = test::read_text(log());
  text[text.size() / 2] ^= 1;
  test::write_text(log(), text);
  start();
  EXPECT_EQ(code_of(sign(approved(intent("i-2")))), "keyd.log");
  EXPECT_EQ(code_of(sign(approved(intent("i-1")))), "keyd.log");
  EXPECT_EQ(code_of(client().ask_intent("i-1", kLong)), "keyd.log");
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 1U);
  EXPECT_EQ(test::read_text(log()), text);
}

// Without its last lines the log would say that what was signed never was.
TEST_F(KeydTest, ALogThatLostItsEndCancelsNothing) {
  start();
  must(sign(approved(intent("i-1"))));
  end(SIGKILL);
  const std::string whole = test::read_text(log());
  test::write_text(log(), whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1));
  start();
  EXPECT_EQ(code_of(client().cancel_intent("i-1", kLong)), "keyd.log");
  EXPECT_EQ(code_of(client().ask_intent("i-1", kLong)), "keyd.log");
  EXPECT_EQ(code_of(sign(approved(intent("i-2")))), "keyd.log");
  EXPECT_NE(test::read_text(folder() / "events").find("log.damaged"), std::string::npos);
}

// The line is on the disk, its head is not yet, and nobody was answered.
TEST_F(KeydTest, KilledBetweenALineAndItsHead) {
  start();
  const SignIntent request = approved(intent("i-1"));
  hsm_.set_fault("C_Sign hold");
  std::thread asking([&] { must(sign(request)); });
  while (hsm_.count_calls("C_Sign") == 0) std::this_thread::sleep_for(1ms);
  const std::string head = test::read_text(folder() / "log-head");  // of "signing"
  hsm_.clear_faults();
  asking.join();
  end(SIGKILL);
  test::write_text(folder() / "log-head", head);
  start();
  EXPECT_EQ(must(client().cancel_intent("i-1", kLong)).progress, client::IntentProgress::kSigned);
  expect_good(must(sign(request)), request.intent);
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 1U);
}

TEST_F(KeydTest, AFullDiskEndsSigningWithoutALoss) {
  start();
  const client::Signed first = must(sign(approved(intent("i-1"))));
  end(SIGTERM);
  const std::string before = test::read_text(log());
  // A file can grow by a few octets only: like a full disk, for this process.
  start(before.size() + 100);
  EXPECT_EQ(code_of(sign(approved(intent("i-2")))), "keyd.log");
  EXPECT_EQ(must(sign(approved(intent("i-1")))).signature, first.signature);
  EXPECT_EQ(hsm_.count_calls("C_Sign"), 1U);
  end(SIGTERM);
  EXPECT_EQ(test::read_text(log()), before);
  start();
  must(sign(approved(intent("i-2"))));
}

TEST_F(KeydTest, ADiskThatFillsUpBetweenTheTwoEntriesGivesNoSignature) {
  start();
  must(sign(approved(intent("i-1"))));
  end(SIGTERM);
  const std::string before = test::read_text(log());
  const std::size_t first_line = before.find('\n') + 1;
  const std::size_t signing_line = before.find('\n', first_line) + 1 - first_line;
  // Room for "signing" (of the same length), not for "signed".
  start(before.size() + signing_line + 200);
  EXPECT_EQ(code_of(sign(approved(intent("i-2")))), "keyd.log");
  EXPECT_FALSE(must(client().ask_intent("i-2", kLong)).signature);
  end(SIGTERM);
  start();
  must(sign(approved(intent("i-2"))));
}

// --- tokens
// ------------------------------------------------------------------------------------------------------------

TEST_F(KeydTest, ALostTokenIsReportedAndUsedAgainWhenItIsBack) {
  start();
  must(sign(approved(intent("i-1"))));
  hsm_.take_away();
  wait_for(client::KeyState::kLost);
  EXPECT_EQ(code_of(sign(approved(intent("i-2")))), "token.lost");
  // What was signed before is given out without a token.
  must(sign(approved(intent("i-1"))));
  hsm_.bring_back();
  wait_for(client::KeyState::kReady);
  const Intent what = intent("i-2");
  expect_good(must(sign(approved(what))), what);
}

TEST_F(KeydTest, ATokenThatGoesDuringASignatureIsReported) {
  start();
  hsm_.set_fault("C_Sign 32");
  EXPECT_EQ(code_of(sign(approved(intent("i-1")))), "token.lost");
  hsm_.clear_faults();
  wait_for(client::KeyState::kReady);
  must(sign(approved(intent("i-1"))));
}

TEST_F(KeydTest, ATokenThatDoesNotAnswerIsToldOfAndDoesNotKeepTheServerFromStopping) {
  token_timeout_ms_ = "1000";
  start();
  const SignIntent hanging = approved(intent("i-1"));
  hsm_.set_fault("C_Sign sleep 3600000");
  EXPECT_EQ(code_of(client().sign_intent(hanging, 500ms)), "server.deadline");
  while (hsm_.count_calls("C_Sign") == 0) std::this_thread::sleep_for(1ms);
  hsm_.clear_faults();  // the next calls return
  wait_for_key("licence", client::KeyState::kLost);
  EXPECT_EQ(key_named("licence").reason, "token.lost");
  EXPECT_EQ(code_of(sign(approved(intent("i-2")))), "token.lost");  // at once: it does not wait behind the other one
  EXPECT_EQ(must(client().ask_intent("i-2", kLong)).progress, client::IntentProgress::kUnknown);
  EXPECT_EQ(must(client().cancel_intent("i-1", kLong)).progress, client::IntentProgress::kCancelled);
  // Another key of the same token.
  const Intent refusal = intent("r-1", IntentKind::kRefusal);
  expect_good(must(sign(approved(refusal))), refusal);
  EXPECT_EQ(end(SIGTERM), 75);
  const std::string events = test::read_text(folder() / "events");
  EXPECT_NE(events.find("key.not_answering"), std::string::npos);
  EXPECT_NE(events.find("server.stop_deadline"), std::string::npos);
}

TEST_F(KeydTest, ATokenThatAnswersAfterAllIsUsedAgain) {
  token_timeout_ms_ = "1000";
  start();
  hsm_.set_fault("C_Sign hold");
  const SignIntent late = approved(intent("i-1"));
  std::thread asking([&] { must(sign(late)); });
  wait_for_key("licence", client::KeyState::kLost);
  hsm_.clear_faults();
  asking.join();
  wait_for_key("licence", client::KeyState::kReady);
  EXPECT_EQ(must(client().ask_intent("i-1", kLong)).progress, client::IntentProgress::kSigned);
  must(sign(approved(intent("i-2"))));
  EXPECT_EQ(end(SIGTERM), 0);
}

// A token, or its module, that gives something else than the signature that was asked for.
TEST_F(KeydTest, ASignatureThatDoesNotVerifyDoesNotLeave) {
  start();
  const SignIntent request = approved(intent("i-1"));
  hsm_.set_fault("spoil");
  EXPECT_EQ(code_of(sign(request)), "signing.failed");
  EXPECT_EQ(code_of(client().seal_capsule({"submission", "r-1", base::sha256({}), "capsule"}, kLong)),
            "signing.failed");
  EXPECT_EQ(must(client().ask_intent("i-1", kLong)).progress, client::IntentProgress::kSigning);
  EXPECT_EQ(test::read_text(log()).find("\"event\":\"signed\""), std::string::npos);
  hsm_.clear_faults();
  expect_good(must(sign(request)), request.intent);
}

TEST_F(KeydTest, ATokenThatComesLaterIsUsed) {
  hsm_.take_away();
  std::filesystem::create_directory(hsm_.tokens());
  start();
  wait_for(client::KeyState::kLost);
  EXPECT_EQ(must(client().list_keys(kLong)).keys[0].certificate, nullptr);
  std::filesystem::remove_all(hsm_.tokens());
  hsm_.bring_back();
  wait_for(client::KeyState::kReady);
  must(sign(approved(intent("i-1"))));
}

TEST_F(KeydTest, AWrongPinIsTriedOnceAlsoOverRestarts) {
  const std::size_t before = hsm_.count_calls("C_Login");
  write_pin("000000");
  for (int i = 0; i < 2; ++i) {
    start();
    wait_for(client::KeyState::kLocked);
    EXPECT_EQ(code_of(sign(approved(intent("i-1")))), "token.locked");
    std::this_thread::sleep_for(300ms);  // several looks of the prober
    EXPECT_EQ(hsm_.count_calls("C_Login"), before + 1);
    end(SIGKILL);
  }
  EXPECT_NE(test::read_text(folder() / "events").find("token.login_stopped"), std::string::npos);
  // A person mends the PIN, but the stop holds until the file is removed.
  write_pin(test::kUserPin);
  start();
  wait_for(client::KeyState::kLocked);
  for (const auto& file : std::filesystem::directory_iterator(folder())) {
    if (file.path().filename().string().starts_with("login-stopped-")) std::filesystem::remove(file);
  }
  wait_for(client::KeyState::kReady);
  must(sign(approved(intent("i-1"))));
  EXPECT_EQ(hsm_.count_calls("C_Login"), before + 2);
}

TEST_F(KeydTest, KilledInsideALogInItIsNotTriedAgainByItself) {
  const std::size_t before = hsm_.count_calls("C_Login");
  hsm_.set_fault("C_Login sleep 60000");
  write_config();
  pid_ = spawn({});
  while (hsm_.count_calls("C_Login") == before) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(end(SIGKILL), 128 + SIGKILL);
  hsm_.clear_faults();
  start();
  wait_for(client::KeyState::kLocked);
  EXPECT_EQ(hsm_.count_calls("C_Login"), before + 1);
  const std::string events = test::read_text(folder() / "events");
  EXPECT_NE(events.find("token.login_stopped"), std::string::npos);
  EXPECT_NE(events.find("remove the file"), std::string::npos);
}

TEST_F(KeydTest, ALockedPinAndTheLastTryAreLeftAlone) {
  for (const char* flags : {"flags 40000", "flags 20000"}) {
    hsm_.set_fault(flags);
    const std::size_t before = hsm_.count_calls("C_Login");
    start();
    wait_for(client::KeyState::kLocked);
    EXPECT_EQ(code_of(sign(approved(intent("i-1")))), "token.locked");
    EXPECT_EQ(hsm_.count_calls("C_Login"), before);
    end(SIGKILL);
    for (const auto& file : std::filesystem::directory_iterator(folder())) {
      if (file.path().filename().string().starts_with("login-stopped-")) std::filesystem::remove(file);
    }
  }
}

TEST_F(KeydTest, APinThatOthersMayReadIsNotUsed) {
  const std::size_t before = hsm_.count_calls("C_Login");
  write_pin(test::kUserPin, 0644);
  write_config();
  EXPECT_EQ(run_to_end({"--check-config"}), 78);
  start();
  wait_for(client::KeyState::kLocked);
  EXPECT_EQ(hsm_.count_calls("C_Login"), before);
  // Mended without a restart.
  write_pin(test::kUserPin);
  wait_for(client::KeyState::kReady);
}

// --- the program
// -------------------------------------------------------------------------------------------------------

TEST_F(KeydTest, UsageAndConfiguration) {
  write_config();
  EXPECT_EQ(run_to_end({"--check-config"}), 0);
  EXPECT_EQ(run_to_end({"--help"}), 0);
  EXPECT_EQ(run_to_end({"--nonsense"}), 64);
  test::write_text(folder() / "keyd.toml", "[socket]\n");
  EXPECT_EQ(run_to_end({}), 78);
  EXPECT_EQ(run_to_end({"--check-config"}), 78);
}

TEST_F(KeydTest, AModuleThatIsNotThereEndsTheStart) {
  write_config();
  std::string config = test::read_text(folder() / "keyd.toml");
  config.replace(config.find(TANBA_FAULT_MODULE_PATH), std::strlen(TANBA_FAULT_MODULE_PATH), "/nowhere.so");
  test::write_text(folder() / "keyd.toml", config);
  EXPECT_EQ(run_to_end({}), 1);
}

TEST_F(KeydTest, TheProcessIsHardened) {
  const base::FileDescriptor leaked(::open("/dev/null", O_RDONLY));  // inherited: not close-on-exec
  start();
  const auto proc = std::filesystem::path("/proc") / std::to_string(pid_);
  EXPECT_NE(test::read_text(proc / "status").find("NoNewPrivs:\t1"), std::string::npos);
  const std::string limits = test::read_text(proc / "limits");
  const std::string core = limits.substr(limits.find("Max core file size"), 60);
  EXPECT_NE(core.find(" 0 "), std::string::npos) << core;
  for (const auto& fd : std::filesystem::directory_iterator(proc / "fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(fd, error);
    if (std::stoi(fd.path().filename().string()) <= STDERR_FILENO) continue;
    EXPECT_NE(target, "/dev/null");
  }
  struct stat status{};
  ASSERT_EQ(::stat(log().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(KeydTest, ThePinIsNowhereInWhatItSays) {
  start();
  must(sign(approved(intent("i-1"))));
  static_cast<void>(sign({intent("i-2"), {}, {}}));
  end(SIGTERM);
  for (const char* name : {"events", "log"}) {
    EXPECT_EQ(test::read_text(folder() / name).find(test::kUserPin), std::string::npos);
  }
}

}  // namespace
}  // namespace tanba::tokens::keyd
