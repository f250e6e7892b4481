// The commands, each a function of its options. What they print and return is DESIGN 5's contract.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/io.h"
#include "cli/key_access.h"
#include "cli/pdf_options.h"
#include "cli/verification.h"
#include "verify/evidence/augment.h"

namespace tanba::cli {

struct VerifyOptions {
  VerificationOptions common;
  std::string file, data, expect_iin, expect_bin;
  std::string capsule;             // where everything that was judged with is written; empty: nowhere
  std::vector<std::string> files;  // as given: files and directories
};
// Several files, or a directory.
[[nodiscard]] bool is_batch(const VerifyOptions& options);
int verify_documents(const VerifyOptions& options, const Output& output);
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

struct TimestampVerifyOptions {
  VerificationOptions common;
  std::string file, data;
};
int verify_timestamp(const TimestampVerifyOptions& options, const Output& output);

// Where a time stamp of the new signature comes from, and what it is verified with.
struct TimeStampOptions {
  std::vector<std::string> urls;  // asked in this order; none: no time stamp
  std::string policy;             // dotted OID to ask for; empty: the authority's own choice
  std::string digest = "SHA-256";
  VerificationOptions common;
};

// input.member
[[nodiscard]] base::Result<verify::evidence::TimeStamper::Options> stamper_options(const TimeStampOptions& options);
// The token over these octets of the first authority whose time stamp holds.
[[nodiscard]] base::Result<base::Bytes> request_time_stamp(const TimeStampOptions& options, base::Bytes octets);

// Lifts the signatures of a document, asking authorities and sources where any are named or allowed.
struct Unlifted {
  base::Bytes document;
  const base::Bytes* detached = nullptr;  // the content beside it
};
[[nodiscard]] base::Result<verify::evidence::Augmented> lift(const VerificationOptions& common,
                                                             const TimeStampOptions& time_stamp,
                                                             verify::evidence::Level level, Unlifted unlifted);

struct AugmentOptions {
  VerificationOptions common;
  TimeStampOptions time_stamp;
  std::string file, data, output;
  std::string level = "B-LT";
};
int augment_document(const AugmentOptions& options, const Output& output);

struct SignOptions {
  KeyOptions key;
  TimeStampOptions time_stamp;
  std::string file, output;
  PdfOptions pdf;
  std::string format;        // cms, xml, xades, soap or pdf
  std::string level;         // B-B, B-T or B-LT; empty: B-T with a time-stamp authority, else B-B
  bool detached = false;     // CLI11 fills flags into bool
  unsigned valid_for_s = 0;  // soap: a Timestamp, to be acted upon until then; 0: none
  // CMS that is signed already: one more signer, or a counter-signature over the signature of this id ("S1", ...).
  bool add = false;
  std::string data;                         // the content of a detached one
  std::optional<std::string> counter_sign;  // "": the only signature
};
int sign_document(const SignOptions& options, const Output& output);

struct CapsuleVerifyOptions {
  VerificationOptions common;
  std::string file, document;
  std::vector<std::string> seal_keys;  // SHA-256 of public keys, hexadecimal
  bool unsealed = false;               // CLI11 fills flags into bool
};
int verify_capsule(const CapsuleVerifyOptions& options, const Output& output);
int show_capsule(const std::string& file, const Output& output);
struct CapsuleRenewOptions {
  TimeStampOptions time_stamp;
  std::string file, output;
};
int renew_capsule(const CapsuleRenewOptions& options, const Output& output);

// Which tokens or keys, and whether private ones are to be seen too.
struct TokenListOptions {
  TokenOptions token;
  std::string password_file;
  bool log_in = false;
};
int list_tokens(const TokenListOptions& options, const Output& output);
int list_keys(const TokenListOptions& options, const Output& output);

struct NewKeyOptions {
  std::string label = "signing", id = "01";  // id: hexadecimal
  unsigned bits = 2048;
};
struct TokenInitOptions {
  TokenOptions token;
  std::string label, so_pin_file, password_file;
  NewKeyOptions key;
  bool erase = false;
};
int init_token(const TokenInitOptions& options, const Output& output);

struct TokenKeyOptions {
  TokenOptions token;
  std::string password_file, output;
  NewKeyOptions key;                 // generate
  std::vector<std::string> subject;  // csr: TYPE=VALUE
  std::string file;                  // import-certificate
  bool log_in = false;               // public-key
};
int generate_key(const TokenKeyOptions& options, const Output& output);
int export_public_key(const TokenKeyOptions& options, const Output& output);
int request_certificate(const TokenKeyOptions& options, const Output& output);
int import_certificate(const TokenKeyOptions& options, const Output& output);

}  // namespace tanba::cli
