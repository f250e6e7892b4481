#!/usr/bin/python3
"""Looks in the sources for phrases that errors are given and for words of enumerations, and for each in base/phrases.def:
what is not there would be English in a Russian or Kazakh text.

    tests/layout/check_phrases.py [--list]
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("base", "net", "pki", "ocsp", "cms", "xmldsig", "pdf", "verify", "tokens", "licensing", "server", "cli")
# Arguments of errors that hold phrases (base/phrases.cc has the same list).
SPOKEN = "what|reason|expected|purpose|kind|rule|needed|missing|status|state|type|reasons"
# Read in logs and at the start of a daemon, which speak English: settings, key server, insides of the registry.
LOGGED = re.compile(r"server/(config|settings|networks|main|trust|daemon)|tokens/keyd/|tokens/client/|net/http/|licensing/services"
                    r"|licensing/registry/|licensing/flow/trust_document|verify/capsule_record|verify/facts|server/rows_json"
                    r"|server/source_reporter|server/operations_service|server/metrics")
# Enumerations whose words a person is shown.
ENUMERATIONS = {
    "pki/identity.cc": ("role_name",), "pki/trust.cc": ("to_string",), "ocsp/ocsp.cc": ("to_string",),
    "ocsp/ocsp_parse.cc": ("response_status_name",), "verify/report.cc": ("to_string",), "verify/decision.cc": ("to_string",),
    "verify/capsule.cc": ("to_string",), "verify/freshness_rules.cc": ("to_string",), "verify/evidence/sources.cc": ("to_string",),
    "verify/evidence/breaker.cc": ("to_string",), "cms/capsule_seal.cc": ("to_string",), "base/codes.cc": ("to_string",),
    "licensing/entitlement.cc": ("to_string",), "licensing/registry/revocation.cc": ("to_string",), "pki/signature_facts.cc": ("to_string",),
}
# Tables of words: {Enumeration::kWord, "word"}.
TABLES = ("licensing/words.cc", "pki/trust.cc", "verify/freshness_rules.cc", "ocsp/ocsp.cc", "licensing/registry/revocation.cc")
# Words of enumerations that are names, or that are shown by words of the command line's own.
NAMES = {"CMS", "PDF", "XML-DSig", "accept", "refuse", "retry", "none", "fee", "fee-or-receipt", "refuse", "warning", "input", "denied",
         "not-found", "conflict", "unavailable", "internal", "signature"}
# Halves of a phrase that a conditional makes, and what is no phrase.
NO_PHRASES = {"7x has", "urn:tanba:error:7x", "base64"}
STRING = r'"((?:[^"\\]|\\.)*)"'


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.[ch]*")):
            name = path.relative_to(ROOT).as_posix()
            if name != "base/phrases.cc" and path.suffix in (".cc", ".h") and not re.search(r"_test\.cc$|_fuzz\.cc$|testing|test_support", name):
                yield name, path.read_text(encoding="utf-8")


def phrases():
    text = (ROOT / "base/phrases.def").read_text(encoding="utf-8")
    return [found.replace('\\"', '"') for found in re.findall(r"^TANBA_PHRASE\(\s*" + STRING, text, re.M)]


def form_of(phrase):
    return re.compile("".join("(.+)" if part == "{}" else re.escape(part) for part in re.split(r"(\{\})", phrase)), re.S)


class Known:
    def __init__(self):
        self.exact = set(phrases())
        self.words = {one.split(":", 1)[1] for one in self.exact if re.fullmatch(r"[a-z-]+:\S+", one)} | self.exact
        self.forms = [form_of(one) for one in self.exact if "{}" in one]
        codes = (ROOT / "base/codes.def").read_text(encoding="utf-8")
        self.forms += [form_of(re.sub(r"\{\w+\}", "{}", one)) for one in re.findall(r'^TANBA_CODE\(\w+, "[^"]*", \w+, \w+, ' + STRING, codes, re.M)]

    def has(self, text):
        """A phrase, a form of one, a list of them, or a name: something with no lower-case word of its own."""
        if text in self.words or any(form.fullmatch(text) for form in self.forms):
            return True
        # A list of the machine's words, or a media type: it must be written so.
        if re.fullmatch(r"[\w./-]+(?:, [\w./-]+)* or [\w./-]+|\w+/[\w.-]+", text):
            return True
        for between in ("; ", ", ", ": "):
            if between in text:
                return all(self.has(part) for part in text.split(between))
        return not re.search(r"(?<![A-Za-z])[a-z]{2,}(?![A-Za-z])", text.replace("7x", ""))


def expression(text):
    """The text that a C++ expression makes, with 7x for what is not a literal; nothing when there is no literal."""
    text = re.sub(r'"\s*\n\s*"', "", text)
    formatted = re.match(r"\s*fmt::format\(" + STRING, text)
    if formatted:
        return re.sub(r"\{[^}]*\}", "7x", formatted.group(1))
    out, literal = "", False
    for part in re.findall(STRING + r"|([^\"]+)", text):
        if part[1]:
            out += "7x" if re.search(r"\w", part[1]) else ""
        else:
            out += part[0].replace('\\"', '"')
            literal = True
    return out if literal else ""


def closing(text, at):
    depth, quoted = 1, False
    while depth and at < len(text):
        c = text[at]
        if quoted:
            at += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        else:
            depth += (c in "({[") - (c in ")}]")
        at += 1
    return at - 1


def split_arguments(text):
    parts, depth, quoted, begin = [], 0, False, 0
    for at, c in enumerate(text):
        if c == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (c in "({[") - (c in ")}]")
            if c == "," and depth == 0:
                parts.append(text[begin:at])
                begin = at + 1
    return parts + [text[begin:]]


def alternatives(argument):
    """Both of `condition ? a : b`."""
    if " ? " not in argument:
        return [argument]
    return re.split(r" : ", argument.split(" ? ", 1)[1], maxsplit=1)


def helpers(texts):
    """Functions that put a parameter into such an argument: name and the parameter's place, by file or for all."""
    out = collections.defaultdict(set)
    for name, text in texts.items():
        for use in re.finditer(r'\{\s*"(?:%s)",\s*(?:std::move\((\w+)\)|std::string\((\w+)\)|(\w+))\s*\}' % SPOKEN, text):
            variable = next(one for one in use.groups() if one)
            heads = [one for one in re.finditer(r"(\w+)\(([^(){};]*\b%s\b[^(){};]*)\)\s*(?:const\s*)?(?:->\s*[\w:<>]+\s*)?\{" % variable, text[:use.start()])
                     if one.group(1) not in ("if", "for", "while", "switch")]
            if heads and use.start() - heads[-1].end() < 1500:
                places = [place for place, one in enumerate(split_arguments(heads[-1].group(2))) if re.search(r"\b%s\b" % variable, one)]
                out[heads[-1].group(1)] |= {(name.rsplit("/", 1)[0], place) for place in places}
    return out


