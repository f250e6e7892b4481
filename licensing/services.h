// The services as data: what may be applied for, where, by which rules. Nothing elsewhere names a service in code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "licensing/identity_number.h"
#include "licensing/words.h"

namespace tanba::licensing {

struct Names {
  std::string ru;
  std::string kk;
  std::string en;
  bool operator==(const Names&) const = default;
};

enum class BusinessSize { kSmall, kOther };

// Working days from registration to decision.
struct DecisionPeriods {
  unsigned issue = 15;
  unsigned reissue = 15;
  unsigned duplicate = 15;
  // For subjects of small business, whatever the action; nothing when the text makes no difference.
  std::optional<unsigned> small_business;
  bool operator==(const DecisionPeriods&) const = default;
};

struct Service {
  std::string id;            // [a-z0-9-], unique; part of documents and addresses
  unsigned code = 0;         // 1..99, unique; part of register numbers, never given to another service
  std::string source_text;   // the regulation and its part: "001-2"
  Names name;                // what the licence is for
  std::string licensor_bin;  // the body that decides; its officers alone see the service's applications
  Names licensor_name;
  std::vector<Channel> channels;
  std::vector<Action> actions;
  PaymentRule payment = PaymentRule::kFee;
  RegisterKind register_kind = RegisterKind::kLicence;
  DecisionPeriods periods;
  bool operator==(const Service&) const = default;

  [[nodiscard]] unsigned working_days_for(Action action, BusinessSize business) const;
};

// The ten services of the five regulations, under the demo authority's licensors. A real installation sets the
// licensors' BINs (set_licensor) and may give other periods or services of its own.
[[nodiscard]] std::vector<Service> default_services();

// Puts this body in place of the default licensor of every service it has by default. `key` is oil-gas, industry,
// ecology or monopolies. config.invalid for another key.
[[nodiscard]] base::Status set_licensor(std::vector<Service>& services, std::string_view key, std::string_view bin);

class Services {
 public:
  // config.invalid, naming the service: ids and codes unique and well-formed, a licensor's BIN, names in ru and kk, at
  // least one channel and action, periods of 1..365 days.
  [[nodiscard]] static base::Result<Services> make(std::vector<Service> services,
                                                   CheckDigitRule rule = CheckDigitRule::kRequired);
  // Nothing when there is none. The pointer lives as long as this object.
  [[nodiscard]] const Service* find(std::string_view id) const;
  [[nodiscard]] const std::vector<Service>& all() const { return services_; }
  // All services of this licensor, in the order of the table.
  [[nodiscard]] std::vector<const Service*> of_licensor(std::string_view bin) const;

 private:
  explicit Services(std::vector<Service> services) : services_(std::move(services)) {}
  std::vector<Service> services_;
};

}  // namespace tanba::licensing
