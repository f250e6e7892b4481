#!/usr/bin/python3 -B
"""The sources of revocation evidence fail in every way that the test authority knows, under load, again and again.

    tests/whole/outage.py [--minutes N] [--threads N] [--seed N] [--bin build/release/bin]

Clients check certificates without pause. Lists live for seconds and answers for one, so that every check needs a source.
At no time may a verdict be wrong (good, revoked and held certificates get their own decision, or "try again"), no answer
may come later than the deadline that the daemon promises, and when the sources are back, the daemon goes on by itself.
"""
import base64
import collections
import os
import pathlib
import random
import signal
import sys
import threading
import time

from stack import Failed, Lost, Stack, check, say, until

DEADLINE_SECONDS = 2.0
# The deadline is the contract; beyond it only what a busy machine needs to judge and to send.
LATEST_SECONDS = DEADLINE_SECONDS + 20
LIFE_SECONDS = 3
MAX_MEMORY_KIB = 1 << 20
SETTINGS = f"""
[revocation]
fetch_timeout_ms = {int(DEADLINE_SECONDS * 1000)}
ocsp_max_age_s = 1
"""
GOOD = ["head", "individual", "sign-right", "head-2015", "short-ski", "officer"]
BAD = ["revoked", "revoked-superseded", "revoked-no-reason", "on-hold", "individual-revoked", "individual-on-hold"]

# What the authority says under its own key is no fault of a channel or of a stranger: these are verdicts.
LIES = {"lie-good", "lie-revoked", "status-unknown"}
PARAMETERS = {"drip": {"delay": 60}, "slow": {"delay": 30}, "hang": {"delay": 20}}


def modes_of(stack, source):
    """Every mode that the test authority knows for this source, by its own help."""
    text = stack.testca("serve", "--help")
    found, section = [], ""
    for line in text.splitlines():
        if line.startswith("Modes of "):
            section = line.removeprefix("Modes of ").rstrip(":")
        elif not line.startswith("  "):
            section = ""
        elif section in ({"ocsp": "OCSP", "crl": "CRLs"}[source], "both") and line[2:3] not in (" ", ""):
            found.append(line.split()[0])
    check(len(found) > 20, f"modes of {source}: {found}")
    return [mode for mode in found if mode != "ok" and mode not in LIES]


class Load:
    """Clients that check certificates all the time, each with a connection of its own."""

    def __init__(self, stack, threads):
        self.stack = stack
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.slowest = 0.0
        self.wrong = []
        self.stopping = False
        self.bodies = {name: self.body_of(name) for name in GOOD + BAD}
        self.threads = [threading.Thread(target=self.run, args=(at,)) for at in range(threads)]

    def body_of(self, name):
        def der(path):
            text = (self.stack.authority / path).read_text(encoding="ascii")
            return base64.b64encode(text.encode()).decode()
        return {"certificate": der(f"certs/{name}.pem"), "intermediates": [der("ca/issuing.pem")]}

    def ask(self, api, name):
        """The decision about this certificate; what is wrong with it is noted."""
        expected = "accept" if name in GOOD else "refuse"
        began = time.monotonic()
        try:
            answer = api.post("/v1/certificates/check", self.bodies[name])
        except Lost as lost:
            return self.note(name, "lost", 0.0, str(lost))
        took = time.monotonic() - began
        decision = answer.body.get("decision", f"HTTP {answer.status} {answer.code}")
        wrong = ""
        if answer.status == 503:
            decision = answer.code  # the daemon itself has no room: told to come again
        elif decision not in (expected, "retry"):
            wrong = f"{name}: {decision} instead of {expected}: {answer}"
        if took > LATEST_SECONDS:
            wrong = f"{name}: an answer after {took:.1f} s, promised within {DEADLINE_SECONDS} s"
        return self.note(name, decision, took, wrong)

    def note(self, name, decision, took, wrong):
        with self.lock:
            self.counts[decision] += 1
            self.slowest = max(self.slowest, took)
            if wrong:
                self.wrong.append(wrong)
        return decision

    def run(self, at):
        api = self.stack.portal()
        names = GOOD + BAD
        random.Random(at).shuffle(names)
        while not self.stopping:
            for name in names:
                if self.stopping:
                    break
                self.ask(api, name)

    def check(self):
        with self.lock:
            check(not self.wrong, "\n".join(self.wrong[:5]))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def healthy(stack):
    stack.control(ocsp={"mode": "ok"}, crl={"mode": "ok", "life": LIFE_SECONDS})


