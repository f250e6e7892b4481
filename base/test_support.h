// What the tests of every folder share.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
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

}  // namespace tanba::base::test
