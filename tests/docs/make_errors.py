#!/usr/bin/python3
"""Makes docs/reference/errors.md from base/codes.def; with --check only compares, as the test does."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/errors.md"
EFFECTS = {
    "kRefuse": "refuse", "kRetry": "retry", "kWarning": "warning", "kInput": "input", "kDenied": "denied",
    "kNotFound": "not found", "kConflict": "conflict", "kUnavailable": "unavailable", "kInternal": "internal",
}
HEAD = """# Error codes

Made from `base/codes.def` by `tests/docs/make_errors.py`; a test compares the two. A code keeps its meaning for ever.

**Effect**: *refuse* and *retry* decide about a document or certificate (retry: evidence is missing, stale, unreachable
or unreadable); *warning* decides nothing; the others answer a request: *input* 400, *denied* 401 or 403, *not found*
404, *conflict* 409, *unavailable* 503 with Retry-After, *internal* 500. **Sub-indication** is ETSI EN 319 102-1's word
for it in reports.
"""


def strings(text):
    return [part.replace('\\"', '"') for part in re.findall(r'"((?:[^"\\]|\\.)*)"', text)]


def words_of(sub):
    return "" if sub == "kNone" else re.sub(r"(?<!^)([A-Z])", r"_\1", sub[1:]).upper()


def page():
    out = [HEAD]
    text = (ROOT / "base/codes.def").read_text(encoding="utf-8")
    for line in re.findall(r"^// --- (.*?) -*$|^TANBA_CODE\(((?:.|\n)*?)\)$", text, re.M):
        section, code = line
        if section:
            out.append(f"\n## {section[0].upper()}{section[1:]}\n\n| code | effect | sub-indication | en | ru | kk |\n| --- | --- | --- | --- | --- | --- |")
            continue
        name, rest = code.split(",", 1)
        dotted, english, russian, kazakh = strings(rest)
        effect, sub = re.search(r'",\s*(k\w+),\s*(k\w+),', rest).groups()
        out.append(f"| `{dotted}` | {EFFECTS[effect]} | {words_of(sub)} | {english} | {russian} | {kazakh} |")
    return "\n".join(out) + "\n"


def main():
    made = page()
    if "--check" in sys.argv:
        if PAGE.read_text(encoding="utf-8") != made:
            print("docs/reference/errors.md is not what base/codes.def says: run tests/docs/make_errors.py")
            return 1
        return 0
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
