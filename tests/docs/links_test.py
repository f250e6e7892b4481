#!/usr/bin/python3
"""Every link of the documents leads somewhere, to its heading too, and what internals/mistakes.md names is there."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.S)


def headings(page):
    """As GitHub makes anchors of them."""
    found = re.findall(r"^#+ (.*)$", without_code(page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def broken_links(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        if not to.exists():
            yield f"{page.relative_to(ROOT)}: {target} is not there"
        elif anchor and to.suffix == ".md" and anchor not in headings(to):
            yield f"{page.relative_to(ROOT)}: {target}: no such heading"


def unknown_tests():
    """Each mistake ends with the mutants or tests that hold it."""
    text = (ROOT / "docs/internals/mistakes.md").read_text(encoding="utf-8")
    for entry in re.findall(r"^- \*\*(?:.|\n)*?(?=\n- |\n\n|\Z)", text, re.M):
        names = re.findall(r"`([a-z0-9_/.-]+)`", entry)
        held = [name for name in names if (ROOT / f"tests/mutants/{name}.patch").exists() or ("/" in name and (ROOT / name).exists())]
        if not held:
            yield f"mistakes.md: nothing holds this: {entry.splitlines()[0]}"
        for name in names:
            if name not in held and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+|[\w/-]+_test\.\w+", name):
                yield f"mistakes.md: {name} is neither a mutant nor a test"


def main():
    pages = [ROOT / "README.md", ROOT / "certs-test/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    wrong = [failure for page in pages if page.exists() for failure in broken_links(page)] + list(unknown_tests())
    print("\n".join(wrong + [f"{len(pages)} pages, {len(wrong)} links or names that lead nowhere"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
