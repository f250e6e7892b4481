#include "server/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "server/settings.h"

namespace tanba::server {
namespace {

using base::Code;

constexpr std::string_view kLeast = R"(
demo = true
[[anchor]]
file = "anchors.pem"
purposes = ["applicant", "officer"]
)";

std::expected<Config, Errors> read(const std::string& toml) {
  const auto parsed = parse_config(toml);
  if (!parsed) return std::unexpected(parsed.error());
  return normalise(*parsed, "/etc/tanba");
}

// The keys that are complained about, in order.
std::vector<std::string> complaints(const std::string& toml) {
  const auto config = read(toml);
  std::vector<std::string> keys;
  if (config) return keys;
  for (const base::Error& error : config.error()) {
    EXPECT_EQ(error.code(), Code::kConfigInvalid);
    keys.push_back(error.arguments().front().value);
  }
  return keys;
}

using Keys = std::vector<std::string>;

std::string with(const std::string& more) {
  return std::string(kLeast) + more;
}

// Settings of the top stand before the first table.
std::string top(const std::string& more) {
  return more + "\n" + std::string(kLeast).substr(std::string_view("\ndemo = true").size());
}

TEST(Config, TheLeastGetsTheDefaults) {
  const auto config = read(std::string(kLeast));
  ASSERT_TRUE(config) << config.error().front().message();
  EXPECT_EQ(config->mode, Mode::kDemo);
  EXPECT_EQ(config->listener.address, "127.0.0.1");
  EXPECT_EQ(config->listener.port, 8443);
  EXPECT_FALSE(config->listener.tls);
  EXPECT_GE(config->workers, 1U);
  EXPECT_EQ(config->anchors.front().file, "/etc/tanba/anchors.pem");
  EXPECT_TRUE(config->anchors.front().purposes.has(pki::TrustPurpose::kOfficer));
  EXPECT_FALSE(config->anchors.front().purposes.has(pki::TrustPurpose::kTsa));
  EXPECT_EQ(config->database, "sqlite:/etc/tanba/registry.sqlite");
  EXPECT_EQ(config->documents, "/etc/tanba/documents");
  EXPECT_EQ(config->limits.header_timeout, std::chrono::seconds(10));
  EXPECT_EQ(config->sessions.idle_timeout, std::chrono::minutes(30));
  EXPECT_FALSE(config->keyd);
  EXPECT_EQ(membership(config->metrics_networks, "127.0.0.9"), Membership::kInside);
}

TEST(Config, EverythingThatIsWrongIsSaidAtOnceWithItsLine) {
  const auto parsed = parse_config("demo = 1\nhots = \"x\"\n[http]\nworkers = -1\nno_such = 2\n[nothing]\nx = 1\n");
  ASSERT_FALSE(parsed);
  Keys keys;
  for (const base::Error& error : parsed.error()) keys.push_back(error.arguments().front().value);
  std::ranges::sort(keys);
  EXPECT_EQ(keys, (Keys{"demo", "hots", "http.no_such", "http.workers", "nothing"}));
  const auto& first = *std::ranges::find_if(
      parsed.error(), [](const base::Error& error) { return error.arguments().front().value == "hots"; });
  EXPECT_NE(first.message().find("line 2"), std::string::npos) << first.message();
}

TEST(Config, WhatIsNoTomlIsSaidWithItsLine) {
  const auto parsed = parse_config("demo = true\nx = = 2\n");
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().front().message().find("line 2"), std::string::npos);
}

