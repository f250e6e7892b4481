#include "pdf/signatures.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "pki/der.h"

namespace tanba::pdf {
namespace {

using base::ByteView;
using base::Code;
using base::Error;

Error signature_error(std::string what) {
  return Error(Code::kPdfSignature, {{"what", std::move(what)}});
}
Error byte_range_error(std::string what) {
  return Error(Code::kPdfByteRange, {{"what", std::move(what)}});
}

// --- the dictionary, by position -------------------------------------------------------------------------------------

// 12.8.1, table 255.
constexpr std::string_view kDetached = "adbe.pkcs7.detached", kCades = "ETSI.CAdES.detached",
                           kTimestamp = "ETSI.RFC3161";

base::Status check_kind(const Dictionary& dictionary, FoundSignature& out) {
  TANBA_TRY(const auto type, dictionary.name("Type"));
  TANBA_TRY(const auto sub_filter, dictionary.name("SubFilter"));
  const std::string value = sub_filter.value_or("");
  out.timestamp = value == kTimestamp;
  if (value != kDetached && value != kCades && value != kTimestamp) {
    return base::fail(Code::kPdfSubFilter, {{"value", value.empty() ? "-" : value}});
  }
  // 12.8.5: a document time-stamp dictionary's "Type … shall be DocTimeStamp".
  if (type.value_or("Sig") != (out.timestamp ? "DocTimeStamp" : "Sig")) {
    return base::fail(signature_error("/Type and /SubFilter contradict each other"));
  }
  return {};
}

base::Result<Span> contents_of(const Dictionary& dictionary) {
  const DictionaryEntry* contents = dictionary.find("Contents");
  if (contents == nullptr) return base::fail(signature_error("there is no /Contents"));
  Tokenizer tokens(dictionary.file(), contents->value);
  if (tokens.next().kind != TokenKind::kHexString) {
    return base::fail(signature_error("/Contents is no hexadecimal string"));
  }
  if (contents->value.size() > 2 * kMaxSignatureBytes) {
    return base::fail(Code::kLimitSize, {{"limit", std::to_string(kMaxSignatureBytes)}});
  }
  return contents->value;
}

// 12.8.1: "If a digest is present … the byte range shall be the entire PDF file … excluding the signature value itself
// (the Contents entry)". Not a rule there but the only one that holds: the gap is this Contents, not one octet more.
base::Status check_byte_range(ByteView file, const Dictionary& dictionary, FoundSignature& out) {
  if (!dictionary.has("ByteRange")) return base::fail(byte_range_error("there is none"));
  const auto values = dictionary.integers("ByteRange");
  if (!values || (*values)->size() != 4) return base::fail(byte_range_error("it is not four numbers"));
  const std::vector<std::uint64_t>& range = **values;
  if (range[0] != 0) return base::fail(byte_range_error("it does not begin at the first octet"));
  if (range[1] != out.hole.begin || range[2] != out.hole.end) {
    return base::fail(byte_range_error("what it leaves out is not the signature value"));
  }
  const std::uint64_t end = range[2] + range[3];
  if (end > file.size()) return base::fail(byte_range_error("it reaches beyond the file"));
  if (!ends_revision(file, end)) return base::fail(byte_range_error("no revision of the file ends where it ends"));
  out.end = end;
  return {};
}

// The CMS, without what fills the reserved place up.
base::Result<base::Bytes> unpadded(std::string_view hexadecimal) {
  auto octets = base::from_hex(hexadecimal);
  if (!octets) return base::fail(signature_error("/Contents is no hexadecimal string without spaces"));
  pki::der::Reader reader(*octets);
  const auto whole = reader.next();
  if (!whole) return base::fail(signature_error("/Contents holds no DER"));
  if (std::ranges::any_of(reader.rest(), [](std::uint8_t octet) { return octet != 0; })) {
    return base::fail(signature_error("/Contents holds more than the signature"));
  }
  octets->resize(whole->whole.size());
  return octets;
}

base::Status read_dictionary(const Layout& layout, Cost& cost, FoundSignature& out) {
  const auto entry = layout.entries.find(out.number);
  if (entry == layout.entries.end() || entry->second.kind != XrefEntry::Kind::kPlain) {
    return base::fail(signature_error("it is no object that stands for itself in the file"));
  }
  Tokenizer tokens(layout.file, entry->second.position, cost);
  TANBA_CHECK(expect_object_header(tokens, out.number, entry->second.generation));
  TANBA_TRY(const Dictionary dictionary, Dictionary::read(tokens, cost));
  TANBA_CHECK(check_kind(dictionary, out));
  TANBA_TRY(out.hole, contents_of(dictionary));
  TANBA_CHECK(check_byte_range(layout.file, dictionary, out));
  TANBA_TRY(out.cms, unpadded(text_of(layout.file, {out.hole.begin + 1, out.hole.end - 1})));
  return {};
}

// --- what it permits -------------------------------------------------------------------------------------------------

std::string name_in(QPDFObjectHandle dictionary, const char* key) {
  const QPDFObjectHandle value = dictionary.getKey(key);
  return QPDFObjectHandle(value).isName() ? QPDFObjectHandle(value).getName() : std::string();
}

base::Result<FieldLock> read_lock(QPDFObjectHandle dictionary) {
  FieldLock out;
  const std::string action = name_in(dictionary, "/Action");
  if (action == "/Include" || action == "/Exclude") {
    out.action = action == "/Include" ? FieldLock::Action::kInclude : FieldLock::Action::kExclude;
    QPDFObjectHandle fields = dictionary.getKey("/Fields");
    if (!fields.isArray()) return base::fail(signature_error("a field lock without /Fields"));
    for (QPDFObjectHandle& field : fields.getArrayAsVector()) {
      if (!field.isString()) return base::fail(signature_error("a field lock names what is no field"));
      out.fields.push_back(field.getUTF8Value());
    }
  } else if (action != "/All") {
    return base::fail(signature_error("a field lock with an unknown /Action"));
  }
  return out;
}

base::Result<Permission> read_permission(QPDFObjectHandle value) {
  if (value.isNull()) return Permission::kFillIn;  // table 257: "Default value: 2"
  const long long p = value.isInteger() ? value.getIntValue() : 0;
  if (p < 1 || p > 3) return base::fail(signature_error("/P of its permissions is none of 1, 2, 3"));
  return static_cast<Permission>(p);
}

void restrict_to(FoundSignature& out, Permission permission) {
  out.permission = std::min(out.permission.value_or(permission), permission);
}

base::Status read_transform(QPDFObjectHandle reference, FoundSignature& out) {
  if (!reference.isDictionary()) return base::fail(signature_error("/Reference"));
  QPDFObjectHandle parameters = reference.getKey("/TransformParams");
  if (!parameters.isDictionary()) parameters = QPDFObjectHandle::newDictionary();
  const std::string method = name_in(reference, "/TransformMethod");
  if (method == "/DocMDP") {
    TANBA_TRY(const Permission permission, read_permission(parameters.getKey("/P")));
    restrict_to(out, permission);
    out.certifies = true;
  } else if (method == "/FieldMDP") {
    TANBA_TRY(FieldLock lock, read_lock(parameters));
    out.locks.push_back(std::move(lock));
  } else {
    return base::fail(signature_error("an unknown transform method"));
  }
  return {};
}

base::Status read_restrictions(QPDFObjectHandle field, QPDFObjectHandle value, FoundSignature& out) {
  QPDFObjectHandle references = value.getKey("/Reference");
  if (references.isArray()) {
    for (const QPDFObjectHandle& one : references.getArrayAsVector()) TANBA_CHECK(read_transform(one, out));
  } else if (!references.isNull()) {
    return base::fail(signature_error("/Reference"));
  }
  QPDFObjectHandle lock = field.getKey("/Lock");
  if (!lock.isDictionary()) return {};
  TANBA_TRY(FieldLock fields, read_lock(lock));
  out.locks.push_back(std::move(fields));
  if (!lock.getKey("/P").isNull()) {
    TANBA_TRY(const Permission permission, read_permission(lock.getKey("/P")));
    restrict_to(out, permission);
  }
  return {};
}

// 7.9.4: D:YYYYMMDDHHmmSSOHH'mm', everything behind the year may be absent. Nothing when it is no date.
std::optional<base::Time> parse_date(std::string_view text) {
  if (!text.starts_with("D:")) return std::nullopt;
  text.remove_prefix(2);
  const auto number = [&text](std::size_t digits, int absent) -> std::optional<int> {
    if (text.empty() || text.front() < '0' || text.front() > '9') return absent;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + std::min(digits, text.size()), value);
    if (error != std::errc() || static_cast<std::size_t>(end - text.data()) != digits) return std::nullopt;
    text.remove_prefix(digits);
    return value;
  };
  std::array<std::optional<int>, 6> parts{number(4, -1), number(2, 1), number(2, 1),
                                          number(2, 0),  number(2, 0), number(2, 0)};
  if (std::ranges::any_of(parts, [](const auto& part) { return !part.has_value(); }) || *parts[0] < 0) {
    return std::nullopt;
  }
  char text_of_time[32];
  std::string zone = "Z";
  if (!text.empty() && (text.front() == '+' || text.front() == '-') && text.size() >= 3) {
    const std::string_view minutes = text.size() >= 6 && text[3] == '\'' ? text.substr(4, 2) : "00";
    zone = std::string(text.substr(0, 3)) + ":" + std::string(minutes);
  }
  const int size = std::snprintf(text_of_time, sizeof text_of_time, "%04d-%02d-%02dT%02d:%02d:%02d", *parts[0],
                                 *parts[1], *parts[2], *parts[3], *parts[4], *parts[5]);
  if (size != 19) return std::nullopt;
  const auto time = base::parse_time(std::string(text_of_time) + zone);
  return time ? std::optional(*time) : std::nullopt;
}

// --- all of them -----------------------------------------------------------------------------------------------------

base::Status note(FoundSignature& out, const base::Status& status) {
  if (status) return {};
  if (base::info(status.error().code()).effect == base::Effect::kInternal) return status;
  const bool shape = status.error().code() == Code::kPdfMalformed;
  out.errors.push_back(shape ? signature_error(status.error().arguments().front().value) : status.error());
  return {};
}

base::Result<FoundSignature> read_signature(Graph& graph, const Field& field, QPDFObjectHandle value, Cost& cost) {
  FoundSignature out;
  out.field = field.name;
  out.number = number_of(value);
  TANBA_CHECK(note(out, read_dictionary(graph.layout(), cost, out)));
  TANBA_CHECK(note(out, read_restrictions(field.handle, value, out)));
  QPDFObjectHandle time = value.getKey("/M");
  if (time.isString()) out.claimed_time = parse_date(time.getStringValue());
  return out;
}

// Usage rights (12.8.2.3, deprecated) are granted by software makers to viewers; nobody signs with them.
std::uint32_t usage_rights_of(Graph& graph) {
  QPDFObjectHandle permissions = graph.root().getKey("/Perms");
  return permissions.isDictionary() ? number_of(permissions.getKey("/UR3")) : 0;
}

bool looks_like_signature(QPDFObjectHandle object) {
  if (!object.isDictionary()) return false;
  const std::string type = name_in(object, "/Type");
  return object.hasKey("/ByteRange") || type == "/Sig" || type == "/DocTimeStamp";
}

// Every object is read, so that what qpdf has to mend is known, wherever it is.
base::Status check_no_others(Graph& graph, const std::set<std::uint32_t>& known) {
  const std::uint32_t usage_rights = usage_rights_of(graph);
  for (const auto& [number, entry] : graph.layout().entries) {
    if (entry.kind == XrefEntry::Kind::kFree || known.contains(number) || number == usage_rights) continue;
    if (looks_like_signature(graph.object(number))) {
      return base::fail(
          signature_error("object " + std::to_string(number) + " is a signature that belongs to no field"));
    }
  }
  return graph.check_unmended();
}

base::Result<std::vector<FoundSignature>> find(Graph& graph, Cost& cost) {
  TANBA_TRY(std::vector<Field> fields, fields_of(graph));
  std::vector<FoundSignature> out;
  std::set<std::uint32_t> known;
  for (Field& field : fields) {
    QPDFObjectHandle value = field.handle.getKey("/V");
    if (field.type != "/Sig" || value.isNull()) continue;
    if (!value.isDictionary()) return base::fail(signature_error("the value of field " + field.name + " is none"));
    TANBA_TRY(FoundSignature one, read_signature(graph, field, value, cost));
    if (one.number != 0 && !known.insert(one.number).second) {
      return base::fail(signature_error("two fields share one signature"));
    }
    out.push_back(std::move(one));
  }
  TANBA_CHECK(check_no_others(graph, known));
  // What cannot be read signs nothing: it comes last, and is in nobody's way.
  std::ranges::stable_sort(out, {}, [](const FoundSignature& one) { return std::pair(!one.errors.empty(), one.end); });
  // 12.8.2.2.1: "A PDF document may contain only one … certification signature", and "it shall be the first signed
  // field in the document".
  for (std::size_t at = 1; at < out.size(); ++at) {
    if (out[at].certifies && out[at].errors.empty())
      out[at].errors.push_back(signature_error("a certification that is not the first signature"));
  }
  return out;
}

}  // namespace

