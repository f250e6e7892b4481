#include "pdf/layout.h"

#include "pdf/test_support.h"

namespace tanba::pdf {
namespace {

using test::simple;

base::Result<Layout> read(const std::string& file) {
  Cost cost;
  TANBA_TRY(Layout layout, read_layout(base::as_bytes(file), cost));
  TANBA_CHECK(check_objects(layout, cost));
  return layout;
}

void expect_malformed(const std::string& file) {
  const auto layout = read(file);
  ASSERT_FALSE(layout.has_value());
  EXPECT_EQ(layout.error().code(), base::Code::kPdfMalformed) << layout.error().message();
}

std::string changed(std::string file, const std::string& from, const std::string& to) {
  const std::size_t at = file.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return file.replace(at, from.size(), to);
}

const std::vector<std::string> kObjects{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"};

TEST(Layout, AFileIsReadByItsTable) {
  const std::string file = simple(kObjects);
  const auto layout = read(file);
  ASSERT_TRUE(layout.has_value()) << layout.error().message();
  EXPECT_EQ(layout->entries.size(), 3U);
  EXPECT_EQ(layout->entries.at(1).position, 9U);
  EXPECT_EQ(layout->size, 3U);
  EXPECT_EQ(layout->sections.size(), 1U);
}

TEST(Layout, TheHeaderIsTheFirstThing) {
  expect_malformed("\n" + simple(kObjects));
}
TEST(Layout, TheEndIsTheLastThing) {
  EXPECT_TRUE(read(simple(kObjects) + "\r\n").has_value());
  expect_malformed(simple(kObjects) + "x");
  expect_malformed(simple(kObjects) + "\n\n\n\n\n\n");
  expect_malformed(changed(simple(kObjects), "startxref\n", "startxref\nx"));
}
TEST(Layout, SectionsAreWhereTheyAreSaidToBe) {
  expect_malformed(changed(simple(kObjects), "xref\n0 3", " xref\n0 3"));
  expect_malformed(changed(simple(kObjects), "/Root", "/Prev 4 /Root"));
  expect_malformed(changed(simple(kObjects), "/Root", "/Prev 999999 /Root"));
}
TEST(Layout, ASectionComesOnce) {
  const std::string file = simple(kObjects);
  const std::string at = std::to_string(file.find("xref\n"));
  expect_malformed(changed(file, "/Root", "/Prev " + at + " /Root"));
}
TEST(Layout, EntriesAreTwentyOctets) {
  expect_malformed(changed(simple(kObjects), "00000 n \n", "00000 n\n"));
  expect_malformed(changed(simple(kObjects), "00000 n \n", "0000x n \n"));
}
TEST(Layout, ObjectsAreWhereTheirEntriesSay) {
  expect_malformed(changed(simple(kObjects), "1 0 obj", "3 0 obj"));
  expect_malformed(changed(simple(kObjects), "1 0 obj", "1 1 obj"));
  expect_malformed(changed(simple(kObjects), "1 0 obj", "1 0 odj"));
  expect_malformed(changed(simple(kObjects), "0000000009", "0000000008"));
}
TEST(Layout, ObjectsAreFinished) {
  expect_malformed(changed(simple(kObjects), "endobj", "endobx"));
  expect_malformed(simple({"<< /A [1 2 >>"}));
  expect_malformed(simple({"<< /A >>"}));
  expect_malformed(simple({"<< 1 2 >>"}));
  expect_malformed(simple({"<< /A word >>"}));
  expect_malformed(simple({"<< /A (text >>"}));
  expect_malformed(simple({"<< /A <0g> >>"}));
}
TEST(Layout, StreamsAreAsLongAsTheySay) {
  EXPECT_TRUE(read(simple({"<< /Length 4 >>\nstream\ndata\nendstream"})).has_value());
  EXPECT_TRUE(read(simple({"<< /Length 2 0 R >>\nstream\ndata\nendstream", "4"})).has_value());
  expect_malformed(simple({"<< /Length 3 >>\nstream\ndata\nendstream"}));
  expect_malformed(simple({"<< /Length 99999 >>\nstream\ndata\nendstream"}));
  expect_malformed(simple({"<< /Length 4 >>\nstream\rdata\nendstream"}));
}
TEST(Layout, EncryptedFilesAreNotRead) {
  const auto layout = read(simple(kObjects, "/Encrypt << >>"));
  ASSERT_FALSE(layout.has_value());
  EXPECT_EQ(layout.error().code(), base::Code::kPdfEncrypted);
}
TEST(Layout, TheTrailerNamesTheCatalogAndTheSize) {
  expect_malformed(changed(simple(kObjects), "/Root 1 0 R", "/Root 1"));
  expect_malformed(changed(simple(kObjects), "/Size 3", "/Size 2"));
}
TEST(Layout, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return read(simple({std::string(depth, '[') + std::string(depth, ']')}));
  };
  EXPECT_TRUE(nested(kMaxDepth).has_value());
  EXPECT_EQ(nested(kMaxDepth + 1).error().code(), base::Code::kLimitDepth);
}
TEST(Layout, TokensAreBounded) {
  std::string many(2 * kMaxTokens, ' ');
  for (std::size_t at = 0; at < many.size(); at += 2) many[at] = '1';
  const auto layout = read(simple({"[" + many + "]"}));
  ASSERT_FALSE(layout.has_value());
  EXPECT_EQ(layout.error().code(), base::Code::kLimitCost);
}
TEST(Layout, ComparisonsAreBounded) {
  Cost cost;
  for (std::uint64_t token = 0; token < kMaxTokens; ++token) ASSERT_TRUE(cost.charge_token().has_value());
  for (std::uint64_t revision = 0; revision < kMaxComparedTokens / kMaxTokens; ++revision) {
    EXPECT_TRUE(cost.charge_comparison().has_value());
  }
  EXPECT_EQ(cost.charge_comparison().error().code(), base::Code::kLimitCost);
}
TEST(Layout, ObjectsAreBounded) {
  std::string table = "xref\n1 " + std::to_string(kMaxObjects) + "\n";
  for (std::size_t number = 0; number < kMaxObjects; ++number) table += "0000000009 00000 n \n";
  const auto with = [&](const std::string& more) {
    const std::string file =
        "%PDF-1.7\n" + table + more + "trailer\n<< /Size 999999 /Root 1 0 R >>\nstartxref\n9\n%%EOF\n";
    Cost cost;
    return read_layout(base::as_bytes(file), cost);
  };
  EXPECT_TRUE(with("").has_value());
  EXPECT_EQ(with("900000 1\n0000000009 00000 n \n").error().code(), base::Code::kLimitCount);
}

// A file whose third object is an object stream with this directory and these octets; objects from 10 on are in it.
std::string with_object_stream(const std::string& directory, const std::string& data, std::size_t members) {
  std::string file = "%PDF-1.7\n";
  std::vector<std::size_t> places{0};
  const std::string first = std::to_string(directory.size());
  for (const std::string& body :
       {kObjects[0], kObjects[1],
        "<< /Type /ObjStm /N " + std::to_string(members) + " /First " + first + " /Length " +
            std::to_string(directory.size() + data.size()) + " >>\nstream\n" + directory + data + "\nendstream"}) {
    file += std::to_string(places.size()) + " 0 obj\n";
    places.push_back(file.size() - (std::to_string(places.size()) + " 0 obj\n").size());
    file += body + "\nendobj\n";
  }
  std::string rows;
  const auto row = [&rows](std::uint8_t kind, std::size_t place, std::size_t index) {
    rows += static_cast<char>(kind);
    for (const int shift : {24, 16, 8, 0}) rows += static_cast<char>(place >> shift & 0xFF);
    for (const int shift : {8, 0}) rows += static_cast<char>(index >> shift & 0xFF);
  };
  for (std::size_t number = 1; number < places.size(); ++number) row(1, places[number], 0);
  const std::size_t at = file.size();
  row(1, at, 0);
  for (std::size_t member = 0; member < members; ++member) row(2, 3, member);
  return file + "4 0 obj\n<< /Type /XRef /Size " + std::to_string(10 + members) + " /W [1 4 2] /Index [1 4 10 " +
         std::to_string(members) + "] /Root 1 0 R /Length " + std::to_string(rows.size()) + " >>\nstream\n" + rows +
         "\nendstream\nendobj\nstartxref\n" + std::to_string(at) + "\n%%EOF\n";
}

// What reading it comes to: the code, and the octets passed for each octet of the file.
std::pair<base::Code, std::uint64_t> cost_of(const std::string& file) {
  Cost cost;
  auto layout = read_layout(base::as_bytes(file), cost);
  if (!layout) return {layout.error().code(), cost.passed() / file.size()};
  const auto checked = check_objects(*layout, cost);
  EXPECT_FALSE(checked.has_value());
  return {checked ? base::Code::kInternal : checked.error().code(), cost.passed() / file.size()};
}

TEST(Layout, ObjectStreamsListObjectsInTheirOrder) {
  const auto good = read(with_object_stream("10 0 11 5 ", "true null ", 2));
  EXPECT_TRUE(good.has_value()) << good.error().message();
  expect_malformed(with_object_stream("10 5 11 0 ", "true null ", 2));
  expect_malformed(with_object_stream("10 0 10 5 ", "true null ", 2));
  expect_malformed(with_object_stream("10 0 11 1 ", "((a))     ", 2));
  expect_malformed(with_object_stream("10 0 11 2 ", "1 0 R     ", 2));
}
TEST(Layout, NoOctetIsReadForManyMembersOfAnObjectStream) {
  constexpr std::size_t kMembers = 200;
  std::string directory;
  for (std::size_t member = 0; member < kMembers; ++member) directory += std::to_string(10 + member) + " 0 ";
  const auto [code, passes] = cost_of(with_object_stream(directory, "(" + std::string(500'000, 'a') + ")", kMembers));
  EXPECT_EQ(code, base::Code::kPdfMalformed);
  EXPECT_LE(passes, 3U);
}
TEST(Layout, NoOctetIsReadForManyObjects) {
  constexpr std::size_t kNested = 200;
  std::string file = "%PDF-1.7\n";
  std::string table = "xref\n1 " + std::to_string(kNested) + "\n";
  for (std::size_t number = 1; number <= kNested; ++number) {
    char line[24];
    (void)std::snprintf(line, sizeof line, "%010zu 00000 n \n", file.size());
    table += line;
    file += std::to_string(number) + " 0 obj(";
  }
  file += std::string(500'000, 'a');
  for (std::size_t number = 1; number <= kNested; ++number) file += ")endobj ";
  const std::size_t at = file.size();
  file += table + "trailer\n<< /Size 999 /Root 1 0 R >>\nstartxref\n" + std::to_string(at) + "\n%%EOF\n";
  const auto [code, passes] = cost_of(file);
  EXPECT_EQ(code, base::Code::kPdfMalformed);
  EXPECT_LE(passes, 3U);
}
TEST(Layout, OctetsPassedAreBounded) {
  std::vector<std::string> objects = kObjects;
  for (std::size_t stream = 0; stream < 200; ++stream) {
    objects.push_back("<< /Length 203 0 R >>\nstream\nx\nendstream");
  }
  objects.push_back(std::string(500'000, ' ') + "1");
  const auto [code, passes] = cost_of(simple(objects));
  EXPECT_EQ(code, base::Code::kLimitCost);
  EXPECT_LE(passes, kPassesPerByte + 1);
}
TEST(Layout, SectionsAreBounded) {
  std::string file = simple(kObjects);
  std::size_t previous = file.find("xref\n");
  for (std::size_t section = 1; section <= kMaxSections; ++section) {
    const std::size_t at = file.size();
    file += "xref\n0 0\ntrailer\n<< /Size 3 /Root 1 0 R /Prev " + std::to_string(previous) + " >>\nstartxref\n" +
            std::to_string(at) + "\n%%EOF\n";
    previous = at;
    if (section + 1 == kMaxSections) {
      EXPECT_TRUE(read(file).has_value());
    }
  }
  EXPECT_EQ(read(file).error().code(), base::Code::kLimitCount);
}
TEST(Layout, RevisionsEndWithTheirMarkOrTheLineEndBehindIt) {
  const std::string file = simple(kObjects);
  const base::ByteView octets = base::as_bytes(file);
  EXPECT_TRUE(ends_revision(octets, file.size()));
  EXPECT_TRUE(ends_revision(octets, file.size() - 1));
  EXPECT_FALSE(ends_revision(octets, file.size() - 2));
  EXPECT_FALSE(ends_revision(octets, file.size() + 1));
}

TEST(Syntax, NamesAreDecoded) {
  EXPECT_EQ(decode_name("/A#42c"), "ABc");
  EXPECT_FALSE(decode_name("/A#4").has_value());
  EXPECT_FALSE(decode_name("/A#00").has_value());
}
TEST(Syntax, IntegersAreDigitsAndNothingElse) {
  EXPECT_EQ(parse_integer("0012"), 12U);
  for (const char* text : {"", "-1", "+1", "1.0", "1 ", "9999999999999999"}) {
    EXPECT_FALSE(parse_integer(text).has_value()) << text;
  }
}
TEST(Syntax, ADictionaryHasEachKeyOnce) {
  Cost cost;
  const std::string text = "<< /A 1 /#41 2 >>";
  Tokenizer tokens(base::as_bytes(text), Span{0, text.size()});
  EXPECT_FALSE(Dictionary::read(tokens, cost).has_value());
}

}  // namespace
}  // namespace tanba::pdf
