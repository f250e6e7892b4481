#include "pki/kzgost/algorithm.h"

#include <strings.h>

namespace tanba::pki::kzgost {
namespace {

#define KZGOST_NAMES(short_name, long_name, oid) short_name ":" long_name ":" oid

// GOST R 34.11-94 as Russia names it (1.2.643.2.2.9) uses CryptoPro's S-box: another function, not listed here.
constexpr std::array<DigestRow, 5> kDigests = {{
    {.names = {"kzgost34311", "KZ GOST 34.311-95", "1.2.398.3.10.1.3.1"},
     .function = DigestFunction::kGost34311,
     .algorithm_names = KZGOST_NAMES("kzgost34311", "KZ GOST 34.311-95", "1.2.398.3.10.1.3.1")},
    {.names = {"kzgost3411-256", "KZ GOST 34.11-2015 256 bit", "1.2.398.3.10.1.3.2"},
     .function = DigestFunction::kStreebog256,
     .algorithm_names = KZGOST_NAMES("kzgost3411-256", "KZ GOST 34.11-2015 256 bit", "1.2.398.3.10.1.3.2")},
    {.names = {"kzgost3411-512", "KZ GOST 34.11-2015 512 bit", "1.2.398.3.10.1.3.3"},
     .function = DigestFunction::kStreebog512,
     .algorithm_names = KZGOST_NAMES("kzgost3411-512", "KZ GOST 34.11-2015 512 bit", "1.2.398.3.10.1.3.3")},
    // The names that OpenSSL's own table has for the Russian OIDs.
    {.names = {"md_gost12_256", "GOST R 34.11-2012 with 256 bit hash", "1.2.643.7.1.1.2.2"},
     .function = DigestFunction::kStreebog256,
     .algorithm_names = KZGOST_NAMES("md_gost12_256", "GOST R 34.11-2012 with 256 bit hash", "1.2.643.7.1.1.2.2")},
    {.names = {"md_gost12_512", "GOST R 34.11-2012 with 512 bit hash", "1.2.643.7.1.1.2.3"},
     .function = DigestFunction::kStreebog512,
     .algorithm_names = KZGOST_NAMES("md_gost12_512", "GOST R 34.11-2012 with 512 bit hash", "1.2.643.7.1.1.2.3")},
}};

constexpr std::array<KeyRow, 3> kKeys = {{
    {.type = KeyType::k2004,
     .names = {"kzgost2004", "KZ GOST 34.310-2004", "1.2.398.3.10.1.1.1.1"},
     .curve = {"kzgost2004-A", "KZ GOST 34.310-2004 curve A", "1.2.398.3.10.1.1.1.1.1"},
     .signature = {"kzgost2004-kzgost34311", "KZ GOST 34.310-2004 with GOST 34.311-95", "1.2.398.3.10.1.1.1.2"},
     .digest = DigestFunction::kGost34311,
     .bits = 256,
     .security_bits = 128,
     .spelling = PrivateSpelling::kInteger,
     .oid = oid_octets("1.2.398.3.10.1.1.1.1"),
     .curve_oid = oid_octets("1.2.398.3.10.1.1.1.1.1"),
     .digest_oid = oid_octets("1.2.398.3.10.1.3.1.1.0"),
     .signature_oid = oid_octets("1.2.398.3.10.1.1.1.2"),
     .algorithm_names = KZGOST_NAMES("kzgost2004", "KZ GOST 34.310-2004", "1.2.398.3.10.1.1.1.1")},
    {.type = KeyType::k2015_256,
     .names = {"kzgost2015-256", "KZ GOST 34.10-2015 256 bit", "1.2.398.3.10.1.1.2.1"},
     .curve = {"kzgost2015-256-A", "KZ GOST 34.10-2015 256 bit curve A", "1.2.398.3.10.1.1.2.1.1"},
     .signature = {"kzgost2015-256-kzgost3411-256", "KZ GOST 34.10-2015 256 bit with GOST 34.11-2015",
                   "1.2.398.3.10.1.1.2.3.1"},
     .digest = DigestFunction::kStreebog256,
     .bits = 256,
     .security_bits = 127,  // the group has an order of 2^254 (cofactor 4)
     .spelling = PrivateSpelling::kOctetString,
     .oid = oid_octets("1.2.398.3.10.1.1.2.1"),
     .curve_oid = oid_octets("1.2.398.3.10.1.1.2.1.1"),
     .digest_oid = oid_octets("1.2.398.3.10.1.3.2"),
     .signature_oid = oid_octets("1.2.398.3.10.1.1.2.3.1"),
     .algorithm_names = KZGOST_NAMES("kzgost2015-256", "KZ GOST 34.10-2015 256 bit", "1.2.398.3.10.1.1.2.1")},
    {.type = KeyType::k2015_512,
     .names = {"kzgost2015-512", "KZ GOST 34.10-2015 512 bit", "1.2.398.3.10.1.1.2.2"},
     .curve = {"kzgost2015-512-A", "KZ GOST 34.10-2015 512 bit curve A", "1.2.398.3.10.1.1.2.2.1"},
     .signature = {"kzgost2015-512-kzgost3411-512", "KZ GOST 34.10-2015 512 bit with GOST 34.11-2015",
                   "1.2.398.3.10.1.1.2.3.2"},
     .digest = DigestFunction::kStreebog512,
     .bits = 512,
     .security_bits = 256,
     .spelling = PrivateSpelling::kOctetString,
     .oid = oid_octets("1.2.398.3.10.1.1.2.2"),
     .curve_oid = oid_octets("1.2.398.3.10.1.1.2.2.1"),
     .digest_oid = oid_octets("1.2.398.3.10.1.3.3"),
     .signature_oid = oid_octets("1.2.398.3.10.1.1.2.3.2"),
     .algorithm_names = KZGOST_NAMES("kzgost2015-512", "KZ GOST 34.10-2015 512 bit", "1.2.398.3.10.1.1.2.2")},
}};

bool same(std::string_view a, const char* b) {
  const std::string_view other(b);
  return a.size() == other.size() && strncasecmp(a.data(), b, a.size()) == 0;
}
bool is_one_of(std::string_view name, const Names& names) {
  return same(name, names.short_name) || same(name, names.long_name) || same(name, names.oid);
}

}  // namespace

std::span<const DigestRow> digest_rows() {
  return kDigests;
}

std::size_t digest_size_bytes(DigestFunction function) {
  return function == DigestFunction::kStreebog512 ? 64 : 32;
}
std::size_t digest_block_bytes(DigestFunction function) {
  return function == DigestFunction::kGost34311 ? 32 : 64;
}

std::optional<DigestFunction> find_digest(std::string_view name) {
  for (const DigestRow& digest : kDigests) {
    if (is_one_of(name, digest.names)) return digest.function;
  }
  return std::nullopt;
}

const KeyRow& row(KeyType type) {
  return kKeys[static_cast<std::size_t>(type)];
}
bool names_curve(const KeyRow& row, std::string_view name) {
  return is_one_of(name, row.curve);
}

}  // namespace tanba::pki::kzgost
