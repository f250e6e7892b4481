// Files that are not held in memory: read in blocks at any place, and written block by block, wholly or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/file.h"

namespace tanba::base {

// A regular file that is open for reading; its size is that when it was opened. May be used from several threads.
class LargeFile {
 public:
  // file.not_readable, also for what is no regular file (pipes cannot be read twice).
  [[nodiscard]] static Result<std::shared_ptr<const LargeFile>> open(const std::filesystem::path& path);

  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
  // All of `into`, which must lie within the size; file.not_readable when the file has become shorter.
  [[nodiscard]] Status read_at(std::uint64_t offset, std::span<std::uint8_t> into) const;
  // Hands over `bytes` octets from `offset` on, block by block; ends with what `take` says is wrong.
  [[nodiscard]] Status read_blocks(std::uint64_t offset, std::uint64_t bytes,
                                   const std::function<Status(ByteView)>& take) const;

 private:
  LargeFile() = default;
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t size_bytes_ = 0;
};

// Large enough that the calls cost nothing beside a digest, small enough to stay in the processor's cache.
inline constexpr std::size_t kBlockBytes = 256U << 10;

// Writes to a new name beside `path`; the file is there after `commit`, and without it nothing is.
class DurableFile {
 public:
  [[nodiscard]] static Result<DurableFile> create(const std::filesystem::path& path, unsigned mode);
  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&&) = delete;
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;
  ~DurableFile();

  [[nodiscard]] Status append(ByteView bytes);
  // fsyncs, renames, fsyncs the directory. file.exists, file.not_writable.
  [[nodiscard]] Status commit(Overwrite overwrite);

 private:
  DurableFile() = default;
  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty once it is gone
  FileDescriptor file_;
};

}  // namespace tanba::base
