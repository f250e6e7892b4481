// Keys as the provider holds them: immutable, counted by reference, the private part in wiped memory.
#pragma once

#include <atomic>
#include <memory>

#include "pki/kzgost/curve.h"

namespace tanba::pki::kzgost {

// A scalar in OpenSSL's secure heap where the program has set one up, wiped in any case. Move-only.
class PrivateScalar {
 public:
  // `octets` was checked by Curve::check_scalar. Empty when there is no memory.
  [[nodiscard]] static PrivateScalar copy_of(View octets) noexcept;
  PrivateScalar() = default;
  PrivateScalar(PrivateScalar&& other) noexcept;
  PrivateScalar& operator=(PrivateScalar&& other) noexcept;
  PrivateScalar(const PrivateScalar&) = delete;
  PrivateScalar& operator=(const PrivateScalar&) = delete;
  ~PrivateScalar();

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] View octets() const { return {memory_, size_}; }  // little-endian

 private:
  std::uint8_t* memory_ = nullptr;
  std::size_t size_ = 0;
};

// What a key is made of; shared, never changed.
struct KeyMaterial {
  Point public_key;
  PrivateScalar private_key;  // may be empty
};
using KeyMaterialPtr = std::shared_ptr<const KeyMaterial>;

// A key of one kind, perhaps still without material: OpenSSL makes it empty and imports into it afterwards.
//
// Threads may share it once it has its material; OpenSSL gives it material before it shows it to anyone.
class Key {
 public:
  explicit Key(const Curve& curve) noexcept : curve_(curve) {}

  [[nodiscard]] const Curve& curve() const { return curve_; }
  [[nodiscard]] const KeyRow& row() const { return curve_.row(); }
  [[nodiscard]] bool has_public() const { return material_ != nullptr; }
  [[nodiscard]] bool has_private() const { return material_ != nullptr && !material_->private_key.empty(); }
  [[nodiscard]] const KeyMaterialPtr& material() const { return material_; }

  // A fresh pair. random.failed, internal.
  [[nodiscard]] Done generate() noexcept;
  // Either may be empty, not both; the public part is derived when it is not given, and compared when both are.
  [[nodiscard]] Done assign(View public_octets, View private_octets) noexcept;
  void share(const Key& other) noexcept { material_ = other.material_; }

  // Whether the private part belongs to the public one.
  [[nodiscard]] Done check_pair() const noexcept;

 private:
  [[nodiscard]] Done take(Point point, View private_octets) noexcept;

  const Curve& curve_;
  KeyMaterialPtr material_;
};

}  // namespace tanba::pki::kzgost
