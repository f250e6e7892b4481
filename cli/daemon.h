// The daemon as the command line sees it: JSON over HTTPS by server/openapi.json, with a portal's key or an officer's
// session.
//
// Credentials go to the server that they were made for and to no other: a session file names its server, and http
// without TLS is taken only on loopback.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "cli/io.h"
#include "net/fetch/fetcher.h"

namespace tanba::cli {

struct DaemonOptions {
  std::string server;                    // https://host:port; empty: the session's
  std::string ca;                        // PEM file of the anchors for TLS; empty: the session's
  std::string session;                   // file; empty: TANBA_SESSION, else tanba-session.json in XDG_RUNTIME_DIR
  std::string key_file;                  // a portal's bearer key
  std::string tls_certificate, tls_key;  // a portal's TLS client certificate
};

// An officer's log-in, as `tanba licence login` leaves it in a file that only its owner reads.
struct SessionFile {
  std::string server, ca, token, expires;
};
// input.usage when no place for it is named.
[[nodiscard]] base::Result<std::string> session_path(const DaemonOptions& options);
[[nodiscard]] base::Status write_session(const std::string& path, const SessionFile& session);

class Daemon {
 public:
  enum class Credential { kNone, kPortal, kOfficer, kAny };
  // kAny: the portal's when its options are given, else the officer's. Errors: input.usage, file.*, auth.required.
  [[nodiscard]] static base::Result<std::unique_ptr<Daemon>> open(const DaemonOptions& options, Credential credential,
                                                                  base::Language language);

  // The answer of a status 2xx. Otherwise the error of the problem document's code, and problem() has the document.
  // fetch.* when there is no answer.
  [[nodiscard]] base::Result<boost::json::object> get(const std::string& path);
  [[nodiscard]] base::Result<boost::json::object> post(const std::string& path, const boost::json::object& body);
  [[nodiscard]] base::Result<boost::json::object> post(const std::string& path);  // where no body is expected
  // A body that is no JSON.
  [[nodiscard]] base::Result<boost::json::object> post_octets(const std::string& path, std::string content_type,
                                                              base::Bytes octets);
  // For what the daemon answers the same again: repeated while it cannot be reached or says "later", a few times.
  [[nodiscard]] base::Result<boost::json::object> post_repeatedly(const std::string& path,
                                                                  const boost::json::object& body);
  [[nodiscard]] base::Result<base::Bytes> get_document(const std::string& path);
  [[nodiscard]] base::Status remove(const std::string& path);

  [[nodiscard]] const std::string& server() const { return server_; }
  [[nodiscard]] const std::string& ca() const { return tls_.ca_file; }
  [[nodiscard]] const std::string& host() const { return host_; }
  // What the last request was refused with.
  [[nodiscard]] const std::optional<boost::json::object>& problem() const { return problem_; }
  void forget_problem() { problem_.reset(); }

 private:
  [[nodiscard]] base::Result<boost::json::object> request_json(net::fetch::Method method, const std::string& path,
                                                               const boost::json::object* body);
  struct Body {
    std::string content_type;
    base::Bytes octets;
  };
  [[nodiscard]] base::Result<boost::json::object> request_json(net::fetch::Method method, const std::string& path,
                                                               std::optional<Body> body);
  Daemon() = default;
  [[nodiscard]] base::Status configure(const DaemonOptions& options, Credential credential);
  [[nodiscard]] base::Status use_session(const DaemonOptions& options);
  [[nodiscard]] base::Status use_portal_key(const DaemonOptions& options);
  [[nodiscard]] base::Status check_server();
  [[nodiscard]] base::Result<net::fetch::Response> request(net::fetch::Method method, const std::string& path,
                                                           std::optional<Body> body = std::nullopt);
  [[nodiscard]] base::Error read_problem(const net::fetch::Response& response);

  std::unique_ptr<net::fetch::Fetcher> fetcher_;
  std::string server_, host_, language_;
  net::fetch::TlsSettings tls_;
  base::Secret authorization_;  // the header's value
  std::optional<boost::json::object> problem_;
};

// One segment of a path, or a value of a query.
[[nodiscard]] std::string url_encoded(std::string_view text);
// Members of answers: keyd.protocol's counterpart for HTTP is fetch.unreachable, "the other side broke HTTP".
[[nodiscard]] base::Result<std::string> text_member(const boost::json::object& object, std::string_view name);
[[nodiscard]] base::Result<base::Bytes> base64_member(const boost::json::object& object, std::string_view name);
[[nodiscard]] base::Result<boost::json::object> object_member(const boost::json::object& object, std::string_view name);

}  // namespace tanba::cli
