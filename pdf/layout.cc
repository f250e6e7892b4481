#include "pdf/layout.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "pdf/inflate.h"

namespace tanba::pdf {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;

// Acrobat's limit for object numbers (ISO 32000-1, annex C); entries themselves are counted apart.
constexpr std::uint64_t kMaxObjectNumber = 8'388'607;
// `startxref`, its number and `%%EOF` with the line ends between them.
constexpr std::size_t kTailBytes = 64;
constexpr std::size_t kTableEntryBytes = 20;

bool is_line_end(std::uint8_t octet) {
  return octet == '\r' || octet == '\n';
}

// Some writers put an empty line behind the last one.
constexpr int kMaxLineEndBytes = 4;

std::size_t without_line_ends(ByteView file, std::size_t end) {
  for (int count = 0; count < kMaxLineEndBytes && end > 0 && is_line_end(file[end - 1]); ++count) --end;
  return end;
}

// 7.5.5: "The last line of the file shall contain only the end-of-file marker, %%EOF. The two preceding lines shall
// contain, one per line and in order, the keyword startxref and the byte offset".
std::optional<std::size_t> start_of_xref(ByteView file) {
  const std::size_t end = without_line_ends(file, file.size());
  const std::string_view tail = base::as_text(file.subspan(end - std::min(end, kTailBytes), std::min(end, kTailBytes)));
  const std::size_t at = tail.rfind("startxref");
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = tail.substr(at + 9);
  const auto skip_space = [&rest] {
    while (!rest.empty() && is_space(static_cast<std::uint8_t>(rest.front()))) rest.remove_prefix(1);
  };
  skip_space();
  const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const auto offset = parse_integer(rest.substr(0, digits));
  rest.remove_prefix(digits);
  skip_space();
  if (!offset || rest != "%%EOF") return std::nullopt;
  return *offset;
}

// --- the chain of sections -------------------------------------------------------------------------------------------

class ChainReader {
 public:
  ChainReader(ByteView file, Cost& cost) : file_(file), cost_(cost) {
    layout_.file = file;
    cost.grant_file(file.size());
  }
  base::Result<Layout> run();

 private:
  base::Result<Dictionary> read_section(std::size_t offset);
  base::Status expect_end(Tokenizer& tokens, XrefForm form);
  base::Result<Dictionary> read_table(Tokenizer& tokens);
  base::Status read_subsection(Tokenizer& tokens, std::uint64_t first, std::uint64_t count);
  base::Status read_hybrid(const Dictionary& trailer);
  base::Result<Dictionary> read_stream(Tokenizer& tokens);
  base::Status read_stream_entries(const Dictionary& dictionary, ByteView data);
  base::Status take_stream_entry(std::uint64_t number, ByteView fields, const std::vector<std::uint64_t>& widths);
  base::Status add(std::uint64_t number, const XrefEntry& entry);
  void note_section(std::size_t offset, XrefForm form, Dictionary trailer) {
    layout_.sections.push_back({offset, form, std::move(trailer)});
  }
  base::Status visit(std::size_t offset);
  base::Status finish();

