// Where the octets of a list come from: memory, an open file, or whatever else can be read once from front to back.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace tanba::ocsp {

class ByteSource {
 public:
  ByteSource() = default;
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  // Fills `into` from the front with as much as there is at once; 0 at the end and never before it.
  [[nodiscard]] virtual base::Result<std::size_t> read(std::span<std::uint8_t> into) = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(base::ByteView octets) : rest_(octets) {}
  [[nodiscard]] base::Result<std::size_t> read(std::span<std::uint8_t> into) override;

 private:
  base::ByteView rest_;
};

// Reads on from where the descriptor stands; the descriptor stays the caller's. crl.index when reading fails.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(int fd) : fd_(fd) {}
  [[nodiscard]] base::Result<std::size_t> read(std::span<std::uint8_t> into) override;

 private:
  int fd_;
};

}  // namespace tanba::ocsp
