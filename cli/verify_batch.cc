#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/report_text.h"
#include "cli/words.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using base::Code;
using verify::Report;

// Documents in memory at one time for each thread: one is judged while the next is read.
constexpr std::size_t kAhead = 2;
constexpr unsigned kMaxThreads = 16;

// The files in order, and what came of each.
class Batch {
 public:
  Batch(const VerifyOptions& options, const Output& output, std::vector<fs::path> files)
      : options_(options), output_(output), files_(std::move(files)), results_(files_.size()) {}

  base::Status run() {
    TANBA_TRY(const Prepared prepared, prepare(options_.common, verify::RevocationMode::kRequire));
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
    TANBA_TRY(const Shell shell, Shell::start(options_.common, prepared.input.now, threads));
    for (std::size_t i = 0; i < files_.size(); ++i) {
      auto document = read_subject(files_[i].string(), base::Limits{}.max_document_bytes);
      wait_for_fewer_than(threads * kAhead);
      begin();
      if (!document) {
        take(i, base::fail(document.error()));
        continue;
      }
      const auto begun = shell.verifier->verify(
          task_for(prepared, *std::move(document)),
          [this, i](verify::evidence::Worker&, base::Result<verify::evidence::Verified> verified) {
            take(i, verified ? base::Result<Report>(std::move(verified->report)) : base::fail(verified.error()));
          });
      if (!begun) take(i, base::fail(begun.error()));
    }
    wait_for_fewer_than(1);
    clear_progress();
    return {};
  }

  int finish() const {
    json::array reports;
    std::string lines;
    std::string details;
    for (std::size_t i = 0; i < files_.size(); ++i) describe(i, reports, lines, details);
    json::object counts;
    for (const auto& [name, count] : counts_of()) counts[name] = count;
    const json::value document = json::object{{"reports", std::move(reports)}, {"counts", std::move(counts)}};
    const int printed = cli::finish(document, lines + details, output_);
    return printed == kExitAccept ? worst() : printed;
  }

 private:
  verify::evidence::Task task_for(const Prepared& prepared, base::Bytes document) const {
    verify::evidence::Task task{
        .subject =
            verify::evidence::DocumentSubject{.document = std::make_shared<const base::Bytes>(std::move(document)),
                                              .detached = nullptr},
        .input = prepared.input,
        .evidence = prepared.evidence,
        .fetching =
            options_.common.online ? verify::evidence::Fetching::kFetch : verify::evidence::Fetching::kAtHandOnly,
        .deadline = std::chrono::steady_clock::now() + kVerificationTime};
    if (!options_.expect_iin.empty()) task.input.expected.iin = options_.expect_iin;
    if (!options_.expect_bin.empty()) task.input.expected.bin = options_.expect_bin;
    return task;
  }

  // Documents that were begun and are not finished.
  void wait_for_fewer_than(std::size_t limit) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return begun_ - done_ < limit; });
  }
  void begin() {
    const std::scoped_lock lock(mutex_);
    ++begun_;
  }

  void take(std::size_t index, base::Result<Report> result) {
    const std::scoped_lock lock(mutex_);
    results_[index] = std::move(result);
    ++done_;
    show_progress();
    room_.notify_all();
  }

  // Only for a person who watches.
  [[nodiscard]] bool shows_progress() const { return files_.size() > 1 && ::isatty(STDERR_FILENO) == 1; }
  void show_progress() const {
    if (shows_progress()) say(fmt::format("\r{} / {}", done_, files_.size()));
  }
  void clear_progress() const {
    if (shows_progress()) say("\r\033[K");
  }

  void describe(std::size_t index, json::array& reports, std::string& lines, std::string& details) const {
    const std::string name = base::escape_for_display(files_[index].string());
    json::object one{{"file", name}};
    const base::Result<Report>& result = *results_[index];
    if (result) {
      one["report"] = to_json(*result, output_.language);
      lines += fmt::format("{}: {}\n", name, verdict_line(*result, output_.language));
      if (result->outcome.decision != verify::Decision::kAccept) {
        details += fmt::format("\n{}\n{}", name, report_text(*result, output_.language));
      }
    } else {
      one["problem"] = problem_json(result.error(), output_.language);
      lines += fmt::format("{}: {} [{}]\n", name, result.error().message(output_.language),
                           base::dotted(result.error().code()));
    }
    reports.push_back(std::move(one));
  }

  [[nodiscard]] int status_of(std::size_t index) const {
    const base::Result<Report>& result = *results_[index];
    return result ? exit_code_of(result->outcome.decision) : kExitFile;
  }

  // A refusal is a verdict; a file that could not be read may hide one; evidence may still come.
  [[nodiscard]] int worst() const {
    for (const int status : {kExitRefuse, kExitFile, kExitRetry}) {
      for (std::size_t i = 0; i < files_.size(); ++i) {
        if (status_of(i) == status) return status;
      }
    }
    return kExitAccept;
  }

  [[nodiscard]] std::vector<std::pair<const char*, std::int64_t>> counts_of() const {
    std::vector<std::pair<const char*, std::int64_t>> counts{
        {"accept", 0}, {"refuse", 0}, {"retry", 0}, {"problem", 0}};
    for (std::size_t i = 0; i < files_.size(); ++i) ++counts[static_cast<std::size_t>(status_of(i))].second;
    return counts;
  }

  const VerifyOptions& options_;
  const Output& output_;
  std::vector<fs::path> files_;
  std::vector<std::optional<base::Result<Report>>> results_;
  std::mutex mutex_;  // over all that follows and results_
  std::condition_variable room_;
  std::size_t begun_ = 0;
  std::size_t done_ = 0;
};

base::Result<std::vector<fs::path>> all_files(const VerifyOptions& options) {
  if (!options.data.empty()) {
    return base::fail(Code::kInputUsage, {{"reason", "--data is the content of one detached signature"}});
  }
  if (!options.capsule.empty()) {
    return base::fail(Code::kInputUsage, {{"reason", "--capsule is of one document"}});
  }
  std::vector<fs::path> all;
  for (const std::string& name : options.files) {
    TANBA_TRY(const std::vector<fs::path> some, files_of(name));
    // Nothing that was checked must not look like something that was accepted.
    if (some.empty()) return base::fail(Code::kFileNotReadable, {{"file", name}, {"reason", "it holds no files"}});
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace

bool is_batch(const VerifyOptions& options) {
  std::error_code error;
  return options.files.size() > 1 || fs::is_directory(options.files.front(), error);
}

int verify_documents(const VerifyOptions& options, const Output& output) {
  auto files = all_files(options);
  if (!files) return finish(files.error(), output);
  Batch batch(options, output, *std::move(files));
  if (const base::Status done = batch.run(); !done) return finish(done.error(), output);
  return batch.finish();
}

}  // namespace tanba::cli
