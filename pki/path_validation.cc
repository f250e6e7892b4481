#include "pki/path_validation.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "pki/der.h"
#include "pki/identity.h"
#include "pki/verify_signature.h"

namespace tanba::pki {
namespace {

using base::Code;
using base::Error;
using base::Result;
using base::Status;

using X509StackPtr = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>;
using PolicyStackPtr =
    std::unique_ptr<STACK_OF(ASN1_OBJECT),
                    decltype([](STACK_OF(ASN1_OBJECT) * stack) { sk_ASN1_OBJECT_pop_free(stack, ASN1_OBJECT_free); })>;

void keep(std::vector<Error>& errors, Status status) {
  if (!status) errors.push_back(std::move(status).error());
}

Error key_usage_error(const Certificate& certificate, std::string_view purpose) {
  return Error(Code::kPathKeyUsage, {{"certificate", certificate.label()}, {"purpose", std::string(purpose)}});
}

// --- OpenSSL's part --------------------------------------------------------------------------------------------------

std::vector<base::ErrorArgument> certificate_argument(const Certificate& certificate) {
  return {{"certificate", certificate.label()}};
}

// What X509_verify_cert found, in our words. Nothing for what is judged elsewhere (times).
std::optional<Error> translate(int error, const Certificate& certificate) {
  const std::string words = X509_verify_cert_error_string(error);
  switch (error) {
    case X509_V_OK:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return std::nullopt;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
      return Error(Code::kPathNotCa, certificate_argument(certificate), words);
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return key_usage_error(certificate, "certificate signing");
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return Error(Code::kPathLength, certificate_argument(certificate), words);
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
    case X509_V_ERR_UNNESTED_RESOURCE:
      return Error(Code::kPathNameConstraints, certificate_argument(certificate), words);
    case X509_V_ERR_INVALID_POLICY_EXTENSION:
    case X509_V_ERR_NO_EXPLICIT_POLICY:
      return Error(Code::kPathPolicy, {}, words);
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
      return Error(Code::kPathCriticalExtension, certificate_argument(certificate), words);
    case X509_V_ERR_OUT_OF_MEM:
    case X509_V_ERR_INVALID_CALL:
    case X509_V_ERR_STORE_LOOKUP:
      return Error::because(Code::kInternal, words);
    default:
      return Error(Code::kPathConstraint, {{"certificate", certificate.label()}, {"reason", words}});
  }
}

// One run of X509_verify_cert over a chain that the search has put together.
//
// OpenSSL builds chains by itself and does not go back on a wrong turn. Three of its hooks are used so that it judges
// exactly our chain: the trusted stack holds the anchor alone, "is this the issuer" is answered from our order, and the
// step that would verify the signatures a second time makes sure that the chain is ours (the signatures of exactly this
// chain were verified before, from memory where the same link was met before: with RSA-4096 that is half the cost of a
// new signer). No hook makes good what OpenSSL found wrong: whatever is reported to the callback ends in a refusal.
class OpensslValidation {
 public:
  // `keys` are those of the path with inherited parameters filled in.
  OpensslValidation(Context& context, const Path& path, const std::vector<PublicKeyInfo>& keys, const PathQuery& query)
      : context_(context), path_(path), keys_(keys), query_(query) {}

  Result<std::vector<Error>> run() {
    TANBA_CHECK(make_chain());
    store_.reset(X509_STORE_new());
    run_.reset(X509_STORE_CTX_new_ex(context_.library(), nullptr));
    const X509StackPtr untrusted(sk_X509_new_null()), trusted(sk_X509_new_null());
    if (!store_ || !run_ || !untrusted || !trusted) return out_of_memory();
    X509_STORE_set_check_issued(store_.get(), &OpensslValidation::check_issued);
    X509_STORE_set_verify(store_.get(), &OpensslValidation::check_chain_is_ours);
    X509_STORE_set_verify_cb(store_.get(), &OpensslValidation::record);
    for (std::size_t i = 0; i + 1 < chain_.size(); ++i) sk_X509_push(untrusted.get(), chain_[i].get());  // borrowed
    sk_X509_push(trusted.get(), chain_.back().get());
    if (X509_STORE_CTX_init(run_.get(), store_.get(), chain_.front().get(), untrusted.get()) != 1)
      return out_of_memory();
    X509_STORE_CTX_set0_trusted_stack(run_.get(), trusted.get());
    X509_STORE_CTX_set_app_data(run_.get(), this);
    TANBA_CHECK(set_parameters());
    const int verdict = X509_verify_cert(run_.get());
    add_if_unexplained(verdict);
    ERR_clear_error();
    run_.reset();  // before the stacks it borrows
    const auto fault = std::ranges::find(errors_, Code::kInternal, &Error::code);
    if (fault != errors_.end()) return base::fail(*fault);
    return std::move(errors_);
  }

