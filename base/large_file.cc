#include "base/large_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace tanba::base {
namespace {

// Unique among the threads of this process and among processes.
std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  std::filesystem::path name = path;
  name += ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1));
  return name;
}

}  // namespace

// --- reading ---------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<const LargeFile>> LargeFile::open(const std::filesystem::path& path) {
  std::shared_ptr<LargeFile> out(new LargeFile);
  out->path_ = path;
  // A pipe without a writer would wait for ever where only its kind is asked.
  out->file_ = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!out->file_.open() || ::fstat(out->file_.get(), &status) != 0) {
    return file_failure(Code::kFileNotReadable, path, errno);
  }
  if (S_ISDIR(status.st_mode)) return file_failure(Code::kFileNotReadable, path, EISDIR);
  if (!S_ISREG(status.st_mode)) return file_failure(Code::kFileNotReadable, path, ESPIPE);
  out->size_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return out;
}

Status LargeFile::read_at(std::uint64_t offset, std::span<std::uint8_t> into) const {
  while (!into.empty()) {
    const ssize_t got = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failure(Code::kFileNotReadable, path_, errno);
    if (got == 0) return file_failure(Code::kFileNotReadable, path_, ENODATA);
    offset += static_cast<std::uint64_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Status LargeFile::read_blocks(std::uint64_t offset, std::uint64_t bytes,
                              const std::function<Status(ByteView)>& take) const {
  Bytes block(std::min<std::uint64_t>(bytes, kBlockBytes));
  while (bytes != 0) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, block.size()));
    TANBA_CHECK(read_at(offset, std::span(block).first(count)));
    TANBA_CHECK(take(ByteView(block).first(count)));
    offset += count;
    bytes -= count;
  }
  return {};
}

// --- writing ---------------------------------------------------------------------------------------------------------

Result<DurableFile> DurableFile::create(const std::filesystem::path& path, unsigned mode) {
  DurableFile out;
  out.path_ = path;
  std::filesystem::path temporary = temporary_name(path);
  out.file_ = FileDescriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!out.file_.open()) return file_failure(Code::kFileNotWritable, temporary, errno);
  out.temporary_ = std::move(temporary);
  return out;
}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})), file_(std::move(other.file_)) {}

DurableFile::~DurableFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status DurableFile::append(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_failure(Code::kFileNotWritable, temporary_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status DurableFile::commit(Overwrite overwrite) {
  if (::fsync(file_.get()) != 0) return file_failure(Code::kFileNotWritable, temporary_, errno);
  // link() refuses an existing name, rename() replaces it: both in one step.
  const int moved = overwrite == Overwrite::kReplace ? ::rename(temporary_.c_str(), path_.c_str())
                                                     : ::link(temporary_.c_str(), path_.c_str());
  const int error_number = errno;
  if (moved == 0) {
    if (overwrite == Overwrite::kRefuse) ::unlink(temporary_.c_str());
    temporary_.clear();
  }
  if (moved != 0 && error_number == EEXIST) return fail(Code::kFileExists, {{"file", path_.string()}});
  if (moved != 0) return file_failure(Code::kFileNotWritable, path_, error_number);
  return sync_directory(path_.parent_path());
}

}  // namespace tanba::base
