#!/usr/bin/python3
"""Holds the architecture: reads every include and every CMake dependency, and compares them with layout.txt.

Also: no cycles, and no PKCS#11, SQL, OpenSSL, sockets or clock where they do not belong.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = {".cc", ".h"}
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


def check_includes(reach):
    wrong = []
    for folder in reach:
        for source in sorted((ROOT / folder).glob("*")):
            if source.suffix not in SOURCES:
                continue
            text = source.read_text()
            name = source.relative_to(ROOT).as_posix()
            if folder_of(name, reach) != folder:
                continue
            test = source.stem.endswith(("_test", "_fuzz")) or "test" in source.stem
            for include in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.M):
                target = folder_of(include, reach) if (ROOT / include).exists() else None
                if target and target not in reach[folder]:
                    wrong.append(f"{name} includes {include}: {folder} may not use {target}")
                for pattern, owners in RESERVED.items():
                    if re.fullmatch(pattern, include) and folder not in owners and not test:
                        wrong.append(f"{name} includes <{include}>: only {', '.join(sorted(owners))} may")
                if folder in PURE and re.fullmatch(PURE[folder], include):
                    wrong.append(f"{name} includes <{include}>: {folder} is pure")
            if folder not in CLOCK_ALLOWED and not test and CLOCK.search(text):
                wrong.append(f"{name} reads the system's clock: time is passed in")
            if folder not in KEY_IN_MEMORY_ALLOWED and not test and KEY_IN_MEMORY.search(text):
                wrong.append(f"{name} takes private keys into memory: only {', '.join(sorted(KEY_IN_MEMORY_ALLOWED))} may")
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
