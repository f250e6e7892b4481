#include "server/source_reporter.h"

#include <array>

namespace tanba::server {
namespace {

using verify::evidence::Alert;
using verify::evidence::AlertKind;
using verify::evidence::AlertState;
using verify::evidence::BreakerState;
using verify::evidence::SourceStatus;
using Samples = std::vector<Metrics::Sample>;

// Labels come from certificates of trusted authorities; still, a scrape is no place for thousands.
constexpr std::size_t kMaxSourcesShown = 256;

// One sample a source, where there is a value.
template <class Value>
std::function<Samples()> each_source(const verify::evidence::Sources& sources, Value value) {
  return [&sources, value] {
    Samples samples;
    for (const SourceStatus& source : sources.sources()) {
      const std::optional<double> number = value(source);
      if (!number || samples.size() >= kMaxSourcesShown) continue;
      samples.push_back({{{"kind", std::string(to_string(source.kind))}, {"source", source.url}}, *number});
    }
    return samples;
  };
}

double seconds(base::Time time) {
  return static_cast<double>(time.time_since_epoch().count());
}

}  // namespace

void SourceReporter::show(const verify::evidence::Sources& sources) {
  using Number = std::optional<double>;
  metrics_.gauges(
      "source_breaker", "0: closed, 1: half open, 2: open: not asked for now.",
      each_source(sources, [](const SourceStatus& source) -> Number {
        return source.breaker == BreakerState::kClosed ? 0 : source.breaker == BreakerState::kHalfOpen ? 1 : 2;
      }));
  metrics_.gauges("source_consecutive_failures", "Failures of a source since its last answer.",
                  each_source(sources, [](const SourceStatus& source) -> Number {
                    return static_cast<double>(source.consecutive_failures);
                  }));
  metrics_.gauges("source_last_success_seconds", "When a source answered last (Unix time).",
                  each_source(sources, [](const SourceStatus& source) -> Number {
                    return source.last_success ? Number(seconds(*source.last_success)) : std::nullopt;
                  }));
  metrics_.gauges("source_latency_seconds", "How long a source's last answer took.",
                  each_source(sources, [](const SourceStatus& source) -> Number {
                    if (!source.latency) return std::nullopt;
                    return std::chrono::duration<double>(*source.latency).count();
                  }));
  metrics_.gauges("source_list_this_update_seconds", "thisUpdate of the list in use (Unix time).",
                  each_source(sources, [](const SourceStatus& source) -> Number {
                    return source.list ? Number(seconds(source.list->this_update)) : std::nullopt;
                  }));
  metrics_.gauges("source_list_next_update_seconds", "nextUpdate of the list in use (Unix time).",
                  each_source(sources, [](const SourceStatus& source) -> Number {
                    if (!source.list || !source.list->next_update) return std::nullopt;
                    return seconds(*source.list->next_update);
                  }));
  metrics_.gauges("source_alerts_open", "Alerts that nobody has dealt with and that are not over.", [&sources] {
    std::array<std::size_t, 3> open{};
    for (const Alert& alert : sources.alerts()) {
      if (alert.state == AlertState::kOpen) ++open[static_cast<std::size_t>(alert.kind)];
    }
    Samples samples;
    for (const AlertKind kind : {AlertKind::kRollback, AlertKind::kShrunk, AlertKind::kStorage}) {
      const double number = static_cast<double>(open[static_cast<std::size_t>(kind)]);
      samples.push_back({{{"kind", std::string(to_string(kind))}}, number});
    }
    return samples;
  });
}

void SourceReporter::fetched(const SourceStatus& source) {
  metrics_.count("source_fetches", "Fetches of revocation evidence, by kind and outcome.",
                 {{"kind", to_string(source.kind)}, {"outcome", "ok"}});
  log_.write(LogLevel::kDebug, "source.fetched",
             {{"kind", to_string(source.kind)},
              {"source", source.url},
              {"latencyMs", source.latency ? static_cast<std::int64_t>(source.latency->count()) : 0}});
}

void SourceReporter::failed(const SourceStatus& source, const base::Error& error) {
  metrics_.count("source_fetches", "Fetches of revocation evidence, by kind and outcome.",
                 {{"kind", to_string(source.kind)}, {"outcome", base::dotted(error.code())}});
  log_.warning("source.failed", error,
               {{"kind", to_string(source.kind)},
                {"source", source.url},
                {"consecutive", static_cast<std::int64_t>(source.consecutive_failures)}});
}

void SourceReporter::breaker_changed(const SourceStatus& source) {
  const std::string until = source.next_try ? base::format_time(*source.next_try) : std::string();
  log_.write(source.breaker == BreakerState::kClosed ? LogLevel::kInfo : LogLevel::kWarning, "source.breaker",
             {{"kind", to_string(source.kind)},
              {"source", source.url},
              {"state", to_string(source.breaker)},
              {"until", until}});
}

void SourceReporter::alert(const Alert& alert) {
  metrics_.count("source_alerts", "Alerts about revocation evidence, by kind and state.",
                 {{"kind", to_string(alert.kind)}, {"state", to_string(alert.state)}});
  const std::initializer_list<LogField> fields{{"alert", alert.id},
                                               {"kind", to_string(alert.kind)},
                                               {"source", alert.url},
                                               {"state", to_string(alert.state)},
                                               {"count", static_cast<std::int64_t>(alert.count)}};
  if (alert.state == AlertState::kOpen)
    log_.error("source.alert", alert.error, fields);
  else
    log_.info("source.alert", fields);
}

void SourceReporter::grace_used() {
  metrics_.count("revocation_grace", "Reports that rest on evidence of revocation that has ended.");
}

}  // namespace tanba::server
