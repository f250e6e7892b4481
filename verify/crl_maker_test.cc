// The maker of crl_maker.h.
#include "verify/crl_maker.h"

#include <gtest/gtest.h>
#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/ocsp.h>
#include <openssl/rsa.h>

#include <cstdlib>

namespace tanba::verify::test {
namespace {

using ConfPtr = std::unique_ptr<CONF, pki::Deleter<NCONF_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, pki::Deleter<ASN1_INTEGER_free>>;
using EnumeratedPtr = std::unique_ptr<ASN1_ENUMERATED, pki::Deleter<ASN1_ENUMERATED_free>>;
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, pki::Deleter<ASN1_TIME_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, pki::Deleter<X509_EXTENSION_free>>;
using RevokedPtr = std::unique_ptr<X509_REVOKED, pki::Deleter<X509_REVOKED_free>>;
using NamePtr = std::unique_ptr<X509_NAME, pki::Deleter<X509_NAME_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, pki::Deleter<GENERAL_NAMES_free>>;

void must(bool ok, const std::string& what) {
  if (ok) return;
  ADD_FAILURE() << what << ": " << pki::drain_openssl_errors();
  std::abort();  // nothing that follows would make sense
}

IntegerPtr integer(long value) {
  IntegerPtr made(ASN1_INTEGER_new());
  must(ASN1_INTEGER_set(made.get(), value) == 1, "INTEGER");
  return made;
}

Asn1TimePtr asn1_time(base::Time time) {
  return Asn1TimePtr(ASN1_TIME_set(nullptr, time.time_since_epoch().count()));
}

NamePtr common_name(const std::string& text) {
  NamePtr name(X509_NAME_new());
  const auto* octets = reinterpret_cast<const unsigned char*>(text.data());
  must(X509_NAME_add_entry_by_NID(name.get(), NID_commonName, MBSTRING_UTF8, octets, static_cast<int>(text.size()), -1,
                                  0) == 1,
       "commonName");
  return name;
}

ConfPtr configuration(const std::string& text) {
  ConfPtr conf(NCONF_new(nullptr));
  const pki::BioPtr input(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  long line = 0;
  must(NCONF_load_bio(conf.get(), input.get(), &line) == 1, "configuration, line " + std::to_string(line));
  return conf;
}

ExtensionPtr extension(int nid, const std::string& value, const std::string& sections, X509* issuer, X509* subject,
                       X509_CRL* crl) {
  const ConfPtr conf = configuration(sections);
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, subject, nullptr, crl, 0);
  X509V3_set_nconf(&context, conf.get());
  ExtensionPtr made(X509V3_EXT_nconf_nid(conf.get(), &context, nid, value.c_str()));
  must(made != nullptr, std::string("extension ") + OBJ_nid2sn(nid) + " " + value);
  return made;
}

template <class T, class Encode>
base::Bytes der_of(T* object, Encode encode) {
  unsigned char* octets = nullptr;
  const int size = encode(object, &octets);
  must(size > 0, "DER");
  base::Bytes out(octets, octets + size);
  OPENSSL_free(octets);
  return out;
}

void add_entry(X509_CRL* crl, const EntryPlan& plan) {
  RevokedPtr revoked(X509_REVOKED_new());
  must(X509_REVOKED_set_serialNumber(revoked.get(), integer(plan.serial).get()) == 1, "serial");
  must(X509_REVOKED_set_revocationDate(revoked.get(), asn1_time(plan.at).get()) == 1, "date");
  if (plan.reason >= 0) {
    const EnumeratedPtr reason(ASN1_ENUMERATED_new());
    must(ASN1_ENUMERATED_set(reason.get(), plan.reason) == 1, "reason");
    must(X509_REVOKED_add1_ext_i2d(revoked.get(), NID_crl_reason, reason.get(), 0, 0) == 1, "reasonCode");
  }
  if (!plan.issuer.empty()) {
    const NamesPtr names(GENERAL_NAMES_new());
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_DIRNAME, common_name(plan.issuer).release());
    sk_GENERAL_NAME_push(names.get(), name);
    must(X509_REVOKED_add1_ext_i2d(revoked.get(), NID_certificate_issuer, names.get(), 1, 0) == 1, "certificateIssuer");
  }
  must(X509_CRL_add0_revoked(crl, revoked.release()) == 1, "entry");
}

void add_list_extensions(X509_CRL* crl, const ListPlan& plan, X509* issuer) {
  const auto add = [&](int nid, const std::string& value, const std::string& sections) {
    must(X509_CRL_add_ext(crl, extension(nid, value, sections, issuer, nullptr, crl).get(), -1) == 1, "extension");
  };
  if (plan.has_key_id) add(NID_authority_key_identifier, "keyid:always", "");
  if (plan.number >= 0) {
    must(X509_CRL_add1_ext_i2d(crl, NID_crl_number, integer(plan.number).get(), 0, 0) == 1, "number");
  }
  if (plan.base_number >= 0) {
    must(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, integer(plan.base_number).get(), 1, 0) == 1, "base number");
  }
  if (!plan.point.empty()) {
    add(NID_issuing_distribution_point, "critical,@idp", "[idp]\n" + plan.point + "\n" + plan.sections);
  }
  if (!plan.freshest.empty()) add(NID_freshest_crl, "fresh", "[fresh]\n" + plan.freshest + "\n");
  if (plan.keeps_expired != base::Time{}) {
    const std::unique_ptr<ASN1_OBJECT, pki::Deleter<ASN1_OBJECT_free>> oid(OBJ_txt2obj("2.5.29.60", 1));
    Asn1TimePtr time(ASN1_GENERALIZEDTIME_set(nullptr, plan.keeps_expired.time_since_epoch().count()));
    const base::Bytes der = der_of(time.get(), i2d_ASN1_GENERALIZEDTIME);
    const std::unique_ptr<ASN1_OCTET_STRING, pki::Deleter<ASN1_OCTET_STRING_free>> value(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(value.get(), der.data(), static_cast<int>(der.size()));
    const ExtensionPtr made(X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 0, value.get()));
    must(X509_CRL_add_ext(crl, made.get(), -1) == 1, "expiredCertsOnCRL");
  }
}

}  // namespace

