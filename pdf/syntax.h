// The lexical level of PDF (ISO 32000-2, 7.2 and 7.3), by position: where a value stands in the file matters as much as
// what it is. Nothing is built or copied; nothing recurses.
//
// Stricter than viewers: a token that is none, an unbalanced bracket, a dictionary with one key twice are
// pdf.malformed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "pdf/limits.h"

namespace tanba::pdf {

[[nodiscard]] std::unexpected<base::Error> malformed(std::string what);

// [begin, end) of a file, in octets.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
  bool operator==(const Span&) const = default;
};
[[nodiscard]] inline base::ByteView octets_of(base::ByteView file, Span span) {
  return file.subspan(span.begin, span.size());
}
[[nodiscard]] inline std::string_view text_of(base::ByteView file, Span span) {
  return base::as_text(octets_of(file, span));
}

enum class TokenKind : std::uint8_t {
  kEnd,
  kNumber,
  kName,
  kString,     // (...)
  kHexString,  // <...>
  kArrayOpen,
  kArrayClose,
  kDictionaryOpen,
  kDictionaryClose,
  kKeyword,
  kBad,
};
struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
};

[[nodiscard]] bool is_space(std::uint8_t octet);

// White space and comments are passed over.
class Tokenizer {
 public:
  // What is passed is charged; when nothing is left, every token is kBad, and Cost::check_passed says why.
  Tokenizer(base::ByteView file, std::size_t at, Cost& cost) : file_(file), at_(at), cost_(&cost) {}
  // Within a value that was read already.
  Tokenizer(base::ByteView file, Span value) : file_(file.first(value.end)), at_(value.begin) {}
  Token next();
  [[nodiscard]] std::size_t at() const { return at_; }
  void go_to(std::size_t at) { at_ = at; }
  [[nodiscard]] base::ByteView file() const { return file_; }

 private:
  Token scan();
  void skip_space();
  Token string_token(std::size_t begin);
  Token hex_string_token(std::size_t begin);
  Token regular_token(std::size_t begin);

  base::ByteView file_;
  std::size_t at_;
  Cost* cost_ = nullptr;
};

// One value, a reference (`12 0 R`) being one: its place. Each token is charged.
[[nodiscard]] base::Result<Span> read_value(Tokenizer& tokens, Cost& cost);

struct DictionaryEntry {
  std::string name;  // decoded, without the solidus
  Span value;
};
class Dictionary {
 public:
  // The next value must be a dictionary.
  [[nodiscard]] static base::Result<Dictionary> read(Tokenizer& tokens, Cost& cost);

  [[nodiscard]] const DictionaryEntry* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  // Nothing when absent; pdf.malformed when it is there and not of this type.
  [[nodiscard]] base::Result<std::optional<std::uint64_t>> integer(std::string_view name) const;
  [[nodiscard]] base::Result<std::optional<std::string>> name(std::string_view name) const;
  [[nodiscard]] base::Result<std::optional<std::vector<std::uint64_t>>> integers(std::string_view name) const;
  [[nodiscard]] const Span& span() const { return span_; }
  [[nodiscard]] base::ByteView file() const { return file_; }

 private:
  base::ByteView file_;
  Span span_;  // from << to >>
  std::vector<DictionaryEntry> entries_;
};

// A non-negative integer written in at most fifteen digits and nothing else.
[[nodiscard]] std::optional<std::uint64_t> parse_integer(std::string_view text);
// `12 0 R`: object number and generation.
[[nodiscard]] std::optional<std::array<std::uint64_t, 2>> parse_reference(base::ByteView file, Span value);
// Without the solidus, #xx decoded; nothing when a # is not followed by two digits or stands for NUL.
[[nodiscard]] std::optional<std::string> decode_name(std::string_view text);

}  // namespace tanba::pdf
