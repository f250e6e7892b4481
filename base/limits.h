// Budgets for work that outsiders can cause: charged before the work is done.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace tanba::base {

// What one verification may cost. Counts stop many small things, costs stop few large ones.
struct Limits {
  std::size_t max_document_bytes = 64U << 20;  // an application with scans attached; larger ones are detached
  std::size_t max_signatures = 64;             // co-signed contracts seen in practice have under 20
  std::size_t max_references = 32;             // a signature of the flow has one; XAdES two
  std::size_t max_certificates = 256;          // embedded ones: each costs a parse and a place in the path search
  std::size_t max_certificate_bytes = 64U << 10;
  std::size_t max_crl_bytes = 256U << 20;         // held in memory while it is read: five times the largest known
  std::uint64_t max_crl_file_bytes = 4ULL << 30;  // read as a stream: 150 million entries
  std::size_t max_ocsp_bytes = 64U << 10;         // the NCA's are under 4 KiB
  std::size_t max_xml_depth = 128;                // elements nested
  std::size_t max_xml_nodes = 2'000'000;
  std::uint64_t max_digested_bytes = 256U << 20;       // octets hashed, over all references and signers
  std::uint64_t max_canonicalised_bytes = 256U << 20;  // octets of canonical XML made
  std::uint64_t max_public_key_operations = 256;
  std::uint64_t max_path_steps = 512;  // issuers tried in one path search
};

class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}
  [[nodiscard]] Status charge_digest(std::uint64_t bytes);
  [[nodiscard]] Status charge_canonicalisation(std::uint64_t bytes);
  [[nodiscard]] Status charge_public_key_operation(std::uint64_t count = 1);
  [[nodiscard]] Status charge_path_step();
  [[nodiscard]] const Limits& limits() const { return limits_; }

 private:
  Limits limits_;
  std::uint64_t digested_ = 0;
  std::uint64_t canonicalised_ = 0;
  std::uint64_t public_key_operations_ = 0;
  std::uint64_t path_steps_ = 0;
};

}  // namespace tanba::base
