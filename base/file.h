// Files: bounded reading, and writing that either happened wholly and durably or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tanba::base {

// Reads a whole file (or standard input for "-"). Larger than the limit: file.too_large, nothing kept.
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& path, std::size_t max_size_bytes);

enum class Overwrite { kReplace, kRefuse };
// Writes to a new name beside it, fsyncs, renames, fsyncs the directory. A full disk leaves the old file in place.
[[nodiscard]] Status write_file_durably(const std::filesystem::path& path, ByteView bytes,
                                        Overwrite overwrite = Overwrite::kReplace, unsigned mode = 0644);
[[nodiscard]] Status sync_directory(const std::filesystem::path& directory);

// What errno says, in the system's words.
[[nodiscard]] std::string system_reason(int error_number);
// `code` with the file's name and the system's reason, as all file.* codes want them.
[[nodiscard]] std::unexpected<Error> file_failure(Code code, const std::filesystem::path& path, int error_number);

// Owns a descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace tanba::base
