#include "pdf/evidence.h"

#include <algorithm>
#include <utility>

#include "pki/der.h"

namespace tanba::pdf {
namespace {

using base::Code;
using base::Error;

// CRLs, and OCSP responses, one for each certificate of a chain and its signers: as in CMS.
constexpr std::size_t kMaxItems = 256;

class StoreReader {
 public:
  StoreReader(pki::Context& context, Graph& graph, Cost& cost, const base::Limits& limits, pki::DocumentFacts& facts,
              std::vector<Error>& warnings)
      : context_(context), graph_(graph), cost_(cost), limits_(limits), facts_(facts), warnings_(warnings) {}

  base::Status run() {
    QPDFObjectHandle store = graph_.root().getKey("/DSS");
    if (store.isNull()) return {};
    if (!store.isDictionary()) return warn("DSS");
    TANBA_CHECK(read(store, "/Certs", limits_.max_certificates, [this](base::Bytes der) { return certificate(der); }));
    TANBA_CHECK(read(store, "/CRLs", kMaxItems, [this](base::Bytes der) { return keep(facts_.crls, der); }));
    return read(store, "/OCSPs", kMaxItems, [this](base::Bytes der) { return keep(facts_.ocsp_responses, der); });
  }

 private:
  base::Status warn(std::string what) {
    warnings_.emplace_back(Code::kPdfEvidence, std::vector<base::ErrorArgument>{{"what", std::move(what)}});
    return {};
  }

  // Whether it could be used.
  bool certificate(const base::Bytes& der) {
    auto certificate = context_.certificates().get(der);
    if (!certificate) return false;
    add_certificate(facts_, *std::move(certificate));
    return true;
  }
  static bool keep(std::vector<base::Bytes>& list, base::Bytes& der) {
    if (!pki::der::parse_single(der, pki::der::kSequence, "evidence")) return false;
    if (std::ranges::find(list, der) == list.end()) list.push_back(std::move(der));
    return true;
  }

  template <class Use>
  base::Status read(QPDFObjectHandle store, const char* key, std::size_t limit, Use use) {
    QPDFObjectHandle array = store.getKey(key);
    if (array.isNull()) return {};
    if (!array.isArray()) return warn(key);
    const std::vector<QPDFObjectHandle> items = array.getArrayAsVector();
    if (items.size() > limit) return warn(std::string(key) + ": more than " + std::to_string(limit));
    for (std::size_t at = 0; at < items.size(); ++at) {
      auto stream = read_stream(graph_.layout(), number_of(items[at]), cost_);
      if (!stream && base::info(stream.error().code()).effect == base::Effect::kInternal) {
        return base::fail(stream.error());
      }
      if (!stream || !use(std::move(stream->data))) {
        TANBA_CHECK(warn(std::string(key) + "[" + std::to_string(at) + "]"));
      }
    }
    return {};
  }

  pki::Context& context_;
  Graph& graph_;
  Cost& cost_;
  const base::Limits& limits_;
  pki::DocumentFacts& facts_;
  std::vector<Error>& warnings_;
};

}  // namespace

void add_certificate(pki::DocumentFacts& facts, pki::CertificatePtr certificate) {
  const bool known = std::ranges::any_of(
      facts.certificates, [&](const pki::CertificatePtr& other) { return other->digest() == certificate->digest(); });
  if (!known) facts.certificates.push_back(std::move(certificate));
}

base::Status read_security_store(pki::Context& context, Graph& graph, Cost& cost, const base::Limits& limits,
                                 pki::DocumentFacts& facts, std::vector<Error>& warnings) {
  return contained([&] { return StoreReader(context, graph, cost, limits, facts, warnings).run(); });
}

}  // namespace tanba::pdf
