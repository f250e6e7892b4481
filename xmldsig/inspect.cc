#include "xmldsig/inspect.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "pki/verify_signature.h"
#include "xmldsig/counter_signature.h"
#include "xmldsig/embedded_values.h"
#include "xmldsig/fast_path.h"
#include "xmldsig/findings.h"
#include "xmldsig/key_hints.h"
#include "xmldsig/key_info.h"
#include "xmldsig/references.h"
#include "xmldsig/soap.h"
#include "xmldsig/structure.h"
#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {
namespace {

using base::Code;
using base::Error;
using pki::CertificatePtr;
using pki::SignatureFacts;
using xml::Element;

[[nodiscard]] std::unexpected<Error> too_many(std::string_view what, std::size_t limit) {
  return base::fail(Code::kLimitCount, {{"limit", std::to_string(limit)}, {"what", std::string(what)}});
}

class Inspector {
 public:
  Inspector(pki::Context& context, base::Budget& budget, const InspectOptions& options, pki::DocumentFacts& facts)
      : context_(context),
        budget_(budget),
        options_(options),
        facts_(facts),
        crls_(facts.crls),
        ocsp_responses_(facts.ocsp_responses) {}

  // Whether the common case was there and nothing was wrong: then the facts are complete. Otherwise they mean nothing.
  [[nodiscard]] bool run_fast(base::ByteView octets) {
    std::optional<FastPath> fast = take_fast_path(context_, octets, options_, budget_);
    if (!fast) return false;
    // They are over a part of the document, which the quick way does not have.
    if (!counter_signatures_in(fast->structure).empty()) return false;
    structures_.emplace_back(std::move(fast->structure));
    auto facts = inspect_signature({.document = fast->alone,
                                    .all = structures_,
                                    .index = 0,
                                    .id = "S1",
                                    .message = nullptr,
                                    .keep_octets = options_.keep_octets},
                                   std::move(fast->references));
    if (!facts || !facts->errors.empty()) return false;
    facts_.signatures.push_back(*std::move(facts));
    return true;
  }

  // What ends the inspection of the whole document; what was found until then stays in the facts.
  [[nodiscard]] base::Status run(base::ByteView octets) {
    TANBA_TRY(const xml::Document document, xml::Document::parse(octets, budget_.limits()));
    std::vector<Element> signatures = document.find_all(kSignatureNamespace, "Signature");
    // A CounterSignature among the unsigned properties of a signature says something about that signature, not about
    // the document; like a time stamp it takes nothing away when it fails.
    std::erase_if(signatures, is_countersignature);
    TANBA_TRY(message_, read_soap(document));
    if (message_) facts_.message_times = message_->times;
    if (signatures.empty()) return base::fail(Code::kFormatNoSignature);
    if (signatures.size() > budget_.limits().max_signatures)
      return too_many("signatures", budget_.limits().max_signatures);
    TANBA_CHECK(read_structures(signatures));
    TANBA_CHECK(check_cost(document));
    for (std::size_t i = 0; i < structures_.size(); ++i) {
      if (!structures_[i]) continue;
      TANBA_TRY(facts_.signatures[i], inspect_signature({.document = document,
                                                         .all = structures_,
                                                         .index = i,
                                                         .id = facts_.signatures[i].id,
                                                         .message = message_ ? &*message_ : nullptr,
                                                         .keep_octets = options_.keep_octets},
                                                        {}));
    }
    // Only when all signatures were looked at: what anybody may have added must not use up what they may cost.
    for (std::size_t i = 0; i < structures_.size(); ++i) {
      if (structures_[i]) TANBA_CHECK(inspect_counter_signatures(document, *structures_[i], facts_.signatures[i]));
    }
    return {};
  }

 private:
  // A signature has this error until all of it was looked at: facts of an inspection that ended early show none as
  // good.
  [[nodiscard]] static Error not_finished() { return Error::because(Code::kLimitCost, "the inspection ended before"); }

