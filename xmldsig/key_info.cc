#include "xmldsig/key_info.h"

#include <algorithm>
#include <iterator>

#include "pki/xml_signed_info.h"
#include "xmldsig/soap.h"

namespace tanba::xmldsig {
namespace {

using base::Code;
using xml::Element;

class KeyInfoReader {
 public:
  KeyInfoReader(pki::Context& context, const xml::Document& document, const base::Limits& limits)
      : context_(context), document_(document), limits_(limits) {}

  [[nodiscard]] base::Result<KeyInfo> read(Element key_info) {
    for (auto child = key_info.first_child(); child; child = child->next_sibling()) {
      if (child->is(kSignatureNamespace, "X509Data")) TANBA_CHECK(read_x509_data(*child));
      if (child->is(kWsseNamespace, "SecurityTokenReference")) TANBA_CHECK(read_token_reference(*child));
      if (child->is(kSignatureNamespace, "RetrievalMethod")) note_elsewhere(child->attribute("URI").value_or(""));
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] base::Status read_x509_data(Element data) {
    for (auto child = data.first_child(); child; child = child->next_sibling()) {
      if (child->is(kSignatureNamespace, "X509Certificate")) TANBA_CHECK(add(*child));
      if (child->is(kSignatureNamespace, "X509CRL")) out_.crls.push_back(*child);
    }
    return {};
  }

  [[nodiscard]] base::Status read_token_reference(Element reference) {
    for (auto child = reference.first_child(); child; child = child->next_sibling()) {
      if (child->is(kWsseNamespace, "KeyIdentifier")) {
        if (is_x509(*child)) TANBA_CHECK(add(*child));
      } else if (child->is(kWsseNamespace, "Reference")) {
        const std::string uri = child->attribute("URI").value_or("");
        note_elsewhere(uri);
        const auto token = uri.starts_with('#') ? document_.find_id(std::string_view(uri).substr(1)) : std::nullopt;
        if (token && token->is(kWsseNamespace, "BinarySecurityToken") && is_x509(*token)) TANBA_CHECK(add(*token));
      }
    }
    return {};
  }

  void note_elsewhere(const std::string& uri) {
    constexpr std::size_t kMaxSaid = 16;
    if (!uri.starts_with('#') && out_.elsewhere.size() < kMaxSaid) out_.elsewhere.push_back(uri);
  }

  [[nodiscard]] static bool is_x509(Element element) {
    return element.attribute("ValueType").value_or("").ends_with("#X509v3");
  }

  [[nodiscard]] base::Status add(Element element) {
    if (++seen_ > limits_.max_certificates) {
      return base::fail(Code::kLimitCount,
                        {{"limit", std::to_string(limits_.max_certificates)}, {"what", "certificates"}});
    }
    const auto der = read_base64(element);
    if (!der) {
      out_.errors.emplace_back(Code::kCertificateMalformed, std::vector<base::ErrorArgument>{{"what", "base64"}});
      return {};
    }
    auto certificate = context_.certificates().get(*der);
    if (certificate) {
      out_.certificates.push_back(*std::move(certificate));
    } else {
      out_.errors.push_back(std::move(certificate).error());
    }
    return {};
  }

  pki::Context& context_;
  const xml::Document& document_;
  const base::Limits& limits_;
  std::size_t seen_ = 0;
  KeyInfo out_;
};

// --- XAdES ---------------------------------------------------------------------------------------------------------

// The Ids of the References, also of those that may not be looked at.
[[nodiscard]] std::vector<std::string> reference_ids(const SignatureStructure& signature) {
  std::vector<std::string> ids;
  for (const Element& reference : xml::children_named(signature.signed_info, kSignatureNamespace, "Reference")) {
    if (const auto id = reference.attribute("Id")) ids.push_back(*id);
  }
  return ids;
}

[[nodiscard]] bool is_xades(Element element, std::string_view name) {
  return element.is(kXadesNamespace, name);
}

class XadesReader {
 public:
  explicit XadesReader(const SignatureStructure& signature) : signature_(signature) {}

