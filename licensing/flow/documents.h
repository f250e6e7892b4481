// The published XML documents (docs/schema): read from octets that were signed, and written for signing.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "licensing/application.h"
#include "licensing/decision.h"
#include "licensing/registry_port.h"
#include "licensing/services.h"
#include "xmldsig/xml/schema.h"

namespace tanba::licensing::flow {

// The schemas, compiled once.
class Schemas {
 public:
  [[nodiscard]] static base::Result<Schemas> compile();

  // `octets` are those that a signature covers. application.schema with what is wrong; document.type for another root.
  [[nodiscard]] base::Result<ApplicationText> read_application(base::ByteView octets) const;
  struct Challenge {
    std::string host;
    std::string nonce;  // 64 hexadecimal digits
    std::string issued_at;
    std::string expires_at;
  };
  [[nodiscard]] base::Result<Challenge> read_login_challenge(base::ByteView octets) const;

 private:
  Schemas(xmldsig::xml::Schema application, xmldsig::xml::Schema challenge)
      : application_(std::move(application)), challenge_(std::move(challenge)) {}
  xmldsig::xml::Schema application_;
  xmldsig::xml::Schema challenge_;
};

// Does the document show that it is worth nothing?
enum class Demo : std::uint8_t { kNo, kYes };

struct DecisionDocument {
  std::string number;
  const Service* service = nullptr;
  const ApplicationRow* application = nullptr;
  const ProposedDecision* proposal = nullptr;
  base::Time decided_at;
  Demo demo = Demo::kNo;
};
// A licence or permit, or a refusal, by the kind of the proposal; unsigned, UTF-8, without white space between
// elements.
[[nodiscard]] base::Result<std::string> write_decision(const DecisionDocument& document);

[[nodiscard]] base::Result<std::string> write_login_challenge(const Schemas::Challenge& challenge);

}  // namespace tanba::licensing::flow
