#include "xmldsig/structure.h"

#include <algorithm>
#include <initializer_list>

#include "pki/xml_signed_info.h"
#include "xmldsig/key_info_parts.h"

namespace tanba::xmldsig {

std::unexpected<base::Error> structure(std::string what) {
  return base::fail(base::Code::kXmlSignatureStructure, {{"what", std::move(what)}});
}

namespace {

using base::Code;
using xml::Element;

constexpr std::string_view kExclusiveNamespace = "http://www.w3.org/2001/10/xml-exc-c14n#";
constexpr std::string_view kMoreNamespace = "http://www.w3.org/2007/05/xmldsig-more#";
constexpr std::string_view kXPath = "http://www.w3.org/TR/1999/REC-xpath-19991116";
constexpr std::string_view kXPathFilter2 = "http://www.w3.org/2002/06/xmldsig-filter2";
constexpr std::string_view kBase64 = "http://www.w3.org/2000/09/xmldsig#base64";
constexpr std::string_view kRsaPss = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss";
constexpr std::string_view kMgf1 = "http://www.w3.org/2007/05/xmldsig-more#MGF1";
// Expressions of one Reference: each costs a walk over the document or more.
constexpr std::size_t kMaxExpressions = 16;

// What is wrong with the attributes of an element of which the schema knows only these.
[[nodiscard]] base::Status check_attributes(Element element, std::initializer_list<std::string_view> known) {
  for (const std::string& name : element.attribute_names()) {
    if (std::ranges::find(known, std::string_view(name)) == known.end()) {
      return structure("the attribute " + name + " of " + std::string(element.local_name()));
    }
  }
  return {};
}

// The children of an element that holds nothing but elements, and no attributes but these.
[[nodiscard]] base::Result<std::vector<Element>> read_closed(Element element,
                                                             std::initializer_list<std::string_view> attributes) {
  TANBA_CHECK(check_attributes(element, attributes));
  if (!element.check_elements_only())
    return structure("text, comments or instructions in " + std::string(element.local_name()));
  return element.children();
}

[[nodiscard]] base::Result<std::string> read_algorithm(Element element) {
  if (auto uri = element.attribute("Algorithm")) return *std::move(uri);
  return structure(std::string(element.local_name()) + " without Algorithm");
}

[[nodiscard]] bool is_ds(Element element, std::string_view name) {
  return element.is(kSignatureNamespace, name);
}

// xml-exc-c14n 4: InclusiveNamespaces inside a method or transform of exclusive canonicalisation.
[[nodiscard]] base::Result<Canonicalisation> read_canonicalisation(xml::C14n method,
                                                                   const std::vector<Element>& children) {
  Canonicalisation canonicalisation{method, {}};
  if (children.empty()) return canonicalisation;
  if (children.size() > 1 || !xml::is_exclusive(method) ||
      !children.front().is(kExclusiveNamespace, "InclusiveNamespaces")) {
    return structure("parameters of a canonicalisation method");
  }
  TANBA_TRY(const auto inner, read_closed(children.front(), {"PrefixList"}));
  if (!inner.empty()) return structure("InclusiveNamespaces with children");
  const std::string list = children.front().attribute("PrefixList").value_or("");
  constexpr std::string_view kSpace = " \t\r\n";
  for (std::size_t begin = list.find_first_not_of(kSpace); begin != std::string::npos;) {
    const std::size_t end = std::min(list.find_first_of(kSpace, begin), list.size());
    canonicalisation.prefixes.push_back(list.substr(begin, end - begin));
    if (canonicalisation.prefixes.size() > kMaxPrefixes) return structure("too many prefixes in a PrefixList");
    begin = list.find_first_not_of(kSpace, end);
  }
  return canonicalisation;
}

// XML 1.0's NCName as far as it matters here: what could be an expression is none.
[[nodiscard]] bool is_bare_name(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
    if (!plain) return false;
  }
  return true;
}

class StructureReader {
 public:
  StructureReader(Element signature, const base::Limits& limits, Forms forms)
      : limits_(limits), forms_(forms), out_(signature) {}

