#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "base/large_file.h"

namespace tanba::base {

std::string system_reason(int error_number) {
  return std::error_code(error_number, std::generic_category()).message();
}

std::unexpected<Error> file_failure(Code code, const std::filesystem::path& path, int error_number) {
  return fail(code, {{"file", path.string()}, {"reason", system_reason(error_number)}});
}

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
  TANBA_TRY(DurableFile file, DurableFile::create(path, mode));
  TANBA_CHECK(file.append(bytes));
  return file.commit(overwrite);
}

}  // namespace tanba::base
