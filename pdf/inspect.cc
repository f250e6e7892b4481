#include "pdf/inspect.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "cms/inspect.h"
#include "cms/oids.h"
#include "cms/tsp/token.h"
#include "pdf/evidence.h"
#include "pdf/permissions.h"
#include "pki/stream_digest.h"

namespace tanba::pdf {
namespace {

using base::ByteView;
using base::Code;
using base::Error;

constexpr std::size_t kHeaderWindowBytes = 1024;

bool is_internal(const Error& error) {
  return base::info(error.code()).effect == base::Effect::kInternal;
}

// What a signature covers: its revision without the hole. The file must outlive it.
cms::DetachedContent content_of(ByteView file, const FoundSignature& signature) {
  const ByteView before = file.first(signature.hole.begin);
  const ByteView after = file.subspan(signature.hole.end, signature.end - signature.hole.end);
  cms::DigestedContent content;
  content.size_bytes = before.size() + after.size();
  content.beginning = base::to_bytes(before.first(std::min(before.size(), cms::DigestedContent::kBeginningBytes)));
  content.compute = [before, after](pki::DigestAlgorithm algorithm) -> base::Result<base::Bytes> {
    TANBA_TRY(pki::StreamDigest digest, pki::StreamDigest::start(algorithm));
    digest.update(before);
    digest.update(after);
    base::Bytes value = digest.finish();
    if (value.empty()) return base::fail(Code::kInternal, pki::drain_openssl_errors());
    return value;
  };
  return content;
}

class Inspector {
 public:
  Inspector(pki::Context& context, ByteView file, base::Budget& budget)
      : context_(context), file_(file), budget_(budget) {}
  base::Result<pki::DocumentFacts> run();

 private:
  base::Status open();
  base::Status inspect_signature(const FoundSignature& found);
  base::Status inspect_cms(const FoundSignature& found, pki::SignatureFacts& out);
  base::Status inspect_timestamp(FoundSignature& found);
  base::Status inspect_changes(std::size_t at, pki::SignatureFacts& out);
  base::Status compare_revisions(std::size_t at, pki::SignatureFacts& out);
  [[nodiscard]] std::string revision_of(const FoundSignature& found) const;

