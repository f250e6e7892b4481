// A decision: prepared by the daemon, held against what was asked for, signed here, posted, verified again.
#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "cli/decision.h"
#include "cli/licence.h"
#include "cli/output_file.h"
#include "cli/words.h"
#include "xmldsig/sign.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;

base::Result<AskedDecision> asked_by(const LicenceOptions& options) {
  if (options.grant == options.refuse) return usage("decide --grant or --refuse");
  if (options.refuse && options.reason.empty()) return usage("a refusal is reasoned: give --reason");
  if (options.refuse && !options.valid_until.empty()) return usage("--valid-until is for --grant");
  return AskedDecision{.application = options.number,
                       .verdict = options.grant ? Verdict::kGrant : Verdict::kRefusal,
                       .reason = options.reason,
                       .valid_until = options.valid_until};
}

// What the daemon prepared, as its answer has it.
struct Prepared {
  std::string intent;
  base::Bytes document;
  std::string approval_text;
  std::string key;  // of the key server
  PreparedDecision decision;
};

class Deciding {
 public:
  Deciding(Daemon& daemon, const LicenceOptions& options, AskedDecision asked, const Output& output)
      : daemon_(daemon), options_(options), asked_(std::move(asked)), output_(output) {}

  base::Result<json::object> run() {
    TANBA_CHECK(prepare());
    auto body = sign();
    if (!body) {
      give_up(body.error());
      return std::unexpected(body.error());
    }
    // From here on the daemon may have it: the same intent gives the same answer again.
    const std::string path = "/v1/intents/" + url_encoded(prepared_.intent) + (by_keyd() ? "/approval" : "/signature");
    auto answer = daemon_.post_repeatedly(path, *body);
    if (!answer && !daemon_.problem())
      say(fmt::format("tanba: {} {}\n", word(Word::kIntentOpen, output_.language),
                      base::escape_for_display(prepared_.intent)));
    return answer;
  }
  // What came back is what was prepared, with a signature.
  base::Result<base::Bytes> signed_document(const json::object& answer) const {
    TANBA_TRY(base::Bytes document, base64_member(answer, "document"));
    base::Budget budget{base::Limits{}};
    TANBA_CHECK(xmldsig::check_signed_equals_prepared(prepared_.document, document, budget));
    return document;
  }

 private:
  [[nodiscard]] bool by_keyd() const { return options_.with == "keyd"; }

  base::Status prepare() {
    // First, and by itself: the decision is held against what the applicant signed.
    TANBA_TRY(const base::Bytes application,
              daemon_.get_document("/v1/applications/" + url_encoded(options_.number) + "/document"));
    TANBA_TRY(const auto context, pki::Context::create());
    TANBA_TRY(filed_, read_filed(*context, application));
    json::object body{{"kind", asked_.verdict == Verdict::kGrant ? "grant" : "refusal"}, {"mode", options_.with}};
    if (!asked_.reason.empty()) body["reason"] = asked_.reason;
    if (!asked_.valid_until.empty()) body["validUntil"] = asked_.valid_until;
    TANBA_TRY(const json::object answer,
              daemon_.post("/v1/applications/" + url_encoded(options_.number) + "/decisions", body));
    TANBA_TRY(const json::object intent, object_member(answer, "intent"));
    TANBA_TRY(prepared_.intent, text_member(intent, "id"));
    const base::Status whole = read(answer);
    if (!whole) give_up(whole.error());
    return whole;
  }

  base::Status read(const json::object& answer) {
    TANBA_TRY(prepared_.document, base64_member(answer, "document"));
    TANBA_TRY(prepared_.decision, check_prepared(prepared_.document, asked_, filed_, base::SystemClock().now()));
    if (by_keyd()) {
      TANBA_TRY(prepared_.approval_text, text_member(answer, "approvalText"));
      TANBA_TRY(const json::object intent, object_member(answer, "intent"));
      TANBA_TRY(prepared_.key, text_member(intent, "key"));
    }
    return {};
  }

