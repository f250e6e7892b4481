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
#include "base/test_support.h"
#include "pki/certificate.h"
#include "pki/context.h"

namespace tanba::pki::test {

using base::test::corpora;
using base::test::made;

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
