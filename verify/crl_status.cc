#include "verify/crl_status.h"

#include <algorithm>
#include <utility>

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using base::Result;
using base::Status;
using ocsp::Crl;
using ocsp::ReasonMask;
using ocsp::RevocationReason;
using ocsp::RevokedEntry;
using pki::CertificatePtr;

bool is_fault(const Error& error) {
  return base::info(error.code()).effect == base::Effect::kInternal || error.code() == Code::kLimitCost;
}

// What base and delta say together: RFC 5280 6.3.3 (i) to (k).
std::optional<RevokedEntry> combined(const Crl& list, const Crl* delta, const pki::Certificate& certificate) {
  const auto in_base = list.find(certificate.issuer(), certificate.serial());
  const auto in_delta = delta != nullptr ? delta->find(certificate.issuer(), certificate.serial()) : std::nullopt;
  if (!in_delta) return in_base;
  const bool final_in_base = in_base && in_base->reason != RevocationReason::kCertificateHold;
  if (in_delta->reason == RevocationReason::kRemoveFromCrl) {
    // (k): "If the cert_status is removeFromCRL, set cert_status to UNREVOKED."
    const bool ended = delta->this_update() > certificate.not_after();
    return final_in_base || ended ? in_base : std::nullopt;
  }
  if (!in_base) return in_delta;
  // Doubtful since the earlier of both; a revocation outweighs a hold.
  RevokedEntry entry = final_in_base ? *in_base : *in_delta;
  entry.revocation_time = std::min(in_base->revocation_time, in_delta->revocation_time);
  if (!entry.invalidity_date) entry.invalidity_date = in_delta->invalidity_date;
  return entry;
}

// Not listed means not revoked only while the list keeps certificates of that age. RFC 5280 3.3: "An entry MUST NOT be
// removed from the CRL until it appears on one regularly scheduled CRL issued beyond the revoked certificate's validity
// period": after that it may be.
Status check_keeps(const Crl& crl, const pki::Certificate& certificate) {
  if (crl.this_update() <= certificate.not_after()) return {};
  if (crl.keeps_expired_since() && *crl.keeps_expired_since() <= certificate.not_after()) return {};
  return base::fail(Code::kCrlExpiredCertificate,
                    {{"certificate", certificate.label()}, {"this_update", base::format_time(crl.this_update())}});
}

bool same_scope(const Crl& a, const Crl& b) {
  const auto& own = a.distribution_point();
  const auto& others = b.distribution_point();
  return a.issuer() == b.issuer() && own.has_value() == others.has_value() &&
         (!own || base::equal(own->der, others->der));
}

// Numbers as Crl::number() writes them: whole octets in hexadecimal, none of them a leading zero.
bool number_below(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// RFC 5280 5.2.4: a delta is for "a complete CRL [...] with a CRL number that is equal to or greater than the
// BaseCRLNumber". Whoever made the delta has made a newer list than this one.
bool is_of_later_list(const Crl& delta, const Crl& list) {
  return same_scope(delta, list) && delta.authority_key_id() == list.authority_key_id() && !list.number().empty() &&
         number_below(list.number(), delta.base_number());
}

// Those in the path of what is judged are judged for its time; a list that came after their end is nobody's word.
Status check_signed_in_time(const Crl& crl, const pki::Certificate& signer) {
  if (crl.this_update() <= signer.not_after()) return {};
  return base::fail(Error::because(Code::kCrlIssuer, "the signer's certificate had ended before the list"));
}

std::string reason_names(ReasonMask reasons) {
  std::string text;
  // ReasonFlags' bits are CRLReason's numbers but for the last two (RFC 5280 4.2.1.13, 5.3.1).
  for (unsigned bit = 1; bit <= 8; ++bit) {
    if ((reasons & (1U << bit)) == 0) continue;
    const auto reason = static_cast<RevocationReason>(bit < 7 ? bit : bit + 2);
    text += (text.empty() ? "" : ", ") + std::string(to_string(reason));
  }
  return text;
}

Error as_signature_error(const Error& error) {
  return error.code() == Code::kCrlSignature ? error : Error::because(Code::kCrlSignature, error.message());
}

}  // namespace

