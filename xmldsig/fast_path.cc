#include "xmldsig/fast_path.h"

#include <algorithm>
#include <utility>

#include "pki/verify_signature.h"
#include "xmldsig/key_info.h"
#include "xmldsig/soap.h"
#include "xmldsig/xml/one_pass.h"
#include "xmldsig/xml/prefixes.h"

namespace tanba::xmldsig {
namespace {

using xml::OnePassQuery;
using xml::OnePassResult;

// What the last SignedInfo of the text seems to want. A guess: what it really says is compared with it afterwards.
struct Guess {
  std::string_view uri;
  OnePassQuery::Method method = OnePassQuery::Method::kInclusive;
};
[[nodiscard]] std::optional<Guess> guess_from(std::string_view text) {
  const std::size_t end_tag = text.rfind("SignedInfo");
  if (end_tag == std::string_view::npos || end_tag == 0) return {};
  const std::size_t begin = text.rfind("SignedInfo", end_tag - 1);
  if (begin == std::string_view::npos) return {};
  const std::string_view info = text.substr(begin, end_tag - begin);
  const std::size_t reference = info.find("Reference");
  const std::size_t uri = info.find("URI=", reference == std::string_view::npos ? info.size() : reference);
  if (uri == std::string_view::npos || uri + 5 >= info.size()) return {};
  const std::size_t close = info.find(info[uri + 4], uri + 5);
  if (close == std::string_view::npos) return {};
  const std::size_t transforms_end = std::min(info.find("DigestMethod", close), info.size());
  Guess guess{.uri = info.substr(uri + 5, close - uri - 5), .method = OnePassQuery::Method::kInclusive};
  if (info.substr(close, transforms_end - close).find("/xml-exc-c14n#") != std::string_view::npos) {
    guess.method = OnePassQuery::Method::kExclusive;
  }
  return guess;
}

[[nodiscard]] bool is_as_guessed(const Reference& reference, const Guess& guess) {
  const xml::C14n method = xml::without_comments(reference.canonicalisation.method);
  const bool exclusive = guess.method == OnePassQuery::Method::kExclusive;
  return reference.uri == guess.uri && method == (exclusive ? xml::C14n::kExclusive : xml::C14n::kInclusive) &&
         reference.canonicalisation.prefixes.empty() && !reference.is_filtered();
}

// The pass leaves the Signature out: right where the transform says so, or where it does not stand in what is signed.
[[nodiscard]] bool is_left_out_rightly(const Reference& reference, const OnePassResult& pass) {
  return reference.enveloped == Enveloped::kYes || pass.signature->place == OnePassResult::Signature::Place::kOutside;
}

[[nodiscard]] CheckedReferences checked(const Reference& reference, OnePassResult pass, pki::KeepOctets keep_octets) {
  CheckedReferences out;
  out.covers.whole = pass.target != OnePassResult::Target::kPart;
  out.covers.what = out.covers.whole ? "document" : reference.uri + std::string(kNotTheRest);
  if (keep_octets == pki::KeepOctets::kYes) out.signed_octets = std::move(pass.canonical);
  return out;
}

}  // namespace

std::optional<FastPath> take_fast_path(pki::Context& context, base::ByteView xml, const InspectOptions& options,
                                       base::Budget& budget) {
  const std::string_view text = base::as_text(xml);
  // Of a SOAP message other things are covered than of a document (soap.h).
  if (options.forms != Forms::kFlow || text.find(kSoapNamespace) != std::string_view::npos) return {};
  const std::optional<Guess> guess = guess_from(text);
  if (!guess || !(guess->uri.empty() || guess->uri.starts_with('#'))) return {};
  if (!budget.charge_canonicalisation(xml.size())) return {};
  const OnePassQuery query{.id = guess->uri.empty() ? guess->uri : guess->uri.substr(1), .method = guess->method};
  if (!guess->uri.empty() && query.id.empty()) return {};
  auto pass = canonicalise_in_one_pass(xml, query, budget.limits());
  if (!pass || !pass->signature) return {};

  auto alone = xml::Document::parse(base::as_bytes(pass->signature->alone), budget.limits());
  if (!alone) return {};
  const auto signature = alone->root().first_child();
  if (!signature || !signature->is(kSignatureNamespace, "Signature")) return {};
  auto structure = read_structure(*signature, budget.limits(), options.forms);
  if (!structure || !structure->errors.empty() || structure->references.size() != 1) return {};
  const Reference& reference = structure->references.front();
  if (!is_as_guessed(reference, *guess) || !is_left_out_rightly(reference, *pass)) return {};
  // Of other Objects the general way says whether anybody signed them.
  if (!std::ranges::all_of(structure->objects, holds_qualifying_properties_only)) return {};

  // Of names in values the general way says what their prefixes mean.
  if (guess->method == OnePassQuery::Method::kExclusive &&
      base::as_text(pass->canonical).find(xml::kSchemaInstanceNamespace) != std::string_view::npos) {
    return {};
  }
  if (!budget.charge_digest(pass->canonical.size())) return {};
  const auto digest = pki::compute_digest(context, reference.digest, pass->canonical);
  if (!digest || !base::equal(*digest, reference.digest_value)) return {};
  CheckedReferences references = checked(reference, *std::move(pass), options.keep_octets);
  return FastPath{*std::move(alone), *std::move(structure), std::move(references)};
}

}  // namespace tanba::xmldsig
