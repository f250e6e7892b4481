// The demo authority's files for the tests of this folder.
#pragma once

#include <boost/json/value.hpp>

#include "base/json.h"
#include "base/test_support.h"
#include "pki/der.h"
#include "pki/test_support.h"

namespace tanba::ocsp::test {

class Authority : public ::testing::Test {
 protected:
  void SetUp() override {
    context_ = pki::test::make_context();
    folder_ = base::test::made("");
    const base::Bytes index = pki::test::read(folder_ / "index.json");
    auto parsed = base::parse_json(base::as_text(index));
    ASSERT_TRUE(parsed.has_value());
    index_ = *std::move(parsed);
  }
  [[nodiscard]] base::Bytes octets(const std::string& name) const { return pki::test::read(folder_ / name); }
  [[nodiscard]] pki::CertificatePtr certificate(const std::string& name) const {
    return pki::test::load(folder_ / name);
  }
  // When everything good in the folder is good.
  [[nodiscard]] base::Time good_at() const { return pki::test::at(text("goodAt")); }
  [[nodiscard]] std::string text(std::string_view member) const { return std::string(index_.at(member).as_string()); }

  std::unique_ptr<pki::Context> context_;
  std::filesystem::path folder_;
  boost::json::value index_;
};

}  // namespace tanba::ocsp::test
