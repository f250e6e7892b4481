// TSTInfo (RFC 3161 2.4.2): what a time stamp says. Structure only, no cryptography.
//
// Deviations from RFC 3161, for what real authorities write:
// - `ordering` may be written although it is the default (the DER rule of X.690 11.5 is broken by many);
// - genTime is DER's GeneralizedTime with at most nine digits of a second; trailing zeros are taken;
// - the parts of Accuracy may be zero.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "pki/oid.h"

namespace tanba::cms::tsp {

struct MessageImprint {
  pki::Oid algorithm;
  base::Bytes digest;
  bool operator==(const MessageImprint&) const = default;
};

struct TstInfo {
  pki::Oid policy;
  MessageImprint imprint;
  base::Bytes serial;                    // contents octets of the INTEGER
  base::Time gen_time;                   // the fraction cut off ...
  std::chrono::microseconds fraction{};  // ... and kept here, rounded up
  std::optional<std::chrono::microseconds> accuracy;
  bool ordering = false;
  base::Bytes nonce;  // contents octets of the INTEGER; empty when absent
  base::Bytes tsa;    // GeneralName, whole; empty when absent
};
// DER, nothing after it. tsp.malformed.
[[nodiscard]] base::Result<TstInfo> parse_tst_info(base::ByteView der);

// genTime with its fraction and accuracy, rounded up to a second.
[[nodiscard]] base::Time latest_time(const TstInfo& info);
// The `tsa` name for people: RFC 4514 for a directory name, the text of others, hexadecimal where there is none.
[[nodiscard]] std::string tsa_text(const TstInfo& info);

// MessageImprint as DER, and read from it. tsp.malformed.
[[nodiscard]] base::Result<MessageImprint> parse_message_imprint(base::ByteView der);

}  // namespace tanba::cms::tsp
