#include "cli/commands.h"

namespace tanba::cli {

base::Result<verify::evidence::TimeStamper::Options> stamper_options(const TimeStampOptions& options) {
  verify::evidence::TimeStamper::Options out;
  TANBA_TRY(const pki::DigestAlgorithm digest, pki::parse_digest_name(options.digest));
  std::optional<pki::Oid> policy;
  if (!options.policy.empty()) {
    TANBA_TRY(policy, pki::Oid::from_dotted(options.policy));
  }
  for (const std::string& url : options.urls)
    out.authorities.push_back({.url = url, .policy = policy, .digest = digest});
  return out;
}

base::Result<base::Bytes> request_time_stamp(const TimeStampOptions& options, base::Bytes octets) {
  TANBA_TRY(auto stamper_settings, stamper_options(options));
  TANBA_TRY(Prepared prepared, prepare(options.common, verify::RevocationMode::kRequire));
  VerificationOptions online = options.common;
  online.online = true;
  TANBA_TRY(const Shell shell, Shell::start(online, prepared.input.now));
  const verify::evidence::TimeStamper stamper(*shell.verifier, *shell.fetcher, std::move(stamper_settings));
  TANBA_TRY(verify::evidence::TimeStamp stamp,
            stamper.request(std::make_shared<const base::Bytes>(std::move(octets)), prepared.input,
                            std::move(prepared.evidence), std::chrono::steady_clock::now() + kVerificationTime));
  return std::move(stamp.token);
}

}  // namespace tanba::cli
