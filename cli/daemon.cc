#include "cli/daemon.h"

#include <fmt/format.h>

#include <cstdlib>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "cli/output_file.h"
#include "verify/capsule_file.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;
using net::fetch::Method;

// A verification takes at most 15 seconds, a key server's answer 10; both wait in queues.
constexpr std::chrono::seconds kDeadline{60};
// A whole evidence capsule; a document of 64 MiB as base64 with its report is smaller.
constexpr std::size_t kMaxAnswerBytes = verify::kMaxCapsuleBytes;
constexpr std::size_t kMaxKeyFileBytes = 4096;
// A bundle of every public root there is has under a megabyte.
constexpr std::size_t kMaxPemFileBytes = 16U << 20;
constexpr std::size_t kMaxSessionBytes = 16U << 10;
constexpr int kAttempts = 3;
constexpr std::chrono::seconds kMaxPause{10};

std::unexpected<base::Error> not_understood(const std::string& what) {
  return base::fail(Code::kFetchUnreachable,
                    {{"source", "server"}, {"reason", "its answer is not understood: " + what}});
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr || *value == '\0' ? nullptr : value;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

std::string_view language_tag(base::Language language) {
  switch (language) {
    case base::Language::kRussian:
      return "ru";
    case base::Language::kKazakh:
      return "kk";
    case base::Language::kEnglish:
      break;
  }
  return "en";
}

base::Result<SessionFile> read_session(const std::string& path) {
  const auto octets = base::read_file(path, kMaxSessionBytes);
  // Not logged in yet is the usual cause.
  if (!octets) return base::fail(Code::kAuthRequired, octets.error().message() + " (tanba licence login)");
  const auto value = base::parse_json(base::as_text(*octets));
  const json::object* object = value ? value->if_object() : nullptr;
  SessionFile session;
  const auto take = [&](const char* name, std::string& into) {
    const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
    if (member == nullptr || !member->is_string()) return false;
    into = member->as_string();
    return true;
  };
  const bool whole = take("server", session.server) && take("ca", session.ca) && take("token", session.token) &&
                     take("expires", session.expires);
  if (!whole)
    return base::fail(Code::kFileWrongContent, {{"file", path}, {"expected", "a session of tanba licence login"}});
  return session;
}

// A bearer token goes into a header: no line ends, nothing but visible ASCII.
base::Result<base::Secret> authorization(std::string_view token, const std::string& file) {
  const bool fits = !token.empty() &&
                    token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") ==
                        std::string_view::npos;
  if (!fits) return base::fail(Code::kFileWrongContent, {{"file", file}, {"expected", "a bearer key"}});
  return base::Secret::taking("Bearer " + std::string(token));
}

bool comes_right(const base::Error& error) {
  const base::Effect effect = base::info(error.code()).effect;
  return effect == base::Effect::kUnavailable || error.code() == Code::kFetchUnreachable ||
         error.code() == Code::kFetchTimeout;
}

// A file of the caller's that is not there or is another is not the server's fault, and will not come right later.
base::Status check_pem(const std::string& file, std::string_view label, const char* expected) {
  if (file.empty()) return {};
  TANBA_TRY(const base::Bytes octets, base::read_file(file, kMaxPemFileBytes));
  if (base::as_text(octets).contains(label)) return {};
  return base::fail(Code::kFileWrongContent, {{"file", file}, {"expected", expected}});
}

}  // namespace

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

base::Result<std::string> text_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr || !member->is_string()) return not_understood(std::string(name));
  return std::string(member->as_string());
}

base::Result<base::Bytes> base64_member(const json::object& object, std::string_view name) {
  TANBA_TRY(const std::string text, text_member(object, name));
  auto octets = base::from_base64(text);
  if (!octets) return not_understood(std::string(name));
  return octets;
}

base::Result<json::object> object_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr || !member->is_object()) return not_understood(std::string(name));
  return member->as_object();
}

