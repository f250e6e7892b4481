#include "server/config.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/file.h"
#include "licensing/services.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Error;
using std::chrono::milliseconds;

// Reads a checked table by name; what does not fit what the daemon needs is collected.
class Reader {
 public:
  Reader(const ParsedTable& table, std::string_view name, Errors& errors)
      : table_(table), name_(name), errors_(errors) {}

  [[nodiscard]] bool has(std::string_view key) const { return table_.values.contains(key); }
  template <class T>
  [[nodiscard]] const T& get(std::string_view key) const {
    static const T kNothing{};
    const auto found = table_.values.find(key);
    const T* value = found == table_.values.end() ? nullptr : std::get_if<T>(&found->second.value);
    return value == nullptr ? kNothing : *value;
  }
  [[nodiscard]] const std::string& text(std::string_view key) const { return get<std::string>(key); }
  [[nodiscard]] std::int64_t number(std::string_view key) const { return get<std::int64_t>(key); }
  [[nodiscard]] std::size_t size(std::string_view key) const { return static_cast<std::size_t>(number(key)); }
  [[nodiscard]] milliseconds duration_ms(std::string_view key) const { return milliseconds(number(key)); }
  [[nodiscard]] base::Seconds duration_s(std::string_view key) const { return base::Seconds(number(key)); }
  [[nodiscard]] const std::vector<std::string>& texts(std::string_view key) const {
    return get<std::vector<std::string>>(key);
  }
  [[nodiscard]] std::optional<base::Time> time(std::string_view key) const {
    return has(key) ? std::optional(get<base::Time>(key)) : std::nullopt;
  }
  // In the file, not by default.
  [[nodiscard]] bool is_given(std::string_view key) const {
    const auto found = table_.values.find(key);
    return found != table_.values.end() && found->second.line > 0;
  }
  // One of these words.
  template <class T>
  [[nodiscard]] T word(std::string_view key, std::initializer_list<std::pair<std::string_view, T>> words) {
    const std::string& given = text(key);
    std::string all;
    for (const auto& [word, value] : words) {
      if (word == given) return value;
      all += fmt::format("{}{}", all.empty() ? "" : ", ", word);
    }
    wrong(key, fmt::format("it must be one of: {}", all));
    return words.begin()->second;
  }
  [[nodiscard]] Networks networks(std::string_view key) {
    auto parsed = parse_networks(texts(key), full(key));
    if (!parsed) errors_.push_back(parsed.error());
    return parsed ? *std::move(parsed) : Networks{};
  }
  void wrong(std::string_view key, std::string reason) {
    const auto found = table_.values.find(key);
    unsigned line = found == table_.values.end() ? 0 : found->second.line;
    if (line == 0) line = table_.line;
    if (line > 0) reason += fmt::format(" (line {})", line);
    errors_.push_back(Error(Code::kConfigInvalid, {{"key", full(key)}, {"reason", std::move(reason)}}));
  }

 private:
  [[nodiscard]] std::string full(std::string_view key) const {
    return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
  }
  const ParsedTable& table_;
  std::string_view name_;
  Errors& errors_;
};

class Normaliser {
 public:
  Normaliser(const ParsedConfig& parsed, std::filesystem::path directory)
      : parsed_(parsed), directory_(std::move(directory)) {}

  std::expected<Config, Errors> run() {
    read_top();
    read_listener();
    read_limits();
    read_trust();
    read_revocation();
    read_stores();
    read_licensing();
    read_calendar();
    read_periods();
    read_portals();
    read_staff();
    read_rest();
    check_together();
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    return std::move(out_);
  }

 private:
  Reader table(std::string_view name) { return {parsed_.tables.find(name)->second, name, errors_}; }
  [[nodiscard]] const std::vector<ParsedTable>& list(std::string_view name) const {
    return parsed_.lists.find(name)->second;
  }
  [[nodiscard]] bool is_written(std::string_view name) const { return parsed_.written.contains(name); }
  [[nodiscard]] std::filesystem::path path(const std::string& text) const {
    return (directory_ / text).lexically_normal();
  }
  [[nodiscard]] std::string file(const std::string& text) const { return text.empty() ? "" : path(text).string(); }

