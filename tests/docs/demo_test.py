#!/usr/bin/python3
"""Starts ./run and does by hand, against it, what README.md, docs/start.md and docs/portals.md say: every ```sh block, page by page.

    tests/docs/demo_test.py           starts the demo and ends it again
    tests/docs/demo_test.py --up      against one that is up
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/start.md", "docs/portals.md")
START_SECONDS = 600  # a busy machine; how long it takes is not what is tested


class Demo:
    """./run, until it says that it stays up."""

    def __init__(self):
        self.process = subprocess.Popen([ROOT / "run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
        self.lines, self.up = [], threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if "Ctrl-C ends it" in line:
                self.up.set()
        self.up.set()  # it ended

    def is_up(self):
        return self.up.wait(START_SECONDS) and self.process.poll() is None and "Ctrl-C ends it" in "".join(self.lines)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # to the demo itself, or to the sudo that hands it on
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()


def failure_of(page):
    """What went wrong with the page's commands, in one shell, in the project's folder; nothing when all went well."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)
    if not blocks:
        return f"{page}: no block of commands"
    # In the environment of somebody who has just logged in: what a page needs, it says.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TANBA_", "SOFTHSM2_", "XDG_"))}
    done = subprocess.run(["bash", "-c", "set -eux -o pipefail\n" + "".join(blocks)], cwd=ROOT, env=environment, capture_output=True, text=True,
                          timeout=300, check=False, stdin=subprocess.DEVNULL, start_new_session=True)
    if done.returncode != 0:
        return f"{page}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    print(f"{page}: {sum(block.count(chr(10)) for block in blocks)} lines ran", flush=True)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--up", action="store_true", help="the demo is up already")
    options = parser.parse_args()
    demo = None if options.up else Demo()
    try:
        if demo and not demo.is_up():
            print("the demo did not come up:", *demo.lines, sep="\n")
            return 1
        wrong = [failure for failure in map(failure_of, PAGES) if failure]
    finally:
        if demo:
            demo.stop()
    if demo and demo.process.returncode != 0:
        wrong.append(f"./run ended with {demo.process.returncode}:\n{''.join(demo.lines)}")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
