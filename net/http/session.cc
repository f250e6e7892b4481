#include "net/http/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/beast/http/status.hpp>
#include <exception>
#include <iterator>

#include "net/http/problem.h"
#include "net/http/target.h"

namespace tanba::net::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using base::Code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeaderReadBytes = 8U << 10;  // most requests come whole in one read
constexpr std::size_t kBodyReadBytes = 64U << 10;

// At least this many octets a second, else the deadline comes first.
Clock::duration time_for(std::uint64_t bytes, const ServerLimits& limits) {
  return std::chrono::microseconds(bytes * 1'000'000 / std::max<std::size_t>(1, limits.min_rate_bytes_per_second));
}

base::Error too_large(std::uint64_t limit) {
  return base::Error(Code::kInputTooLarge, {{"limit", std::to_string(limit)}});
}

BodyAccount account_of(const Peer& peer) {
  boost::system::error_code unreadable;
  const auto address = asio::ip::make_address(peer.address, unreadable);
  return {BodyAccount::Kind::kAddress, unreadable ? peer.address : address_key(address)};
}

bool has_no_body(unsigned status) {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace

Session::Session(Worker& worker, std::unique_ptr<Transport> transport, Peer peer, ConnectionBook::Slot slot)
    : worker_(worker),
      shared_(worker.shared()),
      transport_(std::move(transport)),
      peer_(std::make_shared<Peer>(std::move(peer))),
      slot_(std::move(slot)),
      buffer_(shared_.limits.max_header_bytes + kHeaderReadBytes),
      stranger_(account_of(*peer_)),
      account_(stranger_) {}

Session::~Session() = default;

void Session::set_deadline(ServerLimits::Milliseconds after) {
  deadline_ = Clock::now() + after;
}

void Session::start() {
  set_deadline(shared_.limits.handshake_timeout);
  transport_->handshake([self = shared_from_this()](Error error, std::size_t) {
    if (self->phase_ != Phase::kHandshake) return;
    if (error) {
      self->shared_.observer->connection_refused(Observer::Refused::kHandshake);
      return self->close();
    }
    self->transport_->describe(*self->peer_);
    self->next_request();
  });
}

void Session::check_deadline(TimePoint now) {
  if (now < deadline_) return;
  switch (phase_) {
    case Phase::kHeader:
    case Phase::kBody:
      if (writing_) return close();  // it does not even take our 100 (Continue)
      return refuse(base::Error(Code::kRequestTimeout));
    case Phase::kClearing:
    case Phase::kHandling:
      return respond(
          problem(base::Error(Code::kServerDeadline), {.request_id = current_.id, .language = current_.language}));
    case Phase::kHandshake:
    case Phase::kIdle:
    case Phase::kWriting:
    case Phase::kClosing:
    case Phase::kLingering:
      return close();
    case Phase::kClosed:
      return;
  }
}

void Session::drain() {
  draining_ = true;
  if (phase_ == Phase::kIdle || phase_ == Phase::kHandshake) close();
}

void Session::close() {
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kWriting) report();
  phase_ = Phase::kClosed;
  ++number_;  // answers that come now find nobody
  end_handling();
  release_request();
  transport_->close();
  worker_.remove(*this);  // may end our life: nothing after this
}

// --- reading ---------------------------------------------------------------------------------------------------------

void Session::read() {
  if (reading_) return;
  reading_ = true;
  const std::size_t room = buffer_.max_size() - buffer_.size();
  transport_->read_some(buffer_.prepare(std::min(room, kHeaderReadBytes)),
                        [self = shared_from_this()](Error error, std::size_t count) { self->on_read(error, count); });
}

void Session::on_read(Error error, std::size_t count) {
  reading_ = false;
  buffer_.commit(count);
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kHeader:
      if (error) return close();
      return parse_header();
    case Phase::kBody:
      if (error) return close();
      return take_from_buffer();
    case Phase::kLingering:
      if (error) return close();
      return linger();
    case Phase::kHandshake:
    case Phase::kClearing:
    case Phase::kHandling:
    case Phase::kWriting:
    case Phase::kClosing:
    case Phase::kClosed:
      return;  // being refused: what came is read over later
  }
}

void Session::next_request() {
  if (draining_ && buffer_.size() == 0) return finish_connection();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(shared_.limits.max_header_bytes));
  parser_->body_limit(boost::none);  // bodies are ours: see framing.h
  close_after_ = false;
  input_unread_ = false;
  phase_ = Phase::kIdle;
  set_deadline(number_ == 0 ? shared_.limits.header_timeout : shared_.limits.idle_timeout);
  parse_header();
}

