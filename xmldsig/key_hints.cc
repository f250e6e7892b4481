#include "xmldsig/key_hints.h"

#include <algorithm>
#include <utility>

#include "pki/der.h"
#include "pki/verify_signature.h"
#include "pki/xml_signed_info.h"

namespace tanba::xmldsig {
namespace {

namespace der = pki::der;
using base::Bytes;
using xml::Element;

constexpr std::string_view kSignature11Namespace = "http://www.w3.org/2009/xmldsig11#";

// One of the elements of a key as the number it is: base64 of big-endian octets (XML-DSig 4.5.2.1's CryptoBinary).
[[nodiscard]] std::optional<Bytes> read_number(Element key, std::string_view name) {
  const auto child = xml::only_child(key, kSignatureNamespace, name);
  if (!child) return std::nullopt;
  auto octets = read_base64(*child);
  if (!octets || octets->empty()) return std::nullopt;
  return *std::move(octets);
}

[[nodiscard]] Bytes spki(base::ByteView algorithm, base::ByteView key) {
  Bytes bits{0};  // no unused bits
  bits.insert(bits.end(), key.begin(), key.end());
  return der::write_sequence({algorithm, der::write(der::kBitString, bits)});
}

// RFC 3279 2.3.1.
[[nodiscard]] std::optional<Bytes> rsa_spki(Element key) {
  const auto modulus = read_number(key, "Modulus");
  const auto exponent = read_number(key, "Exponent");
  if (!modulus || !exponent) return std::nullopt;
  const Bytes algorithm = der::write_sequence({pki::Oid::literal("1.2.840.113549.1.1.1").der(), der::write_null()});
  return spki(algorithm, der::write_sequence({der::write_unsigned(*modulus), der::write_unsigned(*exponent)}));
}

// RFC 3279 2.3.2. Without its parameters the key is not known.
[[nodiscard]] std::optional<Bytes> dsa_spki(Element key) {
  const auto p = read_number(key, "P");
  const auto q = read_number(key, "Q");
  const auto g = read_number(key, "G");
  const auto y = read_number(key, "Y");
  if (!p || !q || !g || !y) return std::nullopt;
  const Bytes parameters =
      der::write_sequence({der::write_unsigned(*p), der::write_unsigned(*q), der::write_unsigned(*g)});
  return spki(der::write_sequence({pki::Oid::literal("1.2.840.10040.4.1").der(), parameters}), der::write_unsigned(*y));
}

// XML-DSig 1.1 4.5.2.3: NamedCurve by its URN, the point as in SEC 1.
[[nodiscard]] std::optional<Bytes> ec_spki(Element key) {
  constexpr std::string_view kUrn = "urn:oid:";
  const auto curve = xml::only_child(key, kSignature11Namespace, "NamedCurve");
  const auto point = xml::only_child(key, kSignature11Namespace, "PublicKey");
  if (!curve || !point) return std::nullopt;
  const std::string uri = curve->attribute("URI").value_or("");
  if (!uri.starts_with(kUrn)) return std::nullopt;
  const auto oid = pki::Oid::from_dotted(std::string_view(uri).substr(kUrn.size()));
  const auto octets = read_base64(*point);
  if (!oid || !octets) return std::nullopt;
  return spki(der::write_sequence({pki::Oid::literal("1.2.840.10045.2.1").der(), oid->der()}), *octets);
}

// Decimal digits to big-endian octets without leading zeros.
[[nodiscard]] std::optional<Bytes> read_serial(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  constexpr std::size_t kMaxDigits = 80;  // RFC 5280 4.1.2.2: at most 20 octets, which are 49 digits
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text = text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  Bytes little_endian;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (std::uint8_t& octet : little_endian) {
      carry += octet * 10U;
      octet = static_cast<std::uint8_t>(carry & 0xFF);
      carry >>= 8;
    }
    if (carry != 0) little_endian.push_back(static_cast<std::uint8_t>(carry));
  }
  return Bytes(little_endian.rbegin(), little_endian.rend());
}

class HintsReader {
 public:
  [[nodiscard]] KeyHints read(Element key_info) {
    for (auto child = key_info.first_child(); child; child = child->next_sibling()) {
      if (child->is(kSignatureNamespace, "KeyValue")) add(out_.keys, read_key_value(*child));
      if (child->is(kSignature11Namespace, "DEREncodedKeyValue")) add(out_.keys, octets_of(*child));
      if (child->is(kSignatureNamespace, "X509Data")) read_x509_data(*child);
      if (child->is(kSignatureNamespace, "RetrievalMethod")) out_.unreadable = true;
    }
    return std::move(out_);
  }

