// Sound values for the tests of licensing and of what stands on it; each test breaks one thing in them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "licensing/application.h"
#include "licensing/decision.h"

namespace tanba::licensing::testing {

inline constexpr std::string_view kOilGasBin = "100440000212";
inline constexpr std::string_view kIndustryBin = "100440000311";
inline constexpr std::string_view kApplicantIin = "850101300015";
inline constexpr std::string_view kOrganisationBin = "050140000011";
inline constexpr std::string_view kOfficerIin = "790704300077";
inline constexpr base::Time kNow{base::Seconds(1'780'000'000)};  // 2026-05-28T20:26:40Z

inline std::vector<base::Code> codes_of(const Errors& errors) {
  std::vector<base::Code> out;
  std::ranges::transform(errors, std::back_inserter(out), &base::Error::code);
  return out;
}

template <class T>
std::vector<base::Code> codes_of(const Checked<T>& checked) {
  return checked.has_value() ? std::vector<base::Code>{} : codes_of(checked.error());
}

inline ApplicationText application_text() {
  return {
      .request_id = "6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a01",
      .service = "oil-gas",
      .action = "issue",
      .licensor_bin = std::string(kOilGasBin),
      .created_at = base::format_time(kNow - base::Seconds(60)),
      .applicant_kind = "individual",
      .applicant_number = std::string(kApplicantIin),
      .applicant_name = "ДЕМОВ АЙДОС ТЕСТОВИЧ",
      .licence = "",
      .fields = {{"activity", "эксплуатация магистральных нефтепроводов"}},
      .attachments = {{"receipt.pdf", "application/pdf", "receipt", base::sha256(base::as_bytes("receipt")).hex()}}};
}

inline ApplicationFields application_fields(const ApplicationText& text = application_text()) {
  return parse_application(text).value();
}

inline SignatureFinding applicant_signature() {
  return {.verdict = SignatureVerdict::kAccepted,
          .coverage = Coverage::kWhole,
          .signer = {std::string(kApplicantIin), "", {"1.2.398.3.3.4.1.1"}},
          .content = {},
          .errors = {}};
}

inline Applicant applicant(const ApplicationFields& fields = application_fields()) {
  SignatureFinding finding = applicant_signature();
  if (fields.applicant.kind == ApplicantKind::kIndividual) {
    finding.signer.iin = fields.applicant.number.digits();
  } else {
    finding.signer = {std::string(kApplicantIin), fields.applicant.number.digits(), {"1.2.398.3.3.4.1.2.1"}};
  }
  return applicant_by_signature(fields, std::span(&finding, 1), default_entitlement_policy()).value();
}

inline Officer officer(std::string_view bin = kOilGasBin) {
  return {"officer-1", std::string(kOfficerIin), std::string(bin), "ОФИЦЕРОВ НҰРЛАН", Listing::kListed};
}

inline SignatureFinding officer_signature(const base::Digest& content, std::string_view bin = kOilGasBin) {
  return {.verdict = SignatureVerdict::kAccepted,
          .coverage = Coverage::kWhole,
          .signer = {std::string(kOfficerIin), std::string(bin), {"1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.2"}},
          .content = content,
          .errors = {}};
}

}  // namespace tanba::licensing::testing
