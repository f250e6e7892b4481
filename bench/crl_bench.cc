// A revocation list of a million entries (or --entries N): read, verified, indexed and asked, by us and by OpenSSL in
// the same run. Each in a process of its own, so that what it took in memory is its own: VmHWM before and after.
#include <fcntl.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/file.h"
#include "bench/authority.h"
#include "ocsp/crl.h"
#include "pki/context.h"
#include "pki/der.h"

namespace tanba::bench {
namespace {

namespace fs = std::filesystem;
namespace der = pki::der;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLookups = 1'000'000;
constexpr std::size_t kSerialBytes = 20;

template <class T>
T must_have(base::Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s %s\n", result.error().message().c_str(), result.error().cause().c_str());
  std::exit(1);
}

// The clock's time and the processor's: the latter says more when the machine has other work.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  [[nodiscard]] double processor_seconds() const { return processor() - processor_start_; }

 private:
  static double processor() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  }
  Clock::time_point start_ = Clock::now();
  double processor_start_ = processor();
};

// Resident memory at its highest, in MiB.
double peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

// The serial of the n-th entry: any order, as authorities draw them at random. Even n are listed, odd ones not.
base::Bytes serial_of(std::uint64_t n) {
  std::mt19937_64 random(n * 0x9E3779B97F4A7C15ULL + 1);
  base::Bytes serial(kSerialBytes);
  for (std::size_t i = 0; i < serial.size(); i += 4) {
    const auto word = static_cast<std::uint32_t>(random());
    std::memcpy(&serial[i], &word, 4);
  }
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x3F) | 0x40);
  return serial;
}

void append(base::Bytes& all, base::ByteView more) {
  all.insert(all.end(), more.begin(), more.end());
}

// A list by hand and its signature by OpenSSL: OpenSSL's own way of making it takes a gigabyte.
base::Bytes make_list(const Identity& issuer, std::size_t entries) {
  const base::Bytes algorithm = *base::from_hex("300d06092a864886f70d01010b0500");
  const base::Bytes time = der::write_time(*base::parse_time("2026-01-01T00:00:00Z"));
  const base::Bytes reason = *base::from_hex("300c300a0603551d1504030a0101");
  base::Bytes list;
  for (std::uint64_t n = 0; n < entries; ++n) {
    append(list, der::write_sequence({der::write(der::kInteger, serial_of(2 * n)), time, reason}));
  }
  const auto certificate = must_have(pki::Certificate::parse(issuer.der()));
  const base::Bytes until = der::write_time(*base::parse_time("2036-01-01T00:00:00Z"));
  const base::Bytes tbs = der::write_sequence(
      {der::write_integer(1), algorithm, certificate->subject().der(), time, until, der::write(der::kSequence, list)});
  const pki::EvpMdCtxPtr context(EVP_MD_CTX_new());
  std::size_t size = 256;
  base::Bytes signature(1 + size);  // BIT STRING without unused bits
  must(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, issuer.key.get()) == 1 &&
           EVP_DigestSign(context.get(), signature.data() + 1, &size, tbs.data(), tbs.size()) == 1,
       "signature");
  return der::write_sequence({tbs, algorithm, der::write(der::kBitString, signature)});
}

struct Measured {
  double load_seconds = 0;
  double load_processor_seconds = 0;
  double load_mib = 0;
  double lookup_nanoseconds = 0;
  double lookup_processor_nanoseconds = 0;
  double all_mib = 0;  // after the look-ups too: a mapped index counts as far as it was touched
};

template <class Find>
void look_up(std::size_t entries, Measured& out, const Find& find) {
  // Serials made before the clock runs: as many listed as not, all over the list.
  std::vector<base::Bytes> serials;
  constexpr std::size_t kDistinct = 10'000;
  for (std::size_t i = 0; i < kDistinct; ++i) serials.push_back(serial_of(i * (2 * entries / kDistinct) + i % 2));
  std::size_t found = 0;
  const Stopwatch watch;
  for (std::size_t i = 0; i < kLookups; ++i) found += find(serials[(i * 7919) % kDistinct]) ? 1U : 0U;
  out.lookup_nanoseconds = watch.seconds() / kLookups * 1e9;
  out.lookup_processor_nanoseconds = watch.processor_seconds() / kLookups * 1e9;
  must(found > kLookups / 4 && found < kLookups, "look-ups: about half are listed");
}

