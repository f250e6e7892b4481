#!/usr/bin/python3
"""Holds the architecture: reads every include and every CMake dependency, and compares them with layout.txt.

Also: no cycles, no folder that layout.txt does not know, and no PKCS#11, SQL, OpenSSL, sockets or clock where they do not
belong. With a folder as argument that one is read instead of the project (layout_test.py does so).
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
ROOT = ROOT if len(sys.argv) > 1 else ROOT.parents[2]
SOURCES = {".cc", ".h"}
# What is no part of the product, and what git does not know.
OUTSIDE = {"tests", "bench", "build", "state"}
# Sources for tests alone: what they may include is not held, but the product may include none of them.
FOR_TESTS = re.compile(r"\w+_(test|fuzz)\.cc|test_\w+\.h|testing\.h")
# Headers that only these folders may include (with their tests).
RESERVED = {
    r"libp11\.h|p11-kit/.*|pkcs11.*\.h": {"tokens", "tokens/keyd"},
    r"soci/.*|sqlite3\.h|libpq-fe\.h": {"licensing/registry"},
    r"curl/.*": {"net/fetch"},
    r"boost/(beast|asio)/.*": {"net/http", "tokens/agent"},
    r"libxml/.*": {"xmldsig/xml"},
    r"xmlsec/.*": {"xmldsig"},
}
# Makers of signers whose private key lies in memory. A daemon has none of them: its keys stay in tokens, and no ГОСТ key
# enters it.
KEY_IN_MEMORY = re.compile(r"\b(open_pkcs12|make_key_signer|PEM_read_bio_PrivateKey\w*|d2i_\w*PrivateKey\w*)\b")
KEY_IN_MEMORY_ALLOWED = {"pki", "cli"}
# Folders whose rules are pure: none of these headers, and no reading of the system's clock.
PURE = {"licensing": r"openssl/.*|sys/socket\.h|soci/.*|libxml/.*|curl/.*"}
CLOCK = re.compile(r"system_clock::now|(?<!\w)::time\(|SystemClock\b|clock_gettime")
CLOCK_ALLOWED = {"base", "cli", "server", "tokens/keyd"}


def read_layout():
    allowed = {}
    for line in (ROOT / "tests/layout/layout.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, _, uses = line.partition(":")
            allowed[folder.strip()] = uses.split()
    return allowed


def closure(allowed):
    """What each folder may include: its dependencies and what they may. A cycle ends the program."""
    closed = {}

    def visit(folder, path):
        if folder in path:
            sys.exit(f"layout.txt has a cycle: {' -> '.join(path + [folder])}")
        if folder not in closed:
            reach = {folder}
            for use in allowed[folder]:
                reach |= visit(use, path + [folder])
            closed[folder] = reach
        return closed[folder]

    for folder in allowed:
        visit(folder, [])
    return closed


def folder_of(path, folders):
    """The deepest listed folder that holds this path."""
    parts = path.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        if "/".join(parts[:length]) in folders:
            return "/".join(parts[:length])
    return None


# The build makes these from files beside the sources that include them.
MADE = re.compile(r"(.+)/\w+_texts?\.h")


def sources():
    for top in sorted(ROOT.iterdir()):
        if top.is_dir() and top.name not in OUTSIDE and not top.name.startswith("."):
            yield from (path for path in sorted(top.rglob("*")) if path.suffix in SOURCES)


def check_source(source, folder, reach):
    text = source.read_text()
    name = source.relative_to(ROOT).as_posix()
    for_tests = FOR_TESTS.fullmatch(source.name)
    for kind, include in re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text, re.M):
        target = folder_of(include, reach) if (ROOT / include).exists() else None
        made = MADE.fullmatch(include)
        if kind == '"' and target is None and not (made and made.group(1) == folder):
            yield f'{name} includes "{include}": it is named from the root of the project, or in angle brackets'
        if target and target not in reach[folder]:
            yield f"{name} includes {include}: {folder} may not use {target}"
        if target and not for_tests and FOR_TESTS.fullmatch(pathlib.Path(include).name):
            yield f"{name} includes {include}: that is for tests"
        for pattern, owners in RESERVED.items():
            if re.fullmatch(pattern, include) and folder not in owners and not for_tests:
                yield f"{name} includes <{include}>: only {', '.join(sorted(owners))} may"
        if folder in PURE and re.fullmatch(PURE[folder], include):
            yield f"{name} includes <{include}>: {folder} is pure"
    if folder not in CLOCK_ALLOWED and not for_tests and CLOCK.search(text):
        yield f"{name} reads the system's clock: time is passed in"
    if folder not in KEY_IN_MEMORY_ALLOWED and not for_tests and KEY_IN_MEMORY.search(text):
        yield f"{name} takes private keys into memory: only {', '.join(sorted(KEY_IN_MEMORY_ALLOWED))} may"


def check_includes(reach):
    wrong = []
    for source in sources():
        folder = source.parent.relative_to(ROOT).as_posix()
        if folder in reach:
            wrong += check_source(source, folder, reach)
        else:
            wrong.append(f"{source.relative_to(ROOT)}: layout.txt does not know {folder}")
    return wrong


def check_cmake(allowed):
    wrong = []
    for folder, uses in allowed.items():
        lists = ROOT / folder / "CMakeLists.txt"
        if not lists.exists():
            continue
        for deps in re.findall(r"tanba_module\((?:[^()]*?)\bDEPS\s+([^()]*?)(?:\bLINK\b|\bTEST_DEPS\b|\))", lists.read_text(), re.S):
            for dep in deps.split():
                if dep not in uses:
                    wrong.append(f"{folder}/CMakeLists.txt depends on {dep}, which layout.txt does not allow")
    return wrong


def main():
    allowed = read_layout()
    wrong = check_includes(closure(allowed)) + check_cmake(allowed)
    for line in wrong:
        print(line)
    print(f"{len(wrong)} places break the layout" if wrong else "the layout holds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