  [[nodiscard]] base::Status read_structures(const std::vector<Element>& signatures) {
    for (std::size_t i = 0; i < signatures.size(); ++i) {
      SignatureFacts& out = facts_.signatures.emplace_back();
      out.id = "S" + std::to_string(i + 1);
      out.errors.push_back(not_finished());
      structures_.emplace_back();
      auto structure = read_structure(signatures[i], budget_.limits(), options_.forms);
      if (structure) {
        structures_.back() = *std::move(structure);
        continue;
      }
      out.covers.what = "nothing";
      out.errors.clear();
      if (auto status = note(out.errors, structure.error()); !status) {
        out.errors.push_back(status.error());
        return status;
      }
    }
    return {};
  }

  // Before any work: each Reference and each SignedInfo may cost one walk over the whole document.
  [[nodiscard]] base::Status check_cost(const xml::Document& document) const {
    std::uint64_t walks = 0;
    for (const auto& structure : structures_) walks += structure ? structure->references.size() + 1 : 0;
    if (walks * document.size_bytes() <= budget_.limits().max_canonicalised_bytes) return {};
    return base::fail(Code::kLimitCost, {{"what", "canonicalisation of all references"}});
  }

  // One signature and what it stands among.
  struct Subject {
    const xml::Document& document;
    std::span<const std::optional<SignatureStructure>> all;
    std::size_t index;
    std::string id;  // where the Signature has no Id of its own
    const SoapMessage* message;
    pki::KeepOctets keep_octets;
  };

  // `checked`: what became of its References, where that is known.
  [[nodiscard]] base::Result<SignatureFacts> inspect_signature(const Subject& subject,
                                                               std::optional<CheckedReferences> checked) {
    const xml::Document& document = subject.document;
    const SignatureStructure& structure = *subject.all[subject.index];
    SignatureFacts out;
    out.id = structure.id.empty() ? subject.id : structure.id;
    out.algorithm = structure.algorithm;
    out.content_digests = structure.digests;
    out.algorithm_names = structure.algorithm_names;
    out.signature_value = structure.value;
    out.errors = structure.errors;

    TANBA_TRY(std::vector<CertificatePtr> certificates, read_certificates(document, structure, out));
    XadesProperties xades;
    if (auto read = read_xades(structure)) {
      xades = *std::move(read);
    } else {
      TANBA_CHECK(note(out.errors, std::move(read).error()));
    }
    if (!checked) {
      TANBA_TRY(checked, check_references(context_, document,
                                          {.signatures = subject.all,
                                           .index = subject.index,
                                           .signed_properties = xades.signed_properties,
                                           .keep_octets = subject.keep_octets,
                                           .message = subject.message},
                                          budget_));
    }
    CheckedReferences& references = *checked;
    out.errors.insert(out.errors.end(), references.errors.begin(), references.errors.end());
    out.warnings = std::move(references.warnings);
    out.covers = std::move(references.covers);
    // Properties that no reference covers are as if they were not there.
    if (references.properties == CheckedReferences::Properties::kNotCovered) {
      xades.signing_certificate.reset();
      xades.signing_time.reset();
      xades.signature_policy.reset();
    }
    out.claimed_signing_time = xades.signing_time;
    out.signature_policy = std::move(xades.signature_policy);
    if (xades.signing_certificate) out.certificate_reference = pki::CertificateReference::kSigned;
    TANBA_CHECK(verify_value(document, structure, std::move(certificates), xades, out));
    TANBA_CHECK(collect_evidence(document, structure, xades, out));
    if (out.errors.empty()) out.signed_octets = std::move(references.signed_octets);
    return out;
  }

  // A signature whose counter-signatures are to be looked at.
  struct Parent {
    std::string id;
    SignatureStructure structure;
    std::size_t depth = 0;
  };

