#include "verify/revocation.h"

#include <algorithm>
#include <utility>

#include "pki/identity.h"
#include "pki/path_validation.h"
#include "verify/claim.h"
#include "verify/crl_status.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using base::Time;
using pki::CertificatePtr;

// Evidence for evidence: certificate, its responder, the responder's responder, one more (DESIGN 3).
constexpr std::size_t kMaxEvidenceDepth = 4;

struct Closing {
  std::vector<base::Digest>& open;
  ~Closing() { open.pop_back(); }
};

// RFC 6960 4.4.4: archiveCutoff is how a responder says that it keeps what it knows beyond a certificate's end. Without
// it "good" may mean no more than that an ended certificate was forgotten; "revoked" means what it says.
base::Status check_archive(const ocsp::SingleResponse& answer, const pki::Certificate& certificate) {
  if (answer.status != ocsp::CertStatus::kGood || answer.this_update <= certificate.not_after()) return {};
  if (answer.archive_cutoff && *answer.archive_cutoff <= certificate.not_after()) return {};
  return base::fail(Code::kOcspArchiveCutoff,
                    {{"certificate", certificate.label()}, {"this_update", base::format_time(answer.this_update)}});
}

bool is_internal(const Error& error) {
  return base::info(error.code()).effect == base::Effect::kInternal;
}

// A revocation harms a signature that is proved to have existed before it, only when the key was doubtful already then
// (RFC 5280 5.3.2: the invalidity date "may be earlier than the revocation date").
bool counts_at(Time at, Time revoked, const std::optional<Time>& invalid_since) {
  return revoked <= at || (invalid_since && *invalid_since <= at);
}

// A time stamp is its own proof of its time, which ends with the key: whoever has the key can stamp any past time.
// RFC 3161 4 (1): with the reasons "unspecified (0), affiliationChanged (3), superseded (4) or cessationOfOperation (5)
// … tokens generated before the revocation time will remain valid. When the reasonCode extension … is not present …
// then all the tokens that have been signed with the corresponding key SHALL be considered as invalid"; (2): after a
// compromise "any token signed by the TSA using that private key cannot be trusted anymore".
bool ends_every_token(ocsp::RevocationReason reason) {
  switch (reason) {
    case ocsp::RevocationReason::kUnspecified:
    case ocsp::RevocationReason::kAffiliationChanged:
    case ocsp::RevocationReason::kSuperseded:
    case ocsp::RevocationReason::kCessationOfOperation:
      return false;
    default:
      return true;
  }
}

// The name of the fact "nothing in this path speaks against the responder, whatever the time".
base::Digest responder_path_fact(const pki::Path& path, const pki::TrustSnapshot& trust) {
  static constexpr std::string_view kWhat = "path of an OCSP responder";
  base::Sha256 name;
  name.update(base::as_bytes(kWhat));
  name.update(trust.id().view());
  for (const CertificatePtr& certificate : path.certificates) name.update(certificate->digest().view());
  return name.finish();
}

// RFC 6960 4.2.2.2 lets an authority name its responder; that it may is RFC 5280 6.1's to say: critical extensions that
// nobody knows, names and policies that those above allow, and an anchor that is trusted for responders. Times and
// algorithms are judged apart from it, as of the answer, so what was found here stays true under one list of anchors.
base::Result<std::optional<Error>> check_responder_path(pki::Context& context, const JudgeInput& input,
                                                        base::Budget& budget, const CertificatePtr& responder,
                                                        PathPart issuers, Time at) {
  if (input.trust->anchor_of(issuers.back()->digest()) == nullptr) {
    return Error::because(Code::kOcspResponder, "the responder's certificate: its authority is under no anchor");
  }
  pki::Path path{.certificates = {responder}};
  path.certificates.insert(path.certificates.end(), issuers.begin(), issuers.end());
  const base::Digest fact = responder_path_fact(path, *input.trust);
  if (context.knows_verified(fact)) return std::nullopt;
  const pki::PathQuery query{.leaf = responder,
                             .trust = input.trust,
                             .candidates = {},
                             .at = at,
                             .trust_purpose = pki::TrustPurpose::kOcsp,
                             .key_purpose = pki::KeyPurpose::kOcspSigning,
                             .algorithm_policy = pki::PolicyId::kConformance,
                             .policy_inputs = {}};
  TANBA_TRY(const std::vector<Error> errors, validate_path(context, path, query, budget));
  for (const Error& error : errors) {
    const bool of_time = error.code() == Code::kPathExpired || error.code() == Code::kPathNotYetValid ||
                         error.code() == Code::kPathAnchorWindow;
    if (!of_time) return Error::because(Code::kOcspResponder, "the responder's certificate: " + error.message());
  }
  context.remember_verified(fact);
  return std::nullopt;
}

}  // namespace