std::vector<CertificatePtr> issuers_named(const pki::Name& name, const JudgeInput& input) {
  std::vector<CertificatePtr> found;
  for (const CertificatePtr& certificate : input.trust->with_subject(name)) found.push_back(certificate);
  for (const CertificatePtr& certificate : input.candidates) {
    if (certificate->subject() == name) found.push_back(certificate);
  }
  std::ranges::sort(found, {}, [](const CertificatePtr& c) { return c->digest(); });
  const auto [first, last] = std::ranges::unique(found, {}, [](const CertificatePtr& c) { return c->digest(); });
  found.erase(first, last);
  return found;
}

Result<CrlStatus> CrlStatusJudge::judge(PathPart path, CertificateRole role) {
  CrlStatus out;
  const pki::Certificate& certificate = *path.front();
  for (const CrlItem& item : input_.evidence->crls()) {
    if (!item.crl->is_delta()) TANBA_CHECK(take_base(item, path, out));
  }
  for (const CrlItem& item : input_.evidence->crls()) {
    if (item.crl->is_delta()) TANBA_CHECK(take_delta(item, path, out));
  }
  // 6.3.3: "the reasons_mask is not all-reasons and the cert_status is UNREVOKED": several lists may be needed.
  Covered covered;
  for (const Usable& list : lists_) judge_one(list, path, role, covered, out);
  for (const Listing& delta : listings_) judge_listing(delta, certificate, role, out);
  conclude(covered, out);
  if (out.good) name_delta_sources(certificate, out);
  return out;
}

void CrlStatusJudge::Covered::add(const Usable& list) {
  with_grace |= list.reasons;
  if (list.age.freshness == Freshness::kCurrent) {
    current |= list.reasons;
    if (!list.signers_choice) without_document |= list.reasons;
    then |= list.reasons;
  } else if (list.age.freshness == Freshness::kThen) {
    then |= list.reasons;
  } else if (!oldest || list.age.until < oldest->until) {
    oldest = list.age;
  }
}

void CrlStatusJudge::conclude(const Covered& covered, CrlStatus& out) {
  if (out.bad) return;
  out.good = covered.current == ocsp::kAllReasons;
  out.good_without_document = covered.without_document == ocsp::kAllReasons;
  out.good_then = covered.then == ocsp::kAllReasons;
  if (!out.good_then && covered.with_grace == ocsp::kAllReasons) out.good_in_grace = covered.oldest;
  if (out.good_then || out.good_in_grace || covered.with_grace == 0) return;
  const ReasonMask open = ocsp::kAllReasons & ~covered.with_grace;
  out.unusable.emplace_back(Code::kCrlReasons, std::vector<base::ErrorArgument>{{"reasons", reason_names(open)}});
}

Status CrlStatusJudge::take_base(const CrlItem& item, PathPart path, CrlStatus& out) {
  const pki::Certificate& certificate = *path.front();
  const Crl& crl = *item.crl;
  const auto reasons = ocsp::check_scope(crl, certificate);
  if (!reasons) {
    // A list of somebody else is worth a word only when it was fetched for this certificate, or when it is nobody's in
    // this path: then it may be why the right one is missing.
    const bool meant = reasons.error().code() != Code::kCrlIssuer || item.asked_for == certificate.digest();
    const auto same = [&](const Error& said) { return said == reasons.error(); };
    const bool stray =
        !item.asked_for && std::ranges::none_of(path, [&](const auto& one) { return one->subject() == crl.issuer(); });
    if ((meant || stray) && std::ranges::none_of(out.unusable, same)) out.unusable.push_back(reasons.error());
    return {};
  }
  const Age age = age_of(crl, *path[1]);
  if (age.error) out.unusable.push_back(*age.error);
  if (age.freshness == Freshness::kNo) return {};
  TANBA_TRY(const Result<Signer> signer, find_signer(crl, path));
  if (!signer) {
    out.unusable.push_back(signer.error());
    return {};
  }
  lists_.push_back({.item = &item,
                    .age = age,
                    .reasons = *reasons,
                    .key = signer->key,
                    .delta = nullptr,
                    .only_revokes = signer->only_revokes,
                    .signers_choice = is_signers_choice(input_, item, crl.this_update())});
  limit_age(item, *path[1], lists_.back());
  return {};
}

void CrlStatusJudge::limit_age(const CrlItem& item, const pki::Certificate& issuer, Usable& list) const {
  if (input_.existed_at || !only_in_document(item) || list.only_revokes) return;
  list.only_revokes = too_old_to_bring(*item.crl, input_.policy, rule_for(input_.policy, issuer), input_.now);
}