 private:
  static std::unexpected<Error> out_of_memory() { return base::fail(Code::kInternal, drain_openssl_errors()); }

  Status make_chain() {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      TANBA_TRY(X509Ptr made, context_.x509(*path_.certificates[i]));
      if (lacks_parameters(path_.certificates[i]->key())) {
        TANBA_TRY(made, with_key(made.get(), keys_[i]));
      }
      chain_.push_back(std::move(made));
    }
    return {};
  }

  // OpenSSL 3.0 has no key for a certificate that inherits DSA parameters, and ends there. It gets a copy with the
  // whole key; the signature was verified over the certificate as it is.
  Result<X509Ptr> with_key(const X509* certificate, const PublicKeyInfo& key) {
    TANBA_TRY(EVP_PKEY * whole, context_.key(key));
    X509Ptr copy(X509_dup(certificate));
    if (!copy || X509_set_pubkey(copy.get(), whole) != 1) return out_of_memory();
    return copy;
  }

  // RFC 5280 6.1.1 (b) to (g).
  Status set_parameters() {
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(run_.get());
    const PolicyInputs& inputs = query_.policy_inputs;
    using Require = PolicyInputs::Require;
    // A certificate's own policyConstraints count always. X509_STRICT stays off: it asks a profile of roots and CAs
    // (key identifiers, critical basicConstraints) that RFC 5280 asks of those who issue, not of those who validate.
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
    if (inputs.explicit_policy == Require::kYes) flags |= X509_V_FLAG_EXPLICIT_POLICY;
    if (inputs.inhibit_any_policy == Require::kYes) flags |= X509_V_FLAG_INHIBIT_ANY;
    if (inputs.inhibit_policy_mapping == Require::kYes) flags |= X509_V_FLAG_INHIBIT_MAP;
    X509_VERIFY_PARAM_set_flags(parameters, flags);
    X509_VERIFY_PARAM_set_time(parameters, query_.at.time_since_epoch().count());
    X509_VERIFY_PARAM_set_auth_level(parameters, 0);  // strength is judged by check_algorithm
    // RFC 5280 6.1.1 (c): "the special value any-policy if the user is not concerned about certificate policy". OpenSSL
    // wants to be told so: no set at all it takes for an empty one.
    static const std::vector<Oid> kAnyPolicy = {Oid::literal("2.5.29.32.0")};
    PolicyStackPtr policies(sk_ASN1_OBJECT_new_null());
    for (const Oid& policy : inputs.initial_policies.empty() ? kAnyPolicy : inputs.initial_policies) {
      ASN1_OBJECT* object = OBJ_txt2obj(policy.dotted().c_str(), 1);
      if (!policies || object == nullptr) return out_of_memory();
      sk_ASN1_OBJECT_push(policies.get(), object);
    }
    if (X509_VERIFY_PARAM_set1_policies(parameters, policies.get()) != 1) return out_of_memory();
    return {};
  }

  [[nodiscard]] const Certificate& at_depth(int depth) const {
    const auto last = path_.certificates.size() - 1;
    return *path_.certificates[std::min(static_cast<std::size_t>(std::max(depth, 0)), last)];
  }

  void add(Error error) {
    if (std::ranges::find(errors_, error) == errors_.end()) errors_.push_back(std::move(error));
  }

  // A refusal without a cause that was reported is a refusal all the same, and so is a run that did not get as far as
  // comparing the chain.
  void add_if_unexplained(int verdict) {
    const int error = X509_STORE_CTX_get_error(run_.get());
    if (verdict != 1) {
      if (auto translated = translate(error, at_depth(X509_STORE_CTX_get_error_depth(run_.get())))) {
        add(*std::move(translated));
      }
    }
    if ((verdict == 1 && chain_is_ours_) || !errors_.empty()) return;
    add(Error(Code::kPathConstraint,
              {{"certificate", at_depth(0).label()}, {"reason", X509_verify_cert_error_string(error)}},
              drain_openssl_errors()));
  }