bool FieldLock::locks(const std::string& name) const {
  const bool named = std::ranges::any_of(fields, [&](const std::string& one) {
    return name == one || (name.starts_with(one) && name.substr(one.size()).starts_with('.'));
  });
  return action == Action::kAll || named == (action == Action::kInclude);
}

base::Result<std::vector<Field>> fields_of(Graph& graph) {
  std::vector<Field> out;
  QPDFObjectHandle form = graph.root().getKey("/AcroForm");
  if (form.isNull()) return out;
  if (!form.isDictionary()) return malformed("/AcroForm is no dictionary");
  QPDFObjectHandle top = form.getKey("/Fields");
  if (!top.isArray()) return top.isNull() ? base::Result<std::vector<Field>>(out) : malformed("/Fields is no array");
  struct Pending {
    QPDFObjectHandle handle;
    std::string parent, type;
  };
  std::vector<Pending> pending;
  const auto push = [&pending](QPDFObjectHandle array, const std::string& parent, const std::string& type) {
    std::vector<QPDFObjectHandle> items = array.getArrayAsVector();
    for (auto item = items.rbegin(); item != items.rend(); ++item) pending.push_back({*item, parent, type});
  };
  push(top, "", "");
  std::set<std::uint32_t> seen;
  while (!pending.empty()) {
    Pending one = std::move(pending.back());
    pending.pop_back();
    if (!one.handle.isDictionary()) return malformed("a form field is no dictionary");
    if (one.handle.isIndirect() && !seen.insert(number_of(one.handle)).second) {
      return malformed("a form field stands in two places");
    }
    if (out.size() == kMaxFields) {
      return base::fail(Code::kLimitCount, {{"what", "form fields"}, {"limit", std::to_string(kMaxFields)}});
    }
    Field field{one.handle, one.parent, one.type};
    if (one.handle.getKey("/T").isString()) {
      field.name += (field.name.empty() ? "" : ".") + one.handle.getKey("/T").getUTF8Value();
    }
    if (one.handle.getKey("/FT").isName()) field.type = one.handle.getKey("/FT").getName();
    QPDFObjectHandle kids = one.handle.getKey("/Kids");
    if (kids.isArray()) push(kids, field.name, field.type);
    out.push_back(std::move(field));
  }
  return out;
}

base::Result<std::vector<FoundSignature>> find_signatures(Graph& graph, Cost& cost) {
  return contained([&] { return find(graph, cost); });
}

}  // namespace tanba::pdf
