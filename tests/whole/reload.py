#!/usr/bin/python3 -B
"""SIGHUP: the log says what was taken, which settings wait for a restart, and all that is wrong; the daemon goes on."""
import json
import signal
import sys

from stack import check, expect, main, say, until


def scenario(stack):
    settings = stack.home / "tanbad.toml"
    whole = settings.read_text(encoding="utf-8")
    check(reloaded(stack, "reload.done")[-1]["event"] == "reload.done", "no word about a reload")
    check(not events(stack, "reload.needs_restart"), "nothing was changed")

    settings.write_text(whole + "\n[session]\nmax_age_s = 3600\n", encoding="utf-8")
    check(reloaded(stack, "reload.needs_restart")[-1]["tables"] == "session", "which table differs")

    settings.write_text(whole + "\n[session]\nmax_age_s = \"x\"\nidle_timeout_s = \"y\"\n", encoding="utf-8")
    reloaded(stack, "reload.failed")
    until(lambda: len(events(stack, "reload.failed")) == 2, "both errors")
    expect(stack.nobody.get("/healthz"), 200)

    settings.write_text(whole, encoding="utf-8")
    reloaded(stack, "reload.done")
    check(len(events(stack, "reload.needs_restart")) == 1, "what was changed back needs no restart")
    say("reload: taken, waiting for a restart and wrong, each said")


def events(stack, name):
    lines = stack.daemon.log.read_text(encoding="utf-8").splitlines()
    return [line for line in map(json.loads, (text for text in lines if text.startswith("{"))) if line["event"] == name]


def reloaded(stack, name):
    """The events of this name, when the signal has brought one more."""
    before = len(events(stack, name))
    stack.daemon.process.send_signal(signal.SIGHUP)
    return until(lambda: (found := events(stack, name))[before:] and found, name)


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