  static OpensslValidation& self(X509_STORE_CTX* run) {
    return *static_cast<OpensslValidation*>(X509_STORE_CTX_get_app_data(run));
  }

  static int check_issued(X509_STORE_CTX* run, X509* certificate, X509* issuer) {
    const auto& chain = self(run).chain_;
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
      if (chain[i].get() == certificate) return chain[i + 1].get() == issuer ? 1 : 0;
    }
    return 0;
  }

  static int check_chain_is_ours(X509_STORE_CTX* run) {
    OpensslValidation& validation = self(run);
    STACK_OF(X509)* built = X509_STORE_CTX_get0_chain(run);
    bool same = static_cast<std::size_t>(std::max(sk_X509_num(built), 0)) == validation.chain_.size();
    for (std::size_t i = 0; same && i < validation.chain_.size(); ++i) {
      same = sk_X509_value(built, static_cast<int>(i)) == validation.chain_[i].get();
    }
    validation.chain_is_ours_ = same;
    if (!same) X509_STORE_CTX_set_error(run, X509_V_ERR_UNSPECIFIED);
    return same ? 1 : 0;
  }

  // Goes on after each finding so that all are collected; what was recorded decides, not the return value.
  static int record(int ok, X509_STORE_CTX* run) {
    if (ok == 1) return 1;
    OpensslValidation& validation = self(run);
    const int depth = X509_STORE_CTX_get_error_depth(run);
    if (auto error = translate(X509_STORE_CTX_get_error(run), validation.at_depth(depth))) {
      validation.add(*std::move(error));
    }
    return 1;
  }

  Context& context_;
  const Path& path_;
  const std::vector<PublicKeyInfo>& keys_;
  const PathQuery& query_;
  std::vector<X509Ptr> chain_;
  X509StorePtr store_;
  X509StoreCtxPtr run_;
  std::vector<Error> errors_;
  bool chain_is_ours_ = false;
};

// --- times, trust, algorithms, purposes ------------------------------------------------------------------------------

void check_times(const Path& path, base::Time at, std::vector<Error>& errors) {
  for (const CertificatePtr& certificate : path.certificates) {
    // RFC 5280 4.1.2.5: the period "from notBefore through notAfter, inclusive".
    if (at < certificate->not_before()) {
      errors.push_back(Error(Code::kPathNotYetValid, {{"certificate", certificate->label()},
                                                      {"from", base::format_time(certificate->not_before())},
                                                      {"at", base::format_time(at)}}));
    }
    if (at > certificate->not_after()) {
      errors.push_back(Error(Code::kPathExpired, {{"certificate", certificate->label()},
                                                  {"until", base::format_time(certificate->not_after())},
                                                  {"at", base::format_time(at)}}));
    }
  }
}

void check_anchor(const Anchor& anchor, const PathQuery& query, std::vector<Error>& errors) {
  if (!anchor.purposes.has(query.trust_purpose)) {
    errors.push_back(Error(Code::kPathPurpose, {{"anchor", anchor.certificate->label()},
                                                {"purpose", std::string(to_string(query.trust_purpose))}}));
  }
  const bool early = anchor.trusted_from && query.at < *anchor.trusted_from;
  const bool late = anchor.trusted_until && query.at > *anchor.trusted_until;
  if (!early && !late) return;
  const auto text = [](const std::optional<base::Time>& time) {
    return time ? base::format_time(*time) : std::string("-");
  };
  errors.push_back(Error(Code::kPathAnchorWindow, {{"anchor", anchor.certificate->label()},
                                                   {"from", text(anchor.trusted_from)},
                                                   {"until", text(anchor.trusted_until)}}));
}

KeyFacts facts_of(const PublicKeyInfo& key) {
  return {.kind = key.kind, .bits = key.bits};
}

// Each signature below the anchor with the key that made it, and the leaf's own key; the anchor's own signature proves
// nothing and is not judged.
void check_algorithms(const Path& path, const std::vector<PublicKeyInfo>& keys, const PathQuery& query,
                      std::vector<Error>& errors) {
  const CertificatePtr& leaf = path.certificates.front();
  keep(errors, check_key(query.algorithm_policy, facts_of(keys.front()), query.at, leaf->label()));
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    const auto algorithm = signature_algorithm_from(path.certificates[i]->signature_algorithm());
    if (!algorithm) continue;  // check_link says so
    keep(errors, check_algorithm(query.algorithm_policy, *algorithm, facts_of(keys[i + 1]), query.at,
                                 path.certificates[i + 1]->label()));
  }
}

