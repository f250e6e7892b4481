// What becomes of the sources of revocation evidence, for those who look after them: events in the log, metrics.
#pragma once

#include "server/log.h"
#include "server/metrics.h"
#include "verify/evidence/sources.h"

namespace tanba::server {

class SourceReporter final : public verify::evidence::SourceObserver {
 public:
  // Both must outlive the reporter.
  SourceReporter(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

  // Gauges of each source's state and of open alerts. The sources must outlive the metrics' last reading.
  void show(const verify::evidence::Sources& sources);

  void fetched(const verify::evidence::SourceStatus& source) override;
  void failed(const verify::evidence::SourceStatus& source, const base::Error& error) override;
  void breaker_changed(const verify::evidence::SourceStatus& source) override;
  void alert(const verify::evidence::Alert& alert) override;
  void grace_used() override;

 private:
  Metrics& metrics_;
  Log& log_;
};

}  // namespace tanba::server
