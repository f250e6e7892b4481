// How a request's body is delimited (RFC 9112 6), decided so that no other reader could decide otherwise. Private to
// net/http.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "net/http/message.h"

namespace tanba::net::http {

enum class Version : std::uint8_t { kHttp10, kHttp11 };

struct Framing {
  enum class Body : std::uint8_t { kNone, kLength, kChunked } body = Body::kNone;
  std::uint64_t length = 0;  // kLength
  enum class Connection : std::uint8_t { kKeep, kClose } connection = Connection::kKeep;
  enum class Expectation : std::uint8_t { kNone, kContinue } expectation = Expectation::kNone;
};

// Without the optional whitespace around it (RFC 9110 5.6.3).
[[nodiscard]] std::string_view trim_whitespace(std::string_view text);

// request.malformed: Content-Length with Transfer-Encoding, either of them twice, a length that is not digits alone, a
// coding other than chunked, chunked in HTTP/1.0, no Host or two.
[[nodiscard]] base::Result<Framing> check_framing(const Headers& headers, Version version);

// RFC 9112 7.1. Strict: CRLF only, extensions read over within a bound, trailers read over within a bound and dropped.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}
  // Takes octets from the front of `in`, appends what they carry to `out`, returns how many it took: all of them unless
  // the body ended. input.too_large beyond max_bytes, request.malformed.
  [[nodiscard]] base::Result<std::size_t> feed(base::ByteView in, base::Bytes& out);
  [[nodiscard]] bool done() const { return state_ == State::kDone; }

 private:
  enum class State : std::uint8_t {
    kSize,        // hexadecimal digits
    kSizeBlanks,  // behind the digits: then the extension or the CR
    kExtension,   // to the CR
    kSizeEnd,     // LF
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,  // at the beginning of a line
    kTrailer,       // within one
    kTrailerLf,
    kLastLf,
    kDone,
  };
  [[nodiscard]] base::Status step(std::uint8_t octet);
  [[nodiscard]] base::Status step_size(std::uint8_t octet);
  [[nodiscard]] base::Status step_blanks(std::uint8_t octet);
  [[nodiscard]] base::Status step_trailer(std::uint8_t octet);
  [[nodiscard]] base::Status end_size_line(std::uint8_t octet);
  [[nodiscard]] base::Status expect(std::uint8_t octet, char wanted, State next);

  std::uint64_t max_bytes_;
  State state_ = State::kSize;
  std::uint64_t size_ = 0;  // of the chunk: what is left of it
  unsigned digits_ = 0;
  std::size_t line_bytes_ = 0;  // of this extension
  std::size_t trailer_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace tanba::net::http
