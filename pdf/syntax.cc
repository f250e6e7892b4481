#include "pdf/syntax.h"

#include <algorithm>
#include <charconv>

namespace tanba::pdf {
namespace {

using base::ByteView;
using base::Code;

bool is_delimiter(std::uint8_t octet) {
  return std::string_view("()<>[]{}/%").find(static_cast<char>(octet)) != std::string_view::npos;
}
bool is_regular(std::uint8_t octet) {
  return !is_space(octet) && !is_delimiter(octet);
}

bool is_hex_digit(std::uint8_t octet) {
  return (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'F') || (octet >= 'a' && octet <= 'f');
}

// 7.3.3: "one or more decimal digits with an optional sign … a leading, trailing, or embedded PERIOD".
bool is_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  const auto points = std::ranges::count(text, '.');
  const auto digits = std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return points <= 1 && digits >= 1 && static_cast<std::size_t>(points + digits) == text.size();
}

}  // namespace

std::unexpected<base::Error> malformed(std::string what) {
  return base::fail(Code::kPdfMalformed, {{"what", std::move(what)}});
}

bool is_space(std::uint8_t octet) {
  return octet == 0 || octet == '\t' || octet == '\n' || octet == '\f' || octet == '\r' || octet == ' ';
}

void Tokenizer::skip_space() {
  while (at_ < file_.size()) {
    if (file_[at_] == '%') {
      while (at_ < file_.size() && file_[at_] != '\r' && file_[at_] != '\n') ++at_;
    } else if (is_space(file_[at_])) {
      ++at_;
    } else {
      return;
    }
  }
}

Token Tokenizer::string_token(std::size_t begin) {
  std::size_t depth = 0;
  for (at_ = begin; at_ < file_.size(); ++at_) {
    if (file_[at_] == '\\') {
      ++at_;
    } else if (file_[at_] == '(') {
      ++depth;
    } else if (file_[at_] == ')' && --depth == 0) {
      ++at_;
      return {TokenKind::kString, {begin, at_}};
    }
  }
  at_ = file_.size();
  return {TokenKind::kBad, {begin, at_}};
}

Token Tokenizer::hex_string_token(std::size_t begin) {
  at_ = begin + 1;
  while (at_ < file_.size() && (is_hex_digit(file_[at_]) || is_space(file_[at_]))) ++at_;
  if (at_ == file_.size() || file_[at_] != '>') return {TokenKind::kBad, {begin, at_}};
  ++at_;
  return {TokenKind::kHexString, {begin, at_}};
}

Token Tokenizer::regular_token(std::size_t begin) {
  const bool name = file_[begin] == '/';
  at_ = begin + (name ? 1 : 0);
  while (at_ < file_.size() && is_regular(file_[at_])) ++at_;
  const Span span{begin, at_};
  if (name) return {TokenKind::kName, span};
  if (span.size() == 0) {  // a brace, a bracket that closes a string: nothing begins with it
    ++at_;
    return {TokenKind::kBad, {begin, at_}};
  }
  return {is_number(text_of(file_, span)) ? TokenKind::kNumber : TokenKind::kKeyword, span};
}

Token Tokenizer::next() {
  if (cost_ == nullptr) return scan();
  if (!cost_->may_pass()) return {TokenKind::kBad, {at_, at_}};
  const std::size_t before = at_;
  const Token token = scan();
  cost_->pass(std::min(at_, file_.size()) - std::min(before, file_.size()));
  return token;
}

