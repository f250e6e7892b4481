#include "verify/evidence/time_stamper.h"

#include <algorithm>
#include <utility>

#include "cms/oids.h"
#include "cms/signed_data.h"
#include "cms/tsp/protocol.h"
#include "cms/tsp/token.h"
#include "pki/verify_signature.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using base::Error;
namespace tsp = cms::tsp;

// How far a new token's time may lie from ours: what the freshness rules grant to responders too. A token that is
// honestly made now and says another time would prove the wrong thing for ever.
constexpr base::Seconds kMaxClockDifference{300};

base::Result<base::Bytes> imprint_of(pki::DigestAlgorithm algorithm, base::ByteView octets) {
  if (algorithm == pki::DigestAlgorithm::kSha256) return base::to_bytes(base::sha256(octets).view());
  // The caller's thread need not have a context; a request is rare and slow beside making one.
  TANBA_TRY(const auto context, pki::Context::create());
  return pki::compute_digest(*context, algorithm, octets);
}

base::Status check_clock(base::Time gen_time, base::Time now) {
  const base::Seconds difference = gen_time > now ? gen_time - now : now - gen_time;
  if (difference <= kMaxClockDifference) return {};
  return base::fail(Code::kTspClock, {{"gen_time", base::format_time(gen_time)}, {"at", base::format_time(now)}});
}

base::Status check_token(base::ByteView token, const tsp::Request& request, base::Time now) {
  base::Bytes storage;
  TANBA_TRY(const base::ByteView der, pki::der::normalise(token, storage));
  TANBA_TRY(const cms::SignedData signed_data, cms::parse_signed_data(der, base::Limits{}));
  if (signed_data.content_type != cms::oid::kTstInfo || !signed_data.content) {
    return base::fail(Code::kTspContentType);
  }
  TANBA_TRY(const tsp::TstInfo info, tsp::parse_tst_info(*signed_data.content));
  TANBA_CHECK(tsp::check_answers(info, request));
  return check_clock(info.gen_time, now);
}

std::string reason_of(const TimeStampAuthority& authority, const Error& error) {
  return authority.url + ": " + error.message() + " [" + std::string(base::dotted(error.code())) + "]";
}

}  // namespace

TimeStamper::TimeStamper(Verifier& verifier, net::fetch::Fetcher& fetcher, Options options)
    : verifier_(verifier), fetcher_(fetcher), options_(std::move(options)) {
  if (!options_.random) options_.random = random_octets;
}

base::Result<TimeStamp> TimeStamper::ask(const TimeStampAuthority& authority,
                                         const std::shared_ptr<const base::Bytes>& octets, const JudgeInput& input,
                                         const EvidenceSet& evidence,
                                         std::chrono::steady_clock::time_point deadline) const {
  tsp::Request request{.digest = authority.digest,
                       .imprint = {},
                       .policy = authority.policy,
                       .nonce = options_.random(options_.nonce_bytes)};
  TANBA_TRY(request.imprint, imprint_of(authority.digest, *octets));
  net::fetch::Request sent{.method = net::fetch::Method::kPost,
                           .url = authority.url,
                           .egress = options_.egress,
                           .content_type = std::string(tsp::kRequestMediaType),
                           .body = tsp::write_request(request),
                           .deadline = std::min(deadline, std::chrono::steady_clock::now() + options_.source_timeout),
                           .max_response_bytes = tsp::kMaxResponseBytes};
  TANBA_TRY(const net::fetch::Response answer, require_ok(fetch_and_wait(fetcher_, std::move(sent))));
  TANBA_TRY(tsp::Response response, tsp::parse_response(answer.body));
  TANBA_TRY(base::Bytes token, tsp::granted_token(std::move(response)));
  TANBA_CHECK(check_token(token, request, input.now));

  TimeStamp stamp{.token = token, .source = authority.url, .verified = {}};
  Task task{.subject = TimestampSubject{.token = std::make_shared<const base::Bytes>(std::move(token)),
                                        .data = cms::DetachedContent(base::ByteView(*octets))},
            .input = input,
            .evidence = evidence,
            .fetching = Fetching::kFetch,
            .deadline = deadline};
  task.input.existed_at.reset();
  TANBA_TRY(stamp.verified, verifier_.verify_and_wait(std::move(task)));
  if (stamp.verified.report.outcome.decision != Decision::kAccept) {
    return base::fail(all_errors(stamp.verified.report).front().error);
  }
  return stamp;
}

base::Result<TimeStamp> TimeStamper::request(const std::shared_ptr<const base::Bytes>& octets, const JudgeInput& input,
                                             EvidenceSet evidence,
                                             std::chrono::steady_clock::time_point deadline) const {
  std::string reasons;
  for (const TimeStampAuthority& authority : options_.authorities) {
    if (std::chrono::steady_clock::now() >= deadline) break;
    auto stamp = ask(authority, octets, input, evidence, deadline);
    if (stamp) return stamp;
    if (!reasons.empty()) reasons += "; ";
    reasons += reason_of(authority, stamp.error());
  }
  return base::fail(Code::kTspUnavailable, {{"reasons", reasons.empty() ? "-" : reasons}});
}

}  // namespace tanba::verify::evidence