Age CrlStatusJudge::age_of(const Crl& crl, const pki::Certificate& issuer) const {
  return judge_age(crl, rule_for(input_.policy, issuer), existence_of(input_));
}

// --- deltas ----------------------------------------------------------------------------------------------------------

Status CrlStatusJudge::take_delta(const CrlItem& item, PathPart path, CrlStatus& out) {
  const Crl& delta = *item.crl;
  if (!ocsp::check_scope(delta, *path.front())) return {};
  // No grace for deltas: without them their list stands.
  const Age age = age_of(delta, *path[1]);
  if (age.freshness != Freshness::kCurrent && age.freshness != Freshness::kThen) {
    if (age.error) out.unusable.push_back(*age.error);
    return {};
  }
  auto listed = delta.find(path.front()->issuer(), path.front()->serial());
  if (listed && listed->reason == RevocationReason::kRemoveFromCrl) listed.reset();
  std::optional<Error> misfit;
  std::optional<pki::PublicKeyInfo> key;  // once it is known to be the delta's
  for (Usable& list : lists_) {
    const Crl& base_list = *list.item->crl;
    if (auto fits = ocsp::check_delta(delta, base_list); !fits) {
      misfit = fits.error();
      continue;
    }
    // 6.3.3 (h): "validate the signature on the delta CRL using the public key validated in step (f)."
    TANBA_CHECK(budget_.charge_public_key_operation());
    if (auto verified = delta.verify_signature(context_, list.key); !verified) {
      if (is_fault(verified.error())) return verified;
      misfit = as_signature_error(verified.error());
      continue;
    }
    if (listed && !key) listings_.push_back({.item = &item, .key = list.key, .entry = *listed});
    key = list.key;
    if (list.delta != nullptr && list.delta->crl->this_update() >= delta.this_update()) continue;
    list.delta = &item;
    list.signers_choice |= is_signers_choice(input_, item, delta.this_update());
    // One that does not speak of the certificate releases nobody.
    if (delta.find(path[0]->issuer(), path[0]->serial())) limit_age(item, *path[1], list);
  }
  if (!key) {
    TANBA_TRY(key, take_lone_delta(item, path, listed));
    out.unusable.push_back(misfit.value_or(Error(Code::kCrlDelta, {{"what", "no list that it goes on from"}})));
  }
  if (key) demote_older(delta, *key, *path[1]);
  return {};
}

Result<std::optional<pki::PublicKeyInfo>> CrlStatusJudge::take_lone_delta(const CrlItem& item, PathPart path,
                                                                          const std::optional<RevokedEntry>& listed) {
  const Crl& delta = *item.crl;
  const auto is_older = [&](const Usable& list) { return is_of_later_list(delta, *list.item->crl); };
  if (!listed && std::ranges::none_of(lists_, is_older)) return std::nullopt;
  TANBA_TRY(const Result<Signer> signer, find_signer(delta, path));
  if (!signer) return std::nullopt;
  if (listed) listings_.push_back({.item = &item, .key = signer->key, .entry = *listed});
  return signer->key;
}

// What is older than the list that an authentic delta was made for is not the newest word. It need not be where its age
// does not matter: made after what is judged was there, or current at the time of the stamp.
void CrlStatusJudge::demote_older(const Crl& delta, const pki::PublicKeyInfo& key, const pki::Certificate& issuer) {
  const Existence existence = existence_of(input_);
  for (Usable& list : lists_) {
    const Crl& crl = *list.item->crl;
    if (!is_of_later_list(delta, crl) || list.key.digest != key.digest || list.only_revokes) continue;
    if (existence.existed_at && crl.this_update() >= *existence.existed_at) continue;
    const bool was_current =
        existence.existed_at && existence.proof == Proof::kTimeStamp &&
        judge_age(crl, rule_for(input_.policy, issuer), *existence.existed_at).freshness == Freshness::kCurrent;
    if (was_current) {
      list.age.freshness = Freshness::kThen;
      continue;
    }
    list.only_revokes = Error(Code::kCrlDelta, {{"what", "it was made for a later list than the one at hand"}});
  }
}

