// What a source gave: read, verified as far as is known by whom, held against the last good one.
#include <algorithm>
#include <set>

#include "verify/evidence/sources_state.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using base::Error;

base::Digest serial_key(const pki::Name& issuer, base::ByteView serial) {
  base::Bytes octets(issuer.canonical().begin(), issuer.canonical().end());
  octets.push_back(0);
  octets.insert(octets.end(), serial.begin(), serial.end());
  return base::sha256(octets);
}

}  // namespace

Sources::State::Taken Sources::State::take(Worker& worker, const Question& question, const base::Bytes& nonce,
                                           base::Bytes body) {
  return question.kind == SourceKind::kOcsp ? take_answer(worker, question, nonce, std::move(body))
                                            : take_list(worker, question, std::move(body));
}

// --- answers ---------------------------------------------------------------------------------------------------------

Sources::State::Taken Sources::State::take_answer(Worker& worker, const Question& question, const base::Bytes& nonce,
                                                  base::Bytes body) {
  auto response = ocsp::parse_response(body);
  if (!response) return {base::fail(response.error()), response.error(), {}};
  OcspItem item{.id = (*response)->digest,
                .response = *response,
                .octets = std::make_shared<const base::Bytes>(std::move(body)),
                .nonce = nonce,
                .asked_for = question.certificate->digest(),
                .source = question.url,
                .received_at = clock.now()};
  const base::Status admitted = admit_answer(worker, question, item);
  const Key key{SourceKind::kOcsp, question.url};
  const base::Digest& certificate = question.certificate->digest();
  if (admitted) {
    store.keep(item);
    Taken taken{Evidence(std::move(item)), std::nullopt, {}};
    const std::scoped_lock lock(mutex);
    end_alerts_locked(key, {AlertKind::kRollback}, taken.alerts, certificate);
    return taken;
  }
  if (admitted.error().code() != Code::kOcspRollback) return {Evidence(std::move(item)), admitted.error(), {}};
  Taken taken{base::fail(admitted.error()), admitted.error(), {}};
  const std::scoped_lock lock(mutex);
  Alert& alert = alert_locked(AlertKind::kRollback, key, admitted.error(), nullptr, certificate.hex());
  alert.line = certificate;
  taken.alerts.push_back(alert);
  return taken;
}

// The checks without which an answer must not become the one that later ones are held against.
base::Status Sources::State::admit_answer(Worker& worker, const Question& question, const OcspItem& item) {
  TANBA_TRY(const ocsp::SingleResponse answer,
            ocsp::find_answer(*worker.context, *item.response, *question.certificate, *question.issuer));
  TANBA_CHECK(ocsp::check_nonce(*item.response, item.nonce));
  // Of an answer without nextUpdate the policy says how old it may be; here it may be of any age, but not of tomorrow.
  const ocsp::FreshnessRules any_age{.max_age = base::Seconds::max() / 2};
  TANBA_CHECK(ocsp::check_freshness(answer, any_age, clock.now()));
  TANBA_CHECK(ocsp::verify_response(*worker.context, *item.response, question.issuer, question.candidates));
  const std::scoped_lock lock(mutex);
  const base::Digest& certificate = question.certificate->digest();
  if (const Watermark* last = watermarks.find(certificate); last != nullptr && last->url == question.url) {
    TANBA_CHECK(check_order(last->this_update, answer.this_update));
  }
  watermarks.put(certificate, {answer.this_update, question.url, question.issuer});
  return {};
}

// --- lists -----------------------------------------------------------------------------------------------------------

