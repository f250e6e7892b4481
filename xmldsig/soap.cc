#include "xmldsig/soap.h"

#include <algorithm>
#include <utility>

#include "pki/verify_signature.h"
#include "pki/xml_signed_info.h"
#include "xmldsig/inspect.h"
#include "xmldsig/structure.h"
#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/prefixes.h"
#include "xmldsig/xml/writer.h"

namespace tanba::xmldsig {
namespace {

using base::Code;
using xml::Element;

constexpr std::string_view kWsseProfiles = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";

[[nodiscard]] std::unexpected<base::Error> bad_message(std::string what) {
  return base::fail(Code::kWsseStructure, {{"what", std::move(what)}});
}
[[nodiscard]] std::unexpected<base::Error> timestamp(std::string what) {
  return base::fail(Code::kWsseTimestamp, {{"what", std::move(what)}});
}

// --- reading -------------------------------------------------------------------------------------------------------

[[nodiscard]] base::Result<std::optional<base::Time>> read_time(Element parent, std::string_view name) {
  const auto text = xml::optional_child_text(parent, kWsuNamespace, name);
  if (!text) return timestamp(std::string(name));
  if (!*text) return std::nullopt;
  const auto time = base::parse_time(**text);
  if (!time) return timestamp(std::string(name));
  return *time;
}

[[nodiscard]] base::Status read_timestamp(SoapMessage& message) {
  const auto found = xml::optional_child(*message.security, kWsuNamespace, "Timestamp");
  // WSS 1.1 section 10 allows one in a header.
  if (!found) return timestamp("it is repeated");
  message.timestamp = *found;
  if (!message.timestamp) return {};
  message.times.emplace();
  TANBA_TRY(message.times->created, read_time(*message.timestamp, "Created"));
  TANBA_TRY(message.times->expires, read_time(*message.timestamp, "Expires"));
  if (!message.times->created && !message.times->expires) return timestamp("it says no time");
  return {};
}

[[nodiscard]] base::Status read_header(Element header, SoapMessage& message) {
  if (!header.check_elements_only()) return bad_message("text in the Header");
  for (const Element& block : header.children()) {
    if (!block.is(kWsseNamespace, "Security")) {
      message.other_headers.push_back(block);
      continue;
    }
    if (message.security) return bad_message("Security is repeated");
    message.security = block;
  }
  return message.security ? read_timestamp(message) : base::Status{};
}

}  // namespace

base::Result<std::optional<SoapMessage>> read_soap(const xml::Document& document) {
  const Element envelope = document.root();
  if (!envelope.is(kSoapNamespace, "Envelope")) return std::nullopt;
  if (!envelope.check_elements_only()) return bad_message("text in the Envelope");
  const std::vector<Element> children = envelope.children();
  const bool has_header = !children.empty() && children.front().is(kSoapNamespace, "Header");
  const std::size_t at = has_header ? 1 : 0;
  // SOAP 1.1 4: other elements may follow the Body there; nobody here sends them, and nobody would see them.
  if (children.size() != at + 1 || !children[at].is(kSoapNamespace, "Body"))
    return bad_message("the parts of Envelope");
  SoapMessage message{.body = children[at], .security = {}, .other_headers = {}, .timestamp = {}, .times = {}};
  if (has_header) TANBA_CHECK(read_header(children.front(), message));
  return message;
}

// --- signing -------------------------------------------------------------------------------------------------------

namespace {

// A message in parts: canonical text of each, which declares all the namespaces that it is in.
struct Parts {
  std::vector<std::string> headers;
  std::string body;
};

[[nodiscard]] base::Result<std::string> text_of(const xml::Document& document, Element element, base::Budget& budget) {
  TANBA_TRY(const base::Bytes octets,
            xml::canonicalise(document, {element, {}, {}}, xml::C14n::kInclusiveWithComments, {}, budget));
  return std::string(base::as_text(octets));
}

[[nodiscard]] base::Result<Parts> parts_of(const xml::Document& document, base::Budget& budget) {
  TANBA_TRY(const std::optional<SoapMessage> message, read_soap(document));
  Parts parts;
  if (!message) {
    TANBA_TRY(const std::string content, text_of(document, document.root(), budget));
    parts.body = "<soap:Body xmlns:soap=\"" + std::string(kSoapNamespace) + "\">" + content + "</soap:Body>";
    return parts;
  }
  if (message->security) return base::fail(Code::kXmlPreparedChanged);
  // Written anew without them the message would say something else, and with them nobody would have signed them.
  if (!document.root().attribute_names().empty()) return bad_message("attributes of the Envelope");
  const auto header = document.root().first_child();
  if (header->is(kSoapNamespace, "Header") && !header->attribute_names().empty())
    return bad_message("attributes of the Header");
  for (const Element& block : message->other_headers) {
    TANBA_TRY(std::string text, text_of(document, block, budget));
    parts.headers.push_back(std::move(text));
  }
  TANBA_TRY(parts.body, text_of(document, message->body, budget));
  return parts;
}

// With wsu:Id where the element carries no Id. Canonical text begins with the element's name.
[[nodiscard]] std::string with_id(std::string text, std::string_view id) {
  const std::size_t name_end = text.find_first_of(" >", 1);
  std::string attribute = " xmlns:wsu=\"" + std::string(kWsuNamespace) + "\" wsu:Id=\"" + std::string(id) + "\"";
  // Canonical text may declare the prefix already; twice would not be well-formed.
  if (text.substr(0, text.find('>')).find(" xmlns:wsu=\"") != std::string::npos) {
    attribute = " xmlns:tanba-wsu=\"" + std::string(kWsuNamespace) + "\" tanba-wsu:Id=\"" + std::string(id) + "\"";
  }
  return text.insert(name_end, attribute);
}

[[nodiscard]] std::string id_of(Element element) {
  if (auto id = element.attribute(kWsuNamespace, "Id")) return *std::move(id);
  for (const char* name : {"Id", "ID", "id"}) {
    if (auto id = element.attribute(name)) return *std::move(id);
  }
  return {};
}

[[nodiscard]] std::string timestamp_text(const pki::MessageTimestamp& times, std::string_view id) {
  std::string text =
      "<wsu:Timestamp xmlns:wsu=\"" + std::string(kWsuNamespace) + "\" wsu:Id=\"" + std::string(id) + "\">";
  if (times.created) text += "<wsu:Created>" + base::format_time(*times.created) + "</wsu:Created>";
  if (times.expires) text += "<wsu:Expires>" + base::format_time(*times.expires) + "</wsu:Expires>";
  return text + "</wsu:Timestamp>";
}

[[nodiscard]] std::string key_identifier_text(const pki::Certificate& certificate) {
  std::string text = "<ds:KeyInfo><wsse:SecurityTokenReference><wsse:KeyIdentifier EncodingType=\"";
  text.append(kWsseProfiles).append("soap-message-security-1.0#Base64Binary\" ValueType=\"");
  text.append(kWsseProfiles).append("x509-token-profile-1.0#X509v3\">").append(base::to_base64(certificate.der()));
  return text.append("</wsse:KeyIdentifier></wsse:SecurityTokenReference></ds:KeyInfo>");
}

class SoapSigner {
 public:
  SoapSigner(pki::Context& context, const SoapProfile& profile, base::Budget& budget)
      : context_(context), profile_(profile), budget_(budget) {}

