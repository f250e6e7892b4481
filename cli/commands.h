// The commands, each a function of its options. What they print and return is DESIGN 5's contract.
#pragma once

#include <string>
#include <vector>

#include "cli/io.h"
#include "cli/verification.h"

namespace tanba::cli {

struct VerifyOptions {
  VerificationOptions common;
  std::string file, data, expect_iin, expect_bin;
};
int verify_document(const VerifyOptions& options, const Output& output);

struct CertVerifyOptions {
  VerificationOptions common;
  std::string file, expect_iin, expect_bin;
  std::string purpose = "signing";
  std::vector<std::string> initial_policies;
  bool explicit_policy = false, inhibit_any_policy = false, inhibit_policy_mapping = false;
};
int verify_certificate(const CertVerifyOptions& options, const Output& output);
int show_certificate(const std::string& file, const Output& output);

struct CrlVerifyOptions {
  VerificationOptions common;
  std::string file;
};
int verify_crl(const CrlVerifyOptions& options, const Output& output);

struct OcspVerifyOptions {
  VerificationOptions common;
  std::string file, issuer, certificate;
};
int verify_ocsp(const OcspVerifyOptions& options, const Output& output);

}  // namespace tanba::cli
