#include "cli/verification.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/file.h"
#include "net/fetch/fetcher.h"

namespace tanba::cli {
namespace {

using base::Code;
namespace fs = std::filesystem;

base::Status for_each_file(const std::vector<std::string>& names, std::size_t max_size_bytes,
                           const std::function<base::Status(const std::string&, const base::Bytes&)>& take) {
  for (const std::string& name : names) {
    TANBA_TRY(const std::vector<fs::path> files, files_of(name));
    for (const fs::path& file : files) {
      TANBA_TRY(const base::Bytes octets, base::read_file(file, max_size_bytes));
      TANBA_CHECK(take(file.string(), octets));
    }
  }
  return {};
}

std::unexpected<base::Error> wrong_content(const std::string& file, const std::string& expected,
                                           const base::Error& why) {
  return base::fail(Code::kFileWrongContent, {{"file", file}, {"expected", expected}},
                    why.message() + " " + why.cause());
}

// Every block with this label, or the one object that the file is.
base::Result<std::vector<base::Bytes>> objects_in(base::ByteView file, std::string_view label) {
  if (!base::as_text(file).contains("-----BEGIN ")) {
    TANBA_TRY(base::Bytes one, unarmour(file, label));
    std::vector<base::Bytes> only;
    only.push_back(std::move(one));
    return only;
  }
  TANBA_TRY(std::vector<pki::PemBlock> blocks, pki::parse_pem(base::as_text(file)));
  std::vector<base::Bytes> out;
  for (pki::PemBlock& block : blocks) {
    if (block.label == label) out.push_back(std::move(block.octets));
  }
  if (out.empty()) return base::fail(Code::kFormatUnknown);
  return out;
}

// A folder may hold thousands of small lists: an open file for each would soon be one too many.
constexpr std::uint64_t kHeldListBytes = 256U << 10;

std::shared_ptr<const verify::ListOctets> octets_of(base::FileDescriptor file, const base::Digest& digest) {
  auto in_file = std::make_shared<const verify::ListOctets>(std::move(file), 0);
  const auto size = in_file->size_bytes();
  if (!size || *size > kHeldListBytes) return in_file;
  auto octets = in_file->read(digest);
  if (!octets) return in_file;
  return std::make_shared<const verify::ListOctets>(std::make_shared<const base::Bytes>(*std::move(octets)));
}

// The lists of a file: one in DER, of any size, read as a stream; or any number in PEM.
using TakeList = std::function<base::Status(base::Result<ocsp::CrlPtr>, std::shared_ptr<const verify::ListOctets>)>;

base::Status for_each_list(const fs::path& file, const TakeList& take) {
  base::FileDescriptor input(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  char first = 0;
  // What cannot be looked at without reading it (a pipe, a folder) goes the other way.
  if (input.open() && ::pread(input.get(), &first, 1, 0) == 1 && first == '0') {  // a SEQUENCE
    ocsp::FileSource source(input.get());
    auto crl = ocsp::Crl::parse(source);
    if (!crl) return take(std::move(crl), nullptr);
    auto octets = octets_of(std::move(input), (*crl)->digest());
    return take(std::move(crl), std::move(octets));
  }
  TANBA_TRY(const base::Bytes octets, base::read_file(file, base::Limits{}.max_crl_bytes));
  const auto objects = objects_in(octets, "X509 CRL");
  if (!objects) return wrong_content(file, "CRL", objects.error());
  for (const base::Bytes& der : *objects) {
    auto kept = std::make_shared<const verify::ListOctets>(std::make_shared<const base::Bytes>(der));
    TANBA_CHECK(take(ocsp::Crl::parse(der), std::move(kept)));
  }
  return {};
}

base::Status add_crls(const VerificationOptions& options, base::Time received_at, verify::EvidenceSet& evidence) {
  for (const std::string& name : options.crls) {
    TANBA_TRY(const std::vector<fs::path> files, files_of(name));
    for (const fs::path& file : files) {
      TANBA_CHECK(for_each_list(
          file, [&](base::Result<ocsp::CrlPtr> crl, std::shared_ptr<const verify::ListOctets> octets) -> base::Status {
            if (crl) {
              evidence.add(verify::CrlItem{.id = (*crl)->digest(),
                                           .crl = *crl,
                                           .asked_for = {},
                                           .source = file,
                                           .received_at = received_at,
                                           .octets = std::move(octets)});
            } else if (crl.error().code() == Code::kCrlMalformed) {
              return wrong_content(file, "CRL", crl.error());
            } else {
              // A list that this program must not use (an unknown critical extension) is evidence that is not there.
              evidence.add(verify::SourceFailure{file, crl.error(), received_at, {}});
            }
            return {};
          }));
    }
  }
  return {};
}

base::Status add_ocsp(const VerificationOptions& options, base::Time received_at, verify::EvidenceSet& evidence) {
  return for_each_file(options.ocsp, base::Limits{}.max_ocsp_bytes,
                       [&](const std::string& file, const base::Bytes& octets) -> base::Status {
                         const auto objects = objects_in(octets, "OCSP RESPONSE");
                         if (!objects) return wrong_content(file, "OCSP response", objects.error());
                         for (const base::Bytes& der : *objects) {
                           auto response = ocsp::parse_response(der);
                           if (!response && response.error().code() == Code::kOcspMalformed)
                             return wrong_content(file, "OCSP response", response.error());
                           if (!response) {
                             evidence.add(verify::SourceFailure{file, response.error(), received_at, {}});
                             continue;
                           }
                           evidence.add(verify::OcspItem{.id = (*response)->digest,
                                                         .response = *response,
                                                         .octets = std::make_shared<const base::Bytes>(der),
                                                         .nonce = {},
                                                         .asked_for = {},
                                                         .source = file,
                                                         .received_at = received_at});
                         }
                         return {};
                       });
}

base::Result<std::vector<pki::CertificatePtr>> read_all_certificates(const std::vector<std::string>& names) {
  std::vector<pki::CertificatePtr> all;
  for (const std::string& name : names) {
    TANBA_TRY(const std::vector<pki::CertificatePtr> some, read_certificates(name));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

base::Status set_times(const VerificationOptions& options, verify::JudgeInput& input) {
  if (options.at.empty()) {
    input.now = base::SystemClock().now();
  } else {
    TANBA_TRY(input.now, base::parse_time(options.at));
    // "Evidence whose thisUpdate, producedAt or genTime lies after T is not used" (DESIGN 3): no allowance for clocks
    // that differ, as this clock reads what it was told.
    input.policy.ocsp_freshness.max_skew = base::Seconds(0);
    input.policy.crl_freshness.max_skew = base::Seconds(0);
  }
  if (!options.existed_at.empty()) {
    TANBA_TRY(input.existed_at, base::parse_time(options.existed_at));
    if (*input.existed_at > input.now) {
      return base::fail(Code::kInputUsage, {{"reason", "--existed-at lies after the time of checking"}});
    }
  }
  return {};
}

}  // namespace

base::Result<base::Bytes> unarmour(base::ByteView file, std::string_view label) {
  if (!file.empty() && file.front() == 0x30) return base::to_bytes(file);
  const std::string_view text = base::as_text(file);
  if (text.contains("-----BEGIN ")) {
    TANBA_TRY(std::vector<pki::PemBlock> blocks, pki::parse_pem(text));
    for (pki::PemBlock& block : blocks) {
      if (block.label == label) return std::move(block.octets);
    }
    return base::fail(Code::kFormatUnknown);
  }
  auto octets = base::from_base64_with_space(text);
  if (octets && !octets->empty()) return octets;
  return base::fail(file.empty() ? Code::kFormatEmpty : Code::kFormatUnknown);
}

base::Result<std::vector<pki::CertificatePtr>> read_certificates(const std::string& file_or_directory) {
  std::vector<pki::CertificatePtr> all;
  // A bundle of every public root there is has under a megabyte.
  constexpr std::size_t kMaxBundleBytes = 16U << 20;
  TANBA_CHECK(for_each_file({file_or_directory}, kMaxBundleBytes,
                            [&](const std::string& file, const base::Bytes& octets) -> base::Status {
                              auto some = pki::parse_certificates(octets);
                              if (!some) return wrong_content(file, "certificate", some.error());
                              if (some->empty())
                                return wrong_content(file, "certificate", base::Error(Code::kFormatUnknown));
                              all.insert(all.end(), some->begin(), some->end());
                              return {};
                            }));
  return all;
}

base::Result<Prepared> prepare(const VerificationOptions& options, verify::RevocationMode default_mode) {
  Prepared prepared;
  verify::JudgeInput& input = prepared.input;
  TANBA_TRY(const pki::PolicyId policy, pki::parse_policy_id(options.policy));
  input.policy = verify::policy_for(policy);
  input.policy.revocation = default_mode;
  if (options.require_signing_certificate) {
    input.policy.certificate_reference = verify::CertificateReferenceRule::kRequired;
  }
  if (!options.revocation.empty()) {
    TANBA_TRY(input.policy.revocation, verify::parse_revocation_mode(options.revocation));
  }
  TANBA_CHECK(set_times(options, input));
  TANBA_TRY(const std::vector<pki::CertificatePtr> anchors, read_all_certificates(options.trust));
  TANBA_TRY(std::vector<pki::CertificatePtr> intermediates, read_all_certificates(options.intermediates));
  std::vector<pki::Anchor> trusted;
  trusted.reserve(anchors.size());
  for (const pki::CertificatePtr& anchor : anchors) {
    trusted.push_back(
        {.certificate = anchor, .purposes = pki::TrustPurposes::all(), .trusted_from = {}, .trusted_until = {}});
  }
  input.trust = pki::TrustSnapshot::make(std::move(trusted), std::move(intermediates));
  TANBA_CHECK(add_crls(options, input.now, prepared.evidence));
  TANBA_CHECK(add_ocsp(options, input.now, prepared.evidence));
  return prepared;
}

base::Result<std::vector<fs::path>> files_of(const std::string& name) {
  std::error_code error;
  if (!fs::is_directory(name, error)) return std::vector<fs::path>{name};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(name, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  if (error) return base::fail(Code::kFileNotReadable, {{"file", name}, {"reason", error.message()}});
  std::ranges::sort(files);
  return files;
}

base::Result<Shell> Shell::start(const VerificationOptions& options, base::Time now, unsigned threads) {
  Shell shell;
  shell.clock = std::make_unique<base::FixedClock>(now);
  TANBA_TRY(shell.workers, verify::evidence::Workers::start({.threads = threads}));
  shell.store = std::make_unique<verify::evidence::Store>(verify::evidence::Store::Options{});
  if (options.online) {
    TANBA_TRY(auto policy, net::fetch::EgressPolicy::make({.listed = options.allowed_sources}));
    shell.fetcher = std::make_unique<net::fetch::Fetcher>(net::fetch::Fetcher::Options{.policy = std::move(policy)});
  }
  if (options.online) {
    shell.sources = std::make_unique<verify::evidence::Sources>(*shell.workers, shell.fetcher.get(), *shell.store,
                                                                *shell.clock, verify::evidence::Sources::Options{});
    shell.sources->start();
  }
  shell.verifier = std::make_unique<verify::evidence::Verifier>(*shell.workers, shell.sources.get(), *shell.store);
  return shell;
}

Shell::~Shell() {
  // The fetcher's callbacks reach into all the others: it ends first.
  if (sources) sources->stop();
  fetcher.reset();
}

base::Result<verify::Report> run(const VerificationOptions& options, Prepared prepared,
                                 verify::evidence::Subject subject) {
  TANBA_TRY(verify::evidence::Verified verified, run_whole(options, std::move(prepared), std::move(subject)));
  return std::move(verified.report);
}

base::Result<verify::evidence::Verified> run_whole(const VerificationOptions& options, Prepared prepared,
                                                   verify::evidence::Subject subject) {
  TANBA_TRY(const Shell shell, Shell::start(options, prepared.input.now));
  verify::evidence::Task task{
      .subject = std::move(subject),
      .input = std::move(prepared.input),
      .evidence = std::move(prepared.evidence),
      .fetching = options.online ? verify::evidence::Fetching::kFetch : verify::evidence::Fetching::kAtHandOnly,
      .deadline = std::chrono::steady_clock::now() + kVerificationTime};
  task.limits.max_digested_bytes = kMaxDigestedBytes;
  return shell.verifier->verify_and_wait(std::move(task));
}

std::shared_ptr<const base::LargeFile> open_large(const std::string& file) {
  if (file == "-") return nullptr;
  auto opened = base::LargeFile::open(file);
  return opened && (*opened)->size_bytes() > kMaxHeldBytes ? *std::move(opened) : nullptr;
}

base::Result<base::Bytes> read_subject(const std::string& file, std::size_t max_size_bytes) {
  return base::read_file(file, max_size_bytes);
}

}  // namespace tanba::cli
