#include "pdf/graph.h"

#include <utility>

namespace tanba::pdf {

base::Status Graph::compare_tables() {
  const auto disagree = [](std::uint32_t number) {
    return malformed("where object " + std::to_string(number) + " is can be read in two ways");
  };
  std::map<std::uint32_t, XrefEntry> theirs;
  for (const auto& [id, entry] : qpdf_.getXRefTable()) {
    const auto number = static_cast<std::uint32_t>(id.getObj());
    XrefEntry one;
    if (entry.getType() == 1) {
      one = {XrefEntry::Kind::kPlain, static_cast<std::uint64_t>(entry.getOffset()),
             static_cast<std::uint32_t>(id.getGen())};
    } else if (entry.getType() == 2) {
      one = {XrefEntry::Kind::kCompressed, static_cast<std::uint64_t>(entry.getObjStreamNumber()),
             static_cast<std::uint32_t>(entry.getObjStreamIndex())};
    }
    if (!theirs.try_emplace(number, one).second) return disagree(number);
  }
  for (const auto& [number, entry] : layout_.entries) {
    if (entry.kind == XrefEntry::Kind::kFree) continue;
    const auto found = theirs.find(number);
    if (found == theirs.end() || found->second != entry) return disagree(number);
    theirs.erase(found);
  }
  if (!theirs.empty()) return disagree(theirs.begin()->first);
  return {};
}

base::Result<std::unique_ptr<Graph>> Graph::open(const Layout& layout) {
  return contained([&]() -> base::Result<std::unique_ptr<Graph>> {
    std::unique_ptr<Graph> out(new Graph(layout));
    out->qpdf_.setSuppressWarnings(true);
    out->qpdf_.setAttemptRecovery(false);
    out->qpdf_.processMemoryFile("document", base::as_text(layout.file).data(), layout.file.size());
    TANBA_CHECK(out->check_unmended());
    TANBA_CHECK(out->compare_tables());
    return out;
  });
}

QPDFObjectHandle Graph::object(std::uint32_t number) {
  const auto entry = layout_.entries.find(number);
  if (entry == layout_.entries.end() || entry->second.kind == XrefEntry::Kind::kFree)
    return QPDFObjectHandle::newNull();
  const bool plain = entry->second.kind == XrefEntry::Kind::kPlain;
  return qpdf_.getObject(static_cast<int>(number), plain ? static_cast<int>(entry->second.generation) : 0);
}

base::Status Graph::check_unmended() {
  if (!qpdf_.anyWarnings()) return {};
  for (const QPDFExc& warning : qpdf_.getWarnings()) {
    // A /Size that is larger than needed leaves nothing to mend; one that is smaller is refused by layout.h.
    if (warning.getMessageDetail().starts_with("reported number of objects")) continue;
    return base::fail(base::Code::kPdfMalformed, {{"what", warning.getMessageDetail()}}, warning.what());
  }
  return {};
}

}  // namespace tanba::pdf
