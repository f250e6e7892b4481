#include "cms/tsp/attach.h"

#include <utility>
#include <vector>

#include "cms/add_signer.h"
#include "cms/edit.h"
#include "cms/oids.h"

namespace tanba::cms::tsp {
namespace {

using base::Bytes;
using base::ByteView;
using base::Result;
namespace der = pki::der;

Bytes signature_time_stamp(ByteView token) {
  return der::write_sequence({oid::kSignatureTimeStamp.der(), der::write(der::kSet, token)});
}

}  // namespace

Result<Bytes> octets_to_stamp(ByteView cms, std::size_t signer, const base::Limits& limits) {
  return signature_value(cms, signer, limits);
}

Result<Bytes> add_signature_timestamp(ByteView cms, std::size_t signer, ByteView token, const base::Limits& limits) {
  TANBA_TRY(Edit document, Edit::open(cms, limits));
  TANBA_TRY(const ByteView signer_info, document.signer(signer));
  TANBA_TRY(Bytes stamped, with_unsigned_attribute(signer_info, signature_time_stamp(token)));
  document.set_signer(signer, std::move(stamped));
  return document.write();
}

}  // namespace tanba::cms::tsp
