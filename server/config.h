// The configuration, twice: as it was written (ParsedConfig), and as the daemon works with it (Config), every value
// checked, defaults filled in, names of files made absolute.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "licensing/calendar.h"
#include "licensing/entitlement.h"
#include "licensing/identity_number.h"
#include "licensing/services.h"
#include "net/fetch/egress.h"
#include "net/http/server.h"
#include "ocsp/ocsp.h"
#include "pki/trust.h"
#include "server/networks.h"
#include "verify/evidence/time_stamp_authority.h"
#include "verify/freshness_rules.h"
#include "verify/judge.h"

namespace tanba::server {

// All that is wrong, not only the first: config.invalid for each, with the key and the line.
using Errors = std::vector<base::Error>;

struct ParsedValue {
  std::variant<bool, std::int64_t, std::string, std::vector<std::string>, base::Time> value;
  unsigned line = 0;  // 0: the default
};
struct ParsedTable {
  std::map<std::string, ParsedValue, std::less<>> values;  // defaults included
  unsigned line = 0;
};
struct ParsedConfig {
  std::map<std::string, ParsedTable, std::less<>> tables;              // those that stand once; absent ones by default
  std::map<std::string, std::vector<ParsedTable>, std::less<>> lists;  // those that repeat
  std::map<std::string, unsigned, std::less<>> written;                // which tables the file has, and where
};

inline constexpr std::size_t kMaxConfigBytes = 1U << 20;  // thousands of portal keys

// Unknown keys, wrong types, numbers out of bounds and missing values are errors.
[[nodiscard]] std::expected<ParsedConfig, Errors> parse_config(std::string_view toml);

struct AnchorFile {
  std::filesystem::path file;
  pki::TrustPurposes purposes;
  std::optional<base::Time> not_before;
  std::optional<base::Time> not_after;
};

enum class KeyKind : std::uint8_t { kMutualTls, kBearer };
struct PortalKeyConfig {
  std::string portal;
  KeyKind kind = KeyKind::kBearer;
  base::Digest sha256;
  std::vector<std::string> scopes;
  Networks networks;
  std::optional<base::Time> expires;
};
struct PortalConfig {
  std::string id;
  std::string name;
};

enum class StaffKind : std::uint8_t { kOfficer, kOperator, kSecurity };
struct StaffConfig {
  StaffKind kind = StaffKind::kOfficer;
  std::string iin;
  std::string bin;
  std::string name;
  licensing::Listing listing = licensing::Listing::kListed;
};

struct SessionRules {
  base::Seconds idle_timeout{1800};
  base::Seconds max_age{36000};
  base::Seconds challenge_timeout{180};
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kJson, kText };

struct KeydConfig {
  std::filesystem::path socket;
  std::chrono::milliseconds timeout{15000};
};

enum class Mode : std::uint8_t { kReal, kDemo };

struct Config {
  Mode mode = Mode::kReal;
  std::string host;
  net::http::Listener listener;
  net::http::ServerLimits limits;
  unsigned workers = 1;
  std::size_t max_body_bytes = 0;
  std::uint64_t max_stream_bytes = 0;
  std::size_t max_waiting = 0;
  std::chrono::milliseconds stop_grace{0};

  std::vector<AnchorFile> anchors;
  std::optional<std::filesystem::path> intermediates;
  ocsp::FreshnessRules ocsp_freshness{};
  ocsp::FreshnessRules crl_freshness{};
  base::Seconds embedded_crl_limit{0};
  verify::EvidenceRule evidence_rule = verify::EvidenceRule::kOcspOrCrl;
  base::Seconds evidence_grace{0};
  std::map<base::Digest, verify::FreshnessRule> issuer_rules;
  base::Seconds crl_refresh{0};
  base::Seconds crl_configured_refresh{0};
  base::Seconds crl_turnover{0};
  std::filesystem::path evidence_cache;
  std::vector<std::string> crl_urls;
  std::chrono::milliseconds fetch_timeout{0};
  net::fetch::EgressPolicy::Settings egress;
  std::vector<verify::evidence::TimeStampAuthority> time_stamp_authorities;  // in the order in which they are asked

  std::string database;  // as licensing::registry::Options wants it
  std::filesystem::path documents;
  std::optional<KeydConfig> keyd;
  std::map<std::string, std::string> licensors;  // key to BIN
  licensing::CalendarData calendar;              // fixed holidays, and what is set for each of calendar_years
  std::set<std::chrono::year> calendar_years;
  std::map<std::string, licensing::DecisionPeriods> periods;  // of services that have other ones than by default
  verify::CertificateReferenceRule certificate_reference = verify::CertificateReferenceRule::kOptional;
  licensing::CheckDigitRule check_digits = licensing::CheckDigitRule::kRequired;

  std::vector<PortalConfig> portals;
  std::vector<PortalKeyConfig> portal_keys;
  std::vector<StaffConfig> staff;
  SessionRules sessions;

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kJson;
  Networks metrics_networks;
};

// `directory` is what names of files are relative to. Checks shapes and what belongs together; opens no file.
[[nodiscard]] std::expected<Config, Errors> normalise(const ParsedConfig& parsed,
                                                      const std::filesystem::path& directory);

// Reads, parses and normalises.
[[nodiscard]] std::expected<Config, Errors> load_config(const std::filesystem::path& file);

}  // namespace tanba::server
