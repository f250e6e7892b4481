// What the tests of verify and verify/evidence share: the test authority, and judging as of when all is well with it.
#pragma once

#include <boost/json/value.hpp>

#include "base/json.h"
#include "base/test_support.h"
#include "pki/context.h"
#include "verify/judge.h"

namespace tanba::verify::test {

using base::test::made;
using base::test::must;
using base::test::read_made;

inline pki::CertificatePtr certificate(const std::string& name) {
  return must(pki::parse_certificates(read_made(name))).front();
}

inline pki::TrustSnapshotPtr trust_in(const std::string& anchor, std::vector<pki::CertificatePtr> intermediates = {},
                                      pki::TrustPurposes purposes = pki::TrustPurposes::all()) {
  return pki::TrustSnapshot::make(
      {{.certificate = certificate(anchor), .purposes = purposes, .trusted_from = {}, .trusted_until = {}}},
      std::move(intermediates));
}

// Evidence that was made, as if it came from this source.
inline CrlItem item_of(const ocsp::CrlPtr& list, std::string source, base::Time received_at) {
  return {.id = list->digest(), .crl = list, .asked_for = {}, .source = std::move(source), .received_at = received_at};
}
inline OcspItem item_of(const base::Bytes& answer, std::string source, base::Time received_at) {
  const auto response = must(ocsp::parse_response(answer));
  return {.id = response->digest,
          .response = response,
          .octets = {},
          .nonce = {},
          .asked_for = {},
          .source = std::move(source),
          .received_at = received_at};
}

inline CrlItem list_item(const std::string& name, base::Time received_at) {
  const auto octets = std::make_shared<const base::Bytes>(read_made(name));
  const auto crl = must(ocsp::Crl::parse(*octets));
  return {.id = crl->digest(),
          .crl = crl,
          .asked_for = {},
          .source = name,
          .received_at = received_at,
          .octets = std::make_shared<const ListOctets>(octets)};
}

inline OcspItem answer_item(const std::string& name, base::Time received_at, base::Bytes nonce = {}) {
  const auto octets = std::make_shared<const base::Bytes>(read_made(name));
  const auto response = must(ocsp::parse_response(*octets));
  return {.id = response->digest,
          .response = response,
          .octets = octets,
          .nonce = std::move(nonce),
          .asked_for = {},
          .source = name,
          .received_at = received_at};
}

class AuthorityTest : public testing::Test {
 protected:
  AuthorityTest() {
    pki::initialise_process();
    context_ = must(pki::Context::create());
    index_ = must(base::parse_json(base::as_text(read_made("index.json"))));
  }
  [[nodiscard]] base::Time good_at() const { return must(base::parse_time(index_.at("goodAt").as_string())); }

  std::unique_ptr<pki::Context> context_;
  boost::json::value index_;
};

}  // namespace tanba::verify::test
