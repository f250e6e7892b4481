// Our decisions on revocation lists beside OpenSSL's, over every combination of scope, delta, hold, reasons and times.
// Where they differ, a clause says who is right; a difference that no clause explains fails the test, and so does a
// clause that explains nothing.
#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <array>

#include "pki/test_support.h"
#include "verify/crl_maker.h"
#include "verify/judge.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Seconds;
using test::ListPlan;
using test::MadeList;
using test::noon;

constexpr Seconds kDay{86400};

enum class Verdict : std::uint8_t { kGood, kRevoked, kOpen };
std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames = {"good", "revoked", "open"};
  return kNames[static_cast<std::size_t>(verdict)];
}

enum class When : std::uint8_t { kNow, kEnded, kNotYet };
constexpr std::array<When, 3> kTimes = {When::kNow, When::kEnded, When::kNotYet};

// What a list says of the leaf: CRLReason; -1: the entry has none; kOther: it names another certificate; kNothing:
// empty.
constexpr int kOther = 98;
constexpr int kNothing = 99;
constexpr std::array<int, 6> kSayings = {kNothing, kOther, -1, 1, 6, 8};

// Scopes by their issuingDistributionPoint.
struct Scope {
  const char* name;
  const char* point;
};
constexpr std::array<Scope, 9> kScopes = {{
    {"all", ""},
    {"users", "onlyuser=TRUE"},
    {"authorities", "onlyCA=TRUE"},
    {"attributes", "onlyAA=TRUE"},
    {"own point", "fullname=URI:http://crl/1"},
    {"other point", "fullname=URI:http://crl/2"},
    {"indirect", "indirectCRL=TRUE"},
    {"compromises", "onlysomereasons=keyCompromise,CACompromise"},
    {"other reasons",
     "onlysomereasons=affiliationChanged,superseded,cessationOfOperation,certificateHold,"
     "privilegeWithdrawn,AACompromise"},
}};

struct Plan {
  const Scope* scope = nullptr;
  int says = kNothing;
  When when = When::kNow;
  long number = 10;
  long base_number = -1;
};

ListPlan list_of(const Plan& plan) {
  ListPlan list{.number = plan.number, .base_number = plan.base_number, .point = plan.scope->point};
  if (plan.when == When::kEnded) list.this_update = noon() - 3 * kDay, list.next_update = noon() - kDay;
  if (plan.when == When::kNotYet) list.this_update = noon() + kDay, list.next_update = noon() + 3 * kDay;
  if (plan.says == kNothing) return list;
  list.entries.push_back({.serial = plan.says == kOther ? 6 : 5, .reason = plan.says == kOther ? 1 : plan.says});
  return list;
}

struct Made {
  Plan plan;
  MadeList list;
};

// One combination: a complete list, perhaps a delta, perhaps a second complete list.
struct Combination {
  const Made* base = nullptr;
  const Made* delta = nullptr;
  const Made* second = nullptr;

  [[nodiscard]] bool delta_fits() const {
    return delta != nullptr && delta->plan.scope == base->plan.scope && delta->plan.base_number <= base->plan.number &&
           delta->plan.number > base->plan.number;
  }
  [[nodiscard]] static bool is_for_users(const Scope& scope) {
    return scope.name != std::string_view("authorities") && scope.name != std::string_view("attributes") &&
           scope.name != std::string_view("other point");
  }
  [[nodiscard]] std::string text() const {
    const auto one = [](const char* what, const Made* made) {
      if (made == nullptr) return std::string();
      const Plan& plan = made->plan;
      return std::string(what) + " {" + plan.scope->name + ", says " + std::to_string(plan.says) + ", time " +
             std::to_string(static_cast<int>(plan.when)) + ", number " + std::to_string(plan.number) + ", base " +
             std::to_string(plan.base_number) + "} ";
    };
    return one("base", base) + one("delta", delta) + one("second", second);
  }
};

// Where we and OpenSSL 3.0 differ, and why ours is meant.
struct Difference {
  const char* clause;
  bool (*applies)(const Combination& lists, Verdict ours, Verdict openssl);
  mutable std::size_t seen = 0;
};

constexpr int kRemove = 8;
bool revoked_for_good(int says) {
  return says == -1 || says == 1;
}

