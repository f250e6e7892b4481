#include "pki/kzgost/errors.h"

#include <openssl/err.h>

namespace tanba::pki::kzgost {
namespace {

// Written once by register_error_strings, before threads.
int library_number = 0;

ERR_STRING_DATA library_name[] = {{0, "kzgost"}, {0, nullptr}};
ERR_STRING_DATA reason_texts[] = {
#define KZGOST_REASON(name, number, text) {ERR_PACK(0, 0, number), text},
#include "pki/kzgost/errors.def"
#undef KZGOST_REASON
    {0, nullptr}};

}  // namespace

bool register_error_strings() noexcept {
  // Not the provider's get_reason_strings: that takes a new library number for every library context, and only 255 fit
  // into an error code.
  library_number = ERR_get_next_error_library();
  library_name[0].error = ERR_PACK(library_number, 0, 0);
  return ERR_load_strings(library_number, reason_texts) == 1 && ERR_load_strings_const(library_name) == 1;
}

Reason newest_reason() noexcept {
  const unsigned long code = ERR_peek_last_error();
  return library_number != 0 && ERR_GET_LIB(code) == library_number ? static_cast<Reason>(ERR_GET_REASON(code))
                                                                    : Reason::kInternal;
}

int error_library() noexcept {
  return library_number;
}

const char* text(Reason reason) noexcept {
  switch (reason) {
#define KZGOST_REASON(name, number, words) \
  case Reason::name:                       \
    return words;
#include "pki/kzgost/errors.def"
#undef KZGOST_REASON
  }
  return "";
}

int raise(Reason reason, std::source_location where) noexcept {
  ERR_new();
  ERR_set_debug(where.file_name(), static_cast<int>(where.line()), where.function_name());
  ERR_set_error(library_number, static_cast<int>(reason), nullptr);
  return 0;
}

}  // namespace tanba::pki::kzgost
