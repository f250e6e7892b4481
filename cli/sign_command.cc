#include <boost/json/object.hpp>

#include "base/text.h"
#include "cli/commands.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;

base::Status check_usage(const SignOptions& options, const Output& output) {
  if (options.format == "xml" && options.detached) {
    return base::fail(Code::kInputUsage,
                      {{"reason", "--detached is for --format cms: an XML signature lies in its document"}});
  }
  // Standard output would hold two things.
  if (output.form == Form::kJson && options.output.empty()) {
    return base::fail(Code::kInputUsage,
                      {{"reason", "--json needs -o: standard output cannot hold the signed document too"}});
  }
  return {};
}

json::value summary(const SignOptions& options, const OpenKey& key, std::size_t size_bytes) {
  const pki::Certificate& certificate = *key.signer->certificate();
  return json::object{
      {"output", base::escape_for_display(options.output)},
      {"sizeBytes", size_bytes},
      {"algorithm", to_string(key.signer->algorithms().front())},
      {"certificate", json::object{{"subject", base::escape_for_display(certificate.subject().rfc4514(), 1000)},
                                   {"serial", certificate.serial_hex()},
                                   {"sha256", certificate.digest().hex()}}}};
}

base::Status sign_file(const SignOptions& options, const Output& output, json::value& document) {
  TANBA_CHECK(check_usage(options, output));
  TANBA_TRY(const base::Bytes content, read_subject(options.file, base::Limits{}.max_document_bytes));
  TANBA_TRY(OpenKey key, open_key(options.key));
  const base::Time now = base::SystemClock().now();
  warn_about(*key.signer->certificate(), now, output);
  const auto placement = options.detached ? cms::Placement::kDetached : cms::Placement::kAttached;
  const bool is_xml = options.format == "xml";
  TANBA_TRY(const base::Bytes octets, is_xml ? sign_xml(key, content) : sign_cms(key, content, placement, now));
  document = summary(options, key, octets.size());
  return write_output(options.output, octets);
}

}  // namespace

int sign_document(const SignOptions& options, const Output& output) {
  json::value document;
  const base::Status done = sign_file(options, output, document);
  if (!done) return finish(done.error(), output);
  return output.form == Form::kJson ? finish(document, "", output) : kExitAccept;
}

}  // namespace tanba::cli
