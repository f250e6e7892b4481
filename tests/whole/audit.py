"""Walks the registry's journal and the key server's log by their published form, without the code under test."""
import base64
import contextlib
import hashlib
import json
import sqlite3

from stack import check

ZEROS = "0" * 64


@contextlib.contextmanager
def reading(path):
    """One moment of the database, though the daemon goes on writing."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30, isolation_level=None)
    try:
        database.execute("BEGIN")
        yield database
    finally:
        database.close()


def canonical(value):
    """RFC 8785 for what stands in journals: no fractions, and no names beyond the basic plane."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class Journal:
    """Remembers how far it has read: rows are only ever added."""

    def __init__(self, path):
        self.path, self.seq, self.head, self.last_at = path, 0, ZEROS, ""

    def walk(self):
        with reading(self.path) as database:
            if self.seq:
                row = database.execute("SELECT hash FROM journal WHERE seq = ?", (self.seq,)).fetchone()
                check(row is not None and row[0] == self.head, f"journal row {self.seq} is gone or changed")
            rows = database.execute("SELECT seq, entry, previous, hash, leaf FROM journal WHERE seq > ? ORDER BY seq", (self.seq,))
            for seq, entry, previous, digest, leaf in rows:
                octets = entry.encode()
                content = json.loads(entry)
                place = f"journal row {seq}"
                check(seq == self.seq + 1 == content["seq"], f"{place}: numbering")
                check(canonical(content) == octets, f"{place}: not canonical")
                check(previous == self.head == content["previous"], f"{place}: predecessor")
                check(digest == hashlib.sha256(octets).hexdigest(), f"{place}: hash")
                check(leaf == hashlib.sha256(b"\0" + octets).hexdigest(), f"{place}: leaf hash")
                check(content["at"] >= self.last_at, f"{place}: time runs backwards")
                self.seq, self.head, self.last_at = seq, digest, content["at"]
        return self.seq


def keyd_signatures(path):
    """intent -> signature entry of the key server's log; verifies its chain. A line cut off at the end is not one."""
    *lines, _cut_off = path.read_bytes().split(b"\n")
    previous, signatures, asked = None, {}, set()
    for number, line in enumerate(lines):
        entry = json.loads(line)
        check(canonical(entry) == line, f"key server's log, line {number}: not canonical")
        if previous is not None:
            check(hashlib.sha256(previous).hexdigest() in entry.values(), f"key server's log, line {number}: predecessor")
        previous = line
        if entry["event"] == "signing":
            check(entry["intent"] not in asked, f"intent {entry['intent']} was begun twice")
            asked.add(entry["intent"])
        if entry["event"] == "signed":
            check(entry["intent"] in asked, f"intent {entry['intent']} was signed before it was written")
            check(entry["intent"] not in signatures, f"intent {entry['intent']} was signed twice")
            signatures[entry["intent"]] = entry["signed"]
    return signatures


def signature_value(document):
    """The octets of an XML document's only SignatureValue."""
    begin = document.index(b">", document.index(b"SignatureValue")) + 1
    return base64.b64decode(document[begin:document.index(b"<", begin)])
