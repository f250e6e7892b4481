#include "pdf/sign.h"

#include "cms/tsp/token.h"
#include "pdf/appearance.h"
#include "pdf/test_support.h"
#include "pki/test_support.h"

namespace tanba::pdf {
namespace {

using cms::test::FileSigner;
using test::simple;

const std::vector<std::string> kPages{
    "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>", "<< /Length 0 >>\nstream\n\nendstream",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>"};

base::Bytes file(const std::string& text) {
  return base::to_bytes(base::as_bytes(text));
}

Profile profile_of(const pki::Signer& signer) {
  return {.algorithm = const_cast<pki::Signer&>(signer).algorithms().front(),
          .time = base::parse_time("2026-11-27T10:00:00Z").value()};
}

base::Bytes signed_by(const base::Bytes& document, const std::string& name, const Profile& more = {}) {
  FileSigner signer(name);
  Profile profile = more;
  profile.algorithm = profile_of(signer).algorithm;
  profile.time = profile_of(signer).time;
  auto out = sign(test::context(), document, signer, profile);
  EXPECT_TRUE(out.has_value()) << out.error().message();
  return out.value_or(base::Bytes{});
}

void expect_good(const base::Bytes& document, std::size_t signatures) {
  const auto facts = test::inspected(document);
  EXPECT_EQ(test::codes_of(facts), std::set<std::string>{});
  ASSERT_EQ(facts.signatures.size(), signatures);
  for (const auto& one : facts.signatures) EXPECT_TRUE(one.covers.whole);
}

void expect_unsignable(const base::Bytes& document, const Profile& profile = {},
                       base::Code code = base::Code::kPdfUnsignable) {
  FileSigner signer("head");
  Profile own = profile;
  own.algorithm = profile_of(signer).algorithm;
  const auto out = sign(test::context(), document, signer, own);
  ASSERT_FALSE(out.has_value());
  EXPECT_EQ(out.error().code(), code) << out.error().message();
}

TEST(PdfSign, WhatIsSignedVerifiesAndWhatWasThereStays) {
  const base::Bytes before = file(simple(kPages));
  const base::Bytes after = signed_by(before, "head");
  expect_good(after, 1);
  EXPECT_TRUE(base::equal(base::ByteView(after).first(before.size()), before));
  const auto facts = test::inspected(after);
  EXPECT_EQ(base::format_time(*facts.signatures[0].claimed_signing_time), "2026-11-27T10:00:00Z");
}

TEST(PdfSign, ByGost) {
  expect_good(signed_by(file(simple(kPages)), "gost-head"), 1);
}

TEST(PdfSign, OneAfterTheOther) {
  expect_good(signed_by(signed_by(file(simple(kPages)), "head"), "employee"), 2);
}

TEST(PdfSign, FilesOfEveryForm) {
  for (const char* name : {"pdf-signed", "pdf-xref-stream", "pdf-object-streams", "pdf-certified-2-filled"}) {
    const base::Bytes before = test::document(name);
    expect_good(signed_by(before, "employee"), test::inspected(before).signatures.size() + 1);
  }
}

TEST(PdfSign, FormsAndAnnotationsStandInObjectsOfTheirOwnOrNot) {
  std::vector<std::string> objects = kPages;
  objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R >>";
  objects[2] = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots 8 0 R >>";
  objects.insert(objects.end(),
                 {"<< /Fields 7 0 R >>", "[9 0 R]", "[9 0 R]",
                  "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Signature1) /Rect [1 1 9 9] /P 3 0 R >>"});
  const base::Bytes once = signed_by(file(simple(objects)), "head");
  expect_good(once, 1);
  // The name that was taken is not taken twice.
  EXPECT_NE(base::as_text(once).find("/T (Signature2)"), std::string_view::npos);
  expect_good(signed_by(once, "employee"), 2);
}

TEST(PdfSign, TheIdentifierChangesInItsSecondPart) {
  const base::Bytes once = signed_by(file(simple(kPages, "/ID [<00112233> <00112233>]")), "head");
  expect_good(once, 1);
  const std::string_view text = base::as_text(once);
  EXPECT_NE(text.rfind("/ID [<00112233> <"), text.rfind("/ID [<00112233> <00112233>]"));
}

TEST(PdfSign, WithoutALineEndBehindTheEnd) {
  std::string text = simple(kPages);
  text.pop_back();
  expect_good(signed_by(file(text), "head"), 1);
}

TEST(PdfSign, ACertificationSaysWhatMayFollow) {
  const base::Bytes once = signed_by(file(simple(kPages)), "head", {.certify = Permission::kNothing});
  expect_good(once, 1);
  expect_unsignable(once);
  const base::Bytes open = signed_by(file(simple(kPages)), "head", {.certify = Permission::kFillIn});
  expect_good(signed_by(open, "employee"), 2);
  expect_unsignable(open, {.certify = Permission::kFillIn});
}

TEST(PdfSign, AVisibleSignatureIsTheFirstOrInAFieldThatWasThere) {
  const Place place{.page = 2, .x = 72, .y = 72, .width = 200, .height = 40};
  const base::Bytes first = signed_by(file(simple(kPages)), "head", {.visible = place});
  expect_good(first, 1);
  EXPECT_NE(base::as_text(first).find("/Rect [72 72 272 112]"), std::string_view::npos);
  EXPECT_NE(base::as_text(first).find("(Signed: "), std::string_view::npos);
  expect_unsignable(first, {.visible = place});
  expect_good(signed_by(first, "employee"), 2);

  std::vector<std::string> with_field = kPages;
  with_field[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>";
  with_field[2] = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [6 0 R] >>";
  with_field.push_back(
      "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Officer) /Rect [350 60 550 120] /F 4 /P 3 0 R >>");
  const base::Bytes prepared = signed_by(file(simple(with_field)), "head");
  expect_good(signed_by(prepared, "employee", {.field = "Officer"}), 2);
  expect_unsignable(prepared, {.field = "Other"});
}

// A page with an empty signature field that has these entries too.
std::string with_field(const std::string& entries) {
  std::vector<std::string> objects = kPages;
  objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>";
  objects[2] = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [6 0 R] >>";
  objects.push_back("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Officer) /Rect [0 0 0 0] /F 132 /P 3 0 R " +
                    entries + " >>");
  return simple(objects);
}

TEST(PdfSign, TheLockOfAFieldIsSigned) {
  const base::Bytes once =
      signed_by(file(with_field("/Lock << /Action /Include /Fields [(Other)] >>")), "head", {.field = "Officer"});
  expect_good(once, 1);
  EXPECT_NE(base::as_text(once).find("/TransformMethod /FieldMDP"), std::string_view::npos);
  expect_good(signed_by(once, "employee"), 2);
  expect_unsignable(file(with_field("/Lock << /Action /Include >>")), {.field = "Officer"});
  expect_unsignable(file(with_field("/Lock << /Action /None >>")), {.field = "Officer"});
}

TEST(PdfSign, NoSignatureIsMadeThatBreaksAnEarlierOne) {
  const base::Bytes once = signed_by(file(with_field("/Lock << /Action /All >>")), "head", {.field = "Officer"});
  expect_good(once, 1);
  expect_unsignable(once);
  // A time stamp in a field of its own breaks nothing.
  EXPECT_TRUE(prepare_timestamp(once).has_value());
  // One that is broken already.
  expect_unsignable(test::document("pdf-text-replaced"));
}

TEST(PdfSign, WhatAFieldRequiresIsMadeOrRefused) {
  for (const char* kept : {"<< /Ff 3 /Filter /Adobe.PPKLite /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached] >>",
                           "<< /Reasons [(a)] /MDP << /P 0 >> >>"}) {
    expect_good(signed_by(file(with_field(std::string("/SV ") + kept)), "head", {.field = "Officer"}), 1);
  }
  for (const char* required :
       {"<< /Ff 2 /SubFilter [/adbe.pkcs7.detached] >>", "<< /Ff 1 /Filter /Other >>", "<< /Ff 8 /Reasons [(a)] >>",
        "<< /Cert << /Ff 1 >> >>", "<< /TimeStamp << /URL (a) /Ff 1 >> >>", "<< /MDP << /P 2 >> >>", "1"}) {
    expect_unsignable(file(with_field(std::string("/SV ") + required)), {.field = "Officer"});
  }
  const std::string certifying = with_field("/SV << /MDP << /P 2 >> >>");
  expect_good(signed_by(file(certifying), "head", {.certify = Permission::kFillIn, .field = "Officer"}), 1);
}

TEST(PdfSign, ThePlaceForTheSignatureIsNoStringOfTheDocument) {
  std::vector<std::string> objects = kPages;
  objects[2] =
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /X (/ByteRange [0 0000000000 0000000000 "
      "0000000000] /Contents <" +
      std::string(60'000, '0') + ">) >>";
  const base::Bytes once = signed_by(file(simple(objects)), "head");
  expect_good(once, 1);
  EXPECT_EQ(base::as_text(once).find(objects[2].substr(80)),
            base::as_text(file(simple(objects))).find(objects[2].substr(80)));
}

TEST(PdfSign, APlaceIsOnAPageThatIsThere) {
  const base::Bytes document = file(simple(kPages));
  expect_unsignable(document, {.visible = Place{.page = 3, .x = 1, .y = 1, .width = 1, .height = 1}});
  expect_unsignable(document, {.visible = Place{.page = 0, .x = 1, .y = 1, .width = 1, .height = 1}});
  expect_unsignable(document, {.visible = Place{.page = 1, .x = 1, .y = 1, .width = 0, .height = 1}});
  expect_unsignable(document, {.visible = Place{.page = 1, .x = -1, .y = 1, .width = 5, .height = 1}});
}

TEST(PdfSign, WhatCannotBeReadIsNotSigned) {
  expect_unsignable(file("no PDF"), {}, base::Code::kPdfMalformed);
  expect_unsignable(file(simple(kPages, "/Encrypt << >>")), {}, base::Code::kPdfEncrypted);
  expect_unsignable(file(simple(kPages) + "more"), {}, base::Code::kPdfMalformed);
}

TEST(PdfSign, TheValueFitsInWhatIsReserved) {
  expect_unsignable(file(simple(kPages)), {.reserved_bytes = 512});
}

TEST(PdfSign, EvidenceIsAddedOnce) {
  const base::Bytes once = signed_by(file(simple(kPages)), "head");
  Evidence evidence;
  evidence.crls.push_back(test::read(test::certs_test() / "crl" / "issuing.crl"));
  evidence.certificates.push_back(base::to_bytes(cms::test::certificate("ca/issuing")->der()));
  const auto with = add_evidence(once, evidence);
  ASSERT_TRUE(with.has_value()) << with.error().message();
  expect_good(*with, 1);
  const auto facts = test::inspected(*with);
  EXPECT_EQ(facts.crls, evidence.crls);
  EXPECT_EQ(facts.certificates.size(), 2U);
  EXPECT_EQ(add_evidence(*with, evidence).value(), *with);
  evidence.crls.push_back(test::read(test::certs_test() / "crl" / "root.crl"));
  EXPECT_EQ(test::inspected(add_evidence(*with, evidence).value()).crls.size(), 2U);
}

TEST(PdfSign, TimeStampsFindTheirPlace) {
  const base::Bytes once = signed_by(file(simple(kPages)), "head");
  const base::Bytes over = octets_to_stamp(once).value();
  EXPECT_EQ(over, test::inspected(once).signatures[0].signature_value);
  // A token over something else: only where it stands is looked at here.
  const base::Bytes token = test::read(test::certs_test() / "tsp" / "ok.tst");
  const auto stamped = add_signature_timestamp(once, token);
  ASSERT_TRUE(stamped.has_value()) << stamped.error().message();
  EXPECT_EQ(stamped->size(), once.size());
  EXPECT_EQ(test::inspected(*stamped).signatures[0].timestamp_tokens.at(0).token, token);

  EXPECT_EQ(octets_to_stamp(test::document("pdf-document-time-stamp")).error().code(), base::Code::kPdfUnsignable);
  EXPECT_EQ(octets_to_stamp(file(simple(kPages))).error().code(), base::Code::kPdfUnsignable);

  auto document_stamp = prepare_timestamp(once).value();
  const base::Bytes covered = document_stamp.covered();
  EXPECT_EQ(covered.size() + document_stamp.hole.size(), document_stamp.file.size());
  const auto whole = complete_timestamp(std::move(document_stamp), token);
  ASSERT_TRUE(whole.has_value());
  const auto facts = test::inspected(*whole);
  EXPECT_EQ(test::codes_of(facts), std::set<std::string>{});
  ASSERT_EQ(facts.signatures[0].timestamps.size(), 1U);
  EXPECT_EQ(facts.signatures[0].timestamps[0].kind, pki::TimestampKind::kDocument);
  EXPECT_EQ(facts.signatures[0].timestamps[0].errors.at(0).code(), base::Code::kTspImprint);
}

TEST(PdfAppearance, NamesAreInLatinLetters) {
  EXPECT_EQ(transliterated("ДЕМОВ Дәулет Қайратұлы"), "DEMOV Daulet Qayratuly");
  EXPECT_EQ(transliterated("a(b)\\ \xFF 日"), "a(b)\\ ? ?");
}
TEST(PdfAppearance, NumbersHaveNoExponent) {
  EXPECT_EQ(number_text(72), "72");
  EXPECT_EQ(number_text(0.25), "0.25");
  EXPECT_EQ(number_text(-1.05), "-1.05");
  EXPECT_EQ(number_text(-0.5), "-0.50");
}

}  // namespace
}  // namespace tanba::pdf
