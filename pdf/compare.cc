#include "pdf/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace tanba::pdf {
namespace {

using Object = QPDFObjectHandle;

// What is said about one document; more would help nobody.
constexpr std::size_t kMaxChanges = 100;
// Where a change is, is said by the way to it; lists chained by reference would make long ones.
constexpr std::size_t kMaxPlaceBytes = 120;
// What a signature's own appearance may hide: a field laid over a whole page before the first signature is a trap. In
// square points; 300 by 150, a fourteenth of an A4 page.
constexpr double kMaxSignatureArea = 300.0 * 150.0;
// Flags of an annotation, 12.5.3 table 167, and of a field, 12.7.4.1 table 227.
constexpr long long kHidden = 1 << 1, kPrint = 1 << 2, kLockedFlag = 1 << 7;
constexpr long long kReadOnly = 1 << 0;

bool one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

std::string name_of(Object value) {
  return value.isName() ? value.getName() : std::string();
}
long long flags_of(Object value) {
  return value.isInteger() ? value.getIntValue() : 0;
}

std::vector<Object> items_of(Object array) {
  return array.isArray() ? array.getArrayAsVector() : std::vector<Object>();
}

std::set<std::string> keys_of_both(Object a, Object b) {
  std::set<std::string> keys = a.getKeys();
  keys.merge(b.getKeys());
  return keys;
}

// Table 227: /V "absent" is not the only way to write that nothing was filled in.
bool is_empty_value(Object value) {
  if (value.isNull()) return true;
  if (value.isString()) return value.getStringValue().empty();
  if (value.isArray()) return value.getArrayNItems() == 0;
  return name_of(value) == "/Off";
}

// Of the widget's rectangle, in square points; nothing when it is no rectangle.
std::optional<double> area_of(Object widget) {
  const std::vector<Object> corners = items_of(widget.getKey("/Rect"));
  if (corners.size() != 4 || !std::ranges::all_of(corners, [](Object o) { return o.isNumber(); })) return std::nullopt;
  std::array<double, 4> at{};
  std::ranges::transform(corners, at.begin(), [](Object o) { return o.getNumericValue(); });
  return std::abs((at[2] - at[0]) * (at[3] - at[1]));
}

bool shows_nothing(Object widget) {
  if ((flags_of(widget.getKey("/F")) & kHidden) != 0) return true;
  if (widget.getKey("/Rect").isNull()) return widget.getKey("/Subtype").isNull();
  return area_of(widget) == 0.0;
}

class Comparison {
 public:
  Comparison(Graph& then, Graph& now, const std::vector<FoundSignature>& signatures) : then_(then), now_(now) {
    for (const FoundSignature& one : signatures) signatures_[one.number] = one.timestamp;
  }
  base::Result<std::vector<Change>> run();

 private:
  struct Pair {
    Object then, now;
    std::string place;
  };
  // A field or widget that is in both: its name, type, and whether its value may bring a new appearance.
  struct FieldPair {
    Object then, now;
    std::string name, type;
    bool new_value;
  };

  void note(ChangeKind kind, std::string what, std::string field = {});
  void push(Object then, Object now, std::string place) {
    pending_.push_back({std::move(then), std::move(now), std::move(place)});
  }
  [[nodiscard]] bool seen_before(Object then, Object now);
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
  void note_signature(Object value, const std::string& field);

  void compare(Pair pair);
  void compare_dictionaries(Object then, Object now, const std::string& place);
  void compare_streams(const Pair& pair);
  void compare_annotations(Object then, Object now, const std::string& place);
  void check_new_annotation(Object annotation, const std::string& place);
  void check_unexplained();