std::string reason_text(ocsp::RevocationReason reason) {
  return reason == ocsp::RevocationReason::kNone ? "unspecified" : std::string(to_string(reason));
}

Error revoked_error(const pki::Certificate& certificate, CertificateRole role, Time since,
                    ocsp::RevocationReason reason, const std::string& source) {
  if (reason == ocsp::RevocationReason::kCertificateHold) {
    return Error(Code::kRevocationOnHold,
                 {{"certificate", certificate.label()}, {"since", base::format_time(since)}, {"source", source}});
  }
  const Code code = role == CertificateRole::kAuthority ? Code::kRevocationCaRevoked : Code::kRevocationRevoked;
  return Error(code, {{"certificate", certificate.label()},
                      {"since", base::format_time(since)},
                      {"reason", reason_text(reason)},
                      {"source", source}});
}

Existence existence_of(const JudgeInput& input) {
  return {.now = input.now,
          .existed_at = input.existed_at,
          .proof = input.evidence_since ? Proof::kTimeStamp : Proof::kVouchedFor};
}

Time evidence_time(const JudgeInput& input) {
  return input.evidence_since.value_or(input.existed_at.value_or(input.now));
}

JudgeInput at_time_of_evidence(const JudgeInput& input, Time made_at) {
  JudgeInput then = input;
  then.evidence_since = evidence_time(input);
  then.existed_at = made_at;
  return then;
}

void RevocationJudge::note_beneath(const CertificatePtr& signer, std::vector<RevocationEntry> entries,
                                   Beneath further) {
  beneath_.certificates.push_back(signer);
  std::ranges::move(entries, std::back_inserter(beneath_.revocation));
  std::ranges::move(further.revocation, std::back_inserter(beneath_.revocation));
  std::ranges::move(further.certificates, std::back_inserter(beneath_.certificates));
}

// Evidence by somebody of whom it is not known whether the certificate is revoked may count yet: DESIGN 3, each claim
// names what it needs.
void RevocationJudge::note_lacks(const RevocationVerdict& of_signer) {
  if (of_signer.errors.empty() || refuses(of_signer.errors)) return;
  add_each_once(lacks_of_signers_.needs, of_signer.needs);
  add_each_once(lacks_of_signers_.missing, of_signer.missing);
}

struct RevocationJudge::Gathered {
  std::vector<Error> refusals;  // revoked, held, unknown
  std::vector<Error> unusable;  // why evidence at hand does not count
  std::vector<Error> ended;     // good evidence that was current when it mattered, and is not any more
  std::vector<RevocationEntry> entries;
  GoodEvidence good;
  GoodEvidence without_document;  // of it, what is not only in the document
  bool ocsp_bad = false;
  bool crl_bad = false;
  std::vector<std::string> delta_sources;  // that may go on from the lists that decided
  [[nodiscard]] bool disagree() const { return (good.ocsp && crl_bad) || (good.crl && ocsp_bad); }
  void note_ended(const Age& age) {
    good.ocsp_then = true;
    if (age.error) ended.push_back(*age.error);
  }
  // Evidence that is not current is good only under the rule's grace.
  void good_ocsp(const Age& age, bool chosen) {
    if (age.freshness == Freshness::kInGrace)
      good.ocsp_in_grace = age;
    else if (age.freshness == Freshness::kThen)
      note_ended(age);
    else
      good.ocsp = true;
    without_document.ocsp |= age.freshness == Freshness::kCurrent && !chosen;
  }
};

