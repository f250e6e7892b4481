#!/usr/bin/python3 -B
"""A decision was prepared by an officer who is gone: a colleague who knows the application alone finds it, gives it up and decides.

And what becomes of a licence is read with its reasons, over the API and on the command line.
"""
import json
import sys

from stack import check, expect, main, run, say


class Terminal:
    """One officer at the command line."""

    def __init__(self, stack, name):
        self.stack, self.session = stack, stack.home / f"{name}.session"
        self.tanba("login", "--server", f"https://localhost:{stack.port}", "--ca", stack.authority / "tls-anchors.pem",
                   "--p12", stack.authority / f"p12/{name}.p12", "--password-file", stack.authority / "p12/password.txt",
                   "--chain", stack.authority / "ca/issuing.pem", "--json")

    def tanba(self, *arguments):
        return run(self.stack.bin / "tanba", "licence", *arguments, "--session", self.session)


def strike_off(stack, name):
    """Out of the configuration, as one who left."""
    text = (stack.home / "tanbad.toml").read_text(encoding="utf-8")
    person = stack.index["certificates"][name]
    entry = f'[[staff]]\niin = "{person["iin"]}"\nbin = "{person["bin"]}"\nname = "{person["commonName"]}"\n\n'
    check(text.count(entry) == 1, "the configuration lists the person once")
    stack.daemon.stop()
    stack.write("tanbad.toml", text.replace(entry, ""))
    stack.daemon.start()
    stack.wait_for_daemon("/readyz")


def found_and_abandoned(stack, numbers):
    colleague, terminal = stack.officer("officer-head"), Terminal(stack, "officer-head")
    listed = {row["number"]: row for row in expect(colleague.api.get("/v1/applications"), 200).body["applications"]}
    for number in numbers:
        path = f"/v1/applications/{number}"
        blocked = expect(colleague.prepare(number, "refusal", "workstation"), 409, "registry.state").body
        shown = expect(colleague.api.get(path), 200).body["openIntent"]
        check(blocked["intent"] == shown["id"] and shown["id"] in blocked["detail"], f"{number}: {blocked}, {shown}")
        check(shown["state"] == "prepared" and shown["createdAt"], f"{number}: {shown}")
        check(listed[number]["openIntent"] == shown, f"{number}: the queue has {listed[number]}")
        mine = expect(stack.portal().get(path), 200).body
        check("openIntent" not in mine, f"{number}: the portal sees {mine}")
        check(shown["id"] in terminal.tanba("show", number), f"{number}: not shown at the command line")
        run_out = terminal.tanba("abandon", shown["id"], "--note", "исполнитель уволен")
        check("abandoned" in run_out, run_out)
        check("openIntent" not in expect(colleague.api.get(path), 200).body, f"{number}: still open")
        colleague.decide(number, "refusal", "workstation")
    say(f"  {len(numbers)} decisions of a struck-off officer found, given up, decided anew")
    return colleague, terminal


def history(stack, officer, terminal):
    number, _ = stack.registered("individual")
    licence = officer.decide(number).body["number"]
    path = f"/v1/licences/{licence}/events"
    expect(officer.api.post(path, {"event": "suspended", "reason": "\u200b"}), 400, "input.member")
    for event, reason in (("suspended", "Предписание № 7"), ("resumed", "Предписание исполнено")):
        expect(officer.api.post(path, {"event": event, "reason": reason}), 200)
    events = expect(stack.portal().get(path), 200).body["events"]
    check([one["event"] for one in events] == ["issued", "suspended", "resumed"], f"{events}")
    check([one.get("reason") for one in events] == [None, "Предписание № 7", "Предписание исполнено"], f"{events}")
    expect(stack.portal("other").get(path), 404, "registry.not_found")
    expect(stack.officer("officer-industry").api.get(path), 404, "registry.not_found")
    shown = json.loads(terminal.tanba("show", licence, "--json"))
    check(shown["events"] == events and shown["licence"]["inForce"] is True, f"{shown}")
    check("Предписание № 7" in terminal.tanba("show", licence), "the reason is not shown")
    # Pages go on after a row that the caller sees, in any spelling that names it.
    expect(stack.portal().get(f"/v1/licences?after={licence.lower()}"), 200)
    expect(stack.portal("other").get(f"/v1/licences?after={licence}"), 400, "input.member")
    expect(stack.portal().get("/v1/applications?after=A-1"), 400, "registry.number")
    rows = {wanted: expect(stack.portal().get(f"/v1/licences?inForce={wanted}"), 200).body["licences"] for wanted in ("true", "false")}
    check((len(rows["true"]), len(rows["false"])) == (1, 0), f"{rows}")
    expect(stack.portal().get("/v1/licences?inForce=yes"), 400, "input.member")
    say("  a licence's history is read by its portal, its licensor and nobody else")


def reasons(stack, officer):
    """What no document can carry is refused before a number is spent."""
    number, _ = stack.registered()
    answer = expect(officer.prepare(number, "refusal", "workstation", "плохо\u0001"), 400, "input.member")
    check("reason" in answer.body["detail"], f"{answer}")
    first = expect(officer.prepare(number, "refusal", "workstation", "Плохо."), 201).body["intent"]["number"]
    expect(officer.api.post(f"/v1/intents/{expect(officer.api.get(f'/v1/applications/{number}'), 200).body['openIntent']['id']}/abandon",
                            {"note": "проба"}), 200)
    check(officer.decide(number, "refusal", "workstation").body["number"] != first, "a number was given out twice")
    check(int(first.split("-")[3]) == 3, f"a number was spent on what could not be written: {first}")


def scenario(stack):
    officer = stack.officer()
    numbers = []
    for mode, name in (("keyd", "head"), ("workstation", "individual")):
        number, _ = stack.registered(name)
        expect(officer.prepare(number, "grant", mode), 201)
        numbers.append(number)
    strike_off(stack, "officer")
    colleague, terminal = found_and_abandoned(stack, numbers)
    reasons(stack, colleague)
    history(stack, colleague, terminal)
    say("open_intent: nothing stays undecidable because of who prepared it, and reasons are read")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