  ByteView file_;
  Cost& cost_;
  Layout layout_;
  std::set<std::size_t> visited_;
  std::vector<std::uint64_t> free_;  // of the table being read: a hybrid file's stream may still give them
};

base::Status ChainReader::visit(std::size_t offset) {
  if (offset >= file_.size()) return malformed("a cross-reference section outside of the file");
  if (!visited_.insert(offset).second) return malformed("a cross-reference section comes twice");
  if (visited_.size() > kMaxSections) {
    return base::fail(Code::kLimitCount,
                      {{"what", "cross-reference sections"}, {"limit", std::to_string(kMaxSections)}});
  }
  return {};
}

// Sections come newest first: what is there stays.
base::Status ChainReader::add(std::uint64_t number, const XrefEntry& entry) {
  if (number > kMaxObjectNumber || (entry.kind == XrefEntry::Kind::kCompressed && entry.position > kMaxObjectNumber)) {
    return malformed("an object number that is too large");
  }
  if (number == 0 && entry.kind != XrefEntry::Kind::kFree) return malformed("an object of number 0");
  if (entry.kind == XrefEntry::Kind::kPlain && (entry.position == 0 || entry.position >= file_.size())) {
    return malformed("object " + std::to_string(number) + " lies outside of the file");
  }
  layout_.entries.try_emplace(static_cast<std::uint32_t>(number), entry);
  if (layout_.entries.size() > kMaxObjects) {
    return base::fail(Code::kLimitCount, {{"what", "PDF objects"}, {"limit", std::to_string(kMaxObjects)}});
  }
  return {};
}

base::Status ChainReader::read_subsection(Tokenizer& tokens, std::uint64_t first, std::uint64_t count) {
  std::size_t at = tokens.at();
  while (at < file_.size() && is_space(file_[at])) ++at;
  if (count > kMaxObjects || count * kTableEntryBytes > file_.size() - at) {
    return malformed("a cross-reference table that is cut off");
  }
  // Two sections may share their entries.
  cost_.pass(count * kTableEntryBytes);
  TANBA_CHECK(cost_.check_passed());
  for (std::uint64_t index = 0; index < count; ++index, at += kTableEntryBytes) {
    // 7.5.4: "nnnnnnnnnn ggggg n eol", exactly 20 octets with the two-octet end of line.
    const std::string_view line = base::as_text(file_.subspan(at, kTableEntryBytes));
    const auto offset = parse_integer(line.substr(0, 10));
    const auto generation = parse_integer(line.substr(11, 5));
    const char kind = line[17];
    const std::string_view eol = line.substr(18);
    if (!offset || !generation || line[10] != ' ' || line[16] != ' ' || (kind != 'n' && kind != 'f') ||
        (eol != " \r" && eol != " \n" && eol != "\r\n")) {
      return malformed("an entry of a cross-reference table");
    }
    if (kind == 'f') {
      free_.push_back(first + index);
    } else {
      TANBA_CHECK(add(first + index, {XrefEntry::Kind::kPlain, *offset, static_cast<std::uint32_t>(*generation)}));
    }
  }
  tokens.go_to(at);
  return {};
}

// 7.5.8.4: hidden objects of a hybrid file are free in the table and stand in the stream that XRefStm names.
base::Status ChainReader::read_hybrid(const Dictionary& trailer) {
  TANBA_TRY(const auto offset, trailer.integer("XRefStm"));
  if (!offset) return {};
  TANBA_CHECK(visit(*offset));
  Tokenizer tokens(file_, *offset, cost_);
  TANBA_TRY([[maybe_unused]] const Dictionary stream, read_stream(tokens));
  return {};
}

base::Result<Dictionary> ChainReader::read_table(Tokenizer& tokens) {
  free_.clear();
  while (true) {
    const Token first = tokens.next();
    if (text_of(file_, first.span) == "trailer") break;
    const auto number = parse_integer(text_of(file_, first.span));
    const auto count = parse_integer(text_of(file_, tokens.next().span));
    if (!number || !count) return malformed("a cross-reference table");
    TANBA_CHECK(cost_.charge_token());
    TANBA_CHECK(read_subsection(tokens, *number, *count));
  }
  TANBA_TRY(Dictionary trailer, Dictionary::read(tokens, cost_));
  TANBA_CHECK(read_hybrid(trailer));
  for (const std::uint64_t number : std::exchange(free_, {})) TANBA_CHECK(add(number, {}));
  return trailer;
}

base::Status ChainReader::take_stream_entry(std::uint64_t number, ByteView fields,
                                            const std::vector<std::uint64_t>& widths) {
  std::array<std::uint64_t, 3> values{1, 0, 0};  // 7.5.8.2: type 1 when the first width is zero
  for (std::size_t field = 0; field < 3; ++field) {
    if (widths[field] == 0) continue;
    values[field] = 0;
    for (const std::uint8_t octet : fields.first(widths[field])) values[field] = values[field] << 8 | octet;
    fields = fields.subspan(widths[field]);
  }
  if (values[2] > 0xFFFF'FFFF) return malformed("an entry of a cross-reference stream");
  const auto last = static_cast<std::uint32_t>(values[2]);
  if (values[0] == 0) return add(number, {});
  if (values[0] == 1) return add(number, {XrefEntry::Kind::kPlain, values[1], last});
  if (values[0] == 2) return add(number, {XrefEntry::Kind::kCompressed, values[1], last});
  return malformed("an entry of a cross-reference stream");
}

base::Status ChainReader::read_stream_entries(const Dictionary& dictionary, ByteView data) {
  TANBA_TRY(const auto size, dictionary.integer("Size"));
  TANBA_TRY(const auto widths, dictionary.integers("W"));
  TANBA_TRY(const auto given, dictionary.integers("Index"));
  constexpr std::uint64_t kMaxWidth = 7;
  if (!size || !widths || widths->size() != 3 || std::ranges::any_of(*widths, [](auto w) { return w > kMaxWidth; })) {
    return malformed("a cross-reference stream's /W or /Size");
  }
  const std::vector<std::uint64_t> index = given.value_or(std::vector<std::uint64_t>{0, *size});
  const std::uint64_t width = (*widths)[0] + (*widths)[1] + (*widths)[2];
  if (width == 0 || index.size() % 2 != 0) return malformed("a cross-reference stream's /W or /Index");
  for (std::size_t part = 0; part < index.size(); part += 2) {
    for (std::uint64_t number = index[part]; number < index[part] + index[part + 1]; ++number) {
      if (data.size() < width) return malformed("a cross-reference stream that is too short");
      cost_.pass(kTableEntryBytes);
      TANBA_CHECK(cost_.check_passed());
      TANBA_CHECK(take_stream_entry(number, data.first(width), *widths));
      data = data.subspan(width);
    }
  }
  if (!data.empty()) return malformed("a cross-reference stream that is too long");
  return {};
}

// The data of a stream whose dictionary was just read; its /Length must stand in the dictionary itself.
base::Result<ByteView> stream_data(Tokenizer& tokens, std::uint64_t length) {
  const ByteView file = tokens.file();
  if (text_of(file, tokens.next().span) != "stream") return malformed("no stream where one must be");
  std::size_t at = tokens.at();
  // 7.3.8.1: "followed by an end-of-line marker consisting of either a CARRIAGE RETURN and a LINE FEED or just a LINE
  // FEED, and not by a CARRIAGE RETURN alone".
  if (at < file.size() && file[at] == '\r') ++at;
  if (at >= file.size() || file[at] != '\n') return malformed("a stream's data does not begin on a new line");
  ++at;
  if (length > file.size() - at) return malformed("a stream that is cut off");
  tokens.go_to(at + length);
  if (text_of(file, tokens.next().span) != "endstream") return malformed("a stream's /Length is wrong");
  return file.subspan(at, length);
}

base::Result<Dictionary> ChainReader::read_stream(Tokenizer& tokens) {
  const auto number = parse_integer(text_of(file_, tokens.next().span));
  const auto generation = parse_integer(text_of(file_, tokens.next().span));
  if (!number || !generation || text_of(file_, tokens.next().span) != "obj") {
    return malformed("no cross-reference section where one is named");
  }
  TANBA_TRY(Dictionary dictionary, Dictionary::read(tokens, cost_));
  TANBA_TRY(const auto type, dictionary.name("Type"));
  TANBA_TRY(const auto length, dictionary.integer("Length"));
  if (type != "XRef" || !length) return malformed("no cross-reference stream where one is named");
  TANBA_TRY(const ByteView data, stream_data(tokens, *length));
  TANBA_TRY(const StreamEncoding encoding, read_encoding(dictionary, cost_));
  TANBA_TRY(const Bytes decoded, decode_stream(data, encoding, cost_));
  TANBA_CHECK(read_stream_entries(dictionary, decoded));
  return dictionary;
}

base::Result<Dictionary> ChainReader::read_section(std::size_t offset) {
  TANBA_CHECK(visit(offset));
  Tokenizer tokens(file_, offset, cost_);
  const Token first = tokens.next();
  if (first.span.begin != offset) return malformed("no cross-reference section where one is named");
  const bool table = text_of(file_, first.span) == "xref";
  if (!table) tokens.go_to(offset);
  TANBA_TRY(Dictionary trailer, table ? read_table(tokens) : read_stream(tokens));
  const XrefForm form = table ? XrefForm::kTable : XrefForm::kStream;
  if (layout_.sections.empty()) TANBA_CHECK(expect_end(tokens, form));
  note_section(offset, form, trailer);
  return trailer;
}

// What stands between the newest section and startxref belongs to nothing, and viewers that repair would read it.
base::Status ChainReader::expect_end(Tokenizer& tokens, XrefForm form) {
  if (form == XrefForm::kStream && text_of(file_, tokens.next().span) != "endobj") {
    return malformed("a cross-reference stream without endobj");
  }
  if (text_of(file_, tokens.next().span) != "startxref") {
    return malformed("there are octets between the cross-reference section and startxref");
  }
  return {};
}

base::Status ChainReader::finish() {
  const Dictionary& trailer = layout_.sections.front().trailer;
  TANBA_TRY(const auto size, trailer.integer("Size"));
  const DictionaryEntry* root = trailer.find("Root");
  if (!size || *size > kMaxObjectNumber + 1 || root == nullptr || !parse_reference(file_, root->value)) {
    return malformed("the trailer's /Size or /Root");
  }
  layout_.size = static_cast<std::uint32_t>(*size);
  layout_.root = root->value;
  if (!layout_.entries.empty() && layout_.entries.rbegin()->first >= layout_.size) {
    return malformed("the trailer's /Size is less than the objects that are there");
  }
  return {};
}

base::Result<Layout> ChainReader::run() {
  if (!base::as_text(file_).starts_with("%PDF-")) return malformed("it does not begin with %PDF-");
  std::optional<std::uint64_t> offset = start_of_xref(file_);
  if (!offset) return malformed("it does not end with startxref, an offset and %%EOF");
  while (offset) {
    TANBA_TRY(const Dictionary trailer, read_section(*offset));
    if (trailer.has("Encrypt")) return base::fail(Code::kPdfEncrypted);
    TANBA_TRY(offset, trailer.integer("Prev"));
  }
  TANBA_CHECK(finish());
  return std::move(layout_);
}

// --- objects ---------------------------------------------------------------------------------------------------------

// A length in an object stream is not looked up: nothing then, and qpdf checks it.
std::optional<std::uint64_t> referenced_length(const Layout& layout, std::uint64_t number, Cost& cost) {
  const auto entry = layout.entries.find(static_cast<std::uint32_t>(number));
  if (entry == layout.entries.end() || entry->second.kind != XrefEntry::Kind::kPlain) return std::nullopt;
  Tokenizer tokens(layout.file, entry->second.position, cost);
  if (!expect_object_header(tokens, entry->first, entry->second.generation)) return std::nullopt;
  return parse_integer(text_of(layout.file, tokens.next().span));
}

// Only the dictionary's own level is looked at.
std::optional<std::uint64_t> stream_length(const Layout& layout, Span dictionary, Cost& cost) {
  Tokenizer tokens(layout.file.first(dictionary.end), dictionary.begin, cost);
  tokens.next();
  for (Token key = tokens.next(); key.kind == TokenKind::kName; key = tokens.next()) {
    const auto value = read_value(tokens, cost);
    if (!value) return std::nullopt;
    if (decode_name(text_of(layout.file, key.span)) != "Length") continue;
    if (const auto reference = parse_reference(layout.file, *value))
      return referenced_length(layout, (*reference)[0], cost);
    return parse_integer(text_of(layout.file, *value));
  }
  return std::nullopt;
}

class ObjectChecker {
 public:
  ObjectChecker(const Layout& layout, Cost& cost) : layout_(layout), cost_(cost) {}
  // In the order of their positions: what lies within another object is refused before it is read, so that no octet is
  // read for many objects.
  base::Status check_plain(std::uint32_t number, const XrefEntry& entry);

 private:
  base::Status check_stream(Tokenizer& tokens, Span dictionary, std::uint32_t number);

  const Layout& layout_;
  Cost& cost_;
  std::size_t end_ = 0;  // of the object before
  std::uint32_t before_ = 0;
};

base::Status ObjectChecker::check_stream(Tokenizer& tokens, Span dictionary, std::uint32_t number) {
  const auto length = stream_length(layout_, dictionary, cost_);
  if (!length) {
    tokens.next();
    return {};
  }
  if (auto data = stream_data(tokens, *length); !data) {
    return malformed("object " + std::to_string(number) + ": " + data.error().arguments().front().value);
  }
  if (text_of(layout_.file, tokens.next().span) != "endobj") return malformed("a stream without endobj");
  return {};
}

base::Status ObjectChecker::check_plain(std::uint32_t number, const XrefEntry& entry) {
  if (entry.position < end_) {
    return malformed("object " + std::to_string(number) + " lies within object " + std::to_string(before_));
  }
  Tokenizer tokens(layout_.file, entry.position, cost_);
  TANBA_CHECK(expect_object_header(tokens, number, entry.generation));
  TANBA_TRY(const Span value, read_value(tokens, cost_));
  const std::size_t behind = tokens.at();
  const std::string_view word = text_of(layout_.file, tokens.next().span);
  if (word == "stream") {
    tokens.go_to(behind);
    TANBA_CHECK(check_stream(tokens, value, number));
  } else if (word != "endobj") {
    return malformed("object " + std::to_string(number) + " does not end");
  }
  end_ = tokens.at();
  before_ = number;
  return {};
}

using Members = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  // object number, index in the object stream

// 7.5.7: N pairs of object number and offset, then the objects, from /First on. "The offsets shall be in increasing
// order"; each object comes once and ends before the next one begins, so that no octet is read for many.
base::Status check_object_stream(const Layout& layout, std::uint32_t number, const Members& members, Cost& cost) {
  TANBA_TRY(const Stream stream, read_stream(layout, number, cost));
  TANBA_TRY(const auto type, stream.dictionary.name("Type"));
  TANBA_TRY(const auto count, stream.dictionary.integer("N"));
  TANBA_TRY(const auto first, stream.dictionary.integer("First"));
  if (type != "ObjStm" || !count || !first) return malformed("no object stream where one is named");
  if (*first > stream.data.size() || *count > kMaxObjects) return malformed("an object stream's /N or /First");

  Tokenizer header(ByteView(stream.data).first(*first), 0, cost);
  std::vector<std::array<std::uint64_t, 2>> pairs;
  std::set<std::uint64_t> objects;
  for (std::uint64_t index = 0; index < *count; ++index) {
    const auto object = parse_integer(text_of(header.file(), header.next().span));
    const auto offset = parse_integer(text_of(header.file(), header.next().span));
    if (!object || !offset || *offset > stream.data.size() - *first || !objects.insert(*object).second ||
        (index != 0 && *offset <= pairs.back()[1])) {
      return malformed("an object stream's directory");
    }
    pairs.push_back({*object, *offset});
  }
  for (const auto& [object, index] : members) {
    if (index >= pairs.size() || pairs[index][0] != object) {
      return malformed("object " + std::to_string(object) + " is not in its object stream");
    }
    Tokenizer value(stream.data, *first + pairs[index][1], cost);
    TANBA_TRY(const Span span, read_value(value, cost));
    if (index + 1 < pairs.size() && span.end > *first + pairs[index + 1][1]) {
      return malformed("object " + std::to_string(object) + " reaches into the next one of its object stream");
    }
  }
  return {};
}

}  // namespace

bool same_object(const Layout& a, const Layout& b, std::uint32_t number) {
  const auto in_a = a.entries.find(number);
  const auto in_b = b.entries.find(number);
  if (in_a == a.entries.end() || in_b == b.entries.end() || in_a->second != in_b->second) return false;
  if (in_a->second.kind != XrefEntry::Kind::kCompressed) return true;
  const auto stream = static_cast<std::uint32_t>(in_a->second.position);
  const auto stream_a = a.entries.find(stream);
  const auto stream_b = b.entries.find(stream);
  return stream_a != a.entries.end() && stream_b != b.entries.end() && stream_a->second == stream_b->second;
}

base::Status expect_object_header(Tokenizer& tokens, std::uint32_t number, std::uint32_t generation) {
  const std::size_t begin = tokens.at();
  const Token first = tokens.next();
  const ByteView file = tokens.file();
  if (first.span.begin != begin || parse_integer(text_of(file, first.span)) != number ||
      parse_integer(text_of(file, tokens.next().span)) != generation || text_of(file, tokens.next().span) != "obj") {
    return malformed("object " + std::to_string(number) + " is not where its entry says");
  }
  return {};
}

bool ends_revision(ByteView file, std::size_t end) {
  return end <= file.size() && start_of_xref(file.first(end)).has_value();
}

base::Result<Stream> read_stream(const Layout& layout, std::uint32_t number, Cost& cost) {
  const auto entry = layout.entries.find(number);
  if (entry == layout.entries.end() || entry->second.kind != XrefEntry::Kind::kPlain) {
    return malformed("a stream that is not there");
  }
  Tokenizer tokens(layout.file, entry->second.position, cost);
  TANBA_CHECK(expect_object_header(tokens, number, entry->second.generation));
  TANBA_TRY(Dictionary dictionary, Dictionary::read(tokens, cost));
  const auto length = stream_length(layout, dictionary.span(), cost);
  if (!length) return malformed("a stream without a length that can be read");
  TANBA_TRY(const ByteView data, stream_data(tokens, *length));
  TANBA_TRY(const StreamEncoding encoding, read_encoding(dictionary, cost));
  TANBA_TRY(Bytes decoded, decode_stream(data, encoding, cost));
  return Stream{std::move(dictionary), std::move(decoded)};
}

base::Result<Layout> read_layout(ByteView file, Cost& cost) {
  auto layout = ChainReader(file, cost).run();
  TANBA_CHECK(cost.check_passed());
  return layout;
}

namespace {

base::Status check_all(const Layout& layout, Cost& cost, const Layout* since) {
  std::vector<std::pair<std::uint32_t, XrefEntry>> plain;
  std::map<std::uint32_t, Members> compressed;
  for (const auto& [number, entry] : layout.entries) {
    if (entry.kind == XrefEntry::Kind::kFree) continue;
    if (since != nullptr && same_object(layout, *since, number)) continue;
    TANBA_CHECK(cost.charge_token());
    if (entry.kind == XrefEntry::Kind::kPlain) {
      plain.emplace_back(number, entry);
    } else {
      compressed[static_cast<std::uint32_t>(entry.position)].emplace_back(number, entry.generation);
    }
  }
  std::ranges::sort(plain, {}, [](const auto& one) { return one.second.position; });
  ObjectChecker checker(layout, cost);
  for (const auto& [number, entry] : plain) TANBA_CHECK(checker.check_plain(number, entry));
  for (const auto& [stream, members] : compressed) TANBA_CHECK(check_object_stream(layout, stream, members, cost));
  return {};
}

}  // namespace

base::Status check_objects(const Layout& layout, Cost& cost, const Layout* since) {
  const base::Status checked = check_all(layout, cost, since);
  TANBA_CHECK(cost.check_passed());
  return checked;
}

}  // namespace tanba::pdf
