// Results go where the caller says, and what is no regular file stays what it is.

#include "cli/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/file.h"

namespace tanba::cli {
namespace {

namespace fs = std::filesystem;

class OutputFiles : public testing::Test {
 public:
  OutputFiles() {
    std::string name = (fs::temp_directory_path() / "tanba-output-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~OutputFiles() override { fs::remove_all(folder_); }
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  static std::string write(const std::string& file) {
    const base::Status done = write_output(file, base::as_bytes("result"));
    return done ? "ok" : done.error().message();
  }
  static std::string read(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_), {}); }

 private:
  fs::path folder_;
};

TEST_F(OutputFiles, APipeIsWrittenThrough) {
  const std::string pipe = path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  // Open for reading too, so that neither end waits for the other.
  const base::FileDescriptor ends(::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(ends.open());
  EXPECT_EQ(write(pipe), "ok");
  std::string got(16, '\0');
  got.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends.get(), got.data(), got.size()))));
  EXPECT_EQ(got, "result");
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFiles, ADeviceStaysOneAndSaysWhatIsWrong) {
  const std::string full = path("full");
  const std::string null = path("null");
  if (::mknod(full.c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0 ||
      ::mknod(null.c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) {
    GTEST_SKIP() << "only root makes devices";
  }
  const base::FileDescriptor opened(::open(null.c_str(), O_WRONLY | O_CLOEXEC));
  if (!opened.open()) GTEST_SKIP() << "no devices on this file system";
  EXPECT_EQ(write(null), "ok");
  EXPECT_NE(write(full).find(full), std::string::npos);
  EXPECT_EQ(write(full).find(full + "."), std::string::npos);
  EXPECT_TRUE(fs::is_character_file(null));
  EXPECT_TRUE(fs::is_character_file(full));
}

TEST_F(OutputFiles, ALinkStaysAndItsTargetIsReplaced) {
  const std::string target = path("target");
  std::ofstream(target) << "old content";
  fs::create_directory(path("links"));
  fs::create_symlink("../target", path("links/near"));
  fs::create_symlink("links/near", path("link"));
  EXPECT_EQ(write(path("link")), "ok");
  EXPECT_EQ(read(target), "result");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_TRUE(fs::is_symlink(path("links/near")));
  fs::create_symlink("not-yet", path("dangling"));
  EXPECT_EQ(write(path("dangling")), "ok");
  EXPECT_EQ(read(path("not-yet")), "result");
  EXPECT_TRUE(fs::is_symlink(path("dangling")));
  fs::create_symlink("loop", path("loop"));
  EXPECT_NE(write(path("loop")), "ok");
}

TEST_F(OutputFiles, ADescriptorIsTheOneThatIsOpen) {
  const std::string log = path("log");
  std::ofstream(log) << "before ";
  const base::FileDescriptor opened(::open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  EXPECT_EQ(write("/dev/fd/" + std::to_string(opened.get())), "ok");
  EXPECT_EQ(read(log), "before result");
  EXPECT_NE(write("/dev/fd/9999"), "ok");
  EXPECT_NE(write("/dev/fd/x"), "ok");
}

TEST_F(OutputFiles, ErrorsNameWhatWasGiven) {
  const std::string nowhere = path("nowhere/file");
  EXPECT_NE(write(nowhere).find(nowhere), std::string::npos);
  EXPECT_EQ(write(nowhere).find(".tmp-"), std::string::npos);
  EXPECT_NE(write(path("")), "ok");  // a folder
  fs::create_symlink("nowhere/file", path("link"));
  EXPECT_NE(write(path("link")).find(path("link")), std::string::npos);
}

TEST_F(OutputFiles, AFileIsThereOnlyWhenItIsWhole) {
  const std::string file = path("file");
  {
    auto output = OutputFile::open(file);
    ASSERT_TRUE(output);
    EXPECT_EQ(files(), 0) << "opening leaves nothing behind, however the program ends";
    EXPECT_TRUE(output->append(base::as_bytes("half")));
    EXPECT_FALSE(fs::exists(file));
  }
  EXPECT_EQ(files(), 0);
  auto output = OutputFile::open(file);
  ASSERT_TRUE(output && output->commit());
  EXPECT_EQ(fs::file_size(file), 0);
}

TEST_F(OutputFiles, StandardOutputHasSeveralNames) {
  for (const char* name : {"", "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
    EXPECT_TRUE(is_standard_output(name));
  for (const char* name : {"--", "/dev/stderr", "/dev/fd/", "/dev/fd/11", "1"}) EXPECT_FALSE(is_standard_output(name));
}

}  // namespace
}  // namespace tanba::cli
