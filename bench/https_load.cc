// Loads an HTTPS server over kept connections and counts the processor time of both sides apart, so that the figures
// hold on a machine that has other work.
//
//     https_load --port N --ca FILE --path PATH [--key-file FILE] [--body FILE] [--expect TEXT]
//                [--connections N] [--warm-up SECONDS] [--seconds SECONDS] [--pid N]
//
// One thread, one request under way on each connection. With a body the method is POST, otherwise GET. Every answer
// must be 200 and hold the expected text: one that does not ends the program. Prints one JSON object.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kReadBytes = 16U << 10;              // a TLS record
constexpr std::chrono::milliseconds kSampleInterval{100};  // of the server's memory
constexpr int kWaitMilliseconds = 5000;                    // no answer on any connection for so long: something hangs

[[noreturn]] void die(const std::string& what) {
  fmt::print(stderr, "https_load: {}\n", what);
  std::exit(1);
}

void must(bool fine, const std::string& what) {
  if (!fine) die(what);
}

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  must(file.is_open(), path + " cannot be opened");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Options {
  std::uint16_t port = 0;
  std::string ca, path, key_file, body, expect, pid;
  std::size_t connections = 16;
  Seconds warm_up{1}, measured{5};
};

Options read_options(int argc, char** argv) {
  std::map<std::string, std::string> given;
  must(argc % 2 == 1, "options come in pairs: --name VALUE");
  for (int i = 1; i < argc; i += 2) given[argv[i]] = argv[i + 1];
  const auto take = [&given](const std::string& name, std::string otherwise = "") {
    const auto found = given.find(name);
    if (found == given.end()) return otherwise;
    std::string value = std::move(found->second);
    given.erase(found);
    return value;
  };
  Options out;
  out.port = static_cast<std::uint16_t>(std::stoul(take("--port", "0")));
  out.ca = take("--ca");
  out.path = take("--path");
  out.key_file = take("--key-file");
  if (const std::string body = take("--body"); !body.empty()) out.body = read_all(body);
  out.expect = take("--expect");
  out.connections = std::stoul(take("--connections", "16"));
  out.warm_up = Seconds(std::stod(take("--warm-up", "1")));
  out.measured = Seconds(std::stod(take("--seconds", "5")));
  out.pid = take("--pid");
  must(given.empty(), given.empty() ? "" : "no such option: " + given.begin()->first);
  must(out.port != 0 && !out.ca.empty() && !out.path.empty() && out.connections > 0,
       "--port, --ca and --path are needed");
  return out;
}

std::string make_request(const Options& options) {
  std::string key;
  if (!options.key_file.empty()) {
    key = read_all(options.key_file);
    key.erase(key.find_last_not_of("\r\n") + 1);
    key = "Authorization: Bearer " + key + "\r\n";
  }
  if (options.body.empty()) return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", options.path, key);
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\n{}Accept-Language: ru\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      options.path, key, options.body.size(), options.body);
}

// --- what it costs ---------------------------------------------------------------------------------------------------

double own_cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// proc(5), /proc/pid/stat: utime and stime are the 14th and 15th field; the name before them may hold anything.
double server_cpu_seconds(const std::string& pid) {
  if (pid.empty()) return 0;
  const std::string stat = read_all("/proc/" + pid + "/stat");
  std::size_t at = stat.rfind(')');
  must(at != std::string::npos, "/proc/PID/stat");
  for (int field = 2; field < 14; ++field) at = stat.find(' ', at + 1);
  char* end = nullptr;
  const auto user = std::strtoull(stat.c_str() + at, &end, 10);
  const auto system = std::strtoull(end, &end, 10);
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t server_resident_bytes(const std::string& pid) {
  if (pid.empty()) return 0;
  const std::string statm = read_all("/proc/" + pid + "/statm");
  return std::strtoull(statm.c_str() + statm.find(' '), nullptr, 10) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// --- one connection --------------------------------------------------------------------------------------------------

struct SslDeleter {
  void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
};

class Connection {
 public:
  Connection(SSL_CTX* context, const Options& options, int epoll) : options_(options), ssl_(::SSL_new(context)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "cannot connect");
    const int yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ::SSL_set_fd(ssl_.get(), socket_);
    must(::SSL_set1_host(ssl_.get(), "localhost") == 1 && ::SSL_connect(ssl_.get()) == 1, "no TLS handshake");
    // From here on it waits in epoll only. What the answer's size is, the header says: a read never asks for more than
    // one answer, as there is one request under way.
    epoll_event event{.events = EPOLLIN, .data = {.ptr = this}};
    must(::epoll_ctl(epoll, EPOLL_CTL_ADD, socket_, &event) == 0, "epoll");
    timeval patience{.tv_sec = 5, .tv_usec = 0};  // for the rest of a record whose beginning is there
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::string& request) {
    sent_at_ = Clock::now();
    in_.clear();
    must(::SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())) == static_cast<int>(request.size()),
         "the request was not taken");
  }

  // True when the answer is whole.
  bool receive() {
    char buffer[kReadBytes];
    do {
      const int got = ::SSL_read(ssl_.get(), buffer, sizeof buffer);
      must(got > 0, "the connection ended");
      in_.append(buffer, static_cast<std::size_t>(got));
    } while (::SSL_pending(ssl_.get()) > 0);
    const std::size_t head = in_.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    return in_.size() >= head + 4 + content_length(head);
  }

  void check_answer() const {
    must(in_.starts_with("HTTP/1.1 200 ") && in_.contains(options_.expect),
         "an answer that is not as expected:\n" + in_);
  }
  [[nodiscard]] Clock::duration waited(Clock::time_point now) const { return now - sent_at_; }
  [[nodiscard]] std::size_t answer_bytes() const { return in_.size(); }

 private:
  [[nodiscard]] std::size_t content_length(std::size_t head) const {
    static constexpr std::string_view kName = "\r\nContent-Length: ";
    const std::size_t at = in_.find(kName);
    must(at < head, "an answer without Content-Length");
    std::size_t length = 0;
    std::from_chars(in_.data() + at + kName.size(), in_.data() + head + 2, length);
    return length;
  }

  const Options& options_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  int socket_ = -1;
  std::string in_;
  Clock::time_point sent_at_{};
};