// RFC 9112 2.2: "a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line
// (CRLF) received prior to the request-line."
void Session::skip_empty_lines() {
  const std::string_view text(static_cast<const char*>(buffer_.data().data()), buffer_.size());
  if (text.starts_with("\r\n")) buffer_.consume(2);
}

void Session::parse_header() {
  if (phase_ == Phase::kIdle) {
    skip_empty_lines();
    if (buffer_.size() == 0) return read();
    phase_ = Phase::kHeader;
    set_deadline(shared_.limits.header_timeout);
    current_ = Current{};
    current_.id = worker_.make_request_id();
    current_.arrived = Clock::now();
  }
  Error error;
  try {
    buffer_.consume(parser_->put(buffer_.data(), error));
  } catch (const std::exception&) {  // Beast's fields hold 65535 octets and throw at one that is longer
    return refuse(base::Error(Code::kRequestHeaderTooLarge));
  }
  if (parser_->is_header_done()) return on_header();
  if (error == beast::http::error::header_limit || buffer_.size() == buffer_.max_size()) {
    return refuse(base::Error(Code::kRequestHeaderTooLarge));
  }
  if (error && error != beast::http::error::need_more) return refuse(base::Error(Code::kRequestMalformed));
  read();
}

base::Result<Framing> Session::read_head() {
  auto& message = parser_->get();
  const std::string_view method(message.method_string().data(), message.method_string().size());
  request_ = Request{};
  request_.method = current_.method = method_from(method);
  request_.id = current_.id;
  request_.arrived = current_.arrived;
  request_.worker = worker_.index();
  request_.home = worker_.home();
  request_.peer = peer_;
  std::size_t fields = 0;
  for (const auto& field : message) {
    if (++fields > shared_.limits.max_header_fields) return base::fail(Code::kRequestHeaderTooLarge);
    request_.headers.add({field.name_string().data(), field.name_string().size()},
                         {field.value().data(), field.value().size()});
  }
  request_.language = current_.language = negotiate_language(request_.headers.find("accept-language").value_or(""));
  TANBA_TRY(Framing framing,
            check_framing(request_.headers, message.version() == 10 ? Version::kHttp10 : Version::kHttp11));
  TANBA_TRY(Target target, parse_target({message.target().data(), message.target().size()}));
  request_.path = std::move(target.path);
  request_.segments = std::move(target.segments);
  request_.query = std::move(target.query);
  return framing;
}

void Session::on_header() {
  auto framing = read_head();
  if (!framing) return refuse(framing.error());
  framing_ = *framing;
  close_after_ = framing_.connection == Framing::Connection::kClose;
  input_unread_ = framing_.body != Framing::Body::kNone;
  auto admission = admit();
  current_.route = request_.route;
  if (!admission) return respond(std::move(admission).error());
  request_.sink = std::move(admission->sink);
  begin_body(*admission);
}

std::expected<Admission, Response> Session::admit() {
  std::string what = "not a std::exception";
  try {
    return shared_.application->admit(request_);
  } catch (const std::exception& fault) {
    what = fault.what();
  } catch (...) {  // NOLINT(bugprone-empty-catch): reported below
  }
  shared_.observer->fault(current_.id, what);
  return std::unexpected(
      problem(base::Error(Code::kInternal), {.request_id = current_.id, .language = current_.language}));
}

void Session::begin_body(const Admission& admission) {
  const std::uint64_t max_bytes = admission.max_body_bytes;
  body_bytes_ = 0;
  handed_bytes_ = 0;
  timed_bytes_ = 0;
  switch (framing_.body) {
    case Framing::Body::kNone:
      return dispatch();
    case Framing::Body::kLength:
      if (framing_.length > max_bytes) return refuse(too_large(max_bytes));
      break;
    case Framing::Body::kChunked:
      chunked_.emplace(max_bytes);
      break;
  }
  if (admission.clearance != nullptr) return ask_clearance(*admission.clearance);
  read_first_of_body();
}

// Nothing is read meanwhile: a stranger's octets stay with the stranger.
void Session::ask_clearance(const Clearance& clearance) {
  phase_ = Phase::kClearing;
  set_deadline(shared_.limits.handling_timeout);
  ++number_;
  Cleared done = [worker = worker_.weak_from_this(), session = weak_from_this(),
                  number = number_](base::Result<std::string> caller) {
    const std::shared_ptr<Worker> home = worker.lock();
    if (!home) return;
    asio::dispatch(home->io(), [session, number, caller = std::move(caller)]() mutable {
      if (const auto self = session.lock()) self->cleared(number, std::move(caller));
    });
  };
  const std::shared_ptr<Session> self = shared_from_this();  // a refusal given at once may close us
  std::string what = "not a std::exception";
  try {
    return clearance(request_, std::move(done));
  } catch (const std::exception& fault) {
    what = fault.what();
  } catch (...) {  // NOLINT(bugprone-empty-catch): reported below
  }
  shared_.observer->fault(current_.id, what);
  if (phase_ == Phase::kClearing) refuse(base::Error(Code::kInternal));
}

