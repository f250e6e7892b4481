#include "net/http/framing.h"

#include <algorithm>
#include <charconv>

namespace tanba::net::http {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

constexpr unsigned kMaxSizeDigits = 8;              // 4 GiB a chunk: beyond any body we take
constexpr std::size_t kMaxExtensionBytes = 256;     // nobody uses extensions; they cost us work without a body's bytes
constexpr std::size_t kMaxTrailerBytes = 4U << 10;  // read over, like extensions

bool same_token(std::string_view a, std::string_view lower_case) {
  return std::ranges::equal(
      a, lower_case, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y; });
}

bool has_token(const Headers& headers, std::string_view name, std::string_view token) {
  for (const Headers::Field& field : headers.fields()) {
    if (!same_token(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      if (same_token(trim_whitespace(rest.substr(0, comma)), token)) return true;
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
  }
  return false;
}

Status check_host(const Headers& headers, Version version) {
  // RFC 9112 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that
  // lacks a Host header field and to any request message that contains more than one Host header field line".
  const std::size_t hosts = headers.count("host");
  if (hosts > 1 || (hosts == 0 && version == Version::kHttp11)) return fail(Code::kRequestMalformed, "Host");
  return {};
}

Status find_body(const Headers& headers, Version version, Framing& out) {
  const std::size_t lengths = headers.count("content-length");
  const std::size_t codings = headers.count("transfer-encoding");
  if (lengths + codings > 1) return fail(Code::kRequestMalformed, "ambiguous framing");
  if (codings == 1) {
    // RFC 9112 6.1: "A server MUST NOT send a response containing Transfer-Encoding unless the corresponding request
    // indicates HTTP/1.1": what calls itself 1.0 and is chunked went through something that misunderstood it.
    if (version == Version::kHttp10 || !same_token(trim_whitespace(*headers.find("transfer-encoding")), "chunked")) {
      return fail(Code::kRequestMalformed, "transfer coding");
    }
    out.body = Framing::Body::kChunked;
  }
  if (lengths == 1) {
    const std::string_view text = trim_whitespace(*headers.find("content-length"));
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out.length);
    if (ec != std::errc{} || end != text.data() + text.size()) return fail(Code::kRequestMalformed, "Content-Length");
    if (out.length > 0) out.body = Framing::Body::kLength;
  }
  return {};
}

}  // namespace

std::string_view trim_whitespace(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<Framing> check_framing(const Headers& headers, Version version) {
  Framing out;
  TANBA_CHECK(check_host(headers, version));
  TANBA_CHECK(find_body(headers, version, out));
  const bool keeps = version == Version::kHttp11 || has_token(headers, "connection", "keep-alive");
  out.connection =
      keeps && !has_token(headers, "connection", "close") ? Framing::Connection::kKeep : Framing::Connection::kClose;
  if (version == Version::kHttp11 && has_token(headers, "expect", "100-continue")) {
    out.expectation = Framing::Expectation::kContinue;
  }
  return out;
}

Result<std::size_t> ChunkedDecoder::feed(base::ByteView in, base::Bytes& out) {
  std::size_t taken = 0;
  while (taken < in.size() && state_ != State::kDone) {
    if (state_ != State::kData) {
      TANBA_CHECK(step(in[taken++]));
      continue;
    }
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(size_, in.size() - taken));
    out.insert(out.end(), in.begin() + static_cast<std::ptrdiff_t>(taken),
               in.begin() + static_cast<std::ptrdiff_t>(taken + count));
    taken += count;
    size_ -= count;
    if (size_ == 0) state_ = State::kDataCr;
  }
  return taken;
}

Status ChunkedDecoder::step(std::uint8_t octet) {
  switch (state_) {
    case State::kSize:
      return step_size(octet);
    case State::kSizeBlanks:
      return step_blanks(octet);
    case State::kExtension:
      if (octet == '\r') {
        state_ = State::kSizeEnd;
        return {};
      }
      if (++line_bytes_ > kMaxExtensionBytes || (octet < 0x20 && octet != '\t') || octet == 0x7f) {
        return fail(Code::kRequestMalformed, "chunk extension");
      }
      return {};
    case State::kSizeEnd:
      return end_size_line(octet);
    case State::kDataCr:
      return expect(octet, '\r', State::kDataLf);
    case State::kDataLf:
      digits_ = 0;
      line_bytes_ = 0;
      return expect(octet, '\n', State::kSize);
    case State::kTrailerStart:
    case State::kTrailer:
    case State::kTrailerLf:
      return step_trailer(octet);
    case State::kLastLf:
      return expect(octet, '\n', State::kDone);
    case State::kData:
    case State::kDone:
      break;
  }
  return {};
}

Status ChunkedDecoder::step_size(std::uint8_t octet) {
  int digit = -1;
  if (octet >= '0' && octet <= '9') digit = octet - '0';
  if (octet >= 'a' && octet <= 'f') digit = octet - 'a' + 10;
  if (octet >= 'A' && octet <= 'F') digit = octet - 'A' + 10;
  if (digit >= 0 && digits_ < kMaxSizeDigits) {
    size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
    ++digits_;
    return {};
  }
  const bool ends = octet == '\r' || octet == ';' || octet == ' ' || octet == '\t';
  if (digits_ == 0 || !ends) return fail(Code::kRequestMalformed, "chunk size");
  if (octet == ' ' || octet == '\t') {
    line_bytes_ = 1;
    state_ = State::kSizeBlanks;
    return {};
  }
  state_ = octet == '\r' ? State::kSizeEnd : State::kExtension;
  return {};
}

// RFC 9112 7.1.1: "chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )". Blanks before the line's
// end are some senders' padding; anything else would be framing that two readers could understand differently.
Status ChunkedDecoder::step_blanks(std::uint8_t octet) {
  if (octet == '\r') {
    state_ = State::kSizeEnd;
    return {};
  }
  if (octet == ';') {
    state_ = State::kExtension;
    return {};
  }
  if (++line_bytes_ > kMaxExtensionBytes || (octet != ' ' && octet != '\t')) {
    return fail(Code::kRequestMalformed, "chunk extension");
  }
  return {};
}

Status ChunkedDecoder::end_size_line(std::uint8_t octet) {
  if (octet != '\n') return fail(Code::kRequestMalformed, "line end in a chunked body");
  if (size_ == 0) {
    state_ = State::kTrailerStart;
    return {};
  }
  if (size_ > max_bytes_ - total_bytes_) {
    return fail(Code::kInputTooLarge, {{"limit", std::to_string(max_bytes_)}});
  }
  total_bytes_ += size_;
  state_ = State::kData;
  return {};
}

Status ChunkedDecoder::step_trailer(std::uint8_t octet) {
  if (++trailer_bytes_ > kMaxTrailerBytes) return fail(Code::kRequestMalformed, "trailer");
  if (state_ == State::kTrailerLf) return expect(octet, '\n', State::kTrailerStart);
  if (octet == '\r') {
    state_ = state_ == State::kTrailerStart ? State::kLastLf : State::kTrailerLf;
    return {};
  }
  if ((octet < 0x20 && octet != '\t') || octet == 0x7f) return fail(Code::kRequestMalformed, "trailer");
  state_ = State::kTrailer;
  return {};
}

Status ChunkedDecoder::expect(std::uint8_t octet, char wanted, State next) {
  if (octet != static_cast<std::uint8_t>(wanted)) return fail(Code::kRequestMalformed, "line end in a chunked body");
  state_ = next;
  return {};
}

}  // namespace tanba::net::http
