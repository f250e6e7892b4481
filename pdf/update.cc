#include "pdf/update.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tanba::pdf {
namespace {

std::string padded(std::uint64_t number, std::size_t digits) {
  const std::string text = std::to_string(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

void write_number(std::string& out, std::uint64_t number, std::size_t octets) {
  for (std::size_t at = octets; at-- > 0;) out.push_back(static_cast<char>(number >> (8 * at) & 0xFF));
}

// Numbers that follow each other, as cross-reference sections list them.
std::vector<std::pair<std::uint32_t, std::uint32_t>> runs_of(
    const std::map<std::uint32_t, std::pair<std::size_t, std::uint32_t>>& places) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> runs;  // first, count
  for (const auto& [number, place] : places) {
    if (runs.empty() || runs.back().first + runs.back().second != number) runs.emplace_back(number, 0);
    ++runs.back().second;
  }
  return runs;
}

}  // namespace

std::string reference_text(std::uint32_t number) {
  return std::to_string(number) + " 0 R";
}

std::string stream_text(const std::string& entries, base::ByteView data) {
  return "<< " + entries + " /Length " + std::to_string(data.size()) + " >>\nstream\n" +
         std::string(base::as_text(data)) + "\nendstream";
}

std::uint32_t Update::add(std::string text) {
  const QPDFObjectHandle handle = graph_.allocate();
  const std::uint32_t number = number_of(handle);
  handles_.emplace(number, handle);
  objects_[number] = std::move(text);
  return number;
}

void Update::append(QPDFObjectHandle dictionary, std::uint32_t owner, const char* key, std::uint32_t item) {
  QPDFObjectHandle array = dictionary.getKey(key);
  if (!array.isArray()) {
    array = QPDFObjectHandle::newArray();
    dictionary.replaceKey(key, array);
  }
  array.appendItem(reference(item));
  touch(array.isIndirect() ? number_of(array) : owner);
}

void Update::write(std::string& out, std::uint32_t number, const std::string& text) {
  const auto entry = graph_.layout().entries.find(number);
  const bool plain = entry != graph_.layout().entries.end() && entry->second.kind == XrefEntry::Kind::kPlain;
  const std::uint32_t generation = plain ? entry->second.generation : 0;
  places_[number] = {out.size(), generation};
  const std::size_t begin = out.size();
  out += std::to_string(number) + " " + std::to_string(generation) + " obj\n" + text + "\nendobj\n";
  spans_[number] = {begin, out.size()};
}

// 14.4: "the second byte string … shall be a changing identifier based on the file's contents at the time it was last
// updated"; the first one stays.
std::string Update::trailer_entries(std::uint32_t size, const std::string& update) const {
  const Section& newest = graph_.layout().sections.front();
  std::string out = "/Size " + std::to_string(size) + " /Prev " + std::to_string(newest.offset);
  for (const char* key : {"Root", "Info"}) {
    if (const DictionaryEntry* entry = newest.trailer.find(key)) {
      out += std::string(" /") + key + " " + std::string(text_of(newest.trailer.file(), entry->value));
    }
  }
  QPDFObjectHandle id = graph_.trailer().getKey("/ID");
  if (id.isArray() && id.getArrayNItems() == 2) {
    const std::string now = base::sha256(base::as_bytes(update)).hex().substr(0, 32);
    out += " /ID [" + id.getArrayItem(0).unparse() + " <" + now + ">]";
  }
  return out;
}

void Update::write_table(std::string& out) {
  const std::size_t at = out.size();
  const std::uint32_t size = std::max(graph_.layout().size, places_.rbegin()->first + 1);
  std::string table = "xref\n";
  for (const auto& [first, count] : runs_of(places_)) {
    table += std::to_string(first) + " " + std::to_string(count) + "\n";
    for (std::uint32_t number = first; number < first + count; ++number) {
      const auto& [offset, generation] = places_.at(number);
      table += padded(offset, 10) + " " + padded(generation, 5) + " n \n";
    }
  }
  table += "trailer\n<< " + trailer_entries(size, out) + " >>\nstartxref\n" + std::to_string(at) + "\n%%EOF\n";
  out += table;
}

void Update::write_stream(std::string& out) {
  const std::size_t at = out.size();
  const std::uint32_t number = add({});
  places_[number] = {at, 0};
  const std::uint32_t size = std::max(graph_.layout().size, places_.rbegin()->first + 1);
  std::string index;
  std::string data;
  for (const auto& [first, count] : runs_of(places_)) {
    index += (index.empty() ? "" : " ") + std::to_string(first) + " " + std::to_string(count);
  }
  constexpr std::size_t kOffsetBytes = 5, kGenerationBytes = 2;
  for (const auto& [object, place] : places_) {
    write_number(data, 1, 1);
    write_number(data, place.first, kOffsetBytes);
    write_number(data, place.second, kGenerationBytes);
  }
  const std::string entries = "/Type /XRef /W [1 5 2] /Index [" + index + "] " + trailer_entries(size, out);
  out += std::to_string(number) + " 0 obj\n" + stream_text(entries, base::as_bytes(data)) + "\nendobj\nstartxref\n" +
         std::to_string(at) + "\n%%EOF\n";
}

std::string Update::finish() {
  std::string out(base::as_text(graph_.layout().file));
  if (!out.ends_with('\n') && !out.ends_with('\r')) out += '\n';
  for (const std::uint32_t number : touched_) {
    if (!objects_.contains(number)) write(out, number, graph_.object(number).unparseResolved());
  }
  for (const auto& [number, text] : objects_) write(out, number, text);
  if (graph_.layout().sections.front().form == XrefForm::kTable) {
    write_table(out);
  } else {
    write_stream(out);
  }
  return out;
}

}  // namespace tanba::pdf