const std::array kDifferences = {
    Difference{
        "a delta never outlives its base (crl_status.h; RFC 5280 6.3.3 (a)(1)(i) lets a current delta revive a list "
        "that is out of date, and OpenSSL does)",
        [](const Combination& lists, Verdict ours, Verdict) {
          return lists.delta_fits() && lists.base->plan.when == When::kEnded && ours == Verdict::kOpen;
        }},
    Difference{
        "RFC 5280 6.3.3 (a): a delta has to be current to be used; OpenSSL takes one that is out of date or not yet "
        "made",
        [](const Combination& lists, Verdict, Verdict) {
          return lists.delta_fits() && lists.delta->plan.when != When::kNow;
        }},
    Difference{
        "crl_status.h: a current delta that lists the certificate revokes whatever list it was made for; OpenSSL "
        "passes over those that fit no list at hand",
        [](const Combination& lists, Verdict ours, Verdict) {
          if (lists.delta == nullptr || ours != Verdict::kRevoked) return false;
          if (lists.delta_fits() && lists.base->plan.when == When::kNow) return false;
          const Plan& delta = lists.delta->plan;
          return delta.when == When::kNow && Combination::is_for_users(*delta.scope) && delta.says != kNothing &&
                 delta.says != kOther && delta.says != kRemove;
        }},
    Difference{"crl_status.h: a list older than the one that a current delta was made for is not the newest and makes "
               "nothing good; OpenSSL takes it without the delta",
               [](const Combination& lists, Verdict ours, Verdict) {
                 if (lists.delta == nullptr || ours != Verdict::kOpen) return false;
                 const Plan& delta = lists.delta->plan;
                 return delta.when == When::kNow && delta.scope == lists.base->plan.scope &&
                        delta.base_number > lists.base->plan.number;
               }},
    Difference{"RFC 5280 5.3.1: removeFromCRL \"may only appear in delta CRLs\"; in a complete list the certificate is "
               "listed, and OpenSSL takes it for released",
               [](const Combination& lists, Verdict ours, Verdict) {
                 const bool first = lists.base->plan.says == kRemove;
                 const bool second = lists.second != nullptr && lists.second->plan.says == kRemove;
                 return (first || second) && ours == Verdict::kRevoked;
               }},
    Difference{
        "RFC 5280 5.3.1: removeFromCRL takes back a hold or tells of an expiry, never a revocation for good; OpenSSL "
        "releases the certificate",
        [](const Combination& lists, Verdict ours, Verdict) {
          return lists.delta_fits() && lists.delta->plan.says == kRemove && revoked_for_good(lists.base->plan.says) &&
                 ours == Verdict::kRevoked;
        }},
    Difference{
        "RFC 5280 3.3: an entry stays until the certificate has ended, so a revocation on either of two current lists "
        "counts; OpenSSL looks at one of them",
        [](const Combination& lists, Verdict ours, Verdict) {
          if (lists.second == nullptr || ours != Verdict::kRevoked) return false;
          const auto revokes = [](const Made& made) {
            return made.plan.when == When::kNow && Combination::is_for_users(*made.plan.scope) &&
                   made.plan.says != kNothing && made.plan.says != kOther;
          };
          return revokes(*lists.base) || revokes(*lists.second);
        }},
};

