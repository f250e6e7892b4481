#include <boost/json/object.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/sign_cms.h"
#include "cms/tsp/attach.h"
#include "pdf/sign.h"
#include "xmldsig/xades.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;

base::Status check_usage(const SignOptions& options, const Output& output) {
  const bool further = options.add || options.counter_sign.has_value();
  if (further && (options.format != "cms" || options.detached || (options.add && options.counter_sign))) {
    return base::fail(Code::kInputUsage,
                      {{"reason", "--add or --counter-sign are for --format cms, one of them, without --detached"}});
  }
  if (!options.data.empty() && !options.add) {
    return base::fail(Code::kInputUsage, {{"reason", "--data is the content of a detached signature for --add"}});
  }
  if (options.counter_sign && !options.time_stamp.urls.empty()) {
    return base::fail(Code::kInputUsage, {{"reason", "--tsa stamps signatures, not counter-signatures"}});
  }
  if (options.format != "cms" && options.detached) {
    return base::fail(Code::kInputUsage,
                      {{"reason", "--detached is for --format cms: other signatures lie in their document"}});
  }
  const bool stamped = !options.time_stamp.urls.empty();
  if (stamped && options.format != "cms" && options.format != "xades" && options.format != "pdf") {
    return base::fail(Code::kInputUsage, {{"reason", "--tsa is for --format cms, xades and pdf"}});
  }
  if (options.pdf.any() && options.format != "pdf") {
    return base::fail(Code::kInputUsage, {{"reason", "--visible, --field and --certify are for --format pdf"}});
  }
  if (!options.level.empty() && (options.level == "B-B") == stamped) {
    return base::fail(Code::kInputUsage, {{"reason", "--level B-T and B-LT need --tsa, B-B has no time stamp"}});
  }
  // A token that nobody can verify would be found worthless when it is needed.
  if (stamped && options.time_stamp.common.trust.empty()) {
    return base::fail(Code::kInputUsage, {{"reason", "--tsa needs --trust: each time stamp is verified before use"}});
  }
  if (options.valid_for_s > 0 && options.format != "soap") {
    return base::fail(Code::kInputUsage, {{"reason", "--valid-for is for --format soap"}});
  }
  // Standard output would hold two things.
  if (output.form == Form::kJson && is_standard_output(options.output)) {
    return base::fail(Code::kInputUsage,
                      {{"reason", "--json needs -o: standard output cannot hold the signed document too"}});
  }
  return {};
}

// What the time stamp of the signature just made must be over, and the document with the time stamp in it. Of a
// document with several signatures ours is the last one.
base::Result<base::Bytes> octets_to_stamp(const std::string& format, const base::Bytes& document) {
  if (format == "cms") {
    TANBA_TRY(const std::size_t signer, last_signer(document));
    return cms::tsp::octets_to_stamp(document, signer, base::Limits{});
  }
  if (format == "pdf") return pdf::octets_to_stamp(document);
  base::Budget budget{base::Limits{}};
  return xmldsig::timestamp_octets(document, xmldsig::kLastSignature, budget);
}
base::Result<base::Bytes> add_time_stamp(const std::string& format, const base::Bytes& document, base::Bytes token) {
  if (format == "cms") {
    TANBA_TRY(const std::size_t signer, last_signer(document));
    return cms::tsp::add_signature_timestamp(document, signer, token, base::Limits{});
  }
  if (format == "pdf") return pdf::add_signature_timestamp(document, token);
  base::Budget budget{base::Limits{}};
  xmldsig::UnsignedProperties properties;
  properties.timestamp_tokens.push_back(std::move(token));
  return xmldsig::add_unsigned_properties(document, xmldsig::kLastSignature, properties, budget);
}

// CAdES, XAdES and PAdES B-T: the first authority's time stamp that holds goes into the signature just made.
base::Result<base::Bytes> with_time_stamp(const SignOptions& sign_options, const base::Bytes& document) {
  TANBA_TRY(base::Bytes octets, octets_to_stamp(sign_options.format, document));
  TANBA_TRY(base::Bytes token, request_time_stamp(sign_options.time_stamp, std::move(octets)));
  return add_time_stamp(sign_options.format, document, std::move(token));
}

