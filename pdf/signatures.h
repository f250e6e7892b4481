// The signatures of a PDF: where they are, what they cover, what they permit. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "pdf/graph.h"
#include "pdf/permission.h"

namespace tanba::pdf {

// A form field, terminal or not. Names are whole ("applicant.iin"), types inherited.
struct Field {
  QPDFObjectHandle handle;
  std::string name;
  std::string type;  // "Tx", "Btn", "Ch", "Sig"; empty when none is given
};
// All fields below AcroForm, parents first; a widget that is a kid comes with the name and type of its field.
[[nodiscard]] base::Result<std::vector<Field>> fields_of(Graph& graph);

// Which fields a signature locks: FieldMDP (12.8.2.4) or the signature field's own Lock (12.7.5.5).
struct FieldLock {
  enum class Action : std::uint8_t { kAll, kInclude, kExclude };
  Action action = Action::kAll;
  std::vector<std::string> fields;
  // A field is named with all its descendants.
  [[nodiscard]] bool locks(const std::string& name) const;
};

struct FoundSignature {
  std::uint32_t number = 0;  // of the signature dictionary
  std::string field;
  bool timestamp = false;  // of the document (12.8.5), by what it says of itself
  // A time stamp whose token verifies over what it covers: set by who verified it. Without that it is a value like any.
  bool proves_time = false;
  // Meaningful while `errors` is empty.
  Span hole;                               // /Contents with its angle brackets: all that is not covered ...
  std::size_t end = 0;                     // ... up to here, where a revision ends
  base::Bytes cms;                         // without the padding
  std::optional<base::Time> claimed_time;  // /M
  bool certifies = false;                  // has a DocMDP of its own
  std::optional<Permission> permission;    // DocMDP, or P of the field's Lock
  std::vector<FieldLock> locks;
  std::vector<base::Error> errors;  // pdf.signature, pdf.byte_range, pdf.sub_filter
};

// Those that fields hold, in the order of the revisions they sign, those with errors last. pdf.signature when a
// signature dictionary belongs to no field or to two.
[[nodiscard]] base::Result<std::vector<FoundSignature>> find_signatures(Graph& graph, Cost& cost);

}  // namespace tanba::pdf
