// Any octets as a certificate, a file of certificates, a name, a key, an algorithm and BER: whatever is read can be
// shown.
#include <cstdlib>

#include "pki/certificate.h"
#include "pki/der.h"
#include "pki/identity.h"

namespace {

using namespace tanba;

void show(const pki::Certificate& certificate) {
  const pki::Identity identity = pki::identity_of(certificate);
  for (const pki::Oid& role : identity.roles) {
    if (pki::role_name(role).empty()) std::abort();
  }
  if (certificate.label().empty() || certificate.serial_hex().empty()) std::abort();
  (void)certificate.issuer().rfc4514();
  (void)pki::is_signing_key(certificate);
  (void)pki::signature_algorithm_from(certificate.signature_algorithm());
  // A name that was read reads the same again.
  const auto again = pki::Name::parse(certificate.subject().der());
  if (!again || *again != certificate.subject()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView octets(data, size);
  if (const auto certificate = pki::Certificate::parse(octets)) show(**certificate);
  (void)pki::parse_certificates(octets);
  (void)pki::parse_public_key_info(octets);
  if (const auto identifier = pki::parse_algorithm_identifier(octets)) (void)pki::signature_algorithm_from(*identifier);
  if (const auto oid = pki::Oid::parse(octets)) {
    if (pki::Oid::literal(oid->dotted()) != *oid) std::abort();
  }
  if (const auto der = pki::der::from_ber(octets)) {
    // What was made DER is DER: making it again changes nothing.
    base::Bytes storage;
    const auto again = pki::der::normalise(*der, storage);
    if (!again || again->data() != der->data()) std::abort();
  }
  return 0;
}
