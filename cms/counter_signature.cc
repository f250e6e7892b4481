#include "cms/counter_signature.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "cms/oids.h"
#include "cms/signer.h"

namespace tanba::cms {
namespace {

using base::ByteView;
using pki::CounterSignatureFacts;
using pki::SignatureFacts;
using pki::der::Reader;

// A signature whose counter-signatures are to be looked at.
struct Parent {
  std::string id;
  base::Bytes value;
  ByteView unsigned_attributes;
  std::size_t depth = 0;
};

// The SignerInfos in the countersignature attributes; as far as they can be told apart.
std::vector<ByteView> counter_signatures_in(ByteView unsigned_attributes) {
  std::vector<ByteView> out;
  const auto attributes = parse_attributes(unsigned_attributes);
  if (!attributes.has_value()) return out;  // noted where the document's own signature is looked at
  for (const Attribute& attribute : *attributes) {
    if (!attribute.is(oid::kCountersignature)) continue;
    // 11.4: "a countersignature can appear only as an unsigned attribute" of one or more SignerInfo values.
    for (Reader values(attribute.values); !values.at_end();) {
      const auto value = values.next();
      if (!value.has_value()) break;
      out.push_back(value->whole);
    }
  }
  return out;
}

class CounterSignatures {
 public:
  CounterSignatures(pki::Context& context, base::Budget& budget, std::span<const pki::CertificatePtr> certificates,
                    std::span<const pki::CertificatePtr> at_hand, std::vector<CounterSignatureFacts>& out)
      : context_(context), budget_(budget), certificates_(certificates), at_hand_(at_hand), out_(out) {}

  base::Status run(Parent first) {
    parents_.push_back(std::move(first));
    for (; !parents_.empty(); parents_.pop_front()) TANBA_CHECK(look_at(parents_.front()));
    return {};
  }

 private:
  static base::Status read_timestamps(ByteView unsigned_attributes, SignatureFacts& out) {
    auto attributes = parse_attributes(unsigned_attributes);
    if (!attributes.has_value()) return note(out.errors, std::move(attributes).error());
    for (const Attribute& attribute : *attributes) {
      if (attribute.is(oid::kSignatureTimeStamp)) TANBA_CHECK(collect_timestamps(attribute, out));
    }
    return {};
  }

  base::Status look_at(const Parent& parent) {
    const std::vector<ByteView> found = counter_signatures_in(parent.unsigned_attributes);
    if (found.empty()) return {};
    if (parent.depth == pki::kMaxCounterSignatureDepth) {
      out_.push_back(pki::counter_signatures_not_looked_at(parent.id, "counter-signatures in a row",
                                                           pki::kMaxCounterSignatureDepth));
      return {};
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (out_.size() >= pki::kMaxCounterSignatures) {
        // Said once, whatever is left elsewhere too.
        if (out_.size() == pki::kMaxCounterSignatures) {
          out_.push_back(
              pki::counter_signatures_not_looked_at(parent.id, "counter-signatures", pki::kMaxCounterSignatures));
        }
        return {};
      }
      TANBA_CHECK(inspect_one(parent, found[i], i + 1));
    }
    return {};
  }

  base::Status inspect_one(const Parent& parent, ByteView signer_info, std::size_t number) {
    SignatureFacts facts;
    facts.id = parent.id + ".C" + std::to_string(number);
    // 11.4: "the content being signed is the contents octets of the DER encoding of the signatureValue field".
    Content content(context_, budget_, ByteView(parent.value));
    SignerInspector inspector(context_, budget_, content, nullptr, certificates_, at_hand_);
    TANBA_TRY(const ByteView unsigned_attributes, inspector.inspect(signer_info, facts));
    TANBA_CHECK(read_timestamps(unsigned_attributes, facts));
    Parent next{.id = facts.id,
                .value = std::move(facts.signature_value),
                .unsigned_attributes = unsigned_attributes,
                .depth = parent.depth + 1};
    out_.push_back(pki::counter_signature_from(std::move(facts), parent.id));
    parents_.push_back(std::move(next));
    return {};
  }

  pki::Context& context_;
  base::Budget& budget_;
  std::span<const pki::CertificatePtr> certificates_;
  std::span<const pki::CertificatePtr> at_hand_;
  std::vector<CounterSignatureFacts>& out_;
  std::deque<Parent> parents_;
};

}  // namespace

base::Status inspect_counter_signatures(pki::Context& context, base::Budget& budget, ByteView unsigned_attributes,
                                        SignatureFacts& signature, std::span<const pki::CertificatePtr> certificates,
                                        std::span<const pki::CertificatePtr> at_hand) {
  signature.countersignatures = static_cast<std::uint32_t>(counter_signatures_in(unsigned_attributes).size());
  if (signature.countersignatures == 0) return {};
  return CounterSignatures(context, budget, certificates, at_hand, signature.counter_signatures)
      .run({.id = signature.id,
            .value = signature.signature_value,
            .unsigned_attributes = unsigned_attributes,
            .depth = 0});
}

}  // namespace tanba::cms