  [[nodiscard]] base::Result<SignatureStructure> read() {
    out_.id = out_.element.attribute("Id").value_or("");
    if (!out_.element.check_elements_only()) return structure("text, comments or instructions in Signature");
    const std::vector<Element> children = out_.element.children();
    std::size_t at = 0;
    if (at == children.size() || !is_ds(children[at], "SignedInfo")) return structure("SignedInfo does not come first");
    out_.signed_info = children[at++];
    if (at == children.size() || !is_ds(children[at], "SignatureValue")) return structure("SignatureValue is missing");
    out_.value_element = children[at++];
    if (at < children.size() && is_ds(children[at], "KeyInfo")) out_.key_info = children[at++];
    for (; at < children.size(); ++at) {
      if (!is_ds(children[at], "Object")) return structure("an unexpected " + std::string(children[at].local_name()));
      out_.objects.push_back(children[at]);
    }
    TANBA_TRY(out_.value, read_base64(out_.value_element));
    if (out_.value.empty()) return structure("an empty SignatureValue");
    if (auto status = check_what_is_not_signed(); !status) note(std::move(status).error());
    TANBA_CHECK(read_signed_info());
    return std::move(out_);
  }

 private:
  void note(base::Error error) { out_.errors.push_back(std::move(error)); }

  // The Signature around SignedInfo is not signed: whoever passes the document on can write into it. What the schemas
  // do not know there must not travel as if it had been signed. What Objects hold is a matter of what is covered.
  [[nodiscard]] base::Status check_what_is_not_signed() const {
    TANBA_CHECK(check_attributes(out_.element, {"Id"}));
    TANBA_CHECK(check_attributes(out_.value_element, {"Id"}));
    if (out_.key_info) TANBA_CHECK(check_key_info_parts(*out_.key_info));
    for (const Element& object : out_.objects) TANBA_CHECK(check_attributes(object, {"Id", "MimeType", "Encoding"}));
    return {};
  }

  [[nodiscard]] base::Status read_signed_info() {
    TANBA_TRY(const auto children, read_closed(out_.signed_info, {"Id"}));
    if (children.size() < 3 || !is_ds(children[0], "CanonicalizationMethod") ||
        !is_ds(children[1], "SignatureMethod")) {
      return structure("SignedInfo needs CanonicalizationMethod, SignatureMethod and at least one Reference");
    }
    if (children.size() - 2 > limits_.max_references) {
      return base::fail(Code::kLimitCount, {{"limit", std::to_string(limits_.max_references)}, {"what", "references"}});
    }
    TANBA_CHECK(read_canonicalisation_method(children[0]));
    TANBA_CHECK(read_signature_method(children[1]));
    for (std::size_t i = 2; i < children.size(); ++i) {
      if (!is_ds(children[i], "Reference")) return structure("an unexpected " + std::string(children[i].local_name()));
      TANBA_CHECK(read_reference(children[i]));
    }
    return {};
  }

  [[nodiscard]] base::Status read_canonicalisation_method(Element element) {
    TANBA_TRY(const auto children, read_closed(element, {"Algorithm"}));
    TANBA_TRY(std::string uri, read_algorithm(element));
    out_.algorithm_names.push_back(uri);
    const auto method = xml::c14n_from_uri(uri);
    if (!method) {
      note(base::Error(Code::kXmlAlgorithmForbidden, {{"algorithm", std::move(uri)}}));
      return {};
    }
    TANBA_TRY(out_.canonicalisation, read_canonicalisation(*method, children));
    return {};
  }

  [[nodiscard]] base::Status read_signature_method(Element element) {
    TANBA_TRY(const std::string uri, read_algorithm(element));
    out_.algorithm_names.push_back(uri);
    if (uri == kRsaPss) {
      auto status = read_pss(element);
      if (status || status.error().code() == Code::kXmlSignatureStructure) return status;
      note(std::move(status).error());  // a digest that is not known
      return {};
    }
    auto algorithm = pki::signature_algorithm_from_xml(uri);
    if (!algorithm) {
      note(std::move(algorithm).error());
      return {};
    }
    TANBA_TRY(const auto children, read_closed(element, {"Algorithm"}));
    if (!children.empty()) return structure("parameters of SignatureMethod");
    out_.algorithm = *algorithm;
    return {};
  }