  [[nodiscard]] base::Status inspect_counter_signatures(const xml::Document& document,
                                                        const SignatureStructure& structure, SignatureFacts& out) {
    out.countersignatures = static_cast<std::uint32_t>(counter_signatures_in(structure).size());
    std::deque<Parent> parents;
    if (out.countersignatures != 0) parents.push_back({out.id, structure, 0});
    for (; !parents.empty(); parents.pop_front()) {
      const Parent& parent = parents.front();
      const std::vector<Element> found = counter_signatures_in(parent.structure);
      if (found.empty()) continue;
      if (parent.depth == pki::kMaxCounterSignatureDepth) {
        out.counter_signatures.push_back(pki::counter_signatures_not_looked_at(parent.id, "counter-signatures in a row",
                                                                               pki::kMaxCounterSignatureDepth));
        continue;
      }
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (out.counter_signatures.size() >= pki::kMaxCounterSignatures) {
          out.counter_signatures.push_back(
              pki::counter_signatures_not_looked_at(parent.id, "counter-signatures", pki::kMaxCounterSignatures));
          return {};
        }
        TANBA_CHECK(inspect_counter_signature(document, parent, found[i], i + 1, out.counter_signatures, parents));
      }
    }
    return {};
  }

  // What ends it, other than a fault of ours, is an error of the counter-signature alone.
  [[nodiscard]] base::Status inspect_counter_signature(const xml::Document& document, const Parent& parent,
                                                       Element element, std::size_t number,
                                                       std::vector<pki::CounterSignatureFacts>& into,
                                                       std::deque<Parent>& parents) {
    const std::string id = parent.id + ".C" + std::to_string(number);
    std::vector<std::optional<SignatureStructure>> alone(1);
    auto facts = verify_counter_signature(document, parent, element, id, alone.front());
    if (!facts) {
      SignatureFacts ended;
      TANBA_CHECK(note_document(ended.errors, std::move(facts).error()));
      facts = std::move(ended);
    }
    facts->id = id;  // whatever Id it gives itself
    into.push_back(pki::counter_signature_from(*std::move(facts), parent.id));
    if (alone.front()) parents.push_back({id, *std::move(alone.front()), parent.depth + 1});
    return {};
  }

  [[nodiscard]] base::Result<SignatureFacts> verify_counter_signature(const xml::Document& document,
                                                                      const Parent& parent, Element element,
                                                                      const std::string& id,
                                                                      std::optional<SignatureStructure>& structure) {
    TANBA_TRY(const Element signature, signature_of(element));
    TANBA_TRY(structure, read_structure(signature, budget_.limits(), options_.forms));
    TANBA_TRY(SignatureFacts facts, inspect_signature({.document = document,
                                                       .all = std::span(&structure, 1),
                                                       .index = 0,
                                                       .id = id,
                                                       .message = nullptr,
                                                       .keep_octets = pki::KeepOctets::kNo},
                                                      {}));
    if (auto status = check_countersigns(document, *structure, parent.structure); !status) {
      facts.errors.push_back(std::move(status).error());
    }
    return facts;
  }

  [[nodiscard]] base::Result<std::vector<CertificatePtr>> read_certificates(const xml::Document& document,
                                                                            const SignatureStructure& structure,
                                                                            SignatureFacts& out) {
    TANBA_TRY(KeyInfo keys, read_key_info(context_, document, structure.key_info, budget_.limits()));
    out.errors.insert(out.errors.end(), keys.errors.begin(), keys.errors.end());
    if (keys.certificates.empty() && options_.forms == Forms::kConformance) {
      TANBA_TRY(keys.certificates, find_certificates(structure));
    }
    if (keys.certificates.empty()) {
      // Nothing is fetched; that a key lies elsewhere is said only where there is none here.
      for (std::string& uri : keys.elsewhere)
        out.errors.push_back(Error(Code::kXmlReferenceForbidden, {{"uri", std::move(uri)}}));
      out.errors.emplace_back(Code::kXmlNoCertificate);
    }
    for (const CertificatePtr& certificate : keys.certificates) TANBA_CHECK(add_certificate(certificate));
    crls_.add(keys.crls);
    return std::move(keys.certificates);
  }

  [[nodiscard]] static bool may_verify(pki::KeyKind key, pki::SignatureScheme scheme) {
    using pki::KeyKind;
    switch (scheme) {
      case pki::SignatureScheme::kRsaPkcs1:
        return key == KeyKind::kRsa;
      case pki::SignatureScheme::kRsaPss:
        return key == KeyKind::kRsa || key == KeyKind::kRsaPss;
      case pki::SignatureScheme::kEcdsa:
        return key == KeyKind::kEc;
      case pki::SignatureScheme::kDsa:
        return key == KeyKind::kDsa;
      default:
        return true;
    }
  }

