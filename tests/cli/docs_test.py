#!/usr/bin/python3
"""Runs every example of docs/reference/cli.md, in order, and looks for commands that the page does not name.

    tests/cli/docs_test.py --bin build/dev/bin --authority build/dev/certs-test
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import licence_test  # noqa: E402  (beside this file)

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/reference/cli.md"


def lay_out(service, folder):
    """The files that the page's examples name."""
    authority = service.authority
    for source, name in ((authority.p12("individual"), "individual.p12"), (authority.p12("security"), "security.p12"), (authority.password, "password.txt"),
                         (authority.anchors, "anchors.pem"), (authority.issuing, "issuing.pem"),
                         (authority.folder / "tls-anchors.pem", "tls-anchors.pem"), (service.officer_certificate, "officer.pem")):
        shutil.copy2(source, folder / name)
    shutil.copytree(authority.folder / "crl", folder / "evidence")
    (folder / "receipt.pdf").write_bytes(licence_test.RECEIPT)
    shutil.copy2(licence_test.OPTIONS.authority / "scenarios/pdf-no-signature/document.pdf", folder / "permit.pdf")
    text = licence_test.application(service.licensor, authority.person("individual"))
    (folder / "application.xml").write_text(text, encoding="utf-8")


def commands_of(tanba, path=()):
    """Every command, found in the help of the one above it."""
    text = tanba(*path, "--help").stdout.decode()
    below = re.search(r"^Subcommands:\n((?:  .*\n?)+)", text, re.M)
    names = re.findall(r"^  ([a-z][a-z-]*) ", below.group(1), re.M) if below else []
    return [one for name in names for one in commands_of(tanba, (*path, name))] or [path]


def unnamed(tanba, page):
    """Commands whose last word stands nowhere in the page's code."""
    code = " ".join(re.findall(r"```sh\n.*?```|`[^`]+`", page, re.S))
    return [" ".join(path) for path in commands_of(tanba) if not re.search(rf"\b{re.escape(path[-1])}\b", code)]


def main():
    parser = licence_test.argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)
    licence_test.OPTIONS = options = parser.parse_args()
    options.bin, options.authority = options.bin.resolve(), options.authority.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-docs-"))
    service = licence_test.Service(folder)
    try:
        service.start()
        lay_out(service, folder)
        page = PAGE.read_text(encoding="utf-8")
        missing = unnamed(service.tanba, page)
        script = "set -eux\n" + "".join(re.findall(r"```sh\n(.*?)```", page, re.S))
        script = script.replace("https://tanba.example:8443", f"https://localhost:{service.port}")
        environment = service.tanba.environment | {"PATH": f"{options.bin}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, timeout=600, check=False, capture_output=True,
                              stdin=subprocess.DEVNULL, start_new_session=True)
        if done.returncode != 0 or missing:
            print(done.stdout.decode(), done.stderr.decode(), service.logs() if done.returncode else "", sep="\n")
            print(f"status {done.returncode}; commands that the page does not name: {missing}")
            return 1
        print(f"{script.count(chr(10))} lines ran")
        return 0
    finally:
        service.processes.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
