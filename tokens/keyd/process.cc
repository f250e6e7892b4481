#include "tokens/keyd/process.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace tanba::tokens::keyd {
namespace {

// PKCS#11 modules (PC/SC clients) read nothing of what a caller left open; a leaked descriptor could be a way in.
constexpr unsigned kFirstInherited = 3;

void require(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  std::_Exit(EXIT_FAILURE);
}

}  // namespace

void harden_process() {
  require(::close_range(kFirstInherited, ~0U, 0) == 0 || errno == ENOSYS, "close_range");
  ::umask(077);
  constexpr rlimit kNone{0, 0};
  require(::setrlimit(RLIMIT_CORE, &kNone) == 0, "RLIMIT_CORE");
  require(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "PR_SET_DUMPABLE");
  require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
  require(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR, "SIGPIPE");
  require(std::signal(SIGXFSZ, SIG_IGN) != SIG_ERR, "SIGXFSZ");
}

void lock_memory(EventLog& events) {
  rlimit limit{};
  const bool unlimited = ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
  // With a limit, MCL_FUTURE would make allocations fail later on, at any place. MCL_ONFAULT: stacks of threads are not
  // filled for nothing.
  if (unlimited && ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) return;
  events.write(Level::kInfo, "process.memory_not_locked",
               {{"hint", "LimitMEMLOCK=infinity keeps PINs out of swap; without swap nothing is needed"}});
}

}  // namespace tanba::tokens::keyd
