#include "base/limits.h"

namespace tanba::base {
namespace {

// Charges before the work; written so that the sum cannot overflow.
Status charge(std::uint64_t& spent, std::uint64_t cost, std::uint64_t limit, const char* what) {
  if (cost > limit - spent) return fail(Code::kLimitCost, {{"what", what}});
  spent += cost;
  return {};
}

}  // namespace

Status Budget::charge_digest(std::uint64_t bytes) {
  return charge(digested_, bytes, limits_.max_digested_bytes, "octets to digest");
}
Status Budget::charge_canonicalisation(std::uint64_t bytes) {
  return charge(canonicalised_, bytes, limits_.max_canonicalised_bytes, "octets to canonicalise");
}
Status Budget::charge_public_key_operation(std::uint64_t count) {
  return charge(public_key_operations_, count, limits_.max_public_key_operations, "public-key operations");
}
Status Budget::charge_path_step() {
  return charge(path_steps_, 1, limits_.max_path_steps, "issuers to try");
}

}  // namespace tanba::base
