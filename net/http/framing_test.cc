#include "net/http/framing.h"

#include <gtest/gtest.h>

namespace tanba::net::http {
namespace {

using base::Code;

Headers with(std::initializer_list<std::pair<const char*, const char*>> fields) {
  Headers headers;
  headers.add("Host", "localhost");
  for (const auto& [name, value] : fields) headers.add(name, value);
  return headers;
}

TEST(Framing, BodiesByLengthByChunksAndNone) {
  EXPECT_EQ(check_framing(with({}), Version::kHttp11)->body, Framing::Body::kNone);
  EXPECT_EQ(check_framing(with({{"Content-Length", "0"}}), Version::kHttp11)->body, Framing::Body::kNone);
  const auto sized = check_framing(with({{"content-length", "12"}}), Version::kHttp11);
  EXPECT_EQ(sized->body, Framing::Body::kLength);
  EXPECT_EQ(sized->length, 12U);
  EXPECT_EQ(check_framing(with({{"Transfer-Encoding", "Chunked"}}), Version::kHttp11)->body, Framing::Body::kChunked);
}

TEST(Framing, AmbiguousFramingIsRefused) {
  for (const Headers& headers : {
           with({{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}),
           with({{"Content-Length", "5"}, {"Content-Length", "5"}}),
           with({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}),
           with({{"Content-Length", "5, 5"}}),
           with({{"Content-Length", "+5"}}),
           with({{"Content-Length", "-5"}}),
           with({{"Content-Length", "0x5"}}),
           with({{"Content-Length", ""}}),
           with({{"Content-Length", "99999999999999999999999"}}),
           with({{"Transfer-Encoding", "gzip, chunked"}}),
           with({{"Transfer-Encoding", "identity"}}),
           with({{"Host", "other"}}),
           Headers{},
       }) {
    const auto framing = check_framing(headers, Version::kHttp11);
    ASSERT_FALSE(framing);
    EXPECT_EQ(framing.error().code(), Code::kRequestMalformed);
  }
  EXPECT_FALSE(check_framing(with({{"Transfer-Encoding", "chunked"}}), Version::kHttp10));
  EXPECT_TRUE(check_framing(Headers{}, Version::kHttp10)) << "HTTP/1.0 knows no Host";
}

TEST(Framing, ConnectionsPersistByVersionAndWord) {
  using enum Framing::Connection;
  EXPECT_EQ(check_framing(with({}), Version::kHttp11)->connection, kKeep);
  EXPECT_EQ(check_framing(with({{"Connection", "x, Close"}}), Version::kHttp11)->connection, kClose);
  EXPECT_EQ(check_framing(with({}), Version::kHttp10)->connection, kClose);
  EXPECT_EQ(check_framing(with({{"Connection", "keep-alive"}}), Version::kHttp10)->connection, kKeep);
}

TEST(Framing, OnlyHttp11ExpectsContinue) {
  using enum Framing::Expectation;
  EXPECT_EQ(check_framing(with({{"Expect", "100-continue"}}), Version::kHttp11)->expectation, kContinue);
  EXPECT_EQ(check_framing(with({{"Expect", "100-continue"}}), Version::kHttp10)->expectation, kNone);
}

struct Decoded {
  base::Result<std::size_t> taken;
  std::string body;
  bool done;
};
Decoded decode(std::string_view wire, std::size_t piece = SIZE_MAX, std::size_t limit = 100) {
  ChunkedDecoder decoder(limit);
  base::Bytes out;
  std::size_t taken = 0;
  while (taken < wire.size() && !decoder.done()) {
    auto step = decoder.feed(base::as_bytes(wire.substr(taken, piece)), out);
    if (!step) return {std::move(step), {}, false};
    taken += *step;
  }
  return {taken, std::string(base::as_text(out)), decoder.done()};
}

TEST(Chunked, DecodesWhateverThePieces) {
  const std::string_view wire = "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Trailer: y\r\n\r\nGET";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, SIZE_MAX}) {
    const Decoded decoded = decode(wire, piece);
    ASSERT_TRUE(decoded.taken) << piece;
    EXPECT_EQ(decoded.body, "hello world");
    EXPECT_TRUE(decoded.done);
    EXPECT_EQ(*decoded.taken, wire.size() - 3) << "what follows is the next request";
  }
  EXPECT_EQ(decode("2 \t;a\r\nhi\r\n1  \r\n!\r\n0\r\n\r\n", 1).body, "hi!") << "blanks behind the size";
  EXPECT_TRUE(decode("0\r\n\r\n", 1).done);
  EXPECT_FALSE(decode("5\r\nhello\r\n").done);
}

TEST(Chunked, RefusesWhatIsNotChunked) {
  for (const char* bad :
       {"\r\n", "x\r\n", "5\nhello", "5\r\nhello0\r\n", "5\r\nhelloX", "5\rX", "-1\r\n", "0x5\r\n", "123456789\r\n",
        "0\r\n\n", "0\r\nA: b\n", "0\r\n\rX", "5;\x01\r\n", "2 zz\r\n{}", "2\tz\r\n{}", "2 \n{}"}) {
    const Decoded decoded = decode(bad);
    ASSERT_FALSE(decoded.taken) << bad;
    EXPECT_EQ(decoded.taken.error().code(), Code::kRequestMalformed) << bad;
  }
}

TEST(Chunked, IsBoundedInBodyExtensionsAndTrailers) {
  EXPECT_TRUE(decode("64\r\n" + std::string(100, 'a') + "\r\n0\r\n\r\n").done);
  EXPECT_EQ(decode("65\r\n").taken.error().code(), Code::kInputTooLarge);
  EXPECT_EQ(decode("60\r\n" + std::string(96, 'a') + "\r\n5\r\n").taken.error().code(), Code::kInputTooLarge);
  EXPECT_TRUE(decode("1;" + std::string(250, 'a') + "\r\nx\r\n0\r\n\r\n").done);
  EXPECT_FALSE(decode("1;" + std::string(300, 'a') + "\r\nx\r\n0\r\n\r\n").taken);
  EXPECT_FALSE(decode("1" + std::string(300, ' ') + "\r\nx\r\n0\r\n\r\n").taken);
  EXPECT_FALSE(decode("0\r\nA: " + std::string(5000, 'a') + "\r\n\r\n").taken);
}

}  // namespace
}  // namespace tanba::net::http
