#include "pdf/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace tanba::pdf {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::size_t kChunkBytes = 64U << 10;
// Wider rows than any cross-reference stream has.
constexpr std::uint64_t kMaxColumns = 1024;

struct EndInflate {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

base::Result<Bytes> inflate_all(ByteView data, Cost& cost) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return base::fail(base::Code::kInternal, std::string("inflateInit"));
  const std::unique_ptr<z_stream, EndInflate> ends(&stream);
  stream.next_in = const_cast<Bytef*>(data.data());  // zlib only reads it
  stream.avail_in = static_cast<uInt>(data.size());
  Bytes out;
  for (int result = Z_OK; result != Z_STREAM_END;) {
    TANBA_CHECK(cost.charge_inflated(kChunkBytes));
    const std::size_t before = out.size();
    out.resize(before + kChunkBytes);
    stream.next_out = out.data() + before;
    stream.avail_out = kChunkBytes;
    result = inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END) return malformed("compressed data is damaged");
    out.resize(out.size() - stream.avail_out);
  }
  return out;
}

std::uint8_t paeth(int left, int up, int up_left) {
  const int estimate = left + up - up_left;
  const int to_left = std::abs(estimate - left);
  const int to_up = std::abs(estimate - up);
  const int to_up_left = std::abs(estimate - up_left);
  if (to_left <= to_up && to_left <= to_up_left) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_up <= to_up_left ? up : up_left);
}

// PNG filters (ISO/IEC 15948, 9.2) for samples of one octet. `row` begins as it is written, `previous` is decoded.
bool undo_png_filter(std::uint8_t filter, std::span<std::uint8_t> row, ByteView previous) {
  for (std::size_t at = 0; at < row.size(); ++at) {
    const int left = at == 0 ? 0 : row[at - 1];
    const int up = previous.empty() ? 0 : previous[at];
    const int up_left = at == 0 || previous.empty() ? 0 : previous[at - 1];
    int predicted = 0;
    if (filter == 1) predicted = left;
    if (filter == 2) predicted = up;
    if (filter == 3) predicted = (left + up) / 2;
    if (filter == 4) predicted = paeth(left, up, up_left);
    row[at] = static_cast<std::uint8_t>(row[at] + predicted);
  }
  return filter <= 4;
}

base::Result<Bytes> undo_prediction(ByteView data, std::size_t row_bytes) {
  if (data.size() % (row_bytes + 1) != 0) return malformed("predicted data is no whole number of rows");
  Bytes out(data.size() / (row_bytes + 1) * row_bytes);
  ByteView previous;
  for (std::size_t row = 0; row * row_bytes < out.size(); ++row) {
    const ByteView written = data.subspan(row * (row_bytes + 1), row_bytes + 1);
    const std::span<std::uint8_t> decoded = std::span(out).subspan(row * row_bytes, row_bytes);
    std::ranges::copy(written.subspan(1), decoded.begin());
    if (!undo_png_filter(written.front(), decoded, previous)) return malformed("an unknown predictor");
    previous = decoded;
  }
  return out;
}

// A value that may stand alone or in an array of one.
base::Result<std::string> single_name(const Dictionary& dictionary, std::string_view key) {
  const DictionaryEntry* entry = dictionary.find(key);
  if (entry == nullptr) return std::string();
  Tokenizer tokens(dictionary.file(), entry->value);
  Token token = tokens.next();
  const bool array = token.kind == TokenKind::kArrayOpen;
  if (array) token = tokens.next();
  if (array && token.kind == TokenKind::kArrayClose) return std::string();
  const auto name = token.kind == TokenKind::kName ? decode_name(text_of(dictionary.file(), token.span)) : std::nullopt;
  if (!name) return malformed("a filter of a cross-reference or object stream is no name");
  if (array && tokens.next().kind != TokenKind::kArrayClose) {
    return malformed("a cross-reference or object stream with several filters");
  }
  return *name;
}

base::Result<std::optional<Dictionary>> decode_parameters(const Dictionary& dictionary, Cost& cost) {
  const DictionaryEntry* entry = dictionary.find("DecodeParms");
  if (entry == nullptr) return std::nullopt;
  Tokenizer tokens(dictionary.file(), entry->value);
  if (text_of(dictionary.file(), entry->value) == "null") return std::nullopt;
  if (tokens.next().kind != TokenKind::kArrayOpen) tokens.go_to(entry->value.begin);
  TANBA_TRY(Dictionary parameters, Dictionary::read(tokens, cost));
  return parameters;
}

}  // namespace

base::Result<StreamEncoding> read_encoding(const Dictionary& dictionary, Cost& cost) {
  StreamEncoding out;
  TANBA_TRY(const std::string filter, single_name(dictionary, "Filter"));
  if (filter.empty()) return out;
  if (filter != "FlateDecode") return malformed("a cross-reference or object stream in /" + filter);
  out.flate = true;
  TANBA_TRY(const std::optional<Dictionary> parameters, decode_parameters(dictionary, cost));
  if (!parameters) return out;
  TANBA_TRY(const auto predictor, parameters->integer("Predictor"));
  if (predictor.value_or(1) == 1) return out;
  TANBA_TRY(const auto columns, parameters->integer("Columns"));
  TANBA_TRY(const auto colors, parameters->integer("Colors"));
  TANBA_TRY(const auto bits, parameters->integer("BitsPerComponent"));
  if (*predictor < 10 || *predictor > 15 || colors.value_or(1) != 1 || bits.value_or(8) != 8 ||
      columns.value_or(1) == 0 || columns.value_or(1) > kMaxColumns) {
    return malformed("a predictor that no cross-reference stream needs");
  }
  out.predicted = true;
  out.row_bytes = columns.value_or(1);
  return out;
}

base::Result<Bytes> decode_stream(ByteView data, const StreamEncoding& encoding, Cost& cost) {
  if (!encoding.flate) {
    TANBA_CHECK(cost.charge_inflated(data.size()));
    return base::to_bytes(data);
  }
  TANBA_TRY(Bytes inflated, inflate_all(data, cost));
  if (!encoding.predicted) return inflated;
  return undo_prediction(inflated, encoding.row_bytes);
}

}  // namespace tanba::pdf
