// What the tests of every folder share.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace tanba::base::test {

template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << dotted(result.error().code()) << ": " << result.error().message() << " " << result.error().cause();
    std::abort();  // nothing that follows would make sense
  }
  return *std::move(result);
}

// A file of the test authority.
inline std::filesystem::path made(std::string_view name) {
  const char* folder = std::getenv("TANBA_CERTS_TEST");  // NOLINT(concurrency-mt-unsafe): nothing sets it
  if (folder == nullptr) {
    ADD_FAILURE() << "TANBA_CERTS_TEST is not set: run this through ctest";
    std::abort();
  }
  return std::filesystem::path(folder) / name;
}
inline Bytes read_made(std::string_view name) {
  return must(read_file(made(name), 64U << 20));
}

// A folder of others' data. Nothing, and a line that names the test, when it is not there: the test is then skipped.
inline std::optional<std::filesystem::path> corpora(std::string_view below) {
  const char* root = std::getenv("TANBA_CORPORA");  // NOLINT(concurrency-mt-unsafe): nothing sets it
  if (root != nullptr && *root != '\0' && std::filesystem::is_directory(std::filesystem::path(root) / below)) {
    return std::filesystem::path(root) / below;
  }
  std::printf("not run: %s (no folder %.*s below $TANBA_CORPORA)\n",
              ::testing::UnitTest::GetInstance()->current_test_info()->name(), static_cast<int>(below.size()),
              below.data());
  return std::nullopt;
}

}  // namespace tanba::base::test