  [[nodiscard]] base::Result<XadesProperties> read() {
    std::optional<Element> properties;
    for (const Element& object : signature_.objects) {
      for (const Element& found : xml::children_named(object, kXadesNamespace, "QualifyingProperties")) {
        if (properties) return structure("QualifyingProperties are repeated");
        properties = found;
      }
    }
    if (properties) TANBA_CHECK(read_qualifying(*properties));
    return std::move(out_);
  }

 private:
  [[nodiscard]] base::Status read_qualifying(Element properties) {
    // EN 319 132-1 4.3.1: "The Target attribute shall refer to the Id attribute of the corresponding ds:Signature."
    if (const auto target = properties.attribute("Target");
        target && !target->empty() && *target != "#" + signature_.id) {
      return structure("QualifyingProperties of another signature");
    }
    for (const Element& child : properties.children()) {
      if (is_xades(child, "SignedProperties")) {
        if (out_.signed_properties) return structure("SignedProperties are repeated");
        out_.signed_properties = child;
        TANBA_CHECK(read_signed(child));
      } else if (is_xades(child, "UnsignedProperties")) {
        read_unsigned(child);
      }
    }
    return {};
  }

  // EN 319 132-1 5.2.4: "The ObjectReference attribute shall reference the ds:Reference element of the ds:Signature
  // corresponding with the signed data object". What describes something else would be taken for a word about this.
  [[nodiscard]] base::Status check_formats(Element properties) const {
    const auto objects = xml::optional_child(properties, kXadesNamespace, "SignedDataObjectProperties");
    if (!objects) return structure("SignedDataObjectProperties are repeated");
    if (!*objects) return {};
    const std::vector<std::string> ids = reference_ids(signature_);
    for (const Element& format : xml::children_named(**objects, kXadesNamespace, "DataObjectFormat")) {
      const std::string wanted = format.attribute("ObjectReference").value_or("");
      const bool found = std::ranges::any_of(ids, [&](const std::string& id) { return wanted == "#" + id; });
      if (!found) return structure("DataObjectFormat of what is not signed");
    }
    return {};
  }

  [[nodiscard]] base::Status read_signed(Element properties) {
    TANBA_CHECK(check_formats(properties));
    const auto inner = xml::optional_child(properties, kXadesNamespace, "SignedSignatureProperties");
    if (!inner) return structure("SignedSignatureProperties are repeated");
    if (!*inner) return {};
    const auto time = xml::optional_child_text(**inner, kXadesNamespace, "SigningTime");
    if (!time) return structure("SigningTime");
    if (*time) {
      // A claim without a time zone names no moment; as it proves nothing anyway it is left out, not refused.
      if (const auto parsed = base::parse_time(**time)) out_.signing_time = *parsed;
    }
    TANBA_CHECK(read_signature_policy(**inner));
    for (const Element& child : (*inner)->children()) {
      if (!is_xades(child, "SigningCertificate") && !is_xades(child, "SigningCertificateV2")) continue;
      TANBA_CHECK(read_signing_certificate(child));
    }
    return {};
  }

  // EN 319 132-1 5.2.9.1. Of the qualifiers the first SPURI is taken, others are passed over.
  [[nodiscard]] base::Status read_signature_policy(Element properties) {
    const auto identifier = xml::optional_child(properties, kXadesNamespace, "SignaturePolicyIdentifier");
    if (!identifier) return structure("SignaturePolicyIdentifier is repeated");
    if (!*identifier) return {};
    pki::SignaturePolicyFacts& policy = out_.signature_policy.emplace();
    const auto implied = xml::optional_child((**identifier), kXadesNamespace, "SignaturePolicyImplied");
    if (implied && *implied) return {};
    const auto named = xml::only_child(**identifier, kXadesNamespace, "SignaturePolicyId");
    if (!named) return structure("SignaturePolicyIdentifier");
    const auto id = xml::only_child(*named, kXadesNamespace, "SigPolicyId");
    const auto hash = xml::only_child(*named, kXadesNamespace, "SigPolicyHash");
    if (!id || !hash) return structure("SignaturePolicyId");
    const auto text = xml::optional_child_text(*id, kXadesNamespace, "Identifier");
    const auto method = xml::only_child(*hash, kSignatureNamespace, "DigestMethod");
    const auto value = xml::only_child(*hash, kSignatureNamespace, "DigestValue");
    if (!text || !*text || !method || !value) return structure("SignaturePolicyId");
    policy.id = **text;
    policy.digest_algorithm = method->attribute("Algorithm").value_or("");
    TANBA_TRY(policy.digest, read_base64(*value));
    for (const Element& list : xml::children_named(*named, kXadesNamespace, "SigPolicyQualifiers")) {
      for (const Element& qualifier : xml::children_named(list, kXadesNamespace, "SigPolicyQualifier")) {
        const auto uri = xml::optional_child_text(qualifier, kXadesNamespace, "SPURI");
        if (uri && *uri && policy.uri.empty()) policy.uri = **uri;
      }
    }
    return {};
  }