bool RevocationJudge::counts(CertificateRole role, ocsp::RevocationReason reason, Time revoked,
                             const std::optional<Time>& invalid_since) const {
  // Only what is proved to be older can have been there before: whoever is judged as of now is judged by what is known
  // now, whatever date an entry bears. A date that still lies ahead is no order of events either while the proof is as
  // young as clocks may differ.
  if (!input_.existed_at) return true;
  const base::Seconds skew = std::max(input_.policy.ocsp_freshness.max_skew, input_.policy.crl_freshness.max_skew);
  if (revoked > input_.now && *input_.existed_at + skew >= input_.now) return true;
  const bool stamps = input_.key_purpose == pki::KeyPurpose::kTimeStamping && role == CertificateRole::kEndEntity;
  // Answers and lists are their signer's own word for their time too, and an authority's key makes responders.
  const bool vouches =
      role == CertificateRole::kEvidenceSigner || (role == CertificateRole::kAuthority && input_.evidence_since);
  return ((stamps || vouches) && ends_every_token(reason)) || counts_at(*input_.existed_at, revoked, invalid_since);
}

void RevocationJudge::gather_holds(const pki::Certificate& certificate, Gathered& out) const {
  const pki::Identity identity = identity_of(certificate);
  for (const LocalHold& hold : input_.evidence->holds()) {
    const bool applies = (hold.over == LocalHold::Over::kCertificate && hold.value == certificate.digest().hex()) ||
                         (hold.over == LocalHold::Over::kKey && hold.value == certificate.key().digest.hex()) ||
                         (hold.over == LocalHold::Over::kIin && identity.iin == hold.value) ||
                         (hold.over == LocalHold::Over::kBin && identity.bin == hold.value) ||
                         (hold.over == LocalHold::Over::kSerial && hold.value == certificate.serial_hex() &&
                          hold.issuer == certificate.issuer().rfc4514());
    if (!applies) continue;
    out.refusals.emplace_back(
        Code::kRevocationLocalHold,
        std::vector<base::ErrorArgument>{
            {"certificate", certificate.label()}, {"since", base::format_time(hold.since)}, {"reason", hold.reason}});
    out.entries.push_back({.certificate = certificate.label(),
                           .source = "local",
                           .kind = "hold",
                           .status = RevocationStatus::kOnHold,
                           .this_update = hold.since,
                           .next_update = {},
                           .revocation_time = hold.since,
                           .reason = hold.reason,
                           .evidence = {}});
  }
}

base::Result<std::vector<Error>> RevocationJudge::check_responder(const ocsp::OcspResponse& response,
                                                                  PathPart issuers) {
  const CertificatePtr& issuer = issuers.front();
  TANBA_CHECK(budget_.charge_public_key_operation(2));  // the response's signature and the delegate's certificate
  auto responder = ocsp::verify_response(context_, response, issuer, input_.candidates);
  if (!responder) {
    if (is_internal(responder.error())) return base::fail(responder.error());
    return std::vector{responder.error()};
  }
  std::vector<Error> errors;
  const pki::Certificate& signer = *responder->certificate;
  const Time at = evidence_time(input_);
  const pki::KeyFacts key{signer.key().kind, signer.key().bits};
  if (auto algorithm = pki::parse_algorithm_identifier(response.signature_algorithm)) {
    if (auto parsed = pki::signature_algorithm_from(*algorithm)) {
      if (auto ok = check_algorithm(input_.policy.id, *parsed, key, at, signer.label()); !ok)
        errors.push_back(ok.error());
    }
  }
  // The issuer's own certificate is judged with the path, for the time of the signature; it answered later.
  if (input_.existed_at && response.produced_at > issuer->not_after()) {
    errors.push_back(Error::because(Code::kOcspResponder, "the authority's certificate had ended before the answer"));
  }
  if (responder->right == ocsp::Responder::Right::kIssuer) return errors;
  // When the signature's existence is vouched for, the responder answered later: its certificate is judged then.
  const Time responder_at = input_.existed_at ? response.produced_at : input_.now;
  if (responder_at < signer.not_before() || responder_at > signer.not_after()) {
    errors.push_back(Error::because(Code::kOcspResponder, "the responder's certificate is outside its validity"));
  }
  if (auto algorithm = pki::signature_algorithm_from(signer.signature_algorithm())) {
    const pki::KeyFacts issuer_key{issuer->key().kind, issuer->key().bits};
    if (auto ok = check_algorithm(input_.policy.id, *algorithm, issuer_key, at, issuer->label()); !ok) {
      errors.push_back(ok.error());
    }
  }
  if (errors.empty()) {
    TANBA_TRY(auto unfit,
              check_responder_path(context_, input_, budget_, responder->certificate, issuers, responder_at));
    if (unfit) errors.push_back(*std::move(unfit));
  }
  if (errors.empty()) {
    TANBA_TRY(errors, check_responder_revocation(response, *responder, issuers));
  }
  return errors;
}

