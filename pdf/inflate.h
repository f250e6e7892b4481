// The one decompression that is done here, and only of object streams and cross-reference streams: Flate (ISO 32000-2,
// 7.4.4) with or without PNG predictors, bounded before it begins.
#pragma once

#include "base/bytes.h"
#include "pdf/syntax.h"

namespace tanba::pdf {

// What the stream's dictionary says of its data; other filters and predictors are pdf.malformed for these streams.
struct StreamEncoding {
  bool flate = false;
  bool predicted = false;     // Predictor 10 to 15: each row names its own
  std::size_t row_bytes = 1;  // with `predicted`: Columns of one octet each
};
[[nodiscard]] base::Result<StreamEncoding> read_encoding(const Dictionary& dictionary, Cost& cost);

// Charged as it grows: limit.cost. pdf.malformed when the data is damaged or cut off.
[[nodiscard]] base::Result<base::Bytes> decode_stream(base::ByteView data, const StreamEncoding& encoding, Cost& cost);

}  // namespace tanba::pdf
