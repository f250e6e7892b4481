// The API's description against the code, both ways.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>

#include "base/codes.h"
#include "base/json.h"
#include "server/openapi_text.h"
#include "server/operations.h"

namespace tanba::server {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return out;
}

class OpenApi : public ::testing::Test {
 protected:
  OpenApi() {
    EXPECT_TRUE(add_operations(api_, use_, 1U << 20));
    const auto parsed = base::parse_json(kOpenApiText);
    EXPECT_TRUE(parsed);
    if (parsed) document_ = parsed->as_object();
  }
  [[nodiscard]] const boost::json::object& paths() const { return document_.at("paths").as_object(); }

  UseCases use_;
  net::http::Router router_;
  Authenticator authenticator_{{}};
  Api api_{router_, authenticator_};
  boost::json::object document_;
};

TEST_F(OpenApi, DescribesExactlyTheRoutesThatAreThere) {
  std::set<std::string> served;
  for (const auto& route : router_.routes()) {
    served.insert(lower(net::http::to_string(route.method)) + " " + std::string(route.pattern));
  }
  std::set<std::string> described;
  for (const auto& [path, item] : paths()) {
    for (const auto& [method, operation] : item.as_object())
      described.insert(std::string(method) + " " + std::string(path));
  }
  EXPECT_EQ(served, described);
}

TEST_F(OpenApi, SaysWhoMayCallAsTheCodeDoes) {
  const std::map<Access, std::set<std::string>> expected{
      {Access::kPublic, {}},
      {Access::kKnown, {"mutualTls", "bearerKey", "session"}},
      {Access::kPortal, {"mutualTls", "bearerKey"}},
      {Access::kPortalOrStaff, {"mutualTls", "bearerKey", "session"}},
      {Access::kStaff, {"session"}},
      {Access::kOfficer, {"session"}},
      {Access::kSecurity, {"session"}},
  };
  for (const Api::Entry& entry : api_.entries()) {
    const auto& operation = paths().at(entry.pattern).at(lower(net::http::to_string(entry.method))).as_object();
    std::set<std::string> schemes;
    for (const auto& one : operation.at("security").as_array()) {
      for (const auto& [scheme, scopes] : one.as_object()) schemes.emplace(scheme);
    }
    EXPECT_EQ(schemes, expected.at(entry.access)) << entry.pattern;
  }
}

TEST_F(OpenApi, OperationIdsAreUniqueAndPathParametersDeclared) {
  std::set<std::string> ids;
  for (const auto& [path, item] : paths()) {
    for (const auto& [method, operation] : item.as_object()) {
      const auto& object = operation.as_object();
      EXPECT_TRUE(ids.emplace(object.at("operationId").as_string()).second) << path;
      std::set<std::string> declared;
      if (const auto* parameters = object.if_contains("parameters")) {
        for (const auto& parameter : parameters->as_array()) {
          if (parameter.at("in").as_string() == "path")
            declared.emplace("{" + std::string(parameter.at("name").as_string()) + "}");
        }
      }
      for (const std::string& name : declared)
        EXPECT_NE(std::string_view(path).find(name), std::string_view::npos) << path;
      EXPECT_EQ(declared.size(), static_cast<std::size_t>(std::ranges::count(path, '{'))) << path;
    }
  }
}

// References lead somewhere. A list, not recursion: the document is walked as it lies.
TEST_F(OpenApi, ReferencesResolve) {
  std::vector<const boost::json::value*> open;
  const boost::json::value whole(document_);
  open.push_back(&whole);
  std::size_t references = 0;
  while (!open.empty()) {
    const boost::json::value* value = open.back();
    open.pop_back();
    if (const auto* array = value->if_array()) {
      for (const auto& element : *array) open.push_back(&element);
    }
    const auto* object = value->if_object();
    if (object == nullptr) continue;
    for (const auto& [name, member] : *object) {
      open.push_back(&member);
      if (name != "$ref") continue;
      ++references;
      const std::string pointer = std::string(member.as_string()).substr(1);  // without '#'
      boost::system::error_code ec;
      EXPECT_NE(whole.find_pointer(pointer, ec), nullptr) << pointer;
    }
  }
  EXPECT_GT(references, 50U);
}

}  // namespace
}  // namespace tanba::server
