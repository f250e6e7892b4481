#!/usr/bin/python3
"""Runs a command beside a private PostgreSQL 15 that is made for it and thrown away afterwards.

    with_postgres.py COMMAND [ARGUMENT]...

The command finds the connection string in TANBA_TEST_POSTGRES.  The server listens on a Unix socket in a folder of its
own and nowhere else; durability settings are PostgreSQL's defaults.  PostgreSQL refuses to run as root: then it runs
as the package's own user.  The exit status is the command's.
"""

import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
SUPERUSER = "tanba"
START_SECONDS = 60
PR_SET_PDEATHSIG = 1


def server_user() -> pwd.struct_passwd | None:
    """Whom to become before running PostgreSQL; None: stay."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("with_postgres: no unprivileged user to run PostgreSQL as")


def become(user: pwd.struct_passwd | None):
    """What a child does before it executes: drops privileges, and dies with its parent."""

    def prepare() -> None:
        os.setsid()  # an interrupt from the terminal is ours to pass on, after the command ended
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    return prepare


def start(folder: pathlib.Path, user: pwd.struct_passwd | None) -> subprocess.Popen:
    data, log = folder / "data", folder / "log"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    subprocess.run(
        [BINARIES / "initdb", "-D", data, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"],
        check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environment, preexec_fn=become(user))
    with open(log, "wb") as output:
        server = subprocess.Popen(
            [BINARIES / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=100"],
            stdout=output, stderr=output, cwd=folder, env=environment, preexec_fn=become(user))
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([BINARIES / "pg_isready", "-q", "-h", folder, "-d", "postgres", "-U", SUPERUSER],
                         check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            sys.stderr.write(log.read_text(errors="replace"))
            raise SystemExit("with_postgres: PostgreSQL did not start")
        time.sleep(0.1)
    return server


def stop(server: subprocess.Popen) -> None:
    server.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def main(command: list[str]) -> int:
    if not command:
        raise SystemExit(__doc__)
    user = server_user()
    # Below /tmp whatever TMPDIR says: the path of a socket is short, and the other user must be able to get there.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-postgres-", dir="/tmp"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        server = start(folder, user)
        try:
            connection = f"host={folder} user={SUPERUSER} dbname=postgres"
            return subprocess.run(command, check=False, env=os.environ | {"TANBA_TEST_POSTGRES": connection}).returncode
        finally:
            stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