  void read_top() {
    Reader top = table("");
    out_.mode = top.get<bool>("demo") ? Mode::kDemo : Mode::kReal;
    out_.host = top.text("host");
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    };
    // Otherwise the challenges of all deployments would be bound to one name.
    if (out_.mode == Mode::kReal && !top.is_given("host")) top.wrong("host", "it is missing");
    if (out_.host.empty() || !std::ranges::all_of(out_.host, is_plain)) {
      top.wrong("host", "it must be a host name in lower case");
    }
  }

  void read_listener() {
    Reader listen = table("listen");
    out_.listener.address = listen.text("address");
    out_.listener.port = static_cast<std::uint16_t>(listen.number("port"));
    if (!net::fetch::parse_address(out_.listener.address)) listen.wrong("address", "it is not a numeric address");
    if (!is_written("tls")) return;
    using enum net::http::ClientCertificates;
    Reader tls = table("tls");
    net::http::TlsOptions& options = out_.listener.tls.emplace();
    options.certificate_file = file(tls.text("certificate"));
    options.key_file = file(tls.text("key"));
    options.client_ca_file = file(tls.text("client_ca"));
    options.client_certificates = tls.word<net::http::ClientCertificates>(
        "client_certificates",
        {{"none", kNone}, {"pinned", kPinned}, {"verified", kVerified}, {"required", kRequired}});
    const bool verifies = options.client_certificates == kVerified || options.client_certificates == kRequired;
    if (verifies && options.client_ca_file.empty()) tls.wrong("client_ca", "it is missing");
  }

  void read_limits() {
    Reader http = table("http");
    net::http::ServerLimits& limits = out_.limits;
    out_.workers = static_cast<unsigned>(http.number("workers"));
    if (out_.workers == 0) out_.workers = std::max(1U, std::thread::hardware_concurrency());
    out_.max_body_bytes = http.size("max_body_bytes");
    out_.max_stream_bytes = http.size("max_stream_bytes");
    out_.max_waiting = http.size("max_waiting");
    out_.stop_grace = http.duration_ms("stop_grace_ms");
    limits.max_header_bytes = http.size("max_header_bytes");
    limits.max_connections = http.size("max_connections");
    limits.max_connections_per_address = http.size("max_connections_per_address");
    limits.max_buffered_bytes = http.size("max_buffered_bytes");
    limits.min_rate_bytes_per_second = http.size("min_rate_bytes_per_second");
    limits.handshake_timeout = http.duration_ms("handshake_timeout_ms");
    limits.header_timeout = http.duration_ms("header_timeout_ms");
    limits.body_timeout = http.duration_ms("body_timeout_ms");
    limits.write_timeout = http.duration_ms("write_timeout_ms");
    limits.idle_timeout = http.duration_ms("idle_timeout_ms");
    limits.handling_timeout = http.duration_ms("handling_timeout_ms");
    if (limits.max_buffered_bytes < out_.max_body_bytes) {
      http.wrong("max_buffered_bytes", "it must be at least max_body_bytes");
    }
  }

  void read_trust() {
    for (const ParsedTable& entry : list("anchor")) {
      Reader anchor(entry, "anchor", errors_);
      AnchorFile& made = out_.anchors.emplace_back();
      made.file = path(anchor.text("file"));
      made.not_before = anchor.time("not_before");
      made.not_after = anchor.time("not_after");
      for (const std::string& name : anchor.texts("purposes")) {
        const auto purpose = pki::parse_trust_purpose(name);
        if (purpose) made.purposes.add(*purpose);
        if (!purpose) anchor.wrong("purposes", fmt::format("there is no purpose {}", name));
      }
      if (made.purposes == pki::TrustPurposes()) anchor.wrong("purposes", "none is given");
      if (made.not_before && made.not_after && *made.not_before >= *made.not_after) {
        anchor.wrong("not_after", "it is not after not_before");
      }
    }
    const std::string& intermediates = table("trust").text("intermediates");
    if (!intermediates.empty()) out_.intermediates = path(intermediates);
  }

  void read_revocation() {
    Reader revocation = table("revocation");
    out_.ocsp_freshness.max_age = revocation.duration_s("ocsp_max_age_s");
    out_.crl_freshness.max_age = revocation.duration_s("crl_max_age_s");
    out_.embedded_crl_limit = revocation.duration_s("embedded_crl_max_age_s");
    out_.evidence_rule = read_evidence_rule(revocation);
    out_.evidence_grace = revocation.duration_s("grace_s");
    out_.crl_refresh = revocation.duration_s("crl_refresh_s");
    out_.crl_configured_refresh = revocation.duration_s("crl_configured_refresh_s");
    out_.crl_turnover = std::chrono::days(revocation.number("crl_turnover_days"));
    read_issuer_rules();
    out_.evidence_cache = path(revocation.text("cache"));
    out_.crl_urls = revocation.texts("crl_urls");
    out_.fetch_timeout = revocation.duration_ms("fetch_timeout_ms");
    Reader egress = table("egress");
    out_.egress.listed = egress.texts("allow");
    out_.egress.max_redirects = static_cast<unsigned>(egress.number("max_redirects"));
    out_.egress.tls_ca_file = file(egress.text("tls_ca"));
    const auto policy = net::fetch::EgressPolicy::make(out_.egress);
    if (!policy) {
      errors_.push_back(policy.error());
      return;
    }
    for (const std::string& url : out_.crl_urls) {
      if (!policy->check_url(url)) revocation.wrong("crl_urls", fmt::format("not an http or https address: {}", url));
      if (lacks_ca(url)) revocation.wrong("crl_urls", kNoCa);
    }
    read_time_stamp_authorities(*policy);
  }

  static constexpr const char* kNoCa = "https needs egress.tls_ca";
  [[nodiscard]] bool lacks_ca(const std::string& url) const {
    return url.starts_with("https:") && out_.egress.tls_ca_file.empty();
  }

  void read_time_stamp_authorities(const net::fetch::EgressPolicy& policy) {
    for (const ParsedTable& entry : list("tsa")) {
      Reader tsa(entry, "tsa", errors_);
      auto& made = out_.time_stamp_authorities.emplace_back();
      made.url = tsa.text("url");
      if (!policy.check_url(made.url)) tsa.wrong("url", fmt::format("not an http or https address: {}", made.url));
      if (lacks_ca(made.url)) tsa.wrong("url", kNoCa);
      if (const std::string& text = tsa.text("policy"); !text.empty()) {
        const auto oid = pki::Oid::from_dotted(text);
        if (oid) made.policy = *oid;
        if (!oid) tsa.wrong("policy", "it is not an OID");
      }
      const auto digest = pki::parse_digest_name(tsa.text("digest"));
      if (digest) made.digest = *digest;
      // MD5 and SHA-1 are read in old time stamps; nobody needs new ones.
      if (!digest || *digest == pki::DigestAlgorithm::kMd5 || *digest == pki::DigestAlgorithm::kSha1) {
        tsa.wrong("digest", fmt::format("not a digest for new time stamps: {}", tsa.text("digest")));
      }
    }
  }

  static verify::EvidenceRule read_evidence_rule(Reader& from) {
    using enum verify::EvidenceRule;
    return from.word<verify::EvidenceRule>(
        "evidence",
        {{"ocsp-or-crl", kOcspOrCrl}, {"ocsp-and-crl", kOcspAndCrl}, {"ocsp-only", kOcspOnly}, {"crl-only", kCrlOnly}});
  }

  void read_issuer_rules() {
    for (const ParsedTable& entry : list("revocation_rule")) {
      Reader from(entry, "revocation_rule", errors_);
      verify::FreshnessRule rule{.evidence = out_.evidence_rule,
                                 .ocsp = out_.ocsp_freshness,
                                 .crl = out_.crl_freshness,
                                 .ocsp_limit = {},
                                 .crl_limit = {},
                                 .grace = out_.evidence_grace};
      if (from.has("evidence")) rule.evidence = read_evidence_rule(from);
      if (from.has("ocsp_max_age_s")) rule.ocsp_limit = rule.ocsp.max_age = from.duration_s("ocsp_max_age_s");
      if (from.has("crl_max_age_s")) rule.crl_limit = rule.crl.max_age = from.duration_s("crl_max_age_s");
      if (from.has("grace_s")) rule.grace = from.duration_s("grace_s");
      const auto issuer = base::digest_from_hex(from.text("issuer"));
      if (!issuer)
        from.wrong("issuer", "it is not a SHA-256 in hexadecimal");
      else if (!out_.issuer_rules.emplace(*issuer, rule).second)
        from.wrong("issuer", "it has a rule already");
    }
  }

  // A URL, or words such as "host=/run/x dbname=y".
  static bool is_postgres(std::string_view url) {
    static constexpr std::string_view kScheme = "postgresql:";
    if (!url.starts_with(kScheme)) return false;
    url.remove_prefix(kScheme.size());
    return url.starts_with("//") ? url.size() > 2 : url.find('=') != std::string_view::npos;
  }

  void read_stores() {
    Reader database = table("database");
    out_.database = database.text("url");
    static constexpr std::string_view kSqlite = "sqlite:";
    if (out_.database.starts_with(kSqlite) && out_.database.size() > kSqlite.size()) {
      out_.database = std::string(kSqlite) + path(out_.database.substr(kSqlite.size())).string();
    } else if (!is_postgres(out_.database)) {
      database.wrong("url", "it must be sqlite:PATH or begin with postgresql:");
    }
    out_.documents = path(database.text("documents"));
    if (!is_written("keyd")) return;
    Reader keyd = table("keyd");
    out_.keyd = KeydConfig{path(keyd.text("socket")), keyd.duration_ms("timeout_ms")};
    if (out_.keyd->socket.native().size() >= sizeof(sockaddr_un::sun_path)) {
      keyd.wrong("socket", fmt::format("its name is longer than {} octets", sizeof(sockaddr_un::sun_path) - 1));
    }
  }

  void read_licensing() {
    using verify::CertificateReferenceRule;
    out_.certificate_reference =
        table("signature")
            .word<CertificateReferenceRule>("signing_certificate", {{"optional", CertificateReferenceRule::kOptional},
                                                                    {"required", CertificateReferenceRule::kRequired}});
    out_.check_digits =
        table("identity")
            .word<licensing::CheckDigitRule>("check_digits", {{"required", licensing::CheckDigitRule::kRequired},
                                                              {"ignored", licensing::CheckDigitRule::kIgnored}});
    Reader licensors = table("licensors");
    for (const char* key : {"oil-gas", "industry", "ecology", "monopolies"}) {
      if (!licensors.has(key)) {
        // The defaults are fictional numbers: a real service under one of them would be nobody's.
        if (out_.mode == Mode::kReal) licensors.wrong(key, "it is missing: outside demo mode each licensor is named");
        continue;
      }
      const std::string& bin = licensors.text(key);
      if (!licensing::parse_identity_number(bin, out_.check_digits)) licensors.wrong(key, "it is not a BIN");
      out_.licensors.emplace(key, bin);
    }
  }

  void read_calendar() {
    out_.calendar = licensing::default_calendar();
    for (const ParsedTable& entry : list("calendar")) {
      Reader from(entry, "calendar", errors_);
      const std::chrono::year year(static_cast<int>(from.number("year")));
      if (!out_.calendar_years.insert(year).second) from.wrong("year", "it has a calendar already");
      const std::vector<licensing::Date> free = read_days(from, "free_days", year);
      const std::vector<licensing::Date> worked = read_days(from, "working_days", year);
      out_.calendar.free_days.insert(out_.calendar.free_days.end(), free.begin(), free.end());
      const licensing::WorkingCalendar before(out_.calendar);
      for (const licensing::Date day : worked) {
        const std::string text = licensing::format_date(day);
        if (std::ranges::count(free, day) > 0)
          from.wrong("working_days", fmt::format("it is a free day too: {}", text));
        // A slip of the pen: there is nothing to work it for.
        if (before.kind_of(day) == licensing::DayKind::kWorking) {
          from.wrong("working_days", fmt::format("it is worked anyway: {}", text));
        }
      }
      out_.calendar.working_days.insert(out_.calendar.working_days.end(), worked.begin(), worked.end());
    }
  }

  static std::vector<licensing::Date> read_days(Reader& from, const char* key, std::chrono::year year) {
    std::vector<licensing::Date> out;
    for (const std::string& text : from.texts(key)) {
      const auto day = licensing::parse_date(text);
      if (!day || std::chrono::year_month_day(*day).year() != year) {
        from.wrong(key, fmt::format("it is no day of {}, as in {}-05-27: {}", static_cast<int>(year),
                                    static_cast<int>(year), text));
      } else if (std::ranges::count(out, *day) > 0) {
        from.wrong(key, fmt::format("it stands there twice: {}", text));
      } else {
        out.push_back(*day);
      }
    }
    return out;
  }

  void read_periods() {
    using licensing::Action;
    const std::vector<licensing::Service> services = licensing::default_services();
    for (const ParsedTable& entry : list("service")) {
      Reader from(entry, "service", errors_);
      const auto service = std::ranges::find(services, from.text("id"), &licensing::Service::id);
      if (service == services.end()) {
        from.wrong("id", fmt::format("there is no service {}", from.text("id")));
        continue;
      }
      licensing::DecisionPeriods periods = service->periods;
      const auto take = [&](const char* key, Action action, unsigned& days) {
        if (!from.has(key)) return;
        days = static_cast<unsigned>(from.number(key));
        if (std::ranges::count(service->actions, action) == 0) from.wrong(key, "the service has no such action");
      };
      take("issue_days", Action::kIssue, periods.issue);
      take("reissue_days", Action::kReissue, periods.reissue);
      take("duplicate_days", Action::kDuplicate, periods.duplicate);
      if (from.has("small_business_days")) {
        periods.small_business = static_cast<unsigned>(from.number("small_business_days"));
      }
      if (!out_.periods.emplace(service->id, periods).second) from.wrong("id", "it stands there twice");
    }
  }

  void read_portals() {
    std::set<std::string> ids;
    for (const ParsedTable& entry : list("portal")) {
      Reader portal(entry, "portal", errors_);
      PortalConfig& made = out_.portals.emplace_back(PortalConfig{portal.text("id"), portal.text("name")});
      const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
      if (made.id.empty() || made.id.size() > 64 || !std::ranges::all_of(made.id, fits)) {
        portal.wrong("id", "it must be 1 to 64 lower-case letters, digits and hyphens");
      }
      if (!ids.insert(made.id).second) portal.wrong("id", "another portal has it");
    }
    std::set<std::pair<KeyKind, base::Digest>> keys;
    for (const ParsedTable& entry : list("portal_key")) {
      Reader key(entry, "portal_key", errors_);
      const PortalKeyConfig& made = out_.portal_keys.emplace_back(read_portal_key(key));
      if (!ids.contains(made.portal)) key.wrong("portal", fmt::format("there is no portal {}", made.portal));
      if (!keys.emplace(made.kind, made.sha256).second) key.wrong("sha256", "another key has it");
    }
  }

  PortalKeyConfig read_portal_key(Reader& key) {
    PortalKeyConfig made;
    made.portal = key.text("portal");
    made.kind = key.word<KeyKind>("kind", {{"mutual-tls", KeyKind::kMutualTls}, {"bearer", KeyKind::kBearer}});
    const auto digest = base::digest_from_hex(key.text("sha256"));
    if (digest) made.sha256 = *digest;
    if (!digest) key.wrong("sha256", "it must be 64 hexadecimal digits");
    made.scopes = key.texts("scopes");
    for (const std::string& scope : made.scopes) {
      if (scope != "verify" && scope != "submit" && scope != "read") {
        key.wrong("scopes", fmt::format("there is no scope {}", scope));
      }
    }
    made.networks = key.networks("networks");
    made.expires = key.time("expires");
    return made;
  }

  void read_staff() {
    std::set<std::tuple<StaffKind, std::string, std::string>> seen;
    for (const ParsedTable& entry : list("staff")) {
      Reader staff(entry, "staff", errors_);
      StaffConfig& made = out_.staff.emplace_back();
      made.kind = staff.word<StaffKind>(
          "kind",
          {{"officer", StaffKind::kOfficer}, {"operator", StaffKind::kOperator}, {"security", StaffKind::kSecurity}});
      made.iin = staff.text("iin");
      made.bin = staff.text("bin");
      made.name = staff.text("name");
      made.listing = staff.get<bool>("listed") ? licensing::Listing::kListed : licensing::Listing::kNotListed;
      for (const auto& [key, digits] : {std::pair{"iin", &made.iin}, std::pair{"bin", &made.bin}}) {
        if (!licensing::parse_identity_number(*digits, out_.check_digits)) {
          staff.wrong(key, "it must be twelve digits with a right check digit");
        }
      }
      if (made.name.empty()) staff.wrong("name", "it is empty");
      if (!seen.emplace(made.kind, made.iin, made.bin).second) staff.wrong("iin", "it is listed twice for this body");
    }
  }

  void read_rest() {
    Reader session = table("session");
    out_.sessions = {.idle_timeout = session.duration_s("idle_timeout_s"),
                     .max_age = session.duration_s("max_age_s"),
                     .challenge_timeout = session.duration_s("challenge_timeout_s")};
    Reader log = table("log");
    out_.log_level = log.word<LogLevel>("level", {{"debug", LogLevel::kDebug},
                                                  {"info", LogLevel::kInfo},
                                                  {"warning", LogLevel::kWarning},
                                                  {"error", LogLevel::kError}});
    out_.log_format = log.word<LogFormat>("format", {{"json", LogFormat::kJson}, {"text", LogFormat::kText}});
    out_.metrics_networks = table("metrics").networks("networks");
  }

  void check_together() {
    Reader top = table("");
    static const std::vector<std::string> kLoopback{"127.0.0.0/8", "::1/128"};
    const auto loopback = parse_networks(kLoopback, "");
    const bool is_loopback = loopback && membership(*loopback, out_.listener.address) == Membership::kInside;
    if (out_.mode == Mode::kDemo && !is_loopback) {
      table("listen").wrong("address", "demo mode serves loopback only");
    }
    if (!out_.listener.tls && !is_loopback) {
      table("listen").wrong("address", "without [tls] only loopback is served");
    }
    if (out_.anchors.empty()) top.wrong("anchor", "there is none: nothing could be accepted");
  }

  const ParsedConfig& parsed_;
  std::filesystem::path directory_;
  Config out_;
  Errors errors_;
};

}  // namespace

std::expected<Config, Errors> normalise(const ParsedConfig& parsed, const std::filesystem::path& directory) {
  return Normaliser(parsed, directory).run();
}

std::expected<Config, Errors> load_config(const std::filesystem::path& file) {
  const auto octets = base::read_file(file, kMaxConfigBytes);
  if (!octets) return std::unexpected(Errors{octets.error()});
  const auto parsed = parse_config(base::as_text(*octets));
  if (!parsed) return std::unexpected(parsed.error());
  return normalise(*parsed, std::filesystem::absolute(file).parent_path());
}

}  // namespace tanba::server
