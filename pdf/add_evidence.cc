// The document security store, written (ETSI EN 319 142-1 5.4.2). What each signature needs (VRI) is not: "the use of
// the … VRI dictionary … is optional", and whoever verifies looks at everything anyway.
#include <algorithm>
#include <utility>

#include "pdf/opened.h"
#include "pdf/sign.h"
#include "pdf/update.h"

namespace tanba::pdf {
namespace {

using base::Bytes;
using base::ByteView;

class StoreWriter {
 public:
  explicit StoreWriter(Opened& opened) : opened_(opened), update_(*opened.graph) {}

  base::Result<Bytes> run(const Evidence& evidence) {
    QPDFObjectHandle root = opened_.graph->root();
    QPDFObjectHandle store = root.getKey("/DSS");
    if (!store.isDictionary()) {
      store = QPDFObjectHandle::newDictionary();
      store.replaceKey("/Type", QPDFObjectHandle::newName("/DSS"));
      root.replaceKey("/DSS", store);
    }
    const std::uint32_t owner = store.isIndirect() ? number_of(store) : number_of(root);
    add(store, owner, "/Certs", evidence.certificates);
    add(store, owner, "/CRLs", evidence.crls);
    add(store, owner, "/OCSPs", evidence.ocsp_responses);
    if (!added_) return base::to_bytes(opened_.layout.file);
    return base::to_bytes(base::as_bytes(update_.finish()));
  }

 private:
  // Those of the store as they are unpacked; what cannot be read equals nothing.
  std::vector<Bytes> present(QPDFObjectHandle array) {
    std::vector<Bytes> out;
    if (!array.isArray()) return out;
    for (const QPDFObjectHandle& item : array.getArrayAsVector()) {
      if (auto stream = read_stream(opened_.layout, number_of(item), opened_.cost))
        out.push_back(std::move(stream->data));
    }
    return out;
  }

  void add(QPDFObjectHandle store, std::uint32_t owner, const char* key, const std::vector<Bytes>& items) {
    std::vector<Bytes> known = present(store.getKey(key));
    for (const Bytes& item : items) {
      if (std::ranges::find(known, item) != known.end()) continue;
      known.push_back(item);
      update_.append(store, owner, key, update_.add(stream_text("", item)));
      added_ = true;
    }
  }

  Opened& opened_;
  Update update_;
  bool added_ = false;
};

}  // namespace

base::Result<Bytes> add_evidence(ByteView file, const Evidence& evidence) {
  TANBA_TRY(const std::unique_ptr<Opened> opened, Opened::read(file));
  return contained([&] { return StoreWriter(*opened).run(evidence); });
}

}  // namespace tanba::pdf
