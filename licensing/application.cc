#include "licensing/application.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "licensing/numbers.h"

namespace tanba::licensing {
namespace {

using base::Code;
using base::Error;

Error schema_error(std::string what) {
  return Error(Code::kApplicationSchema, {{"what", std::move(what)}});
}

// XML 1.0 cannot carry a NUL, and databases end texts there.
bool sound_text(std::string_view text) {
  return base::is_utf8(text) && text.find('\0') == std::string_view::npos;
}

// Collects what is wrong while the fields are read one after the other.
class Reader {
 public:
  template <class T>
  std::optional<T> take(base::Result<T> result, std::string_view member) {
    if (result) return *std::move(result);
    const bool number = result.error().code() == Code::kInputIdentityNumber;
    errors_.push_back(number ? std::move(result).error() : schema_error(std::string(member)));
    return std::nullopt;
  }
  void require_text(std::string_view text, std::size_t max_bytes, std::string_view member) {
    if (text.empty() || !sound_text(text)) errors_.push_back(schema_error(std::string(member)));
    require_size(text, max_bytes, member);
  }
  void require_size(std::string_view text, std::size_t max_bytes, std::string_view member) {
    if (text.size() > max_bytes) errors_.push_back(schema_error(fmt::format("{}: over {} bytes", member, max_bytes)));
  }
  void require_count(std::size_t count, std::size_t max_count, std::string what) {
    if (count <= max_count) return;
    errors_.push_back(Error(Code::kLimitCount, {{"limit", std::to_string(max_count)}, {"what", std::move(what)}}));
  }
  void add(Error error) { errors_.push_back(std::move(error)); }
  [[nodiscard]] Errors finish() && { return std::move(errors_); }
  [[nodiscard]] bool clean() const { return errors_.empty(); }

 private:
  Errors errors_;
};

// A name by which a file may be saved on somebody's disk: no path, no control characters.
bool sound_file_name(std::string_view name) {
  const auto unsound = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/' || c == '\\'; };
  return !name.empty() && name != "." && name != ".." && base::is_utf8(name) && std::ranges::none_of(name, unsound);
}

// RFC 6838 4.2: type/subtype of restricted names.
bool sound_media_type(std::string_view type) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
  };
  const std::size_t slash = type.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == type.size()) return false;
  return type.size() <= 127 && std::ranges::all_of(type.substr(0, slash), allowed) &&
         std::ranges::all_of(type.substr(slash + 1), allowed);
}

std::vector<AttachmentFields> read_attachments(const std::vector<AttachmentText>& texts, Reader& reader) {
  std::vector<AttachmentFields> out;
  reader.require_count(texts.size(), kMaxAttachments, "attachments");
  for (const AttachmentText& text : std::span(texts).first(std::min(texts.size(), kMaxAttachments))) {
    const std::string member = "attachment " + text.name;
    if (!sound_file_name(text.name)) reader.add(schema_error(member + ": name"));
    reader.require_size(text.name, kMaxNameBytes, "attachment name");
    if (!sound_media_type(text.media_type)) reader.add(schema_error(member + ": media type"));
    auto kind = reader.take(parse_word<AttachmentKind>(text.kind, "kind"), member + ": kind");
    auto digest = reader.take(base::digest_from_hex(text.sha256), member + ": sha256");
    if (kind && digest) out.push_back({text.name, text.media_type, *kind, *digest});
  }
  return out;
}

void read_form_fields(const std::vector<FormField>& fields, Reader& reader) {
  reader.require_count(fields.size(), kMaxFormFields, "fields");
  for (std::size_t i = 0; i < fields.size() && i < kMaxFormFields; ++i) {
    reader.require_text(fields[i].name, kMaxNameBytes, "field name");
    if (!sound_text(fields[i].value)) reader.add(schema_error("field " + fields[i].name));
    reader.require_size(fields[i].value, kMaxFieldBytes, "field " + fields[i].name);
    // The period depends on it: whoever claims it in other words shall hear that it was not understood.
    if (fields[i].name == kSmallBusinessField && fields[i].value != "true" && fields[i].value != "false") {
      reader.add(schema_error(fmt::format("field {}: true or false", kSmallBusinessField)));
    }
    const auto earlier = std::span(fields).first(i);
    // Two values under one name: the officer and the registry could read different ones.
    if (std::ranges::find(earlier, fields[i].name, &FormField::name) != earlier.end()) {
      reader.add(schema_error(fmt::format("field {} is given twice", fields[i].name)));
    }
  }
}

// Empty for issue; for reissue and duplicate a licence's or permit's number.
std::string read_licence(std::string_view text, Action action, Reader& reader) {
  if (action == Action::kIssue) {
    if (!text.empty()) reader.add(schema_error("licence: not for an issue"));
    return {};
  }
  const auto number = parse_register_number(text);
  const bool of_licence = number && (number->kind() == NumberKind::kLicence || number->kind() == NumberKind::kPermit);
  if (!of_licence) {
    reader.add(schema_error("licence: not a number of a licence"));
    return {};
  }
  return number->text();
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (kShape[i] == '-' ? c != '-' : !hex) return false;
  }
  return true;
}