  // RFC 9231 2.3.9: RSAPSSParams with defaults SHA-256, MGF1 with SHA-256, a salt as long as the digest, trailer
  // field 1.
  [[nodiscard]] base::Status read_pss(Element method) {
    TANBA_TRY(const auto children, read_closed(method, {"Algorithm"}));
    pki::SignatureAlgorithm algorithm;
    algorithm.scheme = pki::SignatureScheme::kRsaPss;
    std::optional<std::uint16_t> salt_bytes;
    if (children.size() > 1) return structure("parameters of SignatureMethod");
    if (children.size() == 1) {
      if (!children[0].is(kMoreNamespace, "RSAPSSParams")) return structure("parameters of SignatureMethod");
      TANBA_TRY(const auto parameters, read_closed(children[0], {}));
      for (const Element& parameter : parameters) {
        if (is_ds(parameter, "DigestMethod")) {
          TANBA_TRY(algorithm.digest, read_digest(parameter));
        } else if (parameter.is(kMoreNamespace, "MaskGenerationFunction")) {
          TANBA_TRY(algorithm.mgf1_digest, read_mask_generation(parameter));
        } else if (parameter.is(kMoreNamespace, "SaltLength")) {
          TANBA_TRY(salt_bytes, read_small_number(parameter));
        } else if (parameter.is(kMoreNamespace, "TrailerField")) {
          TANBA_TRY(const std::uint16_t trailer, read_small_number(parameter));
          if (trailer != 1) return structure("TrailerField");
        } else {
          return structure("parameters of RSA-PSS");
        }
      }
    }
    algorithm.salt_bytes = salt_bytes.value_or(static_cast<std::uint16_t>(pki::digest_size_bytes(algorithm.digest)));
    out_.algorithm = algorithm;
    return {};
  }

  [[nodiscard]] static base::Result<pki::DigestAlgorithm> read_mask_generation(Element element) {
    TANBA_TRY(const std::string uri, read_algorithm(element));
    TANBA_TRY(const auto children, read_closed(element, {"Algorithm"}));
    if (uri != kMgf1 || children.size() != 1 || !is_ds(children[0], "DigestMethod"))
      return structure("MaskGenerationFunction");
    return read_digest(children[0]);
  }

  [[nodiscard]] static base::Result<pki::DigestAlgorithm> read_digest(Element element) {
    TANBA_TRY(const auto children, read_closed(element, {"Algorithm"}));
    if (!children.empty()) return structure("parameters of DigestMethod");
    TANBA_TRY(const std::string uri, read_algorithm(element));
    return pki::digest_from_xml(uri);
  }

  [[nodiscard]] static base::Result<std::uint16_t> read_small_number(Element element) {
    const auto text = element.text();
    if (!text || text->empty() || text->size() > 4 || text->find_first_not_of("0123456789") != std::string::npos) {
      return structure(std::string(element.local_name()));
    }
    return static_cast<std::uint16_t>(std::stoul(*text));
  }

  [[nodiscard]] base::Status read_reference(Element element) {
    TANBA_TRY(const auto children, read_closed(element, {"Id", "URI", "Type"}));
    std::size_t at = 0;
    const bool has_transforms = !children.empty() && is_ds(children[0], "Transforms");
    if (has_transforms) ++at;
    if (children.size() != at + 2 || !is_ds(children[at], "DigestMethod") || !is_ds(children[at + 1], "DigestValue")) {
      return structure("Reference needs DigestMethod and DigestValue");
    }
    Reference reference(element);
    const std::size_t errors_before = out_.errors.size();
    read_uri(reference);
    if (has_transforms) TANBA_CHECK(read_transforms(children[0], reference));
    TANBA_CHECK(read_digest_method(children[at], reference));
    TANBA_TRY(reference.digest_value, read_base64(children[at + 1]));
    if (out_.errors.size() != errors_before) return {};
    if (reference.digest_value.size() != pki::digest_size_bytes(reference.digest)) {
      return structure("a DigestValue of a wrong length");
    }
    out_.references.push_back(std::move(reference));
    return {};
  }

  void read_uri(Reference& reference) {
    const auto uri = reference.element.attribute("URI");
    if (uri && (uri->empty() || (uri->starts_with('#') && is_bare_name(std::string_view(*uri).substr(1))))) {
      reference.uri = *uri;
    } else {
      note(base::Error(Code::kXmlReferenceForbidden, {{"uri", uri ? *uri : "(no URI)"}}));
    }
  }