// RFC 6960 4.2.2.2.1: without id-pkix-ocsp-nocheck the responder's own certificate has to be checked. With it a client
// "can trust a responder for the lifetime of the responder's certificate": nothing has to be asked for. That frees from
// having to check, not from what is known: an answer by a key that evidence at hand calls lost, or that is held here,
// is nobody's.
base::Result<std::vector<Error>> RevocationJudge::check_responder_revocation(const ocsp::OcspResponse& response,
                                                                             const ocsp::Responder& responder,
                                                                             PathPart issuers) {
  const bool no_check = responder.certificate->has_ocsp_no_check();
  std::vector<CertificatePtr> path{responder.certificate};
  path.insert(path.end(), issuers.begin(), issuers.end());
  JudgeInput then = input_.existed_at ? at_time_of_evidence(input_, response.produced_at) : input_;
  if (no_check && then.policy.revocation == RevocationMode::kRequire) {
    then.policy.revocation = RevocationMode::kIfAvailable;
  }
  RevocationJudge judge(context_, cache_, then, budget_);
  judge.open_ = open_;
  TANBA_TRY(RevocationVerdict own, judge.check(path, CertificateRole::kEvidenceSigner));
  note_beneath(responder.certificate, own.entries, judge.take_beneath());
  if (own.errors.empty()) return std::vector<Error>{};
  const auto is_depth = [](const Error& error) { return error.code() == Code::kEvidenceDepth; };
  // What is lacking about one that need not be checked is no reason; that nothing was looked at any more is.
  if (no_check && !refuses(own.errors) && std::ranges::none_of(own.errors, is_depth)) return std::vector<Error>{};
  note_lacks(own);
  std::vector<Error> errors{
      Error::because(Code::kOcspResponder, "the responder's certificate: " + own.errors.front().message())};
  // No further evidence mends these: whoever reads the report is to see them, however far down they are.
  std::ranges::copy_if(own.errors, std::back_inserter(errors),
                       [&](const Error& error) { return is_depth(error) || error.code() == Code::kEvidenceCycle; });
  return errors;
}

