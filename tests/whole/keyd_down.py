#!/usr/bin/python3 -B
"""The key server stops: decisions that need it get 503, all else goes on; it comes back, and the decision is finished."""
import base64
import sys

from stack import check, expect, main, say, until


def scenario(stack):
    officer = stack.officer()
    number, _ = stack.registered()
    prepared = expect(officer.prepare(number), 201).body
    path, body = officer.signed_for(prepared)
    stack.keyd.kill()
    answer = expect(officer.api.post(path, body), 503, "keyd.unreachable")
    check(int(answer.headers.get("Retry-After", 0)) > 0, f"no Retry-After: {answer}")
    # Whoever spreads the load sees it; the daemon itself is alive.
    def says_so():
        answer = stack.nobody.get("/readyz")
        checks = answer.body["checks"]
        return answer.status == 503 and checks["keyd"].get("code") == "keyd.unreachable" and checks["registry"]["status"] == "ok"
    until(says_so, "/readyz saying that the key server, and nothing else, is away")
    expect(stack.nobody.get("/healthz"), 200)
    # Others are served: submissions, and decisions signed on workstations.
    another, _ = stack.registered("individual")
    officer.decide(another, "refusal", "workstation")
    intent = f"/v1/intents/{prepared['intent']['id']}"
    check(expect(officer.api.get(intent), 200).body["state"] == "signing", "the approved intent does not wait")
    # The daemon goes too: what was approved is on record.
    stack.daemon.kill()
    stack.keyd.start()
    stack.wait_for_keyd()
    stack.daemon.start()
    stack.wait_for_daemon()
    officer.api.close()  # the connection to the daemon that was killed
    officer.log_in()
    until(lambda: stack.nobody.get("/readyz").status == 200, "/readyz")
    # By itself: the officer need not come back.
    until(lambda: expect(officer.api.get(intent), 200).body["state"] == "committed", "the decision")
    finished = expect(officer.api.post(path, body), 200).body
    stored = expect(stack.portal().get(f"/v1/applications/{number}/decision/document"), 200).octets
    check(base64.b64decode(finished["document"]) == stored, "the repeat got another document")
    signs_nothing_and_shows_it(stack)
    say("keyd_down: 503 keyd.unreachable, others served, finished after both restarts")


def signs_nothing_and_shows_it(stack):
    """A key server that answers and cannot sign: its log is damaged, or its keys wait for a person."""
    log, settings = stack.home / "keyd.log", stack.home / "keyd.toml"
    for file, damage, check_name, code in (
            (log, lambda text: text + "{}\n", "keyd", "keyd.log"),
            (settings, lambda text: text.replace(f'pin_file = "{stack.home}/pin"', 'pin = "prompt"'), "keys", "token.locked")):
        whole = file.read_text(encoding="utf-8")
        check(damage(whole) != whole, f"{file} was not changed")
        stack.keyd.kill()
        file.write_text(damage(whole), encoding="utf-8")
        stack.keyd.start()
        stack.wait_for_keyd()

        def shown():
            answer = stack.nobody.get("/readyz")
            return answer.status == 503 and answer.body["checks"][check_name].get("code") == code  # noqa: B023
        until(shown, f"/readyz showing {code}")
        stack.keyd.kill()
        file.write_text(whole, encoding="utf-8")
        stack.keyd.start()
        stack.wait_for_keyd()
        until(lambda: stack.nobody.get("/readyz").status == 200, "/readyz after that")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