  pki::Context& context_;
  ByteView file_;
  base::Budget& budget_;
  Cost cost_;
  Layout layout_;
  std::unique_ptr<Graph> graph_;
  std::vector<FoundSignature> found_;
  std::vector<const FoundSignature*> of_facts_;  // beside facts_.signatures
  std::vector<Error> warnings_;                  // about the document: each signature has them
  pki::DocumentFacts facts_;
};

base::Status Inspector::open() {
  TANBA_TRY(layout_, read_layout(file_, cost_));
  TANBA_CHECK(check_objects(layout_, cost_));
  TANBA_TRY(graph_, Graph::open(layout_));
  TANBA_TRY(found_, find_signatures(*graph_, cost_));
  if (found_.size() > budget_.limits().max_signatures) {
    return base::fail(Code::kLimitCount,
                      {{"what", "signatures"}, {"limit", std::to_string(budget_.limits().max_signatures)}});
  }
  return read_security_store(context_, *graph_, cost_, budget_.limits(), facts_, warnings_);
}

std::string Inspector::revision_of(const FoundSignature& found) const {
  std::set<std::size_t> ends{file_.size()};
  for (const FoundSignature& one : found_) {
    if (one.end != 0 && !reaches_end(file_, one)) ends.insert(one.end);
  }
  const auto index = std::distance(ends.begin(), ends.lower_bound(found.end)) + 1;
  return "revision " + std::to_string(index) + " of " + std::to_string(ends.size());
}

base::Status Inspector::inspect_cms(const FoundSignature& found, pki::SignatureFacts& out) {
  TANBA_TRY(pki::DocumentFacts cms, cms::inspect(context_, found.cms, content_of(file_, found), budget_));
  // ISO 32000-2 12.8.3.3.1: "There shall only be a single signer".
  if (cms.errors.empty() && cms.signatures.size() != 1) {
    cms.errors.emplace_back(Code::kPdfSignature,
                            std::vector<base::ErrorArgument>{{"what", "its CMS has not exactly one signer"}});
  }
  // ISO 32000-2 12.8.3.3.1, 12.8.3.4.1: what is signed are octets of the file, which CMS calls data. A signature over
  // something of another kind, the seal of a capsule for instance, was not made for a document.
  if (cms.errors.empty() && cms.content_type != cms::oid::kData) {
    facts_.content_type = cms.content_type;
    cms.errors.emplace_back(Code::kCmsContentType);
  }
  if (!cms.signatures.empty()) {
    const std::string id = std::move(out.id);
    out = std::move(cms.signatures.front());
    out.id = id;
  }
  std::ranges::move(cms.errors, std::back_inserter(out.errors));
  for (pki::CertificatePtr& one : cms.certificates) add_certificate(facts_, std::move(one));
  std::ranges::move(cms.crls, std::back_inserter(facts_.crls));
  std::ranges::move(cms.ocsp_responses, std::back_inserter(facts_.ocsp_responses));
  return {};
}

base::Status Inspector::compare_revisions(std::size_t at, pki::SignatureFacts& out) {
  TANBA_TRY(Verdict verdict, judge_revision(*graph_, found_, at, cost_));
  out.covers.whole = verdict.errors.empty();
  std::ranges::move(verdict.errors, std::back_inserter(out.errors));
  std::ranges::move(verdict.warnings, std::back_inserter(out.warnings));
  return {};
}

// What came since, once it is known which time stamps are any.
base::Status Inspector::inspect_changes(std::size_t at, pki::SignatureFacts& out) {
  if (!found_[at].errors.empty()) return {};
  out.covers.whole = true;
  auto compared = compare_revisions(at, out);
  if (compared) return {};
  if (is_internal(compared.error())) return compared;
  out.covers.whole = false;
  out.errors.push_back(compared.error());
  return {};
}

base::Status Inspector::inspect_signature(const FoundSignature& found) {
  pki::SignatureFacts out;
  out.id = "S" + std::to_string(facts_.signatures.size() + 1);
  if (found.errors.empty()) {
    TANBA_CHECK(inspect_cms(found, out));
    out.covers = {.whole = false, .what = reaches_end(file_, found) ? "document" : revision_of(found)};
  } else {
    out.covers = {.whole = false, .what = "unknown"};
    out.errors = found.errors;
  }
  if (!out.claimed_signing_time) out.claimed_signing_time = found.claimed_time;
  out.warnings.insert(out.warnings.end(), warnings_.begin(), warnings_.end());
  facts_.signatures.push_back(std::move(out));
  of_facts_.push_back(&found);
  return {};
}

// A time stamp of the document proves that what it covers existed: every signature of its revision and of those before.
base::Status Inspector::inspect_timestamp(FoundSignature& found) {
  pki::TimestampFacts timestamp;
  if (found.errors.empty()) {
    TANBA_TRY(timestamp,
              cms::tsp::inspect_token(context_, found.cms, content_of(file_, found), budget_, facts_.certificates));
  } else {
    timestamp.id = base::sha256(found.cms);
    timestamp.errors = found.errors;
  }
  found.proves_time = timestamp.errors.empty() && timestamp.over_known_data;
  timestamp.kind = pki::TimestampKind::kDocument;
  for (std::size_t at = 0; at < of_facts_.size(); ++at) {
    if (found.errors.empty() && of_facts_[at]->end > found.end) continue;
    facts_.signatures[at].timestamps.push_back(timestamp);
  }
  return {};
}

base::Result<pki::DocumentFacts> Inspector::run() {
  facts_.format = pki::DocumentFormat::kPdf;
  if (auto opened = open(); !opened) {
    if (is_internal(opened.error())) return base::fail(opened.error());
    facts_.errors.push_back(opened.error());
    return std::move(facts_);
  }
  for (const FoundSignature& found : found_) {
    if (!found.timestamp) TANBA_CHECK(inspect_signature(found));
  }
  for (FoundSignature& found : found_) {
    if (found.timestamp) TANBA_CHECK(inspect_timestamp(found));
  }
  for (std::size_t at = 0, of_facts = 0; at < found_.size(); ++at) {
    if (!found_[at].timestamp) TANBA_CHECK(inspect_changes(at, facts_.signatures[of_facts++]));
  }
  if (facts_.signatures.empty()) facts_.errors.emplace_back(Code::kFormatNoSignature);
  return std::move(facts_);
}

}  // namespace

base::Result<pki::DocumentFacts> inspect(pki::Context& context, ByteView file, base::Budget& budget) {
  return Inspector(context, file, budget).run();
}

bool looks_like_pdf(ByteView file) {
  const std::string_view beginning = base::as_text(file.first(std::min(file.size(), kHeaderWindowBytes)));
  return beginning.find("%PDF-") != std::string_view::npos;
}

}  // namespace tanba::pdf