base::Status RevocationJudge::gather_ocsp(PathPart path, CertificateRole role, Gathered& out) {
  const CertificatePtr& certificate = path[0];
  const CertificatePtr& issuer = path[1];
  const FreshnessRule rule = rule_for(input_.policy, *issuer);
  for (const OcspItem& item : input_.evidence->ocsp()) {
    const auto answer = ocsp::find_answer(context_, *item.response, *certificate, *issuer);
    if (!answer) {
      // An answer that was fetched for this certificate, or given by hand, and speaks of another one is worth saying.
      const bool meant = item.asked_for ? item.asked_for == certificate->digest() : item.source != kEmbedded;
      if (meant) out.unusable.push_back(answer.error());
      continue;
    }
    const Age age = judge_age(*answer, rule, existence_of(input_));
    if (age.error) out.unusable.push_back(*age.error);
    if (age.freshness == Freshness::kNo) continue;
    if (!item.nonce.empty()) {
      if (auto nonce = ocsp::check_nonce(*item.response, item.nonce); !nonce) {
        out.unusable.push_back(nonce.error());
        continue;
      }
    }
    if (auto kept = check_archive(*answer, *certificate); !kept) {
      out.unusable.push_back(kept.error());
      continue;
    }
    TANBA_TRY(const std::vector<Error> responder, check_responder(*item.response, path.subspan(1)));
    if (!responder.empty()) {
      // Evidence that does not verify counts as absent: a weak or broken response is no verdict on the certificate.
      for (const Error& error : responder) {
        const bool of_evidence = base::info(error.code()).effect == base::Effect::kRetry;
        out.unusable.push_back(of_evidence ? error : Error::because(Code::kOcspSignature, error.message()));
      }
      continue;
    }
    RevocationEntry entry{.certificate = certificate->label(),
                          .source = item.source,
                          .kind = "OCSP",
                          .status = RevocationStatus::kGood,
                          .this_update = answer->this_update,
                          .next_update = answer->next_update,
                          .revocation_time = {},
                          .reason = {},
                          .evidence = item.id.hex(),
                          .holds = false,
                          .certificate_digest = certificate->digest().hex()};
    if (answer->status == ocsp::CertStatus::kUnknown) {
      entry.status = RevocationStatus::kUnknown;
      out.refusals.emplace_back(Code::kOcspUnknown,
                                std::vector<base::ErrorArgument>{{"certificate", certificate->label()}});
      out.ocsp_bad = true;
    } else if (ocsp::is_unknown_to_ca(*item.response, *answer)) {
      entry.status = RevocationStatus::kUnknown;
      entry.reason = "unknown to the authority";
      out.refusals.emplace_back(
          Code::kRevocationUnknownToCa,
          std::vector<base::ErrorArgument>{{"certificate", certificate->label()}, {"source", item.source}});
      out.ocsp_bad = true;
    } else if (answer->status == ocsp::CertStatus::kRevoked) {
      const bool hold = answer->reason == ocsp::RevocationReason::kCertificateHold;
      entry.status = hold ? RevocationStatus::kOnHold : RevocationStatus::kRevoked;
      entry.revocation_time = answer->revocation_time;
      entry.reason = reason_text(answer->reason);
      if (counts(role, answer->reason, answer->revocation_time, answer->invalidity_date)) {
        out.refusals.push_back(revoked_error(*certificate, role, answer->revocation_time, answer->reason, item.source));
        out.ocsp_bad = true;
      } else {
        entry.holds = true;
      }
    } else {
      if (only_in_document(item) && !input_.existed_at) {
        if (auto old = too_old_to_bring(*answer, input_.policy, rule, input_.now)) {
          out.unusable.push_back(*std::move(old));
          continue;
        }
      }
      entry.holds = true;
    }
    if (entry.holds) out.good_ocsp(age, is_signers_choice(input_, item, answer->this_update));
    if (age.freshness == Freshness::kInGrace) entry.holds = false;
    out.entries.push_back(std::move(entry));
  }
  return {};
}

base::Status RevocationJudge::gather_crls(PathPart path, CertificateRole role, Gathered& out) {
  TANBA_TRY(CrlStatus status, CrlStatusJudge(*this, context_, cache_, input_, budget_).judge(path, role));
  std::ranges::move(status.refusals, std::back_inserter(out.refusals));
  std::ranges::move(status.unusable, std::back_inserter(out.unusable));
  std::ranges::move(status.ended, std::back_inserter(out.ended));
  std::ranges::move(status.entries, std::back_inserter(out.entries));
  out.good.crl = status.good;
  out.without_document.crl = status.good_without_document;
  out.good.crl_then = status.good_then;
  out.good.crl_in_grace = status.good_in_grace;
  out.crl_bad = status.bad;
  out.delta_sources = std::move(status.delta_sources);
  return {};
}

