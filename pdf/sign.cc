#include "pdf/sign.h"

#include <algorithm>
#include <utility>

#include "cms/tsp/attach.h"
#include "pdf/appearance.h"
#include "pdf/opened.h"
#include "pdf/update.h"
#include "pki/stream_digest.h"

namespace tanba::pdf {
namespace {

using base::Bytes;
using base::ByteView;
using Object = QPDFObjectHandle;

// Pages looked at to find one by its number.
constexpr std::size_t kMaxPages = 100'000;
// What a page may measure, 200 inches each way (annex C).
constexpr double kMaxPagePoints = 14'400;

std::string date_text(base::Time time) {
  std::string digits;
  for (const char c : base::format_time(time)) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  return "(D:" + digits.substr(0, 14) + "Z)";
}

// 7.9.2.2: UTF-16BE behind its mark. Done by qpdf, which writes what PDFDocEncoding can hold shorter.
std::string text_string(const std::string& utf8) {
  return Object::newUnicodeString(utf8).unparse();
}

// --- what the file has -----------------------------------------------------------------------------------------------

// In the order in which they are shown; 0 counts no page.
base::Result<Object> find_page(Graph& graph, std::uint32_t wanted) {
  std::vector<Object> pending{graph.root().getKey("/Pages")};
  std::set<std::uint32_t> seen;
  std::uint32_t count = 0;
  while (!pending.empty() && seen.size() < kMaxPages) {
    Object node = std::move(pending.back());
    pending.pop_back();
    if (!node.isDictionary() || !node.isIndirect() || !seen.insert(number_of(node)).second) break;
    Object kids = node.getKey("/Kids");
    if (!kids.isArray()) {
      if (++count == wanted) return node;
      continue;
    }
    std::vector<Object> items = kids.getArrayAsVector();
    pending.insert(pending.end(), items.rbegin(), items.rend());
  }
  return unsignable("it has no page " + std::to_string(wanted));
}

base::Status check_may_be_signed(const Opened& opened, const Profile& profile) {
  for (const FoundSignature& one : opened.signatures) {
    if (one.permission == Permission::kNothing) return unsignable("its certification permits no further signature");
  }
  const bool is_signed = !opened.signatures.empty();
  if (is_signed && profile.certify)
    return unsignable("a certification is the first signature, and there is one already");
  if (is_signed && profile.visible && profile.field.empty()) {
    return unsignable("it is signed: a new visible field would cover what others signed; use a field that is there");
  }
  return {};
}

base::Status check_place(const Place& place) {
  const auto fits = [](double at, double size) { return at >= 0 && size > 0 && at + size <= kMaxPagePoints; };
  if (fits(place.x, place.width) && fits(place.y, place.height)) return {};
  return unsignable("the place for the signature is no rectangle on a page");
}

// --- the update ------------------------------------------------------------------------------------------------------

// A place for a value in a field: what signatures and document time stamps share.
class FieldMaker {
 public:
  FieldMaker(Opened& opened, Update& update) : graph_(*opened.graph), update_(update) {}

  // What is asked of the signature by the field `name`: table 236. Nothing when a new field is made.
  base::Result<Object> existing(const std::string& name);
  // The field's value becomes `value`, an object that is new.
  base::Status take_existing(const std::string& name, std::uint32_t value, const std::string& signer,
                             const Profile& profile);
  base::Status add_new(const std::string& prefix, std::uint32_t value, std::uint32_t page_number,
                       const std::string& rectangle, const std::string& more);
  // 12.7.3, SigFlags: bit 1 SignaturesExist, bit 2 AppendOnly.
  void set_flags();

 private:
  struct Form {
    Object dictionary;
    std::uint32_t owner;
  };
  Form form();
  base::Result<std::string> new_name(const std::string& prefix);

