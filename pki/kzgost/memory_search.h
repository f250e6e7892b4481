// For tests: looks through all memory that is given back for secrets that should have been wiped.
//
// It replaces `operator new` and `delete`, and OpenSSL's memory functions: one file of a test program may include it.
#pragma once

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <vector>

#include "base/bytes.h"

namespace tanba::pki::kzgost::test {

// Counts blocks that held one of the needles when they were given back.
class MemorySearch {
 public:
  // A part of a number from its middle, in either octet order: zeros at its ends are in every block.
  void add_number(base::ByteView number) {
    const auto part = number.subspan(8, 16);
    needles_.emplace_back(part.begin(), part.end());
    needles_.emplace_back(part.rbegin(), part.rend());
  }
  void add(base::ByteView octets) { needles_.push_back(base::to_bytes(octets)); }

  // Whatever `work` gives back is looked through, by any thread: OpenSSL's memory and that of C++. Nettle and GMP take
  // none of their own where secrets are. OpenSSL's is not seen where it refused the hooks, which fails.
  void watch(const std::function<void()>& work);

  [[nodiscard]] bool is_in(const void* memory, std::size_t size) const {
    return std::ranges::any_of(needles_, [&](const base::Bytes& needle) {
      return memmem(memory, size, needle.data(), needle.size()) != nullptr;
    });
  }
  void look_through(void* block) {
    ++blocks_;
    if (is_in(block, malloc_usable_size(block))) ++found_;
  }
  [[nodiscard]] int blocks() const { return blocks_; }
  [[nodiscard]] int found() const { return found_; }

 private:
  std::vector<base::Bytes> needles_;
  std::atomic<int> blocks_ = 0, found_ = 0;
};

namespace memory {

inline std::atomic<MemorySearch*> standing = nullptr;

// Zeroed: what stands in a block was put there by whoever gives it back.
inline void* allocate(std::size_t size) {
  return std::calloc(1, std::max<std::size_t>(size, 1));
}
inline void give_back(void* block) {
  if (block == nullptr) return;
  if (MemorySearch* search = standing.load(); search != nullptr) search->look_through(block);
  std::free(block);
}
inline void* openssl_allocate(std::size_t size, const char*, int) {
  return size == 0 ? nullptr : allocate(size);
}
inline void openssl_give_back(void* block, const char*, int) {
  give_back(block);
}
// Always elsewhere, so that the old place is seen.
inline void* openssl_reallocate(void* block, std::size_t size, const char*, int) {
  void* moved = size == 0 ? nullptr : allocate(size);
  if (moved != nullptr && block != nullptr) std::memcpy(moved, block, std::min(size, malloc_usable_size(block)));
  if (moved != nullptr || size == 0) give_back(block);
  return moved;
}
// Before OpenSSL's first allocation, or it refuses.
inline const bool hooked = CRYPTO_set_mem_functions(openssl_allocate, openssl_reallocate, openssl_give_back) == 1;

}  // namespace memory

inline void MemorySearch::watch(const std::function<void()>& work) {
  ASSERT_TRUE(memory::hooked);
  memory::standing = this;
  work();
  memory::standing = nullptr;
}

}  // namespace tanba::pki::kzgost::test

// All of them, because a sanitizer brings its own for those that are left out.
void* operator new(std::size_t size) {
  void* block = tanba::pki::kzgost::test::memory::allocate(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new[](std::size_t size) {
  return operator new(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return tanba::pki::kzgost::test::memory::allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return tanba::pki::kzgost::test::memory::allocate(size);
}
void operator delete(void* block) noexcept {
  tanba::pki::kzgost::test::memory::give_back(block);
}
void operator delete[](void* block) noexcept {
  tanba::pki::kzgost::test::memory::give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
  tanba::pki::kzgost::test::memory::give_back(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  tanba::pki::kzgost::test::memory::give_back(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  tanba::pki::kzgost::test::memory::give_back(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  tanba::pki::kzgost::test::memory::give_back(block);
}
