// Words, exit codes, and what an officer is shown and signs.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/text.h"
#include "cli/daemon.h"
#include "cli/decision.h"
#include "cli/io.h"
#include "cli/words.h"
#include "tokens/client/intent.h"
#include "xmldsig/sign.h"

namespace tanba::cli {
namespace {

using base::Code;
using base::Language;

constexpr Language kLanguages[] = {Language::kEnglish, Language::kRussian, Language::kKazakh};

template <class T>
std::string code_of(const base::Result<T>& result) {
  return result ? "ok" : std::string(base::dotted(result.error().code()));
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tanba-cli-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(Words, EachIsThereInEachLanguage) {
  for (std::size_t i = 0; i < kWordCount; ++i) {
    for (const Language language : kLanguages) {
      const std::string_view text = word(static_cast<Word>(i), language);
      EXPECT_NE(text, "?") << i;
      EXPECT_FALSE(text.empty()) << i;
      EXPECT_TRUE(base::is_utf8(text)) << i;
      EXPECT_EQ(base::escape_for_display(text), text) << i;
    }
  }
}

TEST(Words, RussianAndKazakhAreNotEnglish) {
  for (std::size_t i = 0; i < kWordCount; ++i) {
    EXPECT_NE(word(static_cast<Word>(i), Language::kEnglish), word(static_cast<Word>(i), Language::kRussian)) << i;
    EXPECT_NE(word(static_cast<Word>(i), Language::kEnglish), word(static_cast<Word>(i), Language::kKazakh)) << i;
  }
}

TEST(ExitCodes, FollowWhatTheErrorMeans) {
  const auto status = [](Code code) { return exit_code_of(base::Error(code)); };
  EXPECT_EQ(status(Code::kInputUsage), 64);
  EXPECT_EQ(status(Code::kRevocationRevoked), 1);
  EXPECT_EQ(status(Code::kXmlMalformed), 1);
  EXPECT_EQ(status(Code::kAuthDenied), 1);
  EXPECT_EQ(status(Code::kRevocationMissing), 2);
  EXPECT_EQ(status(Code::kFetchUnreachable), 2);
  EXPECT_EQ(status(Code::kExecutorFull), 2);
  EXPECT_EQ(status(Code::kFileNotReadable), 3);
  EXPECT_EQ(status(Code::kInputPassword), 3);
  EXPECT_EQ(status(Code::kTokenPinWrong), 3);
  EXPECT_EQ(status(Code::kTokenPinLocked), 3);
  EXPECT_EQ(status(Code::kTokenModule), 3);
  EXPECT_EQ(status(Code::kInternal), 3);
}

TEST(Secrets, ComeFromTheFileBeforeTheEnvironment) {
  const Folder folder;
  ::setenv("TANBA_TEST_SECRET", "from the environment", 1);
  const auto from_file = read_secret(folder.file("secret", "from the file\r\n"), "TANBA_TEST_SECRET", "");
  const auto from_environment = read_secret("", "TANBA_TEST_SECRET", "");
  const auto new_one = read_new_secret("", "TANBA_TEST_SECRET", "");
  ::unsetenv("TANBA_TEST_SECRET");
  ASSERT_TRUE(from_file && from_environment && new_one);
  EXPECT_EQ(from_file->reveal_text(), "from the file");
  EXPECT_EQ(from_environment->reveal_text(), "from the environment");
  EXPECT_EQ(new_one->reveal_text(), "from the environment");
  EXPECT_EQ(code_of(read_secret(folder.path() / "missing", "TANBA_TEST_SECRET", "")), "file.not_readable");
}

// --- the daemon ------------------------------------------------------------------------------------------------------

std::string open_code(const DaemonOptions& options, Daemon::Credential credential) {
  return code_of(Daemon::open(options, credential, Language::kEnglish));
}

TEST(Daemon, IsSpokenToOverTlsOrOnThisMachine) {
  const auto none = Daemon::Credential::kNone;
  EXPECT_EQ(open_code({.server = "https://tanba.example", .ca = "ca.pem"}, none), "ok");
  EXPECT_EQ(open_code({.server = "https://tanba.example"}, none), "input.usage");
  EXPECT_EQ(open_code({.server = "http://localhost:8080"}, none), "ok");
  EXPECT_EQ(open_code({.server = "http://[::1]:8080/"}, none), "ok");
  EXPECT_EQ(open_code({.server = "http://tanba.example"}, none), "input.usage");
  EXPECT_EQ(open_code({.server = "ftp://localhost"}, none), "input.usage");
  EXPECT_EQ(open_code({}, none), "input.usage");
}

TEST(Daemon, ASessionIsForItsServerOnly) {
  const Folder folder;
  const std::string path = folder.path() / "session";
  ASSERT_TRUE(write_session(
      path, {.server = "https://a.example", .ca = "ca.pem", .token = "tns_x", .expires = "2026-01-01T00:00:00Z"}));
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  // Kept elsewhere, behind a link.
  const std::string link = folder.path() / "link";
  std::filesystem::create_symlink("elsewhere", link);
  ASSERT_TRUE(write_session(link, {.server = "https://a.example", .ca = "", .token = "tns_x", .expires = ""}));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(std::filesystem::is_regular_file(folder.path() / "elsewhere"));
  const auto officer = Daemon::Credential::kOfficer;
  EXPECT_EQ(open_code({.session = path}, officer), "ok");
  EXPECT_EQ(open_code({.server = "https://a.example/", .session = path}, officer), "ok");
  EXPECT_EQ(open_code({.server = "https://b.example", .ca = "ca.pem", .session = path}, officer), "input.usage");
  EXPECT_EQ(open_code({.server = "https://a.example", .ca = "ca.pem", .session = path + "-none"}, officer),
            "auth.required");
  EXPECT_EQ(open_code({.session = folder.file("broken", "{}")}, officer), "file.wrong_content");
}

TEST(Daemon, APortalsKeyIsOneLineThatFitsIntoAHeader) {
  const Folder folder;
  const auto portal = Daemon::Credential::kPortal;
  const auto options = [&](const std::string& text) {
    return DaemonOptions{.server = "https://a.example", .ca = "ca.pem", .key_file = folder.file("key", text)};
  };
  EXPECT_EQ(open_code(options("tnb_abc-_\n"), portal), "ok");
  EXPECT_EQ(open_code(options("tnb_abc\nX-Other: header\n"), portal), "file.wrong_content");
  EXPECT_EQ(open_code(options(""), portal), "file.wrong_content");
  EXPECT_EQ(open_code({.server = "https://a.example", .ca = "ca.pem"}, portal), "input.usage");
}

TEST(Daemon, TextInUrlsIsEncoded) {
  EXPECT_EQ(url_encoded("A-2026-01-0000042-71"), "A-2026-01-0000042-71");
  EXPECT_EQ(url_encoded("../x?y=&ә"), "..%2Fx%3Fy%3D%26%D3%99");
}

// --- what an officer signs -------------------------------------------------------------------------------------------

constexpr std::string_view kNumber = "A-2026-01-0000001-23";
const base::Time kNow = base::parse_time("2026-01-02T00:00:30Z").value();

FiledApplication filed(const std::string& licence = "") {
  return {.sha256 = std::string(64, 'a'),
          .service = "oil-gas",
          .action = licence.empty() ? "issue" : "duplicate",
          .licensor_bin = "100440000219",
          .created_at = "2026-01-01T00:00:00Z",
          .applicant_kind = "individual",
          .applicant_number = "780310300036",
          .applicant_name = "БАСШЫЕВ",
          .licence = licence};
}

// The text with the first `from` as `to`: a test changes one thing.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string names(const std::string& text) {
  return "<name><ru>" + text + "</ru><kk>" + text + "</kk><en>" + text + "</en></name>";
}

// As the daemon writes them.
std::string parties(const std::string& party, const std::string& action) {
  return "<service><id>oil-gas</id>" + names("Oil") + "</service><licensor><bin>100440000219</bin>" +
         names("Committee") + "</licensor><" + party +
         "><kind>individual</kind><number>780310300036</number><name>БАСШЫЕВ</name></" + party +
         "><application><number>" + std::string(kNumber) + "</number><action>" + action +
         "</action><registered-at>2026-01-01T00:00:10Z</registered-at><sha256>" + std::string(64, 'a') +
         "</sha256></application>";
}
constexpr const char* kTail =
    "<decided-at>2026-01-02T00:00:00Z</decided-at><officer><name>Кенесов Арман</name><bin>100440000219</bin></officer>";

std::string refusal() {
  return "<refusal xmlns=\"urn:tanba:refusal:1\"><number>R-2026-01-0000001-11</number>" +
         parties("applicant", "issue") + "<reason>нет специалистов</reason>" + kTail + "</refusal>";
}
std::string licence(const std::string& replaces = "") {
  return "<licence xmlns=\"urn:tanba:licence:1\"><number>L-2026-01-0000001-11</number><register>licence</register>" +
         parties("holder", replaces.empty() ? "issue" : "duplicate") +
         (replaces.empty() ? "" : "<replaces>" + replaces + "</replaces>") +
         "<conditions>с оговоркой</conditions><valid-until>2030-01-01</valid-until>" + kTail + "</licence>";
}

AskedDecision asked() {
  return {.application = std::string(kNumber),
          .verdict = Verdict::kRefusal,
          .reason = "нет специалистов",
          .valid_until = {}};
}
AskedDecision asked_to_grant() {
  return {.application = std::string(kNumber),
          .verdict = Verdict::kGrant,
          .reason = "с оговоркой",
          .valid_until = "2030-01-01"};
}

std::string prepared_code(const std::string& document, const AskedDecision& decision,
                          const FiledApplication& application = filed(), base::Time now = kNow) {
  return code_of(check_prepared(base::as_bytes(document), decision, application, now));
}

TEST(PreparedDecision, IsTakenWhenItIsWhatWasAskedFor) {
  const auto prepared = check_prepared(base::as_bytes(refusal()), asked(), filed(), kNow);
  ASSERT_EQ(code_of(prepared), "ok");
  EXPECT_EQ(prepared->number, "R-2026-01-0000001-11");
  EXPECT_EQ(prepared_code(licence(), asked_to_grant()), "ok");
}

// All of it, in every language.
TEST(PreparedDecision, IsShownWhole) {
  const std::string document =
      with(with(licence("L-7"), "<kk>Oil</kk>", "<kk>ҚАРУ</kk>"), "<en>Oil</en>", "<en>Arms</en>");
  const auto prepared = check_prepared(base::as_bytes(document), asked_to_grant(), filed("L-7"), kNow);
  ASSERT_EQ(code_of(prepared), "ok");
  const std::string text = prepared_text(*prepared, asked_to_grant(), Language::kRussian);
  for (const char* shown : {"L-2026-01-0000001-11",
                            "выдать",
                            "Реестр [register]: лицензия [licence]",
                            "Услуга, код [service/id]: oil-gas",
                            "[service/name/ru]: Oil",
                            "[service/name/kk]: ҚАРУ",
                            "[service/name/en]: Arms",
                            "Лицензиар, БИН [licensor/bin]: 100440000219",
                            "[licensor/name/kk]: Committee",
                            "Обладатель, вид [holder/kind]: физическое лицо [individual]",
                            "[holder/number]: 780310300036",
                            "[holder/name]: БАСШЫЕВ",
                            "[application/number]: A-2026",
                            "[application/action]: дубликат [duplicate]",
                            "[application/registered-at]: 2026-01-01T00:00:10Z",
                            "[application/sha256]: aaaa",
                            "[replaces]: L-7",
                            "[conditions]: с оговоркой",
                            "[valid-until]: 2030-01-01",
                            "[decided-at]: 2026-01-02T00:00:00Z",
                            "[officer/name]: Кенесов Арман",
                            "[officer/bin]: 100440000219"}) {
    EXPECT_NE(text.find(shown), std::string::npos) << shown << " in " << text;
  }
}

TEST(PreparedDecision, IsNotSignedWhenItIsSomethingElse) {
  AskedDecision other = asked();
  other.application = "A-2026-01-0000002-20";
  EXPECT_EQ(prepared_code(refusal(), other), "xml.prepared_changed");
  other = asked();
  other.reason = "иная";
  EXPECT_EQ(prepared_code(refusal(), other), "xml.prepared_changed");
  other = asked();
  other.verdict = Verdict::kGrant;
  EXPECT_EQ(prepared_code(refusal(), other), "xml.prepared_changed");
  other = asked();
  other.valid_until = "2030-01-01";
  EXPECT_EQ(prepared_code(refusal(), other), "xml.prepared_changed");
}

TEST(PreparedDecision, WarnsOfAnotherNameInTheApplicantsCertificate) {
  FiledApplication application = filed();
  EXPECT_EQ(
      prepared_text(*check_prepared(base::as_bytes(refusal()), asked(), application, kNow), asked(), Language::kEnglish)
          .find("Another name"),
      std::string::npos);
  application.signed_by = "ДЕМОВ АЙДОС";
  EXPECT_NE(
      prepared_text(*check_prepared(base::as_bytes(refusal()), asked(), application, kNow), asked(), Language::kEnglish)
          .find("Another name in the certificate: ДЕМОВ АЙДОС"),
      std::string::npos);
}

// A false server changes one element; everything else is right.
TEST(PreparedDecision, IsNotSignedWhenOneElementIsFalse) {
  const std::vector<std::pair<std::string, std::string>> changes{
      {"<number>L-2026", "<number>R-2026"},
      {"<register>licence", "<register>permit"},
      {"<id>oil-gas", "<id>arms"},
      {"<licensor><bin>100440000219", "<licensor><bin>100440000311"},
      {"<kind>individual", "<kind>organisation"},
      {"<number>780310300036", "<number>850101300015"},
      {"<name>БАСШЫЕВ", "<name>БАСҚА"},
      {std::string(kNumber), "A-2026-01-0000002-20"},
      {"<action>issue", "<action>reissue"},
      {"2026-01-01T00:00:10Z", "2020-01-01T00:00:10Z"},
      {"2026-01-01T00:00:10Z", "2026-01-02T00:00:10Z"},
      {std::string(64, 'a'), std::string(64, 'b')},
      {"<conditions>с оговоркой", "<conditions>без оговорок"},
      {"<conditions>с оговоркой</conditions>", ""},
      {"<conditions>", "<replaces>L-2019-02-0000777-11</replaces><conditions>"},
      {"<valid-until>2030", "<valid-until>2031"},
      {"<valid-until>2030-01-01</valid-until>", ""},
      {"<decided-at>2026-01-02", "<decided-at>2019-01-02"},
      {"<decided-at>2026-01-02", "<decided-at>2026-01-03"},
      {"<officer><name>Кенесов Арман</name><bin>100440000219", "<officer><name>Кенесов Арман</name><bin>100440000311"},
      // What the schema does not have.
      {"<register>licence</register>", "<register>licence</register><register>licence</register>"},
      {"<id>oil-gas</id>", "<id>oil-gas</id><id>arms</id>"},
      {"<en>Oil</en>", "<en>Oil</en><de>Oil</de>"},
      {"<id>oil-gas</id>", ""}};
  for (const auto& [from, to] : changes) {
    EXPECT_EQ(prepared_code(with(licence(), from, to), asked_to_grant()), "xml.prepared_changed") << to;
  }
  EXPECT_EQ(prepared_code(licence("L-7"), asked_to_grant(), filed("L-7")), "ok");
  EXPECT_EQ(prepared_code(licence("L-8"), asked_to_grant(), filed("L-7")), "xml.prepared_changed");
  EXPECT_EQ(prepared_code(with(licence("L-7"), "<replaces>L-7</replaces>", ""), asked_to_grant(), filed("L-7")),
            "xml.prepared_changed");
}

// A duplicate ends with its original, whatever that end is: it is shown, not asked for.
TEST(PreparedDecision, OfADuplicateHasItsOriginalsEnd) {
  AskedDecision without_end = asked_to_grant();
  without_end.valid_until.clear();
  EXPECT_EQ(prepared_code(licence("L-7"), without_end, filed("L-7")), "ok");
  EXPECT_EQ(prepared_code(licence(), without_end), "xml.prepared_changed");
}

TEST(PreparedDecision, IsForThePersonWhoSigns) {
  const auto prepared = check_prepared(base::as_bytes(licence()), asked_to_grant(), filed(), kNow).value();
  const auto code = [&](const std::string& name, const std::string& bin) {
    return code_of(check_officer(prepared, {.iin = {}, .bin = bin, .name = name, .organization = "", .roles = {}}));
  };
  EXPECT_EQ(code("КЕНЕСОВ АРМАН", "100440000219"), "ok");
  EXPECT_EQ(code("КЕНЕСОВ АРМАН БОЛАТҰЛЫ", "100440000219"), "ok") << "the list may leave the patronymic out";
  EXPECT_EQ(code("БАСШЫЕВ ДӘУЛЕТ", "100440000219"), "xml.prepared_changed");
  EXPECT_EQ(code("КЕНЕСОВ АРМАН", "100440000311"), "xml.prepared_changed");
}

TEST(PreparedDecision, HoldsNothingBesideWhatItsSchemaHas) {
  const std::string end = "</refusal>";
  EXPECT_EQ(prepared_code(with(refusal(), end, "<also>grant</also>" + end), asked()), "xml.prepared_changed");
  EXPECT_EQ(
      prepared_code(with(refusal(), end, "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>" + end), asked()),
      "xml.prepared_changed");
  EXPECT_EQ(prepared_code(with(refusal(), end, "text" + end), asked()), "xml.malformed");
  EXPECT_EQ(prepared_code(with(refusal(), "<reason>", "<reason>нет специалистов</reason><reason>"), asked()),
            "xml.prepared_changed");
  EXPECT_EQ(prepared_code(with(refusal(), "<id>", "<?say arms?><id>"), asked()), "xml.malformed");
  EXPECT_EQ(prepared_code("<!DOCTYPE a>" + refusal(), asked()), "xml.doctype");
}

TEST(FiledApplicationTest, IsReadFromWhatIsSignedOnly) {
  const auto context = pki::Context::create().value();
  EXPECT_EQ(code_of(read_filed(*context, base::as_bytes("<application xmlns=\"urn:tanba:application:1\"/>"))),
            "xml.prepared_changed");
}

class Approval : public testing::Test {
 protected:
  static tokens::client::Intent good(pki::Context& context) {
    base::Budget budget{base::Limits{}};
    return {.id = "i-1",
            .kind = tokens::client::IntentKind::kRefusal,
            .number = "R-2026-01-0000001-11",
            .document = {pki::DigestAlgorithm::kSha256, xmldsig::document_digest(context, base::as_bytes(refusal()),
                                                                                 pki::DigestAlgorithm::kSha256, budget)
                                                            .value()},
            .licensor = "100440000219",
            .key = "refusal"};
  }
  std::string check(const tokens::client::Intent& intent) {
    const auto prepared = check_prepared(base::as_bytes(refusal()), asked(), filed(), kNow);
    return code_of(check_approval_text(*context_, tokens::client::intent_text(intent), "i-1", "refusal",
                                       base::as_bytes(refusal()), asked(), *prepared));
  }
  std::unique_ptr<pki::Context> context_ = pki::Context::create().value();
};

TEST_F(Approval, SpeaksOfExactlyThisDocument) {
  EXPECT_EQ(check(good(*context_)), "ok");
}

TEST_F(Approval, OfAnythingElseIsNotGiven) {
  tokens::client::Intent intent = good(*context_);
  intent.id = "i-2";
  EXPECT_EQ(check(intent), "xml.prepared_changed");
  intent = good(*context_);
  intent.kind = tokens::client::IntentKind::kLicence;
  EXPECT_EQ(check(intent), "xml.prepared_changed");
  intent = good(*context_);
  intent.number = "R-2026-01-0000002-08";
  EXPECT_EQ(check(intent), "xml.prepared_changed");
  intent = good(*context_);
  intent.licensor = "050140000011";
  EXPECT_EQ(check(intent), "xml.prepared_changed");
  intent = good(*context_);
  intent.key = "licence";
  EXPECT_EQ(check(intent), "xml.prepared_changed");
  intent = good(*context_);
  intent.document.value[0] ^= 1;
  EXPECT_EQ(check(intent), "xml.prepared_changed");
}

std::string challenge(const std::string& host, const std::string& root = "login-challenge",
                      const std::string& last = "") {
  return "<" + root + " xmlns=\"urn:tanba:login-challenge:1\"><host>" + host +
         "</host><nonce>00</nonce>"
         "<issued-at>2026-01-01T00:00:00Z</issued-at><expires-at>2026-01-01T00:02:00Z</expires-at>" +
         last + "</" + root + ">";
}

TEST(Challenge, IsSignedForTheHostThatIsSpokenToOnly) {
  const auto code = [](const std::string& text) {
    return code_of(check_challenge(base::as_bytes(text), "tanba.example"));
  };
  EXPECT_EQ(code(challenge("tanba.example")), "ok");
  EXPECT_EQ(code(challenge("other.example")), "auth.challenge");
  EXPECT_EQ(code(challenge("tanba.example", "licence")), "auth.challenge");
  EXPECT_EQ(code(challenge("tanba.example", "login-challenge", "<also/>")), "xml.prepared_changed");
  EXPECT_EQ(code("not XML"), "xml.malformed");
}

}  // namespace
}  // namespace tanba::cli