  [[nodiscard]] base::Status read_digest_method(Element element, Reference& reference) {
    TANBA_TRY(std::string uri, read_algorithm(element));
    auto digest = read_digest(element);
    if (digest) {
      reference.digest = *digest;
      out_.digests.push_back(*digest);
    } else if (digest.error().code() == Code::kXmlSignatureStructure) {
      return base::fail(std::move(digest).error());
    } else {
      note(std::move(digest).error());
    }
    out_.algorithm_names.push_back(std::move(uri));
    return {};
  }

  // enveloped-signature first, then at most one canonicalisation, and nothing after it; between them what
  // Forms::kConformance adds. Filters choose among nodes each for itself, so that their order does not matter.
  [[nodiscard]] base::Status read_transforms(Element element, Reference& reference) {
    TANBA_TRY(const auto transforms, read_closed(element, {}));
    bool is_octets = false;  // what follows on octets would have to parse them again
    for (std::size_t i = 0; i < transforms.size(); ++i) {
      if (!is_ds(transforms[i], "Transform"))
        return structure("an unexpected " + std::string(transforms[i].local_name()));
      TANBA_TRY(std::string uri, read_algorithm(transforms[i]));
      out_.algorithm_names.push_back(uri);
      const auto method = xml::c14n_from_uri(uri);
      if (uri == kEnvelopedSignature && (i == 0 || (forms_ == Forms::kConformance && !is_octets))) {
        TANBA_TRY(const auto parameters, read_closed(transforms[i], {"Algorithm"}));
        if (!parameters.empty()) return structure("parameters of a transform");
        reference.enveloped = Enveloped::kYes;
      } else if (method && !is_octets) {
        TANBA_TRY(const auto parameters, read_closed(transforms[i], {"Algorithm"}));
        TANBA_TRY(reference.canonicalisation, read_canonicalisation(*method, parameters));
        is_octets = true;
      } else if (forms_ == Forms::kConformance && !is_octets && (uri == kXPath || uri == kXPathFilter2)) {
        TANBA_CHECK(read_filter(transforms[i], uri, reference));
      } else if (forms_ == Forms::kConformance && !is_octets && uri == kBase64) {
        TANBA_TRY(const auto parameters, read_closed(transforms[i], {"Algorithm"}));
        if (!parameters.empty()) return structure("parameters of a transform");
        reference.output = Reference::Output::kDecodedBase64;
        is_octets = true;
      } else {
        note(base::Error(Code::kXmlTransformForbidden, {{"algorithm", std::move(uri)}}));
        return {};
      }
    }
    return {};
  }

  [[nodiscard]] static base::Status read_filter(Element transform, std::string_view uri, Reference& reference) {
    TANBA_TRY(const auto expressions, read_closed(transform, {"Algorithm"}));
    if (expressions.empty() || expressions.size() > kMaxExpressions || reference.filters.size() == kMaxExpressions) {
      return structure("the number of XPath expressions");
    }
    Filter filter;
    for (const Element& expression : expressions) {
      if (uri == kXPath) {
        if (!is_ds(expression, "XPath") || expressions.size() != 1) return structure("parameters of a transform");
        filter.expression.push_back(expression);
      } else {
        if (!expression.is(kXPathFilter2, "XPath")) return structure("parameters of a transform");
        TANBA_TRY(const xml::SetOperation operation, read_operation(expression.attribute("Filter").value_or("")));
        filter.subtree_filters.push_back({operation, expression});
      }
    }
    reference.filters.push_back(std::move(filter));
    return {};
  }

  [[nodiscard]] static base::Result<xml::SetOperation> read_operation(std::string_view name) {
    if (name == "intersect") return xml::SetOperation::kIntersect;
    if (name == "subtract") return xml::SetOperation::kSubtract;
    if (name == "union") return xml::SetOperation::kUnion;
    return structure("the Filter of an XPath");
  }

  const base::Limits& limits_;
  const Forms forms_;
  SignatureStructure out_;
};

}  // namespace

base::Result<SignatureStructure> read_structure(Element signature, const base::Limits& limits, Forms forms) {
  return StructureReader(signature, limits, forms).read();
}

base::Result<base::Bytes> read_base64(Element element) {
  const auto text = element.text();
  if (!text) return structure(std::string(element.local_name()) + " holds something other than text");
  auto octets = base::from_base64_with_space(*text);
  if (!octets) return structure(std::string(element.local_name()) + " is no base64");
  return *std::move(octets);
}

}  // namespace tanba::xmldsig
