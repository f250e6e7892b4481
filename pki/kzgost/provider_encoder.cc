// Keys into SubjectPublicKeyInfo, PrivateKeyInfo, EncryptedPrivateKeyInfo (DER, PEM) and text.
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <cstdio>
#include <cstring>
#include <new>

#include "pki/kzgost/key_format.h"
#include "pki/kzgost/provider_context.h"

namespace tanba::pki::kzgost {
namespace {

enum class Structure : std::uint8_t { kPublic, kPrivate, kEncrypted };
enum class Form : std::uint8_t { kDer, kPem };

struct Encoding {
  const ProviderContext* provider = nullptr;
  EvpCipherPtr cipher;  // set: the private key goes out encrypted
};

Encoding& of(void* context) {
  return *static_cast<Encoding*>(context);
}

void* new_context(void* provider) noexcept {
  auto* made =
      new (std::nothrow) Encoding{.provider = static_cast<const ProviderContext*>(provider), .cipher = nullptr};
  if (made == nullptr) raise(Reason::kMemory);
  return made;
}
void free_context(void* context) noexcept {
  delete static_cast<Encoding*>(context);
}

const OSSL_PARAM* settable_params(void*) noexcept {
  static const OSSL_PARAM table[] = {OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_CIPHER, nullptr, 0),
                                     OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_PROPERTIES, nullptr, 0), OSSL_PARAM_END};
  return table;
}

int set_params(void* context, const OSSL_PARAM parameters[]) noexcept {
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(parameters, OSSL_ENCODER_PARAM_CIPHER);
  if (p == nullptr) return 1;
  const char* name = nullptr;
  const char* properties = nullptr;
  if (OSSL_PARAM_get_utf8_string_ptr(p, &name) != 1) return raise(Reason::kCipher);
  p = OSSL_PARAM_locate_const(parameters, OSSL_ENCODER_PARAM_PROPERTIES);
  if (p != nullptr && OSSL_PARAM_get_utf8_string_ptr(p, &properties) != 1) return raise(Reason::kCipher);
  Encoding& encoding = of(context);
  encoding.cipher.reset();
  if (name == nullptr || *name == '\0') return 1;
  encoding.cipher.reset(EVP_CIPHER_fetch(encoding.provider->library(), name, properties));
  return encoding.cipher ? 1 : raise(Reason::kCipher);
}

template <Structure structure>
int does_selection(void*, int selection) noexcept {
  if (selection == 0) return 1;
  const bool wants_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
  return wants_private == (structure != Structure::kPublic) ? 1 : 0;
}
int does_any_selection(void*, int) noexcept {
  return 1;
}

// A key of another provider of the same names, exported for us.
template <KeyType type>
void* import_object(void* context, int selection, const OSSL_PARAM parameters[]) noexcept {
  const auto curve = of(context).provider->curve(type);
  if (!curve) {
    raise(curve.error());
    return nullptr;
  }
  std::unique_ptr<Key> key(new (std::nothrow) Key(**curve));
  if (!key) return nullptr;
  if (const Done done = import_key(*key, selection, parameters); !done) {
    raise(done.error());
    return nullptr;
  }
  return key.release();
}
void free_object(void* key) noexcept {
  delete static_cast<Key*>(key);
}

// --- output ----------------------------------------------------------------------------------------------------------

const char* pem_label(Structure structure) {
  switch (structure) {
    case Structure::kPublic:
      return PEM_STRING_PUBLIC;
    case Structure::kPrivate:
      return PEM_STRING_PKCS8INF;
    case Structure::kEncrypted:
      break;
  }
  return PEM_STRING_PKCS8;
}

Done put(const ProviderContext& provider, OSSL_CORE_BIO* out, View octets) {
  if (!provider.write(out, octets)) return refuse(Reason::kOutput);
  return {};
}

// RFC 7468 2. By hand: the state of PEM_write_bio's encoder holds octets of the key and is given back unwiped.
bool write_pem(BIO* out, const char* label, View der) {
  constexpr std::size_t kPerLine = 48;  // 64 characters
  std::array<unsigned char, 66> line;   // with the NUL that EVP_EncodeBlock adds, whose place the line's end takes
  bool written = BIO_printf(out, "-----BEGIN %s-----\n", label) > 0;
  while (written && !der.empty()) {
    const View piece = der.first(std::min(kPerLine, der.size()));
    const int size = EVP_EncodeBlock(line.data(), piece.data(), static_cast<int>(piece.size()));
    line.at(static_cast<std::size_t>(size)) = '\n';
    written = BIO_write(out, line.data(), size + 1) == size + 1;
    der = der.subspan(piece.size());
  }
  OPENSSL_cleanse(line.data(), line.size());
  return written && BIO_printf(out, "-----END %s-----\n", label) > 0;
}

