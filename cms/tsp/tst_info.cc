#include "cms/tsp/tst_info.h"

#include <algorithm>

#include "cms/tsp/parsing.h"
#include "pki/algorithm.h"
#include "pki/der.h"
#include "pki/name.h"

namespace tanba::cms::tsp {
namespace {

using base::ByteView;
using base::Code;
using base::Error;
using base::Result;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;
using std::chrono::microseconds;

// "serialNumber … up to 160 bits": twenty octets and the sign's.
constexpr std::size_t kMaxSerialBytes = 21;
// A nonce is "a large random number"; RFC 3161 sets no limit and OpenSSL sends 64 bits.
constexpr std::size_t kMaxNonceBytes = 64;
// A day: what claims less precision is no time stamp. Also keeps sums of times in range.
constexpr std::int64_t kMaxAccuracySeconds = 86400;

// RFC 3161 2.4.2: Accuracy ::= SEQUENCE { seconds INTEGER OPTIONAL, millis [0] INTEGER (1..999) OPTIONAL, micros [1]
// INTEGER (1..999) OPTIONAL }.
Result<microseconds> parse_accuracy(ByteView contents) {
  struct Part {
    std::uint8_t tag;
    std::int64_t unit_us;
    std::int64_t most;
  };
  constexpr Part kParts[] = {{der::kInteger, 1'000'000, kMaxAccuracySeconds},
                             {der::context_primitive(0), 1000, 999},
                             {der::context_primitive(1), 1, 999}};
  Reader fields(contents);
  microseconds sum{};
  for (const Part& part : kParts) {
    TANBA_TRY(const std::optional<Tlv> field, fields.optional(part.tag));
    if (!field) continue;
    TANBA_TRY(const std::int64_t count, der::read_small_integer(field->value));
    if (count > part.most) return malformed("accuracy");
    sum += microseconds(count * part.unit_us);
  }
  TANBA_CHECK(fields.finish("accuracy"));
  return sum;
}

// The digits after the point in microseconds, rounded up: what is asked of them is an upper limit.
microseconds fraction_of(ByteView generalized_time) {
  const std::string_view text = base::as_text(generalized_time);
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return {};
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  for (std::size_t i = point + 1; i < text.size() && text[i] != 'Z'; ++i, unit /= 10) {
    nanoseconds += (text[i] - '0') * unit;
  }
  return microseconds((nanoseconds + 999) / 1000);
}

// 2.4.2: extensions as in RFC 5280; none is known here, so a critical one cannot be honoured.
base::Status check_extensions(ByteView contents) {
  Reader extensions(contents);
  while (!extensions.at_end()) {
    TANBA_TRY(Reader extension, extensions.enter(der::kSequence, "Extension"));
    TANBA_TRY(const Tlv type, extension.expect(der::kOid, "extnID"));
    TANBA_TRY(const std::optional<Tlv> critical, extension.optional(der::kBoolean));
    if (critical) {
      TANBA_TRY(const bool is_critical, der::read_boolean(critical->value));
      TANBA_TRY(const pki::Oid oid, pki::Oid::parse(type.value));
      if (is_critical) return malformed("critical extension " + oid.dotted());
    }
    TANBA_CHECK(extension.expect(der::kOctetString, "extnValue"));
    TANBA_CHECK(extension.finish("Extension"));
  }
  return {};
}

Result<base::Bytes> parse_bounded_integer(const Tlv& integer, std::size_t most, const char* what) {
  if (integer.value.empty() || integer.value.size() > most) return malformed(what);
  return base::to_bytes(integer.value);
}

base::Status parse_optional_fields(Reader& fields, TstInfo& out) {
  TANBA_TRY(const std::optional<Tlv> accuracy, fields.optional(der::kSequence));
  if (accuracy) {
    TANBA_TRY(out.accuracy, parse_accuracy(accuracy->value));
  }
  TANBA_TRY(const std::optional<Tlv> ordering, fields.optional(der::kBoolean));
  if (ordering) {
    TANBA_TRY(out.ordering, der::read_boolean(ordering->value));
  }
  TANBA_TRY(const std::optional<Tlv> nonce, fields.optional(der::kInteger));
  if (nonce) {
    TANBA_TRY(out.nonce, parse_bounded_integer(*nonce, kMaxNonceBytes, "nonce"));
  }
  // GeneralName is a CHOICE, so its [0] is explicit (X.680 31.2.7).
  TANBA_TRY(const std::optional<Tlv> tsa, fields.optional(der::context_constructed(0)));
  if (tsa) {
    Reader name(tsa->value);
    TANBA_TRY(const Tlv general_name, name.next());
    TANBA_CHECK(name.finish("tsa"));
    out.tsa = base::to_bytes(general_name.whole);
  }
  TANBA_TRY(const std::optional<Tlv> extensions, fields.optional(der::context_constructed(1)));
  if (extensions) TANBA_CHECK(check_extensions(extensions->value));
  return fields.finish("TSTInfo");
}

Result<TstInfo> parse_info_fields(ByteView octets) {
  TANBA_TRY(const Tlv outer, der::parse_single(octets, der::kSequence, "TSTInfo"));
  Reader fields(outer.value);
  TANBA_TRY(const Tlv version, fields.expect(der::kInteger, "version"));
  TANBA_TRY(const std::int64_t number, der::read_small_integer(version.value));
  if (number != 1) return malformed("version " + std::to_string(number));
  TstInfo out;
  TANBA_TRY(const Tlv policy, fields.expect(der::kOid, "policy"));
  TANBA_TRY(out.policy, pki::Oid::parse(policy.value));
  TANBA_TRY(const Tlv imprint, fields.expect(der::kSequence, "messageImprint"));
  TANBA_TRY(out.imprint, parse_message_imprint(imprint.whole));
  TANBA_TRY(const Tlv serial, fields.expect(der::kInteger, "serialNumber"));
  TANBA_TRY(out.serial, parse_bounded_integer(serial, kMaxSerialBytes, "serialNumber"));
  TANBA_TRY(const Tlv gen_time, fields.expect(der::kGeneralizedTime, "genTime"));
  TANBA_TRY(out.gen_time, der::read_generalized_time(gen_time.value));
  // Sums with accuracies and lengths of validity must stay times that can be written.
  if (out.gen_time >= base::Time(std::chrono::sys_days(std::chrono::year(9999) / 1 / 1))) return malformed("genTime");
  out.fraction = fraction_of(gen_time.value);
  TANBA_CHECK(parse_optional_fields(fields, out));
  return out;
}

// What is malformed here is the time stamp, whatever the walker calls it.
Error as_tsp_error(const Error& error) {
  if (error.code() == Code::kTspMalformed) return error;
  return Error(Code::kTspMalformed, {{"what", error.message()}}, error.cause());
}

}  // namespace

Result<MessageImprint> parse_message_imprint(ByteView octets) {
  const auto parse = [&]() -> Result<MessageImprint> {
    TANBA_TRY(const Tlv outer, der::parse_single(octets, der::kSequence, "messageImprint"));
    Reader fields(outer.value);
    TANBA_TRY(const Tlv algorithm, fields.expect(der::kSequence, "hashAlgorithm"));
    TANBA_TRY(const pki::AlgorithmIdentifier identifier, pki::parse_algorithm_identifier(algorithm.whole));
    TANBA_TRY(const Tlv digest, fields.expect(der::kOctetString, "hashedMessage"));
    TANBA_CHECK(fields.finish("messageImprint"));
    return MessageImprint{identifier.oid, base::to_bytes(digest.value)};
  };
  auto imprint = parse();
  if (!imprint) return base::fail(as_tsp_error(imprint.error()));
  return imprint;
}

Result<TstInfo> parse_tst_info(ByteView octets) {
  auto info = parse_info_fields(octets);
  if (!info) return base::fail(as_tsp_error(info.error()));
  return info;
}

base::Time latest_time(const TstInfo& info) {
  const microseconds beyond = info.fraction + info.accuracy.value_or(microseconds{});
  return info.gen_time + std::chrono::ceil<base::Seconds>(beyond);
}

std::string tsa_text(const TstInfo& info) {
  Reader reader(info.tsa);
  const auto general_name = reader.next();
  if (!general_name) return {};
  if (general_name->tag == kDirectoryName) {
    const auto name = pki::Name::parse(general_name->value);
    return name ? name->rfc4514() : base::to_hex(info.tsa);
  }
  const std::string_view text = base::as_text(general_name->value);
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? std::string(text) : base::to_hex(info.tsa);
}

}  // namespace tanba::cms::tsp