Measured ours(const fs::path& folder, std::size_t entries, bool reopened) {
  auto context = must_have(pki::Context::create());
  const auto issuer = must_have(pki::Certificate::parse(must_have(base::read_file(folder / "issuer.der", 1U << 20))));
  Measured out;
  const double before = peak_mib();
  const Stopwatch watch;
  ocsp::CrlPtr crl;
  if (reopened) {
    crl = must_have(ocsp::Crl::open(folder / "index"));
  } else {
    const base::FileDescriptor file(::open((folder / "list.crl").c_str(), O_RDONLY | O_CLOEXEC));
    ocsp::FileSource source(file.get());
    crl = must_have(ocsp::Crl::read(source, folder / "index"));
  }
  must(crl->verify_signature(*context, issuer->key()).has_value(), "our verification");
  out.load_seconds = watch.seconds();
  out.load_processor_seconds = watch.processor_seconds();
  out.load_mib = peak_mib() - before;
  must(crl->entries() == entries, "our entries");
  look_up(entries, out, [&](const base::Bytes& serial) { return crl->find(serial).has_value(); });
  out.all_mib = peak_mib() - before;
  return out;
}

Measured openssl(const fs::path& folder, std::size_t entries) {
  const base::Bytes octets = must_have(base::read_file(folder / "issuer.der", 1U << 20));
  const unsigned char* at = octets.data();
  const pki::X509Ptr issuer(d2i_X509(nullptr, &at, static_cast<long>(octets.size())));
  Measured out;
  const double before = peak_mib();
  const Stopwatch watch;
  const pki::BioPtr file(BIO_new_file((folder / "list.crl").c_str(), "rb"));
  const std::unique_ptr<X509_CRL, pki::Deleter<X509_CRL_free>> crl(d2i_X509_CRL_bio(file.get(), nullptr));
  must(crl != nullptr && X509_CRL_verify(crl.get(), X509_get0_pubkey(issuer.get())) == 1, "OpenSSL's verification");
  X509_REVOKED* revoked = nullptr;  // get0
  const std::unique_ptr<ASN1_INTEGER, pki::Deleter<ASN1_INTEGER_free>> serial(ASN1_INTEGER_new());
  const auto find = [&](const base::Bytes& wanted) {
    ASN1_STRING_set(serial.get(), wanted.data(), static_cast<int>(wanted.size()));
    return X509_CRL_get0_by_serial(crl.get(), &revoked, serial.get()) == 1;
  };
  static_cast<void>(find(serial_of(0)));  // sorts: what a first look-up needs belongs to loading
  out.load_seconds = watch.seconds();
  out.load_processor_seconds = watch.processor_seconds();
  out.load_mib = peak_mib() - before;
  look_up(entries, out, find);
  out.all_mib = peak_mib() - before;
  return out;
}

int child(const std::string& what, const fs::path& folder, std::size_t entries) {
  const Measured measured =
      what == "openssl" ? openssl(folder, entries) : ours(folder, entries, what == "ours-reopened");
  std::printf(
      "%-14s loaded and verified in %6.3f s (processor %6.3f s), +%6.1f MiB; look-up %6.0f ns (processor %6.0f ns); in "
      "all +%6.1f MiB\n",
      what.c_str(), measured.load_seconds, measured.load_processor_seconds, measured.load_mib,
      measured.lookup_nanoseconds, measured.lookup_processor_nanoseconds, measured.all_mib);
  return 0;
}

int run_child(const char* self, const std::string& what, const fs::path& folder, std::size_t entries) {
  std::fflush(stdout);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string count = std::to_string(entries);
    ::execl(self, self, "--child", what.c_str(), folder.c_str(), count.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  must(pid > 0 && ::waitpid(pid, &status, 0) == pid, "child");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int run(const char* self, std::size_t entries) {
  std::string pattern = (fs::temp_directory_path() / "tanba-crl-bench-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  const Identity issuer = make_identity("ISSUING", nullptr, "critical,CA:TRUE", "critical,keyCertSign,cRLSign");
  const base::Bytes list = make_list(issuer, entries);
  must(base::write_file_durably(folder / "list.crl", list).has_value() &&
           base::write_file_durably(folder / "issuer.der", issuer.der()).has_value(),
       "files");
  std::printf("%zu entries, %.1f MB\n", entries, static_cast<double>(list.size()) / 1e6);
  int failed = 0;
  for (int round = 0; round < 3; ++round) {
    for (const char* what : {"ours", "ours-reopened", "openssl"}) failed |= run_child(self, what, folder, entries);
  }
  fs::remove_all(folder);
  return failed;
}

}  // namespace
}  // namespace tanba::bench

int main(int argc, char** argv) {
  tanba::pki::initialise_process();
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--child" && argc == 5) {
    return tanba::bench::child(argv[2], argv[3], std::strtoull(argv[4], nullptr, 10));
  }
  if (!first.empty() && (first != "--entries" || argc != 3)) {
    std::fprintf(stderr, "usage: crl_bench [--entries N]\n");
    return 64;
  }
  return tanba::bench::run("/proc/self/exe", argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000);
}
