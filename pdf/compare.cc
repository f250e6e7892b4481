#include "pdf/comparison.h"

namespace tanba::pdf {
namespace {

// Where a change is, is said by the way to it; lists chained by reference would make long ones.
constexpr std::size_t kMaxPlaceBytes = 120;
// Of all signatures on one page that came since: a third of an A4 page, in square points; compare_form.cc bounds each.
constexpr double kMaxSignaturesArea = 500.0 * 330.0;
// Viewers multiply a highlight's colour with what lies under it: text stays readable on a light one. No colour shows
// nothing; only RGB, which is what viewers write, is looked at.
bool is_light(Object colour) {
  if (colour.isNull()) return true;
  double sum = 0;
  std::vector<Object> parts = items_of(colour);
  for (Object& part : parts) sum += part.isNumber() ? part.getNumericValue() : 0;
  return parts.size() == 3 && sum >= 1.5 && sum <= 3;
}

}  // namespace

void Comparison::note(ChangeKind kind, std::string what, std::string field) {
  changes_.insert({kind, std::move(what), std::move(field)});
}

bool Comparison::seen_before(const Pair& pair) {
  if (pair.now.isIndirect()) explained_.insert(number_of(pair.now));
  // Only what has a number on both sides: a direct value is another one each time it is met.
  if (!pair.then.isIndirect() || !pair.now.isIndirect()) return false;
  auto& seen = pair.met == Met::kResource ? resource_pairs_ : pairs_;
  return !seen.emplace(number_of(pair.then), number_of(pair.now)).second;
}

bool Comparison::seen_leniently(Object then, Object now) {
  if (now.isIndirect()) explained_.insert(number_of(now));
  if (!then.isIndirect() || !now.isIndirect()) return false;
  return !lenient_pairs_.emplace(number_of(then), number_of(now)).second;
}

bool Comparison::is_settled_by_rule(Pair& pair) const {
  if (pair.met != Met::kField || !pair.then.isDictionary()) return false;
  return lenient_pairs_.contains({number_of(pair.then), number_of(pair.now)});
}

// Where fields are named as fields, besides the form and pages: by their widgets, by the tag tree (14.7.5.3), by
// actions (12.6.4.11, 12.7.6), and the catalog or form by the references of signatures (12.8.1, table 256).
Comparison::Met Comparison::met_under(const std::string& key, Object then, Object now, Met parent) {
  if (parent == Met::kResource || key == "/Resources" || key == "/DR") return Met::kResource;
  const auto both = [&](const char* entry, std::initializer_list<std::string_view> names) {
    return one_of(name_of(then.getKey(entry)), names) && one_of(name_of(now.getKey(entry)), names);
  };
  const bool field = (key == "/Data" && both("/TransformMethod", {"/DocMDP", "/FieldMDP"})) ||
                     (key == "/Parent" && both("/Subtype", {"/Widget"})) ||
                     (key == "/Obj" && both("/Type", {"/OBJR"})) || (key == "/T" && both("/S", {"/Hide"})) ||
                     (key == "/Fields" && both("/S", {"/SubmitForm", "/ResetForm"}));
  return field ? Met::kField : Met::kAnything;
}

// What is there because of something that was accepted: nothing of it can be reached from what was signed otherwise, or
// it is compared there. Links back to pages and parents are no part of it.
void Comparison::accept_new(Object root) {
  std::vector<Object> stack{std::move(root)};
  while (!stack.empty() && step()) {
    Object one = std::move(stack.back());
    stack.pop_back();
    if (one.isIndirect() && !accepted_.insert(number_of(one)).second) continue;
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
    if (!item.isStream() || !step()) return false;
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
  const std::set<std::uint32_t> accepted_before = std::exchange(accepted_, {});
  const bool understood = accept_security_store(now);
  bool changed = then.unparse() != now.unparse();
  for (const std::uint32_t number : explained_) {
    changed = changed || !same_object(then_.layout(), now_.layout(), number);
  }
  explained_.insert(before.begin(), before.end());
  accepted_.insert(accepted_before.begin(), accepted_before.end());
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
  (void)seen_leniently(then, now);
  // The form first: what it explains of widgets is not asked again where pages name them.
  compare_catalog_entry("/AcroForm", then.getKey("/AcroForm"), now.getKey("/AcroForm"));
  while (!fields_.empty() && step()) {
    FieldPair field = std::move(fields_.back());
    fields_.pop_back();
    compare_fields(std::move(field));
  }
  for (const std::string& key : keys_of_both(then, now)) {
    if (key != "/AcroForm") compare_catalog_entry(key, then.getKey(key), now.getKey(key));
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
  if (kind == "/Highlight" && !is_light(annotation.getKey("/C"))) {
    return note(ChangeKind::kOther, place + ": a highlight that hides");
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
      push(old_ones[at], new_ones[at], place, Met::kField);
    } else {
      check_new_annotation(new_ones[at], place);
    }
  }
}

// Signatures that each hide little may hide a page together.
void Comparison::check_shown_area(Object annotations, const std::string& place) {
  double sum = 0;
  std::set<std::uint32_t> counted;
  for (const Object& one : items_of(std::move(annotations))) {
    const auto shown = shown_areas_.find(number_of(one));
    if (shown != shown_areas_.end() && counted.insert(shown->first).second) sum += shown->second;
  }
  if (sum > kMaxSignaturesArea) note(ChangeKind::kOther, place + ": signatures that may hide much of a page");
}

void Comparison::compare_dictionaries(Object then, Object now, const std::string& place, Met met) {
  const bool page =
      met != Met::kResource && name_of(then.getKey("/Type")) == "/Page" && name_of(now.getKey("/Type")) == "/Page";
  for (const std::string& key : keys_of_both(then, now)) {
    const std::string below = place.size() < kMaxPlaceBytes ? place + key : place;
    if (key == "/Annots") check_shown_area(now.getKey(key), below);
    if (page && key == "/Annots") {
      compare_annotations(then.getKey(key), now.getKey(key), below);
    } else {
      push(then.getKey(key), now.getKey(key), below, met_under(key, then, now, met));
    }
  }
}

void Comparison::compare_streams(const Pair& pair) {
  Object then = pair.then;
  Object now = pair.now;
  compare_dictionaries(then.getDict(), now.getDict(), pair.place, pair.met);
  if (number_of(then) == number_of(now) && same_object(then_.layout(), now_.layout(), number_of(now))) return;
  const auto old_data = then.getRawStreamData();
  const auto new_data = now.getRawStreamData();
  const base::ByteView old_octets(old_data->getBuffer(), old_data->getSize());
  const base::ByteView new_octets(new_data->getBuffer(), new_data->getSize());
  if (!base::equal(old_octets, new_octets)) note(ChangeKind::kOther, pair.place);
}

void Comparison::compare(Pair pair) {
  if (is_settled_by_rule(pair) || seen_before(pair)) return;
  // What differs is noted where it does.
  const std::uint32_t number = number_of(pair.then);
  if (number != 0 && number_of(pair.now) != 0 && number != number_of(pair.now)) note(ChangeKind::kReplaced, pair.place);
  if (pair.then.getTypeCode() != pair.now.getTypeCode()) {
    // What is refused by its place is not refused again for being used by nothing.
    if (pair.then.isNull()) accept_new(pair.now);
    return note(ChangeKind::kOther, pair.place);
  }
  if (pair.now.isStream()) return compare_streams(pair);
  if (pair.now.isDictionary()) return compare_dictionaries(pair.then, pair.now, pair.place, pair.met);
  if (pair.now.isArray()) {
    std::vector<Object> old_items = items_of(pair.then);
    std::vector<Object> new_items = items_of(pair.now);
    if (old_items.size() != new_items.size()) return note(ChangeKind::kOther, pair.place);
    for (std::size_t at = 0; at < old_items.size(); ++at) push(old_items[at], new_items[at], pair.place, pair.met);
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
  while (!pending_.empty() && step()) {
    Pair pair = std::move(pending_.back());
    pending_.pop_back();
    compare(std::move(pair));
  }
  if (!step()) return base::fail(base::Code::kLimitCost, {{"what", "values compared"}});
  check_unexplained();
  TANBA_CHECK(then_.check_unmended());
  TANBA_CHECK(now_.check_unmended());
  return std::vector<Change>(changes_.begin(), changes_.end());
}

base::Result<std::vector<Change>> changes_since(Graph& then, Graph& now, const std::vector<FoundSignature>& signatures,
                                                std::uint64_t steps) {
  return contained([&] { return Comparison(then, now, signatures, steps).run(); });
}

}  // namespace tanba::pdf
