// What the tests of this folder share: where test material lies, and how its absence is said.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "pki/certificate.h"
#include "pki/context.h"

namespace tanba::pki::test {

inline std::optional<std::filesystem::path> folder_from(const char* variable, std::string_view below) {
  const char* root = std::getenv(variable);
  if (root != nullptr && *root != '\0' && std::filesystem::is_directory(std::filesystem::path(root) / below)) {
    return std::filesystem::path(root) / below;
  }
  std::printf("not run: %s (no folder %.*s below $%s)\n",
              ::testing::UnitTest::GetInstance()->current_test_info()->name(), static_cast<int>(below.size()),
              below.data(), variable);
  return std::nullopt;
}
inline std::optional<std::filesystem::path> corpora(std::string_view below) {
  return folder_from("TANBA_CORPORA", below);
}
// The demo authority's folder.
inline std::optional<std::filesystem::path> certs_test(std::string_view below) {
  return folder_from("TANBA_CERTS_TEST", below);
}

inline base::Bytes read(const std::filesystem::path& path) {
  auto octets = base::read_file(path, 16U << 20);
  EXPECT_TRUE(octets.has_value()) << path;
  return octets ? *std::move(octets) : base::Bytes();
}

// The first certificate of a file; null (and a failure) when there is none.
inline CertificatePtr load(const std::filesystem::path& path) {
  auto certificates = parse_certificates(read(path));
  if (!certificates || certificates->empty()) {
    ADD_FAILURE() << path << ": " << (certificates ? "no certificate" : certificates.error().message());
    return nullptr;
  }
  return certificates->front();
}

inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

inline std::unique_ptr<Context> make_context() {
  auto context = Context::create();
  EXPECT_TRUE(context.has_value());
  return context ? *std::move(context) : nullptr;
}

inline base::Time at(std::string_view text) {
  return *base::parse_time(text);
}

}  // namespace tanba::pki::test