  // Shown before the PIN or password is asked for: giving it is the officer's consent.
  base::Result<json::object> sign() {
    say(prepared_text(prepared_.decision, asked_, output_.language));
    if (by_keyd()) say(approval_text(prepared_.approval_text, output_.language));
    TANBA_TRY(OpenKey key, open_key(options_.key));
    TANBA_CHECK(check_officer(prepared_.decision, pki::identity_of(*key.signer->certificate())));
    const base::Time now = base::SystemClock().now();
    warn_about(*key.signer->certificate(), now, output_);
    if (by_keyd()) {
      TANBA_CHECK(check_approval_text(*key.context, prepared_.approval_text, prepared_.intent, prepared_.key,
                                      prepared_.document, asked_, prepared_.decision));
      TANBA_TRY(const base::Bytes approval,
                sign_cms(key, base::as_bytes(prepared_.approval_text), cms::Placement::kAttached, now));
      return json::object{{"approval", base::to_base64(approval)}};
    }
    TANBA_TRY(const base::Bytes document, sign_xml(key, prepared_.document));
    return json::object{{"document", base::to_base64(document)}};
  }

  // Nothing was signed: the intent is of no use to anybody. When this fails too, it stays prepared and can be abandoned
  // by hand.
  void give_up(const base::Error& why) {
    const json::object note{{"note", fmt::format("not signed: {}", base::dotted(why.code()))}};
    const auto abandoned = daemon_.post("/v1/intents/" + url_encoded(prepared_.intent) + "/abandon", note);
    if (!abandoned)
      say(fmt::format("tanba: {} {}\n", word(Word::kIntentOpen, output_.language),
                      base::escape_for_display(prepared_.intent)));
    daemon_.forget_problem();
  }

  Daemon& daemon_;
  const LicenceOptions& options_;
  const AskedDecision asked_;
  const Output& output_;
  FiledApplication filed_;
  Prepared prepared_;
};

// Nothing for standard output. What cannot be written is found before there is a decision, not after.
base::Result<std::optional<OutputFile>> open_output(const LicenceOptions& options) {
  if (is_standard_output(options.output)) return std::nullopt;
  TANBA_TRY(OutputFile file, OutputFile::open(options.output));
  return file;
}

base::Result<Printed> deliver(const Deciding& deciding, json::object answer, std::optional<OutputFile>& file,
                              const Output& output) {
  TANBA_TRY(const base::Bytes document, deciding.signed_document(answer));
  std::string text = decision_text(answer, output.language);
  if (file) {
    TANBA_CHECK(file->append(document));
    TANBA_CHECK(file->commit());
    answer.erase("document");
  } else if (output.form == Form::kText) {
    say(text);
    text = base::as_text(document);
  }
  return Printed{std::move(answer), std::move(text)};
}

struct InForce {
  std::string application, number, state;
};

InForce in_force(const json::object& answer, const LicenceOptions& options) {
  return {.application = options.number,
          .number = text_member(answer, "number").value_or("?"),
          .state = options.grant ? "granted" : "refused"};
}

// The decision is there, whatever became of its document here: who does not know it would decide again, or tell the
// applicant that there is none.
void say_in_force(const InForce& decision, const Output& output) {
  say(fmt::format("tanba: {}: {}. {}: tanba licence document {}\n", base::escape_for_display(decision.number),
                  decision.state, word(Word::kInForce, output.language),
                  base::escape_for_display(decision.application)));
}

int finish_undelivered(const base::Error& error, const InForce& decision, const Output& output) {
  say_in_force(decision, output);
  if (output.form == Form::kText) return finish(error, output);
  json::object problem = problem_json(error, output.language).as_object();
  problem["application"] = decision.application;
  problem["number"] = base::escape_for_display(decision.number);
  problem["state"] = decision.state;
  finish(problem, "", output);
  return exit_code_of(error);
}

}  // namespace

int decide(const LicenceOptions& options, const Output& output) {
  const auto asked = asked_by(options);
  if (!asked) return finish(asked.error(), output);
  auto daemon = Daemon::open(options.daemon, Daemon::Credential::kOfficer, output.language);
  if (!daemon) return finish(daemon.error(), output);
  auto file = open_output(options);
  if (!file) return finish(file.error(), output);
  Deciding deciding(**daemon, options, *asked, output);
  const auto answer = deciding.run();
  if (!answer) return finish(base::fail(answer.error()), daemon->get(), output);
  const auto printed = deliver(deciding, *answer, *file, output);
  if (!printed) return finish_undelivered(printed.error(), in_force(*answer, options), output);
  const int status = finish(printed, daemon->get(), output);
  if (status != kExitAccept) say_in_force(in_force(*answer, options), output);
  return status;
}

}  // namespace tanba::cli
