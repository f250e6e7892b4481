#include "pdf/permissions.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tanba::pdf {
namespace {

using base::Code;
using base::Error;

constexpr std::size_t kNamedAtMost = 5;

// What becomes of one change; `rule` for pdf.permissions only.
struct Ruling {
  Code code;
  std::string rule{};
  auto operator<=>(const Ruling&) const = default;
};

std::string rule_of(Permission permission) {
  return "DocMDP P=" + std::to_string(static_cast<int>(permission));
}

// Table 257 reads: 1 nothing; 2 filling in forms, instantiating page templates, signing; 3 annotations too.
Ruling needs(Permission needed, const Restrictions& restrictions, Code without_certification) {
  if (!restrictions.permission) return {without_certification};
  if (*restrictions.permission < needed) return {Code::kPdfPermissions, rule_of(*restrictions.permission)};
  return {Code::kPdfAdded};
}

Ruling rule_on(const Change& change, const Restrictions& restrictions) {
  switch (change.kind) {
    // Table 257, of P = 1: "changes to a PDF that are incremental updates which include only the data necessary to add
    // DSS's … and/or document time-stamps … shall not be considered as changes to the document".
    case ChangeKind::kEvidence:
      return {Code::kPdfAdded};
    // A field that is locked gets no value. One that is new with its time stamp was not there to be locked: otherwise a
    // document locked whole could never get a time stamp.
    case ChangeKind::kTimestamp:
      if (!change.field.empty() && restrictions.locks_field(change.field)) return {Code::kPdfPermissions, "FieldMDP"};
      return {Code::kPdfAdded};
    case ChangeKind::kMetadata:
    case ChangeKind::kReplaced:
      return needs(Permission::kFillIn, restrictions, Code::kPdfAdded);
    case ChangeKind::kSignature:
      if (restrictions.locks_field(change.field)) return {Code::kPdfPermissions, "FieldMDP"};
      return needs(Permission::kFillIn, restrictions, Code::kPdfAdded);
    case ChangeKind::kFillIn:
      if (restrictions.locks_field(change.field)) return {Code::kPdfPermissions, "FieldMDP"};
      return needs(Permission::kFillIn, restrictions, Code::kPdfChanged);
    case ChangeKind::kAnnotation:
      return needs(Permission::kAnnotate, restrictions, Code::kPdfChanged);
    case ChangeKind::kOther:
      return {Code::kPdfChanged};
    case ChangeKind::kUnknown:
      break;
  }
  return {Code::kPdfUnknownChange};
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (std::size_t at = 0; at < std::min(list.size(), kNamedAtMost); ++at) text += (at == 0 ? "" : "; ") + list[at];
  if (list.size() > kNamedAtMost) text += "; and " + std::to_string(list.size() - kNamedAtMost) + " more";
  return text;
}

}  // namespace

bool Restrictions::locks_field(const std::string& name) const {
  return std::ranges::any_of(locks, [&](const FieldLock& lock) { return lock.locks(name); });
}

Restrictions restrictions_at(const std::vector<FoundSignature>& signatures, std::size_t at) {
  Restrictions out;
  for (std::size_t earlier = 0; earlier <= at; ++earlier) {
    const FoundSignature& one = signatures[earlier];
    if (one.permission) out.permission = std::min(out.permission.value_or(*one.permission), *one.permission);
    out.locks.insert(out.locks.end(), one.locks.begin(), one.locks.end());
  }
  return out;
}

Verdict judge_changes(const std::vector<Change>& changes, const Restrictions& restrictions) {
  std::map<Ruling, std::vector<std::string>> by_ruling;
  for (const Change& change : changes) by_ruling[rule_on(change, restrictions)].push_back(change.what);
  Verdict out;
  for (const auto& [ruling, what] : by_ruling) {
    std::vector<base::ErrorArgument> arguments{{"what", joined(what)}};
    if (!ruling.rule.empty()) arguments.push_back({"rule", ruling.rule});
    auto& list = ruling.code == Code::kPdfAdded ? out.warnings : out.errors;
    list.emplace_back(ruling.code, std::move(arguments));
  }
  return out;
}

bool reaches_end(base::ByteView file, const FoundSignature& signature) {
  return std::ranges::all_of(file.subspan(signature.end),
                             [](std::uint8_t octet) { return octet == '\r' || octet == '\n'; });
}

base::Result<Verdict> judge_revision(Graph& graph, const std::vector<FoundSignature>& signatures, std::size_t at,
                                     Cost& cost) {
  const Layout& layout = graph.layout();
  const FoundSignature& signature = signatures[at];
  TANBA_CHECK(cost.charge_comparison());
  TANBA_TRY(const Layout signed_layout, read_layout(layout.file.first(signature.end), cost));
  if (!same_object(signed_layout, layout, signature.number)) {
    return base::fail(Code::kPdfByteRange, {{"what", "the signature is not in the revision that it signs"}});
  }
  if (reaches_end(layout.file, signature)) return Verdict{};
  TANBA_CHECK(check_objects(signed_layout, cost, &layout));
  TANBA_TRY(const std::unique_ptr<Graph> signed_graph, Graph::open(signed_layout));
  TANBA_TRY(const std::vector<Change> changes,
            changes_since(*signed_graph, graph, signatures, cost.comparison_steps()));
  return judge_changes(changes, restrictions_at(signatures, at));
}

}  // namespace tanba::pdf
