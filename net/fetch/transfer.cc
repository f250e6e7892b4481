#include "net/fetch/transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "net/fetch/ascii.h"

namespace tanba::net::fetch {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::chrono::seconds kMaxRetryAfter{24 * 60 * 60};  // a source cannot silence us for longer than a day

// A line end inside a header would start another one.
bool header_is_clean(const Header& header) {
  const auto token = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  const auto printable = [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); };
  return !header.name.empty() && std::ranges::all_of(header.name, token) &&
         std::ranges::all_of(header.value, printable);
}

const char* method_name(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
  }
  return "GET";
}

// libcurl copies strings, so that a temporary is fine; an empty one stands for "not set".
void set_text(CURL* easy, CURLoption option, const std::string& value) {
  if (!value.empty()) curl_easy_setopt(easy, option, value.c_str());
}

}  // namespace

Transfer::Transfer(const Fetcher::Options& options, Request request, Destination destination,
                   Fetcher::Callback callback)
    : options_(options),
      request_(std::move(request)),
      destination_(std::move(destination)),
      egress_(request_.egress),
      callback_(std::move(callback)) {}

Error Transfer::error(Code code, const std::string& reason) const {
  std::vector<base::ErrorArgument> arguments{{"source", destination_.source()}};
  if (code == Code::kFetchTooLarge) arguments.push_back({"limit", reason});
  if (!reason.empty() && code != Code::kFetchTooLarge) arguments.push_back({"reason", reason});
  return Error(code, std::move(arguments));
}

Status Transfer::prepare() {
  const auto remaining =
      std::chrono::duration_cast<std::chrono::milliseconds>(request_.deadline - std::chrono::steady_clock::now());
  if (remaining.count() <= 0) return fail(error(Code::kFetchTimeout));
  easy_.reset(curl_easy_init());
  if (!easy_) return fail(error(Code::kFetchUnreachable, "out of memory"));
  response_ = {};
  header_bytes_ = 0;
  stopped_ = Stopped::kNo;
  refused_.clear();
  connect_tried_ = false;
  error_text_.assign(CURL_ERROR_SIZE, '\0');
  set_callbacks();
  set_limits(remaining);
  if (destination_.scheme == Scheme::kHttps) TANBA_CHECK(set_tls());
  return set_request();
}

void Transfer::set_callbacks() {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Transfer::before_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

void Transfer::set_limits(std::chrono::milliseconds remaining) {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Without this, removing a transfer waits for the thread that resolves its name, deadline or not.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(remaining.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(remaining.count()));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, options_.stall_bytes_per_second);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_after.count()));
  // Refuses a longer Content-Length before the first octet; take_body counts whatever the length claims.
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.max_response_bytes));
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // redirects are ours: each target is checked
  curl_easy_setopt(easy, CURLOPT_PROXY, "");           // an empty proxy overrides the environment's
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

Status Transfer::set_tls() {
  CURL* easy = easy_.get();
  const TlsSettings& tls = request_.tls;
  const std::string& ca_file = tls.ca_file.empty() ? options_.policy.tls_ca_file() : tls.ca_file;
  if (ca_file.empty()) return fail(error(Code::kFetchTls, "no CA file is configured for https"));
  curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file.c_str());
  // Debian builds libcurl with a folder of the system's anchors; only the file counts here.
  curl_easy_setopt(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set_text(easy, CURLOPT_SSLCERT, tls.certificate_file);
  set_text(easy, CURLOPT_SSLKEY, tls.key_file);
  if (!tls.pinned_public_key.empty() &&
      curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, tls.pinned_public_key.c_str()) != CURLE_OK) {
    return fail(error(Code::kFetchTls, "the pinned key is not understood"));
  }
  return {};
}

Status Transfer::set_request() {
  CURL* easy = easy_.get();
  headers_.reset();
  const auto add = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());  // null: out of memory, the list is kept
    if (longer == nullptr) return false;
    static_cast<void>(headers_.release());  // NOLINT(bugprone-unused-return-value): `longer` begins with it
    headers_.reset(longer);
    return true;
  };
  bool added = add("Expect:");  // else libcurl waits a second for a 100 before large bodies
  // "Name:" alone takes the header out that libcurl would add.
  added = add(request_.content_type.empty() ? "Content-Type:" : "Content-Type: " + request_.content_type) && added;
  for (const Header& header : request_.headers) {
    added = add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value) && added;
  }
  if (!added || curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str()) != CURLE_OK) {
    return fail(error(Code::kFetchUnreachable, "out of memory"));
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());  // not copied: lives in headers_
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  const bool has_body = request_.method == Method::kPost || request_.method == Method::kPut || !request_.body.empty();
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    // Not copied: lives in request_.body, also for a second try on a fresh connection.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                     request_.body.empty() ? "" : reinterpret_cast<const char*>(request_.body.data()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
  if (request_.method != Method::kGet && request_.method != Method::kPost) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method_name(request_.method));
  }
  for (const Header& header : request_.headers) {
    if (!header_is_clean(header)) return fail(error(Code::kFetchForbidden, "a header with control characters"));
  }
  if (!header_is_clean({"Content-Type", request_.content_type})) {
    return fail(error(Code::kFetchForbidden, "a content type with control characters"));
  }
  return {};
}

Status Transfer::address_allowed(const Address& address) {
  return options_.policy.check_address(destination_, egress_, address);
}

