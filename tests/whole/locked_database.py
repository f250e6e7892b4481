#!/usr/bin/python3 -B
"""Another process holds the database's lock: 503 registry.busy, nothing acknowledged; when it lets go, all goes on."""
import sqlite3
import sys

from stack import check, expect, main, say


def scenario(stack):
    kept = stack.registered()
    other = sqlite3.connect(stack.database, isolation_level=None, timeout=60)
    other.execute("BEGIN EXCLUSIVE")
    document, claim = stack.application()
    answer = expect(stack.portal().submit(document, claim), 503, "registry.busy")
    check(int(answer.headers.get("Retry-After", 0)) > 0, f"no Retry-After: {answer}")
    # Reading and verifying need no lock.
    check(expect(stack.portal().get(f"/v1/applications/{kept[0]}/document"), 200).octets == kept[1], "an old document")
    other.execute("ROLLBACK")
    other.close()
    check(stack.registered_count() == 1, "registered under a lock")
    expect(stack.portal().submit(document, claim), 201)
    say("locked_database: registry.busy, nothing acknowledged, taken afterwards")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