// It covers the signature, its time stamp and the evidence that is there by then.
base::Result<base::Bytes> with_document_time_stamp(const SignOptions& options, const base::Bytes& document) {
  TANBA_TRY(pdf::ToBeStamped prepared, pdf::prepare_timestamp(document));
  TANBA_TRY(const base::Bytes token, request_time_stamp(options.time_stamp, prepared.covered()));
  return pdf::complete_timestamp(std::move(prepared), token);
}

// B-LT: what we would not accept ourselves is not given out.
base::Result<base::Bytes> with_evidence(const SignOptions& options, const base::Bytes& document,
                                        const base::Bytes& content) {
  const base::Bytes* detached = options.detached ? &content : nullptr;
  TANBA_TRY(verify::evidence::Augmented lifted,
            lift(options.time_stamp.common, options.time_stamp, verify::evidence::Level::kBLT,
                 {.document = document, .detached = detached}));
  if (lifted.document) return *std::move(lifted.document);
  return base::fail(verify::all_errors(lifted.report).front().error);
}

json::value summary(const SignOptions& options, const OpenKey& key, std::uint64_t size_bytes) {
  const pki::Certificate& certificate = *key.signer->certificate();
  return json::object{
      {"output", base::escape_for_display(options.output)},
      {"sizeBytes", size_bytes},
      {"algorithm", to_string(key.signer->algorithms().front())},
      {"certificate", json::object{{"subject", base::escape_for_display(certificate.subject().rfc4514(), 1000)},
                                   {"serial", certificate.serial_hex()},
                                   {"sha256", certificate.digest().hex()}}}};
}

base::Result<base::Bytes> sign_in_format(const SignOptions& options, OpenKey& key, const base::Bytes& content,
                                         base::Time now) {
  if (options.format == "xml") return sign_xml(key, content);
  if (options.format == "xades") return sign_xades(key, content, now);
  if (options.format == "soap") {
    std::optional<pki::MessageTimestamp> times;
    if (options.valid_for_s > 0) times = {.created = now, .expires = now + base::Seconds(options.valid_for_s)};
    return sign_soap(key, content, times);
  }
  if (options.format == "pdf") {
    if (options.pdf.time_stamp && options.time_stamp.urls.empty()) {
      return base::fail(Code::kInputUsage, {{"reason", "--document-time-stamp needs --tsa"}});
    }
    TANBA_TRY(pdf::Profile profile, pdf_profile(options.pdf, now));
    return sign_pdf(key, content, std::move(profile));
  }
  if (options.add || options.counter_sign) return sign_further(options, key, content, now);
  return sign_cms(key, content, options.detached ? cms::Placement::kDetached : cms::Placement::kAttached, now);
}

base::Status sign_file(const SignOptions& options, const Output& output, json::value& document) {
  TANBA_CHECK(check_usage(options, output));
  const auto large = large_content(options);
  base::Bytes content;
  if (!large) {
    TANBA_TRY(content, read_subject(options.file, base::Limits{}.max_document_bytes));
  }
  TANBA_TRY(OpenKey key, open_key(options.key));
  const base::Time now = base::SystemClock().now();
  warn_about(*key.signer->certificate(), now, output);
  if (large && !options.detached) {
    TANBA_TRY(const std::uint64_t size_bytes, sign_large(options, key, large, now));
    document = summary(options, key, size_bytes);
    return {};
  }
  TANBA_TRY(base::Bytes octets,
            large ? sign_large_detached(key, large, now) : sign_in_format(options, key, content, now));
  if (options.level == "B-LT") {
    TANBA_TRY(octets, with_evidence(options, octets, content));
  } else if (!options.time_stamp.urls.empty()) {
    TANBA_TRY(octets, with_time_stamp(options, octets));
  }
  if (options.pdf.time_stamp) {
    TANBA_TRY(octets, with_document_time_stamp(options, octets));
  }
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
