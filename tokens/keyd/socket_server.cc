#include "tokens/keyd/socket_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "tokens/client/protocol.h"

namespace tanba::tokens::keyd {
namespace {

constexpr int kBacklog = 128;
constexpr std::size_t kSocketReadBytes = 64U << 10;
// Of one loop for all: who sends much waits for the others in between.
constexpr int kAcceptsAtOnce = 32;

std::unexpected<base::Error> unusable(const std::filesystem::path& path, std::string reason) {
  return base::fail(base::Code::kFileNotWritable, {{"file", path.string()}, {"reason", std::move(reason)}});
}

base::Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& name = path.native();
  if (name.empty() || name.size() >= sizeof address.sun_path)
    return unusable(path, "the path is too long for a socket");
  std::memcpy(address.sun_path, name.data(), name.size());
  return address;
}

}  // namespace

SocketServer::SocketServer(const SocketConfig& config, Timeouts timeouts, EventLog& events)
    : config_(config), timeouts_(timeouts), events_(events), mailbox_(std::make_shared<Mailbox>()) {}

SocketServer::~SocketServer() {
  if (listener_.open()) ::unlink(config_.path.c_str());
}

base::Result<std::unique_ptr<SocketServer>> SocketServer::listen(const SocketConfig& config, Timeouts timeouts,
                                                                 EventLog& events) {
  std::unique_ptr<SocketServer> server(new SocketServer(config, timeouts, events));
  server->mailbox_->wake = base::FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!server->mailbox_->wake.open()) return unusable(config.path, base::system_reason(errno));
  TANBA_CHECK(server->clear_path());
  TANBA_CHECK(server->bind_and_listen());
  return server;
}

base::Status SocketServer::clear_path() {
  struct stat status{};
  if (::lstat(config_.path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) return unusable(config_.path, "something that is no socket is there");
  TANBA_TRY(const sockaddr_un address, address_of(config_.path));
  const base::FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int connected = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno == EAGAIN) return base::fail(base::Code::kFileExists, {{"file", config_.path.string()}});
  ::unlink(config_.path.c_str());
  return {};
}

base::Status SocketServer::give_to_group() {
  // The path is in a folder of this server's user: nobody else replaces it between these calls.
  if (config_.group && ::chown(config_.path.c_str(), static_cast<uid_t>(-1), *config_.group) != 0) {
    return unusable(config_.path, base::system_reason(errno));
  }
  if (::chmod(config_.path.c_str(), config_.mode) != 0) return unusable(config_.path, base::system_reason(errno));
  return {};
}

base::Status SocketServer::bind_and_listen() {
  TANBA_TRY(const sockaddr_un address, address_of(config_.path));
  base::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open()) return unusable(config_.path, base::system_reason(errno));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return unusable(config_.path, base::system_reason(errno));
  }
  listener_ = std::move(socket);  // from here on the path is ours to remove
  TANBA_CHECK(give_to_group());
  if (::listen(listener_.get(), kBacklog) != 0) return unusable(config_.path, base::system_reason(errno));
  return {};
}

// --- connections
// -------------------------------------------------------------------------------------------------------

