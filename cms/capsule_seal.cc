#include "cms/capsule_seal.h"

#include <boost/json/object.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cms/oids.h"

namespace tanba::cms {
namespace {

namespace json = boost::json;
using base::Code;

constexpr std::size_t kMaxIdBytes = 100;    // request ids of portals are UUIDs, numbers of licences under 40
constexpr std::size_t kMaxTextBytes = 512;  // of the statement: its members are bounded

std::unexpected<base::Error> no_statement() {
  return base::fail(Code::kCapsuleSeal, {{"reason", "the seal is over something else than a capsule's statement"}});
}

base::Result<SealStatement> read_statement(const json::object& object) {
  const auto text = [&](const char* name) -> std::string_view {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  };
  SealStatement statement;
  statement.id = std::string(text("id"));
  TANBA_TRY(statement.kind, parse_capsule_kind(text("kind")));
  TANBA_TRY(statement.manifest, base::digest_from_hex(text("manifest")));
  TANBA_TRY(statement.sealed_at, base::parse_time(text("sealedAt")));
  TANBA_CHECK(check_capsule_id(statement.id));
  return statement;
}

}  // namespace

std::string_view to_string(CapsuleKind kind) {
  switch (kind) {
    case CapsuleKind::kVerification:
      return "verification";
    case CapsuleKind::kSubmission:
      return "submission";
    case CapsuleKind::kDecision:
      return "decision";
  }
  return "";
}

base::Result<CapsuleKind> parse_capsule_kind(std::string_view text) {
  for (const CapsuleKind kind : {CapsuleKind::kVerification, CapsuleKind::kSubmission, CapsuleKind::kDecision}) {
    if (text == to_string(kind)) return kind;
  }
  return base::fail(Code::kInputMember, {{"member", "kind"}, {"expected", "verification, submission or decision"}});
}

base::Status check_capsule_id(std::string_view id) {
  const bool fits = !id.empty() && id.size() <= kMaxIdBytes && base::is_utf8(id) && base::escape_for_display(id) == id;
  if (fits) return {};
  return base::fail(Code::kInputMember, {{"member", "id"}, {"expected", "1 to 100 octets without control characters"}});
}

std::string seal_text(const SealStatement& statement) {
  return base::canonical_json(json::object{{"type", kSealType},
                                           {"kind", to_string(statement.kind)},
                                           {"id", statement.id},
                                           {"manifest", statement.manifest.hex()},
                                           {"sealedAt", base::format_time(statement.sealed_at)}});
}

base::Result<SealStatement> parse_seal_text(base::ByteView text) {
  const auto root = base::parse_json(base::as_text(text), {.max_size_bytes = kMaxTextBytes, .max_depth = 2});
  if (!root || !root->is_object()) return no_statement();
  const auto statement = read_statement(root->get_object());
  // Another member, type or spelling is another text.
  if (!statement || seal_text(*statement) != base::as_text(text)) return no_statement();
  return *statement;
}

base::Result<ToBeSigned> prepare_seal(pki::Context& context, const SealStatement& statement,
                                      const pki::CertificatePtr& certificate,
                                      const pki::SignatureAlgorithm& algorithm) {
  TANBA_CHECK(check_capsule_id(statement.id));
  return prepare(context, base::as_bytes(seal_text(statement)), certificate,
                 {.algorithm = algorithm, .content_type = oid::kCapsuleSeal});
}

}  // namespace tanba::cms
