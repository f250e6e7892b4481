#include "server/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace tanba::server {
namespace {

using enum SettingKind;
using enum Presence;

constexpr std::array kTables{
    SettingTable{"", SettingTable::Kind::kOnce, "At the top of the file."},
    SettingTable{"listen", SettingTable::Kind::kOnce, "Where requests come in."},
    SettingTable{"tls", SettingTable::Kind::kOnce,
                 "The server's certificate. Without this table only loopback is served, in plain HTTP."},
    SettingTable{"http", SettingTable::Kind::kOnce,
                 "Limits on what callers may send, hold and take. Reasons stand beside the numbers in "
                 "`net/http/server.h`."},
    SettingTable{
        "anchor", SettingTable::Kind::kRepeated,
        "A trust anchor of the first trust list: any certificate, with what it is trusted for and from when to "
        "when; at least one is required. Compare its fingerprint with one that you got another way before you list it. "
        "An empty "
        "registry takes this list over; from then on security staff change it (`tanba trust`), and what "
        "stands here only serves `tanbad --take-trust`."},
    SettingTable{"trust", SettingTable::Kind::kOnce, "What else paths are built from; part of the first trust list."},
    SettingTable{"revocation", SettingTable::Kind::kOnce, "How old evidence may be, and where it is kept."},
    SettingTable{"revocation_rule", SettingTable::Kind::kRepeated,
                 "Stricter or laxer rules for certificates of one issuer; what is left out is as in `[revocation]`."},
    SettingTable{"egress", SettingTable::Kind::kOnce,
                 "Where the daemon may connect to. Public addresses are always allowed for addresses that stand in "
                 "certificates whose path reaches an anchor; all others must be listed."},
    SettingTable{
        "tsa", SettingTable::Kind::kRepeated,
        "A time-stamp authority (RFC 3161). They are asked in the order in which they stand here, and what one "
        "gives is verified under the anchors for `tsa` before it is used. They stamp evidence capsules "
        "(docs/reference/capsule.md)."},
    SettingTable{"database", SettingTable::Kind::kOnce, "Registry and journal."},
    SettingTable{"keyd", SettingTable::Kind::kOnce,
                 "The key server; which licensor has which keys is its own configuration's matter. Without this table "
                 "decisions are "
                 "signed on officers' workstations only."},
    SettingTable{
        "licensors", SettingTable::Kind::kOnce,
        "BINs of the bodies that decide. Demo mode gives the demo authority's fictional number to what is not set; "
        "outside it all four are required."},
    SettingTable{"calendar", SettingTable::Kind::kRepeated,
                 "The days of one year that the government sets for that year alone; fixed holidays, and the working "
                 "days that those on a weekend free, are known. Without one for this year, or from 90 days before it "
                 "for the next, the daemon warns: periods count such days as they otherwise are. "
                 "`--check-config` prints what is in force. Due dates that were given out stay."},
    SettingTable{"service", SettingTable::Kind::kRepeated,
                 "Other periods than a service has by its regulation, in working days from registration to decision; "
                 "what is left out stays."},
    SettingTable{"signature", SettingTable::Kind::kOnce, "What signatures of applicants must have."},
    SettingTable{"identity", SettingTable::Kind::kOnce, "Rules for numbers of persons and bodies."},
    SettingTable{"portal", SettingTable::Kind::kRepeated, "A portal that may call. Taken anew at SIGHUP."},
    SettingTable{
        "portal_key", SettingTable::Kind::kRepeated,
        "A key of a portal: that of its TLS client certificate, or a bearer key. Taken anew at SIGHUP: keys that "
        "are not in the file any more are refused at once."},
    SettingTable{
        "staff", SettingTable::Kind::kRepeated,
        "Who may log in: an officer of a licensor, an operator of a service centre, or security staff of the body "
        "that runs the service (trust lists, revocation)."},
    SettingTable{"session", SettingTable::Kind::kOnce, "Log-ins of officers and operators."},
    SettingTable{"log", SettingTable::Kind::kOnce, "The log goes to standard error."},
    SettingTable{"metrics", SettingTable::Kind::kOnce, "GET /metrics, in Prometheus' text format."},
};

constexpr std::array kSettings{
    Setting{"", "demo", kSwitch, kOptional, "false",
            "Demo mode: takes the demo authority's anchors, serves loopback only, marks licences and shows itself in "
            "`/readyz`."},
    Setting{"", "host", kText, kRequiredForReal, "\"localhost\"",
            "The name callers use, without a port. Log-in challenges are bound to it."},

    Setting{"listen", "address", kText, kOptional, "\"127.0.0.1\"", "Numeric address, IPv4 or IPv6."},
    Setting{"listen", "port", kNumber, kOptional, "8443", "0: one that is free.", 0, 65535},

    Setting{"tls", "certificate", kText, kRequired, "", "PEM file: the server's certificate, then its intermediates."},
    Setting{"tls", "key", kText, kRequired, "", "PEM file with its key, readable by the daemon's user alone."},
    Setting{"tls", "client_certificates", kText, kOptional, "\"pinned\"",
            "`none`: not asked for. `pinned`: asked for; the key alone says who it is (see portal_key). `verified`: "
            "besides, the certificate must verify against client_ca. `required`: besides, everybody must show one."},
    Setting{"tls", "client_ca", kText, kOptional, "", "PEM file, for `verified` and `required`."},

    Setting{"http", "workers", kNumber, kOptional, "0", "Threads that serve and verify. 0: as many as processors.", 0,
            256},
    Setting{"http", "max_body_bytes", kNumber, kOptional, "16777216",
            "Of a request with documents. They are base64 inside JSON: a third larger than themselves.", 65536,
            268435456},
    Setting{"http", "max_stream_bytes", kNumber, kOptional, "4294967296",
            "Of content that is digested while it arrives (`/v1/verify/stream`): it is never held, but it costs its "
            "digests.",
            65536, 1099511627776},
    Setting{
        "http", "max_buffered_bytes", kNumber, kOptional, "536870912",
        "Of bodies held at one time; then 503. A known caller gets at most half of it, an address that nobody is known "
        "to call from a sixteenth, all such addresses a quarter.",
        1048576},
    Setting{"http", "max_header_bytes", kNumber, kOptional, "16384", "Of a request's header.", 1024, 65535},
    Setting{"http", "max_connections", kNumber, kOptional, "4096", "At one time.", 1, 1000000},
    Setting{"http", "max_connections_per_address", kNumber, kOptional, "512", "At one time; IPv6: per /64.", 1,
            1000000},
    Setting{"http", "handshake_timeout_ms", kNumber, kOptional, "10000", "For the TLS handshake.", 100, 600000},
    Setting{"http", "header_timeout_ms", kNumber, kOptional, "10000", "From a header's first octet to its last.", 100,
            600000},
    Setting{"http", "body_timeout_ms", kNumber, kOptional, "10000",
            "For a body, and a second more for each min_rate_bytes_per_second octets of it; never more than this "
            "ahead.",
            100, 600000},
    Setting{"http", "min_rate_bytes_per_second", kNumber, kOptional, "16384", "Who is slower is cut off.", 1,
            1073741824},
    Setting{"http", "write_timeout_ms", kNumber, kOptional, "20000", "For an answer, likewise.", 100, 600000},
    Setting{"http", "idle_timeout_ms", kNumber, kOptional, "60000", "Between the requests of a connection.", 100,
            3600000},
    Setting{"http", "handling_timeout_ms", kNumber, kOptional, "60000", "For handling a request; then 503.", 100,
            600000},
    Setting{"http", "stop_grace_ms", kNumber, kOptional, "15000", "For what is under way when the daemon stops.", 0,
            600000},
    Setting{"http", "max_waiting", kNumber, kOptional, "1024",
            "Requests waiting for database or key server; more get 503 with Retry-After.", 1, 100000},

    Setting{"anchor", "file", kText, kRequired, "", "PEM or DER file with one certificate or several."},
    Setting{"anchor", "purposes", kTexts, kRequired, "",
            "Any of `applicant`, `officer`, `operator`, `ocsp`, `tsa`, `portal`. `ocsp`: answers of OCSP responders "
            "that its authorities name count."},
    Setting{"anchor", "not_before", kTime, kOptional, "", "Trusted from then on, beside the certificate's own dates."},
    Setting{"anchor", "not_after", kTime, kOptional, "", "Trusted until then."},

    Setting{"trust", "intermediates", kText, kOptional, "",
            "Directory of certificates (PEM or DER) that paths may go through. Trusted for nothing by themselves."},

    Setting{"revocation", "ocsp_max_age_s", kNumber, kOptional, "300",
            "How old an OCSP answer without nextUpdate may be.", 1, 2592000},
    Setting{"revocation", "crl_max_age_s", kNumber, kOptional, "86400", "How old a CRL without nextUpdate may be.", 1,
            31536000},
    Setting{
        "revocation", "embedded_crl_max_age_s", kNumber, kOptional, "172800",
        "How old a CRL that only the document brings may be, whatever its nextUpdate says, when sources give nothing "
        "newer and nothing proves the signature to be older. Of OCSP answers, `ocsp_max_age_s` is that limit.",
        1, 31536000},
    Setting{"revocation", "evidence", kText, kOptional, "\"ocsp-or-crl\"",
            "What is enough: `ocsp-or-crl`, `ocsp-and-crl` (both must say good), `ocsp-only`, `crl-only`. What says "
            "revoked refuses, whatever kind it is."},
    Setting{"revocation", "grace_s", kNumber, kOptional, "0",
            "So long after its end evidence still counts while its sources are down; the report then carries the "
            "warning `revocation.grace`. 0: not at all.",
            0, 2592000},
    Setting{"revocation", "crl_refresh_s", kNumber, kOptional, "3600",
            "Lists in use are fetched again so often at least, earlier when they end earlier.", 60, 604800},
    Setting{"revocation", "crl_configured_refresh_s", kNumber, kOptional, "600", "The same for those of crl_urls.", 60,
            604800},
    Setting{
        "revocation", "crl_turnover_days", kNumber, kOptional, "30",
        "No authority's certificates all end within a shorter time: entries that vanish faster from a list raise an "
        "alert, and the list waits for a person.",
        1, 3650},
    Setting{"revocation", "cache", kText, kOptional, "\"evidence\"", "Directory where OCSP answers and CRLs are kept."},
    Setting{"revocation", "crl_urls", kTexts, kOptional, "[]",
            "CRLs to keep at hand beside those that certificates name."},
    Setting{"revocation", "fetch_timeout_ms", kNumber, kOptional, "8000",
            "For all fetching that one verification may wait for.", 100, 60000},

    Setting{"revocation_rule", "issuer", kText, kRequired, "", "SHA-256 of the issuer's certificate, hexadecimal."},
    Setting{"revocation_rule", "evidence", kText, kOptional, "", "As in `[revocation]`."},
    Setting{"revocation_rule", "ocsp_max_age_s", kNumber, kOptional, "",
            "How old an OCSP answer may be, whatever its nextUpdate says.", 1, 2592000},
    Setting{"revocation_rule", "crl_max_age_s", kNumber, kOptional, "",
            "How old a CRL may be, whatever its nextUpdate says.", 1, 31536000},
    Setting{"revocation_rule", "grace_s", kNumber, kOptional, "", "As in `[revocation]`.", 0, 2592000},

    Setting{"egress", "allow", kTexts, kOptional, "[]",
            "`host:port` as addresses in certificates write it, or a network in CIDR form. Needed for addresses that "
            "are not public: loopback, private, link-local."},
    Setting{"egress", "max_redirects", kNumber, kOptional, "0", "Followed at most; each target is checked.", 0, 10},
    Setting{"egress", "tls_ca", kText, kOptional, "",
            "PEM file with the anchors of HTTPS servers. The system's store is never read."},

    Setting{"tsa", "url", kText, kRequired, "", "Where requests are posted to."},
    Setting{"tsa", "policy", kText, kOptional, "\"\"",
            "OID of the policy to ask for; of НУЦ РК: 1.2.398.3.3.2.6.2 RSA, 1.2.398.3.3.2.6.4 ГОСТ 2015. Empty: the "
            "authority's own choice."},
    Setting{"tsa", "digest", kText, kOptional, "\"SHA-256\"",
            "Of the imprint: `SHA-256`, `SHA-384`, `SHA-512`, `GOST34.11-2015-512`, ..."},

    Setting{"database", "url", kText, kOptional, "\"sqlite:registry.sqlite\"",
            "`sqlite:PATH`, or `postgresql://...` as PostgreSQL's own clients write it."},
    Setting{"database", "documents", kText, kOptional, "\"documents\"",
            "Directory of applications, licences and evidence, by digest."},

    Setting{"keyd", "socket", kText, kRequired, "", "Unix socket of tanba-keyd."},
    Setting{"keyd", "timeout_ms", kNumber, kOptional, "15000", "For one call: a token may take seconds.", 100, 120000},

    Setting{"licensors", "oil-gas", kText, kRequiredForReal, "", "Of the service for oil and gas."},
    Setting{"licensors", "industry", kText, kRequiredForReal, "", "Of the industry committee's services."},
    Setting{"licensors", "ecology", kText, kRequiredForReal, "", "Of the service for ozone-depleting substances."},
    Setting{"licensors", "monopolies", kText, kRequiredForReal, "", "Of the services of natural monopolies."},

    Setting{"calendar", "year", kNumber, kRequired, "", "The year.", 2000, 9999},
    Setting{"calendar", "free_days", kTexts, kOptional, "[]",
            "`YYYY-MM-DD`: Kurban-ait, working days that are moved away. On a weekend it changes nothing."},
    Setting{"calendar", "working_days", kTexts, kOptional, "[]",
            "`YYYY-MM-DD`: weekend days and holidays that are worked. They win over everything else."},

    Setting{"service", "id", kText, kRequired, "", "As in `GET /v1/services`."},
    Setting{"service", "issue_days", kNumber, kOptional, "", "For a first licence or permit.", 1, 365},
    Setting{"service", "reissue_days", kNumber, kOptional, "", "For a reissue.", 1, 365},
    Setting{"service", "duplicate_days", kNumber, kOptional, "", "For a duplicate.", 1, 365},
    Setting{"service", "small_business_days", kNumber, kOptional, "",
            "For subjects of small business, whatever is applied for.", 1, 365},

    Setting{"signature", "signing_certificate", kText, kOptional, "\"optional\"",
            "`required`: what is signed must name the signer's certificate (ESS signing-certificate v1 or v2, XAdES "
            "SigningCertificate), else `signature.no_signing_certificate`. Plain XML-DSig never does, and not every "
            "client of НУЦ РК does."},

    Setting{"identity", "check_digits", kText, kOptional, "\"required\"",
            "`ignored` is for the national test contour, whose certificates carry numbers with wrong check digits."},

    Setting{"portal", "id", kText, kRequired, "", "Lower-case letters, digits, hyphens."},
    Setting{"portal", "name", kText, kOptional, "\"\"", "For people."},

    Setting{"portal_key", "portal", kText, kRequired, "", "The id of its portal."},
    Setting{"portal_key", "kind", kText, kRequired, "", "`mutual-tls` or `bearer`."},
    Setting{"portal_key", "sha256", kText, kRequired, "",
            "Hexadecimal. mutual-tls: of the certificate's SubjectPublicKeyInfo. bearer: of the key as it is sent "
            "(`tnb_...`)."},
    Setting{"portal_key", "scopes", kTexts, kOptional, "[]",
            "Any of `verify`, `submit`, `read`. None: nothing is allowed."},
    Setting{"portal_key", "networks", kTexts, kOptional, "[]", "CIDR; only from there. None: from anywhere."},
    Setting{"portal_key", "expires", kTime, kOptional, "", "Not after then."},

    Setting{"staff", "kind", kText, kOptional, "\"officer\"", "`officer`, `operator` or `security`."},
    Setting{"staff", "iin", kText, kRequired, "", "As in the certificate."},
    Setting{"staff", "bin", kText, kRequired, "",
            "Of the licensor, the service centre or the body that runs the service, as in the certificate."},
    Setting{"staff", "name", kText, kRequired, "", "Shown in the queue and in decisions."},
    Setting{"staff", "listed", kSwitch, kOptional, "true",
            "`false`: taken off the list, like whoever is not named any more; may no longer log in or sign. What was "
            "decided stays."},

    Setting{"session", "idle_timeout_s", kNumber, kOptional, "1800", "Without a request a log-in ends.", 60, 86400},
    Setting{"session", "max_age_s", kNumber, kOptional, "36000", "However busy, it ends then: a working day.", 60,
            604800},
    Setting{"session", "challenge_timeout_s", kNumber, kOptional, "180", "For signing a log-in challenge.", 10, 3600},

    Setting{"log", "level", kText, kOptional, "\"info\"", "`debug`, `info`, `warning` or `error`."},
    Setting{"log", "format", kText, kOptional, "\"json\"", "`json`: one object a line. `text`: for a terminal."},

    Setting{"metrics", "networks", kTexts, kOptional, "[\"127.0.0.0/8\", \"::1/128\"]", "CIDR; who may read them."},
};

void append_table(std::string& out, const SettingTable& table) {
  auto to = std::back_inserter(out);
  if (table.name.empty()) {
    fmt::format_to(to, "## Top\n\n{}\n\n", table.meaning);
  } else if (table.kind == SettingTable::Kind::kOnce) {
    fmt::format_to(to, "## `[{}]`\n\n{}\n\n", table.name, table.meaning);
  } else {
    fmt::format_to(to, "## `[[{}]]` (any number of them)\n\n{}\n\n", table.name, table.meaning);
  }
  out += "| setting | type | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Setting& setting : kSettings) {
    if (setting.table != table.name) continue;
    std::string standard = setting.standard.empty() ? "" : fmt::format("`{}`", setting.standard);
    if (setting.presence == kRequired) standard = "(required)";
    if (setting.presence == kRequiredForReal) {
      standard += standard.empty() ? "(required outside demo mode)" : " (required outside demo mode)";
    }
    std::string type(to_string(setting.kind));
    if (setting.kind == kNumber && setting.max != std::numeric_limits<std::int64_t>::max()) {
      type += fmt::format(" {}–{}", setting.min, setting.max);
    } else if (setting.kind == kNumber) {
      type += fmt::format(" ≥ {}", setting.min);
    }
    fmt::format_to(to, "| `{}` | {} | {} | {} |\n", setting.name, type, standard, setting.meaning);
  }
  out += "\n";
}

}  // namespace