TEST(Config, TypesAndBoundsAreChecked) {
  EXPECT_EQ(complaints(with("[listen]\nport = 65535")), Keys{});
  EXPECT_EQ(complaints(with("[listen]\nport = 65536")), Keys{"listen.port"});
  EXPECT_EQ(complaints(with("[listen]\nport = \"80\"")), Keys{"listen.port"});
  EXPECT_EQ(complaints(with("[listen]\naddress = \"localhost\"")),
            (Keys{"listen.address", "listen.address", "listen.address"}));
  EXPECT_EQ(complaints(with("[[listen]]\nport = 1")), Keys{"listen"});
  EXPECT_EQ(complaints(with("[egress]\nallow = [1]")), Keys{"egress.allow"});
  EXPECT_EQ(complaints(with("[http]\nmax_body_bytes = 65536\nmax_buffered_bytes = 1048576")), Keys{});
  EXPECT_EQ(complaints(with("[http]\nmax_body_bytes = 2097152\nmax_buffered_bytes = 1048576")),
            Keys{"http.max_buffered_bytes"});
  EXPECT_EQ(complaints(with("[http]\nmax_header_bytes = 65535")), Keys{});
  EXPECT_EQ(complaints(with("[http]\nmax_header_bytes = 65536")), Keys{"http.max_header_bytes"});
  EXPECT_EQ(complaints(top("demo = true\nhost = \"Portal.kz:1\"")), Keys{"host"});
}

TEST(Config, DemoAndPlainServeLoopbackOnly) {
  const std::string tls = "[tls]\ncertificate = \"a\"\nkey = \"b\"\n";
  EXPECT_EQ(complaints(with("[listen]\naddress = \"::1\"")), Keys{});
  EXPECT_EQ(complaints(with(tls + "[listen]\naddress = \"192.0.2.1\"")), Keys{"listen.address"});
  const std::string real = R"(
host = "tanba.example.kz"
[[anchor]]
file = "a"
purposes = ["applicant"]
[licensors]
oil-gas = "100440000212"
industry = "100440000311"
ecology = "100440000410"
monopolies = "100440000517"
)";
  EXPECT_EQ(complaints(real + tls + "[listen]\naddress = \"192.0.2.1\""), Keys{});
  EXPECT_EQ(complaints(real + "[listen]\naddress = \"192.0.2.1\""), Keys{"listen.address"});
  EXPECT_EQ(complaints(real), Keys{});
}

TEST(Config, OutsideDemoModeEachLicensorIsNamed) {
  const std::string anchor = "[[anchor]]\nfile = \"a\"\npurposes = [\"applicant\"]\n";
  EXPECT_EQ(complaints("host = \"x\"\n" + anchor + "[licensors]\noil-gas = \"100440000212\""),
            (Keys{"licensors.industry", "licensors.ecology", "licensors.monopolies"}));
  EXPECT_EQ(complaints(with("[licensors]\noil-gas = \"100440000213\"")), Keys{"licensors.oil-gas"});
  EXPECT_EQ(complaints(with("[identity]\ncheck_digits = \"ignored\"\n[licensors]\noil-gas = \"100440000213\"")),
            Keys{});
}

TEST(Config, OutsideDemoModeTheHostIsNamed) {
  const std::string licensors =
      "[licensors]\noil-gas = \"100440000212\"\nindustry = \"100440000311\"\necology = \"100440000410\"\n"
      "monopolies = \"100440000517\"\n";
  const std::string anchor = "[[anchor]]\nfile = \"a\"\npurposes = [\"applicant\"]\n";
  EXPECT_EQ(complaints(anchor + licensors), Keys{"host"});
  EXPECT_EQ(complaints("host = \"localhost\"\n" + anchor + licensors), Keys{}) << "who means it writes it";
}

TEST(Config, WhatCannotWorkIsWrong) {
  const std::string ca = "[egress]\ntls_ca = \"ca.pem\"\n";
  const std::string lists = "[revocation]\ncrl_urls = [\"https://crl.example.kz/a.crl\"]\n";
  EXPECT_EQ(complaints(with(lists)), Keys{"revocation.crl_urls"});
  EXPECT_EQ(complaints(with(lists + ca)), Keys{});
  EXPECT_EQ(complaints(with("[[tsa]]\nurl = \"https://tsp.example.kz/\"\n")), Keys{"tsa.url"});
  EXPECT_EQ(complaints(with("[keyd]\nsocket = \"/" + std::string(106, 'a') + "\"")), Keys{});
  EXPECT_EQ(complaints(with("[keyd]\nsocket = \"/" + std::string(107, 'a') + "\"")), Keys{"keyd.socket"});
}