void RevocationJudge::name_needs(const CertificatePtr& certificate, const CertificatePtr& issuer,
                                 const GoodEvidence& found, RevocationVerdict& verdict) const {
  const EvidenceRule rule = rule_for(input_.policy, *issuer).evidence;
  const std::vector<std::string_view> lacks = lacking(rule, found);
  const auto lacked = [&](Need::Kind kind) { return std::ranges::find(lacks, to_string(kind)) != lacks.end(); };
  Need ocsp{Need::Kind::kOcsp, certificate, issuer, certificate->ocsp_urls()};
  Need crl{Need::Kind::kCrl, certificate, issuer, {}};
  for (const pki::DistributionPoint& point : certificate->crl_points()) {
    crl.sources.insert(crl.sources.end(), point.urls.begin(), point.urls.end());
  }
  const auto unasked = [&](Need need) {
    std::erase_if(need.sources,
                  [&](const std::string& source) { return input_.evidence->was_asked(source, certificate->digest()); });
    return need;
  };
  // OCSP first; the list when OCSP cannot answer, or when the rule asks for both.
  const bool either = rule == EvidenceRule::kOcspOrCrl;
  if (Need next = unasked(ocsp); lacked(Need::Kind::kOcsp) && !next.sources.empty())
    verdict.needs.push_back(std::move(next));
  if (Need next = unasked(crl);
      lacked(Need::Kind::kCrl) && !next.sources.empty() && !(either && !verdict.needs.empty())) {
    verdict.needs.push_back(std::move(next));
  }
  if (lacked(Need::Kind::kOcsp) && (!ocsp.sources.empty() || rule == EvidenceRule::kOcspOnly)) {
    verdict.missing.push_back(std::move(ocsp));
  }
  if (lacked(Need::Kind::kCrl) && (!crl.sources.empty() || verdict.missing.empty())) {
    verdict.missing.push_back(std::move(crl));
  }
}

// ADR 0006: an archive is content with what whoever checked at the time of the stamp would have gone by. Who hands in
// something new can bring a stamp of any time since the certificate was issued, and a list from before the revocation:
// while somebody still answers for the certificate, that somebody has to be heard.
bool RevocationJudge::must_be_current(const pki::Certificate& certificate, CertificateRole role) const {
  if (input_.policy.id != pki::PolicyId::kKzSubmission || role == CertificateRole::kEvidenceSigner) return false;
  // Authorities outlast whom they certified; what rests on one that has ended is no new submission by its holder.
  if (!claimed_until_ || input_.now > *claimed_until_) return false;
  const bool can_be_asked = !certificate.ocsp_urls().empty() ||
                            std::ranges::any_of(certificate.crl_points(), [](const pki::DistributionPoint& point) {
                              return !point.urls.empty();
                            });
  return can_be_asked && input_.now <= certificate.not_after();
}

// Only when every source was asked and one did not serve.
bool RevocationJudge::take_grace(const pki::Certificate& certificate, EvidenceRule rule, const GoodEvidence& found,
                                 RevocationVerdict& verdict) const {
  if (!verdict.needs.empty() || !source_is_down(*input_.evidence, certificate.digest())) return false;
  const auto used = enough_in_grace(rule, found);
  if (!used) return false;
  for (const Age& age : *used) {
    verdict.warnings.emplace_back(Code::kRevocationGrace,
                                  std::vector<base::ErrorArgument>{{"certificate", certificate.label()},
                                                                   {"this_update", base::format_time(age.this_update)},
                                                                   {"until", base::format_time(age.until)}});
  }
  verdict.missing.clear();
  return true;
}

void RevocationJudge::note_lacking(const pki::Certificate& certificate, EvidenceRule rule, const GoodEvidence& found,
                                   RevocationVerdict& verdict) {
  for (const std::string_view kind : lacking(rule, found)) {
    verdict.errors.emplace_back(Code::kRevocationNotEnough,
                                std::vector<base::ErrorArgument>{{"needed", std::string(to_string(rule))},
                                                                 {"certificate", certificate.label()},
                                                                 {"missing", std::string(kind)}});
  }
}

// A list that is good for itself may be followed by a delta that says more: it is asked for once, and when it does not
// come the list counts as it is (RFC 5280 6.3.3: deltas are used where they are at hand).
void RevocationJudge::name_deltas(const CertificatePtr& certificate, const CertificatePtr& issuer,
                                  const Gathered& gathered, RevocationVerdict& verdict) const {
  Need delta{Need::Kind::kCrl, certificate, issuer, {}};
  for (const std::string& source : gathered.delta_sources) {
    if (!input_.evidence->was_asked(source, certificate->digest())) delta.sources.push_back(source);
  }
  if (!delta.sources.empty()) verdict.needs.push_back(std::move(delta));
}

