#include "verify/evidence/succession.h"

#include <algorithm>

namespace tanba::verify::evidence {
namespace {

using base::Code;
using ocsp::Crl;

// cRLNumbers are INTEGERs of up to 20 octets in hexadecimal: longer is larger once leading zeros are gone.
std::string_view significant(std::string_view hex) {
  hex.remove_prefix(std::min(hex.find_first_not_of('0'), hex.size()));
  return hex;
}

bool smaller(std::string_view a, std::string_view b) {
  a = significant(a);
  b = significant(b);
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

bool comparable(const Crl& last, const Crl& next) {
  return last.issuer() == next.issuer() && last.authority_key_id() == next.authority_key_id() &&
         last.is_delta() == next.is_delta();
}

// Whether this certificate names the address for such a list.
bool is_meant(const pki::Certificate& certificate, const std::string& url, const Crl& crl) {
  const auto names = [&](const pki::DistributionPoint& point) {
    if (std::ranges::find(point.urls, url) == point.urls.end()) return false;
    return !point.crl_issuer.empty() || crl.issuer() == certificate.issuer();
  };
  const auto& points = crl.is_delta() ? certificate.freshest_crl_points() : certificate.crl_points();
  return std::ranges::any_of(points, names);
}

std::size_t may_have_ended(const Crl& last, const Crl& next, const SuccessionRules& rules) {
  if (next.this_update() <= last.this_update()) return 1;
  const base::Seconds elapsed = std::min(next.this_update() - last.this_update(), rules.turnover);
  const double share = static_cast<double>(elapsed.count()) / static_cast<double>(rules.turnover.count());
  return 1 + static_cast<std::size_t>(static_cast<double>(last.entries()) * share);
}

}  // namespace

ListMark mark_of(const Crl& crl) {
  return {crl.this_update(), crl.number()};
}

ListMark higher(const ListMark& a, ListMark b) {
  return {std::max(a.this_update, b.this_update), smaller(b.number, a.number) ? a.number : std::move(b.number)};
}

base::Status check_order(const Crl& last, const Crl& next) {
  if (!comparable(last, next)) return {};
  return check_order(mark_of(last), next);
}

base::Status check_order(const ListMark& last, const Crl& next) {
  const bool time_back = next.this_update() < last.this_update;
  // RFC 5280 5.2.3: "CRL numbers ... monotonically increasing"; equal ones are seen where nothing but times changed.
  const bool number_back = !last.number.empty() && !next.number().empty() && smaller(next.number(), last.number);
  if (!time_back && !number_back) return {};
  return base::fail(Code::kCrlRollback, {{"this_update", base::format_time(next.this_update())},
                                         {"number", next.number().empty() ? "-" : next.number()},
                                         {"last_update", base::format_time(last.this_update)},
                                         {"last_number", last.number.empty() ? "-" : last.number}});
}

base::Status check_line(const Crl& standing, const Crl& next, const LineRules& rules) {
  if (standing.issuer() == next.issuer() && standing.is_delta() == next.is_delta()) return {};
  if (standing.next_update() && *standing.next_update() < rules.now) return {};
  if (rules.asked_for != nullptr && is_meant(*rules.asked_for, rules.url, next) &&
      !is_meant(*rules.asked_for, rules.url, standing)) {
    return {};
  }
  return base::fail(Code::kCrlIssuer, "a list of another authority or kind is in force at this address");
}

Shrinkage compare_entries(const Crl& last, const Crl& next, const SuccessionRules& rules, const KnownEnd& known_end) {
  Shrinkage out;
  if (!comparable(last, next) || last.is_delta()) return out;
  out.explained = may_have_ended(last, next, rules);
  last.visit_entries([&](base::ByteView serial, const ocsp::RevokedEntry& entry) {
    if (entry.reason == ocsp::RevocationReason::kCertificateHold ||
        entry.reason == ocsp::RevocationReason::kRemoveFromCrl || next.find(serial)) {
      return Crl::Visit::kNext;
    }
    const std::optional<base::Time> end = known_end ? known_end(serial) : std::nullopt;
    if (end && *end < next.this_update()) return Crl::Visit::kNext;
    ++out.vanished;
    if (end) ++out.known_unexpired;
    if (out.serials.size() < kMaxVanishedShown) out.serials.push_back(base::to_hex(serial));
    return Crl::Visit::kNext;
  });
  return out;
}

base::Error shrunk_error(const std::string& source, const Shrinkage& shrinkage) {
  std::string serials;
  for (const std::string& serial : shrinkage.serials) serials += (serials.empty() ? "" : ", ") + serial;
  return base::Error(Code::kCrlShrunk,
                     {{"source", source},
                      {"vanished", std::to_string(shrinkage.vanished)},
                      {"explained", std::to_string(shrinkage.explained)},
                      {"unexpired", std::to_string(shrinkage.known_unexpired)}},
                     serials);
}

base::Status check_order(base::Time last_this_update, base::Time next_this_update) {
  if (next_this_update >= last_this_update) return {};
  return base::fail(Code::kOcspRollback, {{"this_update", base::format_time(next_this_update)},
                                          {"last_update", base::format_time(last_this_update)}});
}

}  // namespace tanba::verify::evidence
