// Any octets as an index of a list: refused, or one that can be asked. What is written by us opens again.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "ocsp/crl_state.h"

namespace {

using namespace tanba;

base::FileDescriptor file_of(base::ByteView octets) {
  base::FileDescriptor file(::memfd_create("index", MFD_CLOEXEC));
  if (!file.open() || !ocsp::write_all(file.get(), octets)) std::abort();
  return file;
}

void ask(base::ByteView octets) {
  const base::FileDescriptor file = file_of(octets);
  ocsp::CrlState state;
  if (!ocsp::load_index(file.get(), state)) return;
  std::size_t listed = 0;
  state.index.visit([&](base::ByteView serial, const ocsp::RevokedEntry&) {
    if (!state.index.find({.issuer = 0, .serial = serial})) std::abort();
    return ++listed < 100 ? ocsp::Crl::Visit::kNext : ocsp::Crl::Visit::kEnough;
  });
}

// The octets between header and checksum as a fuzzer gives them, with a header and a checksum that fit: past the gate.
void ask_with_checksum(base::ByteView octets) {
  if (octets.size() < 64 + 32) return;
  base::Bytes file = base::to_bytes(octets);
  const base::ByteView view(file);
  base::Sha256 digest;
  digest.update(view.subspan(64, file.size() - 64 - 32));
  digest.update(view.first(64));
  const base::Digest checksum = digest.finish();
  std::copy(checksum.octets.begin(), checksum.octets.end(), file.end() - 32);
  ask(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ask({data, size});
  ask_with_checksum({data, size});
  return 0;
}