// --- check_application, rule by rule -------------------------------------------------------------------------------

void check_service(const ApplicationFields& fields, const ApplicationContext& context, const Service* service,
                   Errors& out) {
  const bool offered = service != nullptr &&
                       std::ranges::find(service->channels, context.channel) != service->channels.end() &&
                       std::ranges::find(service->actions, fields.action) != service->actions.end();
  if (!offered) out.push_back(Error(Code::kApplicationService, {{"service", fields.service}}));
  if (service != nullptr && fields.licensor_bin.digits() != service->licensor_bin) {
    out.push_back(Error(Code::kApplicationLicensor));
  }
}

void check_age(const ApplicationFields& fields, const ApplicationContext& context, Errors& out) {
  const bool in_time =
      fields.created_at >= context.now - context.max_age && fields.created_at <= context.now + context.max_future;
  if (!in_time) {
    out.push_back(Error(Code::kApplicationAge, {{"created", base::format_time(fields.created_at)}}));
  }
}

// What is signed must be there, and what is there must be signed: nobody files a document unnoticed.
void check_attachments(const ApplicationFields& fields, const ApplicationContext& context, Errors& out) {
  const auto missing = [&](const std::string& name) {
    out.push_back(Error(Code::kApplicationAttachment, {{"name", name}}));
  };
  for (const AttachmentFields& attachment : fields.attachments) {
    if (std::ranges::find(context.supplied, attachment.digest) == context.supplied.end()) missing(attachment.name);
  }
  for (const base::Digest& digest : context.supplied) {
    if (std::ranges::find(fields.attachments, digest, &AttachmentFields::digest) == fields.attachments.end()) {
      missing(digest.hex());
    }
  }
}

void check_payment(const ApplicationFields& fields, const ApplicationContext& context, const Service& service,
                   Errors& out) {
  const bool receipt = std::ranges::find(fields.attachments, AttachmentKind::kReceipt, &AttachmentFields::kind) !=
                       fields.attachments.end();
  const bool receipt_counts = service.payment == PaymentRule::kFeeOrReceipt;
  const bool paid =
      service.payment == PaymentRule::kNone || context.payment == PaymentFinding::kPaid || (receipt_counts && receipt);
  if (paid) return;
  // Nobody was asked: evidence that is missing, about which the applicant can do nothing unless a receipt counts.
  const bool unknown = context.payment == PaymentFinding::kNotAsked && !receipt_counts;
  out.push_back(unknown
                    ? Error(Code::kFetchUnreachable, {{"source", "payment gateway"}, {"reason", "none is connected"}})
                    : Error(Code::kApplicationPayment));
}

void check_licence(const ApplicationFields& fields, const ApplicationContext& context, Errors& out) {
  if (fields.action == Action::kIssue) return;
  const auto& known = context.licence;
  const bool the_applicants = known && known->number == fields.licence && known->service == fields.service &&
                              known->holder_kind == fields.applicant.kind &&
                              known->holder_number == fields.applicant.number.digits();
  if (!the_applicants || force_of(*known, context.today) == Force::kNotInForce) {
    out.push_back(Error(Code::kApplicationLicence, {{"number", fields.licence}}));
  }
}

}  // namespace

Force force_of(const LicenceFacts& licence, Date today) {
  const bool ended = licence.valid_until && *licence.valid_until < today;
  return licence.state == LicenceState::kActive && !ended ? Force::kInForce : Force::kNotInForce;
}

