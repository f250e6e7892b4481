// The daemon whole, over sockets: an application's way from submission to licence, and every endpoint tried by those it
// does not belong to.
#include "server/daemon.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/test_support.h"
#include "licensing/services.h"
#include "net/fetch/test_server.h"
#include "net/http/test_client.h"
#include "pki/certificate.h"
#include "pki/signer.h"
#include "server/auth.h"
#include "server/openapi_text.h"
#include "xmldsig/sign.h"

namespace tanba::server {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using base::test::made;
using base::test::read_made;
using net::fetch::testing::TestServer;
using net::http::testing::Answer;
using net::http::testing::TestClient;

constexpr std::string_view kOilGasBin = "100440000212";
constexpr std::string_view kIndustryBin = "100440000311";
constexpr std::string_view kOfficerIin = "790704300077";

// Signs with a certificate of the demo authority, as a workstation would.
base::Bytes sign(const std::string& who, std::string_view document) {
  const auto context = pki::Context::create().value();
  const auto certificate = pki::parse_certificates(read_made("certs/" + who + ".pem")).value().front();
  const auto issuing = pki::parse_certificates(read_made("ca/issuing.pem")).value();
  const auto key = pki::parse_pem(base::as_text(read_made("keys/" + who + ".key.pem"))).value().front();
  const auto signer = pki::make_key_signer(*context, certificate, base::Secret(key.octets)).value();
  base::Budget budget{base::Limits{}};
  return xmldsig::sign(*context, base::as_bytes(document), *signer, issuing, {signer->algorithms().front()}, budget)
      .value();
}

std::string subject_number(const std::string& who, std::string_view kind) {
  const auto index = base::parse_json(base::as_text(read_made("index.json"))).value();
  return std::string(index.at("certificates").at(who).at(kind).as_string());
}

class DaemonTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { shared_ = new Whole(); }
  static void TearDownTestSuite() {
    whole().daemon->stop();
    expect_no_personal_data();
    delete shared_;
    shared_ = nullptr;
  }

  struct Reply {
    unsigned status = 0;
    std::string text;
    json::value body;  // null when it is no JSON
    net::http::Headers headers;
    [[nodiscard]] std::string code() const {
      const auto* object = body.if_object();
      return object != nullptr && object->contains("code") ? std::string(object->at("code").as_string()) : "";
    }
  };
  static Reply ask(std::string_view method, std::string_view path, const std::string& token = "",
                   const std::optional<json::value>& body = std::nullopt) {
    TestClient client(whole().daemon->port());
    const std::string content = body ? json::serialize(*body) : "";
    std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", method, path);
    if (!token.empty()) request += fmt::format("Authorization: Bearer {}\r\n", token);
    if (body) request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", content.size());
    const auto answer = client.ask(request + "\r\n" + content);
    EXPECT_TRUE(answer) << method << " " << path;
    if (!answer) return {};
    Reply reply{.status = answer->status, .text = answer->body, .body = nullptr, .headers = answer->headers};
    if (auto parsed = base::parse_json(answer->body)) reply.body = *std::move(parsed);
    return reply;
  }

