#!/usr/bin/python3
"""Holds the documents' metrics against the code: each `tanba_...` that a document names is registered, and each that is registered is
in docs/operating.md. The events of logs that its chapter "What to watch" names are written somewhere, too.

    tests/docs/metrics_test.py
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How server/metrics.h registers: count("x") is tanba_x_total, gauge("x") and gauges("x") are tanba_x.
CALL = re.compile(r'\bmetrics_?(?:\.|->)(count|gauge|gauges)\(\s*"([a-z0-9_]+)"')
OWN = re.compile(r'\.Name\("(tanba_[a-z0-9_]+)"\)')
PARTS = ("_bucket", "_sum", "_count")  # of a histogram
UNREGISTERED = re.compile(r"\bmetrics_?(?:\.|->)(?:count|gauge|gauges)\((?!\s*\")")


def registered():
    names, wrong = set(), []
    for source in sorted(ROOT.glob("server/*.cc")):
        if source.stem.endswith("_test"):
            continue
        text = source.read_text(encoding="utf-8")
        names |= {f"tanba_{name}_total" if kind == "count" else f"tanba_{name}" for kind, name in CALL.findall(text)}
        names |= set(OWN.findall(text))
        if UNREGISTERED.search(text):
            wrong.append(f"{source.name}: a metric whose name is not written out where it is registered: this test cannot see it")
    return names, wrong


def named():
    """Each metric's name in a document, with the first document that has it."""
    out = {}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.*"))]:
        if page.suffix not in {".md", ".toml", ".service", ".yml", ".json"}:
            continue
        for name in re.findall(r"\btanba_[a-z0-9_]+", page.read_text(encoding="utf-8")):
            out.setdefault(name, page.relative_to(ROOT))
    return out


def unwritten_events(page):
    """Events (`x.y`) of the chapter that no program writes."""
    chapter = re.search(r"^## What to watch\n(.*?)^## ", page, re.M | re.S)[1]
    sources = [*ROOT.glob("server/*.cc"), *ROOT.glob("tokens/keyd/*.cc"), ROOT / "base/codes.def"]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources if not source.stem.endswith("_test"))
    return [event for event in re.findall(r"`([a-z]+\.[a-z_]+)`", chapter) if f'"{event}"' not in text]


def main():
    code, wrong = registered()
    if len(code) < 20:
        wrong.append(f"only {len(code)} metrics were found in the code: does it register them in another way?")
    for name, page in named().items():
        base = next((name.removesuffix(part) for part in PARTS if name.endswith(part)), name)
        if name not in code and base not in code:
            wrong.append(f"{page}: {name} is registered nowhere")
    page = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    wrong += [f"docs/operating.md: {name} is missing" for name in sorted(code) if not re.search(rf"\b{name}\b", page)]
    wrong += [f"docs/operating.md: no program writes {event}" for event in unwritten_events(page)]
    print("\n".join(wrong + [f"{len(code)} metrics, {len(wrong)} differences between code and documents"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
