#!/usr/bin/python3 -B
"""A decision is given up while the key server hangs: it is either signed and in the registry, or abandoned and never signed.

The key server is stopped (SIGSTOP) with an approval on its way to it; the officer gives up; it goes on, sooner or later.
"""
import base64
import json
import os
import signal
import socket
import struct
import sys
import threading

from stack import Stack, check, expect, main, say, until

# The DER of sha256WithRSAEncryption: the daemon's choice.
ALGORITHM = base64.b64encode(bytes.fromhex("300d06092a864886f70d01010b0500")).decode()


class HangingStack(Stack):
    def write(self, name, text):
        if name == "tanbad.toml":
            text = text.replace("[keyd]\n", "[keyd]\ntimeout_ms = 1500\n")
        super().write(name, text)

    def ask_keyd(self, **request):
        """As a daemon gone bad would."""
        octets = json.dumps({"v": 1, **request}).encode()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.home / "keyd.socket"))
            connection.sendall(struct.pack(">I", len(octets)) + octets)
            with connection.makefile("rb") as answers:
                return json.loads(answers.read(struct.unpack(">I", answers.read(4))[0]))

    def hang(self):
        os.kill(self.keyd.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.keyd.process.pid, signal.SIGCONT)

    def events_of(self, intent):
        lines = (self.home / "keyd.log").read_text(encoding="utf-8").splitlines()
        return [entry["event"] for entry in map(json.loads, lines) if entry.get("intent") == intent]


def old_approval(approval_text, approval):
    """The request that a daemon makes of an approval."""
    text = json.loads(approval_text)
    return {"request": "sign-intent", "intent": text["intent"], "kind": text["kind"], "number": text["number"],
            "digestAlgorithm": text["documentDigest"]["algorithm"], "digest": text["documentDigest"]["value"],
            "licensor": text["licensor"], "key": text["key"], "algorithm": ALGORITHM, "approval": approval}


def one_round(stack, officer, person, while_hanging):
    number, _ = stack.registered(person)
    prepared = expect(officer.prepare(number), 201).body
    intent = prepared["intent"]["id"]
    path, body = officer.signed_for(prepared)
    note = {"note": "сервер ключей завис"}
    # A request that is on its way, whatever the daemon does about it by then.
    waiting = threading.Thread(target=lambda: stack.ask_keyd(**old_approval(prepared["approvalText"], body["approval"])))
    stack.hang()
    waiting.start()
    try:
        expect(officer.api.post(path, body), 503, "server.deadline")
        if while_hanging:
            # Nobody knows: it stays.
            expect(officer.api.post(f"/v1/intents/{intent}/abandon", note), 503, "server.deadline")
            check(expect(officer.api.get(f"/v1/intents/{intent}"), 200).body["state"] == "signing", "given up on a guess")
        else:
            giving_up = threading.Thread(target=lambda: officer.api.post(f"/v1/intents/{intent}/abandon", note))
            giving_up.start()
    finally:
        stack.go_on()
    if not while_hanging:
        giving_up.join()
    waiting.join()

    def settled():
        state = expect(officer.api.get(f"/v1/intents/{intent}"), 200).body["state"]
        return state if state in ("committed", "abandoned") else None
    state = until(settled, "an end of the intent")
    # Whatever reaches the key server after this.
    answer = stack.ask_keyd(**old_approval(prepared["approvalText"], body["approval"]))
    events = stack.events_of(intent)
    if state == "abandoned":
        check("signed" not in events and "cancelled" in events, f"abandoned, and the key server has {events}")
        check(answer.get("code") == "intent.state", f"an old approval of an abandoned intent: {answer}")
        officer.decide(number)  # another one, by another number
    else:
        check(events == ["signing", "signed"], f"committed, and the key server has {events}")
    return state


def scenario(stack):
    officer = stack.officer()
    states = [one_round(stack, officer, person, while_hanging)
              for person in ("head", "individual") for while_hanging in (True, False)]
    # Straight, before the key server heard of it: its approval lies in a drawer.
    number, _ = stack.registered("individual")
    prepared = expect(officer.prepare(number), 201).body
    _, body = officer.signed_for(prepared)
    expect(officer.api.post(f"/v1/intents/{prepared['intent']['id']}/abandon", {"note": "передумал"}), 200)
    answer = stack.ask_keyd(**old_approval(prepared["approvalText"], body["approval"]))
    check(answer.get("code") == "intent.state", f"an approval from the drawer: {answer}")
    say(f"abandoned: {', '.join(states)}; none both, none signed after it was given up")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, kind=HangingStack))