  [[nodiscard]] base::Status read_signing_certificate(Element element) {
    constexpr std::size_t kMaxReferences = 16;  // a chain has four
    if (out_.signing_certificate) return structure("SigningCertificate is repeated");
    out_.signing_certificate.emplace();
    for (const Element& certificate : xml::children_named(element, kXadesNamespace, "Cert")) {
      const auto digest = xml::only_child(certificate, kXadesNamespace, "CertDigest");
      if (!digest) return structure("CertDigest");
      const auto method = xml::only_child(*digest, kSignatureNamespace, "DigestMethod");
      const auto value = xml::only_child(*digest, kSignatureNamespace, "DigestValue");
      if (!method || !value) return structure("CertDigest");
      TANBA_TRY(const pki::DigestAlgorithm algorithm,
                pki::digest_from_xml(method->attribute("Algorithm").value_or("")));
      TANBA_TRY(base::Bytes octets, read_base64(*value));
      out_.signing_certificate->push_back({algorithm, std::move(octets)});
      if (out_.signing_certificate->size() > kMaxReferences) return structure("too many certificate references");
    }
    return {};
  }

  // Unsigned properties prove nothing by themselves: what cannot be read is as if it were absent.
  void read_unsigned(Element properties) {
    for (const Element& inner : xml::children_named(properties, kXadesNamespace, "UnsignedSignatureProperties")) {
      for (const Element& child : inner.children()) {
        if (is_xades(child, "SignatureTimeStamp")) read_timestamp(child);
        read_values(child);
        if (!child.is(kXades141Namespace, "TimeStampValidationData")) continue;
        for (const Element& values : child.children()) read_values(values);
      }
    }
  }

  void read_values(Element values) {
    if (is_xades(values, "CertificateValues")) collect(values, "EncapsulatedX509Certificate", out_.certificates);
    if (is_xades(values, "RevocationValues")) read_revocation_values(values);
  }

  // EN 319 132-1 5.3 by way of XAdES's XAdESTimeStampType: without a CanonicalizationMethod c14n 1.0. A token over what
  // is made by another method, or with parameters, is over something that nobody here knows: as if it were absent.
  void read_timestamp(Element element) {
    xml::C14n canonicalisation = xml::C14n::kInclusive;
    const auto method = xml::optional_child(element, kSignatureNamespace, "CanonicalizationMethod");
    if (!method) return;
    if (*method) {
      const auto known = xml::c14n_from_uri((*method)->attribute("Algorithm").value_or(""));
      if (!known || (*method)->first_child()) return;
      canonicalisation = *known;
    }
    std::vector<base::Bytes> tokens;
    collect(element, "EncapsulatedTimeStamp", tokens);
    for (base::Bytes& token : tokens) {
      if (out_.timestamps.size() < kMaxItems) out_.timestamps.push_back({std::move(token), canonicalisation});
    }
  }

  void read_revocation_values(Element element) {
    for (const Element& child : element.children()) {
      if (is_xades(child, "CRLValues")) append(child, "EncapsulatedCRLValue", out_.crls);
      if (is_xades(child, "OCSPValues")) append(child, "EncapsulatedOCSPValue", out_.ocsp_responses);
    }
  }