base::Time noon() {
  return *base::parse_time("2026-06-15T12:00:00Z");
}

EVP_PKEY* CrlMaker::key(const std::string& name) {
  auto& known = keys_[name];
  if (!known) known.reset(kind_ == Keys::kRsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  must(known != nullptr, "key");
  return known.get();
}

const MadeCertificate& CrlMaker::certificate(const CertificatePlan& plan) {
  pki::X509Ptr made(X509_new());
  const std::string& subject = plan.subject.empty() ? plan.name : plan.subject;
  const std::string& issuer_name = plan.issuer.empty() ? plan.name : plan.issuer;
  X509* issuer = plan.issuer.empty() ? made.get() : certificates_.at(plan.issuer).theirs.get();
  must(X509_set_version(made.get(), X509_VERSION_3) == 1, "version");
  must(X509_set_serialNumber(made.get(), integer(plan.serial).get()) == 1, "serial");
  must(X509_set_subject_name(made.get(), common_name(subject).get()) == 1, "subject");
  must(X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) == 1, "issuer");
  must(X509_set1_notBefore(made.get(), asn1_time(plan.from).get()) == 1, "notBefore");
  must(X509_set1_notAfter(made.get(), asn1_time(plan.until).get()) == 1, "notAfter");
  must(X509_set_pubkey(made.get(), key(plan.name)) == 1, "key");
  const auto add = [&](int nid, const std::string& value, const std::string& sections = "") {
    must(X509_add_ext(made.get(), extension(nid, value, sections, issuer, made.get(), nullptr).get(), -1) == 1, "ext");
  };
  const std::string limit = plan.path_length < 0 ? "" : ",pathlen:" + std::to_string(plan.path_length);
  add(NID_basic_constraints, plan.ca ? "critical,CA:TRUE" + limit : "CA:FALSE");
  if (!plan.key_usage.empty()) add(NID_key_usage, plan.key_usage);
  add(NID_subject_key_identifier, "hash");
  // Without it OpenSSL takes a key that one name certifies for itself for self-signed.
  if (!plan.issuer.empty()) add(NID_authority_key_identifier, "keyid:always");
  if (!plan.extended_key_usage.empty()) add(NID_ext_key_usage, plan.extended_key_usage);
  if (plan.ocsp_no_check) add(NID_id_pkix_OCSP_noCheck, "ignored");
  if (!plan.name_constraints.empty()) add(NID_name_constraints, plan.name_constraints, plan.sections);
  if (plan.unknown_critical) {
    const std::unique_ptr<ASN1_OBJECT, pki::Deleter<ASN1_OBJECT_free>> oid(OBJ_txt2obj("1.2.3.4.5.6", 1));
    const std::unique_ptr<ASN1_OCTET_STRING, pki::Deleter<ASN1_OCTET_STRING_free>> null(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(null.get(), reinterpret_cast<const unsigned char*>("\x05\x00"), 2);
    const ExtensionPtr unknown(X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 1, null.get()));
    must(X509_add_ext(made.get(), unknown.get(), -1) == 1, "unknown extension");
  }
  if (!plan.points.empty()) add(NID_crl_distribution_points, plan.points, plan.sections);
  if (!plan.freshest.empty()) add(NID_freshest_crl, plan.freshest, plan.sections);
  if (!plan.ocsp.empty()) add(NID_info_access, "OCSP;" + plan.ocsp);
  must(X509_sign(made.get(), key(issuer_name), plan.sha1 ? EVP_sha1() : EVP_sha256()) > 0, "signature");
  auto parsed = pki::Certificate::parse(der_of(made.get(), i2d_X509));
  must(parsed.has_value(), "our parser");
  auto& kept = certificates_[plan.name];
  kept = {.ours = *std::move(parsed), .theirs = std::move(made)};
  return kept;
}