  Graph& graph_;
  Update& update_;
};

FieldMaker::Form FieldMaker::form() {
  Object root = graph_.root();
  Object dictionary = root.getKey("/AcroForm");
  if (!dictionary.isDictionary()) {
    dictionary = Object::newDictionary();
    root.replaceKey("/AcroForm", dictionary);
  }
  return {dictionary, dictionary.isIndirect() ? number_of(dictionary) : number_of(root)};
}

void FieldMaker::set_flags() {
  Form the_form = form();
  the_form.dictionary.replaceKey("/SigFlags", Object::newInteger(3));
  update_.touch(the_form.owner);
}

base::Result<std::string> FieldMaker::new_name(const std::string& prefix) {
  TANBA_TRY(const std::vector<Field> fields, fields_of(graph_));
  for (std::size_t number = 1;; ++number) {
    std::string name = prefix + std::to_string(number);
    if (std::ranges::find(fields, name, &Field::name) == fields.end()) return name;
  }
}

base::Status FieldMaker::add_new(const std::string& prefix, std::uint32_t value, std::uint32_t page_number,
                                 const std::string& rectangle, const std::string& more) {
  TANBA_TRY(const std::string name, new_name(prefix));
  TANBA_TRY(Object page, find_page(graph_, page_number));
  // 12.5.3: Print and Locked.
  const std::uint32_t field =
      update_.add("<< /Type /Annot /Subtype /Widget /FT /Sig /T (" + name + ") /V " + reference_text(value) +
                  " /F 132 /P " + reference_text(number_of(page)) + " /Rect " + rectangle + more + " >>");
  Form the_form = form();
  update_.append(the_form.dictionary, the_form.owner, "/Fields", field);
  update_.append(page, number_of(page), "/Annots", field);
  return {};
}

std::optional<Place> place_of(Object field) {
  Object corners = field.getKey("/Rect");
  if (!corners.isArray() || corners.getArrayNItems() != 4) return std::nullopt;
  std::array<double, 4> at{};
  for (int corner = 0; corner < 4; ++corner) {
    if (!corners.getArrayItem(corner).isNumber()) return std::nullopt;
    at[static_cast<std::size_t>(corner)] = corners.getArrayItem(corner).getNumericValue();
  }
  const Place out{.page = 0,
                  .x = std::min(at[0], at[2]),
                  .y = std::min(at[1], at[3]),
                  .width = std::abs(at[2] - at[0]),
                  .height = std::abs(at[3] - at[1])};
  if (out.width < 1 || out.height < 1) return std::nullopt;
  return out;
}

base::Result<Object> FieldMaker::existing(const std::string& name) {
  TANBA_TRY(std::vector<Field> fields, fields_of(graph_));
  const auto found =
      std::ranges::find_if(fields, [&](const Field& field) { return field.name == name && field.type == "/Sig"; });
  if (found == fields.end() || !found->handle.isIndirect() || !found->handle.getKey("/V").isNull()) {
    return unsignable("it has no empty signature field " + name);
  }
  return found->handle;
}

base::Status FieldMaker::take_existing(const std::string& name, std::uint32_t value, const std::string& signer,
                                       const Profile& profile) {
  TANBA_TRY(Object field, existing(name));
  field.replaceKey("/V", update_.reference(value));
  if (const auto place = place_of(field)) {
    const std::uint32_t shown = update_.add(appearance_text(signer, profile.time, *place));
    Object appearances = Object::newDictionary();
    appearances.replaceKey("/N", update_.reference(shown));
    field.replaceKey("/AP", appearances);
  }
  update_.touch(number_of(field));
  return {};
}

std::string rectangle_text(const Place& place) {
  return "[" + number_text(place.x) + " " + number_text(place.y) + " " + number_text(place.x + place.width) + " " +
         number_text(place.y + place.height) + "]";
}

base::Status add_field(FieldMaker& maker, Update& update, std::uint32_t value, const std::string& signer,
                       const Profile& profile) {
  if (!profile.field.empty()) return maker.take_existing(profile.field, value, signer, profile);
  if (!profile.visible) return maker.add_new("Signature", value, 1, "[0 0 0 0]", "");
  TANBA_CHECK(check_place(*profile.visible));
  const std::uint32_t shown = update.add(appearance_text(signer, profile.time, *profile.visible));
  return maker.add_new("Signature", value, profile.visible->page, rectangle_text(*profile.visible),
                       " /AP << /N " + reference_text(shown) + " >>");
}

// 12.8.2.2: the catalog names the signature that certifies.
void add_certification(Graph& graph, Update& update, std::uint32_t value) {
  Object root = graph.root();
  Object permissions = root.getKey("/Perms");
  if (!permissions.isDictionary()) {
    permissions = Object::newDictionary();
    root.replaceKey("/Perms", permissions);
  }
  permissions.replaceKey("/DocMDP", update.reference(value));
  update.touch(permissions.isIndirect() ? number_of(permissions) : number_of(root));
}

// --- what the field asks of its signature (12.7.5.5) -----------------------------------------------------------------

// "A signature field lock dictionary … this dictionary shall be used as the FieldMDP transform parameters".
base::Result<std::string> lock_parameters(Object lock) {
  Object action = lock.getKey("/Action");
  Object fields = lock.getKey("/Fields");
  const std::string name = action.isName() ? action.getName() : "";
  const bool lists = name == "/Include" || name == "/Exclude";
  if ((!lists && name != "/All") || (lists && !fields.isArray())) return unsignable("the field's /Lock is malformed");
  std::string out = "/Action " + name;
  if (!lists) return out;
  out += " /Fields [";
  for (Object& field : fields.getArrayAsVector()) {
    if (!field.isString()) return unsignable("the field's /Lock is malformed");
    out += field.unparseResolved() + " ";
  }
  return out + "]";
}

// Table 237, Ff: which entries are "a required constraint".
constexpr long long kNeedsFilter = 1 << 0, kNeedsSubFilter = 1 << 1;

bool lists_name(Object value, std::string_view name) {
  if (value.isName()) return value.getName() == name;
  if (!value.isArray()) return false;
  return std::ranges::any_of(value.getArrayAsVector(),
                             [&](Object one) { return one.isName() && one.getName() == name; });
}

base::Status check_seed_value(Object seed, const Profile& profile) {
  if (seed.isNull()) return {};
  if (!seed.isDictionary()) return unsignable("the field's /SV is malformed");
  const auto flags_of = [](Object value) { return value.isInteger() ? value.getIntValue() : 0; };
  long long required = flags_of(seed.getKey("/Ff"));
  if (seed.getKey("/Filter").isNull() || lists_name(seed.getKey("/Filter"), "/Adobe.PPKLite"))
    required &= ~kNeedsFilter;
  if (seed.getKey("/SubFilter").isNull() || lists_name(seed.getKey("/SubFilter"), "/ETSI.CAdES.detached")) {
    required &= ~kNeedsSubFilter;
  }
  if (required != 0) return unsignable("the field's /SV requires what is not made here");
  for (const char* key : {"/Cert", "/TimeStamp"}) {
    Object of_part = seed.getKey(key);
    if (of_part.isDictionary() && flags_of(of_part.getKey("/Ff")) != 0) {
      return unsignable("the field's /SV requires what is not made here: " + std::string(key));
    }
  }
  Object mdp = seed.getKey("/MDP");
  const long long wanted = mdp.isDictionary() ? flags_of(mdp.getKey("/P")) : 0;
  if (wanted != 0 && (!profile.certify || wanted != static_cast<int>(*profile.certify))) {
    return unsignable("the field's /SV requires a certification with P=" + std::to_string(wanted));
  }
  return {};
}

// What the field says becomes part of what is signed: a field may be changed later, where it is not locked.
base::Result<std::string> lock_reference(Graph& graph, Object field, const Profile& profile) {
  TANBA_CHECK(check_seed_value(field.getKey("/SV"), profile));
  Object lock = field.getKey("/Lock");
  if (lock.isNull()) return std::string();
  if (!lock.isDictionary()) return unsignable("the field's /Lock is malformed");
  TANBA_TRY(const std::string parameters, lock_parameters(lock));
  return "<< /Type /SigRef /TransformMethod /FieldMDP /Data " + reference_text(number_of(graph.root())) +
         " /TransformParams << /Type /TransformParams /V /1.2 " + parameters + " >> >>";
}

std::string signature_entries(const std::string& signer, const Profile& profile, const std::string& lock) {
  std::string out = "/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M " + date_text(profile.time) +
                    " /Name " + text_string(signer);
  std::string references = lock;
  if (profile.certify) {
    references += "<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /V /1.2 /P " +
                  std::to_string(static_cast<int>(*profile.certify)) + " >> >>";
  }
  if (!references.empty()) out += " /Reference [" + references + "]";
  return out;
}

base::Result<Reserved> reserve(Opened& opened, const std::string& signer, const Profile& profile) {
  Update update(*opened.graph);
  const std::uint32_t value = update.reserve();
  FieldMaker maker(opened, update);
  std::string lock;
  if (!profile.field.empty()) {
    TANBA_TRY(Object field, maker.existing(profile.field));
    TANBA_TRY(lock, lock_reference(*opened.graph, field, profile));
  }
  update.set(value, placeholder_text(signature_entries(signer, profile, lock), profile.reserved_bytes));
  TANBA_CHECK(add_field(maker, update, value, signer, profile));
  maker.set_flags();
  if (profile.certify) add_certification(*opened.graph, update, value);
  std::string file = update.finish();
  return close_placeholder(std::move(file), update.place_of(value));
}

base::Result<Bytes> digest_around(pki::DigestAlgorithm algorithm, ByteView file, Span hole) {
  TANBA_TRY(pki::StreamDigest digest, pki::StreamDigest::start(algorithm));
  digest.update(file.first(hole.begin));
  digest.update(file.subspan(hole.end));
  Bytes value = digest.finish();
  if (value.empty()) return base::fail(base::Code::kInternal, pki::drain_openssl_errors());
  return value;
}

// The newest signature, which a time stamp is to be for.
base::Result<FoundSignature> newest_signature(const Opened& opened) {
  if (opened.signatures.empty()) return unsignable("it has no signature");
  const FoundSignature& newest = opened.signatures.back();
  // A time stamp of the document covers the value of every signature before it.
  if (newest.timestamp) return unsignable("a document time stamp follows its newest signature");
  if (!newest.errors.empty()) return unsignable(newest.errors.front().message());
  return newest;
}

}  // namespace

base::Result<ToBeSigned> prepare(pki::Context&, ByteView file, const pki::CertificatePtr& certificate,
                                 const Profile& profile) {
  TANBA_TRY(const std::unique_ptr<Opened> opened, Opened::read(file));
  TANBA_CHECK(check_may_be_signed(*opened, profile));
  TANBA_TRY(Reserved reserved, contained([&] { return reserve(*opened, certificate->subject().display(), profile); }));
  TANBA_CHECK(check_reserved(reserved));
  ToBeSigned out;
  out.file = base::to_bytes(base::as_bytes(reserved.file));
  out.hole = reserved.hole;
  out.algorithm = profile.algorithm;
  TANBA_TRY(const Bytes digest, digest_around(profile.algorithm.digest, out.file, out.hole));
  const cms::Profile cms_profile{.placement = cms::Placement::kDetached, .algorithm = profile.algorithm};
  TANBA_TRY(out.cms, cms::prepare_digest(digest, certificate, cms_profile));
  out.octets = out.cms.octets;
  return out;
}

base::Result<Bytes> complete(ToBeSigned prepared, ByteView signature, std::span<const pki::CertificatePtr> further) {
  TANBA_TRY(const Bytes cms, cms::complete(prepared.cms, signature, further));
  return filled(std::move(prepared.file), prepared.hole, cms);
}

base::Result<Bytes> sign(pki::Context& context, ByteView file, pki::Signer& signer, const Profile& profile,
                         std::span<const pki::CertificatePtr> further) {
  TANBA_TRY(ToBeSigned prepared, prepare(context, file, signer.certificate(), profile));
  TANBA_TRY(const Bytes signature, signer.sign(prepared.algorithm, prepared.octets));
  return complete(std::move(prepared), signature, further);
}

base::Result<Bytes> octets_to_stamp(ByteView file) {
  TANBA_TRY(const std::unique_ptr<Opened> opened, Opened::read(file));
  TANBA_TRY(const FoundSignature newest, newest_signature(*opened));
  return cms::tsp::octets_to_stamp(newest.cms, 0, base::Limits{});
}

base::Result<Bytes> add_signature_timestamp(ByteView file, ByteView token) {
  TANBA_TRY(const std::unique_ptr<Opened> opened, Opened::read(file));
  TANBA_TRY(const FoundSignature newest, newest_signature(*opened));
  TANBA_TRY(const Bytes cms, cms::tsp::add_signature_timestamp(newest.cms, 0, token, base::Limits{}));
  return filled(base::to_bytes(file), newest.hole, cms);
}

Bytes ToBeStamped::covered() const {
  Bytes out(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(hole.begin));
  out.insert(out.end(), file.begin() + static_cast<std::ptrdiff_t>(hole.end), file.end());
  return out;
}

base::Result<ToBeStamped> prepare_timestamp(ByteView file) {
  TANBA_TRY(const std::unique_ptr<Opened> opened, Opened::read(file));
  TANBA_TRY(const Reserved reserved, contained([&]() -> base::Result<Reserved> {
              Update update(*opened->graph);
              const std::uint32_t value = update.reserve();
              update.set(value, placeholder_text("/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161",
                                                 kReservedBytes));
              FieldMaker maker(*opened, update);
              TANBA_CHECK(maker.add_new("Timestamp", value, 1, "[0 0 0 0]", ""));
              maker.set_flags();
              std::string finished = update.finish();
              return close_placeholder(std::move(finished), update.place_of(value));
            }));
  TANBA_CHECK(check_reserved(reserved));
  return ToBeStamped{base::to_bytes(base::as_bytes(reserved.file)), reserved.hole};
}

base::Result<Bytes> complete_timestamp(ToBeStamped prepared, ByteView token) {
  return filled(std::move(prepared.file), prepared.hole, token);
}

}  // namespace tanba::pdf
