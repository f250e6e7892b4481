// A thread, its io_context and its connections; and what all workers share. Private to net/http.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/http/body_book.h"
#include "net/http/server.h"
#include "net/http/tls.h"
#include "net/http/transport.h"

namespace tanba::net::http {

class Session;

// Whom a limit per address counts as one: a home or an office gets a /64 of IPv6.
[[nodiscard]] std::string address_key(const boost::asio::ip::address& address);

// How many connections there are, in all and from each address.
class ConnectionBook : public std::enable_shared_from_this<ConnectionBook> {
 public:
  ConnectionBook(std::size_t max_total, std::size_t max_per_address)
      : max_total_(max_total), max_per_address_(max_per_address) {}
  // A place in the book; given back when destroyed.
  class Slot {
   public:
    Slot() = default;
    Slot(std::shared_ptr<ConnectionBook> book, std::string key) : book_(std::move(book)), key_(std::move(key)) {}
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&&) = delete;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() {
      if (book_) book_->leave(key_);
    }

   private:
    std::shared_ptr<ConnectionBook> book_;
    std::string key_;
  };
  [[nodiscard]] std::expected<Slot, Observer::Refused> enter(const boost::asio::ip::address& address);
  [[nodiscard]] std::size_t total() const;

 private:
  void leave(const std::string& key);
  const std::size_t max_total_;
  const std::size_t max_per_address_;
  mutable std::mutex mutex_;
  std::size_t total_ = 0;
  std::unordered_map<std::string, std::size_t> by_address_;
};

struct Shared {
  ServerLimits limits;
  std::shared_ptr<Application> application;
  std::shared_ptr<Observer> observer;  // never null
  const base::Clock* clock = nullptr;
  std::shared_ptr<ConnectionBook> book;
  std::atomic<std::size_t> in_flight{0};
  std::unique_ptr<BodyBook> bodies;
};

// Everything below runs on the worker's thread except where it says otherwise.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(unsigned index, std::shared_ptr<Shared> shared) : index_(index), shared_(std::move(shared)) {}

  // Any thread.
  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] std::size_t session_count() const { return session_count_.load(std::memory_order_relaxed); }
  [[nodiscard]] unsigned index() const { return index_; }
  [[nodiscard]] Shared& shared() { return *shared_; }

  [[nodiscard]] std::shared_ptr<const Home> home();

  // The thread's body: returns when stopped and every connection is gone.
  void run();
  // One for each listener; null for plain ones.
  void set_contexts(std::vector<SslContext> contexts) { contexts_ = std::move(contexts); }
  void adopt(Socket socket, std::size_t listener, Peer peer, ConnectionBook::Slot slot);
  void remove(Session& session);
  // Idle connections close now, busy ones after their answer, all of them at the deadline.
  void drain(std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] const std::string& date();  // RFC 9110 5.6.7 IMF-fixdate; empty without a clock
  [[nodiscard]] std::string make_request_id();

 private:
  void arm_tick();
  void tick();
  void finish_if_empty();

  boost::asio::io_context io_{1};
  boost::asio::steady_timer tick_timer_{io_};
  const unsigned index_;
  std::shared_ptr<Shared> shared_;
  std::vector<SslContext> contexts_;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
  std::atomic<std::size_t> session_count_{0};
  enum class Mode : std::uint8_t { kServing, kDraining, kDone } mode_ = Mode::kServing;
  std::chrono::steady_clock::time_point drain_deadline_{};
  std::shared_ptr<const Home> home_;
  base::Time date_time_{};
  std::string date_;
};

}  // namespace tanba::net::http
