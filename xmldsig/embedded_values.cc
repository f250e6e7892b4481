#include "xmldsig/embedded_values.h"

#include <utility>

#include "xmldsig/structure.h"

namespace tanba::xmldsig {

void EmbeddedValues::add(std::span<const xml::Element> values) {
  for (const xml::Element& value : values) {
    if (into_.size() >= kMaxEmbeddedValues) return;
    ++decoded_;
    auto octets = read_base64(value);
    if (octets && known_.insert(base::sha256(*octets)).second) into_.push_back(*std::move(octets));
  }
}

}  // namespace tanba::xmldsig
