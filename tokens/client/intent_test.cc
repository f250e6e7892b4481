#include "tokens/client/intent.h"

#include <gtest/gtest.h>

#include <functional>

namespace tanba::tokens::client {
namespace {

Intent intent() {
  return {.id = "i-2026-000042",
          .kind = IntentKind::kLicence,
          .number = "26000042-7",
          .document = {.algorithm = pki::DigestAlgorithm::kSha256, .value = base::Bytes(32, 0xAB)},
          .licensor = "050540001234",
          .key = "licence-2026"};
}

TEST(IntentTest, TheTextIsCanonicalAndFixed) {
  EXPECT_EQ(intent_text(intent()),
            R"({"documentDigest":{"algorithm":"SHA-256","value":")"
            "abababababababababababababababababababababababababababababababab"
            R"("},"intent":"i-2026-000042","key":"licence-2026","kind":"licence","licensor":"050540001234",)"
            R"("number":"26000042-7","type":"urn:tanba:intent:1"})");
}

TEST(IntentTest, TheTextReadsBack) {
  Intent refusal = intent();
  refusal.kind = IntentKind::kRefusal;
  refusal.number = "ОТКАЗ №7";
  for (const Intent& one : {intent(), refusal}) {
    const auto back = parse_intent_text(intent_text(one));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, one);
  }
}

TEST(IntentTest, EveryMemberChangesTheText) {
  const std::string text = intent_text(intent());
  for (const auto& change : std::vector<std::function<void(Intent&)>>{
           [](Intent& i) { i.id = "other"; }, [](Intent& i) { i.kind = IntentKind::kRefusal; },
           [](Intent& i) { i.number = "8"; }, [](Intent& i) { i.document.value[0] ^= 1U; },
           [](Intent& i) { i.licensor = "050540001235"; }, [](Intent& i) { i.key = "refusal"; }}) {
    Intent changed = intent();
    change(changed);
    EXPECT_NE(intent_text(changed), text);
  }
}

TEST(IntentTest, ShapesAreChecked) {
  EXPECT_TRUE(check_intent(intent()));
  struct Case {
    const char* what;
    std::function<void(Intent&)> change;
  };
  for (const auto& [what, change] : std::vector<Case>{
           {"empty id", [](Intent& i) { i.id.clear(); }},
           {"long id", [](Intent& i) { i.id = std::string(65, 'a'); }},
           {"id with a space", [](Intent& i) { i.id = "a b"; }},
           {"id with a letter of another script", [](Intent& i) { i.id = "і-1"; }},
           {"empty number", [](Intent& i) { i.number.clear(); }},
           {"number with a line break", [](Intent& i) { i.number = "1\n2"; }},
           {"number with a bidi control", [](Intent& i) { i.number = "1\u202E2"; }},
           {"number that is no UTF-8", [](Intent& i) { i.number = "\xFF"; }},
           {"long number", [](Intent& i) { i.number = std::string(65, '1'); }},
           {"short digest", [](Intent& i) { i.document.value.pop_back(); }},
           {"weak digest", [](Intent& i) { i.document = {pki::DigestAlgorithm::kSha1, base::Bytes(20)}; }},
           {"licensor of eleven digits", [](Intent& i) { i.licensor = "05054000123"; }},
           {"licensor with a letter", [](Intent& i) { i.licensor = "05054000123a"; }},
           {"key with a slash", [](Intent& i) { i.key = "a/b"; }}}) {
    Intent changed = intent();
    change(changed);
    const auto checked = check_intent(changed);
    ASSERT_FALSE(checked) << what;
    EXPECT_EQ(base::dotted(checked.error().code()), "keyd.protocol") << what;
  }
}

TEST(IntentTest, OnlyTheExactTextIsAccepted) {
  const std::string text = intent_text(intent());
  EXPECT_TRUE(parse_intent_text(text));
  EXPECT_FALSE(parse_intent_text(text + " "));
  EXPECT_FALSE(parse_intent_text(" " + text));
  EXPECT_FALSE(parse_intent_text("{}"));
  EXPECT_FALSE(parse_intent_text(""));
  std::string more = text;
  more.insert(1, R"("a":1,)");
  EXPECT_FALSE(parse_intent_text(more));
  std::string capitals = text;
  capitals.replace(capitals.find("abab"), 2, "AB");
  EXPECT_FALSE(parse_intent_text(capitals));
  std::string other = text;
  other.replace(other.find("intent:1"), 8, "intent:2");
  EXPECT_FALSE(parse_intent_text(other));
}

}  // namespace
}  // namespace tanba::tokens::client
