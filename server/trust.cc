#include "server/trust.h"

#include <algorithm>
#include <system_error>

#include "base/file.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Error;
using base::Result;
namespace fs = std::filesystem;

Result<std::vector<pki::CertificatePtr>> read_certificates(const fs::path& file) {
  TANBA_TRY(const base::Bytes octets, base::read_file(file, kMaxAnchorFileBytes));
  auto certificates = pki::parse_certificates(octets);
  if (!certificates || certificates->empty()) {
    return base::fail(Code::kFileWrongContent, {{"file", file.string()}, {"expected", "certificates, PEM or DER"}},
                      certificates ? "" : certificates.error().message());
  }
  return certificates;
}

base::Status check_marker(const Config& config, const pki::Certificate& certificate) {
  if (config.mode == Mode::kDemo || !pki::has_demo_marker(certificate)) return {};
  return base::fail(Code::kConfigDemoAnchor, {{"anchor", certificate.subject().display()}});
}

Result<std::vector<fs::path>> files_of(const fs::path& directory) {
  std::error_code ec;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(directory, ec), end; !ec && entry != end; entry.increment(ec)) {
    if (entry->path().filename().string().starts_with(".")) continue;
    files.push_back(entry->path());
    if (files.size() > licensing::flow::kMaxIntermediates) {
      return base::fail(Code::kFileWrongContent, {{"file", directory.string()}, {"expected", "fewer files"}});
    }
  }
  if (ec) return base::fail(Code::kFileNotReadable, {{"file", directory.string()}, {"reason", ec.message()}});
  std::ranges::sort(files);
  return files;
}

}  // namespace

Result<pki::TrustSnapshotPtr> load_trust(const Config& config) {
  std::vector<pki::Anchor> anchors;
  for (const AnchorFile& listed : config.anchors) {
    TANBA_TRY(auto certificates, read_certificates(listed.file));
    for (pki::CertificatePtr& certificate : certificates) {
      TANBA_CHECK(check_marker(config, *certificate));
      anchors.push_back({std::move(certificate), listed.purposes, listed.not_before, listed.not_after});
    }
  }
  std::vector<pki::CertificatePtr> intermediates;
  if (config.intermediates) {
    TANBA_TRY(const auto files, files_of(*config.intermediates));
    for (const fs::path& file : files) {
      TANBA_TRY(auto certificates, read_certificates(file));
      std::ranges::move(certificates, std::back_inserter(intermediates));
    }
  }
  return pki::TrustSnapshot::make(std::move(anchors), std::move(intermediates));
}

}  // namespace tanba::server
