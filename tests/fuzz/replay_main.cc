// Runs a fuzz target over every file of the folders given: how the ordinary tests replay seeds and found crashes.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

// NOLINTNEXTLINE(readability-redundant-declaration): the target is linked, not included
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// A file given by itself, or every file below a folder, in an order that does not change.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& argument) {
  if (std::filesystem::is_regular_file(argument)) return {argument};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argument)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::vector<std::uint8_t> contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  LLVMFuzzerTestOneInput(nullptr, 0);  // libFuzzer begins with it
  std::size_t replayed = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::exists(argv[i])) {
      std::printf("%s does not exist: a target without seeds tries nothing\n", argv[i]);
      return 1;
    }
    for (const std::filesystem::path& path : files_of(argv[i])) {
      const std::vector<std::uint8_t> octets = contents_of(path);
      LLVMFuzzerTestOneInput(octets.data(), octets.size());
      ++replayed;
    }
  }
  std::printf("replayed %zu inputs\n", replayed);
  return replayed == 0 ? 1 : 0;
}
