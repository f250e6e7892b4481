#include "tokens/client/client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "tokens/client/json_reader.h"

namespace tanba::tokens::client {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

std::unexpected<base::Error> unreachable(int error_number) {
  return base::fail(base::Code::kKeydUnreachable, std::error_code(error_number, std::generic_category()).message());
}

// Waits for the descriptor, whatever signals arrive; server.deadline when the time is over.
base::Status wait_for(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return base::fail(base::Code::kServerDeadline, "the key server did not answer in time");
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    const auto wait_ms = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
    const int ready = ::poll(&entry, 1, wait_ms);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return unreachable(errno);
  }
}

base::Result<base::FileDescriptor> connect_to(const std::filesystem::path& path, Deadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& name = path.native();
  if (name.empty() || name.size() >= sizeof address.sun_path) return unreachable(ENAMETOOLONG);
  std::memcpy(address.sun_path, name.data(), name.size());
  base::FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.open()) return unreachable(errno);
  // A Unix socket connects at once or, when the server's backlog is full, says EAGAIN: then it is tried again.
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EAGAIN && errno != EINTR) return unreachable(errno);
    if (std::chrono::steady_clock::now() >= deadline) return base::fail(base::Code::kServerDeadline);
    ::poll(nullptr, 0, 5);
  }
  return fd;
}

base::Status send_all(int fd, base::ByteView octets, Deadline deadline) {
  while (!octets.empty()) {
    const ssize_t sent = ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      octets = octets.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      TANBA_CHECK(wait_for(fd, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return unreachable(errno);
    }
  }
  return {};
}

enum class Progress : std::uint8_t { kNothingRead, kSomethingRead };

base::Status receive_all(int fd, std::span<std::uint8_t> room, Deadline deadline, Progress& progress) {
  while (!room.empty()) {
    const ssize_t got = ::recv(fd, room.data(), room.size(), 0);
    if (got > 0) {
      progress = Progress::kSomethingRead;
      room = room.subspan(static_cast<std::size_t>(got));
    } else if (got == 0) {
      return unreachable(ECONNRESET);
    } else if (errno == EAGAIN) {
      TANBA_CHECK(wait_for(fd, POLLIN, deadline));
    } else if (errno != EINTR) {
      return unreachable(errno);
    }
  }
  return {};
}

base::Result<std::string> receive_frame(int fd, Deadline deadline, Progress& progress) {
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  TANBA_CHECK(receive_all(fd, header, deadline, progress));
  TANBA_TRY(const std::uint32_t length, parse_frame_header(header));
  base::Bytes body(length);
  TANBA_CHECK(receive_all(fd, body, deadline, progress));
  return std::string(base::as_text(body));
}

// A server that refuses a connection writes its reason and closes: what it wrote counts, although sending failed.
base::Result<std::string> ask_over(int fd, std::string_view frame, Deadline deadline, Progress& progress) {
  const base::Status sent = send_all(fd, base::as_bytes(frame), deadline);
  if (!sent && sent.error().code() != base::Code::kKeydUnreachable) return std::unexpected(sent.error());
  return receive_frame(fd, deadline, progress);
}

}  // namespace

base::FileDescriptor Client::take_idle() {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) return {};
  base::FileDescriptor connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Client::keep(base::FileDescriptor connection) {
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < options_.max_idle_connections) idle_.push_back(std::move(connection));
}

Outcome Client::exchange(const Request& request, Deadline deadline) {
  TANBA_TRY(const std::string frame, write_frame(write_request(request)));
  for (;;) {
    base::FileDescriptor connection = take_idle();
    const bool reused = connection.open();
    if (!reused) {
      TANBA_TRY(connection, connect_to(options_.socket, deadline));
    }
    Progress progress = Progress::kNothingRead;
    const base::Result<std::string> text = ask_over(connection.get(), frame, deadline, progress);
    // A kept connection may have ended since (the server restarted). Every request may be sent twice: an intent's
    // answer is the same again.
    const bool ended = !text && text.error().code() == base::Code::kKeydUnreachable;
    if (ended && reused && progress == Progress::kNothingRead) continue;
    if (!text) return std::unexpected(text.error());
    Outcome outcome = parse_outcome(*text);
    const bool in_step = outcome || outcome.error().code() != base::Code::kKeydProtocol;
    if (in_step) keep(std::move(connection));
    return outcome;
  }
}

template <class T>
base::Result<T> Client::ask(const Request& request, Timeout timeout) {
  TANBA_TRY(Answer answer, exchange(request, std::chrono::steady_clock::now() + timeout));
  T* expected = std::get_if<T>(&answer);
  if (expected == nullptr) return protocol_failure("another answer than was asked for");
  return std::move(*expected);
}

base::Result<Pong> Client::ping(Timeout timeout) {
  return ask<Pong>(Ping{}, timeout);
}

base::Result<KeyList> Client::list_keys(Timeout timeout) {
  return ask<KeyList>(ListKeys{}, timeout);
}

base::Result<Signed> Client::sign_intent(const SignIntent& request, Timeout timeout) {
  TANBA_CHECK(check_intent(request.intent));
  return ask<Signed>(request, timeout);
}

base::Result<IntentAnswer> Client::cancel_intent(std::string_view intent, Timeout timeout) {
  TANBA_CHECK(check_intent_id(intent));
  return ask<IntentAnswer>(CancelIntent{std::string(intent)}, timeout);
}

base::Result<Sealed> Client::seal_capsule(const SealCapsule& request, Timeout timeout) {
  return ask<Sealed>(request, timeout);
}

base::Result<IntentAnswer> Client::ask_intent(std::string_view intent, Timeout timeout) {
  return ask<IntentAnswer>(AskIntent{std::string(intent)}, timeout);
}

}  // namespace tanba::tokens::client