  // Among those given. Each costs a verification until one fits, so there is an end to trying.
  [[nodiscard]] base::Result<std::vector<CertificatePtr>> find_certificates(const SignatureStructure& structure) {
    constexpr std::size_t kMaxTried = 16;
    const KeyHints hints = read_key_hints(structure.key_info);
    std::vector<CertificatePtr> found;
    for (const CertificatePtr& certificate : options_.certificates) {
      const auto same = [&](const CertificatePtr& other) { return other->digest() == certificate->digest(); };
      if (structure.algorithm && !may_verify(certificate->key().kind, structure.algorithm->scheme)) continue;
      if (found.size() == kMaxTried || std::ranges::any_of(found, same)) continue;
      TANBA_CHECK(budget_.charge_digest(certificate->der().size() * hints.digests.size()));
      const auto fitting = fits(context_, *certificate, hints);
      if (fitting && *fitting) found.push_back(certificate);
    }
    return found;
  }

  [[nodiscard]] base::Status add_certificate(const CertificatePtr& certificate) {
    const auto same = [&](const CertificatePtr& other) { return other->digest() == certificate->digest(); };
    if (std::ranges::any_of(facts_.certificates, same)) return {};
    if (facts_.certificates.size() == budget_.limits().max_certificates) {
      return too_many("certificates", budget_.limits().max_certificates);
    }
    facts_.certificates.push_back(certificate);
    return {};
  }

  // Whether one of the digests is the certificate's.
  [[nodiscard]] base::Result<bool> is_named(const pki::Certificate& certificate,
                                            const std::vector<XadesProperties::CertificateDigest>& names) {
    for (const auto& [algorithm, value] : names) {
      TANBA_CHECK(budget_.charge_digest(certificate.der().size()));
      TANBA_TRY(const base::Bytes digest, pki::compute_digest(context_, algorithm, certificate.der()));
      if (base::equal(digest, value)) return true;
    }
    return false;
  }

  // Who may have signed, likeliest first: whom the signed properties name, then who issued none of the others.
  [[nodiscard]] base::Result<std::vector<CertificatePtr>> in_order(std::vector<CertificatePtr> certificates,
                                                                   const XadesProperties& xades) {
    const std::vector<CertificatePtr> all = certificates;
    std::ranges::stable_partition(certificates, [&](const CertificatePtr& certificate) {
      return std::ranges::none_of(all, [&](const CertificatePtr& other) {
        return other->issuer() == certificate->subject() && other->digest() != certificate->digest();
      });
    });
    if (!xades.signing_certificate) return certificates;
    std::vector<CertificatePtr> named;
    std::vector<CertificatePtr> rest;
    for (CertificatePtr& certificate : certificates) {
      TANBA_TRY(const bool is_one, is_named(*certificate, *xades.signing_certificate));
      (is_one ? named : rest).push_back(std::move(certificate));
    }
    named.insert(named.end(), rest.begin(), rest.end());
    return named;
  }

  // XML-DSig 6.4.1, RFC 9231 2.3.6: DSA and ECDSA values are r and s side by side.
  [[nodiscard]] static base::Result<base::Bytes> value_of(const SignatureStructure& structure) {
    const auto scheme = structure.algorithm->scheme;
    if (scheme != pki::SignatureScheme::kEcdsa && scheme != pki::SignatureScheme::kDsa) return structure.value;
    return pki::ecdsa_from_concatenated(structure.value);
  }

