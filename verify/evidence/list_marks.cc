#include "verify/evidence/list_marks.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/file.h"

namespace tanba::verify::evidence {
namespace {

constexpr std::size_t kMaxMarksBytes = 4U << 20;  // 8192 lines of at most 140 octets
constexpr std::string_view kNoNumber = "-";

// The word up to `end`, which must be there.
std::optional<std::string_view> take_until(std::string_view& text, char end) {
  const std::size_t length = text.find(end);
  if (length == std::string_view::npos) return std::nullopt;
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length + 1);
  return word;
}

std::optional<std::int64_t> seconds_from(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

base::Digest line_of(const std::string& source, const ocsp::Crl& crl) {
  base::Bytes octets(source.begin(), source.end());
  const auto add = [&](char mark, const auto& part) {
    // Lengths go first: what one part lacks another cannot lend.
    const std::string head = std::string(1, mark) + std::to_string(part.size()) + ':';
    octets.insert(octets.end(), head.begin(), head.end());
    octets.insert(octets.end(), part.begin(), part.end());
  };
  add('\n', crl.issuer().canonical());
  if (crl.authority_key_id()) add('k', *crl.authority_key_id());
  octets.push_back(crl.is_delta() ? 'd' : 'c');
  return base::sha256(octets);
}

void ListMarks::load() {
  if (file_.empty()) return;
  const base::Result<base::Bytes> octets = base::read_file(file_, kMaxMarksBytes);
  if (!octets) return;
  std::string_view text = base::as_text(*octets);
  const std::scoped_lock lock(mutex_);
  while (auto line = take_until(text, '\n')) {
    const auto name = take_until(*line, ' ');
    const auto at = take_until(*line, ' ');
    const auto seconds = at ? seconds_from(*at) : std::nullopt;
    if (!name || !seconds) continue;
    const base::Result<base::Digest> digest = base::digest_from_hex(*name);
    if (!digest) continue;
    put_locked(*digest, {base::Time(base::Seconds(*seconds)), *line == kNoNumber ? std::string() : std::string(*line)});
  }
}

base::Status ListMarks::check(const std::string& source, const ocsp::Crl& next) const {
  const std::scoped_lock lock(mutex_);
  const auto mark = marks_.find(line_of(source, next));
  return mark == marks_.end() ? base::Status() : check_order(mark->second, next);
}

base::Status ListMarks::raise(const std::string& source, const ocsp::Crl& crl) {
  const base::Digest line = line_of(source, crl);
  const std::scoped_lock lock(mutex_);
  ListMark mark = mark_of(crl);
  if (const auto known = marks_.find(line); known != marks_.end()) {
    mark = higher(known->second, std::move(mark));
    if (mark == known->second) return {};
  }
  put_locked(line, std::move(mark));
  return write_locked(source);
}

void ListMarks::put_locked(const base::Digest& line, ListMark mark) {
  if (const auto known = marks_.find(line); known != marks_.end()) {
    known->second = higher(known->second, std::move(mark));
    return;
  }
  while (!order_.empty() && marks_.size() >= max_) {
    marks_.erase(order_.front());
    order_.pop_front();
  }
  marks_.emplace(line, std::move(mark));
  order_.push_back(line);
}

base::Status ListMarks::write_locked(const std::string& source) const {
  if (file_.empty()) return {};
  std::string text;
  for (const base::Digest& line : order_) {
    const ListMark& mark = marks_.at(line);
    text += line.hex() + ' ' + std::to_string(mark.this_update.time_since_epoch().count()) + ' ';
    text += mark.number.empty() ? kNoNumber : std::string_view(mark.number);
    text += '\n';
  }
  const base::Status written = base::write_file_durably(file_, base::as_bytes(text));
  if (written) return {};
  return base::fail(base::Code::kEvidenceNotStored, {{"source", source}, {"reason", written.error().message()}},
                    written.error().cause());
}

}  // namespace tanba::verify::evidence
