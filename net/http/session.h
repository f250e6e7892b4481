// One connection: reads requests, has them answered, one after another. Private to net/http.
//
// All members run on the worker's thread. One deadline holds at any time; the worker's tick compares it.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/http/framing.h"
#include "net/http/worker.h"

namespace tanba::net::http {

class Session : public std::enable_shared_from_this<Session> {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Session(Worker& worker, std::unique_ptr<Transport> transport, Peer peer, ConnectionBook::Slot slot);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  void check_deadline(TimePoint now);
  // Closes now if nothing is under way, otherwise after the answer.
  void drain();
  void close();
  // The answer to the request of that number; a late one is dropped.
  void answer(std::uint64_t number, Response&& response);

 private:
  enum class Phase : std::uint8_t {
    kHandshake,
    kIdle,  // nothing of the next request has come
    kHeader,
    kClearing,  // who sends the body is being looked up; it lies unread
    kBody,
    kHandling,
    kWriting,
    kClosing,    // our last words are being said
    kLingering,  // what the other end still says is read over
    kClosed,
  };
  using Error = boost::system::error_code;

  void set_deadline(ServerLimits::Milliseconds after);
  void read();
  void on_read(Error error, std::size_t count);
  void next_request();
  void parse_header();
  void skip_empty_lines();
  void on_header();
  [[nodiscard]] base::Result<Framing> read_head();
  [[nodiscard]] std::expected<Admission, Response> admit();
  void begin_body(const Admission& admission);
  void ask_clearance(const Clearance& clearance);
  void cleared(std::uint64_t number, base::Result<std::string> caller);
  void read_first_of_body();
  void send_continue();
  void take_from_buffer();
  void take_body(std::size_t direct_bytes);
  [[nodiscard]] base::Status hand_over();
  [[nodiscard]] base::Status charge_body(std::size_t held_bytes);
  void read_body();
  void dispatch();
  void begin_handling();
  void end_handling();
  void refuse(const base::Error& error);
  void respond(Response&& response);
  void compose_header(const Response& response, base::ByteView body);
  void on_written(Error error);
  void report();
  void finish_connection();
  void linger();
  void release_request();

  Worker& worker_;
  Shared& shared_;
  std::unique_ptr<Transport> transport_;
  std::shared_ptr<Peer> peer_;
  ConnectionBook::Slot slot_;

  Phase phase_ = Phase::kHandshake;
  TimePoint deadline_{};
  bool reading_ = false;
  bool writing_ = false;
  bool draining_ = false;
  bool close_after_ = false;
  bool input_unread_ = false;  // part of the request was left where it was

  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  Request request_;
  Framing framing_;
  std::uint64_t body_bytes_ = 0;    // received of the body
  std::uint64_t handed_bytes_ = 0;  // of these, given to the request's sink and no longer held
  std::uint64_t timed_bytes_ = 0;   // of these, counted for the deadline
  std::optional<ChunkedDecoder> chunked_;
  const BodyAccount stranger_;  // the address, for who is not known
  BodyAccount account_;         // of the body being read
  std::size_t charged_bytes_ = 0;
  std::uint64_t number_ = 0;  // of the request on this connection
  bool counted_ = false;

  // Of the request being answered: the request itself was given away.
  struct Current {
    Method method = Method::kOther;
    std::string_view route;
    std::string id;
    base::Language language = base::Language::kEnglish;
    TimePoint arrived{};
    std::uint64_t body_bytes = 0;
  };
  Current current_;
  Response response_;
  std::string header_out_;
};

}  // namespace tanba::net::http
