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
    portals_keys(stack, settings, whole)
    say("reload: taken, waiting for a restart and wrong, each said; portals' keys and scopes at once")


def without_key(whole, portal):
    """The file without this portal and its key."""
    begin = whole.index(f'[[portal]]\nid = "{portal}"\n')
    end = whole.index("\n\n", whole.index("scopes = ", begin)) + 2
    return whole[:begin] + whole[end:]


def portals_keys(stack, settings, whole):
    own, other = stack.portal("egov"), stack.portal("other")
    for portal in (own, other):
        expect(portal.get("/v1/applications"), 200)
    narrowed = whole.replace('"verify", "submit", "read"', '"verify", "submit"', 1)  # of "egov", the first
    settings.write_text(without_key(narrowed, "other"), encoding="utf-8")
    reloaded(stack, "reload.done")
    check(len(events(stack, "reload.needs_restart")) == 1, "portals need no restart")
    expect(other.get("/v1/applications"), 401, "auth.required")  # over the connection that it has
    expect(stack.portal("other").get("/v1/session"), 401, "auth.required")
    expect(own.get("/v1/applications"), 403, "auth.denied")
    expect(own.get("/v1/session"), 200)

    # A file that is wrong gives back nothing of what the last good one took.
    settings.write_text(whole.replace('kind = "bearer"', 'kind = "password"', 1), encoding="utf-8")
    reloaded(stack, "reload.file_not_taken")
    expect(other.get("/v1/session"), 401, "auth.required")
    expect(own.get("/v1/applications"), 403, "auth.denied")
    expect(own.get("/v1/session"), 200)

    # TLS files that cannot be used keep no withdrawn key alive.
    settings.write_text(whole, encoding="utf-8")
    reloaded(stack, "reload.done")
    expect(other.get("/v1/session"), 200)
    key = stack.home / "tls-key.pem"
    octets = key.read_bytes()
    key.write_bytes(b"none")
    settings.write_text(without_key(whole, "other"), encoding="utf-8")
    reloaded(stack, "reload.failed")
    expect(other.get("/v1/session"), 401, "auth.required")
    expect(stack.portal("egov").get("/v1/applications"), 200)  # over the old TLS files
    key.write_bytes(octets)
    settings.write_text(whole, encoding="utf-8")
    reloaded(stack, "reload.done")
    expect(other.get("/v1/session"), 200)


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