def said(texts):
    """(file, phrase) of everything that errors are given."""
    by_helper = helpers(texts)
    for name, text in texts.items():
        for use in re.finditer(r'\{\s*"(?:%s)",' % SPOKEN, text):
            for argument in alternatives(text[use.end():closing(text, use.end())]):
                yield name, expression(argument)
        for helper, where in by_helper.items():
            folder = name.rsplit("/", 1)[0]
            for place in sorted({place for base, place in where if base == folder or folder.startswith(base + "/")}):
                for call in re.finditer(r"(?<![\w.:>])%s\(" % helper, text):
                    arguments = split_arguments(text[call.end():closing(text, call.end())])
                    if place < len(arguments) and not re.search(r"\bstd::string(_view)? \w+$|const char\*", arguments[place]):
                        for argument in alternatives(arguments[place]):
                            yield name, expression(argument)


def enumeration_words(texts):
    for name, functions in ENUMERATIONS.items():
        for function in functions:
            for head in re.finditer(r"\b%s\([^)]*\) \{" % function, texts[name]):
                body = texts[name][head.end():closing(texts[name], head.end())]
                for word in re.findall(r"return " + STRING, body) + re.findall(r'literal\("[\d.]+"\), ' + STRING, body):
                    yield name, word
    for name in TABLES:
        for word in re.findall(r"\{\w+::k\w+, " + STRING + r"\}", texts[name]):
            yield name, word


def main():
    texts = dict(sources())
    known = Known()
    missing = {(name, text) for name, text in said(texts) if text not in NO_PHRASES and text and not LOGGED.match(name) and not known.has(text)}
    missing |= {(name, word) for name, word in enumeration_words(texts) if word and word not in known.words | NAMES}
    for name, text in sorted(missing):
        print(f"{name}: base/phrases.def lacks \"{text.replace('7x', '{}')}\"")
    if "--list" in sys.argv:
        for name, text in sorted(set(said(texts))):
            print(name, repr(text))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