class DifferentialTest : public testing::Test {
 protected:
  DifferentialTest() : context_(pki::test::make_context()) {
    maker_.certificate({.name = "CA", .serial = 2, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
    maker_.certificate({.name = "leaf",
                        .issuer = "CA",
                        .serial = 5,
                        .points = "URI:http://crl/1",
                        .freshest = "URI:http://crl/delta"});
    input_.trust = pki::TrustSnapshot::make({{.certificate = maker_.get("CA").ours,
                                              .purposes = pki::TrustPurposes::all(),
                                              .trusted_from = {},
                                              .trusted_until = {}}},
                                            {});
    input_.now = noon();
    input_.policy = policy_for(pki::PolicyId::kConformance);
    input_.key_purpose = pki::KeyPurpose::kAny;
  }

  std::vector<Made> make_all(const std::vector<Plan>& plans) {
    std::vector<Made> all;
    for (const Plan& plan : plans) all.push_back({.plan = plan, .list = maker_.list(list_of(plan))});
    return all;
  }

  Verdict ours(const Combination& lists) {
    EvidenceSet evidence;
    for (const Made* made : {lists.base, lists.delta, lists.second}) {
      if (made == nullptr) continue;
      evidence.add(CrlItem{.id = made->list.ours->digest(),
                           .crl = made->list.ours,
                           .asked_for = {},
                           .source = "list",
                           .received_at = noon()});
    }
    input_.evidence = &evidence;
    base::Budget budget{base::Limits{}};
    const auto judgement = judge_certificate(*context_, &cache_, maker_.get("leaf").ours, input_, budget);
    if (!judgement || judgement->report.outcome.decision == Decision::kRetry) return Verdict::kOpen;
    return judgement->report.outcome.decision == Decision::kAccept ? Verdict::kGood : Verdict::kRevoked;
  }

  Verdict openssl(const Combination& lists) {
    const pki::X509StorePtr store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), maker_.get("CA").theirs.get());
    for (const Made* made : {lists.base, lists.delta, lists.second}) {
      if (made != nullptr) X509_STORE_add_crl(store.get(), made->list.theirs.get());
    }
    const pki::X509StoreCtxPtr run(X509_STORE_CTX_new());
    X509_STORE_CTX_init(run.get(), store.get(), maker_.get("leaf").theirs.get(), nullptr);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(run.get());
    X509_VERIFY_PARAM_set_flags(parameters,
                                X509_V_FLAG_CRL_CHECK | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS);
    X509_VERIFY_PARAM_set_time(parameters, noon().time_since_epoch().count());
    if (X509_verify_cert(run.get()) == 1) return Verdict::kGood;
    return X509_STORE_CTX_get_error(run.get()) == X509_V_ERR_CERT_REVOKED ? Verdict::kRevoked : Verdict::kOpen;
  }

  void compare(const Combination& lists) {
    const Verdict mine = ours(lists);
    const Verdict theirs = openssl(lists);
    ++compared_;
    if (mine == theirs) return;
    for (const Difference& difference : kDifferences) {
      if (!difference.applies(lists, mine, theirs)) continue;
      ++difference.seen;
      return;
    }
    ADD_FAILURE() << lists.text() << ": ours " << name_of(mine) << ", OpenSSL " << name_of(theirs);
  }

  std::unique_ptr<pki::Context> context_;
  pki::PathCache cache_;
  test::CrlMaker maker_;
  JudgeInput input_;
  std::size_t compared_ = 0;
};

TEST_F(DifferentialTest, EveryDifferenceFromOpensslHasAClause) {
  std::vector<Plan> bases;
  std::vector<Plan> deltas;
  for (const Scope& scope : kScopes) {
    for (const int says : kSayings) {
      for (const When when : kTimes) {
        bases.push_back({.scope = &scope, .says = says, .when = when});
        for (const long base_number : {5L, 10L, 11L}) {
          // The other scopes meet deltas that go on from them, and from later lists; numbers are tried with "all".
          if (&scope != kScopes.data() && base_number == 5) continue;
          deltas.push_back({.scope = &scope, .says = says, .when = when, .number = 12, .base_number = base_number});
        }
        if (&scope == kScopes.data()) {
          deltas.push_back({.scope = &scope, .says = says, .when = when, .number = 10, .base_number = 5});
        }
      }
    }
  }
  const std::vector<Made> made_bases = make_all(bases);
  const std::vector<Made> made_deltas = make_all(deltas);
  for (const Made& base : made_bases) {
    compare({.base = &base});
    for (const Made& delta : made_deltas) {
      // Every delta with the lists for everybody; with others, those of their own scope and of everybody's.
      const bool everybodys = base.plan.scope == kScopes.data();
      if (everybodys ? delta.plan.when == When::kNotYet && delta.plan.scope != kScopes.data()
                     : delta.plan.scope != base.plan.scope) {
        continue;
      }
      compare({.base = &base, .delta = &delta});
    }
    if (base.plan.when != When::kNow) continue;
    for (const Made& second : made_bases) {
      if (second.plan.when == When::kNow && second.plan.says != -1 && base.plan.says != -1) {
        compare({.base = &base, .second = &second});
      }
    }
  }
  std::printf("%zu combinations\n", compared_);
  EXPECT_GT(compared_, 5000U);
  for (const Difference& difference : kDifferences) {
    std::printf("%6zu differ: %s\n", difference.seen, difference.clause);
    EXPECT_GT(difference.seen, 0U) << "explains nothing any more: " << difference.clause;
  }
}

}  // namespace
}  // namespace tanba::verify