// DER; also PEM, in which some publish their list against RFC 5280 4.2.1.13: "a single DER encoded CRL".
base::Result<Sources::State::Offered> Sources::State::read_list(base::Bytes octets, const std::string& url) const {
  if (base::as_text(octets).starts_with("-----BEGIN")) {
    TANBA_TRY(auto blocks, pki::parse_pem(base::as_text(octets)));
    const auto block = std::ranges::find(blocks, "X509 CRL", &pki::PemBlock::label);
    if (block != blocks.end()) octets = std::move(block->octets);
  }
  TANBA_TRY(ocsp::CrlPtr crl, ocsp::Crl::parse(octets));
  auto kept = std::make_shared<const base::Bytes>(std::move(octets));
  return Offered{.item = {.id = crl->digest(),
                          .crl = crl,
                          .asked_for = {},
                          .source = url,
                          .received_at = clock.now(),
                          .octets = std::make_shared<const ListOctets>(kept)},
                 .octets = kept};
}

Sources::State::Taken Sources::State::take_list(Worker& worker, const Question& question, base::Bytes body) {
  auto offered = read_list(std::move(body), question.url);
  if (!offered) return {base::fail(offered.error()), offered.error(), {}};
  if (question.certificate) offered->item.asked_for = question.certificate->digest();
  const ocsp::Crl& crl = *offered->item.crl;
  const auto standing = prove_list(worker, crl, question.issuer);
  if (!standing) return {Evidence(offered->item), standing.error(), {}};
  const Key key{SourceKind::kCrl, question.url};
  ocsp::CrlPtr last;
  {
    const std::scoped_lock lock(mutex);
    const Source& source = source_locked(key, SourceOrigin::kCertificate);
    // Of two lists that nobody known has signed the later one is kept; it never takes the place of a proved one.
    if (source.standing == Store::Standing::kProved) last = source.list;
  }
  Taken taken{Evidence(offered->item), std::nullopt, {}};
  if (last && *standing == Store::Standing::kUnproved) return taken;
  if (auto now = check_not_future(crl); !now) {
    taken.problem = now.error();
    return taken;
  }
  base::Status fits;
  if (*standing == Store::Standing::kProved) fits = store.marks().check(question.url, crl);
  if (fits && last && last->digest() != crl.digest()) {
    fits = check_line(*last, crl, {question.url, clock.now(), question.certificate.get()});
    if (fits) fits = check_succession(question.url, *last, crl);
  }
  if (fits) {
    install(*offered, *standing, taken.alerts);
  } else {
    taken.problem = fits.error();
    taken.evidence = base::fail(fits.error());
    refuse(key, *std::move(offered), fits.error(), taken.alerts);
  }
  return taken;
}

void Sources::State::refuse(const Key& key, Offered offered, const Error& error, std::vector<Alert>& changed) {
  const ocsp::CrlPtr crl = offered.item.crl;
  const bool shrunk = error.code() == Code::kCrlShrunk;
  base::Status kept;
  if (shrunk) kept = store.keep_waiting(offered);
  const std::scoped_lock lock(mutex);
  changed.push_back(
      alert_locked(shrunk ? AlertKind::kShrunk : AlertKind::kRollback, key, error, crl.get(), crl->digest().hex()));
  if (!kept) changed.push_back(alert_locked(AlertKind::kStorage, key, kept.error(), crl.get(), "disk"));
  if (shrunk) source_locked(key, SourceOrigin::kCertificate).waiting = std::move(offered);
}

base::Result<Store::Standing> Sources::State::prove_list(Worker& worker, const ocsp::Crl& crl,
                                                         const pki::CertificatePtr& issuer) {
  std::vector<pki::CertificatePtr> candidates;
  if (issuer && issuer->subject() == crl.issuer()) candidates.push_back(issuer);
  if (options.authorities) std::ranges::move(options.authorities(crl.issuer()), std::back_inserter(candidates));
  {
    const std::scoped_lock lock(mutex);
    for (const auto& [digest, known] : issuers) {
      if (known->subject() == crl.issuer()) candidates.push_back(known);
    }
  }
  std::optional<Error> wrong;
  std::set<base::Digest> tried;  // by key: an authority may have several certificates
  for (const pki::CertificatePtr& candidate : candidates) {
    if (!tried.insert(candidate->key().digest).second) continue;
    const base::Status verified = crl.verify_signature(*worker.context, candidate->key());
    if (verified) return Store::Standing::kProved;
    wrong = verified.error();
  }
  if (wrong) return base::fail(*std::move(wrong));
  return Store::Standing::kUnproved;
}