base::Result<std::string> parse_request_id(std::string_view text) {
  if (!is_uuid(text)) return base::fail(schema_error("request id: not a UUID"));
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Checked<ApplicationFields> parse_application(const ApplicationText& text, CheckDigitRule rule) {
  Reader reader;
  auto request_id = reader.take(parse_request_id(text.request_id), "request id");
  auto action = reader.take(parse_word<Action>(text.action, "action"), "action");
  auto licensor = reader.take(parse_identity_number(text.licensor_bin, rule), "licensor");
  auto created_at = reader.take(base::parse_time(text.created_at), "created-at");
  auto kind = reader.take(parse_word<ApplicantKind>(text.applicant_kind, "kind"), "applicant kind");
  auto number = reader.take(parse_identity_number(text.applicant_number, rule), "applicant number");
  reader.require_text(text.service, kMaxNameBytes, "service");
  reader.require_text(text.applicant_name, kMaxNameBytes, "applicant name");
  std::string licence = action ? read_licence(text.licence, *action, reader) : std::string();
  read_form_fields(text.fields, reader);
  auto attachments = read_attachments(text.attachments, reader);
  if (!reader.clean()) return std::unexpected(std::move(reader).finish());
  return ApplicationFields{.request_id = *std::move(request_id),
                           .service = text.service,
                           .action = *action,
                           .licensor_bin = *std::move(licensor),
                           .created_at = *created_at,
                           .applicant = {*kind, *std::move(number), text.applicant_name},
                           .licence = std::move(licence),
                           .fields = text.fields,
                           .attachments = std::move(attachments)};
}

Errors check_application(const ApplicationFields& fields, const ApplicationContext& context) {
  Errors out;
  const Service* service = context.services.find(fields.service);
  check_service(fields, context, service, out);
  check_age(fields, context, out);
  check_attachments(fields, context, out);
  if (service != nullptr) check_payment(fields, context, *service, out);
  check_licence(fields, context, out);
  if (context.claim &&
      (context.claim->kind != fields.applicant.kind || context.claim->number != fields.applicant.number.digits())) {
    out.push_back(Error(Code::kApplicationApplicant));
  }
  return out;
}

Date decision_due(const Service& service, const ApplicationFields& fields, base::Time registered_at,
                  const Calendar& calendar) {
  const bool small = std::ranges::any_of(
      fields.fields, [](const FormField& field) { return field.name == kSmallBusinessField && field.value == "true"; });
  return calendar.due_date(
      registered_at, service.working_days_for(fields.action, small ? BusinessSize::kSmall : BusinessSize::kOther));
}

// --- applicants ----------------------------------------------------------------------------------------------------

namespace {

// The findings of signatures that were not accepted. One that names no reason is our own fault, never a pass.
Errors rejected_signatures(std::span<const SignatureFinding> signatures) {
  Errors out;
  for (const SignatureFinding& signature : signatures) {
    if (signature.verdict == SignatureVerdict::kAccepted) continue;
    if (signature.errors.empty()) out.push_back(Error::because(Code::kInternal, "a rejected signature without errors"));
    out.insert(out.end(), signature.errors.begin(), signature.errors.end());
  }
  return out;
}

// Empty as soon as one signature covers the whole and is by somebody entitled; else the findings of the closest.
Errors check_signers(std::span<const SignatureFinding> signatures, const EntitlementPolicy& policy, Capacity capacity,
                     std::string_view expected_number, Listing listing) {
  if (signatures.empty()) return {Error(Code::kFormatNoSignature)};
  if (Errors rejected = rejected_signatures(signatures); !rejected.empty()) return rejected;
  std::optional<Errors> closest;
  for (const SignatureFinding& signature : signatures) {
    Errors findings = check_entitlement(policy, capacity, signature.signer, expected_number, listing);
    if (signature.coverage != Coverage::kWhole) {
      findings.insert(findings.begin(), Error(Code::kCoveragePartial, {{"what", "a part"}}));
    }
    if (findings.empty()) return {};
    if (!closest || findings.size() < closest->size()) closest = std::move(findings);
  }
  return *std::move(closest);
}

}  // namespace

std::string_view to_string(Applicant::Origin origin) {
  switch (origin) {
    case Applicant::Origin::kSelfSigned:
      return "self-signed";
    case Applicant::Origin::kEnteredByOfficer:
      return "entered-by-officer";
    case Applicant::Origin::kCertifiedByOperator:
      return "certified-by-operator";
  }
  std::unreachable();
}

Checked<Applicant> applicant_by_signature(const ApplicationFields& fields, std::span<const SignatureFinding> signatures,
                                          const EntitlementPolicy& policy) {
  const Capacity capacity =
      fields.applicant.kind == ApplicantKind::kIndividual ? Capacity::kIndividual : Capacity::kOrganisation;
  Errors findings = check_signers(signatures, policy, capacity, fields.applicant.number.digits(), Listing::kNotListed);
  if (!findings.empty()) return std::unexpected(std::move(findings));
  return Applicant(Applicant::Origin::kSelfSigned, fields.applicant);
}

Checked<Applicant> applicant_by_officer(const ApplicationFields& fields, const OfficerEntry& entry) {
  Errors findings;
  if (entry.listing != Listing::kListed) findings.push_back(Error(Code::kRoleNotListed));
  if (entry.officer_bin != fields.licensor_bin.digits()) findings.push_back(Error(Code::kApplicationLicensor));
  if (entry.person != PersonFinding::kFound) findings.push_back(Error(Code::kApplicationPerson));
  if (!findings.empty()) return std::unexpected(std::move(findings));
  return Applicant(Applicant::Origin::kEnteredByOfficer, fields.applicant);
}

Checked<Applicant> applicant_by_operator(const ApplicationFields& fields, const OperatorEntry& entry,
                                         const EntitlementPolicy& policy) {
  Errors findings = check_signers(entry.signatures, policy, Capacity::kOperator, entry.centre_bin, entry.listing);
  if (entry.person != PersonFinding::kFound) findings.push_back(Error(Code::kApplicationPerson));
  if (!findings.empty()) return std::unexpected(std::move(findings));
  return Applicant(Applicant::Origin::kCertifiedByOperator, fields.applicant);
}

}  // namespace tanba::licensing
