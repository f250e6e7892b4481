// How compare.h does it: one walk over both trees, split over compare.cc (catalog, pages, everything) and
// compare_form.cc. Private to those two.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pdf/compare.h"

namespace tanba::pdf {

using Object = QPDFObjectHandle;

[[nodiscard]] inline bool one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

[[nodiscard]] inline std::string name_of(Object value) {
  return value.isName() ? value.getName() : std::string();
}
[[nodiscard]] inline std::vector<Object> items_of(Object array) {
  return array.isArray() ? array.getArrayAsVector() : std::vector<Object>();
}

[[nodiscard]] inline std::set<std::string> keys_of_both(Object a, Object b) {
  std::set<std::string> keys = a.getKeys();
  keys.merge(b.getKeys());
  return keys;
}

class Comparison {
 public:
  Comparison(Graph& then, Graph& now, const std::vector<FoundSignature>& signatures, std::uint64_t steps)
      : then_(then), now_(now), steps_left_(steps) {
    for (const FoundSignature& one : signatures) signatures_[one.number] = &one;
  }
  base::Result<std::vector<Change>> run();

 private:
  // As what a value was met. A dictionary can be several things at once, and the name of an entry says nothing by
  // itself: a page's resources have names of the writer's choice.
  enum class Met : std::uint8_t {
    kAnything,
    kField,     // where only fields and widgets are named: what compare_form.cc let differ may differ
    kResource,  // below /Resources, however deep: nothing may differ
  };
  struct Pair {
    Object then, now;
    std::string place;
    Met met = Met::kAnything;
  };
  // A field or widget that is in both: its name, type, and whether its value may bring a new appearance.
  struct FieldPair {
    Object then, now;
    std::string name, type;
    bool new_value;
    bool inherits_value;  // a field above it had one
  };

  // Whether there is one left; if not, nothing is said of the document but that.
  [[nodiscard]] bool step() { return steps_left_ != 0 && --steps_left_ != 0; }
  void note(ChangeKind kind, std::string what, std::string field = {});
  void push(Object then, Object now, std::string place, Met met = Met::kAnything) {
    pending_.push_back({std::move(then), std::move(now), std::move(place), met});
  }
  [[nodiscard]] static Met met_under(const std::string& key, Object then, Object now, Met parent);
  // Compared already, or to be compared by rules that let some of it differ: catalog, form, fields. A dictionary can be
  // two things at once, a field and a page's fonts for instance, so that such rules hold only for who meets it as what
  // they are for.
  [[nodiscard]] bool seen_before(const Pair& pair);
  [[nodiscard]] bool seen_leniently(Object then, Object now);
  [[nodiscard]] bool is_settled_by_rule(Pair& pair) const;
  void accept_new(Object root);

  void compare_trailers();
  void compare_catalogs(Object then, Object now);
  void compare_catalog_entry(const std::string& key, Object then, Object now);
  void compare_extensions(Object then, Object now);
  void compare_metadata(Object then, Object now, const char* what);
  void compare_security_stores(Object then, Object now);
  [[nodiscard]] bool accept_security_store(Object store);
  [[nodiscard]] bool accept_streams(Object array);
  [[nodiscard]] bool accept_validation_info(Object by_signature);

  void compare_forms(Object then, Object now);
  void compare_default_resources(Object then, Object now);
  void compare_field_lists(Object then, Object now, const FieldPair* parent);
  void compare_fields(FieldPair field);
  [[nodiscard]] bool compare_values(FieldPair& field);
  [[nodiscard]] bool compare_signature_values(FieldPair& field, Object then, Object now);
  void compare_field_entry(FieldPair& field, const std::string& key);
  [[nodiscard]] static bool may_differ(const FieldPair& field, const std::string& key, Object then, Object now);
  void check_new_field(Object field);
  enum class FieldAge : std::uint8_t { kOld, kNew };
  // Whether the value is a signature, which may show.
  bool note_signature(Object value, const std::string& field, FieldAge age);

  void compare(Pair pair);
  void compare_dictionaries(Object then, Object now, const std::string& place, Met met);
  void compare_streams(const Pair& pair);
  void compare_annotations(Object then, Object now, const std::string& place);
  void check_shown_area(Object annotations, const std::string& place);
  void check_new_annotation(Object annotation, const std::string& place);
  void check_unexplained();

  Graph& then_;
  Graph& now_;
  std::uint64_t steps_left_;
  std::map<std::uint32_t, const FoundSignature*> signatures_;  // by their object
  std::set<Change> changes_;
  std::vector<Pair> pending_;
  std::vector<FieldPair> fields_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> resource_pairs_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> lenient_pairs_;
  std::set<std::uint32_t> explained_;            // objects of the tree as it is now
  std::set<std::uint32_t> accepted_;             // those that accept_new went through
  std::set<std::uint32_t> new_widgets_;          // of signature fields, found to show nothing
  std::map<std::uint32_t, double> shown_areas_;  // of signature fields that got a value, by their object
};

}  // namespace tanba::pdf