base::Status Sources::State::check_not_future(const ocsp::Crl& crl) const {
  const ocsp::FreshnessRules any_age{.max_age = base::Seconds::max() / 2};
  const base::Status fresh = ocsp::check_freshness(crl, any_age, clock.now());
  // What ended already is not refused here: it may be all that there is, and judge says that it is stale.
  return !fresh && fresh.error().code() == Code::kCrlFuture ? fresh : base::Status();
}

base::Status Sources::State::check_succession(const std::string& url, const ocsp::Crl& last, const ocsp::Crl& next) {
  TANBA_CHECK(check_order(last, next));
  const Shrinkage shrinkage = compare_entries(last, next, options.succession,
                                              [&](base::ByteView serial) { return known_end(last.issuer(), serial); });
  if (shrinkage.suspicious()) return base::fail(shrunk_error(url, shrinkage));
  return {};
}

base::Status Sources::State::check_against_all(const std::string& url, const ocsp::Crl& next) {
  const auto scope = [](const ocsp::Crl& crl) {
    return crl.distribution_point() ? crl.distribution_point()->name : base::Bytes{};
  };
  std::vector<ocsp::CrlPtr> others;
  {
    const std::scoped_lock lock(mutex);
    for (const auto& [key, source] : sources) {
      if (source.list && source.standing == Store::Standing::kProved && scope(*source.list) == scope(next)) {
        others.push_back(source.list);
      }
    }
  }
  for (const ocsp::CrlPtr& other : others) TANBA_CHECK(check_succession(url, *other, next));
  return {};
}

std::optional<base::Time> Sources::State::known_end(const pki::Name& issuer, base::ByteView serial) const {
  const std::scoped_lock lock(mutex);
  const base::Time* end = ends.find(serial_key(issuer, serial));
  return end == nullptr ? std::nullopt : std::optional(*end);
}

void Sources::State::remember_locked(const Question& question) {
  constexpr std::size_t kMaxIssuers = 1024;  // a national PKI has tens
  if (!question.certificate || !question.issuer) return;
  ends.put(serial_key(question.certificate->issuer(), question.certificate->serial()),
           question.certificate->not_after());
  if (issuers.size() < kMaxIssuers) issuers.emplace(question.issuer->digest(), question.issuer);
}

void Sources::State::install(const Offered& offered, Store::Standing standing, std::vector<Alert>& changed) {
  const Key key{SourceKind::kCrl, offered.item.source};
  Store::KeptList list{.item = offered.item, .reach = Store::Reach::kAddress, .standing = standing};
  list.item.asked_for.reset();  // whoever it was, it is for all
  store.drop_waiting(key.second);
  {
    const std::scoped_lock lock(mutex);
    Source& source = source_locked(key, SourceOrigin::kCertificate);
    end_alerts_locked(key, {AlertKind::kRollback, AlertKind::kShrunk}, changed, line_of(key.second, *offered.item.crl));
    source.waiting.reset();
    const bool same = source.list && source.list->digest() == offered.item.id;
    if (same && source.standing >= standing) return;
    if (source.origin != SourceOrigin::kCertificate) list.reach = Store::Reach::kIssuer;
    source.list = offered.item.crl;
    source.standing = standing;
  }
  base::Status kept;
  if (standing == Store::Standing::kProved) kept = store.marks().raise(key.second, *offered.item.crl);
  const base::Status written = store.keep(list, *offered.octets);
  if (kept) kept = written;
  const std::scoped_lock lock(mutex);
  if (kept) {
    end_alerts_locked(key, {AlertKind::kStorage}, changed);
  } else {
    changed.push_back(alert_locked(AlertKind::kStorage, key, kept.error(), offered.item.crl.get(), "disk"));
  }
}

}  // namespace tanba::verify::evidence
