#!/usr/bin/python3 -B
"""The disk with the documents is full: 503 registry.storage, nothing acknowledged; when there is room, all goes on.

The disk is a small one in memory, in a mount namespace of this test's own.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from stack import check, expect, main, say, until

INSIDE = "TANBA_FULL_DISK_INSIDE"


def scenario(stack):
    disk = pathlib.Path(stack.documents)
    kept = stack.registered()
    filler = disk.parent / "filler"
    with filler.open("wb", buffering=0) as out:
        try:
            while out.write(b"\0" * 4096):
                pass
        except OSError:
            pass
    document, claim = stack.application()
    answer = expect(stack.portal().submit(document, claim), 503, "registry.storage")
    check(int(answer.headers.get("Retry-After", 0)) > 0, f"no Retry-After: {answer}")
    check("/" not in answer.body["detail"], f"names of files in the answer: {answer}")
    check(stack.registered_count() == 1, "registered on a full disk")
    until(lambda: "registry.storage" in str(stack.nobody.get("/readyz")), "/readyz that says so")
    # What needs no room goes on.
    check(expect(stack.portal().get(f"/v1/applications/{kept[0]}/document"), 200).octets == kept[1], "an old document")
    filler.unlink()
    stack.wait_for_daemon("/readyz")  # by itself: who is not ready is sent nothing to write
    number = expect(stack.portal().submit(document, claim), 201).body["number"]
    check(expect(stack.portal().get(f"/v1/applications/{number}/document"), 200).octets == document, "the document that waited")
    say("full_disk: registry.storage, nothing acknowledged, taken when there was room")


if __name__ == "__main__":
    if os.environ.get(INSIDE) is None:
        # Without root, as root of a user namespace.
        unshare = ["unshare", "--mount"] + ([] if os.getuid() == 0 else ["--map-root-user"])
        sys.exit(subprocess.run([*unshare, sys.executable, "-B", __file__, *sys.argv[1:]], env={**os.environ, INSIDE: "1"}, check=False).returncode)
    with tempfile.TemporaryDirectory(prefix="tanba-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], check=True)
        try:
            status = main(__doc__, scenario, documents=f"{folder}/documents")
        finally:
            subprocess.run(["umount", folder], check=True)
    sys.exit(status)