Token Tokenizer::scan() {
  skip_space();
  if (at_ >= file_.size()) return {TokenKind::kEnd, {file_.size(), file_.size()}};
  const std::size_t begin = at_;
  const std::string_view rest = base::as_text(file_.subspan(begin, std::min<std::size_t>(2, file_.size() - begin)));
  const auto take = [&](TokenKind kind, std::size_t size) {
    at_ = begin + size;
    return Token{kind, {begin, at_}};
  };
  if (rest == "<<") return take(TokenKind::kDictionaryOpen, 2);
  if (rest == ">>") return take(TokenKind::kDictionaryClose, 2);
  if (rest.front() == '[') return take(TokenKind::kArrayOpen, 1);
  if (rest.front() == ']') return take(TokenKind::kArrayClose, 1);
  if (rest.front() == '(') return string_token(begin);
  if (rest.front() == '<') return hex_string_token(begin);
  return regular_token(begin);
}

namespace {

bool is_integer(ByteView file, const Token& token) {
  return token.kind == TokenKind::kNumber && parse_integer(text_of(file, token.span)).has_value();
}

// After a number: the end of the reference that it begins, or of the number.
base::Result<std::size_t> end_of_number(Tokenizer& tokens, const Token& first, Cost& cost) {
  if (!is_integer(tokens.file(), first)) return first.span.end;
  Tokenizer ahead = tokens;
  if (!is_integer(tokens.file(), ahead.next())) return first.span.end;
  const Token letter = ahead.next();
  if (letter.kind != TokenKind::kKeyword || text_of(tokens.file(), letter.span) != "R") return first.span.end;
  TANBA_CHECK(cost.charge_token());
  tokens = ahead;
  return letter.span.end;
}

bool is_value_keyword(std::string_view text) {
  return text == "true" || text == "false" || text == "null";
}

// What is open while a value is read; in a dictionary, whether a name must come.
struct Open {
  bool dictionary;
  bool wants_key;
};

// One token of a value: opens, closes, or is a value itself. Where the value ends is where nothing is open any more.
base::Status take_value_token(Tokenizer& tokens, const Token& token, std::vector<Open>& open, Cost& cost) {
  const bool in_dictionary = !open.empty() && open.back().dictionary;
  if (in_dictionary && open.back().wants_key && token.kind != TokenKind::kDictionaryClose) {
    if (token.kind != TokenKind::kName) return malformed("a dictionary key is no name");
    open.back().wants_key = false;
    return {};
  }
  switch (token.kind) {
    case TokenKind::kArrayOpen:
    case TokenKind::kDictionaryOpen: {
      if (open.size() == kMaxDepth) return base::fail(Code::kLimitDepth, {{"limit", std::to_string(kMaxDepth)}});
      if (in_dictionary) open.back().wants_key = true;
      const bool dictionary = token.kind == TokenKind::kDictionaryOpen;
      open.push_back({dictionary, dictionary});
      return {};
    }
    case TokenKind::kArrayClose:
    case TokenKind::kDictionaryClose:
      if (open.empty() || open.back().dictionary != (token.kind == TokenKind::kDictionaryClose) ||
          (open.back().dictionary && !open.back().wants_key)) {
        return malformed("a bracket closes nothing");
      }
      open.pop_back();
      return {};
    case TokenKind::kNumber: {
      TANBA_TRY([[maybe_unused]] const std::size_t end, end_of_number(tokens, token, cost));
      break;
    }
    case TokenKind::kKeyword:
      if (!is_value_keyword(text_of(tokens.file(), token.span))) return malformed("an unknown word in an object");
      break;
    case TokenKind::kName:
    case TokenKind::kString:
    case TokenKind::kHexString:
      break;
    case TokenKind::kEnd:
    case TokenKind::kBad:
      return malformed("an object is not finished");
  }
  if (in_dictionary) open.back().wants_key = true;
  return {};
}

}  // namespace

base::Result<Span> read_value(Tokenizer& tokens, Cost& cost) {
  std::vector<Open> open;
  std::optional<std::size_t> begin;
  do {
    TANBA_CHECK(cost.charge_token());
    const Token token = tokens.next();
    if (!begin) begin = token.span.begin;
    TANBA_CHECK(take_value_token(tokens, token, open, cost));
  } while (!open.empty());
  return Span{*begin, tokens.at()};
}

