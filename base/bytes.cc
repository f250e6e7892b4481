#include "base/bytes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <utility>

namespace tanba::base {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::array<std::int8_t, 256> kBase64Values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<std::uint8_t>(kBase64Digits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

enum class Space { kRefuse, kSkip };

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Whole groups of four digits from the front of `text`, three octets each to `out`, up to the first group that has
// anything else in it. Returns how many digits that were.
std::size_t decode_groups(std::string_view text, std::uint8_t* out) {
  const auto* const digits = reinterpret_cast<const std::uint8_t*>(text.data());
  const std::int8_t* const values = kBase64Values.data();
  std::size_t at = 0;
  for (; text.size() - at >= 4; at += 4) {
    const int group =
        values[digits[at]] << 18 | values[digits[at + 1]] << 12 | values[digits[at + 2]] << 6 | values[digits[at + 3]];
    if (group < 0) break;  // one of them was -1: its sign is in all higher bits
    *out++ = static_cast<std::uint8_t>(group >> 16);
    *out++ = static_cast<std::uint8_t>(group >> 8);
    *out++ = static_cast<std::uint8_t>(group);
  }
  return at;
}

Result<Bytes> decode_base64(std::string_view text, Space space) {
  Bytes out(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const auto put = [&](std::uint32_t octet) { out[size++] = static_cast<std::uint8_t>(octet); };
  std::uint32_t group = 0;
  unsigned digits = 0;
  unsigned padding = 0;
  while (!text.empty()) {
    if (digits == 0 && padding == 0) {
      const std::size_t taken = decode_groups(text, out.data() + size);
      size += taken / 4 * 3;
      text.remove_prefix(taken);
      if (text.empty()) break;
    }
    const char c = text.front();
    text.remove_prefix(1);
    if (space == Space::kSkip && is_space(c)) continue;
    if (c == '=') {
      if (digits + ++padding > 4 || digits < 2) return fail(Code::kInputBase64);
      continue;
    }
    const std::int8_t value = kBase64Values[static_cast<std::uint8_t>(c)];
    if (value < 0 || padding > 0) return fail(Code::kInputBase64);
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (++digits < 4) continue;
    put(group >> 16);
    put(group >> 8);
    put(group);
    group = 0;
    digits = 0;
  }
  if (digits == 0 && padding != 0) return fail(Code::kInputBase64);
  if (digits != 0) {
    if (digits + padding != 4) return fail(Code::kInputBase64);
    // RFC 4648 3.5: the bits that are not used must be zero, or one octet string would have several spellings.
    const unsigned unused_bits = digits == 2 ? 4 : 2;
    if ((group & ((1U << unused_bits) - 1)) != 0) return fail(Code::kInputBase64);
    group >>= unused_bits;
    if (digits == 3) put(group >> 8);
    put(group);
  }
  out.resize(size);
  return out;
}

}  // namespace

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

std::string to_hex(ByteView bytes) {
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = kHexDigits[bytes[i] >> 4];
    out[2 * i + 1] = kHexDigits[bytes[i] & 15];
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail(Code::kInputHex);
  Bytes out(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return fail(Code::kInputHex);
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return out;
}

std::string to_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = std::uint32_t{bytes[i]} << 16 | std::uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out.push_back(kBase64Digits[group >> shift & 63]);
  }
  if (const std::size_t rest = bytes.size() - i; rest > 0) {
    const std::uint32_t group = std::uint32_t{bytes[i]} << 16 | (rest == 2 ? std::uint32_t{bytes[i + 1]} << 8 : 0U);
    out.push_back(kBase64Digits[group >> 18 & 63]);
    out.push_back(kBase64Digits[group >> 12 & 63]);
    out.push_back(rest == 2 ? kBase64Digits[group >> 6 & 63] : '=');
    out.push_back('=');
  }
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  return decode_base64(text, Space::kRefuse);
}
Result<Bytes> from_base64_with_space(std::string_view text) {
  return decode_base64(text, Space::kSkip);
}

Digest sha256(ByteView bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

Result<Digest> digest_from_hex(std::string_view text) {
  TANBA_TRY(const Bytes octets, from_hex(text));
  if (octets.size() != 32) return fail(Code::kInputHex);
  Digest digest;
  std::ranges::copy(octets, digest.octets.begin());
  return digest;
}

namespace {
// Fetched once: an implicit fetch at every digest costs more than hashing a kilobyte (OpenSSL 3.0).
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}
}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_), sha256_method(), nullptr);
}
Sha256::~Sha256() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}
Sha256::Sha256(Sha256&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
Sha256& Sha256::operator=(Sha256&& other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}
void Sha256::update(ByteView bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
}
Digest Sha256::finish() {
  Digest digest;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.octets.data(), nullptr);
  return digest;
}

}  // namespace tanba::base