// --- the load --------------------------------------------------------------------------------------------------------

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), request_(make_request(options)), context_(::SSL_CTX_new(::TLS_client_method())) {
    must(::SSL_CTX_load_verify_file(context_.get(), options.ca.c_str()) == 1, "--ca");
    ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < options.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(context_.get(), options_, epoll_));
    }
  }
  ~Load() { ::close(epoll_); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void run() {
    for (const auto& connection : connections_) connection->send(request_);
    until(Clock::now() + std::chrono::duration_cast<Clock::duration>(options_.warm_up));
    waited_.clear();
    const double own = own_cpu_seconds();
    const double server = server_cpu_seconds(options_.pid);
    const auto begun = Clock::now();
    until(begun + std::chrono::duration_cast<Clock::duration>(options_.measured));
    const Seconds wall = Clock::now() - begun;
    print(wall.count(), own_cpu_seconds() - own, server_cpu_seconds(options_.pid) - server);
  }

 private:
  void until(Clock::time_point end) {
    std::vector<epoll_event> events(connections_.size());
    for (;;) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kWaitMilliseconds);
      must(ready > 0, "no answer comes any more");
      for (int i = 0; i < ready; ++i) {
        auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (!connection.receive()) continue;
        connection.check_answer();
        waited_.push_back(connection.waited(Clock::now()));
        answer_bytes_ = connection.answer_bytes();
        connection.send(request_);
      }
      const auto now = Clock::now();
      if (now >= end) return;
      if (now >= next_sample_) {
        resident_ = std::max(resident_, server_resident_bytes(options_.pid));
        next_sample_ = now + kSampleInterval;
      }
    }
  }

  void print(double wall, double own_cpu, double server_cpu) {
    std::ranges::sort(waited_);
    const auto count = static_cast<double>(waited_.size());
    const auto at = [this](double part) {
      if (waited_.empty()) return 0.0;
      const auto index = static_cast<std::size_t>(part * static_cast<double>(waited_.size() - 1));
      return std::chrono::duration<double, std::milli>(waited_[index]).count();
    };
    fmt::print(
        "{{\"requests\":{},\"seconds\":{:.3f},\"perSecond\":{:.0f},\"serverCpuMicroseconds\":{:.1f},"
        "\"clientCpuMicroseconds\":{:.1f},\"p50Milliseconds\":{:.2f},\"p99Milliseconds\":{:.2f},"
        "\"maxMilliseconds\":{:.2f},\"requestBytes\":{},\"answerBytes\":{},\"residentBytes\":{}}}\n",
        waited_.size(), wall, count / wall, server_cpu / count * 1e6, own_cpu / count * 1e6, at(0.5), at(0.99), at(1),
        request_.size(), answer_bytes_, resident_);
  }

  const Options& options_;
  std::string request_;
  std::unique_ptr<SSL_CTX, SslDeleter> context_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Clock::duration> waited_;
  std::size_t answer_bytes_ = 0;
  std::uint64_t resident_ = 0;
  Clock::time_point next_sample_{};
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a server that closes shows as an answer that does not come
  const Options options = read_options(argc, argv);
  Load(options).run();
  return 0;
}
