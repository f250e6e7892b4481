// The evidence capsules of what is registered: which there are, and what has been put on them since.
//
// A capsule's parts and its manifest come with the command that registers what it proves, among its evidence; the
// manifest is the item of kind kCapsuleEvidence, one for each command. Seal and time stamp come later.
#pragma once

#include <optional>
#include <string>

#include "licensing/registry/accounts.h"

namespace tanba::licensing::registry {

inline constexpr std::string_view kCapsuleEvidence = "capsule";

struct CapsuleRow {
  std::string owner;          // number of the application or decision
  std::int64_t position = 0;  // each has its own, later ones a higher one
  base::Digest manifest;
  std::optional<base::Digest> seal;
  std::optional<base::Digest> time_stamp;
};

// What a capsule still waits for. A time stamp is over the sealed capsule.
enum class CapsuleLack : std::uint8_t { kSeal, kTimeStamp };

// The first one stays: a repeat changes nothing. registry.not_found; registry.state for a time stamp without seal.
struct PutOnCapsule {
  using Answer = Nothing;
  std::string owner;
  CapsuleLack what = CapsuleLack::kSeal;
  base::Bytes octets;  // CMS, or the time stamp's token
};

}  // namespace tanba::licensing::registry
