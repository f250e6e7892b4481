// Where the one pass has an answer, the tree and libxml2's canonicalisation have the same, octet for octet.
#include <cstdlib>

#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/one_pass.h"

namespace {

using namespace tanba;
using namespace tanba::xmldsig::xml;

constexpr std::string_view kSignatureNamespace = "http://www.w3.org/2000/09/xmldsig#";

base::Bytes canonical(const Document& document, const Selection& selection, C14n method) {
  base::Budget budget({});
  const auto octets = canonicalise(document, selection, method, {}, budget);
  if (!octets) std::abort();
  return *octets;
}

void compare(base::ByteView text, const OnePassQuery& query, const OnePassResult& result, const base::Limits& limits) {
  const auto document = Document::parse(text, limits);
  if (!document) std::abort();
  const auto signatures = document->find_all(kSignatureNamespace, "Signature");
  if (signatures.size() != (result.signature ? 1U : 0U)) std::abort();
  Selection selection;
  if (!query.id.empty()) {
    selection.apex = document->find_id(query.id);
    if (!selection.apex) std::abort();
    const bool is_root = *selection.apex == document->root();
    if (is_root != (result.target == OnePassResult::Target::kRoot)) std::abort();
  }
  if (result.signature) selection.without.push_back(signatures.front());
  const C14n method = query.method == OnePassQuery::Method::kExclusive ? C14n::kExclusive : C14n::kInclusive;
  if (canonical(*document, selection, method) != result.canonical) std::abort();

  if (!result.signature) return;
  const bool inside = document->contains(selection.apex.value_or(document->root()), signatures.front());
  if (inside != (result.signature->place == OnePassResult::Signature::Place::kInside)) std::abort();
  const auto alone = Document::parse(base::as_bytes(result.signature->alone), {});
  if (!alone || !alone->root().first_child()) std::abort();
  for (const C14n each : {C14n::kInclusive, C14n::kExclusive}) {
    if (canonical(*alone, {alone->root().first_child(), {}, {}}, each) !=
        canonical(*document, {signatures.front(), {}, {}}, each)) {
      std::abort();
    }
  }
}

// The value of the first Id in the text, so that many inputs ask for an element that is there.
std::string_view some_id(std::string_view text) {
  const std::size_t begin = text.find("Id=\"");
  if (begin == std::string_view::npos) return {};
  const std::size_t end = text.find('"', begin + 4);
  return end == std::string_view::npos ? std::string_view{} : text.substr(begin + 4, end - begin - 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView octets(data, size);
  base::Limits limits;
  limits.max_document_bytes = 1U << 16;
  for (const auto method : {OnePassQuery::Method::kInclusive, OnePassQuery::Method::kExclusive}) {
    for (const std::string_view id : {std::string_view{}, some_id(base::as_text(octets))}) {
      const OnePassQuery query{.id = id, .method = method};
      const auto result = canonicalise_in_one_pass(octets, query, limits);
      if (result) compare(octets, query, *result, limits);
    }
  }
  return 0;
}