base::Result<RevocationVerdict> RevocationJudge::check(PathPart path, CertificateRole role) {
  const CertificatePtr& certificate = path[0];
  const CertificatePtr& issuer = path[1];
  RevocationVerdict verdict;
  const auto not_checked = [&] {
    verdict.warnings.emplace_back(Code::kRevocationNotChecked,
                                  std::vector<base::ErrorArgument>{{"certificate", certificate->label()}});
  };
  if (std::ranges::find(open_, certificate->digest()) != open_.end()) {
    verdict.errors.emplace_back(Code::kEvidenceCycle);
    return verdict;
  }
  if (open_.size() >= kMaxEvidenceDepth) {
    verdict.errors.emplace_back(Code::kEvidenceDepth);
    return verdict;
  }
  open_.push_back(certificate->digest());
  const Closing closing{open_};

  Gathered gathered;
  gather_holds(*certificate, gathered);
  if (input_.policy.revocation == RevocationMode::kOff) {
    verdict.errors = std::move(gathered.refusals);
    verdict.entries = std::move(gathered.entries);
    not_checked();
    return verdict;
  }
  Lacks of_others = std::exchange(lacks_of_signers_, {});
  TANBA_CHECK(gather_ocsp(path, role, gathered));
  TANBA_CHECK(gather_crls(path, role, gathered));
  const Lacks of_signers = std::exchange(lacks_of_signers_, std::move(of_others));
  verdict.errors = std::move(gathered.refusals);
  verdict.entries = std::move(gathered.entries);
  if (gathered.disagree()) {
    verdict.warnings.emplace_back(Code::kRevocationDisagreement,
                                  std::vector<base::ErrorArgument>{{"certificate", certificate->label()}});
  }
  const EvidenceRule rule = rule_for(input_.policy, *issuer).evidence;
  if (!verdict.errors.empty()) return verdict;
  if (lacking(rule, gathered.good).empty()) {
    // What only the document brings counts, and does not keep sources from being asked: its signer chose it, and as of
    // when. Where nothing proves that the signature is older, or the policy asks for it, the newest word decides.
    const bool newest_decides = !input_.existed_at || must_be_current(*certificate, role);
    if (newest_decides && !lacking(rule, gathered.without_document).empty()) {
      name_needs(certificate, issuer, gathered.without_document, verdict);
      verdict.missing.clear();
    }
    // Where OCSP answered already, a delta would add nothing that the rule asks for.
    const bool answered = newest_decides ? gathered.without_document.ocsp : gathered.good.ocsp;
    if (!answered && verdict.needs.empty()) name_deltas(certificate, issuer, gathered, verdict);
    return verdict;
  }

  name_needs(certificate, issuer, gathered.good, verdict);
  // Newer evidence is asked for where a source may give it; what told of the right time counts all the same.
  if (enough_then(rule, gathered.good) && !must_be_current(*certificate, role)) {
    verdict.missing.clear();
    if (input_.policy.id == pki::PolicyId::kKzSubmission) {
      std::ranges::move(gathered.ended, std::back_inserter(verdict.warnings));
    }
    return verdict;
  }
  add_each_once(verdict.needs, of_signers.needs);
  if (take_grace(*certificate, rule, gathered.good, verdict)) return verdict;
  add_each_once(verdict.missing, of_signers.missing);
  for (const SourceFailure& failure : input_.evidence->failures()) {
    const bool ours = !failure.asked_for || failure.asked_for == certificate->digest();
    if (ours) gathered.unusable.push_back(failure.error);
  }
  if (input_.policy.revocation == RevocationMode::kRequire) {
    verdict.errors.emplace_back(Code::kRevocationMissing,
                                std::vector<base::ErrorArgument>{{"certificate", certificate->label()}});
    if (rule != EvidenceRule::kOcspOrCrl) note_lacking(*certificate, rule, gathered.good, verdict);
    std::ranges::move(gathered.unusable, std::back_inserter(verdict.errors));
  } else {
    not_checked();
    std::ranges::move(gathered.unusable, std::back_inserter(verdict.warnings));
    verdict.missing.clear();
  }
  return verdict;
}

}  // namespace tanba::verify
