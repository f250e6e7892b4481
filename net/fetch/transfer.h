// One request on its way: libcurl's easy handle, what it wrote so far, and why it was stopped. Private to this folder.
#pragma once

#include <optional>
#include <string>

#include "net/fetch/curl_handles.h"
#include "net/fetch/fetcher.h"

namespace tanba::net::fetch {

class Transfer {
 public:
  // `options` outlives the transfer.
  Transfer(const Fetcher::Options& options, Request request, Destination destination, Fetcher::Callback callback);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Makes the easy handle; fetch.timeout when the deadline has passed already.
  [[nodiscard]] base::Status prepare();
  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  [[nodiscard]] const Destination& destination() const { return destination_; }
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const { return request_.deadline; }

  // What became of it. `kRedirected`: the request now names the next hop and wants to be prepared anew.
  enum class Next : std::uint8_t { kDone, kRedirected };
  [[nodiscard]] base::Result<Next> conclude(CURLcode code);
  // Hands the result over; once.
  void complete(base::Result<Response> result);
  [[nodiscard]] Response take_response() { return std::move(response_); }
  [[nodiscard]] base::Error error(base::Code code, const std::string& reason = {}) const;

 private:
  enum class Stopped : std::uint8_t { kNo, kBodyTooLarge, kHeadersTooLarge, kForbidden };

  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static int before_request(void* self, char* remote_ip, char* local_ip, int remote_port, int local_port) noexcept;
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;

  void set_callbacks();
  void set_limits(std::chrono::milliseconds remaining);
  [[nodiscard]] base::Status set_tls();
  [[nodiscard]] base::Status set_request();
  [[nodiscard]] base::Status address_allowed(const Address& address);
  [[nodiscard]] base::Error error_of(CURLcode code) const;
  void read_response();
  [[nodiscard]] std::optional<std::string> redirect_target() const;
  [[nodiscard]] base::Status redirect_to(const std::string& url);

  const Fetcher::Options& options_;
  Request request_;
  Destination destination_;
  EgressClass egress_;
  Fetcher::Callback callback_;
  unsigned redirects_ = 0;

  EasyHandle easy_;
  SlistHandle headers_;
  std::string error_text_;
  Response response_;
  std::size_t header_bytes_ = 0;
  Stopped stopped_ = Stopped::kNo;
  std::string refused_;         // why the policy refused an address
  bool connect_tried_ = false;  // an address that the policy allows was tried
};

}  // namespace tanba::net::fetch