 private:
  void add(std::vector<Bytes>& into, std::optional<Bytes> octets) {
    if (octets) {
      into.push_back(*std::move(octets));
    } else {
      out_.unreadable = true;
    }
  }

  [[nodiscard]] static std::optional<Bytes> octets_of(Element element) {
    auto octets = read_base64(element);
    if (!octets) return std::nullopt;
    return *std::move(octets);
  }

  [[nodiscard]] static std::optional<Bytes> read_key_value(Element value) {
    const auto key = value.first_child();
    if (!key || key->next_sibling()) return std::nullopt;
    if (key->is(kSignatureNamespace, "RSAKeyValue")) return rsa_spki(*key);
    if (key->is(kSignatureNamespace, "DSAKeyValue")) return dsa_spki(*key);
    if (key->is(kSignature11Namespace, "ECKeyValue")) return ec_spki(*key);
    return std::nullopt;
  }

  void read_x509_data(Element data) {
    for (auto child = data.first_child(); child; child = child->next_sibling()) {
      if (child->is(kSignatureNamespace, "X509SKI")) add(out_.key_identifiers, octets_of(*child));
      if (child->is(kSignatureNamespace, "X509IssuerSerial")) {
        const auto serial = xml::child_text(*child, kSignatureNamespace, "X509SerialNumber");
        add(out_.serials, serial ? read_serial(*serial) : std::nullopt);
      }
      if (child->is(kSignature11Namespace, "X509Digest")) read_digest(*child);
    }
  }

  void read_digest(Element element) {
    const auto algorithm = pki::digest_from_xml(element.attribute("Algorithm").value_or(""));
    auto value = read_base64(element);
    if (algorithm && value) {
      out_.digests.push_back({*algorithm, *std::move(value)});
    } else {
      out_.unreadable = true;
    }
  }

  KeyHints out_;
};

[[nodiscard]] base::ByteView without_zeros(base::ByteView number) {
  while (!number.empty() && number.front() == 0) number = number.subspan(1);
  return number;
}

}  // namespace

KeyHints read_key_hints(std::optional<Element> key_info) {
  return key_info ? HintsReader().read(*key_info) : KeyHints{};
}

base::Result<bool> fits(pki::Context& context, const pki::Certificate& certificate, const KeyHints& hints) {
  const auto among = [](const std::vector<Bytes>& wanted, base::ByteView found) {
    return wanted.empty() || std::ranges::any_of(wanted, [&](const Bytes& one) { return base::equal(one, found); });
  };
  if (hints.unreadable) return false;
  if (!among(hints.keys, certificate.key().spki) || !among(hints.serials, without_zeros(certificate.serial())))
    return false;
  const base::ByteView key_identifier =
      certificate.subject_key_id() ? base::ByteView(*certificate.subject_key_id()) : base::ByteView{};
  if (!among(hints.key_identifiers, key_identifier)) return false;
  bool named = hints.digests.empty();
  for (const auto& [algorithm, value] : hints.digests) {
    TANBA_TRY(const Bytes digest, pki::compute_digest(context, algorithm, certificate.der()));
    named = named || base::equal(digest, value);
  }
  return named;
}

}  // namespace tanba::xmldsig
