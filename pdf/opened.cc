#include "pdf/opened.h"

#include <algorithm>
#include <utility>

#include "pdf/permissions.h"

namespace tanba::pdf {
namespace {

constexpr std::string_view kByteRange = "/ByteRange [0 0000000000 0000000000 0000000000]";
constexpr std::string_view kContents = "/Contents <";

base::Status open_into(base::ByteView file, Opened& out) {
  TANBA_TRY(out.layout, read_layout(file, out.cost));
  TANBA_CHECK(check_objects(out.layout, out.cost));
  TANBA_TRY(out.graph, Graph::open(out.layout));
  TANBA_TRY(out.signatures, find_signatures(*out.graph, out.cost));
  return {};
}

}  // namespace

std::unexpected<base::Error> unsignable(std::string reason) {
  return base::fail(base::Code::kPdfUnsignable, {{"reason", std::move(reason)}});
}

base::Result<std::unique_ptr<Opened>> Opened::read(base::ByteView file) {
  auto out = std::make_unique<Opened>();
  TANBA_CHECK(open_into(file, *out));
  return out;
}

std::string placeholder_text(const std::string& entries, std::size_t reserved_bytes) {
  return "<< " + entries + " " + std::string(kByteRange) + " " + std::string(kContents) +
         std::string(2 * reserved_bytes, '0') + "> >>";
}

Reserved close_placeholder(std::string file, Span object) {
  // The last one: behind it the object has hexadecimal digits only.
  const std::size_t range = file.rfind(kByteRange, object.end);
  Reserved out;
  out.hole.begin = file.find(kContents, range) + kContents.size() - 1;
  out.hole.end = file.find('>', out.hole.begin) + 1;
  const std::string numbers = std::to_string(out.hole.begin) + " " + std::to_string(out.hole.end) + " " +
                              std::to_string(file.size() - out.hole.end) + "]";
  std::string written = "/ByteRange [0 " + numbers;
  written.resize(kByteRange.size(), ' ');
  file.replace(range, kByteRange.size(), written);
  out.file = std::move(file);
  return out;
}

base::Status check_reserved(const Reserved& reserved) {
  const base::ByteView file = base::as_bytes(reserved.file);
  TANBA_TRY(const std::unique_ptr<Opened> opened, Opened::read(file));
  bool in_place = false;
  for (FoundSignature& one : opened->signatures) {
    // Its value is still to come, and so is its token; that of others is not what is asked here.
    if (one.hole == reserved.hole && one.end == file.size()) {
      in_place = true;
      one.errors.clear();
    }
    one.proves_time = one.timestamp && one.errors.empty();
  }
  if (!in_place) return unsignable("the place for the signature is not where it was made");
  for (std::size_t at = 0; at < opened->signatures.size(); ++at) {
    const FoundSignature& one = opened->signatures[at];
    if (one.timestamp || !one.errors.empty() || reaches_end(file, one)) continue;
    TANBA_TRY(const Verdict verdict, judge_revision(*opened->graph, opened->signatures, at, opened->cost));
    if (verdict.errors.empty()) continue;
    return unsignable("the signature in field " + one.field + " would not hold: " + verdict.errors.front().message());
  }
  return {};
}

base::Result<base::Bytes> filled(base::Bytes file, Span hole, base::ByteView value) {
  const std::string hexadecimal = base::to_hex(value);
  const std::size_t room = hole.size() - 2;
  if (hexadecimal.size() > room) {
    return unsignable("its signature takes " + std::to_string(value.size()) + " octets, and " +
                      std::to_string(room / 2) + " are reserved");
  }
  const auto at = file.begin() + static_cast<std::ptrdiff_t>(hole.begin + 1);
  std::fill_n(at, room, std::uint8_t{'0'});
  std::ranges::copy(hexadecimal, at);
  return file;
}

}  // namespace tanba::pdf
