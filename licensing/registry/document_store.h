// Documents by the SHA-256 of their octets, as files: <root>/ab/abcdef... (64 hexadecimal digits).
//
// A file is complete and fsynced, and so are its directory and the root, before put() or ensure() returns: a row that
// names a digest never names nothing. What another process made a moment ago is not taken to be durable already. What a
// crash leaves behind are files with temporary names, or documents that no row names; both are harmless, the former are
// removed when the store is opened a day later. Many processes may share one store.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace tanba::licensing::registry {

// Largest document that is read back: the limit of what is taken in (base::Limits), and room for revocation lists.
inline constexpr std::size_t kMaxStoredBytes = 256U << 20;

class DocumentStore {
 public:
  // Makes the root (mode 0750) if need be. registry.storage.
  [[nodiscard]] static base::Result<DocumentStore> open(std::filesystem::path root);

  // registry.storage when the disk is full or failing; nothing is named by the digest then, unless it was before.
  [[nodiscard]] base::Result<base::Digest> put(base::ByteView octets) const;
  // Makes sure that the octets of this digest are here, whole and durable, as put() does; answers their size. Those
  // that are not are taken from `read`: its error, or internal.error when what it reads has another digest. Without
  // `read`: registry.not_found, registry.damaged.
  using Read = std::function<base::Result<base::Bytes>()>;
  [[nodiscard]] base::Result<std::uint64_t> ensure(const base::Digest& digest, const Read& read) const;
  // Reads and checks: registry.not_found, registry.damaged when the octets do not have the digest.
  [[nodiscard]] base::Result<base::Bytes> get(const base::Digest& digest) const;
  enum class Presence { kPresent, kAbsent };
  [[nodiscard]] Presence find(const base::Digest& digest) const;
  // Size in octets; registry.not_found.
  [[nodiscard]] base::Result<std::uint64_t> size_bytes(const base::Digest& digest) const;
  [[nodiscard]] std::filesystem::path path_of(const base::Digest& digest) const;

 private:
  // Digests that this process made sure of: the same evidence comes with many applications.
  class Known;
  explicit DocumentStore(std::filesystem::path root);
  [[nodiscard]] base::Status make_fan(const std::filesystem::path& fan) const;
  [[nodiscard]] base::Status make_sure(const base::Digest& digest) const;
  std::filesystem::path root_;
  std::shared_ptr<Known> known_;
};

}  // namespace tanba::licensing::registry
