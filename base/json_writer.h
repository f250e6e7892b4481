// JSON text written as it comes, without a tree of values first: for answers that are made thousands of times a second.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tanba::base {

// A JSON string: quotes around it, and within only what must be escaped, in its shortest form (RFC 8785 3.2.2.2). The
// text must be UTF-8; what is not stays as it is.
void append_json_string(std::string& out, std::string_view text);

// Puts the commas; that members have names, and that what was begun is ended, is for the caller to see to.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  // The name of the member whose value comes next: a word of ours, with nothing that must be escaped.
  JsonWriter& name(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& truth(bool value);
  JsonWriter& null();

  // A member whole.
  JsonWriter& text(std::string_view its_name, std::string_view value) { return name(its_name).text(value); }
  JsonWriter& null(std::string_view its_name) { return name(its_name).null(); }

  [[nodiscard]] std::string take() { return std::move(out_); }
  void reserve(std::size_t octets) { out_.reserve(octets); }

 private:
  void separate() {
    if (follows_) out_ += ',';
    follows_ = true;
  }
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);

  std::string out_;
  bool follows_ = false;  // whether a comma stands before what comes next
};

}  // namespace tanba::base
