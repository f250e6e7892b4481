// Rows of the registry as an officer reads them.
#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/json.h"
#include "base/phrases.h"
#include "cli/licence.h"
#include "cli/row_text.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;

std::string state_of(const json::object& row, base::Language language) {
  return state_text(text_of(row, "state"), language);
}

std::string person_of(const json::object& row, std::string_view name) {
  const json::value* value = row.if_contains(name);
  if (value == nullptr || !value->is_object()) return {};
  return fmt::format("{}, {}", text_of(value->as_object(), "name"), text_of(value->as_object(), "number"));
}

// Causes in a report that a problem carries: its own errors, then those of each signature.
void add_errors(const json::object& object, std::string& out) {
  const json::value* errors = object.if_contains("errors");
  if (errors == nullptr || !errors->is_array()) return;
  for (const json::value& error : errors->as_array()) {
    if (!error.is_object()) continue;
    out += fmt::format("  ✗ {} [{}]\n", text_of(error.as_object(), "message"), text_of(error.as_object(), "code"));
  }
}

std::string problem_text(const json::object& problem) {
  std::string out = fmt::format("tanba: {} [{}]\n", text_of(problem, "detail"), text_of(problem, "code"));
  const json::value* report = problem.if_contains("report");
  if (report == nullptr || !report->is_object()) return out;
  add_errors(report->as_object(), out);
  const json::value* signatures = report->as_object().if_contains("signatures");
  if (signatures == nullptr || !signatures->is_array()) return out;
  for (const json::value& signature : signatures->as_array()) {
    if (signature.is_object()) add_errors(signature.as_object(), out);
  }
  return out;
}

}  // namespace

std::string caller_text(const json::object& caller, base::Language language) {
  Lines lines(language);
  const std::string kind = base::phrase(text_of(caller, "kind"), language);
  const json::value* staff = caller.if_contains("staff");
  if (staff == nullptr || !staff->is_object()) {
    lines.text(fmt::format("{}: {}", kind, text_of(caller, "portal")), 0);
    lines.text(list_of(caller, "scopes", language));
    return lines.take();
  }
  const json::object& person = staff->as_object();
  lines.text(fmt::format("{}: {}", kind, text_of(person, "name")), 0);
  lines.text(fmt::format("{} {}", base::phrase("BIN", language), text_of(person, "bin")));
  lines.text(text_of(person, "id"));
  return lines.take();
}

std::string application_text(const json::object& row, base::Language language) {
  Lines lines(language);
  lines.head(Word::kApplication, text_of(row, "number"), state_of(row, language));
  lines.line(Word::kApplicant, person_of(row, "applicant"));
  const json::value* applicant = row.if_contains("applicant");
  if (applicant != nullptr && applicant->is_object()) {
    lines.line(Word::kNameInCertificate, text_of(applicant->as_object(), "nameInCertificate"));
  }
  lines.line(Word::kService, text_of(row, "service"));
  lines.line(Word::kRegisteredAt, text_of(row, "registeredAt"));
  lines.line(Word::kDueOn, text_of(row, "dueOn"));
  lines.line(Word::kLicence, text_of(row, "licence"));
  if (const json::value* open = row.if_contains("openIntent"); open != nullptr && open->is_object()) {
    const json::object& intent = open->as_object();
    lines.line(Word::kIntentOpen,
               fmt::format("{} ({}, {}, {})", text_of(intent, "id"), state_text(text_of(intent, "state"), language),
                           text_of(intent, "officer"), text_of(intent, "createdAt")));
  }
  const json::value* attachments = row.if_contains("attachments");
  if (attachments == nullptr || !attachments->is_array()) return lines.take();
  for (const json::value& attachment : attachments->as_array()) {
    if (!attachment.is_object()) continue;
    const json::object& one = attachment.as_object();
    lines.line(Word::kAttachment, fmt::format("{} ({}, {})", text_of(one, "name"),
                                              base::phrase(text_of(one, "kind"), language), text_of(one, "mediaType")));
  }
  return lines.take();
}

std::string decision_text(const json::object& row, base::Language language) {
  Lines lines(language);
  const Word kind = text_of(row, "kind") == "grant" ? Word::kGrant : Word::kRefusal;
  lines.head(Word::kDecision, text_of(row, "number"), std::string(word(kind, language)));
  lines.line(Word::kApplication, text_of(row, "application"));
  lines.line(Word::kReason, text_of(row, "reason"));
  lines.line(Word::kDecidedAt, text_of(row, "decidedAt"));
  lines.line(Word::kOfficerAccount, text_of(row, "officer"));
  return lines.take();
}

std::string licence_text(const json::object& row, base::Language language) {
  Lines lines(language);
  lines.head(Word::kLicence, text_of(row, "number"), state_of(row, language));
  lines.line(Word::kHolder, person_of(row, "holder"));
  lines.line(Word::kService, text_of(row, "service"));
  lines.line(Word::kApplication, text_of(row, "application"));
  lines.line(Word::kIssuedAt, text_of(row, "issuedAt"));
  lines.line(Word::kValidUntil, text_of(row, "validUntil"));
  return lines.take();
}

std::string licence_event_text(const json::object& row, base::Language language) {
  Lines lines(language);
  lines.text(fmt::format("{}  {}  {}", text_of(row, "at"), base::phrase(text_of(row, "event"), language),
                         text_of(row, "officer")));
  lines.line(Word::kReason, text_of(row, "reason"), 2);
  return lines.take();
}

int finish(const base::Result<Printed>& printed, const Daemon* daemon, const Output& output) {
  if (printed) return finish(printed->document, printed->text, output);
  if (daemon == nullptr || !daemon->problem()) return finish(printed.error(), output);
  const json::object& problem = *daemon->problem();
  if (output.form == Form::kText) {
    say(problem_text(problem));
  } else {
    finish(problem, "", output);
  }
  return exit_code_of(printed.error());
}

}  // namespace tanba::cli
