#include "bench/memory.h"

#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace tanba::bench {
namespace {

// Plain numbers: nothing here may allocate, or be made when a thread first looks at it.
constinit thread_local bool counting = false;
constinit thread_local std::int64_t held = 0;
constinit thread_local OperationMemory operation{};

[[maybe_unused]] void note_taken(void* memory) {
  if (!counting || memory == nullptr) return;
  held += static_cast<std::int64_t>(::malloc_usable_size(memory));
  operation.most_bytes = std::max(operation.most_bytes, held);
  ++operation.allocations;
}

[[maybe_unused]] void note_given_back(void* memory) {
  if (counting && memory != nullptr) held -= static_cast<std::int64_t>(::malloc_usable_size(memory));
}

}  // namespace

void begin_operation() {
  if (!counting) return;
  held = 0;
  operation = {};
}

void begin_counting() {
  counting = true;
  begin_operation();
}

OperationMemory end_counting() {
  counting = false;
  return operation;
}

bool counts_memory() {
#ifdef TANBA_COUNT_MEMORY
  return true;
#else
  return false;
#endif
}

}  // namespace tanba::bench

#ifdef TANBA_COUNT_MEMORY

// glibc's allocator under the names that it gives to those who put something before it ("Replacing malloc" in its
// manual): defined in the program, these serve every library of the process.
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);

void* malloc(std::size_t size) noexcept {
  void* memory = __libc_malloc(size);
  tanba::bench::note_taken(memory);
  return memory;
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  void* memory = __libc_calloc(count, size);
  tanba::bench::note_taken(memory);
  return memory;
}
void* realloc(void* before, std::size_t size) noexcept {
  tanba::bench::note_given_back(before);
  void* memory = __libc_realloc(before, size);
  tanba::bench::note_taken(memory);
  return memory;
}
void free(void* memory) noexcept {
  tanba::bench::note_given_back(memory);
  __libc_free(memory);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  void* memory = __libc_memalign(alignment, size);
  tanba::bench::note_taken(memory);
  return memory;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
  void* memory = memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *out = memory;
  return 0;
}

}  // extern "C"

#endif
