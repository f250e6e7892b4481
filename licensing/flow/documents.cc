#include "licensing/flow/documents.h"

#include <utility>

#include "licensing/flow/schema_texts.h"
#include "xmldsig/xml/document.h"
#include "xmldsig/xml/writer.h"

namespace tanba::licensing::flow {
namespace {

namespace xml = xmldsig::xml;
using base::Code;

constexpr std::string_view kApplication = "urn:tanba:application:1";
constexpr std::string_view kLicence = "urn:tanba:licence:1";
constexpr std::string_view kRefusal = "urn:tanba:refusal:1";
constexpr std::string_view kChallenge = "urn:tanba:login-challenge:1";

base::Result<xml::Document> parse_as(base::ByteView octets, const xml::Schema& schema, std::string_view namespace_uri,
                                     std::string_view root) {
  TANBA_TRY(xml::Document document, xml::Document::parse(octets, base::Limits{}));
  if (!document.root().is(namespace_uri, root)) {
    return base::fail(Code::kDocumentType, {{"type", std::string(document.root().local_name())}});
  }
  TANBA_TRY(const std::vector<std::string> violations, schema.violations(document));
  if (!violations.empty()) return base::fail(Code::kApplicationSchema, {{"what", violations.front()}});
  return document;
}

base::Result<std::vector<FormField>> read_fields(xml::Element root) {
  std::vector<FormField> fields;
  TANBA_TRY(const auto list, xml::optional_child(root, kApplication, "fields"));
  if (!list) return fields;
  for (const xml::Element& field : xml::children_named(*list, kApplication, "field")) {
    TANBA_TRY(std::string value, field.text());
    fields.push_back({field.attribute("name").value_or(""), std::move(value)});
  }
  return fields;
}

base::Result<std::vector<AttachmentText>> read_attachments(xml::Element root) {
  std::vector<AttachmentText> attachments;
  TANBA_TRY(const auto list, xml::optional_child(root, kApplication, "attachments"));
  if (!list) return attachments;
  for (const xml::Element& element : xml::children_named(*list, kApplication, "attachment")) {
    AttachmentText attachment;
    TANBA_TRY(attachment.name, xml::child_text(element, kApplication, "name"));
    TANBA_TRY(attachment.media_type, xml::child_text(element, kApplication, "media-type"));
    TANBA_TRY(attachment.kind, xml::child_text(element, kApplication, "kind"));
    TANBA_TRY(attachment.sha256, xml::child_text(element, kApplication, "sha256"));
    attachments.push_back(std::move(attachment));
  }
  return attachments;
}

void write_names(xml::Writer& out, std::string_view element, const Names& names) {
  out.open(element).element("ru", names.ru).element("kk", names.kk.empty() ? names.ru : names.kk);
  out.element("en", names.en.empty() ? names.ru : names.en).close();
}

void write_head(xml::Writer& out, const DecisionDocument& document) {
  out.element("number", document.number);
  if (document.demo == Demo::kYes) out.element("demo", "true");
}

void write_parties(xml::Writer& out, const DecisionDocument& document, std::string_view party) {
  const Service& service = *document.service;
  const ApplicationRow& application = *document.application;
  out.open("service").element("id", service.id);
  write_names(out, "name", service.name);
  out.close();
  out.open("licensor").element("bin", service.licensor_bin);
  write_names(out, "name", service.licensor_name);
  out.close();
  out.open(party)
      .element("kind", to_string(application.applicant_kind))
      .element("number", application.applicant_number)
      .element("name", application.applicant_name)
      .close();
  out.open("application")
      .element("number", application.number)
      .element("action", to_string(application.action))
      .element("registered-at", base::format_time(application.registered_at))
      .element("sha256", application.document.hex())
      .close();
}

void write_tail(xml::Writer& out, const DecisionDocument& document) {
  out.element("decided-at", base::format_time(document.decided_at));
  const Officer& officer = document.proposal->officer();
  out.open("officer").element("name", officer.name).element("bin", officer.bin).close();
}

}  // namespace

base::Result<Schemas> Schemas::compile() {
  TANBA_TRY(xml::Schema application, xml::Schema::compile(schema::k_application_1_xsd));
  TANBA_TRY(xml::Schema challenge, xml::Schema::compile(schema::k_login_challenge_1_xsd));
  return Schemas(std::move(application), std::move(challenge));
}

base::Result<ApplicationText> Schemas::read_application(base::ByteView octets) const {
  TANBA_TRY(const xml::Document document, parse_as(octets, application_, kApplication, "application"));
  const xml::Element root = document.root();
  ApplicationText text;
  TANBA_TRY(text.request_id, xml::child_text(root, kApplication, "request-id"));
  TANBA_TRY(text.service, xml::child_text(root, kApplication, "service"));
  TANBA_TRY(text.action, xml::child_text(root, kApplication, "action"));
  TANBA_TRY(text.licensor_bin, xml::child_text(root, kApplication, "licensor-bin"));
  TANBA_TRY(text.created_at, xml::child_text(root, kApplication, "created-at"));
  TANBA_TRY(const xml::Element applicant, xml::only_child(root, kApplication, "applicant"));
  TANBA_TRY(text.applicant_kind, xml::child_text(applicant, kApplication, "kind"));
  TANBA_TRY(text.applicant_number, xml::child_text(applicant, kApplication, "number"));
  TANBA_TRY(text.applicant_name, xml::child_text(applicant, kApplication, "name"));
  TANBA_TRY(const auto licence, xml::optional_child_text(root, kApplication, "licence"));
  text.licence = licence.value_or("");
  TANBA_TRY(text.fields, read_fields(root));
  TANBA_TRY(text.attachments, read_attachments(root));
  return text;
}

base::Result<Schemas::Challenge> Schemas::read_login_challenge(base::ByteView octets) const {
  TANBA_TRY(const xml::Document document, parse_as(octets, challenge_, kChallenge, "login-challenge"));
  Challenge challenge;
  TANBA_TRY(challenge.host, xml::child_text(document.root(), kChallenge, "host"));
  TANBA_TRY(challenge.nonce, xml::child_text(document.root(), kChallenge, "nonce"));
  TANBA_TRY(challenge.issued_at, xml::child_text(document.root(), kChallenge, "issued-at"));
  TANBA_TRY(challenge.expires_at, xml::child_text(document.root(), kChallenge, "expires-at"));
  return challenge;
}

base::Result<std::string> write_decision(const DecisionDocument& document) {
  const DecisionTerms& terms = document.proposal->terms();
  xml::Writer out;
  if (terms.kind == DecisionKind::kRefusal) {
    out.open("refusal").attribute("xmlns", kRefusal);
    write_head(out, document);
    write_parties(out, document, "applicant");
    out.element("reason", terms.reason);
    write_tail(out, document);
    return out.finish();
  }
  out.open("licence").attribute("xmlns", kLicence);
  write_head(out, document);
  out.element("register", to_string(document.service->register_kind));
  write_parties(out, document, "holder");
  if (!document.application->licence.empty()) out.element("replaces", document.application->licence);
  if (!terms.reason.empty()) out.element("conditions", terms.reason);
  if (terms.valid_until) out.element("valid-until", format_date(*terms.valid_until));
  write_tail(out, document);
  return out.finish();
}

base::Result<std::string> write_login_challenge(const Schemas::Challenge& challenge) {
  xml::Writer out;
  out.open("login-challenge").attribute("xmlns", kChallenge);
  out.element("host", challenge.host).element("nonce", challenge.nonce);
  out.element("issued-at", challenge.issued_at).element("expires-at", challenge.expires_at);
  return out.finish();
}

}  // namespace tanba::licensing::flow