Done put(const ProviderContext& provider, OSSL_CORE_BIO* out, View der, Structure structure, Form form) {
  if (form == Form::kDer) return put(provider, out, der);
  const BioPtr memory(BIO_new(BIO_s_secmem()));  // the text of a private key is one too
  if (!memory) return refuse(Reason::kMemory);
  if (!write_pem(memory.get(), pem_label(structure), der)) return refuse(Reason::kInternal);
  const unsigned char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return put(provider, out, {text, static_cast<std::size_t>(size)});
}

// RFC 8018 PBES2 with OpenSSL's usual derivation (PBKDF2, HMAC-SHA-256).
Done put_encrypted(const Encoding& encoding, OSSL_CORE_BIO* out, View der, Form form, OSSL_PASSPHRASE_CALLBACK* ask,
                   void* argument) {
  if (!encoding.cipher) return refuse(Reason::kCipher);
  char passphrase[PEM_BUFSIZE];
  std::size_t length = 0;
  if (ask == nullptr || ask(passphrase, sizeof passphrase, &length, nullptr, argument) != 1) {
    return refuse(Reason::kPassphrase);
  }
  const unsigned char* at = der.data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  X509SigPtr sealed;
  if (info) {
    // d2i and PKCS8_encrypt wipe their copies of the private key.
    sealed.reset(PKCS8_encrypt_ex(-1, encoding.cipher.get(), passphrase, static_cast<int>(length), nullptr, 0, 0,
                                  info.get(), encoding.provider->library(), nullptr));
  }
  OPENSSL_cleanse(passphrase, sizeof passphrase);
  if (!sealed) return refuse(Reason::kInternal);
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_SIG(sealed.get(), &encoded);
  if (size <= 0) return refuse(Reason::kInternal);
  const Done done =
      put(*encoding.provider, out, {encoded, static_cast<std::size_t>(size)}, Structure::kEncrypted, form);
  OPENSSL_free(encoded);
  return done;
}

Done write_key(const Encoding& encoding, OSSL_CORE_BIO* out, const Key& key, Structure structure, Form form,
               OSSL_PASSPHRASE_CALLBACK* ask, void* argument) {
  if (structure == Structure::kPublic) {
    if (!key.has_public()) return refuse(Reason::kKeyMissing);
    const KeyDer der = write_public(key.row(), key.material()->public_key.octets());
    return put(*encoding.provider, out, der.view(), structure, form);
  }
  if (!key.has_private()) return refuse(Reason::kPrivateKeyMissing);
  KeyDer der = write_private(key.row(), key.material()->private_key.octets());
  const bool encrypt = structure == Structure::kEncrypted || encoding.cipher != nullptr;
  const Done done = encrypt ? put_encrypted(encoding, out, der.view(), form, ask, argument)
                            : put(*encoding.provider, out, der.view(), structure, form);
  OPENSSL_cleanse(der.data(), der.size());
  return done;
}

template <Structure structure, Form form>
int encode(void* context, OSSL_CORE_BIO* out, const void* key, const OSSL_PARAM[], int, OSSL_PASSPHRASE_CALLBACK* ask,
           void* argument) noexcept {
  if (key == nullptr) return raise(Reason::kKeyMissing);
  const Done done = write_key(of(context), out, *static_cast<const Key*>(key), structure, form, ask, argument);
  return done ? 1 : raise(done.error());
}

// --- text ------------------------------------------------------------------------------------------------------------

// A number as OpenSSL prints them: most significant octet first, fifteen to a line.
bool print_number(BIO* out, const char* title, View little_endian) {
  constexpr std::size_t kPerLine = 15;
  if (BIO_printf(out, "%s:\n", title) <= 0) return false;
  for (std::size_t i = 0; i < little_endian.size(); ++i) {
    const std::uint8_t octet = little_endian[little_endian.size() - 1 - i];
    const bool last = i + 1 == little_endian.size();
    if (i % kPerLine == 0 && BIO_puts(out, "    ") <= 0) return false;
    if (BIO_printf(out, "%02x%s", octet, last ? "\n" : (i + 1) % kPerLine == 0 ? ":\n" : ":") <= 0) return false;
  }
  return true;
}

