#include <array>
#include <cmath>

#include "pdf/comparison.h"

namespace tanba::pdf {
namespace {

// What a new appearance may hide: a field laid over a whole page before the first signature is a trap. In square
// points; for a signature 300 by 150, a fourteenth of an A4 page, for what is filled in a third of one.
constexpr double kMaxSignatureArea = 300.0 * 150.0;
constexpr double kMaxFieldArea = 500.0 * 330.0;
// Flags of an annotation, 12.5.3 table 167, and of a field, 12.7.4.1 table 227.
constexpr long long kHidden = 1 << 1, kPrint = 1 << 2, kLockedFlag = 1 << 7;
constexpr long long kReadOnly = 1 << 0;

long long flags_of(Object value) {
  return value.isInteger() ? value.getIntValue() : 0;
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

}  // namespace

void Comparison::compare_forms(Object then, Object now) {
  if (then.isNull() && now.isNull()) return;
  if (!now.isDictionary()) return note(ChangeKind::kOther, "AcroForm");
  (void)seen_leniently(then, now);
  const bool is_new = then.isNull();
  if (is_new) then = Object::newDictionary();
  if (!then.isDictionary()) return note(ChangeKind::kOther, "AcroForm");
  // Then viewers draw the fields anew, with what the form says of fonts.
  Object draw_anew = then.getKey("/NeedAppearances");
  const bool drawn_anew = draw_anew.isBool() && draw_anew.getBoolValue();
  for (const std::string& key : keys_of_both(then, now)) {
    if (key == "/Fields") {
      compare_field_lists(then.getKey(key), now.getKey(key), nullptr);
    } else if (key == "/DR" && !drawn_anew) {
      compare_default_resources(then.getKey(key), now.getKey(key));
    } else if (key == "/DA" && is_new) {
      continue;  // it is for fields that come with it
    } else if (key != "/SigFlags") {
      const Met met = key == "/CO" ? Met::kField : met_under(key, then, now, Met::kAnything);
      push(then.getKey(key), now.getKey(key), "AcroForm" + key, met);
    }
  }
}

// Fonts are added for what is filled in; none that is there may become another one.
void Comparison::compare_default_resources(Object then, Object now) {
  if (then.isNull()) return accept_new(now);
  if (!then.isDictionary() || !now.isDictionary()) return push(then, now, "AcroForm/DR", Met::kResource);
  (void)seen_leniently(then, now);
  for (const std::string& kind : keys_of_both(then, now)) {
    Object old_kind = then.getKey(kind);
    Object new_kind = now.getKey(kind);
    if (old_kind.isNull()) {
      accept_new(new_kind);
    } else if (kind != "/Font" || !old_kind.isDictionary() || !new_kind.isDictionary()) {
      push(old_kind, new_kind, "AcroForm/DR" + kind, Met::kResource);
    } else {
      (void)seen_leniently(old_kind, new_kind);
      for (const std::string& font : keys_of_both(old_kind, new_kind)) {
        if (old_kind.hasKey(font)) {
          push(old_kind.getKey(font), new_kind.getKey(font), "AcroForm/DR/Font" + font, Met::kResource);
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
      fields_.push_back({old_fields[at], new_fields[at], "", "", false, false});
    } else {
      fields_.push_back(
          {old_fields[at], new_fields[at], parent->name, parent->type, parent->new_value, parent->inherits_value});
    }
  }
}

// A time stamp is permitted where a signature is not, so it must be one. What only says so and cannot be read is
// unknown; one that does not verify proves nothing and is held to what holds for signatures. A broken signature refuses
// the document by itself.
bool Comparison::note_signature(Object value, const std::string& field, FieldAge age) {
  const auto known = signatures_.find(number_of(value));
  if (known == signatures_.end()) {
    note(ChangeKind::kUnknown, "the value of signature field " + field);
    return false;
  }
  const FoundSignature& found = *known->second;
  accept_new(value);
  if (!found.timestamp) {
    note(ChangeKind::kSignature, "a signature in field " + field, field);
    return true;
  }
  if (!found.errors.empty()) {
    note(ChangeKind::kUnknown, "what is called a document time stamp in field " + field);
  } else if (!found.proves_time) {
    note(ChangeKind::kSignature, "a document time stamp that does not verify, in field " + field, field);
  } else {
    note(ChangeKind::kTimestamp, "a document time stamp", age == FieldAge::kOld ? field : "");
  }
  return false;
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
  (void)note_signature(field.getKey("/V"), name, FieldAge::kNew);
}

bool Comparison::compare_signature_values(FieldPair& field, Object then, Object now) {
  if (then.isNull() && now.isNull()) return false;
  if (then.isNull() && now.isDictionary()) return note_signature(now, field.name, FieldAge::kOld);
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
  const bool was_empty = is_empty_value(then) && !field.inherits_value;
  field.inherits_value = !was_empty;
  const bool filled_in = was_empty && !is_empty_value(now) && !now.isStream() && !now.isDictionary();
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
    // Links upwards, to what is compared where it belongs. A dictionary may have something else under these names, the
    // policy of a layer for instance.
    if (number_of(then) != number_of(now)) return note(ChangeKind::kOther, place);
    if (number_of(then) != 0) return;
  }
  if (may_differ(field, key, then, now)) return accept_new(now);
  push(then, now, place, met_under(key, field.then, field.now, Met::kAnything));
}

void Comparison::compare_fields(FieldPair field) {
  if (!field.then.isDictionary() || !field.now.isDictionary()) return note(ChangeKind::kOther, "a form field");
  if (seen_leniently(field.then, field.now)) return;
  if (field.then.getKey("/T").isString()) {
    field.name += (field.name.empty() ? "" : ".") + field.then.getKey("/T").getUTF8Value();
  }
  if (field.then.getKey("/FT").isName()) field.type = field.then.getKey("/FT").getName();
  field.new_value = compare_values(field);
  if (field.new_value) {
    const bool signature = field.type == "/Sig";
    const double area = area_of(field.now).value_or(0);
    if (signature) shown_areas_[number_of(field.now)] = area;
    if (area > (signature ? kMaxSignatureArea : kMaxFieldArea)) {
      note(ChangeKind::kOther, "field " + field.name + " that may hide much of a page");
    }
  }
  for (const std::string& key : keys_of_both(field.then, field.now)) {
    if (key != "/V") compare_field_entry(field, key);
  }
}

}  // namespace tanba::pdf