curl_socket_t Transfer::open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  auto parsed = address_of(address->addr, address->addrlen);
  const Status allowed = parsed && purpose == CURLSOCKTYPE_IPCXN
                             ? transfer.address_allowed(*parsed)
                             : Status(fail(transfer.error(Code::kFetchForbidden, "not an internet address")));
  if (!allowed) {
    transfer.refused_ = parsed ? parsed->to_string() + " is not a public address and is not listed" : "address family";
    return CURL_SOCKET_BAD;
  }
  transfer.connect_tried_ = true;
  // libcurl owns the socket from here on.
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Also before each request on a connection that another request opened, perhaps one with wider permission.
int Transfer::before_request(void* self, char* remote_ip, char*, int, int) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  auto address = parse_address(remote_ip == nullptr ? "" : remote_ip);
  if (address && transfer.address_allowed(*address)) return CURL_PREREQFUNC_OK;
  transfer.stopped_ = Stopped::kForbidden;
  transfer.refused_ =
      std::string(remote_ip == nullptr ? "?" : remote_ip) + " is not a public address and is not listed";
  return CURL_PREREQFUNC_ABORT;
}

// Counts status lines, interim answers and trailers too: each of them can be without end.
std::size_t Transfer::take_header(char*, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size * count;
  if (transfer.header_bytes_ <= kMaxHeaderBytes) return size * count;
  transfer.stopped_ = Stopped::kHeadersTooLarge;
  return 0;  // other than what was handed over: libcurl ends the transfer
}

std::size_t Transfer::take_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  base::Bytes& body = transfer.response_.body;
  if (bytes > transfer.request_.max_response_bytes - body.size()) {
    transfer.stopped_ = Stopped::kBodyTooLarge;
    return CURL_WRITEFUNC_ERROR;
  }
  try {
    body.insert(body.end(), data, data + bytes);
  } catch (const std::exception&) {  // out of memory must not unwind through C
    transfer.stopped_ = Stopped::kBodyTooLarge;
    return CURL_WRITEFUNC_ERROR;
  }
  return bytes;
}

Error Transfer::error_of(CURLcode code) const {
  const std::string said = error_text_.c_str();  // up to its first NUL
  const std::string reason = said.empty() ? curl_easy_strerror(code) : said;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return error(Code::kFetchTimeout);
    case CURLE_FILESIZE_EXCEEDED:
      return error(Code::kFetchTooLarge, std::to_string(request_.max_response_bytes));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
      return error(Code::kFetchTls, reason);
    case CURLE_COULDNT_CONNECT:
      // Every address was refused by the policy, none by the network.
      if (!refused_.empty() && !connect_tried_) return error(Code::kFetchForbidden, refused_);
      return error(Code::kFetchUnreachable, reason);
    default:
      return error(Code::kFetchUnreachable, reason);
  }
}

Result<Transfer::Next> Transfer::conclude(CURLcode code) {
  switch (stopped_) {
    case Stopped::kNo:
      break;
    case Stopped::kBodyTooLarge:
      return fail(error(Code::kFetchTooLarge, std::to_string(request_.max_response_bytes)));
    case Stopped::kHeadersTooLarge:
      return fail(error(Code::kFetchTooLarge, std::to_string(kMaxHeaderBytes)));
    case Stopped::kForbidden:
      return fail(error(Code::kFetchForbidden, refused_));
  }
  if (code != CURLE_OK) return fail(error_of(code));
  read_response();
  if (const auto target = redirect_target()) {
    TANBA_CHECK(redirect_to(*target));
    return Next::kRedirected;
  }
  return Next::kDone;
}

void Transfer::read_response() {
  CURL* easy = easy_.get();
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.source = destination_.source();
  response_.url = request_.url;
  curl_header* header = nullptr;
  while ((header = curl_easy_nextheader(easy, CURLH_HEADER, -1, header)) != nullptr) {  // -1: of the last answer
    response_.headers.push_back({ascii_lower(header->name), header->value});
  }
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
  if (response_.header("retry-after")) {
    response_.retry_after = std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), kMaxRetryAfter);
  }
}

std::optional<std::string> Transfer::redirect_target() const {
  constexpr std::array kRedirects{301, 302, 303, 307, 308};
  if (options_.policy.max_redirects() == 0 || request_.method != Method::kGet) return std::nullopt;
  if (std::ranges::find(kRedirects, response_.status) == kRedirects.end()) return std::nullopt;
  char* target = nullptr;  // owned by the easy handle
  curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &target);
  if (target == nullptr) return std::nullopt;
  return std::string(target);
}

Status Transfer::redirect_to(const std::string& url) {
  if (++redirects_ > options_.policy.max_redirects()) {
    return fail(error(Code::kFetchForbidden, "more redirects than are allowed"));
  }
  TANBA_TRY(Destination next, options_.policy.check_url(url));
  if (destination_.scheme == Scheme::kHttps && next.scheme == Scheme::kHttp) {
    return fail(error(Code::kFetchForbidden, "a redirect from https to http"));
  }
  if (next != destination_) {
    request_.headers.clear();  // may hold credentials meant for the first source only
    request_.tls.certificate_file.clear();
    request_.tls.key_file.clear();
    request_.tls.pinned_public_key.clear();
  }
  egress_ = EgressClass::kFromOutside;  // whoever configured the first URL did not write this one
  request_.url = url;
  destination_ = std::move(next);
  return {};
}

void Transfer::complete(Result<Response> result) {
  Fetcher::Callback callback = std::move(callback_);
  callback(std::move(result));
}

}  // namespace tanba::net::fetch