void CrlStatusJudge::judge_listing(const Listing& delta, const pki::Certificate& certificate, CertificateRole role,
                                   CrlStatus& out) const {
  // What goes on from a list was judged with it.
  if (std::ranges::any_of(lists_, [&](const Usable& list) { return list.delta == delta.item; })) return;
  const RevokedEntry& listed = delta.entry;
  const bool hold = listed.reason == RevocationReason::kCertificateHold;
  if (hold && superseded(*delta.item->crl, delta.key, certificate)) return;
  if (!revocation_.counts(role, listed.reason, listed.revocation_time, listed.invalidity_date)) return;
  out.refusals.push_back(revoked_error(certificate, role, listed.revocation_time, listed.reason, delta.item->source));
  out.bad = true;
  out.entries.push_back({.certificate = certificate.label(),
                         .source = delta.item->source,
                         .kind = "delta CRL",
                         .status = hold ? RevocationStatus::kOnHold : RevocationStatus::kRevoked,
                         .this_update = delta.item->crl->this_update(),
                         .next_update = delta.item->crl->next_update(),
                         .revocation_time = listed.revocation_time,
                         .reason = reason_text(listed.reason),
                         .evidence = delta.item->id.hex(),
                         .holds = false,
                         .certificate_digest = certificate.digest().hex()});
}

void CrlStatusJudge::name_delta_sources(const pki::Certificate& certificate, CrlStatus& out) const {
  const auto add = [&](const std::vector<pki::DistributionPoint>& points) {
    for (const pki::DistributionPoint& point : points) {
      for (const std::string& url : point.urls) {
        if (std::ranges::find(out.delta_sources, url) == out.delta_sources.end()) out.delta_sources.push_back(url);
      }
    }
  };
  for (const Usable& list : lists_) {
    if (list.delta != nullptr) continue;
    add(list.item->crl->freshest_points());
    add(certificate.freshest_crl_points());
  }
}

// --- who signed the list ---------------------------------------------------------------------------------------------

Result<Status> CrlStatusJudge::check_signature(const Crl& crl, const Signer& signer) {
  const pki::KeyFacts key{signer.key.kind, signer.key.bits};
  if (auto ok = check_algorithm(input_.policy.id, crl.signature_algorithm(), key, evidence_time(input_),
                                signer.certificate->label());
      !ok) {
    return Status(base::fail(as_signature_error(ok.error())));
  }
  TANBA_CHECK(budget_.charge_public_key_operation());
  auto verified = crl.verify_signature(context_, signer.key);
  if (!verified && is_fault(verified.error())) return base::fail(verified.error());
  if (!verified) return Status(base::fail(as_signature_error(verified.error())));
  return Status();
}

// RFC 5280 6.3.3 (f): "Obtain and validate the certification path for the issuer of the complete CRL. The trust anchor
// for the certification path MUST be the same as the trust anchor used to validate the target certificate."
Result<Result<CrlStatusJudge::Signer>> CrlStatusJudge::find_signer(const Crl& crl, PathPart path) {
  Error why = Error::because(Code::kCrlIssuer, "no certificate of the list's signer is at hand");
  std::optional<Result<Signer>> against;  // whose word counts against a certificate only
  // Those above the certificate are validated with it.
  const PathPart issuers = path.subspan(1);
  const std::vector<pki::PublicKeyInfo> keys = pki::effective_keys(issuers);
  for (std::size_t i = 0; i < issuers.size(); ++i) {
    if (!(crl.issuer() == issuers[i]->subject())) continue;
    const Signer signer{.certificate = issuers[i], .key = keys[i]};
    Status ok = ocsp::check_signer(crl, *signer.certificate);
    if (ok) ok = check_signed_in_time(crl, *signer.certificate);
    if (ok) {
      TANBA_TRY(ok, check_signature(crl, signer));
    }
    if (ok) return Result<Signer>(signer);
    why = ok.error();
  }
  for (const CertificatePtr& outside : issuers_named(crl.issuer(), input_)) {
    if (std::ranges::find(issuers, outside->digest(), [](const auto& c) { return c->digest(); }) != issuers.end()) {
      continue;
    }
    if (auto ok = ocsp::check_signer(crl, *outside); !ok) {
      why = ok.error();
      continue;
    }
    if (outside->digest() == path.front()->digest()) {
      TANBA_TRY(const Status ok, check_own_signer(crl, outside));
      if (ok) return Result<Signer>(Signer{.certificate = outside, .key = outside->key()});
      why = ok.error();
      continue;
    }
    TANBA_TRY(const Result<Signer> signer, check_outside_signer(crl, outside, path));
    if (signer && !signer->only_revokes) return signer;
    if (signer)
      against = signer;
    else
      why = signer.error();
  }
  if (against) return *against;
  return Result<Signer>(base::fail(why));
}

