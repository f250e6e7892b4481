#include "net/http/target.h"

#include <gtest/gtest.h>

namespace tanba::net::http {
namespace {

using base::Code;
using Strings = std::vector<std::string>;

TEST(Target, SplitsAndDecodes) {
  const auto target = parse_target("/v1/applications/A%20%D3%98?b=1&c=x+y%26z&b=2&d");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/applications/A%20%D3%98");
  EXPECT_EQ(target->segments, (Strings{"v1", "applications", "A Ә"}));
  ASSERT_EQ(target->query.size(), 4U);
  EXPECT_EQ(target->query[1], (std::pair<std::string, std::string>{"c", "x y&z"}));
  EXPECT_EQ(target->query[3], (std::pair<std::string, std::string>{"d", ""}));
}

TEST(Target, TheRootHasNoSegmentAndATrailingSlashAnEmptyOne) {
  EXPECT_EQ(parse_target("/")->segments, Strings{});
  EXPECT_EQ(parse_target("/a/")->segments, (Strings{"a", ""}));
  EXPECT_EQ(parse_target("/a+b")->segments, (Strings{"a+b"}));
}

TEST(Target, TheAbsoluteFormIsTaken) {
  EXPECT_EQ(parse_target("https://example.kz:8443/v1/x?q=1")->segments, (Strings{"v1", "x"}));
  EXPECT_EQ(parse_target("http://example.kz")->path, "/");
}

TEST(Target, WhatTwoReadersCouldReadDifferentlyIsRefused) {
  for (const char* bad : {"", "*", "v1/x", "example.kz:443", "/a%", "/a%2", "/a%zz", "/a%00", "/a/../b", "/a/%2e%2e/b",
                          "/a/./b", "/a%2fb", "/a%5cb", "/a\\b", "/a#b", "/a b", "/\xff", "/%ff", "/?x=%ff"}) {
    const auto target = parse_target(bad);
    ASSERT_FALSE(target) << bad;
    EXPECT_EQ(target.error().code(), Code::kRequestMalformed) << bad;
  }
}

TEST(Target, SegmentsAndQueryMembersAreCounted) {
  std::string path;
  for (int i = 0; i < 32; ++i) path += "/a";
  EXPECT_TRUE(parse_target(path));
  EXPECT_FALSE(parse_target(path + "/a"));
  std::string query = "/?";
  for (int i = 0; i < 64; ++i) query += "a&";
  EXPECT_TRUE(parse_target(query));
  EXPECT_FALSE(parse_target(query + "a"));
}

}  // namespace
}  // namespace tanba::net::http
