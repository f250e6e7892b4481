// Where a command writes what it made: a file that is there wholly or not at all, or what stands in a file's place.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/large_file.h"
#include "base/result.h"

namespace tanba::cli {

// No name, "-", and the names that the system has for standard output.
[[nodiscard]] bool is_standard_output(const std::string& name);

// A regular file is written beside its place and renamed into it, behind symbolic links, which stay. A pipe, a terminal
// or another device is written through and stays what it is. Errors: file.not_writable with the name as it was given.
class OutputFile {
 public:
  // Opens what is written through; elsewhere tries whether a file can be made, and leaves nothing behind.
  [[nodiscard]] static base::Result<OutputFile> open(const std::string& name, unsigned mode = 0644);
  // All of it, or an error.
  [[nodiscard]] base::Status append(base::ByteView octets);
  // Nothing is there before, unless it is written through.
  [[nodiscard]] base::Status commit();

 private:
  explicit OutputFile(std::string name, unsigned mode) : name_(std::move(name)), mode_(mode) {}
  [[nodiscard]] base::Status create();
  [[nodiscard]] base::Status named(base::Status status) const;

  std::string name_;
  unsigned mode_;
  std::filesystem::path place_;            // of a regular file
  std::optional<base::DurableFile> file_;  // once something was written
  base::FileDescriptor through_;           // open: written through
};

// file.not_writable, also when a pipe is closed or its disk full.
[[nodiscard]] base::Status write_to_output(base::ByteView octets);
// To standard output for its names, else wholly or not at all.
[[nodiscard]] base::Status write_output(const std::string& file, base::ByteView octets, unsigned mode = 0644);

}  // namespace tanba::cli