// The list that is to say whether its own signer is revoked. As a rule that is a cycle. But where the authority wrote
// into the signer's certificate that this very signer's lists speak for it (RFC 5280 4.2.1.13, cRLIssuer), there is no
// other source by the authority's own word, as with id-pkix-ocsp-nocheck; PKITS 4.14.30 is such a case. Its path is the
// one that is being judged.
Result<Status> CrlStatusJudge::check_own_signer(const Crl& crl, const CertificatePtr& signer) {
  const bool by_its_authoritys_word = std::ranges::any_of(signer->crl_points(), [&](const auto& point) {
    return std::ranges::any_of(point.crl_issuer, [&](const base::Bytes& der) {
      const auto name = pki::Name::parse(der);
      return name && *name == signer->subject();
    });
  });
  if (!by_its_authoritys_word) return Status(base::fail(Code::kEvidenceCycle));
  return check_signature(crl, {.certificate = signer, .key = signer->key()});
}

// The claim that this certificate may sign the list: its own path, and nothing in it revoked.
Result<Result<CrlStatusJudge::Signer>> CrlStatusJudge::check_outside_signer(const Crl& crl,
                                                                            const CertificatePtr& signer,
                                                                            PathPart path) {
  Signer made{.certificate = signer, .key = signer->key()};
  TANBA_TRY(const Status signature, check_signature(crl, made));
  if (!signature) return Result<Signer>(base::fail(signature.error()));
  // When the signature's existence is vouched for, the list came later: its signer is judged then.
  const pki::PathQuery query{.leaf = signer,
                             .trust = input_.trust,
                             .candidates = input_.candidates,
                             .at = input_.existed_at ? crl.this_update() : input_.now,
                             .trust_purpose = input_.trust_purpose,
                             .key_purpose = pki::KeyPurpose::kAny,
                             .algorithm_policy = input_.policy.id,
                             .policy_inputs = {}};
  auto found = find_paths(context_, cache_, query, budget_);
  if (!found) return base::fail(found.error());
  std::vector<Error> why;
  for (const pki::Path& own : found->valid) {
    if (own.certificates.back()->digest() != path.back()->digest()) continue;
    TANBA_TRY(const bool good, holds(crl, own, why));
    if (!good) continue;
    made.only_revokes.reset();
    if (may_say_good(crl, own.certificates, path)) return Result<Signer>(made);
    made.only_revokes =
        Error::because(Code::kCrlIssuer, "another key than the issuer's, which the issuer names nowhere");
  }
  if (made.only_revokes) return Result<Signer>(made);
  std::string cause = "no path under the same anchor";
  if (!found->rejected.empty() && !found->rejected.front().errors.empty()) {
    cause = found->rejected.front().errors.front().message();
  }
  if (!why.empty()) cause = why.front().message();
  return Result<Signer>(base::fail(Code::kCrlIssuer, "the signer's certificate: " + cause));
}

// 6.3.3 (f) takes any certificate of the issuer's name that may sign lists and ends in the same anchor. Authorities of
// one name with different keys exist, also below one root, and what one of them lists says nothing of the other's
// certificates. Its list is good word only where the issuer lets it be: by cRLIssuer in what it issued; by a
// certificate that the issuer's own key signed for the name, as when keys change (RFC 4210 4.4: "OldWithNew",
// "NewWithOld"); or where whoever certified the issuer certified a key for its lists and for nothing else.
bool CrlStatusJudge::may_say_good(const Crl& crl, PathPart signer, PathPart path) const {
  if (input_.policy.id == pki::PolicyId::kConformance) return true;
  const auto& usage = signer[0]->key_usage();
  if (!usage || (*usage & pki::kCrlSign) == 0) return false;
  const pki::Certificate& issuer = *path[1];
  if (!(crl.issuer() == issuer.subject())) return true;  // check_scope: a point of the certificate names it
  const auto same_key = [](const pki::Certificate& a, const pki::Certificate& b) {
    return a.key().digest == b.key().digest;
  };
  if (same_key(*signer[0], issuer) || same_key(*signer[1], issuer)) return true;
  const bool for_lists_only = (*usage & pki::kKeyCertSign) == 0;
  return for_lists_only && path.size() > 2 && same_key(*signer[1], *path[2]);
}