base::Result<std::string> session_path(const DaemonOptions& options) {
  if (!options.session.empty()) return options.session;
  if (const char* named = environment("TANBA_SESSION")) return std::string(named);
  if (const char* folder = environment("XDG_RUNTIME_DIR")) return std::string(folder) + "/tanba-session.json";
  return usage("where is the session kept? Name a file with --session or TANBA_SESSION");
}

base::Status write_session(const std::string& path, const SessionFile& session) {
  const json::object object{
      {"server", session.server}, {"ca", session.ca}, {"token", session.token}, {"expires", session.expires}};
  TANBA_TRY(OutputFile file, OutputFile::open(path, 0600));
  TANBA_CHECK(file.append(base::as_bytes(base::canonical_json(object) + "\n")));
  return file.commit();
}

base::Result<std::unique_ptr<Daemon>> Daemon::open(const DaemonOptions& options, Credential credential,
                                                   base::Language language) {
  std::unique_ptr<Daemon> daemon(new Daemon);
  daemon->language_ = language_tag(language);
  TANBA_CHECK(daemon->configure(options, credential));
  daemon->fetcher_ = std::make_unique<net::fetch::Fetcher>(net::fetch::Fetcher::Options{});
  return daemon;
}

base::Status Daemon::configure(const DaemonOptions& options, Credential credential) {
  server_ = options.server;
  tls_ = {.ca_file = options.ca,
          .certificate_file = options.tls_certificate,
          .key_file = options.tls_key,
          .pinned_public_key = {}};
  const bool portal = !options.key_file.empty() || !options.tls_certificate.empty();
  if (credential == Credential::kPortal && !portal)
    return usage("a portal files applications: name its key with --key-file or --tls-certificate");
  if (credential == Credential::kOfficer || (credential == Credential::kAny && !portal))
    TANBA_CHECK(use_session(options));
  if (!options.key_file.empty() && (credential == Credential::kPortal || credential == Credential::kAny))
    TANBA_CHECK(use_portal_key(options));
  return check_server();
}

base::Status Daemon::use_session(const DaemonOptions& options) {
  TANBA_TRY(const std::string path, session_path(options));
  TANBA_TRY(const SessionFile session, read_session(path));
  if (server_.empty()) server_ = session.server;
  while (server_.ends_with('/')) server_.pop_back();
  if (server_ != session.server)
    return usage("the session is for " + session.server + ": log in to " + server_ + " first");
  if (tls_.ca_file.empty()) tls_.ca_file = session.ca;
  TANBA_TRY(authorization_, authorization(session.token, path));
  return {};
}

base::Status Daemon::use_portal_key(const DaemonOptions& options) {
  TANBA_TRY(const base::Bytes octets, base::read_file(options.key_file, kMaxKeyFileBytes));
  std::string_view token = base::as_text(octets);
  while (token.ends_with('\n') || token.ends_with('\r')) token.remove_suffix(1);
  TANBA_TRY(authorization_, authorization(token, options.key_file));
  return {};
}

base::Status Daemon::check_server() {
  if (server_.empty()) return usage("which server? Name it with --server https://HOST:PORT");
  while (server_.ends_with('/')) server_.pop_back();
  const auto destination = net::fetch::EgressPolicy().check_url(server_ + "/");
  if (!destination) return usage("--server is https://HOST:PORT");
  host_ = destination->host;
  if (destination->scheme == net::fetch::Scheme::kHttp && !is_loopback(host_))
    return usage("without TLS only a server on this machine is spoken to");
  if (destination->scheme == net::fetch::Scheme::kHttps && tls_.ca_file.empty())
    return usage("whose TLS certificates are trusted? Name their PEM file with --ca");
  return {};
}

