#include "net/http/worker.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <exception>

#include "net/http/session.h"

namespace tanba::net::http {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

// How late a deadline may be noticed; the shortest is two seconds.
constexpr std::chrono::milliseconds kTick{100};

class WorkerHome final : public Home {
 public:
  explicit WorkerHome(std::weak_ptr<Worker> worker) : worker_(std::move(worker)) {}
  void post(Task task) const override {
    if (const auto worker = worker_.lock()) asio::post(worker->io(), std::move(task));
  }

 private:
  std::weak_ptr<Worker> worker_;  // weak: tasks in its queue may hold us
};

}  // namespace

std::string address_key(const asio::ip::address& address) {
  if (address.is_v4()) {
    const auto octets = address.to_v4().to_bytes();
    return {octets.begin(), octets.end()};
  }
  const auto octets = address.to_v6().to_bytes();
  return {octets.begin(), octets.begin() + 8};
}

std::expected<ConnectionBook::Slot, Observer::Refused> ConnectionBook::enter(const asio::ip::address& address) {
  std::string key = address_key(address);
  const std::scoped_lock lock(mutex_);
  if (total_ >= max_total_) return std::unexpected(Observer::Refused::kTooMany);
  std::size_t& count = by_address_[key];
  if (count >= max_per_address_) return std::unexpected(Observer::Refused::kTooManyFromAddress);
  ++count;
  ++total_;
  return Slot(shared_from_this(), std::move(key));
}

std::size_t ConnectionBook::total() const {
  const std::scoped_lock lock(mutex_);
  return total_;
}

void ConnectionBook::leave(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  --total_;
  const auto found = by_address_.find(key);
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

void Worker::run() {
  arm_tick();
  while (mode_ != Mode::kDone) {
    try {
      io_.run();
      break;
    } catch (const std::exception& fault) {  // out of memory in a connection's step; its deadline closes it
      shared_->observer->fault("", fault.what());
    }
  }
  // TLS objects belong to this thread's library context.
  sessions_.clear();
  contexts_.clear();
}

void Worker::adopt(Socket socket, std::size_t listener, Peer peer, ConnectionBook::Slot slot) {
  if (mode_ != Mode::kServing) return;
  SSL_CTX* context = contexts_.at(listener).get();
  auto transport =
      context != nullptr ? make_tls_transport(std::move(socket), context) : make_plain_transport(std::move(socket));
  const auto session = std::make_shared<Session>(*this, std::move(transport), std::move(peer), std::move(slot));
  sessions_.emplace(session.get(), session);
  session_count_.store(sessions_.size(), std::memory_order_relaxed);
  session->start();
}

void Worker::remove(Session& session) {
  sessions_.erase(&session);
  session_count_.store(sessions_.size(), std::memory_order_relaxed);
  finish_if_empty();
}

void Worker::drain(SteadyClock::time_point deadline) {
  if (mode_ == Mode::kServing) mode_ = Mode::kDraining;
  drain_deadline_ = deadline;
  std::vector<std::shared_ptr<Session>> all;
  all.reserve(sessions_.size());
  for (const auto& [key, session] : sessions_) all.push_back(session);
  for (const auto& session : all) session->drain();
  finish_if_empty();
}

void Worker::finish_if_empty() {
  if (mode_ != Mode::kDraining || !sessions_.empty()) return;
  mode_ = Mode::kDone;
  tick_timer_.cancel();
}

void Worker::arm_tick() {
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](boost::system::error_code) {  // the timer is ours and dies with us
    if (mode_ != Mode::kDone) tick();
  });
}

void Worker::tick() {
  const auto now = SteadyClock::now();
  const bool too_late = mode_ == Mode::kDraining && now >= drain_deadline_;
  std::vector<std::shared_ptr<Session>> all;  // closing takes them out of the map
  all.reserve(sessions_.size());
  for (const auto& [key, session] : sessions_) all.push_back(session);
  for (const auto& session : all) {
    if (too_late) {
      session->close();
    } else {
      session->check_deadline(now);
    }
  }
  if (mode_ != Mode::kDone) arm_tick();
}

std::shared_ptr<const Home> Worker::home() {
  if (!home_) home_ = std::make_shared<WorkerHome>(weak_from_this());
  return home_;
}

const std::string& Worker::date() {
  if (shared_->clock == nullptr) return date_;
  const base::Time now = shared_->clock->now();
  if (now != date_time_ || date_.empty()) {
    date_time_ = now;
    // fmt's %a and %b are the C locale's, as the format wants.
    date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
  }
  return date_;
}

std::string Worker::make_request_id() {
  std::array<std::uint8_t, 16> octets{};
  ::RAND_bytes(octets.data(), static_cast<int>(octets.size()));  // names, not secrets: zeros would do no harm
  return base::to_hex(octets);
}

}  // namespace tanba::net::http
