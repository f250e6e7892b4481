#include "cli/sign_cms.h"

#include "cli/output_file.h"

#include <charconv>
#include <functional>

#include "cms/add_signer.h"
#include "cms/edit.h"
#include "cms/large_document.h"

namespace tanba::cli {
namespace {

using base::ByteView;
using base::Code;
using base::Result;
using Append = std::function<base::Status(ByteView)>;

// Number of a signature as reports call it: "S2" is 1.
Result<std::size_t> signer_number(const std::string& id, std::size_t signers) {
  if (id.empty() && signers == 1) return 0;
  std::size_t number = 0;
  const char* const end = id.data() + id.size();
  const bool read = id.starts_with('S') && std::from_chars(id.data() + 1, end, number).ptr == end;
  if (read && number >= 1 && number <= signers) return number - 1;
  return base::fail(Code::kInputUsage,
                    {{"reason", id.empty() ? "the document has several signatures: name one, as in --counter-sign S2"
                                           : "--counter-sign names no signature of the document: S1, S2, ..."}});
}

Result<base::Bytes> counter_sign(const SignOptions& options, OpenKey& key, ByteView document, base::Time now) {
  const base::Limits limits;
  TANBA_TRY(const std::size_t last, last_signer(document));
  TANBA_TRY(const std::size_t number, signer_number(*options.counter_sign, last + 1));
  TANBA_TRY(const base::Bytes value, cms::signature_value(document, number, limits));
  TANBA_TRY(cms::ToBeSigned to_be_signed,
            cms::prepare_counter_signature(*key.context, value, key.signer->certificate(),
                                           cms_profile(key, cms::Placement::kDetached, now)));
  TANBA_TRY(const cms::Signed made, sign_prepared(key, std::move(to_be_signed)));
  return cms::add_counter_signature(document, number, made, key.chain, limits);
}

Result<base::Bytes> add_signer(const SignOptions& options, OpenKey& key, ByteView document, base::Time now) {
  const base::Limits limits;
  base::Bytes content;
  std::optional<ByteView> detached;
  if (!options.data.empty()) {
    TANBA_TRY(content, read_subject(options.data, limits.max_document_bytes));
    detached = content;
  }
  TANBA_TRY(cms::ToBeSigned to_be_signed,
            cms::prepare_further(*key.context, document, detached, key.signer->certificate(),
                                 cms_profile(key, cms::Placement::kDetached, now), limits));
  TANBA_TRY(const cms::Signed made, sign_prepared(key, std::move(to_be_signed)));
  return cms::add_signer(document, made, key.chain, limits);
}

Result<cms::Signed> sign_content(OpenKey& key, const std::shared_ptr<const base::LargeFile>& content, base::Time now) {
  const cms::Profile profile = cms_profile(key, cms::Placement::kDetached, now);
  TANBA_TRY(const base::Bytes digest, cms::content_in_file(content).compute(profile.algorithm.digest));
  TANBA_TRY(cms::ToBeSigned to_be_signed, cms::prepare_digest(digest, key.signer->certificate(), profile));
  return sign_prepared(key, std::move(to_be_signed));
}

base::Status write_around(const cms::Frame& frame, const base::LargeFile& content, const Append& append) {
  TANBA_CHECK(append(frame.before));
  TANBA_CHECK(content.read_blocks(0, content.size_bytes(), append));
  return append(frame.after);
}

}  // namespace

std::shared_ptr<const base::LargeFile> large_content(const SignOptions& options) {
  const bool fits = options.format == "cms" && !options.add && !options.counter_sign;
  // A time stamp goes into the finished document, which only a detached one can be held for; evidence also needs the
  // content, to verify.
  return fits && (options.detached || options.time_stamp.urls.empty()) && options.level != "B-LT"
             ? open_large(options.file)
             : nullptr;
}

Result<base::Bytes> sign_large_detached(OpenKey& key, const std::shared_ptr<const base::LargeFile>& content,
                                        base::Time now) {
  TANBA_TRY(const cms::Signed made, sign_content(key, content, now));
  return cms::complete({&made, 1}, key.chain);
}

Result<std::uint64_t> sign_large(const SignOptions& options, OpenKey& key,
                                 const std::shared_ptr<const base::LargeFile>& content, base::Time now) {
  TANBA_TRY(const cms::Signed made, sign_content(key, content, now));
  TANBA_TRY(const cms::Frame frame,
            cms::complete_around(made.to_be_signed, made.signature, content->size_bytes(), key.chain));
  const std::uint64_t size_bytes = frame.before.size() + content->size_bytes() + frame.after.size();
  if (is_standard_output(options.output)) {
    TANBA_CHECK(write_around(frame, *content, &write_to_output));
    return size_bytes;
  }
  TANBA_TRY(OutputFile file, OutputFile::open(options.output));
  TANBA_CHECK(write_around(frame, *content, [&](ByteView octets) { return file.append(octets); }));
  TANBA_CHECK(file.commit());
  return size_bytes;
}

Result<base::Bytes> sign_further(const SignOptions& options, OpenKey& key, ByteView file, base::Time now) {
  TANBA_TRY(const base::Bytes document, unarmour(file, "CMS"));
  return options.counter_sign ? counter_sign(options, key, document, now) : add_signer(options, key, document, now);
}

Result<std::size_t> last_signer(ByteView document) {
  TANBA_TRY(const cms::Edit edit, cms::Edit::open(document, base::Limits{}));
  if (edit.signers() == 0) return base::fail(Code::kCmsNoSigner);
  return edit.signers() - 1;
}

}  // namespace tanba::cli
