// Whether a list speaks for a certificate (RFC 5280 6.3.3 (b)).
#include <algorithm>
#include <set>

#include "ocsp/crl.h"
#include "pki/der.h"

namespace tanba::ocsp {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::fail;
using base::Result;
using base::Status;
namespace der = pki::der;

namespace {

// Names of one kind compare equal exactly when these are equal.
using Names = std::set<std::string>;

constexpr std::size_t kMaxNames = 64;  // a distribution point has one or two

std::string directory_key(const pki::Name& name) {
  return "directory:" + name.canonical();
}

Status add_general_name(const der::Tlv& name, Names& out) {
  if (out.size() == kMaxNames) return fail(Code::kCrlScope, "more names than are allowed");
  if (name.tag == der::context_constructed(4)) {  // directoryName, EXPLICIT since Name is a CHOICE
    TANBA_TRY(const pki::Name directory, pki::Name::parse(name.value));
    out.insert(directory_key(directory));
  } else {
    out.insert(std::string(base::as_text(name.whole)));
  }
  return {};
}

// nameRelativeToCRLIssuer: one more RDN behind the issuer's name.
Result<pki::Name> extend_name(const pki::Name& issuer, ByteView rdn_contents) {
  TANBA_TRY(const der::Tlv sequence, der::parse_single(issuer.der(), der::kSequence, "Name"));
  Bytes contents = base::to_bytes(sequence.value);
  const Bytes rdn = der::write(der::kSet, rdn_contents);
  contents.insert(contents.end(), rdn.begin(), rdn.end());
  return pki::Name::parse(der::write(der::kSequence, contents));
}

// DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RelativeDistinguishedName }
Result<Names> names_of_point(ByteView point, const pki::Name& issuer) {
  Names names;
  der::Reader choice(point);
  TANBA_TRY(const der::Tlv name, choice.next());
  TANBA_CHECK(choice.finish("DistributionPointName"));
  if (name.tag == der::context_constructed(1)) {
    TANBA_TRY(const pki::Name whole, extend_name(issuer, name.value));
    names.insert(directory_key(whole));
    return names;
  }
  if (name.tag != der::context_constructed(0)) return fail(Code::kCrlScope, "distribution point name");
  der::Reader list(name.value);
  while (!list.at_end()) {
    TANBA_TRY(const der::Tlv general, list.next());
    TANBA_CHECK(add_general_name(general, names));
  }
  return names;
}

bool meet(const Names& a, const Names& b) {
  return std::ranges::any_of(a, [&](const std::string& name) { return b.contains(name); });
}

// The names by which a certificate's distribution point can be meant.
Result<Names> names_of_certificates_point(const pki::DistributionPoint& point, const pki::Name& issuer) {
  if (!point.name.empty()) return names_of_point(point.name, issuer);
  Names names;
  for (const Bytes& der : point.crl_issuer) {
    TANBA_TRY(const pki::Name name, pki::Name::parse(der));
    names.insert(directory_key(name));
  }
  return names;
}

// 6.3.3 (b)(2)(i): "If the distribution point name is present in the IDP CRL extension and the distribution field is
// present in the DP, then verify that one of the names in the IDP matches one of the names in the DP."
// 6.3.3 (d): a point that gives some reasons only does not settle the rest.
Status check_point_name(const IssuingDistributionPoint& point, const pki::Certificate& certificate) {
  const auto names = names_of_point(point.name, certificate.issuer());
  if (!names) return fail(Code::kCrlScope, names.error().message());
  for (const pki::DistributionPoint& own : certificate.crl_points()) {
    if (own.reasons) continue;
    const auto others = names_of_certificates_point(own, certificate.issuer());
    if (others && meet(*names, *others)) return {};
  }
  // "assume a DP with [...] the DP name of the certificate issuer" for lists found otherwise (6.3.3, last paragraph).
  if (names->contains(directory_key(certificate.issuer()))) return {};
  return fail(Code::kCrlScope, "the list is for another distribution point");
}

Status check_distribution_point(const IssuingDistributionPoint& point, const pki::Certificate& certificate) {
  if (point.indirect) return fail(Code::kCrlScope, "an indirect list");
  if (point.only_attribute_certs) return fail(Code::kCrlScope, "only attribute certificates");
  if (point.only_user_certs && certificate.is_ca()) return fail(Code::kCrlScope, "only certificates of users");
  if (point.only_ca_certs && !certificate.is_ca()) return fail(Code::kCrlScope, "only certificates of authorities");
  if (point.only_some_reasons) return fail(Code::kCrlScope, "only some reasons");
  return point.name.empty() ? Status() : check_point_name(point, certificate);
}

}  // namespace

Status check_scope(const Crl& crl, const pki::Certificate& certificate, const pki::Certificate& issuer) {
  if (!(crl.issuer() == certificate.issuer()) || !(crl.issuer() == issuer.subject())) {
    return fail(Code::kCrlIssuer, "another name");
  }
  // Authorities of one name with different keys exist: the identifier tells them apart before the signature does.
  const auto& key = crl.authority_key_id();
  if (key && issuer.subject_key_id() && !base::equal(*key, *issuer.subject_key_id())) {
    return fail(Code::kCrlIssuer, "another key");
  }
  // RFC 5280 6.3.3 (f): "If a key usage extension is present in the CRL issuer's certificate, verify that the cRLSign
  // bit is set."
  if (issuer.key_usage() && (*issuer.key_usage() & pki::kCrlSign) == 0) {
    return fail(Code::kCrlIssuer, "cRLSign is not set in the issuer's certificate");
  }
  if (crl.is_delta()) return fail(Code::kCrlScope, "a delta list");
  const auto& point = crl.distribution_point();
  return point ? check_distribution_point(*point, certificate) : Status();
}

}  // namespace tanba::ocsp
