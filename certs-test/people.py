"""The fictional persons and bodies of the demo, and numbers for them with right check digits."""

import dataclasses


def check_digit(first_eleven: str) -> int | None:
    """The twelfth digit of an IIN or BIN, or None where the eleven digits allow none."""
    digits = [int(digit) for digit in first_eleven]
    remainder = sum(weight * digit for weight, digit in zip(range(1, 12), digits)) % 11
    if remainder == 10:
        weights = [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]
        remainder = sum(weight * digit for weight, digit in zip(weights, digits)) % 11
    return None if remainder == 10 else remainder


def iin(born: str, century_and_sex: int, running: int) -> str:
    """IIN from the birth date YYMMDD; the running number moves on where no check digit exists."""
    while True:
        eleven = f"{born}{century_and_sex}{running:04d}"
        digit = check_digit(eleven)
        if digit is not None:
            return eleven + str(digit)
        running += 1


def bin_number(registered: str, running: int, kind: int = 4, part: int = 0) -> str:
    """BIN from the month of registration YYMM."""
    while True:
        eleven = f"{registered}{kind}{part}{running:05d}"
        digit = check_digit(eleven)
        if digit is not None:
            return eleven + str(digit)
        running += 1


@dataclasses.dataclass(frozen=True)
class Person:
    surname: str
    given: str
    patronymic: str
    iin: str


@dataclasses.dataclass(frozen=True)
class Body:
    name: str
    bin: str


DEMO = Body("ТОО «ДЕМО МҰНАЙ СЕРВИС»", bin_number("0501", 1))
OTHER = Body("ТОО «ӨЗГЕ ДЕМО»", bin_number("1203", 2))
RUNNER = Body("ДЕМО ОПЕРАТОР ИНФОРМАЦИОННОЙ СИСТЕМЫ", bin_number("1105", 12))
CENTRE = Body("ДЕМО ОРТАЛЫҚ ОБСЛУЖИВАНИЯ НАСЕЛЕНИЯ", bin_number("0707", 10))

# The licensors of the ten services (regulations: oil-gas; the industry committee's six; ozone; the agency's two).
LICENSORS = {
    "oil-gas": Body("ДЕМО КОМИТЕТ ГОСУДАРСТВЕННОЙ ИНСПЕКЦИИ В НЕФТЕГАЗОВОМ КОМПЛЕКСЕ", bin_number("1004", 21)),
    "industry": Body("ДЕМО КОМИТЕТ ПРОМЫШЛЕННОСТИ", bin_number("1004", 31)),
    "ecology": Body("ДЕМО КОМИТЕТ ЭКОЛОГИЧЕСКОГО РЕГУЛИРОВАНИЯ И КОНТРОЛЯ", bin_number("1004", 41)),
    "monopolies": Body("ДЕМО АГЕНТСТВО ПО РЕГУЛИРОВАНИЮ ЕСТЕСТВЕННЫХ МОНОПОЛИЙ", bin_number("1004", 51)),
}
SERVICE_LICENSOR = {
    "oil-gas": "oil-gas",
    "mining-chemical": "industry",
    "poisons": "industry",
    "arms": "industry",
    "explosives": "industry",
    "arms-disposal": "industry",
    "export-import": "industry",
    "ozone": "ecology",
    "pipelines": "monopolies",
    "electricity": "monopolies",
}

AIDOS = Person("ДЕМОВ", "АЙДОС", "ТЕСТОВИЧ", iin("850101", 3, 1))
DANA = Person("ДЕМОВА", "ДАНА", "ТЕСТҚЫЗЫ", iin("900215", 4, 2))
HEAD = Person("БАСШЫЕВ", "ДӘУЛЕТ", "ДЕМҰЛЫ", iin("780310", 3, 3))
SECOND_HEAD = Person("ӨЗГЕЕВ", "ҚАНАТ", "ДЕМҰЛЫ", iin("810412", 3, 4))
SIGNATORY = Person("ҚОЛТАҢБАЕВА", "ӘСЕМ", "ДЕМҚЫЗЫ", iin("880523", 4, 5))
EMPLOYEE = Person("ЖҰМЫСОВ", "ЕРЛАН", "ДЕМҰЛЫ", iin("930630", 3, 6))
OFFICER = Person("ОФИЦЕРОВ", "НҰРЛАН", "ДЕМҰЛЫ", iin("790704", 3, 7))
SECOND_OFFICER = Person("ИНСПЕКТОРОВА", "ГҮЛНАР", "ДЕМҚЫЗЫ", iin("840811", 4, 8))
THIRD_OFFICER = Person("ТЕКСЕРУШИН", "БОЛАТ", "ДЕМҰЛЫ", iin("830912", 3, 9))
SECURITY = Person("САҚШЫЕВА", "ЖАНАР", "ДЕМҚЫЗЫ", iin("870214", 4, 11))
OPERATOR = Person("ОПЕРАТОРОВА", "МӘДИНА", "ДЕМҚЫЗЫ", iin("951020", 4, 10))