  [[nodiscard]] base::Result<Assembly> run(base::ByteView document, const pki::Certificate& certificate) {
    TANBA_TRY(const xml::Document given, xml::Document::parse(document, budget_.limits()));
    TANBA_TRY(Parts parts, parts_of(given, budget_));
    TANBA_TRY(const std::string unsigned_message, write(std::move(parts)));
    TANBA_TRY(const std::vector<SignedPart> signed_parts, digest_parts(unsigned_message));
    Assembly assembly;
    assembly.algorithm = profile_.algorithm;
    assembly.field_bytes = field_bytes_of(certificate);
    TANBA_TRY(const std::string signed_info, signed_info_text(profile_.algorithm, signed_parts));
    assembly.octets = base::to_bytes(base::as_bytes(signed_info));
    assembly.before = unsigned_message.substr(0, signature_at_) + "<ds:Signature xmlns:ds=\"" +
                      std::string(kSignatureNamespace) + "\">" + signed_info + "<ds:SignatureValue>";
    assembly.after = "</ds:SignatureValue>" + key_identifier_text(certificate) + "</ds:Signature>" +
                     unsigned_message.substr(signature_at_);
    return assembly;
  }

 private:
  // The message with an empty place for the Signature. Ids are made of what they name: the same message, the same Id.
  [[nodiscard]] base::Result<std::string> write(Parts parts) {
    const std::string name = base::sha256(base::as_bytes(parts.body)).hex().substr(0, 32);
    std::string text = "<soap:Envelope xmlns:soap=\"" + std::string(kSoapNamespace) + "\"><soap:Header>";
    for (std::size_t i = 0; i < parts.headers.size(); ++i) {
      TANBA_TRY(const std::string block,
                named(std::move(parts.headers[i]), "header-" + std::to_string(i) + "-" + name));
      text += block;
    }
    text += "<wsse:Security xmlns:wsse=\"" + std::string(kWsseNamespace) + "\" soap:mustUnderstand=\"1\">";
    if (profile_.times) text += timestamp_text(*profile_.times, "TS-" + name);
    signature_at_ = text.size();
    TANBA_TRY(const std::string body, named(std::move(parts.body), "id-" + name));
    return text + "</wsse:Security></soap:Header>" + body + "</soap:Envelope>";
  }