struct Usage {
  const char* extended = nullptr;  // the KeyPurposeId
  std::uint32_t key_usage = 0;     // one of these bits, where keyUsage is there
};

// RFC 5280 4.2.1.12 names the consistent keyUsage bits of each purpose.
Usage usage_for(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kTlsClient:
      return {.extended = "1.3.6.1.5.5.7.3.2", .key_usage = kDigitalSignature | kKeyAgreement};
    case KeyPurpose::kTlsServer:
      return {.extended = "1.3.6.1.5.5.7.3.1", .key_usage = kDigitalSignature | kKeyEncipherment | kKeyAgreement};
    case KeyPurpose::kOcspSigning:
      return {.extended = "1.3.6.1.5.5.7.3.9", .key_usage = kDigitalSignature | kNonRepudiation};
    case KeyPurpose::kTimeStamping:
      return {.extended = "1.3.6.1.5.5.7.3.8", .key_usage = kDigitalSignature | kNonRepudiation};
    case KeyPurpose::kSigning:
    case KeyPurpose::kAny:
      break;
  }
  return {};
}

bool extended_usage_allows(const Certificate& leaf, KeyPurpose purpose, const Oid& wanted) {
  static const Oid kExtendedKeyUsage = Oid::literal("2.5.29.37");
  static const Oid kAnyExtendedKeyUsage = Oid::literal("2.5.29.37.0");
  const auto& usages = leaf.extended_key_usage();
  switch (purpose) {
    case KeyPurpose::kOcspSigning:
      // RFC 6960 4.2.2.2: designated "by including a value of id-kp-OCSPSigning"; anything else does not designate.
      return leaf.has_extended_key_usage(wanted);
    case KeyPurpose::kTimeStamping:
      // RFC 3161 2.3: "only one instance of the extended key usage field extension … with KeyPurposeID having value
      // id-kp-timeStamping. This extension MUST be critical."
      return usages && usages->size() == 1 && usages->front() == wanted && leaf.extension(kExtendedKeyUsage)->critical;
    default:
      return !usages || leaf.has_extended_key_usage(wanted) || leaf.has_extended_key_usage(kAnyExtendedKeyUsage);
  }
}

// Deviation: extended key usages of the authorities above are not taken as limits; RFC 5280 gives them none.
Status check_purpose(const Certificate& leaf, KeyPurpose purpose, PolicyId policy) {
  if (purpose == KeyPurpose::kAny) return {};
  if (purpose == KeyPurpose::kSigning) {
    // RFC 5280 4.2.1.3: either bit lets a key verify signatures other than those on certificates and CRLs; that both
    // are wanted is the flow's rule (kz-pki 2).
    const bool may_sign = !leaf.key_usage() || (*leaf.key_usage() & (kDigitalSignature | kNonRepudiation)) != 0;
    if ((policy == PolicyId::kConformance && may_sign) || is_signing_key(leaf)) return {};
    const auto& ends = leaf.extended_key_usage();
    std::string usages = ends ? "its extended key usages:" : "it has no extended key usage";
    if (ends) {
      for (const Oid& end : *ends) usages += " " + end.dotted();
    }
    return base::fail(Error(Code::kCertificateNotSigningKey, certificate_argument(leaf), usages));
  }
  const Usage usage = usage_for(purpose);
  if (!extended_usage_allows(leaf, purpose, Oid::literal(usage.extended)) ||
      (leaf.key_usage() && (*leaf.key_usage() & usage.key_usage) == 0)) {
    return base::fail(key_usage_error(leaf, to_string(purpose)));
  }
  return {};
}

Error with_label(const Error& error, const Certificate& certificate, const PublicKeyInfo& key) {
  if (error.code() != Code::kCertificateUnsupportedKey) return error;
  return Error(Code::kCertificateUnsupportedKey, {{"certificate", certificate.label()}, {"algorithm", key.algorithm}},
               error.cause());
}

