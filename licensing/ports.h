// What the rules need from the world, as pure interfaces. Implementations: licensing/gateway (state databases, payment
// gateway), licensing/flow (signing), calendar.h (working days), registry_port.h (the registry).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "licensing/application.h"
#include "licensing/decision.h"

namespace tanba::licensing {

struct Person {
  ApplicantKind kind;
  std::string number;
  std::string name;
};

// The state databases of natural and legal persons. May block; called on threads for that.
class Persons {
 public:
  virtual ~Persons() = default;
  // Nothing when the database knows no such number; an error when it could not be asked.
  [[nodiscard]] virtual base::Result<std::optional<Person>> find_person(ApplicantKind kind,
                                                                        std::string_view number) = 0;
};

// Whether the fee was paid. May block.
class Payments {
 public:
  virtual ~Payments() = default;
  [[nodiscard]] virtual base::Result<PaymentFinding> find_payment(const ApplicationFields& application) = 0;
};

// Where no payment gateway is connected: only the scanned receipt counts, where the service allows it; applications for
// other services with a fee cannot be registered (fetch.unreachable).
class NoPaymentGateway final : public Payments {
 public:
  [[nodiscard]] base::Result<PaymentFinding> find_payment(const ApplicationFields&) override {
    return PaymentFinding::kNotAsked;
  }
};

// Makes the signed document of an intent in state `signing`, with the licensor's key. May block for as long as a token
// takes. The same intent gives the same document again.
class DecisionSigner {
 public:
  virtual ~DecisionSigner() = default;
  [[nodiscard]] virtual base::Result<base::Bytes> sign_decision(const Intent& intent, base::ByteView prepared) = 0;
  // After a restart: the document this intent was signed into; nothing when it never was and never will be.
  [[nodiscard]] virtual base::Result<std::optional<base::Bytes>> recall_decision(const Intent& intent) = 0;
};

}  // namespace tanba::licensing