  [[nodiscard]] base::Status verify_value(const xml::Document& document, const SignatureStructure& structure,
                                          std::vector<CertificatePtr> certificates, const XadesProperties& xades,
                                          SignatureFacts& out) {
    auto ordered = in_order(std::move(certificates), xades);
    if (!ordered) return note(out.errors, std::move(ordered).error());
    if (ordered->empty()) return {};
    out.certificate = ordered->front();
    if (!structure.algorithm || !structure.canonicalisation) return {};  // said already
    auto signed_info = xml::canonicalise(document, {structure.signed_info, {}}, structure.canonicalisation->method,
                                         structure.canonicalisation->prefixes, budget_);
    if (!signed_info) return note(out.errors, std::move(signed_info).error());
    TANBA_CHECK(budget_.charge_digest(signed_info->size()));
    const auto digest = pki::compute_digest(context_, structure.algorithm->digest, *signed_info);
    if (!digest) return note(out.errors, digest.error());
    const auto value = value_of(structure);
    if (!value) return note(out.errors, value.error());

    std::optional<Error> first_error;
    for (const CertificatePtr& certificate : *ordered) {
      TANBA_CHECK(budget_.charge_public_key_operation());
      auto verified = pki::verify_digest_signature(context_, certificate->key(), *structure.algorithm, *digest, *value);
      if (verified) {
        out.certificate = certificate;
        return check_signing_certificate(xades, out);
      }
      if (!first_error) first_error = std::move(verified).error();
    }
    return note(out.errors, *std::move(first_error));
  }

  [[nodiscard]] base::Status check_signing_certificate(const XadesProperties& xades, SignatureFacts& out) {
    if (!xades.signing_certificate) return {};
    const auto named = is_named(*out.certificate, *xades.signing_certificate);
    if (!named) return note(out.errors, named.error());
    if (!*named) out.errors.emplace_back(Code::kXmlSigningCertificate);
    return {};
  }

  // Unsigned properties: certificates and revocation values for whoever judges, and time stamps with what they are
  // over.
  [[nodiscard]] base::Status collect_evidence(const xml::Document& document, const SignatureStructure& structure,
                                              XadesProperties& xades, SignatureFacts& out) {
    for (const base::Bytes& der : xades.certificates) {
      // One that does not parse helps nobody; it is not the signature's fault either.
      if (auto certificate = context_.certificates().get(der)) TANBA_CHECK(add_certificate(*certificate));
    }
    crls_.add(xades.crls);
    ocsp_responses_.add(xades.ocsp_responses);
    std::map<xml::C14n, base::Bytes> stamped;  // each way once: it costs a walk over the document
    for (XadesProperties::SignatureTimeStamp& timestamp : xades.timestamps) {
      auto found = stamped.find(timestamp.method);
      if (found == stamped.end()) {
        auto octets = xml::canonicalise(document, {structure.value_element, {}, {}}, timestamp.method, {}, budget_);
        if (!octets) return note(out.errors, std::move(octets).error());
        found = stamped.emplace(timestamp.method, *std::move(octets)).first;
      }
      out.timestamp_tokens.push_back({.token = std::move(timestamp.token), .covered = found->second});
    }
    return {};
  }

  pki::Context& context_;
  base::Budget& budget_;
  const InspectOptions& options_;
  pki::DocumentFacts& facts_;
  EmbeddedValues crls_;  // of all signatures together
  EmbeddedValues ocsp_responses_;
  std::optional<SoapMessage> message_;
  std::vector<std::optional<SignatureStructure>> structures_;  // one for each of facts_.signatures
};

}  // namespace

base::Result<pki::DocumentFacts> inspect(pki::Context& context, base::ByteView xml, base::Budget& budget,
                                         const InspectOptions& options) {
  {
    pki::DocumentFacts facts;
    facts.format = pki::DocumentFormat::kXmlDsig;
    base::Budget trial = budget;  // an attempt that comes to nothing costs the caller nothing
    if (options.route == Route::kQuickest && Inspector(context, trial, options, facts).run_fast(xml)) {
      budget = trial;
      return facts;
    }
  }
  pki::DocumentFacts facts;
  facts.format = pki::DocumentFormat::kXmlDsig;
  const base::Status status = Inspector(context, budget, options, facts).run(xml);
  if (!status) TANBA_CHECK(note_document(facts.errors, status.error()));
  return facts;
}

}  // namespace tanba::xmldsig
