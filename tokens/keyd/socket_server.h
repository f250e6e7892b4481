// The key server's Unix socket: one thread, one poll loop, so that a slow or hostile client costs a table entry and no
// thread. Who connects is asked of the kernel (SO_PEERCRED); whoever is not a peer is told auth.denied and cut off.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"
#include "tokens/keyd/config.h"
#include "tokens/keyd/event_log.h"

namespace tanba::tokens::keyd {

class SocketServer {
 public:
  // The answer's JSON; from any thread, once. An answer for a connection that has ended since is dropped.
  using Respond = std::function<void(std::string json)>;
  // Called on the loop's thread with a whole request; must not block.
  using Handler = std::function<void(std::string_view json, Respond respond)>;

  struct Timeouts {
    // A request is one write of the client: it arrives within this once its first octet did.
    std::chrono::milliseconds request{5'000};
    std::chrono::milliseconds write{5'000};  // an answer is taken within this
    std::chrono::milliseconds idle{300'000};
  };

  // Takes the path over from a server that ended without removing it; refuses (file.exists) one that still answers, and
  // anything there that is no socket.
  [[nodiscard]] static base::Result<std::unique_ptr<SocketServer>> listen(const SocketConfig& config, Timeouts timeouts,
                                                                          EventLog& events);
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  // Until `stop` becomes readable. Answers under way then are waited for as long as a write may take.
  void run(const Handler& handler, int stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct Connection {
    std::uint64_t id = 0;
    base::FileDescriptor socket;
    uid_t uid = 0;
    enum class Phase : std::uint8_t { kReading, kWorking, kWriting } phase = Phase::kReading;
    std::string in;
    std::string out;
    std::size_t out_done = 0;
    Clock::time_point since;  // of the phase, or of the last whole request when nothing was read since
    bool closing = false;     // after what is being written
  };
  struct Answer {
    std::uint64_t connection = 0;
    std::string json;
  };
  // Outlives the server in answers that come late.
  struct Mailbox {
    std::mutex mutex;
    std::deque<Answer> answers;
    base::FileDescriptor wake;  // eventfd
  };

  SocketServer(const SocketConfig& config, Timeouts timeouts, EventLog& events);
  [[nodiscard]] base::Status bind_and_listen();
  [[nodiscard]] base::Status clear_path();
  [[nodiscard]] base::Status give_to_group();
  void accept_all();
  [[nodiscard]] bool make_room(uid_t uid);
  void refuse(base::FileDescriptor socket, const base::Error& error);
  void take_answers(const Handler& handler);
  void serve(Connection& connection, short events, const Handler& handler);
  void read_some(Connection& connection, const Handler& handler);
  void write_some(Connection& connection);
  void take_request(Connection& connection, const Handler& handler);
  void take_next_request(Connection& connection, const Handler& handler);
  void answer(Connection& connection, std::string_view json);
  void end_late(Clock::time_point now);
  [[nodiscard]] Clock::time_point deadline_of(const Connection& connection) const;
  [[nodiscard]] int wait_ms(Clock::time_point now) const;
  void loop_once(const Handler& handler, int stop, bool& stopping);

  const SocketConfig config_;
  const Timeouts timeouts_;
  EventLog& events_;
  base::FileDescriptor listener_;
  std::shared_ptr<Mailbox> mailbox_;
  std::list<Connection> connections_;
  std::uint64_t next_id_ = 1;
};

}  // namespace tanba::tokens::keyd
