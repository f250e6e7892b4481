#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

namespace tanba::base {
namespace {

std::string reason_of(int error_number) {
  return std::error_code(error_number, std::generic_category()).message();
}

std::unexpected<Error> file_failure(Code code, const std::filesystem::path& path, int error_number) {
  return fail(code, {{"file", path.string()}, {"reason", reason_of(error_number)}});
}

Status write_all(int fd, ByteView bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_failure(Code::kFileNotWritable, path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

// Unique among the threads of this process and among processes.
std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  std::filesystem::path name = path;
  name += ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1));
  return name;
}

Status write_and_sync(const std::filesystem::path& path, ByteView bytes, unsigned mode) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.open()) return file_failure(Code::kFileNotWritable, path, errno);
  TANBA_CHECK(write_all(file.get(), bytes, path));
  if (::fsync(file.get()) != 0) return file_failure(Code::kFileNotWritable, path, errno);
  return {};
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Bytes> read_file(const std::filesystem::path& path, std::size_t max_size_bytes) {
  const bool standard_input = path == "-";
  const FileDescriptor file(standard_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return file_failure(Code::kFileNotReadable, path, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return file_failure(Code::kFileNotReadable, path, errno);
  if (S_ISDIR(status.st_mode)) return file_failure(Code::kFileNotReadable, path, EISDIR);
  Bytes out;
  // The size is a hint only: pipes have none, and a file may grow while it is read.
  std::size_t room = S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) + 1 : 65536;
  for (std::size_t used = 0;;) {
    if (used > max_size_bytes) {
      return fail(Code::kFileTooLarge, {{"file", path.string()}, {"limit", std::to_string(max_size_bytes)}});
    }
    if (used == out.size()) out.resize(std::min(used + room, max_size_bytes + 1));
    const ssize_t got = ::read(file.get(), out.data() + used, out.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failure(Code::kFileNotReadable, path, errno);
    if (got == 0) {
      out.resize(used);
      return out;
    }
    used += static_cast<std::size_t>(got);
    room = 65536;
  }
}

Status sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor handle(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle.open() || ::fsync(handle.get()) != 0) return file_failure(Code::kFileNotWritable, directory, errno);
  return {};
}

Status write_file_durably(const std::filesystem::path& path, ByteView bytes, Overwrite overwrite, unsigned mode) {
  const std::filesystem::path temporary = temporary_name(path);
  if (Status written = write_and_sync(temporary, bytes, mode); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  // link() refuses an existing name, rename() replaces it: both in one step.
  const int moved = overwrite == Overwrite::kReplace ? ::rename(temporary.c_str(), path.c_str())
                                                     : ::link(temporary.c_str(), path.c_str());
  const int error_number = errno;
  if (moved != 0 || overwrite == Overwrite::kRefuse) ::unlink(temporary.c_str());
  if (moved != 0 && error_number == EEXIST) return fail(Code::kFileExists, {{"file", path.string()}});
  if (moved != 0) return file_failure(Code::kFileNotWritable, path, error_number);
  return sync_directory(path.parent_path());
}

}  // namespace tanba::base
