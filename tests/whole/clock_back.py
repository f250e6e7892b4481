#!/usr/bin/python3 -B
"""The journal's last entry lies ahead of the clock: the daemon does not work with such a clock, and says so, until an
administrator accepts the clock. A journal that somebody changed in the middle is found by a walk and by the daemon itself.
"""
import datetime
import hashlib
import json
import sqlite3
import subprocess
import sys

import audit
from stack import START_SECONDS, check, expect, main, run, say, until


def write_row_ahead(stack):
    """As a daemon whose clock ran a year ahead would have left it: a row that is whole in itself."""
    database = sqlite3.connect(stack.database, timeout=30)
    seq, entry, head = database.execute("SELECT seq, entry, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    content = json.loads(entry)
    content |= {"seq": seq + 1, "previous": head, "at": f"{int(content['at'][:4]) + 1}{content['at'][4:]}"}
    later = int(datetime.datetime.fromisoformat(content["at"].replace("Z", "+00:00")).timestamp())
    octets = audit.canonical(content)
    database.execute("INSERT INTO journal (seq, at, event, subject, entry, previous, hash, leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                     (seq + 1, later, content["event"], content["subject"], octets.decode(), head,
                      hashlib.sha256(octets).hexdigest(), hashlib.sha256(b"\0" + octets).hexdigest()))
    database.commit()
    database.close()
    audit.Journal(stack.database).walk()


def tanbad(stack, *arguments):
    return subprocess.run([stack.bin / "tanbad", "--config", stack.home / "tanbad.toml", *arguments], capture_output=True,
                          text=True, check=False, timeout=300)


def scenario(stack):
    stack.registered()
    stack.wait_for_daemon("/readyz")
    # While it runs, by another daemon of the registry: refused, and not ready.
    write_row_ahead(stack)
    document, claim = stack.application()
    expect(stack.portal().submit(document, claim), 503, "registry.clock")
    until(lambda: (answer := stack.nobody.get("/readyz")).status == 503 and "registry.clock" in str(answer), "/readyz that says so")
    stack.daemon.stop()
    stack.daemon.start()
    status = stack.daemon.process.wait(START_SECONDS)
    check(status != 0 and "registry.clock" in stack.daemon.tail(), f"status {status}: {stack.daemon.tail()}")
    say("  refused by the running daemon with /readyz, and at the start")
    accepted = tanbad(stack, "--accept-clock", "часы были неверны")
    check(accepted.returncode == 0 and "accepted" in accepted.stdout, f"{accepted}")
    for bad in ([""], []):  # a reason of nothing starts no daemon either
        refused = tanbad(stack, "--accept-clock", *bad)
        check(refused.returncode == 64, f"--accept-clock {bad}: {refused}")
    again = tanbad(stack, "--accept-clock", "ещё раз")
    check(again.returncode == 0 and "nothing" in again.stdout, f"{again}")
    stack.daemon.start()
    stack.wait_for_daemon("/readyz")
    expect(stack.portal().submit(document, claim), 201)
    stack.daemon.stop()
    journal = run(stack.bin / "tanbad", "--config", stack.home / "tanbad.toml", "--verify-journal")
    check(journal.startswith("journal: ") and journal.endswith(", ok\n"), journal)
    damaged = damage(stack)
    check(damaged.returncode == 1 and "registry.damaged" in damaged.stderr, f"a changed row passes --verify-journal: {damaged}")
    # Its last row is in order: the daemon starts, walks the journal while it serves, and says what it found.
    stack.daemon.start()
    stack.wait_for_daemon()
    until(lambda: (answer := stack.nobody.get("/readyz")).status == 503 and "registry.damaged" in str(answer), "/readyz that says so")
    check("journal.damaged" in stack.daemon.log.read_text(encoding="utf-8"), "the log says nothing of the damaged row")
    say("clock_back: refused with registry.clock, and went on with a clock that was accepted")


def damage(stack):
    database = sqlite3.connect(stack.database, timeout=30)
    database.execute("UPDATE journal SET entry = replace(entry, 'egov', 'evil') WHERE seq = "
                     "(SELECT min(seq) FROM journal WHERE event = 'application.registered')")
    database.commit()
    database.close()
    return tanbad(stack, "--verify-journal")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