TEST(Config, TheSigningCertificateIsOptionalUnlessItIsRequired) {
  EXPECT_EQ(complaints(with("[signature]\nsigning_certificate = \"required\"")), Keys{});
  EXPECT_EQ(complaints(with("[signature]\nsigning_certificate = \"always\"")), Keys{"signature.signing_certificate"});
}

TEST(Config, AnchorsNeedAPurposeAndAWindowThatIsOne) {
  EXPECT_EQ(complaints("demo = true"), Keys{"anchor"});
  EXPECT_EQ(complaints("demo = true\n[[anchor]]\nfile = \"a\"\npurposes = []"), Keys{"anchor.purposes"});
  EXPECT_EQ(complaints("demo = true\n[[anchor]]\npurposes = [\"ocsp\"]"), Keys{"anchor.file"});
  EXPECT_EQ(complaints("demo = true\n[[anchor]]\nfile = \"a\"\npurposes = [\"everything\"]"),
            (Keys{"anchor.purposes", "anchor.purposes"}));
  EXPECT_EQ(complaints(with("not_before = 2026-01-01\nnot_after = 2027-01-01T00:00:00Z")), Keys{});
  EXPECT_EQ(complaints(with("not_before = \"2027-01-01T00:00:00Z\"\nnot_after = 2026-01-01")),
            Keys{"anchor.not_after"});
  EXPECT_EQ(complaints(with("not_before = \"yesterday\"")), Keys{"anchor.not_before"});
}

TEST(Config, TimeStampAuthoritiesAreAskedAsTheyStand) {
  const std::string tsa = "[egress]\ntls_ca = \"ca.pem\"\n[[tsa]]\nurl = \"http://tsp.example.kz/\"\n";
  const auto config = read(with(tsa + "policy = \"1.2.398.3.3.2.6.4\"\ndigest = \"GOST34.11-2015-512\"\n" +
                                "[[tsa]]\nurl = \"https://second.example.kz/tsp\"\n"));
  ASSERT_TRUE(config);
  ASSERT_EQ(config->time_stamp_authorities.size(), 2U);
  const auto& [first, second] = std::pair(config->time_stamp_authorities[0], config->time_stamp_authorities[1]);
  EXPECT_EQ(first.url, "http://tsp.example.kz/");
  EXPECT_EQ(first.policy, pki::Oid::literal("1.2.398.3.3.2.6.4"));
  EXPECT_EQ(first.digest, pki::DigestAlgorithm::kStreebog512);
  EXPECT_FALSE(second.policy.has_value());
  EXPECT_EQ(second.digest, pki::DigestAlgorithm::kSha256);
  EXPECT_EQ(complaints(with("[[tsa]]\npolicy = \"1.2\"")), Keys{"tsa.url"});
  EXPECT_EQ(complaints(with("[[tsa]]\nurl = \"file:///etc/passwd\"")), Keys{"tsa.url"});
  EXPECT_EQ(complaints(with(tsa + "policy = \"usual\"")), Keys{"tsa.policy"});
  EXPECT_EQ(complaints(with(tsa + "digest = \"SHA-1\"")), Keys{"tsa.digest"});
  EXPECT_EQ(complaints(with(tsa + "digest = \"sha256\"")), Keys{"tsa.digest"});
}

TEST(Config, TlsNeedsItsFiles) {
  EXPECT_EQ(complaints(with("[tls]\ncertificate = \"a\"")), Keys{"tls.key"});
  EXPECT_EQ(complaints(with("[tls]\ncertificate = \"a\"\nkey = \"b\"\nclient_certificates = \"any\"")),
            Keys{"tls.client_certificates"});
  EXPECT_EQ(complaints(with("[tls]\ncertificate = \"a\"\nkey = \"b\"\nclient_certificates = \"required\"")),
            Keys{"tls.client_ca"});
  const auto config = read(with("[tls]\ncertificate = \"a\"\nkey = \"/b\""));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->listener.tls->certificate_file, "/etc/tanba/a");
  EXPECT_EQ(config->listener.tls->key_file, "/b");
  EXPECT_EQ(config->listener.tls->client_certificates, net::http::ClientCertificates::kPinned);
}

