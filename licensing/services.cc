#include "licensing/services.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace tanba::licensing {
namespace {

using base::Code;

struct Licensor {
  std::string_view key;
  std::string_view bin;  // of the demo authority's fictional bodies
  Names name;
};

// README of the regulations, column "licensor".
const std::array<Licensor, 4>& licensors() {
  static const std::array<Licensor, 4> table{{
      {"oil-gas",
       "100440000212",
       {"Комитет государственной инспекции в нефтегазовом комплексе Министерства нефти и газа Республики Казахстан",
        "Қазақстан Республикасы Мұнай және газ министрлігінің Мұнай-газ кешеніндегі мемлекеттік инспекциялау комитеті",
        "Committee of State Inspection in the Oil and Gas Complex, Ministry of Oil and Gas"}},
      {"industry",
       "100440000311",
       {"Комитет промышленности Министерства индустрии и новых технологий Республики Казахстан",
        "Қазақстан Республикасы Индустрия және жаңа технологиялар министрлігінің Өнеркәсіп комитеті",
        "Committee of Industry, Ministry of Industry and New Technologies"}},
      {"ecology",
       "100440000410",
       {"Комитет экологического регулирования и контроля Министерства охраны окружающей среды Республики Казахстан",
        "Қазақстан Республикасы Қоршаған ортаны қорғау министрлігінің Экологиялық реттеу және бақылау комитеті",
        "Committee of Environmental Regulation and Control, Ministry of Environmental Protection"}},
      {"monopolies",
       "100440000517",
       {"Агентство Республики Казахстан по регулированию естественных монополий",
        "Қазақстан Республикасы Табиғи монополияларды реттеу агенттігі",
        "Agency for the Regulation of Natural Monopolies"}},
  }};
  return table;
}

enum class Places { kTwo, kThree };  // portal and licensor; these and the service centre

Service licence_service(std::string_view licensor_key, std::string id, unsigned code, std::string source_text,
                        Names name, Places places = Places::kTwo) {
  const auto licensor = std::ranges::find(licensors(), licensor_key, &Licensor::key);
  Service service;
  service.id = std::move(id);
  service.code = code;
  service.source_text = std::move(source_text);
  service.name = std::move(name);
  service.licensor_bin = licensor->bin;
  service.licensor_name = licensor->name;
  service.channels = {Channel::kPortal, Channel::kLicensor};
  if (places == Places::kThree) service.channels.push_back(Channel::kCentre);
  service.actions = {Action::kIssue, Action::kReissue, Action::kDuplicate};
  return service;
}

Service oil_gas() {
  Service service = licence_service(
      "oil-gas", "oil-gas", 1, "000",
      {"проектирование (технологическое) и (или) эксплуатация горных (разведка, добыча полезных ископаемых), "
       "нефтехимических, химических производств, проектирование (технологическое) нефтегазоперерабатывающих "
       "производств, эксплуатация магистральных газопроводов, нефтепроводов, нефтепродуктопроводов",
       "тау-кен (пайдалы қазбаларды барлау, өндіру), мұнай-химия, химия өндірістерін жобалау (технологиялық) және "
       "(немесе) пайдалану, мұнайгаз өңдеу өндірістерін жобалау (технологиялық), магистральдық газ құбырларын, мұнай "
       "құбырларын, мұнай өнімдері құбырларын пайдалану",
       "design and operation of mining, petrochemical and chemical plants, design of oil and gas refineries, operation "
       "of trunk pipelines"});
  // Text 000: the applicant pays through the gateway, or attaches the scanned receipt.
  service.payment = PaymentRule::kFeeOrReceipt;
  service.periods = {.issue = 15, .reissue = 10, .duplicate = 2, .small_business = std::nullopt};
  return service;
}

Service ozone() {
  Service service =
      licence_service("ecology", "ozone", 8, "002",
                      {"производство работ с использованием озоноразрушающих веществ, ремонт, монтаж, обслуживание "
                       "оборудования, содержащего озоноразрушающие вещества",
                       "озонды бұзатын заттарды пайдалана отырып жұмыстар жүргізу, құрамында озонды бұзатын заттар бар "
                       "жабдықты жөндеу, монтаждау, оған қызмет көрсету",
                       "work with ozone-depleting substances; repair, installation and service of equipment that "
                       "contains them"},
                      Places::kThree);
  service.actions = {Action::kIssue};  // text 002 is about the issue of permits only
  service.payment = PaymentRule::kNone;
  service.register_kind = RegisterKind::kPermit;
  service.periods = {.issue = 10, .reissue = 10, .duplicate = 10, .small_business = 5};
  return service;
}

void add_industry_services(std::vector<Service>& out) {
  out.push_back(licence_service("industry", "mining-chemical", 2, "001-1",
                                {"проектирование (технологическое) и (или) эксплуатация горных (разведка, добыча "
                                 "полезных ископаемых), химических производств",
                                 "тау-кен (пайдалы қазбаларды барлау, өндіру), химия өндірістерін жобалау "
                                 "(технологиялық) және (немесе) пайдалану",
                                 "design and operation of mining and chemical plants"}));
  out.push_back(
      licence_service("industry", "poisons", 3, "001-2",
                      {"производство, переработка, приобретение, хранение, реализация, использование, уничтожение ядов",
                       "уларды өндіру, өңдеу, сатып алу, сақтау, өткізу, пайдалану, жою",
                       "production, processing, acquisition, storage, sale, use and destruction of poisons"}));
  out.push_back(licence_service(
      "industry", "arms", 4, "001-3",
      {"разработка, производство, ремонт, приобретение и реализация боеприпасов, вооружения и военной техники, "
       "запасных "
       "частей, комплектующих изделий и приборов к ним, а также специальных материалов и оборудования для их "
       "производства, включая монтаж, наладку, модернизацию, установку, использование, хранение, ремонт и сервисное "
       "обслуживание",
       "оқ-дәрілерді, қару-жарақ пен әскери техниканы, олардың қосалқы бөлшектерін, жинақтаушы бұйымдары мен "
       "аспаптарын, "
       "сондай-ақ оларды өндіруге арналған арнайы материалдар мен жабдықты, монтаждауды, баптауды, жаңғыртуды, "
       "орнатуды, пайдалануды, сақтауды, жөндеуді және сервистік қызмет көрсетуді қоса, әзірлеу, өндіру, жөндеу, сатып "
       "алу және өткізу",
       "development, production, repair, acquisition and sale of ammunition, arms and military equipment"}));
  out.push_back(
      licence_service("industry", "explosives", 5, "001-4",
                      {"разработка, производство, приобретение и реализация взрывчатых и пиротехнических "
                       "веществ и изделий с их применением",
                       "жарылғыш және пиротехникалық заттар мен олар қолданылып жасалған бұйымдарды әзірлеу, "
                       "өндіру, сатып алу және өткізу",
                       "development, production, acquisition and sale of explosives, pyrotechnics and articles "
                       "made with them"}));
  out.push_back(licence_service(
      "industry", "arms-disposal", 6, "001-5",
      {"ликвидация (уничтожение, утилизация, захоронение) и переработка высвобождаемых боеприпасов, вооружений, "
       "военной "
       "техники, специальных средств",
       "босатылатын оқ-дәрілерді, қару-жарақты, әскери техниканы, арнайы құралдарды жою (құрту, кәдеге жарату, көму) "
       "және қайта өңдеу",
       "disposal and processing of ammunition, arms, military equipment and special means released from use"}));
  out.push_back(licence_service("industry", "export-import", 7, "001-6",
                                {"экспорт и импорт товаров, в том числе продукции, подлежащей экспортному контролю",
                                 "тауарлардың, оның ішінде экспорттық бақылауға жататын өнімнің экспорты мен импорты",
                                 "export and import of goods, among them goods under export control"}));
}

std::unexpected<base::Error> invalid(const Service& service, std::string reason) {
  return base::fail(Code::kConfigInvalid, {{"key", "services." + service.id}, {"reason", std::move(reason)}});
}

bool well_formed_id(std::string_view id) {
  constexpr std::size_t kMaxId = 64;
  return !id.empty() && id.size() <= kMaxId &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool sound_period(unsigned working_days) {
  constexpr unsigned kLongest = 365;
  return working_days >= 1 && working_days <= kLongest;
}

base::Status check_service(const Service& service, CheckDigitRule rule) {
  if (!well_formed_id(service.id)) return invalid(service, "id: 1 to 64 of a-z, 0-9 and -");
  if (service.code < 1 || service.code > 99) return invalid(service, "code: 1 to 99");
  if (!parse_identity_number(service.licensor_bin, rule)) return invalid(service, "licensor_bin: not a BIN");
  if (service.name.ru.empty() || service.name.kk.empty()) return invalid(service, "name: ru and kk are needed");
  if (service.channels.empty()) return invalid(service, "channels: none");
  if (service.actions.empty()) return invalid(service, "actions: none");
  const DecisionPeriods& periods = service.periods;
  const bool sound = sound_period(periods.issue) && sound_period(periods.reissue) && sound_period(periods.duplicate) &&
                     sound_period(periods.small_business.value_or(1));
  if (!sound) return invalid(service, "periods: 1 to 365 working days");
  return {};
}

}  // namespace

unsigned Service::working_days_for(Action action, BusinessSize business) const {
  if (business == BusinessSize::kSmall && periods.small_business) return *periods.small_business;
  switch (action) {
    case Action::kIssue:
      return periods.issue;
    case Action::kReissue:
      return periods.reissue;
    case Action::kDuplicate:
      return periods.duplicate;
  }
  std::unreachable();
}

std::vector<Service> default_services() {
  std::vector<Service> out;
  out.push_back(oil_gas());
  add_industry_services(out);
  out.push_back(ozone());
  // Text 004-1 states no period: 15 until configured.
  out.push_back(licence_service("monopolies", "pipelines", 9, "004-1",
                                {"эксплуатация магистральных газопроводов, нефтепроводов, нефтепродуктопроводов",
                                 "магистральдық газ құбырларын, мұнай құбырларын, мұнай өнімдері құбырларын пайдалану",
                                 "operation of trunk pipelines for gas, oil and oil products"},
                                Places::kThree));
  out.push_back(licence_service(
      "monopolies", "electricity", 10, "004-2",
      {"покупка электрической энергии в целях энергоснабжения",
       "энергиямен жабдықтау мақсатында электр энергиясын сатып алу", "purchase of electric energy for supply"}));
  return out;
}

base::Status set_licensor(std::vector<Service>& services, std::string_view key, std::string_view bin) {
  const auto licensor = std::ranges::find(licensors(), key, &Licensor::key);
  if (licensor == licensors().end()) {
    return base::fail(Code::kConfigInvalid, {{"key", "licensors." + std::string(key)}, {"reason", "no such licensor"}});
  }
  for (Service& service : services) {
    if (service.licensor_name == licensor->name) service.licensor_bin = bin;
  }
  return {};
}

base::Result<Services> Services::make(std::vector<Service> services, CheckDigitRule rule) {
  std::set<std::string_view> ids;
  std::set<unsigned> codes;
  for (const Service& service : services) {
    TANBA_CHECK(check_service(service, rule));
    if (!ids.insert(service.id).second) return invalid(service, "id: given twice");
    if (!codes.insert(service.code).second) return invalid(service, "code: given twice");
  }
  return Services(std::move(services));
}

const Service* Services::find(std::string_view id) const {
  const auto at = std::ranges::find(services_, id, &Service::id);
  return at == services_.end() ? nullptr : &*at;
}

std::vector<const Service*> Services::of_licensor(std::string_view bin) const {
  std::vector<const Service*> out;
  for (const Service& service : services_) {
    if (service.licensor_bin == bin) out.push_back(&service);
  }
  return out;
}

}  // namespace tanba::licensing
