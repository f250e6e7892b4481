// The registry's rows as the API shows them.
#pragma once

#include <boost/json/object.hpp>

#include "licensing/registry_port.h"
#include "licensing/services.h"

namespace tanba::server {

[[nodiscard]] boost::json::object to_json(const licensing::ApplicationRow& row);
[[nodiscard]] boost::json::object to_json(const licensing::DecisionRow& row);
[[nodiscard]] boost::json::object to_json(const licensing::LicenceRow& row);
[[nodiscard]] boost::json::object to_json(const licensing::Intent& intent);
[[nodiscard]] boost::json::object to_json(const licensing::Service& service);
[[nodiscard]] boost::json::object to_json(const licensing::Registered& registered);
[[nodiscard]] boost::json::object to_json(const licensing::Decided& decided);

}  // namespace tanba::server