// Every link, and that the leaf's own key can be used. Remembered links cost a look-up.
Status check_links(Context& context, const Path& path, const std::vector<PublicKeyInfo>& keys, base::Budget& budget,
                   std::vector<Error>& errors) {
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    auto status = check_link(context, *path.certificates[i], *path.certificates[i + 1], keys[i + 1], budget);
    if (status) continue;
    if (status.error().code() == Code::kLimitCost || status.error().code() == Code::kInternal) return status;
    errors.push_back(std::move(status).error());
  }
  if (auto key = context.key(keys.front()); !key) {
    errors.push_back(with_label(key.error(), *path.certificates.front(), keys.front()));
  }
  return {};
}

bool has(const std::vector<Error>& errors, Code code) {
  return std::ranges::find(errors, code, &Error::code) != errors.end();
}

}  // namespace

void rank_errors(std::vector<Error>& errors) {
  std::ranges::stable_sort(errors, {}, [](const Error& error) { return base::info(error.code()).sub_indication; });
}

Status check_may_issue(const Certificate& issuer) {
  // RFC 5280 6.1.4 (k): "verify that the basicConstraints extension is present and that cA is set to TRUE".
  if (!issuer.is_ca()) return base::fail(Error(Code::kPathNotCa, certificate_argument(issuer)));
  // (n): "If a key usage extension is present, verify that the keyCertSign bit is set."
  if (issuer.key_usage() && (*issuer.key_usage() & kKeyCertSign) == 0) {
    return base::fail(key_usage_error(issuer, "certificate signing"));
  }
  return {};
}

PublicKeyInfo with_inherited_parameters(const PublicKeyInfo& key, const PublicKeyInfo& issuer_key) {
  if (!lacks_parameters(key) || issuer_key.kind != KeyKind::kDsa || lacks_parameters(issuer_key)) return key;
  // The issuer's AlgorithmIdentifier with this key's BIT STRING.
  const auto whole = der::parse_single(issuer_key.spki, der::kSequence, "SubjectPublicKeyInfo");
  if (!whole) return key;
  const auto algorithm = der::Reader(whole->value).next();
  if (!algorithm) return key;
  base::Bytes bits = {0};
  bits.insert(bits.end(), key.bits_value.begin(), key.bits_value.end());
  auto completed = parse_public_key_info(der::write_sequence({algorithm->whole, der::write(der::kBitString, bits)}));
  return completed ? *std::move(completed) : key;
}

std::vector<PublicKeyInfo> effective_keys(std::span<const CertificatePtr> path) {
  std::vector<PublicKeyInfo> keys(path.size());
  if (path.empty()) return keys;
  keys.back() = path.back()->key();
  for (std::size_t i = keys.size() - 1; i-- > 0;) keys[i] = with_inherited_parameters(path[i]->key(), keys[i + 1]);
  return keys;
}

Status check_link(Context& context, const Certificate& certificate, const Certificate& issuer,
                  const PublicKeyInfo& issuer_key, base::Budget& budget) {
  if (knows_certificate_signature(context, certificate, issuer_key)) return {};
  TANBA_CHECK(budget.charge_public_key_operation());
  auto verified = verify_certificate_signature(context, certificate, issuer_key);
  if (verified) return {};
  const Error& error = verified.error();
  if (error.code() == Code::kSignatureBroken || error.code() == Code::kAlgorithmMismatch) {
    return base::fail(Error(Code::kPathBadSignature, {{"certificate", certificate.label()}, {"issuer", issuer.label()}},
                            error.cause()));
  }
  return base::fail(with_label(error, issuer, issuer_key));
}

Result<std::vector<Error>> validate_path(Context& context, const Path& path, const PathQuery& query,
                                         base::Budget& budget) {
  std::vector<Error> errors;
  const std::vector<PublicKeyInfo> keys = effective_keys(path.certificates);
  TANBA_CHECK(check_links(context, path, keys, budget, errors));
  check_anchor(*query.trust->anchor_of(path.certificates.back()->digest()), query, errors);
  check_times(path, query.at, errors);
  check_algorithms(path, keys, query, errors);
  keep(errors, check_purpose(*path.certificates.front(), query.key_purpose, query.algorithm_policy));
  // OpenSSL refuses to go on without every key; that is said already.
  if (!has(errors, Code::kCertificateUnsupportedKey)) {
    auto found = OpensslValidation(context, path, keys, query).run();
    if (!found && found.error().code() != Code::kCertificateMalformed) return found;
    if (!found)
      errors.push_back(std::move(found).error());
    else
      errors.insert(errors.end(), found->begin(), found->end());
  }
  rank_errors(errors);
  return errors;
}

}  // namespace tanba::pki
