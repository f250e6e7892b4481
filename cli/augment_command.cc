#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/report_text.h"

namespace tanba::cli {
namespace {

using base::Code;
namespace evidence = verify::evidence;

base::Result<evidence::Augmented> lift_file(const AugmentOptions& options, const Output& output) {
  // Standard output would hold two things.
  if (output.form == Form::kJson && is_standard_output(options.output)) {
    return base::fail(Code::kInputUsage, {{"reason", "--json needs -o: standard output cannot hold the document too"}});
  }
  TANBA_TRY(const evidence::Level level, evidence::parse_level(options.level));
  TANBA_TRY(base::Bytes document, read_subject(options.file, base::Limits{}.max_document_bytes));
  base::Bytes data;
  if (!options.data.empty()) {
    TANBA_TRY(data, read_subject(options.data, base::Limits{}.max_document_bytes));
  }
  TANBA_TRY(evidence::Augmented lifted,
            lift(options.common, options.time_stamp, level,
                 {.document = std::move(document), .detached = options.data.empty() ? nullptr : &data}));
  if (lifted.document) {
    TANBA_CHECK(write_output(options.output, *lifted.document));
  }
  return lifted;
}

}  // namespace

base::Result<evidence::Augmented> lift(const VerificationOptions& common, const TimeStampOptions& time_stamp,
                                       evidence::Level level, Unlifted unlifted) {
  TANBA_TRY(Prepared prepared, prepare(common, verify::RevocationMode::kRequire));
  TANBA_TRY(auto stamper_settings, stamper_options(time_stamp));
  VerificationOptions shell_options = common;
  shell_options.online = common.online || !time_stamp.urls.empty();
  TANBA_TRY(const Shell shell, Shell::start(shell_options, prepared.input.now));
  std::optional<evidence::TimeStamper> stamper;
  if (shell.fetcher) stamper.emplace(*shell.verifier, *shell.fetcher, std::move(stamper_settings));
  const evidence::AugmentTask task{
      .document = std::make_shared<const base::Bytes>(std::move(unlifted.document)),
      .detached = unlifted.detached != nullptr ? std::make_shared<const base::Bytes>(*unlifted.detached) : nullptr,
      .level = level,
      .input = std::move(prepared.input),
      .evidence = std::move(prepared.evidence),
      .fetching = shell_options.online ? evidence::Fetching::kFetch : evidence::Fetching::kAtHandOnly,
      .deadline = std::chrono::steady_clock::now() + kVerificationTime};
  return evidence::Augmenter(*shell.workers, *shell.verifier, stamper ? &*stamper : nullptr).augment(task);
}

int augment_document(const AugmentOptions& options, const Output& output) {
  const base::Result<evidence::Augmented> lifted = lift_file(options, output);
  if (!lifted) return finish(lifted.error(), output);
  // The document is on standard output: nothing else may be there.
  if (lifted->document && is_standard_output(options.output)) return kExitAccept;
  return finish(lifted->report, output);
}

}  // namespace tanba::cli
