#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

namespace tanba::cli {
namespace {

using base::Code;

// As many as the kernel follows.
constexpr int kMaxLinks = 40;

// The descriptor that a name of the system's stands for. It is used itself: opened anew, a file that the shell appends
// to would be written from its beginning, and one that was removed would come back.
std::optional<int> descriptor_of(std::string_view name) {
  if (name == "/dev/stdout") return STDOUT_FILENO;
  if (name == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!name.starts_with(folder)) continue;
    const std::string_view digits = name.substr(folder.size());
    int number = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size() && number >= 0) return number;
  }
  return std::nullopt;
}

// What stands at the end of symbolic links, also where the last one leads to nothing yet.
base::Result<std::filesystem::path> behind_links(const std::string& name) {
  std::filesystem::path path = name;
  for (int links = 0; links < kMaxLinks; ++links) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) return path;  // no link; whatever else is wrong is said by whoever opens it
    path = path.parent_path() / target;
  }
  return base::file_failure(Code::kFileNotWritable, name, ELOOP);
}

base::Status write_all(int file, base::ByteView octets, const std::string& name) {
  while (!octets.empty()) {
    const ssize_t written = ::write(file, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::file_failure(Code::kFileNotWritable, name, errno);
    octets = octets.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

bool is_standard_output(const std::string& name) {
  return name.empty() || name == "-" || descriptor_of(name) == STDOUT_FILENO;
}

base::Result<OutputFile> OutputFile::open(const std::string& name, unsigned mode) {
  OutputFile out(name, mode);
  if (const auto descriptor = descriptor_of(name)) {
    out.through_ = base::FileDescriptor(::fcntl(*descriptor, F_DUPFD_CLOEXEC, 0));
    if (!out.through_.open()) return base::file_failure(Code::kFileNotWritable, name, errno);
    return out;
  }
  struct stat status{};
  if (::stat(name.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    out.through_ = base::FileDescriptor(::open(name.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!out.through_.open()) return base::file_failure(Code::kFileNotWritable, name, errno);
    return out;
  }
  TANBA_TRY(out.place_, behind_links(name));
  TANBA_CHECK(out.create());
  out.file_.reset();
  return out;
}

base::Status OutputFile::create() {
  auto file = base::DurableFile::create(place_, mode_);
  if (!file) return named(base::fail(file.error()));
  file_.emplace(*std::move(file));
  return {};
}

// A name that nobody gave would be looked for in vain: that of the file beside, or behind links.
base::Status OutputFile::named(base::Status status) const {
  if (status) return status;
  std::vector<base::ErrorArgument> arguments = status.error().arguments();
  for (base::ErrorArgument& argument : arguments) {
    if (argument.name == "file") argument.value = name_;
  }
  return base::fail(status.error().code(), std::move(arguments), status.error().cause());
}

base::Status OutputFile::append(base::ByteView octets) {
  if (through_.open()) return write_all(through_.get(), octets, name_);
  if (!file_) TANBA_CHECK(create());
  return named(file_->append(octets));
}

base::Status OutputFile::commit() {
  if (through_.open()) {
    // Pipes and terminals have nothing to bring to a disk.
    if (::fsync(through_.get()) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS) return {};
    return base::file_failure(Code::kFileNotWritable, name_, errno);
  }
  if (!file_) TANBA_CHECK(create());
  return named(file_->commit(base::Overwrite::kReplace));
}

base::Status write_to_output(base::ByteView octets) {
  const bool whole = std::fwrite(octets.data(), 1, octets.size(), stdout) == octets.size();
  if (std::fflush(stdout) == 0 && whole) return {};
  return base::file_failure(Code::kFileNotWritable, "-", errno);
}

base::Status write_output(const std::string& file, base::ByteView octets, unsigned mode) {
  if (is_standard_output(file)) return write_to_output(octets);
  TANBA_TRY(OutputFile output, OutputFile::open(file, mode));
  TANBA_CHECK(output.append(octets));
  return output.commit();
}

}  // namespace tanba::cli
