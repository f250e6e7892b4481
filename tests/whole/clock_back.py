#!/usr/bin/python3 -B
"""The journal's last entry lies ahead of the clock: the daemon does not work with such a clock, and says so."""
import datetime
import hashlib
import json
import sqlite3
import sys

import audit
from stack import check, main, say


def scenario(stack):
    stack.registered()
    stack.daemon.stop()
    # As a daemon whose clock ran a day ahead would have left it: a row that is whole in itself.
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
    stack.daemon.start()
    status = stack.daemon.process.wait(60)
    check(status != 0 and "registry.clock" in stack.daemon.tail(), f"status {status}: {stack.daemon.tail()}")
    say("clock_back: refused to start with registry.clock")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
