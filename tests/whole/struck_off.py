#!/usr/bin/python3 -B
"""Whoever is taken out of the configuration is struck off when the daemon starts again: no log-in, no session; the others stay."""
import base64
import sys

from stack import Officer, check, expect, main, say


def log_in(stack, name):
    officer = Officer(stack, name)
    challenge = expect(officer.api.post("/v1/login/challenge"), 200).body["challenge"]
    signed = base64.b64encode(officer.key.sign_xml(challenge.encode())).decode()
    return officer.api.post("/v1/login", {"document": signed})


def scenario(stack):
    expect(log_in(stack, "officer-head"), 200)
    text = (stack.home / "tanbad.toml").read_text(encoding="utf-8")
    person = stack.index["certificates"]["officer-head"]
    entry = f'[[staff]]\niin = "{person["iin"]}"\nbin = "{person["bin"]}"\nname = "{person["commonName"]}"\n\n'
    check(text.count(entry) == 1, "the configuration lists the person once")
    for listed, configuration in ((False, text.replace(entry, "")), (True, text)):
        stack.daemon.stop()
        stack.write("tanbad.toml", configuration)
        stack.daemon.start()
        stack.wait_for_daemon("/readyz")
        if listed:
            expect(log_in(stack, "officer-head"), 200)
        else:
            expect(log_in(stack, "officer-head"), 403, "role.not_listed")
        expect(log_in(stack, "officer"), 200)
    say("struck_off: gone from the configuration, gone from the list; back with it")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