void Session::cleared(std::uint64_t number, base::Result<std::string> caller) {
  if (phase_ != Phase::kClearing || number != number_) return;
  if (!caller) return refuse(caller.error());
  if (!caller->empty()) account_ = {BodyAccount::Kind::kCaller, *std::move(caller)};
  read_first_of_body();
}

void Session::read_first_of_body() {
  phase_ = Phase::kBody;
  set_deadline(shared_.limits.body_timeout);
  // RFC 9110 10.1.1: "A server MAY omit sending a 100 (Continue) response if it has already received some or all of the
  // content".
  if (framing_.expectation == Framing::Expectation::kContinue && buffer_.size() == 0) return send_continue();
  take_from_buffer();
}

void Session::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  writing_ = true;
  transport_->write({asio::buffer(kContinue.data(), kContinue.size()), asio::const_buffer{}},
                    [self = shared_from_this()](Error error, std::size_t) {
                      self->writing_ = false;
                      if (self->phase_ != Phase::kBody) return;
                      if (error) return self->close();
                      self->take_from_buffer();
                    });
}

// What lies in the buffer goes to the body; then more is read.
void Session::take_from_buffer() {
  const base::ByteView in(static_cast<const std::uint8_t*>(buffer_.data().data()), buffer_.size());
  if (chunked_) {
    auto taken = chunked_->feed(in, request_.body);
    if (!taken) return refuse(taken.error());
    buffer_.consume(*taken);
  } else {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), framing_.length - body_bytes_));
    request_.body.insert(request_.body.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(count));
    body_bytes_ += count;
    buffer_.consume(count);
  }
  take_body(0);
}

void Session::take_body(std::size_t direct_bytes) {
  body_bytes_ += direct_bytes;
  if (chunked_) body_bytes_ = handed_bytes_ + request_.body.size();
  request_.body.resize(static_cast<std::size_t>(body_bytes_ - handed_bytes_));
  auto taken = request_.sink ? hand_over() : charge_body(request_.body.size());
  if (!taken) return refuse(taken.error());
  const bool complete = chunked_ ? chunked_->done() : body_bytes_ == framing_.length;
  if (complete) {
    input_unread_ = false;
    return dispatch();
  }
  // What was sent quickly buys no long silence afterwards.
  deadline_ = std::min(deadline_ + time_for(body_bytes_ - timed_bytes_, shared_.limits),
                       Clock::now() + Clock::duration(shared_.limits.body_timeout));
  timed_bytes_ = body_bytes_;
  if (chunked_) return read();
  read_body();
}

base::Status Session::hand_over() {
  TANBA_CHECK(request_.sink->take(request_.body));
  handed_bytes_ = body_bytes_;
  request_.body.clear();
  return charge_body(request_.sink->held_bytes());
}

// Claimed lengths cost nothing, received octets do: who only promises much keeps nobody else out.
base::Status Session::charge_body(std::size_t held_bytes) {
  if (held_bytes > charged_bytes_) {
    TANBA_CHECK(shared_.bodies->charge(account_, charged_bytes_, held_bytes - charged_bytes_));
  } else {  // a sink may let go of what it held
    shared_.bodies->give_back(account_, charged_bytes_ - held_bytes);
  }
  charged_bytes_ = held_bytes;
  return {};
}

// A body of known length is read where it will lie. It grows with what arrived, not with what was promised.
void Session::read_body() {
  const auto held = static_cast<std::size_t>(body_bytes_ - handed_bytes_);
  const auto room =
      static_cast<std::size_t>(std::min<std::uint64_t>(framing_.length - body_bytes_, std::max(kBodyReadBytes, held)));
  request_.body.resize(held + room);
  reading_ = true;
  transport_->read_some(asio::buffer(request_.body.data() + held, room),
                        [self = shared_from_this()](Error error, std::size_t count) {
                          self->reading_ = false;
                          if (self->phase_ == Phase::kLingering) return error ? self->close() : self->linger();
                          if (self->phase_ != Phase::kBody) return void(self->request_ = Request{});
                          if (error) return self->close();
                          self->take_body(count);
                        });
}

// --- handling --------------------------------------------------------------------------------------------------------

void Session::begin_handling() {
  phase_ = Phase::kHandling;
  set_deadline(shared_.limits.handling_timeout);
  ++number_;
  counted_ = true;
  shared_.in_flight.fetch_add(1);
}

void Session::end_handling() {
  if (!counted_) return;
  counted_ = false;
  shared_.in_flight.fetch_sub(1);
}

