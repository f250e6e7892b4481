#include "licensing/flow/trust_document.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/json.h"

namespace tanba::licensing::flow {
namespace {

namespace json = boost::json;
using base::Code;
using base::Result;

// 1280 certificates of at most 64 KiB in base64; real ones have 2 KiB.
constexpr std::size_t kMaxDocumentBytes = 128U << 20;

std::unexpected<base::Error> damaged(std::string what) {
  return base::fail(Code::kRegistryDamaged, {{"what", "trust list: " + std::move(what)}});
}

Result<pki::CertificatePtr> read_certificate(const json::value& value) {
  if (!value.is_string()) return damaged("a certificate");
  const auto der = base::from_base64(std::string_view(value.get_string()));
  if (!der) return damaged("base64 of a certificate");
  auto certificate = pki::Certificate::parse(*der);
  if (!certificate) return damaged(certificate.error().message());
  return certificate;
}

Result<std::optional<base::Time>> read_time(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return damaged(std::string(name));
  const auto time = base::parse_time(std::string_view(value->get_string()));
  if (!time) return damaged(std::string(name));
  return *time;
}

Result<pki::TrustPurposes> read_purposes(const json::value* value) {
  if (value == nullptr || !value->is_array()) return damaged("purposes");
  pki::TrustPurposes out;
  for (const json::value& word : value->get_array()) {
    if (!word.is_string()) return damaged("purposes");
    const auto purpose = pki::parse_trust_purpose(std::string_view(word.get_string()));
    if (!purpose) return damaged("purposes");
    out.add(*purpose);
  }
  return out;
}

Result<pki::Anchor> read_anchor(const json::value& value) {
  if (!value.is_object() || !value.get_object().contains("certificate")) return damaged("an anchor");
  const json::object& object = value.get_object();
  pki::Anchor out;
  TANBA_TRY(out.certificate, read_certificate(object.at("certificate")));
  TANBA_TRY(out.purposes, read_purposes(object.if_contains("purposes")));
  TANBA_TRY(out.trusted_from, read_time(object, "from"));
  TANBA_TRY(out.trusted_until, read_time(object, "until"));
  return out;
}

Result<const json::array*> read_list(const json::object& object, std::string_view name, std::size_t max_count) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return damaged(std::string(name));
  if (value->get_array().size() > max_count) return damaged("too many " + std::string(name));
  return &value->get_array();
}

}  // namespace

std::string write_trust_document(const pki::TrustSnapshot& snapshot) {
  using enum pki::TrustPurpose;
  json::array anchors;
  for (const pki::Anchor& anchor : snapshot.anchors()) {
    json::object one{{"certificate", base::to_base64(anchor.certificate->der())}};
    json::array& purposes = one["purposes"].emplace_array();
    for (const pki::TrustPurpose purpose : {kApplicant, kOfficer, kOperator, kOcsp, kTsa, kPortal}) {
      if (anchor.purposes.has(purpose)) purposes.emplace_back(pki::to_string(purpose));
    }
    if (anchor.trusted_from) one["from"] = base::format_time(*anchor.trusted_from);
    if (anchor.trusted_until) one["until"] = base::format_time(*anchor.trusted_until);
    anchors.push_back(std::move(one));
  }
  json::array intermediates;
  for (const pki::CertificatePtr& certificate : snapshot.intermediates()) {
    intermediates.emplace_back(base::to_base64(certificate->der()));
  }
  return base::canonical_json(json::object{
      {"id", snapshot.id().hex()}, {"anchors", std::move(anchors)}, {"intermediates", std::move(intermediates)}});
}

Result<pki::TrustSnapshotPtr> read_trust_document(base::ByteView document) {
  const auto parsed = base::parse_json(base::as_text(document), {.max_size_bytes = kMaxDocumentBytes});
  if (!parsed || !parsed->is_object()) return damaged("not a JSON object");
  const json::object& object = parsed->get_object();
  TANBA_TRY(const json::array* listed_anchors, read_list(object, "anchors", kMaxAnchors));
  TANBA_TRY(const json::array* listed_intermediates, read_list(object, "intermediates", kMaxIntermediates));
  std::vector<pki::Anchor> anchors;
  for (const json::value& value : *listed_anchors) {
    TANBA_TRY(auto anchor, read_anchor(value));
    anchors.push_back(std::move(anchor));
  }
  std::vector<pki::CertificatePtr> intermediates;
  for (const json::value& value : *listed_intermediates) {
    TANBA_TRY(auto certificate, read_certificate(value));
    intermediates.push_back(std::move(certificate));
  }
  pki::TrustSnapshotPtr snapshot = pki::TrustSnapshot::make(std::move(anchors), std::move(intermediates));
  // What was passed over or merged, unknown members, another spelling of a time: all of it shows here.
  if (write_trust_document(*snapshot) != base::as_text(document)) return damaged("it does not say what it holds");
  return snapshot;
}

}  // namespace tanba::licensing::flow
