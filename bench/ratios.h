// A reporter that says, after the usual table, how measurements stand to each other in the same run, and what memory an
// operation of each takes. Where they are repeated (--benchmark_repetitions), their medians are compared.
#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "bench/memory.h"

namespace tanba::bench {

struct Ratio {
  std::string what;      // "of the bare RSA rate"
  std::string measured;  // names of benchmarks as Google Benchmark prints them
  std::string against;
};

class RatioReporter : public benchmark::ConsoleReporter {
 public:
  explicit RatioReporter(std::vector<Ratio> ratios)
      : ConsoleReporter(isatty(STDOUT_FILENO) != 0 ? OO_ColorTabular : OO_Tabular), ratios_(std::move(ratios)) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      // The median is reported after the single runs, and replaces them.
      const bool aggregate = run.run_type == Run::RT_Aggregate;
      if (aggregate && run.aggregate_name != "median") continue;
      const auto rate = run.counters.find("items_per_second");
      if (rate == run.counters.end()) continue;
      rates_[aggregate ? run.run_name.str() : run.benchmark_name()] = {.per_second = rate->second.value,
                                                                       .cpu_time = run.GetAdjustedCPUTime()};
      if (run.memory_result != nullptr) {
        memory_[run.benchmark_name()] = {.most_bytes = run.memory_result->max_bytes_used,
                                         .allocations = run.memory_result->num_allocs};
      }
    }
  }

  void Finalize() override {
    fmt::print("\n");
    for (const Ratio& ratio : ratios_) {
      const auto measured = rates_.find(ratio.measured);
      const auto against = rates_.find(ratio.against);
      if (measured == rates_.end() || against == rates_.end() || against->second.per_second <= 0) continue;
      fmt::print("{:<52} {:>9.0f}/s  {:>6.2f} x {} ({:.0f}/s); by processor time {:.2f} x\n", ratio.measured,
                 measured->second.per_second, measured->second.per_second / against->second.per_second, ratio.what,
                 against->second.per_second, against->second.cpu_time / measured->second.cpu_time);
    }
    if (!memory_.empty())
      fmt::print("\n{:<52} {:>12} {:>12}\n", "an operation, once caches are filled", "most held", "allocations");
    for (const auto& [name, memory] : memory_) {
      fmt::print("{:<52} {:>9.1f} KB {:>12}\n", name, static_cast<double>(memory.most_bytes) / 1e3, memory.allocations);
    }
    std::fflush(stdout);
  }

 private:
  // Processor time says more than the clock when the machine has other work.
  struct Rate {
    double per_second = 0;
    double cpu_time = 0;
  };
  std::vector<Ratio> ratios_;
  std::map<std::string, Rate> rates_;
  std::map<std::string, OperationMemory> memory_;
};

// Google Benchmark runs a few more iterations for this, apart from those that are timed.
class OperationCounter final : public benchmark::MemoryManager {
 public:
  void Start() override { begin_counting(); }
  void Stop(Result* result) override { Stop(*result); }
  void Stop(Result& result) override {
    const OperationMemory counted = end_counting();
    result.max_bytes_used = counted.most_bytes;
    result.num_allocs = counted.allocations;
  }
};

// In place of BENCHMARK_MAIN().
inline int run_with_ratios(int argc, char** argv, std::vector<Ratio> ratios) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  RatioReporter reporter(std::move(ratios));
  OperationCounter counter;
  if (counts_memory()) benchmark::RegisterMemoryManager(&counter);
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::RegisterMemoryManager(nullptr);
  benchmark::Shutdown();
  return 0;
}

}  // namespace tanba::bench
