// An incremental update (ISO 32000-2 7.5.6): new and changed objects and a cross-reference section of the file's own
// form, appended; what is there stays octet for octet. Private to this folder.
#pragma once

#include <map>
#include <set>
#include <string>

#include "pdf/graph.h"

namespace tanba::pdf {

class Update {
 public:
  explicit Update(Graph& graph) : graph_(graph) {}

  // A new object: its number for others to refer to. `text` is its value, a whole stream for instance.
  [[nodiscard]] std::uint32_t add(std::string text);
  // A number for a new object that is written later: `set` gives its value.
  [[nodiscard]] std::uint32_t reserve() { return add({}); }
  void set(std::uint32_t number, std::string text) { objects_[number] = std::move(text); }
  // A dictionary or array of the file that was changed in place through its handle.
  void touch(std::uint32_t number) { touched_.insert(number); }
  // An item is appended to the array under `key`, which is made when it is not there; `owner` is the number of the
  // object that `dictionary` is or stands in.
  void append(QPDFObjectHandle dictionary, std::uint32_t owner, const char* key, std::uint32_t item);
  [[nodiscard]] QPDFObjectHandle reference(std::uint32_t number) { return handles_.at(number); }

  // The whole file.
  [[nodiscard]] std::string finish();
  // Where an object that was written stands in it, from its number on to behind endobj.
  [[nodiscard]] Span place_of(std::uint32_t number) const { return spans_.at(number); }

 private:
  void write(std::string& out, std::uint32_t number, const std::string& text);
  void write_table(std::string& out);
  void write_stream(std::string& out);
  [[nodiscard]] std::string trailer_entries(std::uint32_t size, const std::string& update) const;

  Graph& graph_;
  std::map<std::uint32_t, QPDFObjectHandle> handles_;
  std::map<std::uint32_t, std::string> objects_;
  std::set<std::uint32_t> touched_;
  std::map<std::uint32_t, std::pair<std::size_t, std::uint32_t>> places_;  // offset, generation
  std::map<std::uint32_t, Span> spans_;
};

// A stream as an object's value: `entries` without /Length.
[[nodiscard]] std::string stream_text(const std::string& entries, base::ByteView data);
// `12 0 R`
[[nodiscard]] std::string reference_text(std::uint32_t number);

}  // namespace tanba::pdf