base::Result<Dictionary> Dictionary::read(Tokenizer& tokens, Cost& cost) {
  Dictionary out;
  out.file_ = tokens.file();
  Token token = tokens.next();
  if (token.kind != TokenKind::kDictionaryOpen) return malformed("no dictionary where one must be");
  out.span_.begin = token.span.begin;
  while ((token = tokens.next()).kind != TokenKind::kDictionaryClose) {
    TANBA_CHECK(cost.charge_token());
    if (token.kind != TokenKind::kName) return malformed("a dictionary key is no name");
    const auto name = decode_name(text_of(tokens.file(), token.span));
    if (!name) return malformed("a name with a wrong escape");
    if (out.has(*name)) return malformed("a dictionary has /" + *name + " twice");
    TANBA_TRY(const Span value, read_value(tokens, cost));
    out.entries_.push_back({*name, value});
    // Those that are read here are small: found by going through them.
    if (out.entries_.size() > kMaxDepth) return malformed("a dictionary with too many entries");
  }
  out.span_.end = token.span.end;
  return out;
}

const DictionaryEntry* Dictionary::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &DictionaryEntry::name);
  return found == entries_.end() ? nullptr : &*found;
}

base::Result<std::optional<std::uint64_t>> Dictionary::integer(std::string_view name) const {
  const DictionaryEntry* entry = find(name);
  if (entry == nullptr) return std::nullopt;
  const auto value = parse_integer(text_of(file_, entry->value));
  if (!value) return malformed("/" + std::string(name) + " is no number that it may be");
  return value;
}

base::Result<std::optional<std::string>> Dictionary::name(std::string_view name) const {
  const DictionaryEntry* entry = find(name);
  if (entry == nullptr) return std::nullopt;
  const std::string_view text = text_of(file_, entry->value);
  auto value = text.starts_with('/') ? decode_name(text) : std::nullopt;
  if (!value) return malformed("/" + std::string(name) + " is no name");
  return value;
}

base::Result<std::optional<std::vector<std::uint64_t>>> Dictionary::integers(std::string_view name) const {
  const DictionaryEntry* entry = find(name);
  if (entry == nullptr) return std::nullopt;
  Tokenizer tokens(file_, entry->value);
  std::vector<std::uint64_t> out;
  if (tokens.next().kind != TokenKind::kArrayOpen) return malformed("/" + std::string(name) + " is no array");
  for (Token token = tokens.next(); token.kind != TokenKind::kArrayClose; token = tokens.next()) {
    const auto value = parse_integer(text_of(file_, token.span));
    if (!value) return malformed("/" + std::string(name) + " holds what is no number");
    out.push_back(*value);
  }
  return out;
}

std::optional<std::uint64_t> parse_integer(std::string_view text) {
  constexpr std::size_t kMaxDigits = 15;
  std::uint64_t value = 0;
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::array<std::uint64_t, 2>> parse_reference(ByteView file, Span value) {
  Tokenizer tokens(file, value);
  const auto number = parse_integer(text_of(file, tokens.next().span));
  const auto generation = parse_integer(text_of(file, tokens.next().span));
  if (!number || !generation || text_of(file, tokens.next().span) != "R") return std::nullopt;
  if (tokens.next().kind != TokenKind::kEnd) return std::nullopt;
  return std::array{*number, *generation};
}

std::optional<std::string> decode_name(std::string_view text) {
  text.remove_prefix(1);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '#') {
      out.push_back(text[at]);
      continue;
    }
    const auto octet = base::from_hex(text.substr(at + 1, 2));
    // 7.3.5: "(null) … shall not" be part of a name.
    if (!octet || octet->size() != 1 || octet->front() == 0) return std::nullopt;
    out.push_back(static_cast<char>(octet->front()));
    at += 2;
  }
  return out;
}

}  // namespace tanba::pdf