  // A document and its content in one body.
  static Reply stream(const std::string& token, const std::string& query, base::ByteView document,
                      base::ByteView content) {
    TestClient client(whole().daemon->port());
    const std::string head = fmt::format(
        "POST /v1/verify/stream?documentBytes={}{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        document.size(), query, token, document.size() + content.size());
    const auto answer = client.ask(head + std::string(base::as_text(document)) + std::string(base::as_text(content)));
    EXPECT_TRUE(answer);
    if (!answer) return {};
    Reply reply{.status = answer->status, .text = answer->body, .body = nullptr, .headers = answer->headers};
    if (auto parsed = base::parse_json(answer->body)) reply.body = *std::move(parsed);
    return reply;
  }

  // A document with its content inside.
  static Reply stream_whole(const std::string& token, const std::string& query, base::ByteView document) {
    TestClient client(whole().daemon->port());
    const std::string head = fmt::format(
        "POST /v1/verify/stream{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        query, token, document.size());
    const auto answer = client.ask(head + std::string(base::as_text(document)));
    EXPECT_TRUE(answer);
    if (!answer) return {};
    Reply reply{.status = answer->status, .text = answer->body, .body = nullptr, .headers = answer->headers};
    if (auto parsed = base::parse_json(answer->body)) reply.body = *std::move(parsed);
    return reply;
  }

  // Until the revocation lists have been fetched.
  static void wait_for_lists() {
    while (ask("GET", "/metrics").text.find("tanba_evidence_lists 2") == std::string::npos) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  static Reply log_in(const std::string& who, const std::string& role = "officer") {
    wait_for_lists();
    const std::string challenge(ask("POST", "/v1/login/challenge").body.at("challenge").as_string());
    return ask("POST", "/v1/login", "",
               json::object{{"document", base::to_base64(sign(who, challenge))}, {"role", role}});
  }
  static std::string token_of(const std::string& who, const std::string& role = "officer") {
    const Reply reply = log_in(who, role);
    EXPECT_EQ(reply.status, 200U) << reply.text;
    return reply.status == 200 ? std::string(reply.body.at("token").as_string()) : "";
  }

  static std::string application(const std::string& request_id, const std::string& bin) {
    return fmt::format(
        "<application xmlns=\"urn:tanba:application:1\"><request-id>{}</request-id><service>oil-gas</service>"
        "<action>issue</action><licensor-bin>{}</licensor-bin><created-at>{}</created-at><applicant>"
        "<kind>organisation</kind><number>{}</number><name>ТОО «ДЕМО»</name></applicant><fields>"
        "<field name=\"activity\">x</field></fields><attachments><attachment><name>receipt.pdf</name>"
        "<media-type>application/pdf</media-type><kind>receipt</kind><sha256>{}</sha256></attachment></attachments>"
        "</application>",
        request_id, kOilGasBin, base::format_time(base::SystemClock().now()), bin,
        base::sha256(base::as_bytes("receipt")).hex());
  }
  static json::value submission(base::ByteView document, const std::string& bin) {
    return json::object{{"applicant", json::object{{"kind", "organisation"}, {"number", bin}}},
                        {"document", base::to_base64(document)},
                        {"attachments", json::array{base::to_base64(base::as_bytes("receipt"))}}};
  }

  // Whatever was asked: every line is JSON, and none names a person or holds a secret.
  static void expect_no_personal_data() {
    const std::scoped_lock lock(whole().mutex);
    EXPECT_FALSE(whole().lines.empty());
    for (const std::string& line : whole().lines) {
      EXPECT_TRUE(base::parse_json(line)) << line;
      for (const std::string_view word : {kOilGasBin, kOfficerIin, std::string_view("ОФИЦЕРОВ"),
                                          std::string_view("tnb_"), std::string_view("tns_")}) {
        EXPECT_EQ(line.find(word), std::string::npos) << line;
      }
    }
  }

  struct Whole {
    Whole()
        : lists([](const TestServer::Received& request, TestServer::Connection& connection) {
            const base::Bytes list = read_made("crl" + request.path);
            connection.answer(200, base::as_text(list));
            return TestServer::After::kKeepOpen;
          }) {
      char name[] = "/tmp/tanbad-test-XXXXXX";
      folder = ::mkdtemp(name);
      const auto parsed = parse_config(configuration());
      EXPECT_TRUE(parsed) << parsed.error().front().message();
      auto config = normalise(*parsed, folder);
      EXPECT_TRUE(config) << config.error().front().message();
      log = std::make_unique<Log>(LogLevel::kDebug, LogFormat::kJson, clock, [this](std::string_view line) {
        const std::scoped_lock lock(mutex);
        lines.emplace_back(line);
      });
      auto started = Daemon::start(*std::move(config), clock, *log);
      EXPECT_TRUE(started) << started.error().message() << started.error().cause();
      daemon = *std::move(started);
    }
    ~Whole() {
      daemon.reset();
      fs::remove_all(folder);
    }

    std::string configuration() {
      std::string toml = fmt::format(
          "demo = true\n[listen]\nport = 0\n[[anchor]]\nfile = \"{}\"\npurposes = [\"applicant\", \"officer\", "
          "\"ocsp\", \"tsa\"]\n"
          "[revocation]\ncrl_urls = [\"{}\", \"{}\"]\n[session]\nchallenge_timeout_s = 3600\n",
          made("anchors.pem").string(), lists.url("/root.crl"), lists.url("/issuing.crl"));
      for (const char* portal : {"alpha", "beta", "gamma"}) {
        const std::string key = make_bearer_key().value();
        keys[portal] = key;
        toml += fmt::format(
            "[[portal]]\nid = \"{0}\"\n[[portal_key]]\nportal = \"{0}\"\nkind = \"bearer\"\nsha256 = \"{1}\"\n"
            "scopes = [{2}]\n",
            portal, base::sha256(base::as_bytes(key)).hex(),
            portal == std::string_view("gamma") ? "" : "\"verify\", \"submit\", \"read\"");
      }
      toml +=
          fmt::format("[[staff]]\niin = \"{}\"\nbin = \"{}\"\nname = \"ОФИЦЕРОВ НҰРЛАН\"\n", kOfficerIin, kOilGasBin);
      toml += fmt::format("[[staff]]\niin = \"{}\"\nbin = \"{}\"\nname = \"ТЕКСЕРУШИН БОЛАТ\"\n",
                          subject_number("officer-industry", "iin"), kIndustryBin);
      toml += fmt::format("[[staff]]\nkind = \"security\"\niin = \"{}\"\nbin = \"{}\"\nname = \"САҚШЫЕВА ЖАНАР\"\n",
                          subject_number("security", "iin"), subject_number("security", "bin"));
      return toml;
    }

    fs::path folder;
    std::map<std::string, std::string> keys;
    TestServer lists;
    base::SystemClock clock;
    std::mutex mutex;
    std::vector<std::string> lines;
    std::unique_ptr<Log> log;
    std::unique_ptr<Daemon> daemon;
  };
  static Whole& whole() { return *shared_; }
  static const std::string& key(const std::string& portal) { return whole().keys.at(portal); }

  inline static Whole* shared_ = nullptr;
};

TEST_F(DaemonTest, IsAliveReadyAndSaysThatItIsADemo) {
  EXPECT_EQ(ask("GET", "/healthz").status, 200U);
  Reply ready = ask("GET", "/readyz");
  while (ready.status != 200U) {  // on a busy machine the first answers of its checks may come later
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ready = ask("GET", "/readyz");
  }
  EXPECT_TRUE(ready.body.at("demo").as_bool());
  EXPECT_EQ(ready.body.at("checks").at("registry").at("status").as_string(), "ok");
  EXPECT_EQ(ask("GET", "/v1/openapi.json").text, kOpenApiText);
  EXPECT_EQ(ask("GET", "/v1/services").body.at("services").as_array().size(), licensing::default_services().size());
}

TEST_F(DaemonTest, NobodyGetsInWithoutAKeyOrScope) {
  EXPECT_EQ(ask("GET", "/v1/applications").code(), "auth.required");
  EXPECT_EQ(ask("GET", "/v1/applications", "tnb_guess").code(), "auth.required");
  EXPECT_EQ(ask("GET", "/v1/applications", key("gamma")).code(), "auth.denied");
  EXPECT_EQ(ask("GET", "/v1/applications", key("alpha")).status, 200U);
  EXPECT_EQ(ask("GET", "/v1/session", key("alpha")).body.at("portal").as_string(), "alpha");
}

TEST_F(DaemonTest, ABatchIsAnsweredInItsOrderEachForItself) {
  const std::string token = key("alpha");
  const auto batch = [&](json::array documents, const char* more = nullptr) {
    json::object question{{"documents", std::move(documents)}};
    if (more != nullptr) question["policy"] = more;
    return ask("POST", "/v1/verify", token, question);
  };
  json::array documents;
  for (char letter = 'a'; letter < 'k'; ++letter) {
    documents.push_back(json::object{{"document", base::to_base64(base::as_bytes(std::string(1, letter)))}});
  }
  const Reply reply = batch(documents);
  ASSERT_EQ(reply.status, 200U);
  const json::array& reports = reply.body.at("reports").as_array();
  ASSERT_EQ(reports.size(), documents.size());
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const std::string letter(1, static_cast<char>('a' + i));
    EXPECT_EQ(reports[i].at("report").at("subject").at("sha256").as_string(),
              base::sha256(base::as_bytes(letter)).hex());
    EXPECT_EQ(reports[i].at("report").at("decision").as_string(), "refuse");
  }
  // What keeps one from being judged is that one's problem.
  EXPECT_EQ(batch(documents, "conformance").body.at("reports").at(9).at("problem").at("code").as_string(),
            "input.member");
  EXPECT_EQ(batch({}).code(), "input.member");
  documents.resize(101, documents.front());
  EXPECT_EQ(batch(documents).code(), "input.member");
  documents.resize(100);
  EXPECT_EQ(batch(documents).status, 200U);
  EXPECT_EQ(batch({json::object{{"document", "YQ=="}, {"policy", "kz-archive"}}}).code(), "input.member");
  EXPECT_EQ(ask("POST", "/v1/verify", token,
                json::object{{"document", "YQ=="}, {"documents", json::array{json::object{{"document", "YQ=="}}}}})
                .code(),
            "input.member");
}

TEST_F(DaemonTest, AStampedSignatureIsLiftedWithTheListsAtHand) {
  wait_for_lists();
  const std::string token = key("alpha");
  const std::string document = base::to_base64(read_made("scenarios/cms-stamped-good/document.cms"));
  const std::string issuing = base::to_base64(read_made("ca/issuing.pem"));
  const Reply lifted =
      ask("POST", "/v1/augment", token,
          json::object{{"document", document}, {"level", "B-LT"}, {"intermediates", json::array{issuing}}});
  ASSERT_EQ(lifted.status, 200U) << lifted.text;
  EXPECT_EQ(lifted.body.at("report").at("decision").as_string(), "accept");
  // Nothing beside it is needed any more.
  const Reply alone = ask("POST", "/v1/verify", token, json::object{{"document", lifted.body.at("document")}});
  EXPECT_EQ(alone.body.at("decision").as_string(), "accept");
  // What has no time stamp needs an authority, and none is configured.
  const std::string bare = base::to_base64(read_made("scenarios/cms-attached/document.cms"));
  EXPECT_EQ(ask("POST", "/v1/augment", token,
                json::object{{"document", bare}, {"level", "B-T"}, {"intermediates", json::array{issuing}}})
                .code(),
            "augment.level");
}

TEST_F(DaemonTest, WhatIsNotAcceptedIsNotLifted) {
  const std::string token = key("alpha");
  const auto lift = [&](json::object question) { return ask("POST", "/v1/augment", token, question); };
  EXPECT_EQ(lift({{"document", "YQ=="}}).code(), "input.member");
  EXPECT_EQ(lift({{"document", "YQ=="}, {"level", "B-B"}}).code(), "input.member");
  EXPECT_EQ(lift({{"document", "YQ=="}, {"level", "B-LT"}, {"policy", "conformance"}}).code(), "input.member");
  const Reply refused = lift({{"document", "YQ=="}, {"level", "B-LT"}});
  EXPECT_EQ(refused.status, 422U);
  EXPECT_EQ(refused.body.at("report").at("decision").as_string(), "refuse");
  EXPECT_FALSE(refused.body.as_object().contains("document"));
}

TEST_F(DaemonTest, BadInputGetsItsCode) {
  const std::string& token = key("alpha");
  EXPECT_EQ(ask("POST", "/v1/verify", token, json::object{{"document", "!"}}).code(), "input.member");
  EXPECT_EQ(ask("POST", "/v1/verify", token, json::object{{"document", "YQ=="}, {"x", 1}}).code(), "input.member");
  EXPECT_EQ(ask("POST", "/v1/verify", token, json::object{}).code(), "input.member");
  EXPECT_EQ(ask("POST", "/v1/verify", token, json::object{{"document", "YQ=="}, {"policy", "conformance"}}).status,
            400U);
  EXPECT_EQ(ask("POST", "/v1/verify", token).code(), "request.media_type");
  EXPECT_EQ(ask("GET", "/v1/applications?limit=501", token).code(), "input.member");
  EXPECT_EQ(ask("GET", "/v1/applications?colour=red", token).code(), "input.member");
  EXPECT_EQ(ask("GET", "/v1/applications/nonsense", token).status, 400U);
  EXPECT_EQ(ask("PUT", "/v1/applications", token).code(), "request.method");
  EXPECT_EQ(ask("GET", "/v2", token).code(), "request.not_found");
  const Reply verdict = ask("POST", "/v1/verify", token, json::object{{"document", "YQ=="}});
  EXPECT_EQ(verdict.status, 200U) << "what is wrong inside a document is a verdict";
  EXPECT_EQ(verdict.body.at("decision").as_string(), "refuse");
}

TEST_F(DaemonTest, ContentIsDigestedWhileItArrives) {
  wait_for_lists();
  const std::string& token = key("alpha");
  for (const std::string scenario : {"cms-detached-large", "cms-detached-with-authority"}) {
    const base::Bytes document = read_made("scenarios/" + scenario + "/document.cms");
    base::Bytes content = read_made("scenarios/" + scenario + "/content.bin");
    const Reply good = stream(token, "", document, content);
    ASSERT_EQ(good.status, 200U) << good.text;
    EXPECT_EQ(good.body.at("decision").as_string(), "accept") << good.text;
    EXPECT_EQ(stream(token, "&iin=941240000193", document, content).body.at("subIndication").as_string(),
              "IDENTITY_MISMATCH");
    content[content.size() / 2] ^= 1;
    const Reply other = stream(token, "", document, content);
    EXPECT_EQ(other.body.at("subIndication").as_string(), "HASH_FAILURE") << other.text;
  }
}

TEST_F(DaemonTest, AnAttachedDocumentIsDigestedWhileItArrives) {
  wait_for_lists();
  const std::string& token = key("alpha");
  for (const char* name : {"cms-large-with-authority/document.cms", "cms-with-authority/document.cms",
                           "xml-with-authority/document.xml"}) {
    base::Bytes document = read_made(std::string("scenarios/") + name);
    const Reply good = stream_whole(token, "", document);
    ASSERT_EQ(good.status, 200U) << good.text;
    EXPECT_EQ(good.body.at("decision").as_string(), "accept") << good.text;
    EXPECT_EQ(good.body.at("subject").at("sha256").as_string(), base::sha256(document).hex());
    EXPECT_EQ(stream_whole(token, "?iin=941240000193", document).body.at("subIndication").as_string(),
              "IDENTITY_MISMATCH");
  }
  base::Bytes document = read_made("scenarios/cms-large-with-authority/document.cms");
  document[document.size() / 2] ^= 1;
  EXPECT_EQ(stream_whole(token, "", document).body.at("subIndication").as_string(), "HASH_FAILURE");
  document.resize(document.size() - 1);
  const Reply broken = stream_whole(token, "", document);
  EXPECT_EQ(broken.status, 200U);
  EXPECT_EQ(broken.body.at("subIndication").as_string(), "FORMAT_FAILURE") << broken.text;
  const base::Bytes text(2U << 20, '<');
  EXPECT_EQ(stream_whole(token, "", text).code(), "input.too_large");
}

TEST_F(DaemonTest, AStreamThatIsNoneGetsItsCode) {
  const std::string& token = key("alpha");
  const base::Bytes document = read_made("scenarios/cms-detached/document.cms");
  EXPECT_EQ(stream(token, "&policy=conformance", document, document).code(), "input.member");
  EXPECT_EQ(stream(token, "&colour=red", document, document).code(), "input.member");
  EXPECT_EQ(stream(token, "", {}, document).code(), "input.member") << "no document";
  EXPECT_EQ(stream("tnb_guess", "", document, document).code(), "auth.required");
  EXPECT_EQ(stream_whole("tnb_guess", "", document).code(), "auth.required");
  EXPECT_EQ(stream_whole(token, "?documentBytes=", document).code(), "input.member");
  EXPECT_EQ(ask("POST", "/v1/verify/stream?documentBytes=1", token, json::object{}).code(), "request.media_type");
  EXPECT_EQ(stream(token, "", document, {}).body.at("subIndication").as_string(), "HASH_FAILURE") << "empty content";
}

// Known by the answer's coming at all: most of what was promised is never sent.
TEST_F(DaemonTest, AGuessedKeyIsNotReadToTheEnd) {
  const base::Bytes document = read_made("scenarios/cms-detached/document.cms");
  TestClient client(whole().daemon->port());
  ASSERT_TRUE(client.send(fmt::format(
      "POST /v1/verify/stream?documentBytes={} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer tnb_guess\r\n"
      "Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n{}",
      document.size(), document.size() + (8U << 20), base::as_text(document))));
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401U);
}

TEST_F(DaemonTest, OfficersLogInByASignedChallengeOnce) {
  wait_for_lists();
  const std::string token = token_of("officer");
  const Reply session = ask("GET", "/v1/session", token);
  EXPECT_EQ(session.body.at("kind").as_string(), "officer");
  EXPECT_EQ(session.body.at("staff").at("bin").as_string(), kOilGasBin);
  EXPECT_EQ(ask("DELETE", "/v1/session", token).status, 204U);
  EXPECT_EQ(ask("GET", "/v1/session", token).code(), "auth.required");

  const std::string challenge(ask("POST", "/v1/login/challenge").body.at("challenge").as_string());
  const json::value document = json::object{{"document", base::to_base64(sign("officer", challenge))}};
  EXPECT_EQ(ask("POST", "/v1/login", "", document).status, 200U);
  EXPECT_EQ(ask("POST", "/v1/login", "", document).code(), "auth.challenge") << "used";
  EXPECT_EQ(ask("POST", "/v1/verify", key("alpha"), document).body.at("decision").as_string(), "refuse")
      << "a signed challenge is no document";
}

// Asking is anybody's: it must not use up what officers need.
TEST_F(DaemonTest, NobodysChallengesKeepAnOfficerFromLoggingIn) {
  wait_for_lists();
  const std::string early(ask("POST", "/v1/login/challenge").body.at("challenge").as_string());
  TestClient nobody(whole().daemon->port());
  for (int i = 0; i < 20'000; ++i) {
    const auto answer = nobody.ask("POST /v1/login/challenge HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(answer) << i;
    ASSERT_EQ(answer->status, 200U) << i;
  }
  EXPECT_EQ(log_in("officer").status, 200U);
  const json::value document = json::object{{"document", base::to_base64(sign("officer", early))}};
  EXPECT_EQ(ask("POST", "/v1/login", "", document).status, 200U) << "nor is one that was given out before forgotten";
}

TEST_F(DaemonTest, AStrangersSignatureDoesNotUseUpAChallenge) {
  wait_for_lists();
  const std::string challenge(ask("POST", "/v1/login/challenge").body.at("challenge").as_string());
  const auto as = [&](const std::string& who) {
    return ask("POST", "/v1/login", "", json::object{{"document", base::to_base64(sign(who, challenge))}});
  };
  EXPECT_EQ(as("head").code(), "role.not_listed");
  EXPECT_EQ(as("officer").status, 200U);
}

TEST_F(DaemonTest, OthersDoNotLogIn) {
  wait_for_lists();
  EXPECT_EQ(log_in("head").status, 403U);
  EXPECT_EQ(log_in("head").code(), "role.not_listed");
  EXPECT_EQ(log_in("revoked").status, 403U);
  EXPECT_EQ(log_in("officer-second").status, 403U) << "entitled, but not listed";
}

// --- trust lists -----------------------------------------------------------------------------------------------------

json::object import_of(const std::string& name, const std::string& sha256, std::int64_t based_on) {
  return {{"kind", "anchor"},      {"certificate", base::to_base64(read_made(name))},
          {"sha256", sha256},      {"purposes", json::array{"tsa"}},
          {"reason", "tried out"}, {"basedOn", based_on}};
}

TEST_F(DaemonTest, SecurityStaffLogInAsThatAndAsNothingElse) {
  wait_for_lists();
  const std::string token = token_of("security", "security");
  const Reply session = ask("GET", "/v1/session", token);
  EXPECT_EQ(session.body.at("kind").as_string(), "security");
  EXPECT_EQ(ask("GET", "/v1/trust", token).status, 200U);
  // Licensors' matters are not theirs.
  for (const char* path : {"/v1/applications", "/v1/licences", "/v1/applications/A-2026-01-0000001-22"}) {
    EXPECT_EQ(ask("GET", path, token).code(), "auth.denied") << path;
  }
  EXPECT_EQ(ask("DELETE", "/v1/session", token).status, 204U);
  EXPECT_EQ(log_in("security", "officer").code(), "role.not_listed");
  EXPECT_EQ(log_in("officer", "security").code(), "role.not_listed");
  EXPECT_EQ(log_in("security", "operator").code(), "input.member");
}

// Every operation of the description on these paths, whatever is asked.
TEST_F(DaemonTest, TrustAndRevocationAreForSecurityStaffAlone) {
  wait_for_lists();
  const std::string officer = token_of("officer");
  const json::value api = base::parse_json(kOpenApiText).value();
  int tried = 0;
  for (const auto& [pattern, item] : api.at("paths").as_object()) {
    std::string path(pattern);
    if (!path.starts_with("/v1/trust") && !path.starts_with("/v1/revocation")) continue;
    for (const std::string name : {"{version}", "{id}"}) {
      if (const auto at = path.find(name); at != std::string::npos) path.replace(at, name.size(), "1");
    }
    for (const auto& [method, operation] : item.as_object()) {
      const bool wants_body = operation.as_object().contains("requestBody");
      const std::optional<json::value> body = wants_body ? std::optional<json::value>(json::object{}) : std::nullopt;
      for (const auto& [token, code] : std::map<std::string, std::string>{
               {officer, "auth.denied"}, {key("alpha"), "auth.denied"}, {"", "auth.required"}}) {
        EXPECT_EQ(ask(method == "get" ? "GET" : "POST", path, token, body).code(), code) << method << " " << path;
        ++tried;
      }
    }
  }
  EXPECT_GE(tried, 45);
}

// One path for all of it: what it changes is the shared daemon's.
TEST_F(DaemonTest, ATrustListIsChangedAndRolledBackAndNothingElseIs) {
  wait_for_lists();
  const std::string token = token_of("security", "security");
  const std::string officer = token_of("officer");
  const Reply first = ask("GET", "/v1/trust", token);
  const std::int64_t start = first.body.at("version").as_int64();
  EXPECT_EQ(ask("GET", "/v1/trust/versions/1", token).body.at("by").at("id").as_string(), "configuration");
  const std::string issuing = pki::parse_certificates(read_made("ca/issuing.pem")).value().front()->digest().hex();

  const Reply mismatch =
      ask("POST", "/v1/trust/certificates", token, import_of("ca/issuing.pem", std::string(64, '0'), start));
  EXPECT_EQ(mismatch.status, 400U);
  EXPECT_EQ(mismatch.code(), "trust.fingerprint");
  const Reply made_it = ask("POST", "/v1/trust/certificates", token, import_of("ca/issuing.pem", issuing, start));
  ASSERT_EQ(made_it.status, 201U) << made_it.text;
  EXPECT_EQ(made_it.body.at("version").as_int64(), start + 1);
  EXPECT_EQ(made_it.body.at("anchors").as_array().size(), 2U);
  EXPECT_EQ(ask("POST", "/v1/trust/certificates", token, import_of("ca/issuing.pem", issuing, start)).code(),
            "trust.version");
  EXPECT_EQ(ask("POST", "/v1/trust/certificates", token, import_of("ca/issuing.pem", issuing, start + 1)).code(),
            "trust.unchanged");

  // In force at once, in reports too; sessions and revocation lists are as they were.
  const Reply report = ask("POST", "/v1/verify", key("alpha"), json::object{{"document", "YQ=="}});
  EXPECT_EQ(report.body.at("trust").at("snapshot").as_string(), made_it.body.at("list").as_string());
  EXPECT_EQ(ask("GET", "/v1/session", officer).status, 200U);
  EXPECT_NE(ask("GET", "/metrics").text.find("tanba_evidence_lists 2"), std::string::npos);

  const Reply diff = ask("GET", fmt::format("/v1/trust/versions/{}/diff", start + 1), token);
  ASSERT_EQ(diff.body.at("changes").as_array().size(), 1U) << diff.text;
  EXPECT_EQ(diff.body.at("changes").at(0).at("after").at("sha256").as_string(), issuing);
  EXPECT_EQ(ask("GET", fmt::format("/v1/trust/versions/{0}/diff?from={0}", start), token)
                .body.at("changes")
                .as_array()
                .size(),
            0U);
  EXPECT_EQ(ask("GET", "/v1/trust/versions/999", token).code(), "registry.not_found");
  EXPECT_EQ(ask("GET", "/v1/trust/versions/nine", token).code(), "input.member");

  const std::string root(first.body.at("anchors").at(0).at("sha256").as_string());
  EXPECT_EQ(ask("POST", "/v1/trust/removals", token,
                json::object{{"kind", "anchor"}, {"sha256", root}, {"reason", "x"}, {"basedOn", start + 1}})
                .code(),
            "trust.lock_out");
  const Reply back = ask("POST", "/v1/trust/rollbacks", token,
                         json::object{{"version", start}, {"reason", "x"}, {"basedOn", start + 1}});
  ASSERT_EQ(back.status, 201U) << back.text;
  EXPECT_EQ(back.body.at("list").as_string(), first.body.at("list").as_string());
  const Reply versions = ask("GET", "/v1/trust/versions?limit=2", token);
  EXPECT_EQ(versions.body.at("versions").at(0).at("restores").as_int64(), start);
  EXPECT_EQ(versions.body.at("next").as_int64(), start + 1);
}

TEST_F(DaemonTest, AChangeOfTrustEndsCachedPathsAndARollbackBringsThemBack) {
  wait_for_lists();
  const std::string token = token_of("security", "security");
  const auto decision = [] {
    const Reply reply = ask("POST", "/v1/certificates/check", key("alpha"),
                            json::object{{"certificate", base::to_base64(read_made("certs/head.pem"))},
                                         {"intermediates", json::array{base::to_base64(read_made("ca/issuing.pem"))}}});
    return std::string(reply.body.at("decision").as_string());
  };
  const auto version = [&] { return ask("GET", "/v1/trust", token).body.at("version").as_int64(); };
  const std::int64_t before = version();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(decision(), "accept");  // every worker has the path by now
  json::object import = import_of(
      "anchors.pem", pki::parse_certificates(read_made("anchors.pem")).value().front()->digest().hex(), before);
  import["purposes"] = json::array{"officer", "ocsp"};  // no longer for applicants
  ASSERT_EQ(ask("POST", "/v1/trust/certificates", token, import).status, 201U);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(decision(), "refuse");
  const Reply back = ask("POST", "/v1/trust/rollbacks", token,
                         json::object{{"version", before}, {"reason", "x"}, {"basedOn", before + 1}});
  ASSERT_EQ(back.status, 201U) << back.text;
  for (int i = 0; i < 8; ++i) EXPECT_EQ(decision(), "accept");
}

// --- revocation ------------------------------------------------------------------------------------------------------

TEST_F(DaemonTest, SecurityStaffSeeSourcesAndFetchListsNow) {
  wait_for_lists();
  const std::string token = token_of("security", "security");
  const Reply sources = ask("GET", "/v1/revocation/sources", token);
  const json::object* issuing = nullptr;
  for (const json::value& source : sources.body.at("sources").as_array()) {
    if (std::string_view(source.at("url").as_string()).ends_with("/issuing.crl")) issuing = &source.as_object();
  }
  ASSERT_NE(issuing, nullptr) << sources.text;
  EXPECT_EQ(issuing->at("origin").as_string(), "configured");
  EXPECT_GT(issuing->at("list").at("entries").as_int64(), 0);
  const std::string path = "/v1/revocation/sources/" + std::string(issuing->at("id").as_string());
  EXPECT_EQ(ask("GET", path, token).body.at("url").as_string(), issuing->at("url").as_string());
  const Reply refreshed = ask("POST", path + "/refresh", token);
  EXPECT_EQ(refreshed.status, 200U) << refreshed.text;
  EXPECT_GT(refreshed.body.at("successes").as_int64(), issuing->at("successes").as_int64());
  EXPECT_EQ(ask("POST", "/v1/revocation/sources/" + std::string(64, '0') + "/refresh", token).code(),
            "registry.not_found");
  EXPECT_EQ(ask("POST", "/v1/revocation/lists", token, json::object{}).code(), "request.media_type");
  EXPECT_TRUE(ask("GET", "/v1/revocation/alerts?state=open", token).body.at("alerts").as_array().empty());
  EXPECT_EQ(ask("GET", "/v1/revocation/alerts?state=odd", token).code(), "input.member");
  EXPECT_EQ(ask("POST", "/v1/revocation/alerts/00/confirmation", token, json::object{{"reason", "x"}}).code(),
            "registry.not_found");
}

TEST_F(DaemonTest, ALookUpFindsWhatACertificateTouches) {
  wait_for_lists();
  const std::string token = token_of("security", "security");
  const std::string bin = subject_number("sign-right", "bin");
  const std::string iin = subject_number("sign-right", "iin");
  const std::string text = application("6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a09", bin);
  const Reply registered = ask("POST", "/v1/applications", key("alpha"), submission(sign("sign-right", text), bin));
  ASSERT_EQ(registered.status, 201U) << registered.text;
  const auto look_up = [&](json::object question) {
    return ask("POST", "/v1/revocation/lookups", token, json::value(std::move(question)));
  };
  const Reply found = look_up({{"iin", iin}});
  ASSERT_EQ(found.body.at("certificates").as_array().size(), 1U) << found.text;
  const json::value& certificate = found.body.at("certificates").at(0);
  EXPECT_EQ(certificate.at("bin").as_string(), bin);
  EXPECT_EQ(certificate.at("revocation").at("status").as_string(), "good") << found.text;
  ASSERT_EQ(certificate.at("touches").as_array().size(), 1U);
  EXPECT_EQ(certificate.at("touches").at(0).at("application").as_string(), registered.body.at("number").as_string());
  EXPECT_EQ(certificate.at("touches").at(0).at("as").as_string(), "application");
  // By its serial, however it is written.
  std::string serial;
  for (const char c : std::string_view(certificate.at("serial").as_string())) {
    serial += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    if (serial.size() % 3 == 2) serial += ':';
  }
  const std::string plain(certificate.at("serial").as_string());
  for (const std::string& one : {serial, "00" + plain, "0x" + plain, "0X" + serial}) {
    EXPECT_EQ(look_up({{"serial", one}}).body.at("certificates").as_array().size(), 1U) << one;
  }
  EXPECT_TRUE(look_up({{"iin", "780310300036"}}).body.at("certificates").as_array().empty());
  for (const json::object& wrong : std::initializer_list<json::object>{
           {}, {{"iin", iin}, {"bin", bin}}, {{"iin", iin}, {"issuer", "CN=x"}}, {{"iin", 1}}, {{"name", "x"}}}) {
    EXPECT_EQ(look_up(wrong).code(), "input.member") << json::serialize(wrong);
  }
}

// Nothing found would be taken for nothing touched.
TEST_F(DaemonTest, AMistypedNumberFindsNothingAndSaysSo) {
  const std::string token = token_of("security", "security");
  const auto look_up = [&](const char* member, const std::string& value) {
    return ask("POST", "/v1/revocation/lookups", token, json::object{{member, value}}).code();
  };
  for (const char* number :
       {"85010130001", "850101300016", "IIN850101300015", " 850101300015", "8501013000150", "123"}) {
    EXPECT_EQ(look_up("iin", number), "input.identity_number") << number;
    EXPECT_EQ(look_up("bin", number), "input.identity_number") << number;
  }
  for (const char* serial : {"zz", "0x", ": :", "12g4", "1234-", "0x0x12"}) {
    EXPECT_EQ(look_up("serial", serial), "input.hex") << serial;
  }
  for (const char* path : {"/v1/applications?applicant=", "/v1/licences?holder="}) {
    EXPECT_EQ(ask("GET", path + std::string("850101300016"), key("alpha")).code(), "input.identity_number");
    EXPECT_EQ(ask("GET", path + std::string("abc"), key("alpha")).code(), "input.identity_number");
    EXPECT_EQ(ask("GET", path + std::string("850101300015"), key("alpha")).status, 200U);
  }
}

// --- an application's way, and who sees it ---------------------------------------------------------------------------

class Tenants : public DaemonTest {
 protected:
  // Every operation of the description whose path has all of `names` and no other names.
  static void try_all_as_strangers(const std::map<std::string, std::string>& names,
                                   const std::vector<std::string>& tokens) {
    const std::map<std::string, json::value> bodies{
        {"prepareDecision", json::object{{"kind", "grant"}, {"mode", "workstation"}}},
        {"approve", json::object{{"approval", "YQ=="}}},
        {"acceptSignature", json::object{{"document", "YQ=="}}},
        {"abandonIntent", json::object{{"note", "x"}}},
        {"changeLicence", json::object{{"event", "suspended"}, {"reason", "x"}}},
    };
    const json::value api = base::parse_json(kOpenApiText).value();
    int tried = 0;
    for (const auto& [pattern, item] : api.at("paths").as_object()) {
      std::string path(pattern);
      for (const auto& [name, value] : names) {
        if (const auto at = path.find(name); at != std::string::npos) path.replace(at, name.size(), value);
      }
      if (path == std::string_view(pattern) || path.find('{') != std::string::npos) continue;
      if (!std::string_view(pattern).starts_with(names.at("prefix"))) continue;
      for (const auto& [method, operation] : item.as_object()) {
        const std::string id(operation.at("operationId").as_string());
        const auto body = bodies.find(id);
        const bool wants_body = operation.as_object().contains("requestBody");
        ASSERT_EQ(wants_body, body != bodies.end()) << "give " << id << " a body";
        const std::string verb = method == "get" ? "GET" : "POST";
        for (const std::string& token : tokens) {
          const Reply reply = ask(verb, path, token, wants_body ? std::optional(body->second) : std::nullopt);
          EXPECT_TRUE(reply.status == 404 || reply.code() == "auth.denied") << verb << " " << path << " " << reply.text;
          ++tried;
        }
      }
    }
    EXPECT_GT(tried, 0) << names.at("prefix");
  }
};

TEST_F(Tenants, SeeAndTouchWhatIsTheirsAlone) {
  wait_for_lists();
  const std::string officer = token_of("officer");
  const std::string other_officer = token_of("officer-industry");
  const std::vector<std::string> strangers{key("beta"), key("gamma"), other_officer};

  // Filed by alpha, once; again by the same, and by another under the same id.
  const std::string text = application("6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a01", subject_number("head", "bin"));
  json::value filed = submission(sign("head", text), subject_number("head", "bin"));
  json::value without_claim = filed;
  without_claim.as_object().erase("applicant");
  EXPECT_EQ(ask("POST", "/v1/applications", key("alpha"), without_claim).code(), "input.member");
  json::value other_claim = filed;
  other_claim.at("applicant").at("number") = std::string(kOilGasBin);
  EXPECT_EQ(ask("POST", "/v1/applications", key("alpha"), other_claim).code(), "application.applicant");
  const Reply registered = ask("POST", "/v1/applications", key("alpha"), filed);
  ASSERT_EQ(registered.status, 201U) << registered.text;
  const std::string number(registered.body.at("number").as_string());
  EXPECT_EQ(registered.headers.find("location"), "/v1/applications/" + number);
  EXPECT_EQ(registered.body.at("report").at("decision").as_string(), "accept");
  const Reply repeated = ask("POST", "/v1/applications", key("alpha"), filed);
  EXPECT_EQ(repeated.body.at("number").as_string(), number);
  EXPECT_TRUE(repeated.body.at("repeat").as_bool());
  EXPECT_EQ(ask("POST", "/v1/applications", key("beta"), filed).code(), "application.request_repeated");

  EXPECT_EQ(ask("GET", "/v1/applications", key("alpha")).body.at("applications").as_array().size(), 1U);
  EXPECT_EQ(ask("GET", "/v1/applications?state=registered", officer).body.at("applications").as_array().size(), 1U);
  for (const std::string& stranger : {key("beta"), other_officer}) {
    EXPECT_TRUE(ask("GET", "/v1/applications", stranger).body.at("applications").as_array().empty());
  }
  const std::string receipt = base::sha256(base::as_bytes("receipt")).hex();
  EXPECT_EQ(ask("GET", "/v1/applications/" + number + "/attachments/" + receipt, officer).text, "receipt");
  EXPECT_EQ(ask("GET", "/v1/applications/" + number + "/report", officer).body.at("decision").as_string(), "accept");
  try_all_as_strangers({{"prefix", "/v1/applications"}, {"{number}", number}, {"{sha256}", receipt}}, strangers);

  // Decided by the officer, on a workstation.
  EXPECT_EQ(ask("POST", "/v1/applications/" + number + "/review", officer).body.at("state").as_string(), "in-review");
  EXPECT_EQ(ask("POST", "/v1/applications/" + number + "/review", key("alpha")).code(), "auth.denied");
  const Reply prepared = ask("POST", "/v1/applications/" + number + "/decisions", officer,
                             json::object{{"kind", "grant"}, {"mode", "workstation"}});
  ASSERT_EQ(prepared.status, 201U) << prepared.text;
  const std::string intent(prepared.body.at("intent").at("id").as_string());
  EXPECT_EQ(ask("GET", "/v1/intents/" + intent, officer).body.at("state").as_string(), "prepared");
  try_all_as_strangers({{"prefix", "/v1/intents"}, {"{id}", intent}}, strangers);

  const base::Bytes to_sign = base::from_base64(std::string_view(prepared.body.at("document").as_string())).value();
  const auto sign_as = [&](const std::string& who) {
    return json::object{{"document", base::to_base64(sign(who, base::as_text(to_sign)))}};
  };
  const Reply by_another = ask("POST", "/v1/intents/" + intent + "/signature", officer, sign_as("head"));
  EXPECT_EQ(by_another.status, 422U) << "the officer's session does not make another's key good";
  const Reply decided = ask("POST", "/v1/intents/" + intent + "/signature", officer, sign_as("officer"));
  ASSERT_EQ(decided.status, 200U) << decided.text;
  const std::string licence(decided.body.at("number").as_string());

  // The result.
  const Reply shown = ask("GET", "/v1/licences/" + licence, key("alpha"));
  EXPECT_EQ(shown.body.at("state").as_string(), "active") << shown.text;
  EXPECT_EQ(ask("GET", "/v1/licences/" + licence + "/document", key("alpha")).text,
            ask("GET", "/v1/applications/" + number + "/decision/document", officer).text);
  EXPECT_EQ(ask("GET", "/v1/applications/" + number + "/decision", key("alpha")).body.at("kind").as_string(), "grant");
  EXPECT_EQ(ask("GET", "/v1/licences", officer).body.at("licences").as_array().size(), 1U);
  EXPECT_TRUE(ask("GET", "/v1/licences", other_officer).body.at("licences").as_array().empty());
  try_all_as_strangers({{"prefix", "/v1/licences"}, {"{number}", licence}}, strangers);
  try_all_as_strangers({{"prefix", "/v1/applications/{number}/decision"}, {"{number}", number}}, strangers);
  EXPECT_EQ(
      ask("POST", "/v1/licences/" + licence + "/events", officer, json::object{{"event", "suspended"}, {"reason", "x"}})
          .body.at("state")
          .as_string(),
      "suspended");
}

TEST_F(DaemonTest, RefusedSubmissionsAreNotRegistered) {
  wait_for_lists();
  const std::string foreign = application("6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a02", "050140000011");
  const Reply refused =
      ask("POST", "/v1/applications", key("alpha"), submission(sign("foreign-bin", foreign), "050140000011"));
  EXPECT_EQ(refused.status, 422U) << refused.text;
  EXPECT_EQ(refused.code(), "identity.mismatch");
  EXPECT_EQ(refused.body.at("report").at("decision").as_string(), "refuse");
  const Reply revoked = ask(
      "POST", "/v1/applications", key("alpha"),
      submission(sign("revoked", application("6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a03", subject_number("revoked", "bin"))),
                 subject_number("revoked", "bin")));
  EXPECT_EQ(revoked.status, 422U);
  EXPECT_EQ(revoked.code(), "revocation.revoked");
}

TEST_F(DaemonTest, AnotherNameThanTheCertificatesIsShown) {
  wait_for_lists();
  const std::string bin = subject_number("head", "bin");
  const auto applicant_of = [&](const std::string& text) {
    const Reply filed = ask("POST", "/v1/applications", key("alpha"), submission(sign("head", text), bin));
    EXPECT_EQ(filed.status, 201U) << filed.text;
    const std::string number(filed.body.at("number").as_string());
    return ask("GET", "/v1/applications/" + number, key("alpha")).body.at("applicant").as_object();
  };
  EXPECT_FALSE(applicant_of(application("6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a11", bin)).contains("nameInCertificate"));
  std::string text = application("6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a12", bin);
  const std::string name = "ТОО «ДЕМО»";
  text.replace(text.find(name), name.size(), "ТОО «Рога и копыта»");
  EXPECT_EQ(applicant_of(text).at("nameInCertificate").as_string(), subject_number("head", "organization"));
}

TEST_F(DaemonTest, CertificatesAreCheckedBeforeAnythingIsSigned) {
  wait_for_lists();
  const auto check = [](const std::string& who) {
    return ask(
        "POST", "/v1/certificates/check", key("alpha"),
        json::object{{"certificate", base::to_base64(read_made("certs/" + who + ".pem"))},
                     {"intermediates", json::array{base::to_base64(read_made("ca/issuing.pem"))}},
                     {"applicant", json::object{{"kind", "organisation"}, {"number", subject_number("head", "bin")}}}});
  };
  EXPECT_EQ(check("head").body.at("decision").as_string(), "accept") << check("head").text;
  EXPECT_EQ(check("employee").body.at("subIndication").as_string(), "ROLE_NOT_ENTITLED");
  EXPECT_EQ(check("foreign-bin").body.at("subIndication").as_string(), "IDENTITY_MISMATCH");
}

// Neither a ГОСТ certificate nor a ГОСТ key: the provider that is loaded for verifying brings none in.
TEST(Daemon, NoGostKeyEntersByItsTls) {
  const auto start = [](const char* certificate, const char* key) {
    char name[] = "/tmp/tanbad-test-XXXXXX";
    const fs::path folder = ::mkdtemp(name);
    const auto parsed = parse_config(
        fmt::format("demo = true\n[listen]\nport = 0\n[[anchor]]\nfile = \"{}\"\npurposes = [\"applicant\"]\n[tls]\n"
                    "certificate = \"{}\"\nkey = \"{}\"\n",
                    made("anchors.pem").string(), made(certificate).string(), made(key).string()));
    EXPECT_TRUE(parsed);
    auto config = normalise(*parsed, folder);
    EXPECT_TRUE(config) << config.error().front().message();
    if (!config) return std::string("no configuration");
    const base::SystemClock clock;
    Log log(LogLevel::kError, LogFormat::kJson, clock, [](std::string_view) {});
    // Gone before its folder is: its threads write there for as long as it lives.
    const auto refusal = [&] {
      const auto daemon = Daemon::start(*std::move(config), clock, log);
      return daemon ? std::string() : daemon.error().message();
    }();
    fs::remove_all(folder);
    return refusal;
  };
  EXPECT_EQ(start("certs/tls-server.pem", "keys/tls-server.key.pem"), "");
  for (const char* key : {"keys/gost-head.key.pem", "keys/gost256-head.key.pem", "keys/gost2004-head.key.pem"}) {
    EXPECT_NE(start("certs/gost-head.pem", key).find("tls.certificate"), std::string::npos);
    EXPECT_NE(start("certs/tls-server.pem", key).find("tls.key"), std::string::npos) << key;
  }
}

TEST(Daemon, ARealDaemonTakesNoDemoAnchor) {
  Config config;
  config.anchors.push_back(
      {.file = made("anchors.pem"), .purposes = pki::TrustPurposes::all(), .not_before = {}, .not_after = {}});
  const base::SystemClock clock;
  Log log(LogLevel::kError, LogFormat::kJson, clock, [](std::string_view) {});
  const auto daemon = Daemon::start(config, clock, log);
  ASSERT_FALSE(daemon);
  EXPECT_EQ(daemon.error().code(), base::Code::kConfigDemoAnchor);
  EXPECT_EQ(check_files(config).front().code(), base::Code::kConfigDemoAnchor);
}

// All that is wrong at once, each by its key; what is only odd is none of it.
TEST(Daemon, TheCheckOfFilesNamesAllThatCannotWork) {
  char name[] = "/tmp/tanba-check-XXXXXX";
  const fs::path folder = ::mkdtemp(name);
  Config config;
  config.mode = Mode::kDemo;
  config.host = "localhost";
  config.limits.max_connections = 1;
  config.anchors.push_back(
      {.file = made("anchors.pem"), .purposes = pki::TrustPurposes::all(), .not_before = {}, .not_after = {}});
  config.egress.tls_ca_file = made("tls-anchors.pem");
  config.database = "sqlite:" + (folder / "registry.sqlite").string();
  config.documents = folder / "documents";
  const auto keys = [](const Errors& errors) {
    std::vector<std::string> out;
    out.reserve(errors.size());
    for (const base::Error& error : errors) out.push_back(error.arguments().front().value);
    return out;
  };
  EXPECT_EQ(keys(check_files(config)), std::vector<std::string>());

  Config bad = config;
  bad.anchors.front().file = folder / "none.pem";
  bad.egress.tls_ca_file = made("index.json");
  bad.database = "sqlite:/nonexistent/registry.sqlite";
  bad.documents = folder / "not" / "there";
  EXPECT_EQ(keys(check_files(bad)), (std::vector<std::string>{(folder / "none.pem").string(), "egress.tls_ca",
                                                              "database.url", "database.documents"}));

  const base::Time now(base::Seconds(1'780'000'000));
  EXPECT_EQ(keys(odd_settings(config, now)), std::vector<std::string>());
  config.anchors.front().not_after = now - base::Seconds(1);
  config.portal_keys.push_back(
      {.portal = "p", .sha256 = {}, .scopes = {}, .networks = {}, .expires = now - base::Seconds(1)});
  config.limits.max_connections = SIZE_MAX / 2;
  EXPECT_EQ(keys(odd_settings(config, now)),
            (std::vector<std::string>{"anchor.not_after", "portal_key.expires", "http.max_connections"}));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace tanba::server