std::string portal_key(const std::string& more) {
  return with("[[portal]]\nid = \"egov\"\n[[portal_key]]\nportal = \"egov\"\n" + more);
}

TEST(Config, PortalKeysBelongToAPortal) {
  const std::string hash = "sha256 = \"" + std::string(64, 'a') + "\"\n";
  EXPECT_EQ(complaints(portal_key("kind = \"bearer\"\nscopes = [\"read\"]\nnetworks = [\"10.0.0.0/8\"]\n" + hash)),
            Keys{});
  EXPECT_EQ(complaints(portal_key("kind = \"password\"\n" + hash)), Keys{"portal_key.kind"});
  EXPECT_EQ(complaints(portal_key("kind = \"bearer\"\nsha256 = \"ab\"")), Keys{"portal_key.sha256"});
  EXPECT_EQ(complaints(portal_key("kind = \"bearer\"\nscopes = [\"all\"]\n" + hash)), Keys{"portal_key.scopes"});
  EXPECT_EQ(complaints(portal_key("kind = \"bearer\"\nnetworks = [\"10.0.0.1/8\"]\n" + hash)),
            Keys{"portal_key.networks"});
  EXPECT_EQ(complaints(portal_key("kind = \"bearer\"\n" + hash +
                                  "[[portal_key]]\nportal = \"egov\"\nkind = \"bearer\"\n" + hash)),
            Keys{"portal_key.sha256"});
  EXPECT_EQ(complaints(with("[[portal_key]]\nportal = \"x\"\nkind = \"bearer\"\n" + hash)), Keys{"portal_key.portal"});
  EXPECT_EQ(complaints(with("[[portal]]\nid = \"a\"\n[[portal]]\nid = \"a\"")), Keys{"portal.id"});
  EXPECT_EQ(complaints(with("[[portal]]\nid = \"A b\"")), Keys{"portal.id"});
}

TEST(Config, StaffIsListedOnceWithRightNumbers) {
  const std::string one = "[[staff]]\niin = \"790704300077\"\nbin = \"100440000212\"\nname = \"A\"\n";
  EXPECT_EQ(complaints(with(one)), Keys{});
  EXPECT_EQ(complaints(with(one + one)), Keys{"staff.iin"});
  EXPECT_EQ(complaints(with("[[staff]]\niin = \"1\"\nbin = \"100440000212\"\nname = \"A\"")), Keys{"staff.iin"});
  EXPECT_EQ(complaints(with("[[staff]]\niin = \"790704300077\"\nbin = \"100440000212\"\nname = \"\"")),
            Keys{"staff.name"});
  EXPECT_EQ(complaints(with(one + "kind = \"head\"")), Keys{"staff.kind"});
}

TEST(Config, ACalendarHoldsItsOwnYearsDays) {
  const auto calendar = [](const std::string& more) { return with("[[calendar]]\nyear = 2026\n" + more); };
  const auto config = read(calendar("free_days = [\"2026-05-27\"]\nworking_days = [\"2026-05-30\", \"2026-03-23\"]\n"));
  ASSERT_TRUE(config) << config.error().front().message();
  EXPECT_EQ(config->calendar_years.size(), 1U);
  EXPECT_EQ(config->calendar.free_days, std::vector{*licensing::parse_date("2026-05-27")});
  EXPECT_EQ(config->calendar.working_days.size(), 2U);
  EXPECT_FALSE(config->calendar.yearly.empty());
  EXPECT_EQ(complaints(calendar("[[calendar]]\nyear = 2026\n")), Keys{"calendar.year"});
  EXPECT_EQ(complaints(with("[[calendar]]\nfree_days = []\n")), Keys{"calendar.year"});
  EXPECT_EQ(complaints(calendar("free_days = [\"2027-01-04\"]\n")), Keys{"calendar.free_days"}) << "of another year";
  EXPECT_EQ(complaints(calendar("free_days = [\"27.05.2026\"]\n")), Keys{"calendar.free_days"});
  EXPECT_EQ(complaints(calendar("free_days = [\"2026-05-27\", \"2026-05-27\"]\n")), Keys{"calendar.free_days"});
  EXPECT_EQ(complaints(calendar("working_days = [\"2026-05-28\"]\n")), Keys{"calendar.working_days"})
      << "a Thursday, worked anyway";
  EXPECT_EQ(complaints(calendar("free_days = [\"2026-05-30\"]\nworking_days = [\"2026-05-30\"]\n")),
            Keys{"calendar.working_days"});
}

