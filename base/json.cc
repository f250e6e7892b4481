#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <iterator>
#include <vector>

#include "base/json_writer.h"
#include "base/text.h"

namespace tanba::base {
namespace {

namespace json = boost::json;

// RFC 8785 3.2.3 sorts by UTF-16 code units. That differs from the octets' order only between U+E000–U+FFFF and the
// planes above: there UTF-16 has surrogates (D800–DFFF), which come first.
bool utf16_less(std::string_view a, std::string_view b) {
  const auto [at, bt] = std::ranges::mismatch(a, b);
  if (at == a.end() || bt == b.end()) return at == a.end() && bt != b.end();
  const auto x = static_cast<unsigned char>(*at);
  const auto y = static_cast<unsigned char>(*bt);
  const auto rank = [](unsigned char c) { return c >= 0xF0 ? 0xED80U : c >= 0xEE ? c << 8 | 0xFFU : c << 8; };
  return rank(x) != rank(y) ? rank(x) < rank(y) : x < y;
}

void write_scalar(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      fmt::format_to(std::back_inserter(out), "{}", value.get_int64());
      break;
    case json::kind::uint64:
      fmt::format_to(std::back_inserter(out), "{}", value.get_uint64());
      break;
    case json::kind::string:
      append_json_string(out, value.get_string());
      break;
    default:
      break;
  }
}

class Writer {
 public:
  std::string run(const json::value& root) {
    push_value(root);
    while (!steps_.empty()) {
      const Work work = steps_.back();
      steps_.pop_back();
      if (work.value == nullptr) {
        out_ += work.text;
      } else {
        if (work.has_key) {
          append_json_string(out_, work.text);
          out_ += ':';
        }
        visit(*work.value);
      }
    }
    return std::move(out_);
  }

 private:
  struct Work {
    const json::value* value = nullptr;  // nothing: `text` is written as it is
    std::string_view text;               // the member's name when `has_key`
    bool has_key = false;
  };

  void push_value(const json::value& value) { steps_.push_back({&value, {}, false}); }

  void visit(const json::value& value) {
    if (const auto* object = value.if_object()) {
      std::vector<const json::key_value_pair*> members;
      members.reserve(object->size());
      for (const auto& member : *object) members.push_back(&member);
      std::ranges::sort(members, utf16_less, [](const auto* member) { return std::string_view(member->key()); });
      out_ += '{';
      steps_.push_back({nullptr, "}", false});
      for (std::size_t i = members.size(); i-- > 0;) {
        steps_.push_back({&members[i]->value(), members[i]->key(), true});
        if (i > 0) steps_.push_back({nullptr, ",", false});
      }
    } else if (const auto* array = value.if_array()) {
      out_ += '[';
      steps_.push_back({nullptr, "]", false});
      for (std::size_t i = array->size(); i-- > 0;) {
        push_value((*array)[i]);
        if (i > 0) steps_.push_back({nullptr, ",", false});
      }
    } else {
      write_scalar(out_, value);
    }
  }

  std::string out_;
  std::vector<Work> steps_;
};

// Boost.JSON keeps the last of equal members, silently: count the members of the text against those of the value.
class DuplicateFinder {
 public:
  // `text` is well-formed JSON here.
  static bool has_duplicates(std::string_view text, const json::value& root) {
    return count_names(text) != count_members(root);
  }

 private:
  static std::size_t count_names(std::string_view text) {
    std::size_t names = 0;
    while (!text.empty()) {
      const std::size_t found = text.find_first_of("\":");
      if (found == std::string_view::npos) break;
      const bool is_string = text[found] == '"';
      text.remove_prefix(found + 1);
      if (is_string)
        skip_string(text);
      else
        ++names;
    }
    return names;
  }

  // Past the closing quote: strings hold whole documents, and nothing in them matters.
  static void skip_string(std::string_view& text) {
    std::size_t begun = 0;  // what lies before was looked at
    for (;;) {
      const std::size_t quote = text.find('"', begun);
      if (quote == std::string_view::npos) return text.remove_prefix(text.size());
      std::size_t backslashes = 0;
      while (quote - backslashes > begun && text[quote - backslashes - 1] == '\\') ++backslashes;
      begun = quote + 1;
      if (backslashes % 2 == 0) return text.remove_prefix(begun);
    }
  }

  static std::size_t count_members(const json::value& root) {
    std::size_t members = 0;
    std::vector<const json::value*> open{&root};
    while (!open.empty()) {
      const json::value* value = open.back();
      open.pop_back();
      if (const auto* object = value->if_object()) {
        members += object->size();
        for (const auto& member : *object) open.push_back(&member.value());
      } else if (const auto* array = value->if_array()) {
        for (const auto& element : *array) open.push_back(&element);
      }
    }
    return members;
  }
};

}  // namespace

std::string canonical_json(const json::value& value) {
  return Writer().run(value);
}

Result<json::value> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_size_bytes) {
    return fail(Code::kInputTooLarge, {{"limit", std::to_string(limits.max_size_bytes)}});
  }
  if (!is_utf8(text)) return fail(Code::kInputUtf8);
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::error_code error;
  try {
    json::value value = json::parse(text, error, {}, options);
    if (error) return fail(Code::kInputJson, error.message());
    if (DuplicateFinder::has_duplicates(text, value)) return fail(Code::kInputJson, "a member stands twice");
    return value;
  } catch (const std::bad_alloc&) {
    return fail(Code::kInputTooLarge, {{"limit", "memory"}});
  }
}

}  // namespace tanba::base
