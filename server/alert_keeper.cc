#include "server/alert_keeper.h"

namespace tanba::server {
namespace {

using base::Code;
using licensing::registry::AlertReport;
using licensing::registry::AlertRowState;
using verify::evidence::Alert;
using verify::evidence::AlertKind;
using verify::evidence::AlertState;

AlertReport report_of(const Alert& alert) {
  return {.id = alert.id,
          .kind = std::string(verify::evidence::to_string(alert.kind)),
          .source_kind = std::string(verify::to_string(alert.source_kind)),
          .source = alert.url,
          .code = std::string(base::dotted(alert.error.code())),
          .kept = alert.kept ? alert.kept->digest : "",
          .offered = alert.offered ? alert.offered->digest : "",
          .seen_at = alert.first_seen,
          .state = alert.state == AlertState::kOver ? AlertReport::State::kOver : AlertReport::State::kOpen};
}

}  // namespace

base::Status AlertKeeper::keep() {
  TANBA_CHECK(record());
  return take_over();
}

base::Status AlertKeeper::record() {
  std::map<std::string, AlertState> recorded;
  for (const Alert& alert : sources_.alerts()) {
    const auto known = recorded_.find(alert.id);
    if (known == recorded_.end() || known->second != alert.state) {
      TANBA_CHECK(registry_.execute(licensing::registry::RecordAlert{report_of(alert)}));
      recorded_[alert.id] = alert.state;
    }
    recorded.emplace(alert.id, alert.state);
  }
  recorded_ = std::move(recorded);
  return {};
}

// Only what is open here is looked at: mostly nothing.
base::Status AlertKeeper::take_over() {
  for (const Alert& alert : sources_.alerts()) {
    if (alert.kind != AlertKind::kShrunk || alert.state != AlertState::kOpen) continue;
    const auto row = registry_.alert(alert.id);
    if (!row && row.error().code() != Code::kRegistryNotFound) return std::unexpected(row.error());
    if (!row || row->state != AlertRowState::kConfirmed) continue;
    const auto used = sources_.confirm(alert.id);
    // It may have come right by itself meanwhile.
    if (!used && used.error().code() != Code::kRegistryNotFound) return std::unexpected(used.error());
  }
  return {};
}

}  // namespace tanba::server
