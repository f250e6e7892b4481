#!/usr/bin/python3 -B
"""A revocation list in the document store is cut short: the next registration that rests on it finds it so and stores it
anew, from what it was judged with.
"""
import sqlite3
import sys

from stack import check, expect, main, say, until


def list_of(stack):
    database = sqlite3.connect(stack.database, timeout=30)
    found = database.execute("SELECT digest FROM evidence WHERE kind = 'crl' ORDER BY owner LIMIT 1").fetchone()
    database.close()
    check(found, "no revocation list was kept")
    return next(path for path in (stack.home / "documents").rglob(found[0]))


def scenario(stack):
    stack.registered("individual")
    stack.daemon.stop()
    kept = list_of(stack)
    whole = kept.read_bytes()
    kept.chmod(0o640)
    kept.write_bytes(whole[:len(whole) // 2])
    stack.daemon.start()
    stack.wait_for_daemon()
    number, _ = stack.registered("individual")
    check(kept.read_bytes() == whole, "registered with a list that is damaged")
    until(lambda: stack.portal().get(f"/v1/applications/{number}/capsule").status == 200, "the capsule")
    expect(stack.portal().get(f"/v1/applications/{number}/capsule"), 200)
    say("damaged_list: found and stored anew before anything rests on it")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