bool print_key(BIO* out, const Key& key, int selection) {
  const KeyRow& row = key.row();
  const bool with_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key.has_private();
  if (BIO_printf(out, "%s: (%u bit, %s)\n", with_private ? "Private-Key" : "Public-Key", row.bits,
                 row.names.long_name) <= 0) {
    return false;
  }
  if (with_private && !print_number(out, "priv", key.material()->private_key.octets())) return false;
  if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 && key.has_public()) {
    const View point = key.material()->public_key.octets();
    if (!print_number(out, "x", point.first(row.field_bytes()))) return false;
    if (!print_number(out, "y", point.subspan(row.field_bytes()))) return false;
  }
  return BIO_printf(out, "curve: %s\n", row.curve.long_name) > 0;
}

int encode_text(void* context, OSSL_CORE_BIO* out, const void* key, const OSSL_PARAM[], int selection,
                OSSL_PASSPHRASE_CALLBACK*, void*) noexcept {
  if (key == nullptr) return raise(Reason::kKeyMissing);
  const BioPtr memory(BIO_new(BIO_s_secmem()));
  if (!memory || !print_key(memory.get(), *static_cast<const Key*>(key), selection)) return raise(Reason::kInternal);
  const unsigned char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  const Done done = put(*of(context).provider, out, {text, static_cast<std::size_t>(size)});
  return done ? 1 : raise(done.error());
}

// --- tables ----------------------------------------------------------------------------------------------------------

template <KeyType type, Structure structure, Form form>
const OSSL_DISPATCH* dispatch() {
  static const OSSL_DISPATCH table[] = {entry(OSSL_FUNC_ENCODER_NEWCTX, new_context),
                                        entry(OSSL_FUNC_ENCODER_FREECTX, free_context),
                                        entry(OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS, settable_params),
                                        entry(OSSL_FUNC_ENCODER_SET_CTX_PARAMS, set_params),
                                        entry(OSSL_FUNC_ENCODER_DOES_SELECTION, does_selection<structure>),
                                        entry(OSSL_FUNC_ENCODER_IMPORT_OBJECT, import_object<type>),
                                        entry(OSSL_FUNC_ENCODER_FREE_OBJECT, free_object),
                                        entry(OSSL_FUNC_ENCODER_ENCODE, encode<structure, form>),
                                        OSSL_DISPATCH{0, nullptr}};
  return table;
}

template <KeyType type>
const OSSL_DISPATCH* text_dispatch() {
  static const OSSL_DISPATCH table[] = {entry(OSSL_FUNC_ENCODER_NEWCTX, new_context),
                                        entry(OSSL_FUNC_ENCODER_FREECTX, free_context),
                                        entry(OSSL_FUNC_ENCODER_DOES_SELECTION, does_any_selection),
                                        entry(OSSL_FUNC_ENCODER_IMPORT_OBJECT, import_object<type>),
                                        entry(OSSL_FUNC_ENCODER_FREE_OBJECT, free_object),
                                        entry(OSSL_FUNC_ENCODER_ENCODE, encode_text),
                                        OSSL_DISPATCH{0, nullptr}};
  return table;
}

constexpr std::size_t kRowsPerType = 7;

template <KeyType type>
void add_rows(OSSL_ALGORITHM*& next) {
  const char* names = row(type).algorithm_names;
  using enum Structure;
  *next++ = {names, "provider=kzgost,output=text", text_dispatch<type>(), nullptr};
  *next++ = {names, "provider=kzgost,output=der,structure=SubjectPublicKeyInfo", dispatch<type, kPublic, Form::kDer>(),
             nullptr};
  *next++ = {names, "provider=kzgost,output=pem,structure=SubjectPublicKeyInfo", dispatch<type, kPublic, Form::kPem>(),
             nullptr};
  *next++ = {names, "provider=kzgost,output=der,structure=PrivateKeyInfo", dispatch<type, kPrivate, Form::kDer>(),
             nullptr};
  *next++ = {names, "provider=kzgost,output=pem,structure=PrivateKeyInfo", dispatch<type, kPrivate, Form::kPem>(),
             nullptr};
  *next++ = {names, "provider=kzgost,output=der,structure=EncryptedPrivateKeyInfo",
             dispatch<type, kEncrypted, Form::kDer>(), nullptr};
  *next++ = {names, "provider=kzgost,output=pem,structure=EncryptedPrivateKeyInfo",
             dispatch<type, kEncrypted, Form::kPem>(), nullptr};
}

}  // namespace

const OSSL_ALGORITHM* encoder_algorithms() {
  static const auto table = [] {
    std::array<OSSL_ALGORITHM, kRowsPerType * kKeyTypes.size() + 1> rows{};
    OSSL_ALGORITHM* next = rows.data();
    add_rows<KeyType::k2004>(next);
    add_rows<KeyType::k2015_256>(next);
    add_rows<KeyType::k2015_512>(next);
    return rows;
  }();
  return table.data();
}

}  // namespace tanba::pki::kzgost