  Graph& then_;
  Graph& now_;
  std::map<std::uint32_t, bool> signatures_;  // by their object: whether it is a time stamp
  std::vector<Change> changes_;
  std::vector<Pair> pending_;
  std::vector<FieldPair> fields_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs_;
  std::set<std::uint32_t> explained_;    // objects of the tree as it is now
  std::set<std::uint32_t> new_widgets_;  // of signature fields, found to show nothing
};

void Comparison::note(ChangeKind kind, std::string what, std::string field) {
  Change change{kind, std::move(what), std::move(field)};
  if (changes_.size() >= kMaxChanges || std::ranges::find(changes_, change) != changes_.end()) return;
  changes_.push_back(std::move(change));
}

bool Comparison::seen_before(Object then, Object now) {
  if (now.isIndirect()) explained_.insert(number_of(now));
  // Only what has a number on both sides: a direct value is another one each time it is met.
  if (!then.isIndirect() || !now.isIndirect()) return false;
  return !pairs_.emplace(number_of(then), number_of(now)).second;
}

// What is there because of something that was accepted: nothing of it can be reached from what was signed otherwise, or
// it is compared there. Links back to pages and parents are no part of it.
void Comparison::accept_new(Object root) {
  std::vector<Object> stack{std::move(root)};
  std::set<std::uint32_t> visited;
  while (!stack.empty()) {
    Object one = std::move(stack.back());
    stack.pop_back();
    if (one.isIndirect() && !visited.insert(number_of(one)).second) continue;
    if (one.isIndirect()) explained_.insert(number_of(one));
    if (one.isStream()) one = one.getDict();
    if (one.isDictionary()) {
      for (auto& [key, value] : one.getDictAsMap()) {
        if (key != "/P" && key != "/Parent" && key != "/Data") stack.push_back(value);
      }
    }
    for (Object& item : items_of(one)) stack.push_back(std::move(item));
  }
}

// --- catalog ---------------------------------------------------------------------------------------------------------

void Comparison::compare_trailers() {
  Object then = then_.trailer();
  Object now = now_.trailer();
  if (number_of(then.getKey("/Root")) != number_of(now.getKey("/Root"))) note(ChangeKind::kOther, "another catalog");
  for (const std::string& key : keys_of_both(then, now)) {
    if (key == "/Root" || key == "/Size" || key == "/Prev" || key == "/XRefStm" || key == "/ID") continue;
    // A cross-reference stream is its own trailer.
    if (one_of(key, {"/Type", "/W", "/Index", "/Length", "/Filter", "/DecodeParms"})) continue;
    if (key == "/Info") {
      compare_metadata(then.getKey(key), now.getKey(key), "the information dictionary");
    } else {
      push(then.getKey(key), now.getKey(key), key.substr(1));
    }
  }
}

void Comparison::compare_metadata(Object then, Object now, const char* what) {
  bool same = number_of(then) == number_of(now) && then.isNull() == now.isNull();
  if (same && now.isIndirect()) same = same_object(then_.layout(), now_.layout(), number_of(now));
  if (same && !now.isIndirect()) same = then.unparse() == now.unparse();
  accept_new(now);
  if (!same) note(ChangeKind::kMetadata, what);
}

// 7.12: /ESIC, /ADBE …: which developer's extensions the file uses. They name versions and nothing else.
void Comparison::compare_extensions(Object then, Object now) {
  accept_new(now);
  if (!now.isDictionary() || now.isIndirect()) return push(then, now, "Extensions");
  if (then.isNull()) return;
  for (const std::string& key : then.getKeys()) push(then.getKey(key), now.getKey(key), "Extensions" + key);
}

// ETSI EN 319 142-1 5.4.2: arrays of streams, and the same again by signature.
bool Comparison::accept_streams(Object array) {
  if (array.isNull()) return true;
  if (!array.isArray()) return false;
  if (array.isIndirect()) explained_.insert(number_of(array));
  for (Object& item : items_of(array)) {
    if (!item.isStream()) return false;
    accept_new(item);
  }
  return true;
}

bool Comparison::accept_validation_info(Object by_signature) {
  if (by_signature.isNull()) return true;
  if (!by_signature.isDictionary()) return false;
  if (by_signature.isIndirect()) explained_.insert(number_of(by_signature));
  for (auto& [signature, info] : by_signature.getDictAsMap()) {
    if (signature == "/Type") continue;
    if (!info.isDictionary()) return false;
    if (info.isIndirect()) explained_.insert(number_of(info));
    for (auto& [key, value] : info.getDictAsMap()) {
      if (one_of(key, {"/Cert", "/CRL", "/OCSP"}) && !accept_streams(value)) return false;
      if (!one_of(key, {"/Cert", "/CRL", "/OCSP", "/Type", "/TU", "/TS"})) return false;
      if (key == "/TS") accept_new(value);
    }
  }
  return true;
}

bool Comparison::accept_security_store(Object store) {
  if (!store.isDictionary()) return false;
  if (store.isIndirect()) explained_.insert(number_of(store));
  for (auto& [key, value] : store.getDictAsMap()) {
    if (key == "/VRI" && !accept_validation_info(value)) return false;
    if (one_of(key, {"/Certs", "/CRLs", "/OCSPs"}) && !accept_streams(value)) return false;
    if (!one_of(key, {"/VRI", "/Certs", "/CRLs", "/OCSPs", "/Type"})) return false;
  }
  return true;
}

void Comparison::compare_security_stores(Object then, Object now) {
  const std::set<std::uint32_t> before = std::exchange(explained_, {});
  const bool understood = accept_security_store(now);
  bool changed = then.unparse() != now.unparse();
  for (const std::uint32_t number : explained_) {
    changed = changed || !same_object(then_.layout(), now_.layout(), number);
  }
  explained_.insert(before.begin(), before.end());
  if (changed) note(understood ? ChangeKind::kEvidence : ChangeKind::kUnknown, "evidence (DSS)");
}

void Comparison::compare_catalog_entry(const std::string& key, Object then, Object now) {
  if (key == "/AcroForm") return compare_forms(then, now);
  if (key == "/Metadata") return compare_metadata(then, now, "metadata (XMP)");
  if (key == "/Extensions") return compare_extensions(then, now);
  if (key == "/Version" && now.isName()) return;
  if (key == "/DSS" && !now.isNull()) return compare_security_stores(then, now);
  // ISO 32000-2, table 29: what viewers act upon. An entry of another name may be acted upon by some.
  static const std::set<std::string> kKnown{
      "/Type",       "/Pages",        "/PageLabels", "/Names",          "/Dests",         "/ViewerPreferences",
      "/PageLayout", "/PageMode",     "/Outlines",   "/Threads",        "/OpenAction",    "/AA",
      "/URI",        "/MarkInfo",     "/Lang",       "/SpiderInfo",     "/OutputIntents", "/PieceInfo",
      "/Legal",      "/Requirements", "/Collection", "/NeedsRendering", "/OCProperties",  "/Perms",
      "/AF",         "/DPartRoot",    "/DSS"};
  if (then.isNull() && !kKnown.contains(key)) {
    accept_new(now);
    return note(ChangeKind::kUnknown, key);
  }
  // Who adds a visible tag tree changes what is read aloud; what exactly is not looked into.
  if (key == "/StructTreeRoot" && number_of(now) != 0 && !same_object(then_.layout(), now_.layout(), number_of(now))) {
    accept_new(now);
    return note(ChangeKind::kUnknown, key);
  }
  push(then, now, key.substr(1));
}

void Comparison::compare_catalogs(Object then, Object now) {
  (void)seen_before(then, now);
  // The form first: what it explains of widgets is not asked again where pages name them.
  compare_catalog_entry("/AcroForm", then.getKey("/AcroForm"), now.getKey("/AcroForm"));
  while (!fields_.empty()) {
    FieldPair field = std::move(fields_.back());
    fields_.pop_back();
    compare_fields(std::move(field));
  }
  for (const std::string& key : keys_of_both(then, now)) {
    if (key != "/AcroForm") compare_catalog_entry(key, then.getKey(key), now.getKey(key));
  }
}

// --- the form --------------------------------------------------------------------------------------------------------

void Comparison::compare_forms(Object then, Object now) {
  if (then.isNull() && now.isNull()) return;
  if (!now.isDictionary()) return note(ChangeKind::kOther, "AcroForm");
  (void)seen_before(then, now);
  if (then.isNull()) then = Object::newDictionary();
  if (!then.isDictionary()) return note(ChangeKind::kOther, "AcroForm");
  for (const std::string& key : keys_of_both(then, now)) {
    if (key == "/Fields") {
      compare_field_lists(then.getKey(key), now.getKey(key), nullptr);
    } else if (key == "/DR") {
      compare_default_resources(then.getKey(key), now.getKey(key));
    } else if (key == "/DA" && then.getKey(key).isNull()) {
      continue;  // how what is filled in is written; what is there has its own
    } else if (key != "/SigFlags") {
      push(then.getKey(key), now.getKey(key), "AcroForm" + key);
    }
  }
}

// Fonts are added for what is filled in; none that is there may become another one.
void Comparison::compare_default_resources(Object then, Object now) {
  if (then.isNull()) return accept_new(now);
  if (!then.isDictionary() || !now.isDictionary()) return push(then, now, "AcroForm/DR");
  if (seen_before(then, now)) return;
  for (const std::string& kind : keys_of_both(then, now)) {
    Object old_kind = then.getKey(kind);
    Object new_kind = now.getKey(kind);
    if (old_kind.isNull()) {
      accept_new(new_kind);
    } else if (kind != "/Font" || !old_kind.isDictionary() || !new_kind.isDictionary()) {
      push(old_kind, new_kind, "AcroForm/DR" + kind);
    } else if (!seen_before(old_kind, new_kind)) {
      for (const std::string& font : keys_of_both(old_kind, new_kind)) {
        if (old_kind.hasKey(font)) {
          push(old_kind.getKey(font), new_kind.getKey(font), "AcroForm/DR/Font" + font);
        } else {
          accept_new(new_kind.getKey(font));
        }
      }
    }
  }
}

void Comparison::compare_field_lists(Object then, Object now, const FieldPair* parent) {
  if (now.isIndirect()) explained_.insert(number_of(now));
  std::vector<Object> old_fields = items_of(then);
  std::vector<Object> new_fields = items_of(now);
  const std::string place = parent == nullptr ? "the form's fields" : "the parts of field " + parent->name;
  for (std::size_t at = 0; at < new_fields.size() || at < old_fields.size(); ++at) {
    if (at >= new_fields.size()) return note(ChangeKind::kOther, place);
    if (at >= old_fields.size()) {
      check_new_field(new_fields[at]);
      continue;
    }
    if (number_of(old_fields[at]) == 0 || number_of(old_fields[at]) != number_of(new_fields[at])) {
      return note(ChangeKind::kOther, place);
    }
    if (parent == nullptr) {
      fields_.push_back({old_fields[at], new_fields[at], "", "", false});
    } else {
      fields_.push_back({old_fields[at], new_fields[at], parent->name, parent->type, parent->new_value});
    }
  }
}

void Comparison::note_signature(Object value, const std::string& field) {
  const auto known = signatures_.find(number_of(value));
  if (known == signatures_.end()) return note(ChangeKind::kUnknown, "the value of signature field " + field);
  accept_new(value);
  if (known->second) {
    note(ChangeKind::kTimestamp, "a document time stamp", field);
  } else {
    note(ChangeKind::kSignature, "a signature in field " + field, field);
  }
}

// A field that is new since: none but one for a signature, and it may show nothing.
void Comparison::check_new_field(Object field) {
  const std::string name =
      field.isDictionary() && field.getKey("/T").isString() ? field.getKey("/T").getUTF8Value() : "";
  if (!field.isDictionary() || name_of(field.getKey("/FT")) != "/Sig") {
    return note(ChangeKind::kOther, "a new form field " + name);
  }
  for (const std::string& key : field.getKeys()) {
    if (!one_of(key,
                {"/Type", "/Subtype", "/FT",     "/T", "/V",  "/F",  "/Rect", "/P",  "/AP", "/AS",     "/Ff", "/MK",
                 "/Lock", "/SV",      "/Parent", "/M", "/NM", "/DA", "/TU",   "/TM", "/BS", "/Border", "/C",  "/H"})) {
      return note(ChangeKind::kUnknown, "a new signature field with " + key);
    }
  }
  if (!shows_nothing(field)) return note(ChangeKind::kOther, "a new signature field " + name + " that shows on a page");
  accept_new(field);
  new_widgets_.insert(number_of(field));
  if (field.getKey("/V").isNull()) return note(ChangeKind::kSignature, "an empty signature field " + name, name);
  note_signature(field.getKey("/V"), name);
}

bool Comparison::compare_signature_values(FieldPair& field, Object then, Object now) {
  if (then.isNull() && now.isNull()) return false;
  if (then.isNull() && now.isDictionary()) {
    if (area_of(field.now).value_or(0) > kMaxSignatureArea) {
      note(ChangeKind::kOther, "signature field " + field.name + " that may hide much of a page");
    }
    note_signature(now, field.name);
    return true;
  }
  if (number_of(then) != number_of(now)) {
    note(ChangeKind::kOther, "the signature in field " + field.name);
  } else {
    push(then, now, "signature in field " + field.name);
  }
  return false;
}

// Whether the field got a value that it may show.
bool Comparison::compare_values(FieldPair& field) {
  Object then = field.then.getKey("/V");
  Object now = field.now.getKey("/V");
  if (field.type == "/Sig") return compare_signature_values(field, then, now);
  const bool filled_in = is_empty_value(then) && !is_empty_value(now) && !now.isStream() && !now.isDictionary();
  if (!filled_in) {
    push(then, now, "the value of field " + field.name);
    return field.new_value;
  }
  accept_new(now);
  note(ChangeKind::kFillIn, "the value of field " + field.name, field.name);
  return true;
}

bool Comparison::may_differ(const FieldPair& field, const std::string& key, Object then, Object now) {
  // After signing, viewers make locked fields read-only.
  if (key == "/Ff") return (flags_of(then) ^ flags_of(now)) == kReadOnly && (flags_of(now) & kReadOnly) != 0;
  if (key == "/M") return now.isString();
  if (!field.new_value) return false;
  if (key == "/F") {
    return field.type == "/Sig" && ((flags_of(then) ^ flags_of(now)) & ~(kPrint | kLockedFlag)) == 0;
  }
  return key == "/AP" || key == "/AS" || (field.type != "/Sig" && (key == "/RV" || key == "/I"));
}

void Comparison::compare_field_entry(FieldPair& field, const std::string& key) {
  Object then = field.then.getKey(key);
  Object now = field.now.getKey(key);
  const std::string place = "field " + field.name + key;
  if (key == "/Kids") return compare_field_lists(then, now, &field);
  if (key == "/Parent" || key == "/P") {
    if (number_of(then) != number_of(now)) note(ChangeKind::kOther, place);
    return;
  }
  if (may_differ(field, key, then, now)) return accept_new(now);
  push(then, now, place);
}

void Comparison::compare_fields(FieldPair field) {
  if (!field.then.isDictionary() || !field.now.isDictionary()) return note(ChangeKind::kOther, "a form field");
  if (seen_before(field.then, field.now)) return;
  if (field.then.getKey("/T").isString()) {
    field.name += (field.name.empty() ? "" : ".") + field.then.getKey("/T").getUTF8Value();
  }
  if (field.then.getKey("/FT").isName()) field.type = field.then.getKey("/FT").getName();
  field.new_value = compare_values(field);
  for (const std::string& key : keys_of_both(field.then, field.now)) {
    if (key != "/V") compare_field_entry(field, key);
  }
}

// --- everything else -------------------------------------------------------------------------------------------------

void Comparison::check_new_annotation(Object annotation, const std::string& place) {
  if (new_widgets_.contains(number_of(annotation))) return;
  accept_new(annotation);
  const std::string kind = annotation.isDictionary() ? name_of(annotation.getKey("/Subtype")) : "";
  if (!one_of(kind, {"/Text", "/Popup", "/Highlight", "/Underline", "/StrikeOut", "/Squiggly"})) {
    return note(ChangeKind::kOther, place + ": a new annotation " + kind);
  }
  for (const char* key : {"/AP", "/A", "/AA", "/OC"}) {
    if (annotation.hasKey(key)) return note(ChangeKind::kOther, place + ": a comment with " + key);
  }
  note(ChangeKind::kAnnotation, place + ": a comment " + kind);
}

void Comparison::compare_annotations(Object then, Object now, const std::string& place) {
  if (now.isIndirect()) explained_.insert(number_of(now));
  std::vector<Object> old_ones = items_of(then);
  std::vector<Object> new_ones = items_of(now);
  if (new_ones.size() < old_ones.size() || (!now.isNull() && !now.isArray())) return note(ChangeKind::kOther, place);
  for (std::size_t at = 0; at < new_ones.size(); ++at) {
    if (at < old_ones.size()) {
      push(old_ones[at], new_ones[at], place);
    } else {
      check_new_annotation(new_ones[at], place);
    }
  }
}

void Comparison::compare_dictionaries(Object then, Object now, const std::string& place) {
  const bool page = name_of(then.getKey("/Type")) == "/Page" && name_of(now.getKey("/Type")) == "/Page";
  for (const std::string& key : keys_of_both(then, now)) {
    const std::string below = place.size() < kMaxPlaceBytes ? place + key : place;
    if (page && key == "/Annots") {
      compare_annotations(then.getKey(key), now.getKey(key), below);
    } else {
      push(then.getKey(key), now.getKey(key), below);
    }
  }
}

void Comparison::compare_streams(const Pair& pair) {
  Object then = pair.then;
  Object now = pair.now;
  compare_dictionaries(then.getDict(), now.getDict(), pair.place);
  if (number_of(then) == number_of(now) && same_object(then_.layout(), now_.layout(), number_of(now))) return;
  const auto old_data = then.getRawStreamData();
  const auto new_data = now.getRawStreamData();
  const base::ByteView old_octets(old_data->getBuffer(), old_data->getSize());
  const base::ByteView new_octets(new_data->getBuffer(), new_data->getSize());
  if (!base::equal(old_octets, new_octets)) note(ChangeKind::kOther, pair.place);
}

void Comparison::compare(Pair pair) {
  if (seen_before(pair.then, pair.now)) return;
  if (pair.then.getTypeCode() != pair.now.getTypeCode()) return note(ChangeKind::kOther, pair.place);
  if (pair.now.isStream()) return compare_streams(pair);
  if (pair.now.isDictionary()) return compare_dictionaries(pair.then, pair.now, pair.place);
  if (pair.now.isArray()) {
    std::vector<Object> old_items = items_of(pair.then);
    std::vector<Object> new_items = items_of(pair.now);
    if (old_items.size() != new_items.size()) return note(ChangeKind::kOther, pair.place);
    for (std::size_t at = 0; at < old_items.size(); ++at) push(old_items[at], new_items[at], pair.place);
    return;
  }
  if (pair.then.unparseResolved() != pair.now.unparseResolved()) note(ChangeKind::kOther, pair.place);
}

// What came since and is reached by nothing that was looked at: swapped in by a viewer that reads otherwise, or laid
// down for a later revision.
void Comparison::check_unexplained() {
  for (const auto& [number, entry] : now_.layout().entries) {
    if (entry.kind == XrefEntry::Kind::kFree || explained_.contains(number) ||
        same_object(then_.layout(), now_.layout(), number)) {
      continue;
    }
    Object object = now_.object(number);
    const std::string type = object.isStream() ? name_of(object.getDict().getKey("/Type")) : "";
    if (type != "/XRef" && type != "/ObjStm") {
      note(ChangeKind::kUnknown, "object " + std::to_string(number) + " that nothing uses");
    }
  }
}

base::Result<std::vector<Change>> Comparison::run() {
  compare_trailers();
  compare_catalogs(then_.root(), now_.root());
  while (!pending_.empty()) {
    Pair pair = std::move(pending_.back());
    pending_.pop_back();
    compare(std::move(pair));
  }
  check_unexplained();
  TANBA_CHECK(then_.check_unmended());
  TANBA_CHECK(now_.check_unmended());
  return std::move(changes_);
}

}  // namespace

base::Result<std::vector<Change>> changes_since(Graph& then, Graph& now,
                                                const std::vector<FoundSignature>& signatures) {
  return contained([&] { return Comparison(then, now, signatures).run(); });
}

}  // namespace tanba::pdf
