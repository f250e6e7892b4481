// Whether a list speaks for a certificate, who may have signed it, and what goes on from it (RFC 5280 6.3.3 (b) to
// (f)).
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

// The names by which a certificate's distribution point can be meant. RFC 5280 6.3.3 (b)(2)(i): "If the distribution
// point name is present in the IDP CRL extension and the distribution field is omitted from the DP, then verify that
// one of the names in the IDP matches one of the names in the cRLIssuer field of the DP."
Result<Names> names_of_certificates_point(const pki::DistributionPoint& point, const pki::Name& crl_issuer) {
  if (!point.name.empty()) return names_of_point(point.name, crl_issuer);
  Names names;
  for (const Bytes& der : point.crl_issuer) {
    TANBA_TRY(const pki::Name name, pki::Name::parse(der));
    names.insert(directory_key(name));
  }
  return names;
}

bool names_issuer(const pki::DistributionPoint& point, const pki::Name& issuer) {
  return std::ranges::any_of(point.crl_issuer, [&](const Bytes& der) {
    const auto name = pki::Name::parse(der);
    return name && *name == issuer;
  });
}

// Whose list it has to be. 6.3.3 (b)(1): "If the DP includes cRLIssuer, then verify that the issuer field in the
// complete CRL matches cRLIssuer in the DP and that the complete CRL contains an issuing distribution point extension
// with the indirectCRL boolean asserted. Otherwise, verify that the CRL issuer matches the certificate issuer."
bool is_by_issuer_of(const pki::DistributionPoint& point, const Crl& crl, const pki::Certificate& certificate) {
  if (point.crl_issuer.empty()) return crl.issuer() == certificate.issuer();
  return crl.distribution_point() && crl.distribution_point()->indirect && names_issuer(point, crl.issuer());
}

// 6.3.3, last paragraph, for lists that no distribution point names: "assume a DP with both the reasons and the
// cRLIssuer fields omitted and a distribution point name of the certificate issuer."
pki::DistributionPoint assumed_point(const pki::Certificate& certificate) {
  pki::DistributionPoint point;
  point.name =
      der::write(der::context_constructed(0), der::write(der::context_constructed(4), certificate.issuer().der()));
  return point;
}

// 6.3.3 (b)(2)(i), where the list has a name.
bool is_named_by(const pki::DistributionPoint& point, const Names* list_names, const pki::Name& crl_issuer) {
  if (list_names == nullptr) return true;
  const auto names = names_of_certificates_point(point, crl_issuer);
  return names && meet(*list_names, *names);
}

// 6.3.3 (b)(2)(ii) to (iv).
Status check_kind(const IssuingDistributionPoint& point, const pki::Certificate& certificate) {
  if (point.only_attribute_certs) return fail(Code::kCrlScope, "only attribute certificates");
  if (point.only_user_certs && certificate.is_ca()) return fail(Code::kCrlScope, "only certificates of users");
  if (point.only_ca_certs && !certificate.is_ca()) return fail(Code::kCrlScope, "only certificates of authorities");
  return {};
}

// Numbers as Crl::number() writes them: whole octets in hexadecimal, none of them a leading zero.
bool number_is_less(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

Result<ReasonMask> check_scope(const Crl& crl, const pki::Certificate& certificate) {
  const auto& list_point = crl.distribution_point();
  std::vector<pki::DistributionPoint> points = certificate.crl_points();
  points.push_back(assumed_point(certificate));
  std::erase_if(points, [&](const auto& point) { return !is_by_issuer_of(point, crl, certificate); });
  if (points.empty()) return fail(Code::kCrlIssuer, "another name");
  if (!list_point) {
    ReasonMask reasons = 0;
    for (const pki::DistributionPoint& point : points) reasons |= point.reasons.value_or(kAllReasons) & kAllReasons;
    return reasons != 0 ? Result<ReasonMask>(reasons) : fail(Code::kCrlScope, "no reason");
  }
  TANBA_CHECK(check_kind(*list_point, certificate));
  std::optional<Names> list_names;
  if (!list_point->name.empty()) {
    auto names = names_of_point(list_point->name, crl.issuer());
    if (!names) return fail(Code::kCrlScope, names.error().message());
    list_names = *std::move(names);
  }
  // (d): what the list speaks of is what both allow; several points may name one list.
  ReasonMask reasons = 0;
  bool named = false;
  for (const pki::DistributionPoint& point : points) {
    if (!is_named_by(point, list_names ? &*list_names : nullptr, crl.issuer())) continue;
    named = true;
    reasons |= point.reasons.value_or(kAllReasons) & list_point->only_some_reasons.value_or(kAllReasons) & kAllReasons;
  }
  if (!named) return fail(Code::kCrlScope, "the list is for another distribution point");
  if (reasons == 0) return fail(Code::kCrlScope, "other reasons");
  return reasons;
}

Status check_signer(const Crl& crl, const pki::Certificate& signer) {
  if (!(crl.issuer() == signer.subject())) return fail(Code::kCrlIssuer, "another name");
  // Authorities of one name with different keys exist: the identifier tells them apart before the signature does.
  const auto& key = crl.authority_key_id();
  if (key && signer.subject_key_id() && !base::equal(*key, *signer.subject_key_id())) {
    return fail(Code::kCrlIssuer, "another key");
  }
  // RFC 5280 6.3.3 (f): "If a key usage extension is present in the CRL issuer's certificate, verify that the cRLSign
  // bit is set."
  if (signer.key_usage() && (*signer.key_usage() & pki::kCrlSign) == 0) {
    return fail(Code::kCrlIssuer, "cRLSign is not set in the issuer's certificate");
  }
  return {};
}

Status check_delta(const Crl& delta, const Crl& base) {
  const auto misfit = [](std::string what) { return fail(Code::kCrlDelta, {{"what", std::move(what)}}); };
  if (!delta.is_delta() || base.is_delta()) return misfit("no delta and base");
  // 6.3.3 (c)(1): "Verify that the delta CRL issuer matches the complete CRL issuer."
  if (!(delta.issuer() == base.issuer())) return misfit("another issuer");
  // (c)(2): "If the complete CRL includes an issuing distribution point (IDP) CRL extension, verify that the delta CRL
  // contains a matching IDP CRL extension. If the complete CRL omits an IDP CRL extension, verify that the delta CRL
  // also omits an IDP CRL extension."
  const auto& own = delta.distribution_point();
  const auto& others = base.distribution_point();
  if (own.has_value() != others.has_value() || (own && !base::equal(own->der, others->der))) {
    return misfit("another scope");
  }
  // (c)(3): "If the complete CRL includes an authority key identifier extension, verify that the delta CRL contains a
  // matching authority key identifier extension. If the complete CRL omits [it], verify that the delta CRL also omits".
  if (delta.authority_key_id() != base.authority_key_id()) return misfit("another key identifier");
  if (base.number().empty() || delta.number().empty()) return misfit("no number");
  // 5.2.4: "The CRL number of the complete CRL is equal to or greater than the BaseCRLNumber specified in the delta
  // CRL."
  if (number_is_less(base.number(), delta.base_number())) return misfit("made for a later list");
  // 5.2.4: "The CRL number of the complete CRL is less than the CRL number of the delta CRL."
  if (!number_is_less(base.number(), delta.number())) return misfit("older than the list");
  return {};
}

}  // namespace tanba::ocsp