std::string_view to_string(SettingKind kind) {
  switch (kind) {
    case kText:
      return "text";
    case kNumber:
      return "number";
    case kSwitch:
      return "true or false";
    case kTexts:
      return "list of texts";
    case kTime:
      return "time (RFC 3339)";
  }
  return "";
}

std::span<const Setting> all_settings() {
  return kSettings;
}

std::span<const SettingTable> all_setting_tables() {
  return kTables;
}

const Setting* find_setting(std::string_view table, std::string_view name) {
  const auto* found = std::ranges::find_if(
      kSettings, [&](const Setting& setting) { return setting.table == table && setting.name == name; });
  return found == kSettings.end() ? nullptr : found;
}

const SettingTable* find_setting_table(std::string_view name) {
  const auto* found = std::ranges::find(kTables, name, &SettingTable::name);
  return found == kTables.end() ? nullptr : found;
}

std::string settings_reference() {
  std::string out =
      "# Configuration of tanbad\n"
      "\n"
      "A TOML file, given by `tanbad --config FILE`; `tanbad --config FILE --check-config` says what is wrong with it "
      "and changes nothing. Names of files are relative to the configuration file's own directory. A key that is not "
      "listed here is an error. `kill -HUP` reads the TLS files anew; whatever is wrong with them then is logged, and "
      "the old ones stay.\n"
      "\n"
      "This page is written by `tanbad --settings`.\n"
      "\n";
  for (const SettingTable& table : kTables) append_table(out, table);
  out.pop_back();
  return out;
}

}  // namespace tanba::server
