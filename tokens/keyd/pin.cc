#include "tokens/keyd/pin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/file.h"
#include "base/text.h"

namespace tanba::tokens::keyd {
namespace {

// PKCS#11 tokens take PINs of up to 255 octets.
constexpr std::size_t kMaxPinBytes = 255;

std::unexpected<base::Error> unusable(std::string_view what, std::string reason) {
  return base::fail(base::Code::kConfigInvalid, {{"key", std::string(what)}, {"reason", std::move(reason)}});
}

base::Result<std::filesystem::path> path_of(const PinSource& source) {
  if (source.origin == PinOrigin::kFile) return std::filesystem::path(source.name);
  if (source.origin == PinOrigin::kPrompt) return unusable("pin", "it is typed");
  // systemd.exec(5), LoadCredential=. NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets it
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return unusable("pin_credential", "$CREDENTIALS_DIRECTORY is not set");
  return std::filesystem::path(folder) / source.name;
}

// systemd guards its credentials itself: an access list, which the mode does not show, lets this user read.
base::Status check_guard(const PinSource& source, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return unusable(source.name, "it is no file");
  if (source.origin == PinOrigin::kCredential) return {};
  if (status.st_uid != ::geteuid()) return unusable(source.name, "it belongs to another user");
  if ((status.st_mode & 077U) != 0) return unusable(source.name, "others than its owner may use it (chmod 600)");
  return {};
}

// Reads into memory that is wiped.
base::Result<base::Secret> read_secret(int fd, std::string_view what) {
  std::array<std::uint8_t, kMaxPinBytes + 3> room{};
  std::size_t used = 0;
  int error_number = 0;
  while (used < room.size()) {
    const ssize_t got = ::read(fd, room.data() + used, room.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error_number = errno;
    if (got <= 0) break;
    used += static_cast<std::size_t>(got);
    // A terminal gives one line at a time.
    if (room[used - 1] == '\n' && ::isatty(fd) != 0) break;
  }
  std::size_t size = used;
  if (size > 0 && room[size - 1] == '\n') --size;
  if (size > 0 && room[size - 1] == '\r') --size;
  base::Secret pin(base::ByteView(room.data(), size));
  base::wipe(room.data(), room.size());
  if (error_number != 0) return unusable(what, base::system_reason(error_number));
  if (pin.empty()) return unusable(what, "it is empty");
  if (pin.size() > kMaxPinBytes) return unusable(what, "it is too long for a PIN");
  return pin;
}

class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    changed_ = ::tcgetattr(fd, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (changed_) ::tcsetattr(fd, TCSAFLUSH, &quiet);
  }
  ~EchoOff() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  const int fd_;
  termios before_{};
  bool changed_ = false;
};

void say(int fd, std::string_view text) {
  // A terminal that does not take it does not give a PIN either.
  [[maybe_unused]] const ssize_t written = ::write(fd, text.data(), text.size());
}

base::Result<base::FileDescriptor> open_guarded(const PinSource& source) {
  TANBA_TRY(const std::filesystem::path path, path_of(source));
  base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.open()) return unusable(source.name, base::system_reason(errno));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return unusable(source.name, base::system_reason(errno));
  TANBA_CHECK(check_guard(source, status));
  return file;
}

}  // namespace

base::Result<base::Secret> read_pin(const PinSource& source) {
  TANBA_TRY(const base::FileDescriptor file, open_guarded(source));
  return read_secret(file.get(), source.name);
}

base::Status check_pin_source(const PinSource& source) {
  if (source.origin == PinOrigin::kPrompt) return {};
  const base::Result<base::Secret> pin = read_pin(source);
  if (!pin) return std::unexpected(pin.error());
  return {};
}

base::Result<base::Secret> prompt_pin(std::string_view token) {
  const base::FileDescriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.open()) return base::fail(base::Code::kInputPassword, "there is no terminal to ask on");
  say(terminal.get(), "PIN of the token " + base::escape_for_display(token) + ": ");
  base::Result<base::Secret> pin = [&] {
    const EchoOff quiet(terminal.get());
    return read_secret(terminal.get(), "pin");
  }();
  say(terminal.get(), "\n");
  if (!pin) return base::fail(base::Code::kInputPassword, pin.error().message());
  return pin;
}

}  // namespace tanba::tokens::keyd