void Session::dispatch() {
  chunked_.reset();
  current_.body_bytes = body_bytes_;
  begin_handling();
  // The answer finds its way back through weak references: a caller that has gone, or a server, is no reason to wait.
  auto sink = [worker = worker_.weak_from_this(), session = weak_from_this(), number = number_](Response&& response) {
    const std::shared_ptr<Worker> home = worker.lock();
    if (!home) return;
    asio::dispatch(home->io(), [session, number, response = std::move(response)]() mutable {
      if (const auto self = session.lock()) self->answer(number, std::move(response));
    });
  };
  Responder responder(std::move(sink), current_.id, current_.language);
  const std::shared_ptr<Session> self = shared_from_this();  // an answer given at once may close us
  const std::string id = current_.id;
  try {
    shared_.application->handle(std::exchange(request_, Request{}), std::move(responder));
  } catch (const std::exception& fault) {
    shared_.observer->fault(id, fault.what());
  } catch (...) {
    shared_.observer->fault(id, "not a std::exception");
  }
}

void Session::answer(std::uint64_t number, Response&& response) {
  if (phase_ != Phase::kHandling || number != number_) return;
  respond(std::move(response));
}

void Session::refuse(const base::Error& error) {
  close_after_ = true;
  input_unread_ = true;
  if (current_.id.empty()) current_.id = worker_.make_request_id();
  respond(problem(error, {.request_id = current_.id, .language = current_.language}));
}

// --- writing ---------------------------------------------------------------------------------------------------------

void Session::compose_header(const Response& response, base::ByteView body) {
  header_out_.clear();
  auto out = std::back_inserter(header_out_);
  const auto reason = beast::http::obsolete_reason(beast::http::int_to_status(response.status()));
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", response.status(), std::string_view(reason.data(), reason.size()));
  if (!worker_.date().empty()) fmt::format_to(out, "Date: {}\r\n", worker_.date());
  if (!response.content_type().empty()) fmt::format_to(out, "Content-Type: {}\r\n", response.content_type());
  if (!has_no_body(response.status())) fmt::format_to(out, "Content-Length: {}\r\n", body.size());
  fmt::format_to(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: {}\r\n",
                 current_.id);
  for (const Headers::Field& field : response.headers().fields()) {
    fmt::format_to(out, "{}: {}\r\n", field.name, field.value);
  }
  fmt::format_to(out, "Connection: {}\r\n\r\n", close_after_ ? "close" : "keep-alive");
}

void Session::respond(Response&& response) {
  end_handling();
  response_ = std::move(response);
  phase_ = Phase::kWriting;
  // An unread body is not worth reading for the next request's sake.
  if (draining_ || input_unread_) close_after_ = true;
  base::ByteView body = response_.body();
  compose_header(response_, body);
  if (current_.method == Method::kHead || has_no_body(response_.status())) body = {};
  set_deadline(shared_.limits.write_timeout);
  deadline_ += time_for(body.size(), shared_.limits);
  writing_ = true;
  transport_->write({asio::buffer(header_out_), asio::const_buffer(body.data(), body.size())},
                    [self = shared_from_this()](Error error, std::size_t) { self->on_written(error); });
}

void Session::on_written(Error error) {
  writing_ = false;
  if (phase_ != Phase::kWriting) return;
  report();
  release_request();
  if (error) return close();
  if (close_after_) return finish_connection();
  next_request();
}

void Session::report() {
  shared_.observer->finished(Exchange{.method = current_.method,
                                      .route = current_.route,
                                      .request_id = current_.id,
                                      .peer_address = peer_->address,
                                      .status = response_.status(),
                                      .code = response_.problem_code(),
                                      .duration = Clock::now() - current_.arrived,
                                      .body_bytes = current_.body_bytes,
                                      .response_bytes = response_.body().size()});
}

void Session::release_request() {
  // What an operation under way still points to stays until it is over.
  if (!writing_) response_ = Response{};
  shared_.bodies->give_back(account_, std::exchange(charged_bytes_, 0));
  account_ = stranger_;
  chunked_.reset();
  if (!reading_) request_ = Request{};
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Session::finish_connection() {
  // Closing a socket with unread octets resets the connection, and the answer may be lost with it (RFC 9112 9.6).
  if (input_unread_ || buffer_.size() > 0) {
    phase_ = Phase::kLingering;
    set_deadline(shared_.limits.linger_timeout);
    transport_->half_close();
    return linger();
  }
  phase_ = Phase::kClosing;
  set_deadline(shared_.limits.linger_timeout);
  transport_->shutdown([self = shared_from_this()](Error, std::size_t) { self->close(); });
}

void Session::linger() {
  if (reading_) return;
  buffer_.consume(buffer_.size());
  read();
}

}  // namespace tanba::net::http