base::Bytes CrlMaker::list_octets(const ListPlan& plan) {
  X509CrlPtr made(X509_CRL_new());
  must(X509_CRL_set_version(made.get(), X509_CRL_VERSION_2) == 1, "version");
  const std::string& issuer = plan.issuer.empty() ? plan.signer : plan.issuer;
  must(X509_CRL_set_issuer_name(made.get(), common_name(issuer).get()) == 1, "issuer");
  must(X509_CRL_set1_lastUpdate(made.get(), asn1_time(plan.this_update).get()) == 1, "thisUpdate");
  must(X509_CRL_set1_nextUpdate(made.get(), asn1_time(plan.next_update).get()) == 1, "nextUpdate");
  for (const EntryPlan& entry : plan.entries) add_entry(made.get(), entry);
  add_list_extensions(made.get(), plan, certificates_.at(plan.signer).theirs.get());
  must(X509_CRL_sign(made.get(), key(plan.signer), plan.sha1 ? EVP_sha1() : EVP_sha256()) > 0, "signature");
  return der_of(made.get(), i2d_X509_CRL);
}

MadeList CrlMaker::list(const ListPlan& plan) {
  const base::Bytes der = list_octets(plan);
  // OpenSSL caches what extensions say when it reads a list.
  const unsigned char* octets = der.data();
  X509CrlPtr theirs(d2i_X509_CRL(nullptr, &octets, static_cast<long>(der.size())));
  auto ours = ocsp::Crl::parse(der);
  if (!ours) ADD_FAILURE() << ours.error().message();
  must(theirs && ours.has_value(), "both parsers");
  return {.ours = *std::move(ours), .theirs = std::move(theirs)};
}

base::Bytes CrlMaker::answer(const AnswerPlan& plan) {
  X509* issuer = certificates_.at(plan.issuer).theirs.get();
  const std::unique_ptr<OCSP_BASICRESP, pki::Deleter<OCSP_BASICRESP_free>> basic(OCSP_BASICRESP_new());
  const std::unique_ptr<OCSP_CERTID, pki::Deleter<OCSP_CERTID_free>> id(
      OCSP_cert_to_id(EVP_sha1(), certificates_.at(plan.certificate).theirs.get(), issuer));
  const int good = plan.unknown ? V_OCSP_CERTSTATUS_UNKNOWN : V_OCSP_CERTSTATUS_GOOD;
  OCSP_SINGLERESP* single = OCSP_basic_add1_status(  // get0
      basic.get(), id.get(), plan.revoked ? V_OCSP_CERTSTATUS_REVOKED : good, plan.revoked ? 1 : -1,
      plan.revoked ? asn1_time(plan.revoked_at).get() : nullptr, asn1_time(plan.this_update).get(),
      plan.next_update != base::Time{} ? asn1_time(plan.next_update).get() : nullptr);
  must(single != nullptr, "single response");
  if (plan.archive_cutoff != base::Time{}) {
    const Asn1TimePtr cutoff(ASN1_GENERALIZEDTIME_set(nullptr, plan.archive_cutoff.time_since_epoch().count()));
    must(OCSP_SINGLERESP_add1_ext_i2d(single, NID_id_pkix_OCSP_archiveCutoff, cutoff.get(), 0, 0) == 1, "cutoff");
  }
  if (plan.invalidity_date != base::Time{}) {
    const Asn1TimePtr since(ASN1_GENERALIZEDTIME_set(nullptr, plan.invalidity_date.time_since_epoch().count()));
    must(OCSP_SINGLERESP_add1_ext_i2d(single, NID_invalidity_date, since.get(), 0, 0) == 1, "invalidity date");
  }
  // OpenSSL has no call for producedAt but the one that takes today's time.
  auto* produced = const_cast<ASN1_GENERALIZEDTIME*>(OCSP_resp_get0_produced_at(basic.get()));
  ASN1_GENERALIZEDTIME_set(produced, plan.this_update.time_since_epoch().count());
  const std::string& signer = plan.responder.empty() ? plan.issuer : plan.responder;
  must(OCSP_basic_sign(basic.get(), certificates_.at(signer).theirs.get(), key(signer),
                       plan.sha1 ? EVP_sha1() : EVP_sha256(), nullptr, OCSP_NOTIME) == 1,
       "signature");
  const std::unique_ptr<OCSP_RESPONSE, pki::Deleter<OCSP_RESPONSE_free>> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  return der_of(response.get(), i2d_OCSP_RESPONSE);
}

}  // namespace tanba::verify::test
