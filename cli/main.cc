// tanba: verifies by the same code as the daemon; signs with a token or PKCS#12; speaks HTTP to the daemon.

#include "cli/app.h"
#include "pki/context.h"

int main(int argc, char** argv) {
  tanba::pki::initialise_process();
  return tanba::cli::run_app(argc, argv);
}
