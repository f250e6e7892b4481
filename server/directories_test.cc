#include "server/directories.h"

#include <gtest/gtest.h>

#include "licensing/registry/testing.h"

namespace tanba::server {
namespace {

using base::Code;
using licensing::Listing;
using licensing::registry::testing::code_of;
namespace registry = licensing::registry;

StaffConfig entry(StaffKind kind, const std::string& iin) {
  return {.kind = kind, .iin = iin, .bin = "100440000212", .name = "N", .listing = Listing::kListed};
}

class ConfiguredStaff : public ::testing::Test {
 protected:
  void SetUp() override { registry_ = *registry::Registry::open(place_.options(), clock_); }
  registry::Staff find(registry::StaffKind kind, const std::string& iin) {
    return registry_->find_staff(kind, iin, "100440000212").value();
  }
  std::size_t journal_rows() { return place_.session()->rows("SELECT seq FROM journal", 1).value().size(); }

  const registry::testing::Place place_{registry::testing::Backend::kSqlite};
  base::FixedClock clock_{licensing::testing::kNow};
  std::unique_ptr<registry::Registry> registry_;
};

TEST_F(ConfiguredStaff, WhoIsNotNamedAnyMoreIsStruckOff) {
  const StaffConfig stays = entry(StaffKind::kOfficer, "790704300077");
  const StaffConfig goes = entry(StaffKind::kOfficer, "830912300090");
  StaffConfig other_kind = stays;  // the same person, in two capacities
  other_kind.kind = StaffKind::kSecurity;
  ASSERT_TRUE(put_configured_staff(*registry_, {stays, goes, other_kind}));
  RegistryStaff directory(*registry_);
  const std::string id = find(registry::StaffKind::kOfficer, goes.iin).person.id;
  EXPECT_TRUE(directory.check_listed(id));

  const std::size_t before = journal_rows();
  ASSERT_TRUE(put_configured_staff(*registry_, {stays}));
  EXPECT_EQ(code_of(directory.check_listed(id)), Code::kAuthDenied);
  EXPECT_EQ(find(registry::StaffKind::kOfficer, goes.iin).person.listing, Listing::kNotListed);
  EXPECT_EQ(find(registry::StaffKind::kSecurity, stays.iin).person.listing, Listing::kNotListed);
  EXPECT_EQ(find(registry::StaffKind::kOfficer, stays.iin).person.listing, Listing::kListed);
  EXPECT_EQ(journal_rows(), before + 2);

  ASSERT_TRUE(put_configured_staff(*registry_, {stays}));
  EXPECT_EQ(journal_rows(), before + 2) << "only changes are written";
  ASSERT_TRUE(put_configured_staff(*registry_, {stays, goes}));
  EXPECT_TRUE(directory.check_listed(id)) << "named again: the same person";
}

}  // namespace
}  // namespace tanba::server