base::Result<net::fetch::Response> Daemon::request(Method method, const std::string& path, std::optional<Body> body) {
  TANBA_CHECK(check_pem(tls_.ca_file, "CERTIFICATE-----", "certificates, PEM"));
  TANBA_CHECK(check_pem(tls_.certificate_file, "CERTIFICATE-----", "a certificate, PEM"));
  TANBA_CHECK(check_pem(tls_.key_file, "PRIVATE KEY-----", "a private key, PEM"));
  net::fetch::Request request;
  request.method = method;
  request.url = server_ + path;
  request.egress = net::fetch::EgressClass::kConfigured;
  request.headers = {{"Accept-Language", language_}};
  if (!authorization_.empty()) request.headers.push_back({"Authorization", std::string(authorization_.reveal_text())});
  if (body) {
    request.content_type = std::move(body->content_type);
    request.body = std::move(body->octets);
  }
  request.deadline = std::chrono::steady_clock::now() + kDeadline;
  request.max_response_bytes = kMaxAnswerBytes;
  request.tls = tls_;
  problem_.reset();
  TANBA_TRY(net::fetch::Response response, net::fetch::fetch_and_wait(*fetcher_, std::move(request)));
  if (response.status < 200 || response.status > 299) return std::unexpected(read_problem(response));
  return response;
}

base::Error Daemon::read_problem(const net::fetch::Response& response) {
  auto value = base::parse_json(base::as_text(response.body), {.max_size_bytes = kMaxAnswerBytes});
  const json::value* code = value && value->is_object() ? value->as_object().if_contains("code") : nullptr;
  if (code == nullptr || !code->is_string()) {
    return base::Error(Code::kFetchStatus, {{"source", server_}, {"status", std::to_string(response.status)}});
  }
  problem_ = std::move(value->as_object());
  const auto known = base::find_code((*problem_)["code"].as_string());
  // A newer server may have codes that this program does not know: the status says what follows from them.
  return base::Error(known.value_or(response.status == 503  ? Code::kExecutorFull
                                    : response.status < 500 ? Code::kAuthDenied
                                                            : Code::kInternal));
}

base::Result<json::object> Daemon::request_json(Method method, const std::string& path, const json::object* body) {
  std::optional<Body> sent;
  if (body != nullptr) sent = Body{"application/json", base::to_bytes(base::as_bytes(base::canonical_json(*body)))};
  return request_json(method, path, std::move(sent));
}

base::Result<json::object> Daemon::request_json(Method method, const std::string& path, std::optional<Body> body) {
  TANBA_TRY(const net::fetch::Response response, request(method, path, std::move(body)));
  auto value = base::parse_json(base::as_text(response.body), {.max_size_bytes = kMaxAnswerBytes});
  if (!value || !value->is_object()) return not_understood("no JSON object");
  return std::move(value->as_object());
}

base::Result<json::object> Daemon::post_octets(const std::string& path, std::string content_type, base::Bytes octets) {
  return request_json(Method::kPost, path, Body{std::move(content_type), std::move(octets)});
}

base::Result<json::object> Daemon::get(const std::string& path) {
  return request_json(Method::kGet, path, nullptr);
}

base::Result<json::object> Daemon::post(const std::string& path, const json::object& body) {
  return request_json(Method::kPost, path, &body);
}

base::Result<json::object> Daemon::post(const std::string& path) {
  return request_json(Method::kPost, path, nullptr);
}

base::Result<json::object> Daemon::post_repeatedly(const std::string& path, const json::object& body) {
  std::chrono::seconds pause{1};
  for (int attempt = 1;; ++attempt) {
    auto answer = post(path, body);
    if (answer || attempt == kAttempts || !comes_right(answer.error())) return answer;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kMaxPause);
  }
}

base::Result<base::Bytes> Daemon::get_document(const std::string& path) {
  TANBA_TRY(net::fetch::Response response, request(Method::kGet, path));
  return std::move(response.body);
}

base::Status Daemon::remove(const std::string& path) {
  TANBA_TRY(const net::fetch::Response response, request(Method::kDelete, path));
  return {};
}

}  // namespace tanba::cli
