#include "net/http/server.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>
#include <utility>

#include "net/http/worker.h"

namespace tanba::net::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Code;
using base::Error;
using base::Result;
using base::Status;
using boost::system::error_code;

// When the process is out of descriptors: connections wait in the backlog meanwhile.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::unexpected<Error> bad_listener(const Listener& listener, std::string reason) {
  return std::unexpected(Error(
      Code::kConfigInvalid,
      {{"key", "listen " + listener.address + ":" + std::to_string(listener.port)}, {"reason", std::move(reason)}}));
}

Result<asio::ip::address> check_listener(const Listener& listener) {
  error_code ec;
  asio::ip::address address = asio::ip::make_address(listener.address, ec);
  if (ec) return bad_listener(listener, "not a numeric address");
  if (!listener.tls && !address.is_loopback()) return bad_listener(listener, "without TLS only loopback is served");
  return address;
}

Result<std::vector<SslContext>> make_contexts(const std::vector<Listener>& listeners) {
  std::vector<SslContext> contexts;
  for (const Listener& listener : listeners) {
    if (!listener.tls) {
      contexts.emplace_back();
      continue;
    }
    TANBA_TRY(SslContext context, make_server_context(*listener.tls));
    contexts.push_back(std::move(context));
  }
  return contexts;
}

Peer describe(const tcp::endpoint& endpoint) {
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (address.is_v6()) {
    asio::ip::address_v6 plain = address.to_v6();
    plain.scope_id(0);
    address = plain;
  }
  Peer peer;
  peer.address = address.to_string();
  peer.port = endpoint.port();
  return peer;
}

bool is_out_of_resources(const error_code& ec) {
  return ec == boost::system::errc::too_many_files_open || ec == boost::system::errc::too_many_files_open_in_system ||
         ec == boost::system::errc::no_buffer_space || ec == boost::system::errc::not_enough_memory;
}

