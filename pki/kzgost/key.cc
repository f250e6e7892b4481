#include "pki/kzgost/key.h"

#include <cstring>
#include <new>
#include <utility>

namespace tanba::pki::kzgost {

PrivateScalar PrivateScalar::copy_of(View octets) noexcept {
  PrivateScalar scalar;
  // The secure heap when the program has one (CRYPTO_secure_malloc_init), the ordinary one otherwise.
  scalar.memory_ = static_cast<std::uint8_t*>(OPENSSL_secure_malloc(octets.size()));
  if (scalar.memory_ == nullptr) return scalar;
  scalar.size_ = octets.size();
  std::memcpy(scalar.memory_, octets.data(), octets.size());
  return scalar;
}

PrivateScalar::PrivateScalar(PrivateScalar&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}

PrivateScalar& PrivateScalar::operator=(PrivateScalar&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(size_, other.size_);
  return *this;
}

PrivateScalar::~PrivateScalar() {
  OPENSSL_secure_clear_free(memory_, size_);
}

Done Key::generate() noexcept {
  FixedOctets<kMaxFieldBytes> scalar(row().field_bytes());
  auto done = curve_.random_scalar(scalar.span());
  if (done) done = assign({}, scalar.view());
  OPENSSL_cleanse(scalar.data(), scalar.size());
  return done;
}

Done Key::assign(View public_octets, View private_octets) noexcept {
  if (public_octets.empty() && private_octets.empty()) return refuse(Reason::kKeyMissing);
  if (private_octets.empty()) {
    KZGOST_TRY(Point point, curve_.point(public_octets));
    return take(std::move(point), {});
  }
  KZGOST_CHECK(curve_.check_scalar(private_octets));
  KZGOST_TRY(const PointOctets derived, curve_.derive(private_octets));
  if (!public_octets.empty() && !equal(public_octets, derived.view())) return refuse(Reason::kKeyMismatch);
  KZGOST_TRY(Point point, curve_.point(derived.view()));
  return take(std::move(point), private_octets);
}

Done Key::take(Point point, View private_octets) noexcept {
  PrivateScalar scalar;
  if (!private_octets.empty()) {
    scalar = PrivateScalar::copy_of(private_octets);
    if (scalar.empty()) return refuse(Reason::kMemory);
  }
  try {
    material_ = std::make_shared<const KeyMaterial>(
        KeyMaterial{.public_key = std::move(point), .private_key = std::move(scalar)});
  } catch (const std::bad_alloc&) {
    return refuse(Reason::kMemory);
  }
  return {};
}

Done Key::check_pair() const noexcept {
  if (!has_private()) return refuse(Reason::kPrivateKeyMissing);
  KZGOST_CHECK(curve_.check_scalar(material_->private_key.octets()));
  KZGOST_TRY(const PointOctets derived, curve_.derive(material_->private_key.octets()));
  if (!equal(derived.view(), material_->public_key.octets())) return refuse(Reason::kKeyMismatch);
  return {};
}

}  // namespace tanba::pki::kzgost