void SocketServer::refuse(base::FileDescriptor socket, const base::Error& error) {
  const base::Result<std::string> frame = client::write_frame(client::write_outcome(std::unexpected(error)));
  // A new connection's buffer takes this whole; if not, the caller sees the end only.
  if (frame) static_cast<void>(::send(socket.get(), frame->data(), frame->size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

bool SocketServer::make_room(uid_t uid) {
  const auto of_this_user = [uid](const Connection& connection) { return connection.uid == uid; };
  const auto of_user = static_cast<std::size_t>(std::ranges::count_if(connections_, of_this_user));
  // One user may have half of the connections, all users all of them.
  if (of_user < std::max<std::size_t>(1, config_.max_connections / 2) &&
      connections_.size() < config_.max_connections) {
    return true;
  }
  // Whoever waits longest without having asked for anything makes way, among this user's own.
  auto oldest = connections_.end();
  for (auto it = connections_.begin(); it != connections_.end(); ++it) {
    const bool waits = it->uid == uid && it->phase == Connection::Phase::kReading;
    if (waits && (oldest == connections_.end() || it->since < oldest->since)) oldest = it;
  }
  if (oldest == connections_.end()) return false;
  connections_.erase(oldest);
  return true;
}

void SocketServer::accept_all() {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    base::FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.open()) return;
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    if (!known || !config_.peers.contains(peer.uid)) {
      events_.write(Level::kWarning, "connection.denied", {{"uid", peer.uid}, {"pid", peer.pid}});
      refuse(std::move(socket), base::Error(base::Code::kAuthDenied));
      continue;
    }
    if (!make_room(peer.uid)) {
      refuse(std::move(socket), base::Error(base::Code::kExecutorFull));
      continue;
    }
    Connection& connection = connections_.emplace_back();
    connection.id = next_id_++;
    connection.socket = std::move(socket);
    connection.uid = peer.uid;
    connection.since = Clock::now();
  }
}

void SocketServer::answer(Connection& connection, std::string_view json) {
  base::Result<std::string> frame = client::write_frame(json);
  if (!frame) frame = client::write_frame(client::write_outcome(base::fail(base::Code::kInternal)));
  connection.out = *std::move(frame);
  connection.out_done = 0;
  connection.phase = Connection::Phase::kWriting;
  connection.since = Clock::now();
  write_some(connection);
}

void SocketServer::write_some(Connection& connection) {
  while (connection.out_done < connection.out.size()) {
    const ssize_t sent = ::send(connection.socket.get(), connection.out.data() + connection.out_done,
                                connection.out.size() - connection.out_done, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent <= 0) {
      connection.socket = base::FileDescriptor();
      return;
    }
    connection.out_done += static_cast<std::size_t>(sent);
  }
  connection.out.clear();
  connection.out.shrink_to_fit();
  connection.phase = Connection::Phase::kReading;
  connection.since = Clock::now();
  if (connection.closing) connection.socket = base::FileDescriptor();
}

void SocketServer::take_request(Connection& connection, const Handler& handler) {
  if (connection.in.size() < client::kFrameHeaderBytes) return;
  const base::ByteView in = base::as_bytes(connection.in);
  const base::Result<std::uint32_t> length = client::parse_frame_header(in.first(client::kFrameHeaderBytes));
  if (!length) {
    // Where the next request would begin is not known.
    connection.closing = true;
    answer(connection, client::write_outcome(std::unexpected(length.error())));
    return;
  }
  if (in.size() < client::kFrameHeaderBytes + *length) return;
  const std::string request = connection.in.substr(client::kFrameHeaderBytes, *length);
  connection.in.erase(0, client::kFrameHeaderBytes + *length);
  connection.in.shrink_to_fit();
  connection.phase = Connection::Phase::kWorking;
  connection.since = Clock::now();
  handler(request, [mailbox = mailbox_, id = connection.id](std::string json) {
    {
      const std::scoped_lock lock(mailbox->mutex);
      mailbox->answers.push_back({id, std::move(json)});
    }
    ::eventfd_write(mailbox->wake.get(), 1);
  });
}

// One that came together with the one before.
void SocketServer::take_next_request(Connection& connection, const Handler& handler) {
  if (connection.phase == Connection::Phase::kReading && connection.socket.open()) take_request(connection, handler);
}

void SocketServer::read_some(Connection& connection, const Handler& handler) {
  std::array<char, kSocketReadBytes> room;
  const ssize_t got = ::recv(connection.socket.get(), room.data(), room.size(), 0);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    connection.socket = base::FileDescriptor();
    return;
  }
  if (connection.in.empty()) connection.since = Clock::now();
  connection.in.append(room.data(), static_cast<std::size_t>(got));
  take_request(connection, handler);
}