// Accepts on the first worker's thread and hands each connection to the worker that has the fewest.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(const std::vector<std::shared_ptr<Worker>>& workers, std::size_t listener)
      : workers_(workers.begin(), workers.end()),
        listener_(listener),
        acceptor_(workers.front()->io()),
        pause_(workers.front()->io()) {}

  Status open(const Listener& listener, const asio::ip::address& address) {
    const tcp::endpoint endpoint(address, listener.port);
    error_code ec;
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec && address.is_v6()) acceptor_.set_option(asio::ip::v6_only(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return bad_listener(listener, ec.message());
    return {};
  }
  [[nodiscard]] std::uint16_t port() const {
    error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  void accept() {
    const auto calmest = std::ranges::min_element(
        workers_, {}, [](const std::weak_ptr<Worker>& worker) { return worker.lock()->session_count(); });
    const std::shared_ptr<Worker> worker = calmest->lock();
    acceptor_.async_accept(worker->io(), [self = shared_from_this(), worker = calmest->lock()](const error_code& ec,
                                                                                               Socket socket) mutable {
      self->on_accept(ec, std::move(socket), *worker);
    });
  }
  void close() {
    closed_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 private:
  void on_accept(const error_code& ec, Socket socket, Worker& worker) {
    if (closed_) return;
    if (ec && is_out_of_resources(ec)) {
      pause_.expires_after(kAcceptPause);
      pause_.async_wait([self = shared_from_this()](const error_code&) {
        if (!self->closed_) self->accept();
      });
      return;
    }
    if (!ec) hand_over(std::move(socket), worker);
    accept();
  }

  void hand_over(Socket socket, Worker& worker) {
    error_code ec;
    const tcp::endpoint endpoint = socket.remote_endpoint(ec);
    if (ec) return;  // gone already
    auto slot = worker.shared().book->enter(endpoint.address());
    if (!slot) return worker.shared().observer->connection_refused(slot.error());
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    asio::post(worker.io(), [home = worker.weak_from_this(), socket = std::move(socket), listener = listener_,
                             peer = describe(endpoint), slot = *std::move(slot)]() mutable {
      if (const auto here = home.lock()) here->adopt(std::move(socket), listener, std::move(peer), std::move(slot));
    });
  }

  std::vector<std::weak_ptr<Worker>> workers_;
  std::size_t listener_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  bool closed_ = false;
};

}  // namespace

struct Server::State {
  ServerOptions options;
  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<Worker>> workers;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  std::vector<std::thread> threads;
  std::vector<std::uint16_t> ports;

  Status open_listeners();
  Status start_threads();
  void run_worker(Worker& worker, std::promise<Status>& ready);
  void stop(std::chrono::milliseconds grace);
};

Status Server::State::open_listeners() {
  for (std::size_t i = 0; i < options.listeners.size(); ++i) {
    const Listener& listener = options.listeners[i];
    TANBA_TRY(const asio::ip::address address, check_listener(listener));
    auto acceptor = std::make_shared<Acceptor>(workers, i);
    TANBA_CHECK(acceptor->open(listener, address));
    ports.push_back(acceptor->port());
    acceptors.push_back(std::move(acceptor));
  }
  return {};
}

void Server::State::run_worker(Worker& worker, std::promise<Status>& ready) {
  ::pthread_setname_np(::pthread_self(), ("http-" + std::to_string(worker.index())).c_str());
  const std::shared_ptr<void> kept = options.on_worker_start ? options.on_worker_start(worker.index()) : nullptr;
  auto contexts = make_contexts(options.listeners);
  if (!contexts) return ready.set_value(std::unexpected(contexts.error()));
  worker.set_contexts(*std::move(contexts));
  ready.set_value({});
  worker.run();
}

Status Server::State::start_threads() {
  std::vector<std::promise<Status>> ready(workers.size());
  for (std::size_t i = 0; i < workers.size(); ++i) {
    threads.emplace_back([this, &worker = *workers[i], &promise = ready[i]] { run_worker(worker, promise); });
  }
  Status status;
  for (std::promise<Status>& promise : ready) {
    Status one = promise.get_future().get();
    if (!one && status) status = std::move(one);
  }
  return status;
}

void Server::State::stop(std::chrono::milliseconds grace) {
  for (const auto& acceptor : acceptors) {
    asio::post(workers.front()->io(), [acceptor] { acceptor->close(); });
  }
  acceptors.clear();
  const auto deadline = std::chrono::steady_clock::now() + grace;
  for (const auto& worker : workers) {
    asio::post(worker->io(), [home = worker->weak_from_this(), deadline] {
      if (const auto here = home.lock()) here->drain(deadline);
    });
  }
  for (std::thread& thread : threads) {
    if (thread.joinable()) thread.join();
  }
  threads.clear();
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, std::shared_ptr<Application> application,
                                              std::shared_ptr<Observer> observer) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->shared = std::make_shared<Shared>();
  Shared& shared = *state->shared;
  shared.limits = state->options.limits;
  shared.application = std::move(application);
  shared.observer = observer ? std::move(observer) : std::make_shared<Observer>();
  shared.clock = state->options.clock;
  shared.book =
      std::make_shared<ConnectionBook>(shared.limits.max_connections, shared.limits.max_connections_per_address);
  shared.bodies = std::make_unique<BodyBook>(shared.limits.max_buffered_bytes);
  for (unsigned i = 0; i < std::max(1U, state->options.workers); ++i) {
    state->workers.push_back(std::make_shared<Worker>(i, state->shared));
  }
  TANBA_CHECK(state->open_listeners());
  std::unique_ptr<Server> server(new Server(std::move(state)));  // from here its destructor joins the threads
  TANBA_CHECK(server->state_->start_threads());
  for (const auto& acceptor : server->state_->acceptors) {
    asio::post(server->state_->workers.front()->io(), [acceptor] { acceptor->accept(); });
  }
  return server;
}

Status Server::check(const std::vector<Listener>& listeners) {
  for (const Listener& listener : listeners) TANBA_CHECK(check_listener(listener));
  TANBA_CHECK(make_contexts(listeners));
  return {};
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  state_->stop(std::chrono::milliseconds{0});
}

const std::vector<std::uint16_t>& Server::ports() const {
  return state_->ports;
}

void Server::stop(std::chrono::milliseconds grace) {
  state_->stop(grace);
}

Status Server::reload_tls() {
  TANBA_CHECK(make_contexts(state_->options.listeners));
  for (const auto& worker : state_->workers) {
    asio::post(worker->io(), [home = worker->weak_from_this(), listeners = state_->options.listeners] {
      const auto here = home.lock();
      auto contexts = make_contexts(listeners);  // in the worker's own library context
      if (here && contexts) here->set_contexts(*std::move(contexts));
    });
  }
  return {};
}

std::size_t Server::connections() const {
  return state_->shared->book->total();
}

std::size_t Server::in_flight() const {
  return state_->shared->in_flight.load();
}

std::size_t Server::buffered_body_bytes() const {
  return state_->shared->bodies->total();
}

}  // namespace tanba::net::http
