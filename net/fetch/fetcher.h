// The one way out: HTTP and HTTPS requests by libcurl on a thread of their own.
//
// What it promises whatever the other side does: at most `max_response_bytes` of body and kMaxHeaderBytes of headers
// are kept, the request ends at its deadline at the latest (also while it waits in the queue, while a name resolves,
// and while octets drip), at most so many are under way for each source and in all, and no address that the egress
// policy refuses is connected to. Proxy variables, .netrc and cookies are not looked at; compression is not offered.
//
// Any HTTP status is a Response; require_ok makes other than 200 an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/fetch/egress.h"

namespace tanba::net::fetch {

// Status line and headers of one answer: a CDN's are under 4 KiB.
inline constexpr std::size_t kMaxHeaderBytes = 32U << 10;

enum class Method : std::uint8_t { kGet, kPost, kPut, kDelete };

struct Header {
  std::string name;  // in a Response: lower case
  std::string value;
};

// For https. At least TLS 1.2; the certificate must name the host and reach an anchor of the CA file.
struct TlsSettings {
  std::string ca_file;           // PEM; empty: the policy's
  std::string certificate_file;  // PEM chain of the client, own certificate first; empty: none
  std::string key_file;          // PEM, not encrypted
  // `sha256//` and base64 of the SHA-256 of the server's SubjectPublicKeyInfo; several with `;` between. Checked
  // besides the CA file. Empty: not pinned.
  std::string pinned_public_key;
};

struct Request {
  Method method = Method::kGet;
  std::string url;
  EgressClass egress = EgressClass::kFromOutside;
  std::vector<Header> headers;
  std::string content_type;  // of the body
  base::Bytes body;
  // Monotonic: a clock that is set does not move it. Counts from the call, queueing included.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::size_t max_response_bytes = 1U << 20;
  TlsSettings tls;
};

struct Response {
  int status = 0;
  std::vector<Header> headers;  // of the last answer, names in lower case
  base::Bytes body;
  std::string source;  // host:port that answered
  std::string url;     // what answered, after redirects
  // The first header of this (lower-case) name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  // Seconds, from either form of Retry-After; at most a day.
  std::optional<std::chrono::seconds> retry_after;
};

// The response if its status is 200; fetch.status otherwise.
[[nodiscard]] base::Result<Response> require_ok(base::Result<Response> response);

class Fetcher {
 public:
  struct Options {
    EgressPolicy policy;
    std::size_t max_active_per_source = 8;  // one slow responder must not take all of max_active
    std::size_t max_active = 64;
    std::size_t max_queued_per_source = 256;
    std::size_t max_queued = 1024;
    // Fewer than this many octets a second for so long: the source has stalled, before the deadline says so.
    long stall_bytes_per_second = 16;
    std::chrono::seconds stall_after{30};
    std::string user_agent = "tanba";
  };
  using Callback = std::move_only_function<void(base::Result<Response>)>;

  explicit Fetcher(Options options);
  // Ends what is under way; each callback still outstanding gets fetch.cancelled.
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // When this returns an error (fetch.forbidden, fetch.busy, fetch.cancelled), nothing was sent and the callback is
  // dropped; otherwise the callback runs exactly once, on the fetch thread: it must not block, throw, or destroy the
  // Fetcher, and posts elsewhere whatever takes time. It may call fetch().
  //
  // fetch.unreachable  no connection, or the other side broke HTTP or the connection
  // fetch.tls          the other side's certificate, pinned key or the client's own files
  // fetch.timeout      the deadline passed, or the source stalled
  // fetch.too_large    body or headers over their limits
  // fetch.forbidden    the egress policy; also a redirect it does not allow
  [[nodiscard]] base::Status fetch(Request request, Callback callback);

  struct Load {
    std::size_t active = 0;
    std::size_t queued = 0;
  };
  [[nodiscard]] Load load() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

// Waits for the answer. Never on the fetch thread.
[[nodiscard]] base::Result<Response> fetch_and_wait(Fetcher& fetcher, Request request);

}  // namespace tanba::net::fetch