  static void collect(Element parent, std::string_view name, std::vector<base::Bytes>& into) {
    for (const Element& child : xml::children_named(parent, kXadesNamespace, name)) {
      if (into.size() >= kMaxItems) return;
      if (auto octets = read_base64(child)) into.push_back(*std::move(octets));
    }
  }

  static void append(Element parent, std::string_view name, std::vector<Element>& into) {
    const std::vector<Element> found = xml::children_named(parent, kXadesNamespace, name);
    into.insert(into.end(), found.begin(), found.end());
  }

  static constexpr std::size_t kMaxItems = 256;  // one for each certificate of a chain and of its services
  const SignatureStructure& signature_;
  XadesProperties out_;
};

}  // namespace

namespace {

// Of unsigned properties the schema lets anything be one. Here they hold elements of XAdES and what these are made of;
// other content that nobody signed must not travel in them. A counter-signature is looked at as the signature it is.
[[nodiscard]] bool holds_known_properties(Element unsigned_properties) {
  constexpr std::string_view kKnown[] = {kXadesNamespace,
                                         kXades141Namespace,
                                         "http://uri.etsi.org/01903/v1.2.2#",
                                         "http://uri.etsi.org/01903/v1.1.1#",
                                         kSignatureNamespace,
                                         "http://www.w3.org/2001/10/xml-exc-c14n#"};
  std::vector<Element> open{unsigned_properties};
  while (!open.empty()) {
    const Element element = open.back();
    open.pop_back();
    for (auto child = element.first_child(); child; child = child->next_sibling()) {
      if (std::ranges::find(kKnown, child->namespace_uri()) == std::end(kKnown)) return false;
      if (child->is(kSignatureNamespace, "Object")) return false;
      const bool counter_signature = element.local_name() == "CounterSignature";
      if (child->is(kSignatureNamespace, "Signature") && !counter_signature) return false;
      if (!child->is(kSignatureNamespace, "Signature")) open.push_back(*child);
    }
  }
  return true;
}

}  // namespace

bool is_qualifying_properties(Element element) {
  constexpr std::string_view kVersions[] = {kXadesNamespace, "http://uri.etsi.org/01903/v1.2.2#",
                                            "http://uri.etsi.org/01903/v1.1.1#"};
  const std::string_view version = element.namespace_uri();
  if (std::ranges::find(kVersions, version) == std::end(kVersions) || element.local_name() != "QualifyingProperties") {
    return false;
  }
  const std::vector<std::string> attributes = element.attribute_names();
  if (!std::ranges::all_of(attributes, [](const std::string& name) { return name == "Target" || name == "Id"; })) {
    return false;
  }
  const std::vector<Element> children = element.children();
  return element.check_elements_only() && std::ranges::all_of(children, [&](Element child) {
           return child.is(version, "SignedProperties") ||
                  (child.is(version, "UnsignedProperties") && holds_known_properties(child));
         });
}

bool holds_qualifying_properties_only(Element object) {
  const std::vector<Element> children = object.children();
  return object.check_elements_only() && std::ranges::all_of(children, is_qualifying_properties);
}

bool is_countersignature(Element signature) {
  auto place = signature.parent();
  for (const char* name :
       {"CounterSignature", "UnsignedSignatureProperties", "UnsignedProperties", "QualifyingProperties"}) {
    if (!place || !place->is(kXadesNamespace, name)) return false;
    place = place->parent();
  }
  if (!place || !place->is(kSignatureNamespace, "Object")) return false;
  place = place->parent();
  return place && place->is(kSignatureNamespace, "Signature");
}

base::Result<KeyInfo> read_key_info(pki::Context& context, const xml::Document& document,
                                    std::optional<Element> key_info, const base::Limits& limits) {
  if (!key_info) return KeyInfo{};
  return KeyInfoReader(context, document, limits).read(*key_info);
}

base::Result<XadesProperties> read_xades(const SignatureStructure& signature) {
  return XadesReader(signature).read();
}

}  // namespace tanba::xmldsig
