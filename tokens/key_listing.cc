#include "tokens/key_listing.h"

#include <algorithm>

#include "pki/der.h"

namespace tanba::tokens {
namespace {

namespace der = pki::der;

const pki::Oid kRsaEncryption = pki::Oid::literal("1.2.840.113549.1.1.1");  // RFC 8017 A.1
const pki::Oid kEcPublicKey = pki::Oid::literal("1.2.840.10045.2.1");       // RFC 5480 2.1.1

base::Bytes write_spki(const pki::Oid& algorithm, base::ByteView parameters, base::ByteView key) {
  base::Bytes bits{0};  // no unused bits
  bits.insert(bits.end(), key.begin(), key.end());
  return der::write_sequence({der::write_sequence({algorithm.der(), parameters}), der::write(der::kBitString, bits)});
}

class Listing {
 public:
  Listing(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, const TokenInfo& token)
      : functions_(functions), session_(session), token_(token) {}

  base::Result<TokenContents> run() {
    TANBA_CHECK(read_keys(CKO_PRIVATE_KEY));
    TANBA_CHECK(read_keys(CKO_PUBLIC_KEY));
    TANBA_CHECK(read_certificates());
    for (const Found& certificate : certificates_) give_to_key(certificate);
    for (KeyEntry& key : out_.keys) finish(key);
    return std::move(out_);
  }

 private:
  struct Found {
    std::string label;
    base::Bytes id;
    pki::CertificatePtr certificate;
  };

  base::Status read_keys(CK_OBJECT_CLASS object_class) {
    TANBA_TRY(const std::vector<CK_OBJECT_HANDLE> objects,
              find_objects(functions_, session_, AttributeTemplate().add_number(CKA_CLASS, object_class)));
    for (const CK_OBJECT_HANDLE object : objects) {
      KeyEntry key;
      TANBA_CHECK(read_names(object, key.label, key.id));
      TANBA_TRY(key.key, public_key_of(functions_, session_, object));
      key.has_public_key = object_class == CKO_PUBLIC_KEY;
      if (object_class == CKO_PRIVATE_KEY) TANBA_CHECK(read_private_flags(object, key));
      add_or_merge(std::move(key));
    }
    return {};
  }

  base::Status read_names(CK_OBJECT_HANDLE object, std::string& label, base::Bytes& id) {
    TANBA_TRY(const std::optional<base::Bytes> text, read_attribute(functions_, session_, object, CKA_LABEL));
    TANBA_TRY(std::optional<base::Bytes> octets, read_attribute(functions_, session_, object, CKA_ID));
    if (text) label = base::as_text(*text);
    if (octets) id = *std::move(octets);
    return {};
  }

  base::Status read_private_flags(CK_OBJECT_HANDLE object, KeyEntry& key) {
    const auto flag = [&](CK_ATTRIBUTE_TYPE type) { return read_flag(functions_, session_, object, type); };
    TANBA_TRY(const std::optional<bool> signs, flag(CKA_SIGN));
    TANBA_TRY(const std::optional<bool> sensitive, flag(CKA_SENSITIVE));
    TANBA_TRY(const std::optional<bool> extractable, flag(CKA_EXTRACTABLE));
    TANBA_TRY(const std::optional<bool> always_authenticate, flag(CKA_ALWAYS_AUTHENTICATE));
    key.has_private_key = true;
    key.signs = signs.value_or(false);
    key.sensitive = sensitive.value_or(false);
    key.extractable = extractable.value_or(true);  // not said: the worse is assumed
    key.always_authenticate = always_authenticate.value_or(false);
    return {};
  }

  // The halves of a pair have one CKA_ID; where both show the key it must be the same one.
  void add_or_merge(KeyEntry key) {
    const auto same = std::ranges::find_if(out_.keys, [&](const KeyEntry& known) {
      const bool both_shown = known.key.kind != pki::KeyKind::kUnknown && key.key.kind != pki::KeyKind::kUnknown;
      return both_shown ? known.key.digest == key.key.digest && known.id == key.id
                        : !key.id.empty() && known.id == key.id;
    });
    if (same == out_.keys.end() || key.has_private_key) {
      out_.keys.push_back(std::move(key));
      return;
    }
    same->has_public_key = same->has_public_key || key.has_public_key;
    if (same->key.kind == pki::KeyKind::kUnknown) same->key = std::move(key.key);
  }

