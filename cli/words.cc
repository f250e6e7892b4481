#include "cli/words.h"

namespace tanba::cli {
namespace {

struct Translation {
  Word word;
  std::string_view english, russian, kazakh;
};

constexpr Translation kTranslations[] = {
    {Word::kAccept, "ACCEPT", "ПРИНЯТЬ", "ҚАБЫЛДАУ"},
    {Word::kRefuse, "REFUSE", "ОТКАЗАТЬ", "БАС ТАРТУ"},
    {Word::kRetry, "TRY AGAIN LATER: evidence is missing", "ПОВТОРИТЬ ПОЗЖЕ: не хватает доказательств",
     "КЕЙІН ҚАЙТАЛАУ: дәлелдер жеткіліксіз"},
    {Word::kDocument, "Document", "Документ", "Құжат"},
    {Word::kCertificate, "Certificate", "Сертификат", "Сертификат"},
    {Word::kCrl, "Revocation list", "Список отозванных сертификатов", "Кері қайтарылған сертификаттар тізімі"},
    {Word::kOcsp, "OCSP answer", "Ответ OCSP", "OCSP жауабы"},
    {Word::kCheckedAt, "Checked at", "Проверено на", "Тексерілген уақыты"},
    {Word::kPolicy, "policy", "политика", "саясат"},
    {Word::kRevocationMode, "revocation", "проверка отзыва", "кері қайтаруды тексеру"},
    {Word::kConformanceOnly, "The policy is for conformance tests only: no basis for a decision.",
     "Политика только для испытаний на соответствие: не основание для решения.",
     "Саясат тек сәйкестік сынақтарына арналған: шешімге негіз емес."},
    {Word::kSignature, "Signature", "Подпись", "Қолтаңба"},
    {Word::kSigner, "Signer", "Подписал", "Қол қойған"},
    {Word::kIssuer, "Issued by", "Издатель", "Шығарушы"},
    {Word::kSerial, "Serial", "Серийный номер", "Сериялық нөмірі"},
    {Word::kValidity, "Valid", "Действует", "Қолданылады"},
    {Word::kRoles, "Roles", "Полномочия", "Өкілеттіктер"},
    {Word::kCovers, "Covers", "Охватывает", "Қамтиды"},
    {Word::kWholeDocument, "the whole document", "весь документ", "бүкіл құжатты"},
    {Word::kPart, "only a part", "только часть", "тек бөлігін"},
    {Word::kClaimedTime, "Claimed signing time (proves nothing)", "Заявленное время подписания (ничего не доказывает)",
     "Мәлімделген қол қою уақыты (ештеңе дәлелдемейді)"},
    {Word::kRevocation, "Revocation", "Отзыв", "Кері қайтару"},
    {Word::kNextUpdate, "next update", "следующее обновление", "келесі жаңарту"},
    {Word::kSince, "since", "с", "бастап"},
    {Word::kReason, "reason", "причина", "себебі"},
    {Word::kGood, "good", "действителен", "жарамды"},
    {Word::kRevoked, "revoked", "отозван", "кері қайтарылған"},
    {Word::kOnHold, "on hold", "приостановлен", "тоқтатыла тұрған"},
    {Word::kUnknown, "unknown", "неизвестен", "белгісіз"},
    {Word::kIdentity, "Identity", "Тождество", "Сәйкестік"},
    {Word::kEqual, "equal", "совпадает", "сәйкес"},
    {Word::kNotEqual, "not equal", "не совпадает", "сәйкес емес"},
    {Word::kExpected, "expected", "ожидался", "күтілген"},
    {Word::kFound, "found", "найден", "табылған"},
    {Word::kWarning, "Warning", "Предупреждение", "Ескерту"},
    {Word::kMissing, "Missing", "Не хватает", "Жеткіліксіз"},
    {Word::kRetryAfter, "Try again after", "Повторите через", "Қайталау уақыты"},
    {Word::kSeconds, "seconds", "секунд", "секундтан кейін"},
    {Word::kEntries, "entries", "записей", "жазба"},
    {Word::kNone, "none", "нет", "жоқ"},
};

}  // namespace

std::string_view word(Word word, base::Language language) {
  for (const Translation& one : kTranslations) {
    if (one.word != word) continue;
    switch (language) {
      case base::Language::kRussian: return one.russian;
      case base::Language::kKazakh: return one.kazakh;
      case base::Language::kEnglish: return one.english;
    }
  }
  return "?";
}

}  // namespace tanba::cli
