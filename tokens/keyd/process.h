// What the key server does to itself before it sees a PIN, so that neither a core dump, nor a debugger of its own user,
// nor a program that it starts by mistake gets hold of one.
#pragma once

#include "tokens/keyd/event_log.h"

namespace tanba::tokens::keyd {

// First thing in main: closes inherited descriptors but the standard three, umask 077, no core files, not dumpable, no
// new privileges, SIGPIPE and SIGXFSZ ignored (a write that fails is an error value). Ends the program when one of
// those that matter cannot be had.
void harden_process();
// Keeps memory from being swapped out, where the limits allow it without making later allocations fail.
void lock_memory(EventLog& events);

}  // namespace tanba::tokens::keyd