  base::Status read_certificates() {
    TANBA_TRY(
        const std::vector<CK_OBJECT_HANDLE> objects,
        find_objects(
            functions_, session_,
            AttributeTemplate().add_number(CKA_CLASS, CKO_CERTIFICATE).add_number(CKA_CERTIFICATE_TYPE, CKC_X_509)));
    for (const CK_OBJECT_HANDLE object : objects) {
      Found found;
      TANBA_CHECK(read_names(object, found.label, found.id));
      TANBA_TRY(const std::optional<base::Bytes> value, read_attribute(functions_, session_, object, CKA_VALUE));
      base::Result<pki::CertificatePtr> certificate = pki::Certificate::parse(value.value_or(base::Bytes{}));
      if (certificate) {
        found.certificate = *std::move(certificate);
        certificates_.push_back(std::move(found));
      } else {
        ++out_.unreadable_certificates;
      }
    }
    return {};
  }

  // A certificate belongs to the key that it certifies. CKA_ID decides only for keys that do not show their public
  // half.
  void give_to_key(const Found& found) {
    bool given = false;
    for (KeyEntry& key : out_.keys) {
      const bool fits = key.key.kind == pki::KeyKind::kUnknown ? !found.id.empty() && key.id == found.id
                                                               : key.key.digest == found.certificate->key().digest;
      if (!fits) continue;
      key.certificates.push_back(found.certificate);
      given = true;
    }
    if (!given) out_.other_certificates.push_back(found.certificate);
  }

  void finish(KeyEntry& key) {
    std::ranges::stable_sort(key.certificates, std::ranges::greater(), [](const auto& c) { return c->not_after(); });
    if (key.key.kind == pki::KeyKind::kUnknown && !key.certificates.empty()) key.key = key.certificates.front()->key();
    key.uri = uri_of(token_);
    if (!key.label.empty()) key.uri.object = key.label;
    if (!key.id.empty()) key.uri.id = key.id;
  }

  const CK_FUNCTION_LIST& functions_;
  const CK_SESSION_HANDLE session_;
  const TokenInfo& token_;
  std::vector<Found> certificates_;
  TokenContents out_;
};

base::Result<pki::PublicKeyInfo> rsa_key(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                         CK_OBJECT_HANDLE object) {
  TANBA_TRY(const std::optional<base::Bytes> modulus, read_attribute(functions, session, object, CKA_MODULUS));
  TANBA_TRY(const std::optional<base::Bytes> exponent, read_attribute(functions, session, object, CKA_PUBLIC_EXPONENT));
  if (!modulus || !exponent || modulus->empty() || exponent->empty()) return pki::PublicKeyInfo{};
  const base::Bytes key = der::write_sequence({der::write_unsigned(*modulus), der::write_unsigned(*exponent)});
  return pki::parse_public_key_info(write_spki(kRsaEncryption, der::write_null(), key)).value_or(pki::PublicKeyInfo{});
}

base::Result<pki::PublicKeyInfo> ec_key(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                        CK_OBJECT_HANDLE object) {
  TANBA_TRY(const std::optional<base::Bytes> parameters, read_attribute(functions, session, object, CKA_EC_PARAMS));
  TANBA_TRY(const std::optional<base::Bytes> point, read_attribute(functions, session, object, CKA_EC_POINT));
  if (!parameters || !point) return pki::PublicKeyInfo{};
  // PKCS#11 v2.40 mechanisms, 2.3.3: CKA_EC_POINT is the "DER-encoding of ANSI X9.62 ECPoint value Q", an OCTET STRING;
  // older modules give the point bare. Both begin with 04; an uncompressed point has an odd number of octets.
  const base::Result<der::Tlv> wrapped = der::parse_single(*point, der::kOctetString, "EC point");
  const bool is_wrapped = wrapped && wrapped->value.size() % 2 == 1 && wrapped->value.front() == 0x04;
  const base::ByteView bare = is_wrapped ? wrapped->value : base::ByteView(*point);
  return pki::parse_public_key_info(write_spki(kEcPublicKey, *parameters, bare)).value_or(pki::PublicKeyInfo{});
}

}  // namespace

base::Result<pki::PublicKeyInfo> public_key_of(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                               CK_OBJECT_HANDLE object) {
  TANBA_TRY(const std::optional<CK_ULONG> type, read_number(functions, session, object, CKA_KEY_TYPE));
  if (type == CKK_RSA) return rsa_key(functions, session, object);
  if (type == CKK_EC) return ec_key(functions, session, object);
  return pki::PublicKeyInfo{};
}

base::Result<TokenContents> list_contents(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                          const TokenInfo& token) {
  return Listing(functions, session, token).run();
}

}  // namespace tanba::tokens
