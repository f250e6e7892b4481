// Counters, gauges and histograms, shown at GET /metrics in Prometheus' text format. Names and labels carry no personal
// data, and only labels from small fixed sets: patterns of routes, not paths.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http/server.h"

namespace tanba::server {

class Metrics {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // tanba_<name>_total. Any thread.
  void count(std::string_view name, std::string_view help, std::initializer_list<Label> labels = {});
  // tanba_<name>: asked for when the metrics are read.
  void gauge(std::string_view name, std::string_view help, std::function<double()> value);
  // The same with labels: all its values are asked for when the metrics are read; what is not among them is not shown.
  struct Sample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
  };
  void gauges(std::string_view name, std::string_view help, std::function<std::vector<Sample>()> samples);
  void observe_request(const net::http::Exchange& exchange);
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tanba::server
