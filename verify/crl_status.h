// What the revocation lists at hand say about one certificate: RFC 5280 6.3.3 over all of them. Internal to verify.
//
// Deviations from RFC 5280, each to the safe side:
// - A list that is out of date is not revived by a delta (6.3.3 (a)(1)(i) would): a delta never outlives its base.
// - removeFromCRL takes back a hold, nothing else, and only while the certificate lasts (5.3.1 uses it for ended ones
// too).
// - Of several lists of one scope each that is in date counts: what an older one revokes stays revoked (3.3: entries
// stay
//   until the certificate has ended). Only a hold ends when a newer list does not have it any more, which was made
//   before the certificate's end or keeps ended ones.
// - A delta that lists the certificate for a revocation counts without a list that it goes on from; it never releases
//   without one. A list that is older than the one that a delta was made for is known not to be the newest: it does not
//   make anything good; unless its age does not matter for what is judged (docs/decisions/0006-long-term.md).
// - A list by another key of the issuer's name makes something good only where the issuer says so (not in the policy
//   conformance): 6.3.3 (f) is content with any certificate of that name under the same anchor.
// - A list that was made after the certificate had ended says nothing by not listing it, unless it has
// expiredCertsOnCRL.
#pragma once

#include <string>
#include <vector>

#include "verify/revocation.h"

namespace tanba::verify {

// Certificates at hand that could have signed for this name, each once.
[[nodiscard]] std::vector<pki::CertificatePtr> issuers_named(const pki::Name& name, const JudgeInput& input);

struct CrlStatus {
  std::vector<base::Error> refusals;  // revoked or held
  std::vector<base::Error> unusable;  // why lists at hand do not count, or do not suffice
  std::vector<base::Error> ended;     // of those that were current when it mattered, and say good: crl.stale
  std::vector<RevocationEntry> entries;
  bool good = false;                       // not revoked for any reason, by lists that are current
  bool good_without_document = false;      // the same without lists that only the document brings
  bool good_then = false;                  // the same with those that were current when it mattered
  std::optional<Age> good_in_grace;        // the same with lists that have ended, under the rule's grace: the oldest
  bool bad = false;                        // revoked or held
  std::vector<std::string> delta_sources;  // of deltas to the lists that count, where none is at hand
};

class CrlStatusJudge {
 public:
  CrlStatusJudge(RevocationJudge& revocation, pki::Context& context, pki::PathCache* cache, const JudgeInput& input,
                 base::Budget& budget)
      : revocation_(revocation), context_(context), cache_(cache), input_(input), budget_(budget) {}

  // Of the first certificate of `path`. Errors are internal faults and limit.cost.
  [[nodiscard]] base::Result<CrlStatus> judge(PathPart path, CertificateRole role);

 private:
  // A list whose word counts, with the key that signed it and the delta that goes on from it.
  struct Usable {
    const CrlItem* item = nullptr;
    Age age;
    ocsp::ReasonMask reasons = 0;
    pki::PublicKeyInfo key;
    const CrlItem* delta = nullptr;
    std::optional<base::Error> only_revokes{};  // why its good word does not count
    bool signers_choice = false;                // of the document's signer: the list, or a delta of it
  };
  // The key that signed the list, and how to name its holder; or why the list does not count.
  struct Signer {
    pki::CertificatePtr certificate;
    pki::PublicKeyInfo key;
    std::optional<base::Error> only_revokes{};  // why its lists do not make anything good
  };

  [[nodiscard]] base::Status take_base(const CrlItem& item, PathPart path, CrlStatus& out);
  [[nodiscard]] base::Status take_delta(const CrlItem& item, PathPart path, CrlStatus& out);
  // A delta that lists the certificate: its word against it counts whatever list it was made for.
  struct Listing {
    const CrlItem* item = nullptr;
    pki::PublicKeyInfo key;
    ocsp::RevokedEntry entry;
  };
  // A delta that goes on from no list at hand: what it says against the certificate. Whose it is, where that matters.
  [[nodiscard]] base::Result<std::optional<pki::PublicKeyInfo>> take_lone_delta(
      const CrlItem& item, PathPart path, const std::optional<ocsp::RevokedEntry>& listed);
  void demote_older(const ocsp::Crl& delta, const pki::PublicKeyInfo& key, const pki::Certificate& issuer);
  void judge_listing(const Listing& delta, const pki::Certificate& certificate, CertificateRole role,
                     CrlStatus& out) const;
  // What only the document brings says "good" for a short time only, where nothing proves the signature to be older.
  void limit_age(const CrlItem& item, const pki::Certificate& issuer, Usable& list) const;
  [[nodiscard]] Age age_of(const ocsp::Crl& crl, const pki::Certificate& issuer) const;
  [[nodiscard]] base::Result<base::Result<Signer>> find_signer(const ocsp::Crl& crl, PathPart path);
  [[nodiscard]] base::Result<base::Status> check_signature(const ocsp::Crl& crl, const Signer& signer);
  [[nodiscard]] base::Result<base::Status> check_own_signer(const ocsp::Crl& crl, const pki::CertificatePtr& signer);
  [[nodiscard]] base::Result<base::Result<Signer>> check_outside_signer(const ocsp::Crl& crl,
                                                                        const pki::CertificatePtr& signer,
                                                                        PathPart path);
  [[nodiscard]] bool may_say_good(const ocsp::Crl& crl, PathPart signer, PathPart path) const;
  [[nodiscard]] base::Result<bool> holds(const ocsp::Crl& crl, const pki::Path& path, std::vector<base::Error>& why);
  // For which reasons the lists say that it is not revoked.
  struct Covered {
    ocsp::ReasonMask current = 0;
    ocsp::ReasonMask without_document = 0;  // current, and not only in the document
    ocsp::ReasonMask then = 0;              // or was when it mattered
    ocsp::ReasonMask with_grace = 0;
    std::optional<Age> oldest;  // of those in grace
    void add(const Usable& list);
  };
  void judge_one(const Usable& list, PathPart path, CertificateRole role, Covered& covered, CrlStatus& out);
  static void conclude(const Covered& covered, CrlStatus& out);
  [[nodiscard]] bool superseded(const ocsp::Crl& crl, const pki::PublicKeyInfo& key,
                                const pki::Certificate& certificate) const;
  void name_delta_sources(const pki::Certificate& certificate, CrlStatus& out) const;
  RevocationJudge& revocation_;
  pki::Context& context_;
  pki::PathCache* cache_;
  const JudgeInput& input_;
  base::Budget& budget_;
  std::vector<Usable> lists_;
  std::vector<Listing> listings_;
};

}  // namespace tanba::verify