TEST(Config, PeriodsAreOfAServiceAndWhatItOffers) {
  const auto service = [](const std::string& more) { return with("[[service]]\nid = \"ozone\"\n" + more); };
  const auto config = read(service("issue_days = 7\n"));
  ASSERT_TRUE(config) << config.error().front().message();
  EXPECT_EQ(config->periods.at("ozone").issue, 7U);
  EXPECT_EQ(config->periods.at("ozone").small_business, 5U) << "what is left out stays";
  EXPECT_EQ(complaints(service("issue_days = 0\n")), Keys{"service.issue_days"});
  EXPECT_EQ(complaints(service("issue_days = 366\n")), Keys{"service.issue_days"});
  EXPECT_EQ(complaints(service("reissue_days = 5\n")), Keys{"service.reissue_days"}) << "ozone has no reissue";
  EXPECT_EQ(complaints(service("[[service]]\nid = \"ozone\"\n")), Keys{"service.id"});
  EXPECT_EQ(complaints(with("[[service]]\nid = \"ozon\"\n")), Keys{"service.id"});
}

TEST(Config, TheDatabaseIsOneOfTwo) {
  EXPECT_EQ(read(with("[database]\nurl = \"postgresql://u@h/d\""))->database, "postgresql://u@h/d");
  EXPECT_EQ(read(with("[database]\nurl = \"sqlite:/var/x\""))->database, "sqlite:/var/x");
  EXPECT_EQ(complaints(with("[database]\nurl = \"mysql://x\"")), Keys{"database.url"});
  EXPECT_EQ(complaints(with("[database]\nurl = \"sqlite:\"")), Keys{"database.url"});
  EXPECT_EQ(complaints(with("[database]\nurl = \"postgresql:host=/run/x dbname=y\"")), Keys{});
  EXPECT_EQ(complaints(with("[database]\nurl = \"postgresql:not a url\"")), Keys{"database.url"});
  EXPECT_EQ(complaints(with("[database]\nurl = \"postgresql://\"")), Keys{"database.url"});
}