def recover(stack, load, what):
    """All get their own decision again, without a restart."""
    began = time.monotonic()
    api = stack.portal()
    for name in GOOD + BAD:
        expected = "accept" if name in GOOD else "refuse"
        until(lambda: load.check() or load.ask(api, name) == expected, f"after {what}: {name}")  # noqa: B023
    return time.monotonic() - began


def by_control(ocsp, crl):
    def begin(stack):
        stack.control(ocsp={"mode": ocsp, **PARAMETERS.get(ocsp, {})},
                      crl={"mode": crl, "life": LIFE_SECONDS, **PARAMETERS.get(crl, {})})
    return f"ocsp {ocsp}, crl {crl}", begin, healthy


def gone():
    """Nobody listens: connections are refused."""
    def begin(stack):
        stack.ca.kill()

    def end(stack):
        stack.ca.start()
        until(stack.ca_answers, "the test authority")
        healthy(stack)
    return "the authority's process gone", begin, end


def frozen():
    """The kernel takes connections until its queue is full, and nobody reads; then not even that."""
    def begin(stack):
        os.kill(stack.ca.process.pid, signal.SIGSTOP)

    def end(stack):
        os.kill(stack.ca.process.pid, signal.SIGCONT)
        until(stack.ca_answers, "the test authority")
        healthy(stack)
    return "the authority's process frozen", begin, end


def phases(stack, chance):
    """Each mode of both sources at least once a round, paired by chance, and the process itself."""
    ocsp, crl = modes_of(stack, "ocsp"), modes_of(stack, "crl")
    while True:
        chance.shuffle(ocsp)
        chance.shuffle(crl)
        rounds = [by_control(ocsp[at % len(ocsp)], crl[at % len(crl)]) for at in range(max(len(ocsp), len(crl)))]
        rounds += [gone(), frozen()]
        chance.shuffle(rounds)
        yield from rounds


def memory_kib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def scenario(stack, options):
    chance = random.Random(options.seed)
    healthy(stack)
    daemon = stack.daemon.process.pid
    end = time.monotonic() + options.minutes * 60
    done = collections.Counter()
    with Load(stack, options.threads) as load:
        recover(stack, load, "the start")
        load.counts.clear()
        for what, begin, over in phases(stack, chance):
            begin(stack)
            time.sleep(options.phase_seconds)
            load.check()
            stack.daemon.check_running()
            over(stack)
            took = recover(stack, load, what)
            done[what] += 1
            say(f"  {what}: back after {took:.1f} s")
            if time.monotonic() > end:
                break
    load.check()
    check(stack.daemon.process.pid == daemon and stack.daemon.running(), "the daemon was started anew")
    check(memory_kib(stack.daemon.process) < MAX_MEMORY_KIB, f"{memory_kib(stack.daemon.process)} KiB of memory")
    check_metrics(stack)
    say(f"outage: {sum(done.values())} outages, {sum(load.counts.values())} answers {dict(load.counts)}, none wrong, "
        f"the slowest after {load.slowest:.1f} s (promised {DEADLINE_SECONDS} s and what judging takes)")


def check_metrics(stack):
    text = stack.nobody.get("/metrics").octets.decode()
    for name in ("tanba_source_breaker", "tanba_source_fetches_total", "tanba_source_alerts_open",
                 "tanba_source_last_success_seconds"):
        check(f"\n{name}{{" in text, f"no {name} among the metrics")


def main():
    parser = Stack.arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=0.5, help="how long (default %(default)s)")
    parser.add_argument("--threads", type=int, default=4, help="clients at one time (default %(default)s)")
    parser.add_argument("--phase-seconds", type=float, default=4, help="of each outage (default %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what follows what (default: the clock)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    say(f"seed {options.seed}")
    try:
        with Stack(options.bin, SETTINGS, keep=options.keep, authority=options.authority) as stack:
            scenario(stack, options)
        return 0
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