  [[nodiscard]] base::Result<std::string> named(std::string text, const std::string& id) const {
    TANBA_TRY(const xml::Document alone, xml::Document::parse(base::as_bytes(text), budget_.limits()));
    return id_of(alone.root()).empty() ? with_id(std::move(text), id) : text;
  }

  [[nodiscard]] base::Result<std::vector<SignedPart>> digest_parts(const std::string& text) {
    TANBA_TRY(const xml::Document document, xml::Document::parse(base::as_bytes(text), budget_.limits()));
    TANBA_TRY(const std::optional<SoapMessage> message, read_soap(document));
    if (!message) return base::fail(Code::kInternal, "the message written is none");
    std::vector<Element> elements(message->other_headers);
    if (message->timestamp) elements.push_back(*message->timestamp);
    elements.push_back(message->body);
    std::vector<SignedPart> parts;
    for (const Element& element : elements) {
      // Values may hold names (xsi:type): what their prefixes mean is signed with them.
      std::vector<std::string> prefixes = xml::prefixes_in_scope(element);
      if (prefixes.size() > kMaxPrefixes) {
        return base::fail(Code::kLimitCount,
                          {{"limit", std::to_string(kMaxPrefixes)}, {"what", "namespaces in scope of a signed part"}});
      }
      TANBA_TRY(const base::Bytes octets,
                xml::canonicalise(document, {element, {}, {}}, xml::C14n::kExclusive, prefixes, budget_));
      TANBA_CHECK(budget_.charge_digest(octets.size()));
      TANBA_TRY(base::Bytes digest, pki::compute_digest(context_, profile_.algorithm.digest, octets));
      parts.push_back({.id = {},
                       .type = {},
                       .uri = "#" + id_of(element),
                       .transforms = {std::string(xml::c14n_uri(xml::C14n::kExclusive))},
                       .digest = std::move(digest),
                       .prefixes = std::move(prefixes)});
    }
    return parts;
  }

  pki::Context& context_;
  const SoapProfile& profile_;
  base::Budget& budget_;
  std::size_t signature_at_ = 0;
};

}  // namespace

base::Result<Assembly> prepare_soap(pki::Context& context, base::ByteView document,
                                    const pki::CertificatePtr& certificate, const SoapProfile& profile,
                                    base::Budget& budget) {
  return SoapSigner(context, profile, budget).run(document, *certificate);
}

base::Result<base::Bytes> sign_soap(pki::Context& context, base::ByteView document, pki::Signer& signer,
                                    const SoapProfile& profile, base::Budget& budget) {
  TANBA_TRY(const Assembly assembly, prepare_soap(context, document, signer.certificate(), profile, budget));
  TANBA_TRY(const base::Bytes value, signer.sign(profile.algorithm, assembly.octets));
  return complete(assembly, value);
}

}  // namespace tanba::xmldsig
