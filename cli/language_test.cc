// Reports, errors and words in Russian and Kazakh are Russian and Kazakh: every code, every word of an enumeration and
// every phrase, with nothing of English left but names of things that have no other name.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "base/phrases.h"
#include "base/text.h"
#include "cli/decision.h"
#include "cli/report_text.h"
#include "cli/row_text.h"
#include "cli/words.h"
#include "ocsp/ocsp.h"
#include "tokens/client/intent.h"
#include "verify/freshness_rules.h"

namespace tanba::cli {
namespace {

using base::Language;

constexpr std::array kTranslated{Language::kRussian, Language::kKazakh};

// Names of formats, standards, algorithms, programs and policies.
const std::set<std::string, std::less<>> kNames{"true",
                                                "false",
                                                "small",
                                                "business",
                                                "ASCII",
                                                "ASN",
                                                "BIT",
                                                "CDATA",
                                                "CIDR",
                                                "CMS",
                                                "CN",
                                                "CRL",
                                                "DER",
                                                "DOCTYPE",
                                                "DSS",
                                                "EMAIL",
                                                "EOF",
                                                "FILE",
                                                "GIVENNAME",
                                                "HEIGHT",
                                                "HOST",
                                                "HTTP",
                                                "ID",
                                                "INTEGER",
                                                "JSON",
                                                "LT",
                                                "OCSP",
                                                "OCTET",
                                                "OID",
                                                "OU",
                                                "PAGE",
                                                "PDF",
                                                "PEM",
                                                "PKCS",
                                                "PORT",
                                                "RFC",
                                                "RSA",
                                                "SERIALNUMBER",
                                                "SHA",
                                                "SOAP",
                                                "ST",
                                                "STRING",
                                                "SURNAME",
                                                "TLS",
                                                "TYPE",
                                                "URI",
                                                "URL",
                                                "UTF",
                                                "UUID",
                                                "VALUE",
                                                "WIDTH",
                                                "WS",
                                                "XML",
                                                "XMP",
                                                "TANBA_PKCS11_MODULE",
                                                "TANBA_SESSION",
                                                "Algorithm",
                                                "Digital",
                                                "Envelope",
                                                "Filter",
                                                "Header",
                                                "Id",
                                                "Object",
                                                "Reference",
                                                "Security",
                                                "Signature",
                                                "Timestamp",
                                                "approvers",
                                                "archive",
                                                "certify",
                                                "cms",
                                                "conformance",
                                                "endobj",
                                                "http",
                                                "https",
                                                "keyd",
                                                "kz",
                                                "nonce",
                                                "pdf",
                                                "portal_key",
                                                "qpdf",
                                                "sid",
                                                "soap",
                                                "startxref",
                                                "submission",
                                                "tanba",
                                                "trailer",
                                                "xades"};

bool is_word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// A name by its looks: a capital letter within (keyUsage, XPath), or digits (IPv4, 2026-01-01T00:00:00Z).
bool is_name_by_looks(std::string_view word) {
  const bool digits = std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const bool mixed = std::ranges::any_of(word, lower) && std::ranges::any_of(word.substr(1), upper);
  return digits || mixed;
}

// Latin words that are none of these: what a reader of Russian or Kazakh would stumble over. What stands in brackets is
// the machine's; {name} is a hole; --option and /Key are names.
std::vector<std::string> english_in(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '[' || text[at] == '{') {
      at = std::min(text.find(text[at] == '[' ? ']' : '}', at), text.size());
      continue;
    }
    if (!is_word_character(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_word_character(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    const bool option = at > 0 && (text[at - 1] == '/' || (at > 1 && text.substr(at - 2, 2) == "--"));
    if (option) {
      while (end < text.size() && (is_word_character(text[end]) || text[end] == '-')) ++end;
    } else if (word.size() > 1 && !is_name_by_looks(word) && !kNames.contains(word)) {
      out.emplace_back(word);
    }
    at = end;
  }
  return out;
}

void expect_no_english(std::string_view text, std::string_view where) {
  for (const std::string& word : english_in(text)) ADD_FAILURE() << '"' << word << "\" of " << where << ": " << text;
}

std::set<std::string> holes_of(std::string_view text) {
  std::set<std::string> out;
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    out.emplace(text.substr(open + 1, text.find('}', open) - open - 1));
  }
  return out;
}

TEST(EnglishIn, FindsWordsThatAreNoNames) {
  const auto found = [](std::string_view text) { return english_in(text).size(); };
  EXPECT_EQ(found("причина: keyCompromise"), 0U);  // a name by its looks: the report's own test finds it
  EXPECT_EQ(found("Полномочия: organization"), 1U);
  EXPECT_EQ(found("(serial 0a1b)"), 1U);
  EXPECT_EQ(found("проверка отзыва require"), 1U);
  EXPECT_EQ(found("обязательна [require], --trust, /Contents, 2026-01-01T00:00:00Z"), 0U);
  EXPECT_EQ(found("Подпись S1: PASSED"), 1U);
}

TEST(Translations, OfCodesHaveNoEnglishAndTheSameHoles) {
  for (const base::CodeInfo& code : base::all_codes()) {
    for (const std::string_view text : {code.russian, code.kazakh}) {
      EXPECT_FALSE(text.empty() || text == code.english) << code.dotted;
      EXPECT_EQ(holes_of(text), holes_of(code.english)) << code.dotted;
      expect_no_english(text, code.dotted);
    }
  }
}

TEST(Translations, OfPhrasesHaveNoEnglishAndFillOnlyTheHolesThatThereAre) {
  const std::set<std::string_view> same{"OCSP", "ocsp", "WS-Security", "ws-security", "1, 2, ..."};
  std::set<std::string_view> seen;
  for (const base::Phrase& phrase : base::all_phrases()) {
    EXPECT_TRUE(seen.insert(phrase.english).second) << phrase.english << " stands twice";
    const auto holes = std::ranges::count(phrase.english, '{');
    for (const std::string_view text : {phrase.russian, phrase.kazakh}) {
      EXPECT_TRUE(base::is_utf8(text));
      EXPECT_FALSE(text.empty() || (text == phrase.english && !same.contains(text))) << phrase.english;
      for (const std::string& hole : holes_of(text)) {
        EXPECT_TRUE(hole.size() == 1 && hole[0] >= '0' && hole[0] - '0' < holes) << phrase.english << ": " << text;
      }
      expect_no_english(text, phrase.english);
    }
  }
}

TEST(Translations, OfWordsHaveNoEnglish) {
  for (std::size_t i = 0; i < kWordCount; ++i) {
    for (const Language language : kTranslated) {
      expect_no_english(word(static_cast<Word>(i), language), word(static_cast<Word>(i), Language::kEnglish));
    }
  }
}

// --- phrases in phrases ----------------------------------------------------------------------------------------------

TEST(Phrases, AreFoundWholeByFormInListsAndInsideOthers) {
  const auto russian = [](std::string_view text) { return base::phrase(text, Language::kRussian); };
  EXPECT_EQ(russian("an element is cut off"), "элемент оборван");
  EXPECT_EQ(russian("object 7 lies within object 9"), "объект 7 внутри объекта 9");
  EXPECT_EQ(russian("field a that may hide much of a page"), "поле a, которое может закрыть большую часть страницы");
  EXPECT_EQ(russian("object 1 that nothing uses; Pages/Count; object 2 that nothing uses"),
            "объект 1, который нигде не используется; Pages/Count; объект 2, который нигде не используется");
  EXPECT_EQ(russian("keyCompromise, superseded"), "компрометация ключа, замена сертификата");
  EXPECT_EQ(russian("revokedCertificates: cut off"), "revokedCertificates: оборван");
  EXPECT_EQ(russian("2: The digest MD5 is too weak for the policy kz-submission."),
            "2: Хэш-функция MD5 слишком слаба для политики kz-submission.");
  EXPECT_EQ(russian("tsp.imprint"), "Метка времени поставлена на другие данные. [tsp.imprint]");
  EXPECT_EQ(russian("what nobody has said before"), "what nobody has said before");
  EXPECT_EQ(base::phrase("an element is cut off", Language::kEnglish), "an element is cut off");
  EXPECT_EQ(base::word_of("breaker", "open", Language::kRussian), "разомкнут: источник временно не запрашивается");
  EXPECT_EQ(base::word_of("nowhere", "open", Language::kRussian), "открыто");
  EXPECT_EQ(base::certificate_label("(serial 1) X (serial 0a)", Language::kRussian),
            "(serial 1) X (серийный номер 0a)");
}

TEST(Phrases, OfErrorsStandInTheirTexts) {
  const auto said = [](base::Code code, std::vector<base::ErrorArgument> arguments) {
    return base::Error(code, std::move(arguments)).message(Language::kRussian);
  };
  EXPECT_EQ(said(base::Code::kInputMember, {{"member", "reason"}, {"expected", "a text that is not empty"}}),
            "Поле причина [reason] отсутствует или имеет неверное значение: нужен непустой текст.");
  EXPECT_EQ(said(base::Code::kRegistryState, {{"what", "application"}, {"id", "A-1"}, {"state", "granted"}}),
            "Сейчас это невозможно: заявление A-1, состояние: выдано.");
  EXPECT_EQ(said(base::Code::kIdentityMissing, {{"kind", "IIN"}, {"expected", "780310300036"}}),
            "В сертификате нет ИИН, а в запросе указан 780310300036.");
  // What comes from outside is not taken for a phrase of ours.
  EXPECT_EQ(said(base::Code::kFileExists, {{"file", "open"}}), "Файл open уже существует.");
  // The machine's words that a request must hold stay as they must be written.
  EXPECT_EQ(said(base::Code::kInputMember, {{"member", "x"}, {"expected", "signing, any or ocsp"}}),
            "Поле [x] отсутствует или имеет неверное значение: signing, any или ocsp.");
}

// --- whole reports ---------------------------------------------------------------------------------------------------

const base::Time kTime = base::parse_time("2026-01-02T00:00:30Z").value();

std::vector<base::Error> all_errors() {
  std::vector<base::Error> out;
  for (const base::CodeInfo& code : base::all_codes()) {
    std::vector<base::ErrorArgument> arguments;
    for (const std::string& hole : holes_of(code.english)) {
      const bool certificate = hole == "certificate" || hole == "issuer" || hole == "anchor";
      const bool phrase = hole == "what" || hole == "reason";
      arguments.push_back({hole, certificate ? "ДЕМО (serial 0a1b)" : phrase ? "an element is cut off" : "7"});
    }
    out.emplace_back(code.code, std::move(arguments));
  }
  return out;
}

verify::CertificateSummary certificate() {
  verify::CertificateSummary out{
      .subject = "Ә", .issuer = "Б", .serial = "0a", .not_before = kTime, .not_after = kTime};
  out.identity.iin = "780310300036";
  out.identity.bin = "050140000011";
  out.identity.name = "БАСШЫЕВ";
  // All roles of НУЦ РК, of which pki/identity.cc has the names.
  for (const char* role : {"1", "1.1", "2", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"}) {
    out.identity.roles.push_back(pki::Oid::from_dotted(std::string("1.2.398.3.3.4.1.") + role).value());
  }
  for (const char* role : {"2", "2.1", "2.2", "2.3", "3", "3.1", "3.2", "3.2.1"}) {
    out.identity.roles.push_back(pki::Oid::from_dotted(std::string("1.2.398.3.3.4.") + role).value());
  }
  return out;
}

std::vector<verify::RevocationEntry> all_revocation() {
  std::vector<verify::RevocationEntry> out;
  for (unsigned reason = 0; reason <= 10; ++reason) {
    for (const char* kind : {"OCSP", "CRL", "hold"}) {
      verify::RevocationEntry entry{.certificate = "ДЕМО (serial 0a1b)", .source = "embedded", .kind = kind};
      entry.status = static_cast<verify::RevocationStatus>(reason % 4);
      entry.this_update = kTime;
      entry.next_update = entry.revocation_time = kTime;
      entry.reason = reason == 7 ? "unspecified" : to_string(static_cast<ocsp::RevocationReason>(reason));
      out.push_back(std::move(entry));
    }
  }
  return out;
}

verify::Finding finding(verify::Indication indication) {
  verify::Finding out;
  out.id = "S1";
  out.outcome.indication = indication;
  out.errors = out.warnings = all_errors();
  out.claimed_signing_time = out.best_signature_time = kTime;
  out.covers_what = "1; not: the rest of the document";
  out.certificate = certificate();
  out.revocation = all_revocation();
  out.signature_policy = pki::SignaturePolicyFacts{};
  return out;
}

verify::Report report(verify::SubjectKind subject, verify::Indication indication) {
  verify::Report out;
  out.subject = subject;
  out.outcome.indication = indication;
  out.document = "00";
  out.validation_time = kTime;
  out.policy_id = "kz-submission";
  out.conformance_only = true;
  out.errors = all_errors();
  out.findings.push_back(finding(indication));
  verify::TimestampFinding stamp;
  stamp.says.gen_time = stamp.says.latest_time = kTime;
  stamp.result.id = "T1";
  stamp.result.outcome.indication = indication;
  out.findings.front().timestamps.push_back(stamp);
  verify::CounterSignatureFinding counter;
  counter.over = "S1";
  counter.result.id = "C1";
  counter.result.outcome.indication = indication;
  out.findings.front().counter_signatures.push_back(counter);
  out.identity = verify::IdentityFinding{.kind = "IIN", .expected = "1", .found = "", .match = false, .rule = ""};
  out.answer.emplace();
  out.answer->entries = 7;
  for (unsigned reason = 0; reason <= 10; ++reason) {
    if (reason == 7) continue;
    out.answer->statuses.push_back({.serial = "0a",
                                    .status = static_cast<verify::RevocationStatus>(reason % 4),
                                    .revocation_time = kTime,
                                    .reason = std::string(to_string(static_cast<ocsp::RevocationReason>(reason)))});
  }
  out.retry_after = base::Seconds(30);
  return out;
}

TEST(Reports, HaveNoEnglish) {
  using verify::Indication;
  using verify::SubjectKind;
  for (const SubjectKind subject : {SubjectKind::kDocument, SubjectKind::kCertificate, SubjectKind::kCrl,
                                    SubjectKind::kOcsp, SubjectKind::kTimestamp}) {
    for (const Indication indication : {Indication::kPassed, Indication::kFailed, Indication::kIndeterminate}) {
      verify::Report one = report(subject, indication);
      for (const char* format :
           {"CMS", "XML-DSig", "PDF", "unknown", "X.509", "X.509 CRL", "OCSP response", "RFC 3161 time stamp"}) {
        one.format = format;
        for (const Language language : kTranslated) expect_no_english(report_text(one, language), format);
      }
    }
  }
}

TEST(Reports, NameTheRestOfWhatTheySayInTheReadersLanguage) {
  verify::Report one = report(verify::SubjectKind::kDocument, verify::Indication::kFailed);
  for (const Language language : kTranslated) {
    for (unsigned mode = 0; mode <= static_cast<unsigned>(verify::RevocationMode::kOff); ++mode) {
      one.revocation_mode = static_cast<verify::RevocationMode>(mode);
      expect_no_english(report_text(one, language), "mode");
    }
    for (unsigned decision = 0; decision <= 2; ++decision) {
      one.outcome.decision = static_cast<verify::Decision>(decision);
      for (auto sub = base::SubIndication::kNone; sub <= base::SubIndication::kNoPoe;
           sub = static_cast<base::SubIndication>(static_cast<unsigned>(sub) + 1)) {
        one.outcome.sub_indication = sub;
        const std::string line = verdict_line(one, language);
        expect_no_english(line, "verdict");
        EXPECT_EQ(line.find("— ["), std::string::npos) << line << ": has no translation";
      }
    }
  }
  const std::string text = report_text(one, Language::kRussian);
  for (const char* word :
       {"компрометация ключа [keyCompromise]", "право подписи", "серийный номер 0a1b", "ИИН 780310300036",
        "остальная часть документа", "отключена [off]", "Подпись S1: не подтверждена [FAILED]"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
  EXPECT_NE(report_text(one, Language::kKazakh).find("2026-01-02T00:00:30Z бастап"), std::string::npos);
}

// What `decide` shows before the key server is asked.
TEST(ApprovalText, IsShownByItsParts) {
  tokens::client::Intent intent{.id = "i-1",
                                .kind = tokens::client::IntentKind::kLicence,
                                .number = "L-2026-01-0000001-11",
                                .document = {pki::DigestAlgorithm::kSha256, base::Bytes(32, 9)},
                                .licensor = "100440000219",
                                .key = "licence"};
  const std::string text = tokens::client::intent_text(intent);
  const std::string shown = approval_text(text, Language::kRussian);
  for (const char* part :
       {"[kind]: лицензия [licence]", "L-2026-01-0000001-11", "100440000219", "i-1", "SHA-256 0909090909"}) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << " in " << shown;
  }
  EXPECT_EQ(shown.find('"'), std::string::npos) << shown;
  EXPECT_NE(approval_text("no intent", Language::kRussian).find("no intent"), std::string::npos);
}

}  // namespace
}  // namespace tanba::cli
