#!/usr/bin/python3
"""Breaks the architecture in a copy of the sources, each time in one way, and shows that check_layout.py says so."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEPT = {".cc", ".h", ".def"}

# What is done: file, text that is put before its own, what must be said.
BREACHES = {
    "a folder that nobody listed": ("verify/extra/reach.cc", "", "verify/extra/reach.cc: layout.txt does not know verify/extra"),
    "a folder at the top": ("helpers/strings.h", "", "helpers/strings.h: layout.txt does not know helpers"),
    "up the tree": ("licensing/rules.cc", '#include "server/api.h"', "licensing may not use server"),
    "by a relative path": ("verify/near.cc", '#include "../server/api.h"', "verify/near.cc includes"),
    "a reserved header": ("server/attestation.cc", "#include <libp11.h>", "server/attestation.cc includes <libp11.h>"),
    "SQL": ("licensing/flow/latest.cc", "#include <soci/soci.h>", "licensing/flow/latest.cc includes <soci/soci.h>"),
    "a reserved header in a file called a test": ("server/test_mode.cc", "#include <libp11.h>", "server/test_mode.cc includes"),
    "what is for tests": ("verify/contest.cc", '#include "verify/test_support.h"', "that is for tests"),
    "OpenSSL in pure rules": ("licensing/digests.cc", "#include <openssl/evp.h>", "licensing is pure"),
    "the clock": ("verify/attested.cc", "auto now = std::chrono::system_clock::now();", "verify/attested.cc reads the system's clock"),
    "a private key in memory": ("server/latest.cc", "auto key = d2i_AutoPrivateKey(a, b, c);", "server/latest.cc takes private keys"),
}


def copy_sources(target):
    for top in sorted(ROOT.iterdir()):
        if top.is_dir() and not top.name.startswith(".") and top.name not in {"build", "state"}:
            for path in top.rglob("*"):
                if path.suffix in KEPT or path.name in {"CMakeLists.txt", "layout.txt"}:
                    copy = target / path.relative_to(ROOT)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, copy)


def check(tree):
    return subprocess.run([HERE / "check_layout.py", tree], capture_output=True, text=True, check=False)


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        copy_sources(tree)
        if check(tree).returncode != 0:
            wrong.append("the copy breaks the layout by itself")
        for name, (file, text, said) in BREACHES.items():
            path = tree / file
            new = not path.parent.exists()
            path.parent.mkdir(exist_ok=True)
            if path.exists():
                sys.exit(f"{file} exists: take another name")
            path.write_text(text + "\n", encoding="utf-8")
            done = check(tree)
            path.unlink()
            if new:
                path.parent.rmdir()
            lines = done.stdout.splitlines()
            if done.returncode != 1 or len(lines) != 2 or said not in lines[0]:
                wrong.append(f"{name}: {done.stdout}{done.stderr}")
    print("\n".join(wrong) or f"{len(BREACHES)} breaches, each noticed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
