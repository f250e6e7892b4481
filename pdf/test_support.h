// What the tests of pdf share: the demo authority's documents, and small ones written here.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "cms/test_support.h"
#include "pdf/inspect.h"

namespace tanba::pdf::test {

namespace fs = std::filesystem;
using base::Bytes;
using base::ByteView;
using base::Code;
using cms::test::certs_test;
using cms::test::context;
using cms::test::read;

inline Bytes document(const std::string& scenario) {
  return read(certs_test() / "scenarios" / scenario / "document.pdf");
}

inline pki::DocumentFacts inspected(ByteView file, const base::Limits& limits = {}) {
  base::Budget budget(limits);
  auto facts = inspect(context(), file, budget);
  EXPECT_TRUE(facts.has_value()) << facts.error().message();
  return facts.value_or(pki::DocumentFacts{});
}

// Every error code, of the document and of its signatures, each once.
inline std::set<std::string> codes_of(const pki::DocumentFacts& facts) {
  std::set<std::string> out;
  for (const base::Error& error : facts.errors) out.emplace(base::dotted(error.code()));
  for (const pki::SignatureFacts& signature : facts.signatures) {
    for (const base::Error& error : signature.errors) out.emplace(base::dotted(error.code()));
  }
  return out;
}

// A classic PDF of these objects (numbered from 1; the first is the catalog), with the offsets that they have.
inline std::string simple(const std::vector<std::string>& objects, const std::string& trailer_entries = "") {
  std::string file = "%PDF-1.7\n";
  std::string table = "xref\n0 " + std::to_string(objects.size() + 1) + "\n0000000000 65535 f \n";
  for (std::size_t at = 0; at < objects.size(); ++at) {
    char line[24];
    (void)std::snprintf(line, sizeof line, "%010zu 00000 n \n", file.size());
    table += line;
    file += std::to_string(at + 1) + " 0 obj\n" + objects[at] + "\nendobj\n";
  }
  const std::size_t at = file.size();
  return file + table + "trailer\n<< /Size " + std::to_string(objects.size() + 1) + " /Root 1 0 R " + trailer_entries +
         " >>\nstartxref\n" + std::to_string(at) + "\n%%EOF\n";
}

}  // namespace tanba::pdf::test
