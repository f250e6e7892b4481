#!/usr/bin/python3 -B
"""Other programs read the registry's file beside the daemon, as a backup or a look with sqlite3 does: what the daemon
acknowledges afterwards is still there when it was killed and started again, and no number is given twice."""
import os
import pathlib
import sqlite3
import subprocess
import sys

from stack import check, expect, main, say


def look(path):
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT count(*) FROM journal").fetchone()[0]
    database.close()
    return rows


def deleted_files(pid):
    names = (os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    return [name for name in names if name.endswith("(deleted)") and "registry" in name]


def scenario(stack):
    registry = stack.database
    numbers = [stack.registered()[0]]
    expect(stack.portal().get(f"/v1/applications/{numbers[0]}"), 200)  # a reader's session has come
    rows = [look(registry)]
    stack.wait_for_daemon("/readyz")
    taken = subprocess.run([*stack.daemon.command, "--take-trust", "by the test"], capture_output=True, text=True, check=False)
    check("trust.unchanged" in taken.stdout + taken.stderr, f"--take-trust: {taken}")
    check(not deleted_files(stack.daemon.process.pid), f"the daemon writes to {deleted_files(stack.daemon.process.pid)}")
    numbers += [stack.registered(person)[0] for person in ("individual", "sign-right")]
    rows.append(look(registry))
    check(rows[1] > rows[0], f"others see nothing of what was acknowledged: {rows}")
    stack.daemon.kill()
    stack.daemon.start()
    stack.wait_for_daemon()
    portal = stack.portal()
    for number in numbers:
        expect(portal.get(f"/v1/applications/{number}"), 200)
    numbers.append(stack.registered("head-2015")[0])
    check(len(set(numbers)) == len(numbers), f"a number was given twice: {numbers}")
    say(f"another_program: {len(numbers)} registered, none lost, none twice, {rows[1]} rows seen from outside")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
