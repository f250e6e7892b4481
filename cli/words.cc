#include "cli/words.h"

#include <fmt/format.h>

#include "base/phrases.h"

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
    {Word::kTimestamp, "Time stamp", "Метка времени", "Уақыт белгісі"},
    {Word::kCounterSignature, "Counter-signature", "Заверяющая подпись", "Растаушы қолтаңба"},
    {Word::kOver, "over", "на подпись", "мына қолтаңбаға"},
    {Word::kSignaturePolicy, "Signature policy", "Политика подписи", "Қолтаңба саясаты"},
    {Word::kImplied, "implied by the document", "следует из документа", "құжаттан туындайды"},
    {Word::kStampedAt, "made at", "поставлена", "қойылған уақыты"},
    {Word::kProvedTime, "Proved to have existed at", "Доказано, что существовала", "Бар болғаны дәлелденген уақыт"},
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
    {Word::kIdentity, "Identity", "Сверка ИИН/БИН", "ЖСН/БСН салыстыру"},
    {Word::kEqual, "equal", "совпадает", "сәйкес"},
    {Word::kNotEqual, "not equal", "не совпадает", "сәйкес емес"},
    {Word::kExpected, "expected", "ожидался", "күтілген"},
    {Word::kFound, "found", "найден", "табылған"},
    {Word::kWarning, "Warning", "Предупреждение", "Ескерту"},
    {Word::kMissing, "Missing", "Не хватает", "Жеткіліксіз"},
    {Word::kRetryAfter, "Try again after", "Повторите через", "Қайталау уақыты"},
    {Word::kSeconds, "seconds", "секунд", "секундтан кейін"},
    {Word::kEntries, "entries", "записей", "жазба"},
    {Word::kThisUpdate, "thisUpdate", "издан", "шығарылған уақыты"},
    {Word::kNone, "none", "нет", "жоқ"},
    {Word::kToken, "Token", "Токен", "Токен"},
    {Word::kSlot, "slot", "слот", "слот"},
    {Word::kUserPin, "User PIN", "ПИН-код пользователя", "Пайдаланушының ПИН-коды"},
    {Word::kSoPin, "Administrator's PIN", "ПИН-код администратора", "Әкімшінің ПИН-коды"},
    {Word::kPinNotInitialised, "not set", "не задан", "орнатылмаған"},
    {Word::kPinReady, "ready", "готов", "дайын"},
    {Word::kPinCountLow, "a wrong one was given since the last right one", "после верного вводили неверный",
     "дұрыс кодтан кейін қате енгізілген"},
    {Word::kPinFinalTry, "one try is left", "осталась одна попытка", "бір әрекет қалды"},
    {Word::kPinLocked, "locked", "заблокирован", "бұғатталған"},
    {Word::kPinToBeChanged, "to be changed", "подлежит замене", "ауыстыру қажет"},
    {Word::kNotInitialised, "not initialised", "не подготовлен", "дайындалмаған"},
    {Word::kKey, "Key", "Ключ", "Кілт"},
    {Word::kNeverLeaves, "never leaves the token", "не покидает токен", "токеннен шықпайды"},
    {Word::kMayLeave, "can be taken off the token", "может быть извлечён из токена", "токеннен шығарылуы мүмкін"},
    {Word::kPrivateNotSeen, "private half not seen without a log-in", "закрытая часть без входа не видна",
     "жабық бөлігі кірусіз көрінбейді"},
    {Word::kNoCertificate, "no certificate", "нет сертификата", "сертификат жоқ"},
    {Word::kNothingFound, "Nothing found.", "Ничего не найдено.", "Ештеңе табылмады."},
    {Word::kApplication, "Application", "Заявление", "Өтініш"},
    {Word::kLicence, "Licence", "Лицензия", "Лицензия"},
    {Word::kDecision, "Decision", "Решение", "Шешім"},
    {Word::kGrant, "grant", "выдать", "беру"},
    {Word::kRefusal, "refuse", "отказать", "бас тарту"},
    {Word::kApplicant, "Applicant", "Заявитель", "Өтініш беруші"},
    {Word::kNameInCertificate, "! Another name in the certificate", "! В сертификате другое имя",
     "! Сертификатта басқа атау"},
    {Word::kHolder, "Holder", "Обладатель", "Иесі"},
    {Word::kService, "Service", "Услуга", "Қызмет"},
    {Word::kLicensor, "Licensor", "Лицензиар", "Лицензиар"},
    {Word::kOfficer, "Officer", "Должностное лицо", "Лауазымды тұлға"},
    {Word::kOfficerAccount, "Officer (account)", "Должностное лицо (учётная запись)",
     "Лауазымды тұлға (есептік жазба)"},
    {Word::kAttachment, "Attachment", "Приложение", "Қосымша"},
    {Word::kRegisteredAt, "Registered", "Зарегистрировано", "Тіркелген"},
    {Word::kDueOn, "Due", "Срок", "Мерзімі"},
    {Word::kDecidedAt, "Decided", "Решено", "Шешілген"},
    {Word::kIssuedAt, "Issued", "Выдана", "Берілген"},
    {Word::kValidUntil, "Valid until", "Действует до", "Қолданылу мерзімі"},
    {Word::kStateRegistered, "registered", "зарегистрировано", "тіркелді"},
    {Word::kStateInReview, "in review", "на рассмотрении", "қаралуда"},
    {Word::kStateGranted, "granted", "выдано", "берілді"},
    {Word::kStateRefused, "refused", "отказано", "бас тартылды"},
    {Word::kStateActive, "in force", "действует", "қолданыста"},
    {Word::kStateSuspended, "suspended", "приостановлена", "тоқтатыла тұрды"},
    {Word::kStateTerminated, "terminated", "прекращена", "тоқтатылды"},
    {Word::kStateReplaced, "replaced", "заменена", "ауыстырылды"},
    {Word::kApprovalText, "You approve", "Вы подтверждаете", "Сіз растайсыз"},
    {Word::kIntentOpen, "This decision was prepared and may not be finished: ask again, or abandon its intent",
     "Решение подготовлено и, возможно, не завершено: повторите или отмените намерение",
     "Шешім дайындалды, бірақ аяқталмаған болуы мүмкін: қайталаңыз немесе ниеттен бас тартыңыз:"},
    {Word::kLoggedInUntil, "Logged in until", "Вход выполнен до", "Кіру мерзімі"},
    {Word::kTrustVersion, "Trust list", "Список доверия", "Сенім тізімі"},
    {Word::kTrustConfiguration, "from the configuration", "из настроек", "баптаулардан"},
    {Word::kTrustImport, "import", "добавление сертификата", "сертификат қосу"},
    {Word::kTrustRemoval, "removal", "исключение сертификата", "сертификатты шығару"},
    {Word::kTrustRollback, "rollback", "возврат к прежней версии", "бұрынғы нұсқаға қайту"},
    {Word::kAnchor, "Anchor", "Якорь доверия", "Сенім зәкірі"},
    {Word::kIntermediate, "Intermediate", "Промежуточный сертификат", "Аралық сертификат"},
    {Word::kPurposes, "Purposes", "Назначения", "Мақсаттары"},
    {Word::kTrustedFrom, "Trusted from", "Доверие с", "Сенім басталуы"},
    {Word::kTrustedUntil, "Trusted until", "Доверие до", "Сенім аяқталуы"},
    {Word::kBy, "By", "Кем", "Кім"},
    {Word::kAt, "At", "Когда", "Қашан"},
    {Word::kRestores, "Restores version", "Восстановлена версия", "Қалпына келтірілген нұсқа"},
    {Word::kAdded, "Added", "Добавлено", "Қосылды"},
    {Word::kRemoved, "Removed", "Исключено", "Шығарылды"},
    {Word::kChanged, "Changed", "Изменено", "Өзгертілді"},
    {Word::kNoChanges, "No difference.", "Различий нет.", "Айырмашылық жоқ."},
    {Word::kSource, "Source", "Источник", "Дереккөз"},
    {Word::kOrigin, "Known from", "Откуда известен", "Қайдан белгілі"},
    {Word::kBreaker, "Breaker", "Предохранитель запросов", "Сұраулар сақтандырғышы"},
    {Word::kLastSuccess, "Last success", "Последний успех", "Соңғы сәттілік"},
    {Word::kLastFailure, "Last failure", "Последняя неудача", "Соңғы сәтсіздік"},
    {Word::kNextTry, "Next try", "Следующая попытка", "Келесі әрекет"},
    {Word::kNextRefresh, "Next refresh", "Следующее обновление", "Келесі жаңарту"},
    {Word::kNumber, "Number", "Номер", "Нөмірі"},
    {Word::kAlert, "Alert", "Тревога", "Дабыл"},
    {Word::kKeptList, "List in use", "Используемый список", "Қолданыстағы тізім"},
    {Word::kOfferedList, "List refused", "Непринятый список", "Қабылданбаған тізім"},
    {Word::kSignedApplication, "signed an application", "подписано заявление", "өтінішке қол қойылған"},
    {Word::kSignedDecision, "signed a decision", "подписано решение", "шешімге қол қойылған"},
    {Word::kCapsule, "Evidence capsule", "Капсула доказательств", "Дәлелдер капсуласы"},
    {Word::kSealedAt, "Sealed at", "Запечатана", "Мөрленген уақыты"},
    {Word::kSeal, "Seal", "Печать", "Мөр"},
    {Word::kCertificateDigest, "Certificate SHA-256", "SHA-256 сертификата", "Сертификаттың SHA-256 дайджесті"},
    {Word::kKeyDigest, "Public key SHA-256 (keyd approvers, portal_key, --seal-key)",
     "SHA-256 открытого ключа (keyd: approvers, portal_key, --seal-key)",
     "Ашық кілттің SHA-256 дайджесті (keyd: approvers, portal_key, --seal-key)"},
    {Word::kPresent, "present", "есть", "бар"},
    {Word::kReportInside, "The report that it proves:", "Отчёт, который она доказывает:", "Ол дәлелдейтін есеп:"},
    {Word::kTryHelp, "Try: tanba --help, or --help after a command.",
     "Справка (на английском): tanba --help или --help после команды.",
     "Анықтама (ағылшынша): tanba --help немесе командадан кейін --help."},
    {Word::kInForce, "The decision is in force; its document is fetched with",
     "Решение в силе; документ можно получить командой", "Шешім күшінде; құжатты мына пәрменмен алуға болады"},
};

}  // namespace

std::string_view word(Word word, base::Language language) {
  for (const Translation& one : kTranslations) {
    if (one.word != word) continue;
    switch (language) {
      case base::Language::kRussian:
        return one.russian;
      case base::Language::kKazakh:
        return one.kazakh;
      case base::Language::kEnglish:
        return one.english;
    }
  }
  return "?";
}

std::string coded(std::string_view machine, base::Language language, std::string_view place) {
  if (machine.empty() || language == base::Language::kEnglish) return std::string(machine);
  const std::string text = place.empty() ? base::phrase(machine, language) : base::word_of(place, machine, language);
  return text == machine ? fmt::format("[{}]", machine) : fmt::format("{} [{}]", text, machine);
}

std::string since(std::string_view time, base::Language language) {
  return language == base::Language::kKazakh ? fmt::format("{} {}", time, word(Word::kSince, language))
                                             : fmt::format("{} {}", word(Word::kSince, language), time);
}

}  // namespace tanba::cli
