// The registry's rows as the API shows them.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "licensing/flow/flow.h"
#include "licensing/flow/trust_lists.h"
#include "licensing/registry_port.h"
#include "licensing/services.h"
#include "verify/evidence/sources.h"

namespace tanba::server {

// As this scope shows it: what the licensor is about to decide is for its officers alone.
[[nodiscard]] boost::json::object to_json(const licensing::ApplicationRow& row, const licensing::Scope& scope);
[[nodiscard]] boost::json::object to_json(const licensing::DecisionRow& row);
// `today`: a licence past its last day keeps its state, and is not in force.
[[nodiscard]] boost::json::object to_json(const licensing::LicenceRow& row, licensing::Date today);
[[nodiscard]] boost::json::object to_json(const licensing::LicenceEventRow& row);
[[nodiscard]] boost::json::object to_json(const licensing::Intent& intent);
[[nodiscard]] boost::json::object to_json(const licensing::Service& service);
[[nodiscard]] boost::json::object to_json(const licensing::Registered& registered);
[[nodiscard]] boost::json::object to_json(const licensing::Decided& decided);

[[nodiscard]] boost::json::object to_json(const licensing::registry::TrustVersion& version);
[[nodiscard]] boost::json::object to_json(const licensing::flow::TrustState& state);
[[nodiscard]] boost::json::array to_json(const licensing::flow::TrustDifference& difference);

[[nodiscard]] boost::json::object to_json(const verify::evidence::SourceStatus& source, base::Language language);
[[nodiscard]] boost::json::object to_json(const licensing::registry::AlertRow& row);
[[nodiscard]] boost::json::object to_json(const licensing::flow::SeenCertificate& seen, base::Language language);

}  // namespace tanba::server
