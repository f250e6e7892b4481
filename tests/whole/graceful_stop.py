#!/usr/bin/python3 -B
"""Told to stop, the daemon answers what it has begun, takes nothing new, and ends with status 0; nothing acknowledged is lost."""
import concurrent.futures
import sys

from stack import Lost, check, expect, main, say, until

# Longer than anything below takes on a busy machine: what is tested is that it is not needed in full.
SETTINGS = "\n[http]\nstop_grace_ms = 300000\n\n[revocation]\nfetch_timeout_ms = 60000\n"
# Nothing is known about these yet, so that each waits for the revocation sources.
PERSONS = ["individual", "sign-right", "head-2015", "short-ski"]


def scenario(stack):
    kept, document = stack.registered("head")
    idle = stack.portal()
    expect(idle.get("/v1/session"), 200)
    stack.control(ocsp={"mode": "slow", "delay": 5})
    signed = [stack.application(person) for person in PERSONS]
    with concurrent.futures.ThreadPoolExecutor(len(PERSONS)) as pool:
        begun = [pool.submit(stack.portal().submit, *one) for one in signed]
        until(lambda: in_flight(stack) >= len(PERSONS), "the requests being under way")
        stack.daemon.process.terminate()
        answers = [one.result() for one in begun]  # Lost here: one that was begun was not answered
    status = stack.daemon.process.wait(300)
    check(status == 0, f"ended with status {status}: {stack.daemon.tail()}")
    for answer in answers:
        check(answer.status == 201 or (answer.status == 503 and "Retry-After" in answer.headers), f"begun before the end: {answer}")
    taken = {answer.body["number"] for answer in answers if answer.status == 201}
    check(taken, "all were told to try again: this shows nothing")
    try:
        idle.connection and idle.exchange("GET", "/v1/session", None, {}, 60)
        check(False, "an idle connection outlived the daemon")
    except Lost:
        pass
    stack.control(ocsp="ok")
    stack.daemon.start()
    stack.wait_for_daemon("/readyz")
    check(stack.registered_count() == 1 + len(taken), f"{stack.registered_count()} registered, {1 + len(taken)} acknowledged")
    check(expect(stack.portal().get(f"/v1/applications/{kept}/document"), 200).octets == document, "an old document")
    for (octets, claim), answer in zip(signed, answers):
        again = expect(stack.portal().submit(octets, claim), 201).body
        check(answer.status == 503 or (again["repeat"] and again["number"] == answer.body["number"]), f"repeated after the restart: {again}")
    say(f"graceful_stop: {len(answers)} begun and answered, {len(taken)} of them registered, status 0")


def in_flight(stack):
    """Requests for submissions that the daemon is working on, by its own metrics."""
    text = stack.nobody.get("/metrics").octets.decode()
    values = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("tanba_http_in_flight")]
    check(len(values) == 1, f"no such metric: {text[:2000]}")
    return values[0] - 1  # this one


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, settings=SETTINGS))
