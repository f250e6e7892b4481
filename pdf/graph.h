// The objects of one revision as qpdf reads them. Private to this folder: only here and in what includes this are
// qpdf's types known.
//
// qpdf mends what it finds broken and says so in warnings; here every warning is pdf.malformed. It throws: whatever
// touches its handles runs inside `contained`. It must have been shown to be harmless before (layout.h), since qpdf
// inflates object streams without bound.
#pragma once

#include <functional>
#include <memory>
// Clang cannot read qpdf's JSON.hh as C++23: a defaulted destructor there is over a vector of a class that is not
// complete yet. Nothing here uses it.
#ifdef __clang__
#define JSON_HH
class JSON;
#endif
#include <qpdf/QPDF.hh>
#include <qpdf/QPDFObjectHandle.hh>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "pdf/layout.h"

namespace tanba::pdf {

class Graph {
 public:
  // `layout` must outlive this; pdf.malformed when qpdf does not agree with it on where every object is.
  [[nodiscard]] static base::Result<std::unique_ptr<Graph>> open(const Layout& layout);

  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] QPDFObjectHandle trailer() { return qpdf_.getTrailer(); }
  // The catalog; throws when it is no dictionary.
  [[nodiscard]] QPDFObjectHandle root() { return qpdf_.getRoot(); }
  [[nodiscard]] QPDFObjectHandle object(std::uint32_t number);
  // A number that no object and no reference has yet. What stands under it is the caller's to write.
  [[nodiscard]] QPDFObjectHandle allocate() { return qpdf_.makeIndirectObject(QPDFObjectHandle::newDictionary()); }
  // What qpdf had to mend so far, as pdf.malformed.
  [[nodiscard]] base::Status check_unmended();

 private:
  explicit Graph(const Layout& layout) : layout_(layout) {}
  base::Status compare_tables();

  const Layout& layout_;
  QPDF qpdf_;
};

// What qpdf throws is about the document; anything else is a fault of ours.
template <class Work>
[[nodiscard]] std::invoke_result_t<Work> contained(Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return base::fail(base::Code::kInternal, std::string("out of memory"));
  } catch (const std::exception& error) {
    return base::fail(base::Code::kPdfMalformed, {{"what", "qpdf cannot read it"}}, error.what());
  }
}

// An object's number; 0 for one that stands in another.
[[nodiscard]] inline std::uint32_t number_of(QPDFObjectHandle object) {
  return object.isIndirect() ? static_cast<std::uint32_t>(object.getObjectID()) : 0;
}

}  // namespace tanba::pdf
