#!/usr/bin/python3 -B
"""The daemon reaches no token: when it has verified, and a decision was signed by the key server, neither libp11 nor a
PKCS#11 module is in its process. The key server has both.

libp11-kit may be there: libraries that curl and PostgreSQL's client bring along are linked with it. It would load a
module only if one of them asked for tokens, and the test would see that module."""
import os
import re
import subprocess
import sys

from stack import check, main, say

MODULES = re.compile(r"libp11\.so|softhsm|opensc|pkcs11|/engines-3/")
ALLOWED = re.compile(r"/libp11-kit\.so")


def needed(program):
    """What the program itself is linked with."""
    done = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True)
    return re.findall(r"\(NEEDED\)\s+Shared library: \[(.*)\]", done.stdout)


def mapped(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as lines:
        return sorted({line.split(maxsplit=5)[5].strip() for line in lines if "/" in line})


def tokens_in(paths):
    return [path for path in paths if MODULES.search(path) and not ALLOWED.search(path)]


def scenario(stack):
    linked = needed(stack.daemon.command[0])
    check(linked, "readelf says nothing of tanbad")
    check(not any("p11" in name or MODULES.search(name) for name in linked), f"tanbad is linked with {linked}")
    officer = stack.officer()
    number, _ = stack.registered()
    officer.decide(number)
    found = tokens_in(mapped(stack.daemon.process.pid))
    check(not found, f"in the daemon's process: {', '.join(found)}")
    # That the question can be answered with yes.
    there = tokens_in(mapped(stack.keyd.process.pid))
    check(any("softhsm" in path for path in there), f"the key server has no module: {there}")
    say(f"no_tokens: none of {len(mapped(stack.daemon.process.pid))} files in the daemon; in the key server {', '.join(map(os.path.basename, there))}")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
