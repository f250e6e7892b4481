#include "xmldsig/key_info_parts.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "pki/xml_signed_info.h"
#include "xmldsig/soap.h"
#include "xmldsig/structure.h"

namespace tanba::xmldsig {
namespace {

using xml::Element;

struct PartPrefix {
  std::string_view prefix, namespace_uri;
};
constexpr PartPrefix kPartPrefixes[] = {
    {"ds:", kSignatureNamespace},
    {"ds11:", "http://www.w3.org/2009/xmldsig11#"},
    {"more:", "http://www.w3.org/2001/04/xmldsig-more#"},
    {"gost:", "urn:ietf:params:xml:ns:cpxmlsec"},
    {"xsi:", "http://www.w3.org/2001/XMLSchema-instance"},
    {"wsse:", kWsseNamespace},
    {"wsse11:", "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"},
    {"wsu:", kWsuNamespace},
};

// An element, by the prefixes above: which attributes it may have, and which elements may stand in it.
struct KnownPart {
  std::string_view name;
  std::string_view attributes{};
  std::string_view inside{};  // empty: text alone; "-": nothing
};
constexpr KnownPart kKnownParts[] = {
    // xmldsig-core1 4.5, of what is not encrypted.
    {"ds:KeyInfo", "Id",
     "ds:KeyName ds:KeyValue ds11:DEREncodedKeyValue ds11:KeyInfoReference ds:RetrievalMethod ds:X509Data ds:PGPData "
     "ds:SPKIData ds:MgmtData wsse:SecurityTokenReference"},
    {"ds:KeyName"},
    {"ds:MgmtData"},
    {"ds:KeyValue", "", "ds:RSAKeyValue ds:DSAKeyValue ds11:ECKeyValue more:ECDSAKeyValue gost:GOSTKeyValue"},
    {"ds:RSAKeyValue", "", "ds:Modulus ds:Exponent"},
    {"ds:Modulus"},
    {"ds:Exponent"},
    {"ds:DSAKeyValue", "", "ds:P ds:Q ds:G ds:Y ds:J ds:Seed ds:PgenCounter"},
    {"ds:P"},
    {"ds:Q"},
    {"ds:G"},
    {"ds:Y"},
    {"ds:J"},
    {"ds:Seed"},
    {"ds:PgenCounter"},
    {"ds11:ECKeyValue", "Id", "ds11:NamedCurve ds11:ECParameters ds11:PublicKey"},
    {"ds11:NamedCurve", "URI", "-"},
    {"ds11:PublicKey"},
    {"ds11:ECParameters", "", "ds11:FieldID ds11:Curve ds11:Base ds11:Order ds11:CoFactor"},
    {"ds11:FieldID", "", "ds11:Prime"},
    {"ds11:Prime", "", "ds11:P"},
    {"ds11:P"},
    {"ds11:Curve", "", "ds11:A ds11:B"},
    {"ds11:A"},
    {"ds11:B"},
    {"ds11:Base"},
    {"ds11:Order"},
    {"ds11:CoFactor"},
    {"ds11:DEREncodedKeyValue", "Id"},
    {"ds11:KeyInfoReference", "Id URI", "-"},
    {"ds:RetrievalMethod", "URI Type", "ds:Transforms"},
    {"ds:Transforms", "", "ds:Transform"},
    {"ds:Transform", "Algorithm", "ds:XPath"},
    {"ds:XPath"},
    {"ds:X509Data", "",
     "ds:X509IssuerSerial ds:X509SKI ds:X509SubjectName ds:X509Certificate ds:X509CRL ds11:X509Digest"},
    {"ds:X509IssuerSerial", "", "ds:X509IssuerName ds:X509SerialNumber"},
    {"ds:X509IssuerName"},
    {"ds:X509SerialNumber"},
    {"ds:X509SKI"},
    {"ds:X509SubjectName"},
    {"ds:X509Certificate"},
    {"ds:X509CRL"},
    {"ds11:X509Digest", "Algorithm"},
    {"ds:PGPData", "", "ds:PGPKeyID ds:PGPKeyPacket"},
    {"ds:PGPKeyID"},
    {"ds:PGPKeyPacket"},
    {"ds:SPKIData", "", "ds:SPKISexp"},
    {"ds:SPKISexp"},
    // RFC 4050 3.
    {"more:ECDSAKeyValue", "", "more:DomainParameters more:PublicKey"},
    {"more:DomainParameters", "", "more:NamedCurve"},
    {"more:NamedCurve", "URN", "-"},
    {"more:PublicKey", "", "more:X more:Y"},
    {"more:X", "Value xsi:type", "-"},
    {"more:Y", "Value xsi:type", "-"},
    // As CryptoPro's software writes it.
    {"gost:GOSTKeyValue", "", "gost:PublicKeyParameters gost:PublicKey"},
    {"gost:PublicKeyParameters", "", "gost:publicKeyParamSet gost:digestParamSet gost:encryptionParamSet"},
    {"gost:publicKeyParamSet"},
    {"gost:digestParamSet"},
    {"gost:encryptionParamSet"},
    {"gost:PublicKey"},
    // WSS 1.1 section 7.
    {"wsse:SecurityTokenReference", "wsu:Id wsse11:TokenType wsse:Usage",
     "wsse:Reference wsse:KeyIdentifier wsse:Embedded ds:KeyName ds:X509Data"},
    {"wsse:Reference", "URI ValueType", "-"},
    {"wsse:KeyIdentifier", "wsu:Id ValueType EncodingType"},
    {"wsse:Embedded", "wsu:Id ValueType", "wsse:BinarySecurityToken"},
    {"wsse:BinarySecurityToken", "wsu:Id ValueType EncodingType"},
};

[[nodiscard]] std::string with_prefix(std::string_view namespace_uri, std::string_view local_name) {
  if (namespace_uri.empty()) return std::string(local_name);
  const auto* known = std::ranges::find(kPartPrefixes, namespace_uri, &PartPrefix::namespace_uri);
  // What no name in the table looks like.
  std::string name(known == std::end(kPartPrefixes) ? "?:" : known->prefix);
  return name.append(local_name);
}

// Names come as "{namespace}name", or "name" without one.
[[nodiscard]] std::string with_prefix(std::string_view attribute) {
  const std::size_t end = attribute.find('}');
  if (!attribute.starts_with('{') || end == std::string_view::npos) return std::string(attribute);
  return with_prefix(attribute.substr(1, end - 1), attribute.substr(end + 1));
}

[[nodiscard]] bool is_listed(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    if (names.substr(0, end) == name) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

// The element itself; its children join those that are still to be looked at.
[[nodiscard]] base::Status check_part(Element element, const KnownPart& part, std::vector<Element>& open) {
  const std::string name(element.local_name());
  for (const std::string& attribute : element.attribute_names()) {
    if (!is_listed(part.attributes, with_prefix(attribute)))
      return structure("the attribute " + attribute + " of " + name);
  }
  if (part.inside.empty()) {
    return element.text() ? base::Status() : structure("something other than text in " + name);
  }
  if (!element.check_elements_only()) return structure("text, comments or instructions in " + name);
  for (auto child = element.first_child(); child; child = child->next_sibling()) {
    if (!is_listed(part.inside, with_prefix(child->namespace_uri(), child->local_name()))) {
      return structure("an unexpected " + std::string(child->local_name()));
    }
    open.push_back(*child);
  }
  return {};
}

}  // namespace

base::Status check_key_info_parts(Element key_info) {
  std::vector<Element> open{key_info};
  while (!open.empty()) {
    const Element element = open.back();
    open.pop_back();
    const std::string name = with_prefix(element.namespace_uri(), element.local_name());
    const auto* part = std::ranges::find(kKnownParts, name, &KnownPart::name);
    if (part == std::end(kKnownParts)) return structure("an unexpected " + std::string(element.local_name()));
    TANBA_CHECK(check_part(element, *part, open));
  }
  return {};
}

}  // namespace tanba::xmldsig
