#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <map>
#include <mutex>
#include <sstream>
#include <tuple>

namespace tanba::server {
namespace {

// Seconds: from a cached verification to one that waits for an OCSP responder.
const prometheus::Histogram::BucketBoundaries kBuckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                       0.1,    0.25,  0.5,    1,     2.5,  5,     10};

}  // namespace

struct Metrics::State {
  struct Gauge {
    prometheus::Gauge* gauge;
    std::function<double()> value;
  };
  struct GaugeFamily {
    prometheus::Family<prometheus::Gauge>* family;
    std::function<std::vector<Sample>()> samples;
    std::vector<prometheus::Gauge*> shown;
  };
  // What one kind of request is counted by; looked up by the pattern's address, which the router never moves.
  using RequestKey = std::tuple<const char*, net::http::Method, unsigned>;

  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  mutable std::mutex mutex;
  std::map<RequestKey, prometheus::Counter*> requests;
  std::map<const char*, prometheus::Histogram*> durations;
  std::vector<Gauge> gauges;
  std::vector<GaugeFamily> families;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::count(std::string_view name, std::string_view help, std::initializer_list<Label> labels) {
  std::map<std::string, std::string> words;
  for (const auto& [label, value] : labels) words.emplace(label, value);
  prometheus::BuildCounter()
      .Name("tanba_" + std::string(name) + "_total")
      .Help(std::string(help))
      .Register(state_->registry)
      .Add(words)
      .Increment();
}

void Metrics::gauge(std::string_view name, std::string_view help, std::function<double()> value) {
  prometheus::Gauge& gauge = prometheus::BuildGauge()
                                 .Name("tanba_" + std::string(name))
                                 .Help(std::string(help))
                                 .Register(state_->registry)
                                 .Add({});
  const std::scoped_lock lock(state_->mutex);
  state_->gauges.push_back({&gauge, std::move(value)});
}

void Metrics::gauges(std::string_view name, std::string_view help, std::function<std::vector<Sample>()> samples) {
  auto& family =
      prometheus::BuildGauge().Name("tanba_" + std::string(name)).Help(std::string(help)).Register(state_->registry);
  const std::scoped_lock lock(state_->mutex);
  state_->families.push_back({&family, std::move(samples), {}});
}

void Metrics::observe_request(const net::http::Exchange& exchange) {
  const std::string route(exchange.route.empty() ? "none" : exchange.route);
  const std::string method(net::http::to_string(exchange.method));
  const std::scoped_lock lock(state_->mutex);
  prometheus::Counter*& counter = state_->requests[{exchange.route.data(), exchange.method, exchange.status}];
  if (counter == nullptr) {
    counter = &prometheus::BuildCounter()
                   .Name("tanba_http_requests_total")
                   .Help("Requests answered, by route, method and status.")
                   .Register(state_->registry)
                   .Add({{"route", route}, {"method", method}, {"status", std::to_string(exchange.status)}});
  }
  prometheus::Histogram*& histogram = state_->durations[exchange.route.data()];
  if (histogram == nullptr) {
    histogram = &prometheus::BuildHistogram()
                     .Name("tanba_http_request_duration_seconds")
                     .Help("From a request's first octet to its answer's last.")
                     .Register(state_->registry)
                     .Add({{"route", route}}, kBuckets);
  }
  counter->Increment();
  histogram->Observe(std::chrono::duration<double>(exchange.duration).count());
}

std::string Metrics::text() const {
  {
    const std::scoped_lock lock(state_->mutex);
    for (const State::Gauge& gauge : state_->gauges) gauge.gauge->Set(gauge.value());
    for (State::GaugeFamily& family : state_->families) {
      for (prometheus::Gauge* gauge : family.shown) family.family->Remove(gauge);
      family.shown.clear();
      for (const Sample& sample : family.samples()) {
        prometheus::Gauge& gauge = family.family->Add({sample.labels.begin(), sample.labels.end()});
        gauge.Set(sample.value);
        family.shown.push_back(&gauge);
      }
    }
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, state_->registry.Collect());
  return out.str();
}

}  // namespace tanba::server