void SocketServer::serve(Connection& connection, short events, const Handler& handler) {
  if (events == 0) return;
  switch (connection.phase) {
    case Connection::Phase::kReading:
      return read_some(connection, handler);
    case Connection::Phase::kWriting:
      write_some(connection);
      return take_next_request(connection, handler);
    case Connection::Phase::kWorking:
      // Nobody is there any more to be answered.
      if ((events & (POLLHUP | POLLERR)) != 0) connection.socket = base::FileDescriptor();
      return;
  }
}

void SocketServer::take_answers(const Handler& handler) {
  eventfd_t count = 0;
  static_cast<void>(::eventfd_read(mailbox_->wake.get(), &count));
  std::deque<Answer> answers;
  {
    const std::scoped_lock lock(mailbox_->mutex);
    answers.swap(mailbox_->answers);
  }
  for (const Answer& made : answers) {
    const auto to = std::ranges::find(connections_, made.connection, &Connection::id);
    if (to == connections_.end() || !to->socket.open()) continue;
    answer(*to, made.json);
    take_next_request(*to, handler);
  }
}

// --- the loop
// ----------------------------------------------------------------------------------------------------------

SocketServer::Clock::time_point SocketServer::deadline_of(const Connection& connection) const {
  switch (connection.phase) {
    case Connection::Phase::kReading:
      return connection.since + (connection.in.empty() ? timeouts_.idle : timeouts_.request);
    case Connection::Phase::kWriting:
      return connection.since + timeouts_.write;
    case Connection::Phase::kWorking:
      break;  // the token's time, not the client's
  }
  return Clock::time_point::max();
}

void SocketServer::end_late(Clock::time_point now) {
  connections_.remove_if(
      [&](const Connection& connection) { return !connection.socket.open() || deadline_of(connection) <= now; });
}

int SocketServer::wait_ms(Clock::time_point now) const {
  Clock::time_point first = now + std::chrono::minutes(1);
  for (const Connection& connection : connections_) first = std::min(first, deadline_of(connection));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

void SocketServer::loop_once(const Handler& handler, int stop, bool& stopping) {
  std::vector<pollfd> polled{{.fd = mailbox_->wake.get(), .events = POLLIN, .revents = 0},
                             {.fd = stopping ? -1 : stop, .events = POLLIN, .revents = 0},
                             {.fd = stopping ? -1 : listener_.get(), .events = POLLIN, .revents = 0}};
  const std::size_t first_connection = polled.size();
  for (const Connection& connection : connections_) {
    const int events = connection.phase == Connection::Phase::kReading   ? POLLIN
                       : connection.phase == Connection::Phase::kWriting ? POLLOUT
                                                                         : 0;
    polled.push_back({.fd = connection.socket.get(), .events = static_cast<short>(events), .revents = 0});
  }
  if (::poll(polled.data(), polled.size(), wait_ms(Clock::now())) < 0 && errno != EINTR) {
    events_.write(Level::kError, "socket.poll", {{"reason", base::system_reason(errno)}});
    stopping = true;
    return;
  }
  std::size_t i = first_connection;
  for (Connection& connection : connections_) serve(connection, polled[i++].revents, handler);
  if (polled[0].revents != 0) take_answers(handler);
  if (polled[2].revents != 0) accept_all();
  if (polled[1].revents != 0) stopping = true;
  end_late(Clock::now());
}

void SocketServer::run(const Handler& handler, int stop) {
  bool stopping = false;
  while (!stopping) loop_once(handler, stop, stopping);
  // What was accepted is answered: only connections with a request under way are kept.
  const Clock::time_point end = Clock::now() + timeouts_.write;
  const auto is_idle = [](const Connection& connection) { return connection.phase == Connection::Phase::kReading; };
  for (connections_.remove_if(is_idle); !connections_.empty() && Clock::now() < end; connections_.remove_if(is_idle)) {
    loop_once(handler, stop, stopping);
  }
  connections_.clear();
}

}  // namespace tanba::tokens::keyd