TEST(Config, RevocationRulesAreTheOperatorsOrAnIssuersOwn) {
  using enum verify::EvidenceRule;
  const std::string issuer(64, 'a');
  EXPECT_EQ(read(std::string(kLeast))->evidence_grace, base::Seconds(0)) << "off by default";
  const auto config =
      read(with("[revocation]\nevidence = \"ocsp-and-crl\"\ngrace_s = 60\n[[revocation_rule]]\nissuer = \"" + issuer +
                "\"\ncrl_max_age_s = 7200\n"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->evidence_rule, kOcspAndCrl);
  EXPECT_EQ(config->evidence_grace, base::Seconds(60));
  EXPECT_EQ(config->embedded_crl_limit, base::Seconds(172800));
  const verify::FreshnessRule& own = config->issuer_rules.at(*base::digest_from_hex(issuer));
  EXPECT_EQ(own.evidence, kOcspAndCrl) << "what is left out is as for all";
  EXPECT_EQ(own.grace, base::Seconds(60));
  EXPECT_EQ(own.crl_limit, base::Seconds(7200));
  EXPECT_EQ(own.ocsp_limit, std::nullopt);
  const std::string rule = "[[revocation_rule]]\nissuer = \"" + issuer + "\"\n";
  EXPECT_EQ(complaints(with("[revocation]\nevidence = \"both\"")), Keys{"revocation.evidence"});
  EXPECT_EQ(complaints(with(rule + "evidence = \"none\"")), Keys{"revocation_rule.evidence"});
  EXPECT_EQ(complaints(with(rule + rule)), Keys{"revocation_rule.issuer"});
  EXPECT_EQ(complaints(with("[[revocation_rule]]\nissuer = \"ab\"")), Keys{"revocation_rule.issuer"});
}

TEST(Config, EgressAndListsAreAddresses) {
  EXPECT_EQ(
      complaints(with(
          "[egress]\nallow = [\"127.0.0.1:8080\", \"10.0.0.0/8\"]\n[revocation]\ncrl_urls = [\"http://a.kz/x.crl\"]")),
      Keys{});
  EXPECT_EQ(complaints(with("[egress]\nallow = [\"nowhere\"]")).size(), 1U);
  EXPECT_EQ(complaints(with("[revocation]\ncrl_urls = [\"file:///etc/passwd\"]")), Keys{"revocation.crl_urls"});
}

TEST(Config, AFileThatIsNotThereIsSaidSo) {
  const auto config = load_config("/nonexistent/tanbad.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().front().code(), Code::kFileNotReadable);
}

TEST(Config, ALargeFileIsNoConfiguration) {
  EXPECT_FALSE(parse_config(std::string(kMaxConfigBytes + 1, '#')));
}

// Each default is a value of its own kind, inside its own bounds.
TEST(Settings, DefaultsPassTheirOwnChecks) {
  std::string toml;
  std::string_view table;
  for (const Setting& setting : all_settings()) {
    if (setting.standard.empty()) continue;
    const SettingTable* of = find_setting_table(setting.table);
    ASSERT_NE(of, nullptr) << setting.table;
    if (of->kind == SettingTable::Kind::kRepeated) continue;
    if (setting.table == "tls" || setting.table == "keyd") continue;  // have required members
    if (setting.table != table) toml += "[" + std::string(setting.table) + "]\n";
    table = setting.table;
    toml += std::string(setting.name) + " = " + std::string(setting.standard) + "\n";
  }
  const auto parsed = parse_config(toml);
  EXPECT_TRUE(parsed) << parsed.error().front().message();
}

// What the page calls required outside demo mode is what a real configuration is refused for.
TEST(Settings, WhatARealServiceMustSayIsMarked) {
  Keys marked;
  for (const Setting& setting : all_settings()) {
    if (setting.presence == Presence::kRequiredForReal) {
      marked.push_back((setting.table.empty() ? "" : std::string(setting.table) + ".") + std::string(setting.name));
    }
  }
  EXPECT_EQ(complaints("[[anchor]]\nfile = \"a\"\npurposes = [\"applicant\"]"), marked);
}

TEST(Settings, TheReferencePageIsWhatTheTableSays) {
  const char* source = std::getenv("TANBA_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe)
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/reference/configuration.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), settings_reference()) << "write it anew: tanbad --settings > docs/reference/configuration.md";
}

TEST(Networks, MembersAndOutsiders) {
  const std::vector<std::string> entries{"192.0.2.0/24", "2001:db8::/32", "198.51.100.7"};
  const auto networks = parse_networks(entries, "x");
  ASSERT_TRUE(networks);
  for (const char* inside : {"192.0.2.200", "2001:db8:1::5", "198.51.100.7"}) {
    EXPECT_EQ(membership(*networks, inside), Membership::kInside) << inside;
  }
  for (const char* outside : {"192.0.3.1", "2001:db9::1", "198.51.100.8", "", "garbage"}) {
    EXPECT_EQ(membership(*networks, outside), Membership::kOutside) << outside;
  }
  for (const char* bad : {"192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "x/8", "2001:db8::1/32", "192.0.2.0/8x"}) {
    const std::vector<std::string> entry{bad};
    EXPECT_FALSE(parse_networks(entry, "x")) << bad;
  }
}

}  // namespace
}  // namespace tanba::server
