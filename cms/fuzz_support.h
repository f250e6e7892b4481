// For fuzz targets of documents in files.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/large_file.h"

namespace tanba::cms::fuzz {

// A file in memory that holds these octets.
inline std::shared_ptr<const base::LargeFile> file_of(base::ByteView octets) {
  const base::FileDescriptor file(::memfd_create("document", MFD_CLOEXEC));
  if (!file.open() || ::write(file.get(), octets.data(), octets.size()) != static_cast<ssize_t>(octets.size())) {
    std::abort();
  }
  auto opened = base::LargeFile::open("/proc/self/fd/" + std::to_string(file.get()));
  if (!opened) std::abort();
  return *std::move(opened);
}

}  // namespace tanba::cms::fuzz