Result<bool> CrlStatusJudge::holds(const Crl& crl, const pki::Path& path, std::vector<Error>& why) {
  // As the path is judged when the list was made, so is its revocation.
  std::optional<JudgeInput> then;
  std::optional<RevocationJudge> judge_then;
  if (input_.existed_at) {
    then = at_time_of_evidence(input_, crl.this_update());
    judge_then.emplace(context_, cache_, *then, budget_);
    judge_then->open_ = revocation_.open_;
  }
  RevocationJudge& judge = judge_then ? *judge_then : revocation_;
  for (std::size_t i = 0; i + 1 < path.certificates.size(); ++i) {
    const CertificateRole role = i == 0 ? CertificateRole::kEvidenceSigner : CertificateRole::kAuthority;
    TANBA_TRY(RevocationVerdict one, judge.check(PathPart(path.certificates).subspan(i), role));
    revocation_.note_beneath(path.certificates[i], one.entries, judge_then ? judge.take_beneath() : Beneath{});
    if (one.errors.empty()) continue;
    revocation_.note_lacks(one);
    std::ranges::move(one.errors, std::back_inserter(why));
    return false;
  }
  return true;
}

// --- what a list says ------------------------------------------------------------------------------------------------

// A newer list of the same scope by the same key is at hand, or a newer delta to one, whose silence means that the
// certificate is not held any more. Another authority of the same name knows nothing of the certificate, so it has not
// released it either; and what was made after the certificate had ended may have dropped it for that.
bool CrlStatusJudge::superseded(const Crl& crl, const pki::PublicKeyInfo& key,
                                const pki::Certificate& certificate) const {
  const auto newer = [&](const CrlItem* other) {
    return other != nullptr && same_scope(crl, *other->crl) && crl.this_update() < other->crl->this_update() &&
           check_keeps(*other->crl, certificate).has_value();
  };
  return std::ranges::any_of(lists_, [&](const Usable& other) {
    return other.key.digest == key.digest && (newer(other.item) || (crl.is_delta() && newer(other.delta)));
  });
}

void CrlStatusJudge::judge_one(const Usable& list, PathPart path, CertificateRole role, Covered& covered,
                               CrlStatus& out) {
  const pki::Certificate& certificate = *path.front();
  const Crl& crl = *list.item->crl;
  const Crl* delta = list.delta != nullptr ? list.delta->crl.get() : nullptr;
  RevocationEntry entry{.certificate = certificate.label(),
                        .source = list.item->source,
                        .kind = "CRL",
                        .status = RevocationStatus::kGood,
                        .this_update = crl.this_update(),
                        .next_update = crl.next_update(),
                        .revocation_time = {},
                        .reason = {},
                        .evidence = list.item->id.hex(),
                        .holds = false,
                        .certificate_digest = certificate.digest().hex()};
  const auto revoked = combined(crl, delta, certificate);
  const bool hold = revoked && revoked->reason == RevocationReason::kCertificateHold;
  const bool in_delta = delta != nullptr && delta->find(certificate.issuer(), certificate.serial());
  if (hold && superseded(in_delta ? *delta : crl, list.key, certificate)) return;
  if (!revoked && list.only_revokes) {
    out.unusable.push_back(*list.only_revokes);
    return;
  }
  if (!revoked) {
    if (auto keeps = check_keeps(crl, certificate); !keeps) {
      out.unusable.push_back(keeps.error());
      return;
    }
  }
  if (revoked) {
    entry.status = hold ? RevocationStatus::kOnHold : RevocationStatus::kRevoked;
    entry.revocation_time = revoked->revocation_time;
    entry.reason = reason_text(revoked->reason);
  }
  if (revoked && revocation_.counts(role, revoked->reason, revoked->revocation_time, revoked->invalidity_date)) {
    out.refusals.push_back(
        revoked_error(certificate, role, revoked->revocation_time, revoked->reason, list.item->source));
    out.bad = true;
  } else {
    covered.add(list);
    if (list.age.freshness == Freshness::kThen && list.age.error) out.ended.push_back(*list.age.error);
    entry.holds = list.age.freshness != Freshness::kInGrace;
  }
  out.entries.push_back(entry);
  if (delta == nullptr) return;
  entry.source = list.delta->source;
  entry.kind = "delta CRL";
  entry.this_update = delta->this_update();
  entry.next_update = delta->next_update();
  entry.evidence = list.delta->id.hex();
  out.entries.push_back(std::move(entry));
}

}  // namespace tanba::verify
