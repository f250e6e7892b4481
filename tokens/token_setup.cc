#include "tokens/token_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "pki/der.h"
#include "tokens/cryptoki.h"

namespace tanba::tokens {
namespace {

namespace der = pki::der;

constexpr std::size_t kLabelBytes = 32;  // CK_TOKEN_INFO.label
constexpr std::size_t kMaxIdBytes = 64;
constexpr unsigned kMinRsaBits = 2048;  // kz-submission takes none shorter
constexpr unsigned kMaxRsaBits = 8192;

std::unexpected<base::Error> refused(std::string reason) {
  return base::fail(base::Code::kTokenFailed, {{"reason", std::move(reason)}});
}

// A session of this process only for the set-up, closed whatever happens.
class SetupSession {
 public:
  SetupSession(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE handle) : functions_(functions), handle_(handle) {}
  ~SetupSession() { static_cast<void>(functions_.C_CloseSession(handle_)); }
  SetupSession(const SetupSession&) = delete;
  SetupSession& operator=(const SetupSession&) = delete;

 private:
  const CK_FUNCTION_LIST& functions_;
  const CK_SESSION_HANDLE handle_;
};

base::Status set_user_pin(const CK_FUNCTION_LIST& functions, unsigned long slot, const TokenSetup& setup) {
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  TANBA_CHECK(check_rv(functions.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle),
                       "C_OpenSession"));
  const SetupSession closing(functions, handle);
  TANBA_CHECK(
      check_rv(functions.C_Login(handle, CKU_SO, unconst(setup.so_pin.reveal()), setup.so_pin.size()), "C_Login"));
  const CK_RV set = functions.C_InitPIN(handle, unconst(setup.user_pin.reveal()), setup.user_pin.size());
  static_cast<void>(functions.C_Logout(handle));
  if (set == CKR_PIN_LEN_RANGE || set == CKR_PIN_INVALID) return refused("C_InitPIN: " + rv_name(set));
  return check_rv(set, "C_InitPIN");
}

bool has_fitting_length(const base::Secret& pin, const TokenInfo& token) {
  if (pin.empty() && token.pin_pad) return true;  // typed on the reader
  return pin.size() >= token.min_pin_bytes && (token.max_pin_bytes == 0 || pin.size() <= token.max_pin_bytes);
}

// Before anything is erased: a token that refuses the user's PIN after that would be left without one.
base::Status check_pins(const TokenSetup& setup, const TokenInfo& token) {
  if (!has_fitting_length(setup.so_pin, token)) {
    return refused(
        fmt::format("the administrator's PIN must have {} to {} octets", token.min_pin_bytes, token.max_pin_bytes));
  }
  if (!has_fitting_length(setup.user_pin, token)) {
    return refused(fmt::format("the user's PIN must have {} to {} octets", token.min_pin_bytes, token.max_pin_bytes));
  }
  return {};
}

base::Status check_setup(const KeySetup& setup) {
  if (setup.label.empty() || !base::is_utf8(setup.label)) return refused("a key needs a label in UTF-8");
  if (setup.id.empty() || setup.id.size() > kMaxIdBytes) return refused("a key needs an id of 1 to 64 octets");
  return {};
}

base::Status check_id_is_free(Token& token, const KeySetup& setup) {
  TANBA_TRY(const TokenContents contents, token.contents());
  const bool taken = std::ranges::any_of(contents.keys, [&](const KeyEntry& key) { return key.id == setup.id; });
  if (taken) return refused("a key with this id is there already");
  return {};
}

struct PairTemplates {
  AttributeTemplate public_key, private_key;
};

PairTemplates signing_pair(const KeySetup& setup) {
  PairTemplates out;
  out.public_key.add_true(CKA_TOKEN).add_true(CKA_VERIFY).add(CKA_ID, setup.id).add_text(CKA_LABEL, setup.label);
  out.private_key.add_true(CKA_TOKEN)
      .add_true(CKA_PRIVATE)
      .add_true(CKA_SENSITIVE)
      .add_false(CKA_EXTRACTABLE)
      .add_true(CKA_SIGN)
      .add_false(CKA_DECRYPT)
      .add_false(CKA_UNWRAP)
      .add(CKA_ID, setup.id)
      .add_text(CKA_LABEL, setup.label);
  return out;
}

base::Result<std::shared_ptr<TokenKey>> generate(const std::shared_ptr<Token>& token, const KeySetup& setup,
                                                 CK_MECHANISM_TYPE type, PairTemplates templates) {
  TANBA_CHECK(check_setup(setup));
  TANBA_CHECK(check_id_is_free(*token, setup));
  TANBA_CHECK(token->with_session(Token::Access::kWrite, [&](const Token::Session& session) -> base::Status {
    CK_MECHANISM mechanism{type, nullptr, 0};
    std::vector<CK_ATTRIBUTE> public_attributes = templates.public_key.attributes();
    std::vector<CK_ATTRIBUTE> private_attributes = templates.private_key.attributes();
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE, private_key = CK_INVALID_HANDLE;
    return check_rv(token->module().functions().C_GenerateKeyPair(session.handle, &mechanism, public_attributes.data(),
                                                                  public_attributes.size(), private_attributes.data(),
                                                                  private_attributes.size(), &public_key, &private_key),
                    "C_GenerateKeyPair");
  }));
  Pkcs11Uri which;
  which.object = setup.label;
  which.id = setup.id;
  return TokenKey::open(token, which);
}

base::Bytes concatenate(const std::vector<base::Bytes>& parts) {
  base::Bytes out;
  for (const base::Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

base::Bytes write_name(const std::vector<pki::NameAttribute>& subject) {
  std::vector<base::Bytes> names;
  for (const pki::NameAttribute& attribute : subject) {
    // X.520: countryName and serialNumber are PrintableStrings; everything else is UTF8String (RFC 5280 4.1.2.4).
    const bool printable = attribute.type == pki::oid::kCountry || attribute.type == pki::oid::kSerialNumber;
    const base::Bytes value =
        der::write(printable ? der::kPrintableString : der::kUtf8String, base::as_bytes(attribute.value));
    names.push_back(der::write_set_of({der::write_sequence({attribute.type.der(), value})}));
  }
  return der::write(der::kSequence, concatenate(names));
}

}  // namespace

base::Result<TokenInfo> initialise_token(Module& module, unsigned long slot, const TokenSetup& setup,
                                         Reinitialise reinitialise) {
  if (setup.label.empty() || setup.label.size() > kLabelBytes) return refused("a token's label has 1 to 32 octets");
  TANBA_TRY(const TokenInfo before, module.token(slot));
  if (before.initialised && reinitialise == Reinitialise::kRefuse) return refused("the token is initialised already");
  TANBA_CHECK(check_pins(setup, before));
  {
    const auto held = module.use();
    std::array<unsigned char, kLabelBytes> label;
    label.fill(' ');
    std::ranges::copy(base::as_bytes(setup.label), label.begin());
    TANBA_CHECK(check_rv(
        module.functions().C_InitToken(slot, unconst(setup.so_pin.reveal()), setup.so_pin.size(), label.data()),
        "C_InitToken"));
    TANBA_CHECK(set_user_pin(module.functions(), slot, setup));
  }
  TANBA_TRY(TokenInfo after, module.token(slot));
  // Some modules (SoftHSM) put an initialised token into a slot of its own when they list slots anew.
  TANBA_TRY(const std::vector<TokenInfo> tokens, module.tokens());
  for (const TokenInfo& token : tokens) {
    if (token.initialised && token.label == setup.label && token.serial == after.serial) return token;
  }
  return after;
}

base::Result<std::shared_ptr<TokenKey>> generate_rsa_key(const std::shared_ptr<Token>& token, const KeySetup& setup,
                                                         unsigned bits) {
  if (bits < kMinRsaBits || bits > kMaxRsaBits || bits % 8 != 0) return refused("RSA keys have 2048 to 8192 bits");
  PairTemplates templates = signing_pair(setup);
  constexpr std::array<std::uint8_t, 3> kExponent{0x01, 0x00, 0x01};
  templates.public_key.add_number(CKA_MODULUS_BITS, bits).add(CKA_PUBLIC_EXPONENT, kExponent);
  return generate(token, setup, CKM_RSA_PKCS_KEY_PAIR_GEN, std::move(templates));
}

base::Result<std::shared_ptr<TokenKey>> generate_ec_key(const std::shared_ptr<Token>& token, const KeySetup& setup,
                                                        Curve curve) {
  PairTemplates templates = signing_pair(setup);
  const pki::Oid oid = pki::Oid::literal(curve == Curve::kP256 ? "1.2.840.10045.3.1.7" : "1.3.132.0.34");
  templates.public_key.add(CKA_EC_PARAMS, oid.der());
  return generate(token, setup, CKM_EC_KEY_PAIR_GEN, std::move(templates));
}

base::Status store_certificate(Token& token, const pki::Certificate& certificate, const KeySetup& setup) {
  TANBA_CHECK(check_setup(setup));
  AttributeTemplate object;
  object.add_number(CKA_CLASS, CKO_CERTIFICATE)
      .add_number(CKA_CERTIFICATE_TYPE, CKC_X_509)
      .add_true(CKA_TOKEN)
      .add_false(CKA_PRIVATE)
      .add(CKA_ID, setup.id)
      .add_text(CKA_LABEL, setup.label)
      .add(CKA_SUBJECT, certificate.subject().der())
      .add(CKA_ISSUER, certificate.issuer().der())
      .add(CKA_SERIAL_NUMBER, der::write(der::kInteger, certificate.serial()))
      .add(CKA_VALUE, certificate.der());
  return token.with_session(Token::Access::kWrite, [&](const Token::Session& session) -> base::Status {
    std::vector<CK_ATTRIBUTE> attributes = object.attributes();
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    return check_rv(
        token.module().functions().C_CreateObject(session.handle, attributes.data(), attributes.size(), &handle),
        "C_CreateObject");
  });
}

base::Result<base::Bytes> make_certificate_request(TokenKey& key, const std::vector<pki::NameAttribute>& subject) {
  // RFC 2986 4.1: version 0, subject, subjectPKInfo, attributes [0].
  const base::Bytes no_attributes = der::write(der::context_constructed(0), {});
  const base::Bytes info =
      der::write_sequence({der::write_integer(0), write_name(subject), key.public_key().spki, no_attributes});
  const pki::SignatureAlgorithm& algorithm = key.algorithms().front();
  TANBA_TRY(const base::Bytes signature, key.sign(algorithm, info));
  base::Bytes bits{0};
  bits.insert(bits.end(), signature.begin(), signature.end());
  return der::write_sequence({info, pki::write_algorithm_identifier(algorithm), der::write(der::kBitString, bits)});
}

}  // namespace tanba::tokens
