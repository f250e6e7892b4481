#include "verify/evidence/store.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/limits.h"

namespace tanba::verify::evidence {
namespace {

// A kept list: one line with the source, then the DER. The source is in the file so that the name can be a digest.
base::Bytes file_contents(const std::string& source, base::ByteView octets) {
  base::Bytes out(source.begin(), source.end());
  out.push_back('\n');
  out.insert(out.end(), octets.begin(), octets.end());
  return out;
}

struct KeptFile {
  std::string source;
  base::ByteView octets;
};

std::optional<KeptFile> split(base::ByteView file) {
  const auto end = std::ranges::find(file, static_cast<std::uint8_t>('\n'));
  if (end == file.end()) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(end - file.begin());
  return KeptFile{std::string(base::as_text(file.first(length))), file.subspan(length + 1)};
}

}  // namespace

Store::Store(Options options) : options_(std::move(options)) {
  if (!options_.directory.empty()) {
    std::error_code ignored;  // an unwritable directory shows at the first list kept
    std::filesystem::create_directories(options_.directory, ignored);
  }
}

std::filesystem::path Store::crl_file(const std::string& source) const {
  return options_.directory / ("crl-" + base::sha256(base::as_bytes(source)).hex());
}

std::size_t Store::load(base::Time now) {
  if (options_.directory.empty()) return 0;
  std::size_t read = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory, error)) {
    if (!entry.path().filename().string().starts_with("crl-")) continue;
    const auto file = base::read_file(entry.path(), base::Limits{}.max_crl_bytes + 4096);
    if (!file) continue;
    const auto kept = split(*file);
    if (!kept) continue;
    auto crl = ocsp::Crl::parse(kept->octets);
    if (!crl) continue;
    CrlItem item{.id = (*crl)->digest(), .crl = *crl, .asked_for = {}, .source = kept->source, .received_at = now};
    const std::scoped_lock lock(mutex_);
    crls_.insert_or_assign(kept->source, std::move(item));
    ++read;
  }
  return read;
}

void Store::add_known(const pki::Certificate& certificate, base::Time now, EvidenceSet& evidence) const {
  const std::scoped_lock lock(mutex_);
  if (const auto found = ocsp_.find(certificate.digest()); found != ocsp_.end()) {
    const OcspItem& item = found->second.item;
    if (now >= item.received_at && now - item.received_at <= options_.ocsp_reuse) evidence.add(item);
  }
  for (const pki::DistributionPoint& point : certificate.crl_points()) {
    for (const std::string& url : point.urls) {
      if (const auto found = crls_.find(url); found != crls_.end()) evidence.add(found->second);
    }
  }
  for (const CrlItem& item : configured_crls_) {
    if (item.crl->issuer() == certificate.issuer()) evidence.add(item);
  }
}

void Store::keep(const OcspItem& item) {
  if (!item.asked_for) return;
  const std::scoped_lock lock(mutex_);
  if (const auto found = ocsp_.find(*item.asked_for); found != ocsp_.end()) {
    ocsp_by_age_.erase(found->second.age);
    ocsp_.erase(found);
  }
  while (!ocsp_by_age_.empty() && ocsp_.size() >= options_.max_ocsp) {
    ocsp_.erase(ocsp_by_age_.front());
    ocsp_by_age_.pop_front();
  }
  ocsp_by_age_.push_back(*item.asked_for);
  ocsp_.emplace(*item.asked_for, KeptOcsp{item, std::prev(ocsp_by_age_.end())});
}

void Store::keep(const CrlItem& item, base::ByteView octets) {
  {
    const std::scoped_lock lock(mutex_);
    // A source that goes back to an older list is not followed: the newer one may hold a revocation more.
    if (const auto found = crls_.find(item.source); found != crls_.end()) {
      const ocsp::Crl& have = *found->second.crl;
      if (have.issuer() == item.crl->issuer() && have.this_update() > item.crl->this_update()) return;
    }
    crls_.insert_or_assign(item.source, item);
  }
  write(item.source, octets);
}

void Store::keep_configured(const CrlItem& item, base::ByteView octets) {
  {
    const std::scoped_lock lock(mutex_);
    if (std::ranges::find(configured_crls_, item.id, &CrlItem::id) != configured_crls_.end()) return;
    configured_crls_.push_back(item);
  }
  write(item.source, octets);
}

// A full disk costs the next start a download, no more: memory has the list.
void Store::write(const std::string& source, base::ByteView octets) const {
  if (options_.directory.empty()) return;
  [[maybe_unused]] const auto written = base::write_file_durably(crl_file(source), file_contents(source, octets));
}

std::optional<std::string> Store::source_of(const base::Digest& id) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [source, item] : crls_) {
    if (item.id == id) return source;
  }
  for (const CrlItem& item : configured_crls_) {
    if (item.id == id) return item.source;
  }
  return std::nullopt;
}

base::Result<base::Bytes> Store::crl_octets(const base::Digest& id) const {
  const auto source = source_of(id);
  if (!source) return base::fail(base::Code::kRegistryNotFound, {{"what", "CRL"}, {"id", id.hex()}});
  TANBA_TRY(const base::Bytes file, base::read_file(crl_file(*source), base::Limits{}.max_crl_bytes + 4096));
  const auto kept = split(file);
  if (!kept || base::sha256(kept->octets) != id) {
    return base::fail(base::Code::kRegistryNotFound, {{"what", "CRL"}, {"id", id.hex()}});
  }
  return base::to_bytes(kept->octets);
}

Store::Sizes Store::sizes() const {
  const std::scoped_lock lock(mutex_);
  Sizes sizes{.ocsp = ocsp_.size(), .crls = crls_.size() + configured_crls_.size(), .crl_bytes = 0};
  for (const auto& [source, item] : crls_) sizes.crl_bytes += item.crl->resident_bytes();
  for (const CrlItem& item : configured_crls_) sizes.crl_bytes += item.crl->resident_bytes();
  return sizes;
}

}  // namespace tanba::verify::evidence
