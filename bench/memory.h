// What one operation takes of memory: how many octets it held at one time beyond what was held before it, and how often
// it asked for some. Everything that the process allocates counts, in C libraries too; other threads do not.
#pragma once

#include <cstdint>

namespace tanba::bench {

// At the beginning of each iteration: what is counted begins anew, so that the last one says what an operation takes
// when caches are filled. Costs a load and a branch outside of the run that counts.
void begin_operation();

struct OperationMemory {
  std::int64_t most_bytes = 0;
  std::int64_t allocations = 0;
};
// Of this thread, between the two calls.
void begin_counting();
[[nodiscard]] OperationMemory end_counting();
// False in builds whose allocator is somebody else's (sanitizers): then all is zero.
[[nodiscard]] bool counts_memory();

}  // namespace tanba::bench
