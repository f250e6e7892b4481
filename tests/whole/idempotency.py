#!/usr/bin/python3 -B
"""A repeat by the same portal gets the first answer; by another portal, or with other content, it is refused."""
import concurrent.futures
import sys

import signing
from stack import SERVICE, check, expect, main, say


def scenario(stack):
    document, claim = stack.application()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # the same application, eight times at once
        answers = list(pool.map(lambda _: expect(stack.portal().submit(document, claim), 201).body, range(8)))
    check(len({answer["number"] for answer in answers}) == 1, f"several numbers: {[answer['number'] for answer in answers]}")
    check(sum(not answer["repeat"] for answer in answers) == 1, "more than one of them was the first")
    first = answers[0]
    stack.daemon.kill()
    stack.daemon.start()
    stack.wait_for_daemon()
    again = expect(stack.portal().submit(document, claim), 201).body
    check(again["repeat"] and (again["number"], again["registeredAt"], again["document"]) ==
          (first["number"], first["registeredAt"], first["document"]), f"after a restart: {again}")
    expect(stack.portal("other").submit(document, claim), 409, "application.request_repeated")
    # The same request id over other fields, signed by the same person.
    key = stack.key("head")
    plain = signing.application_xml(SERVICE, stack.licensor, claim).encode()
    other = plain.replace(signing.request_id_of(plain).encode(), signing.request_id_of(document).encode())
    other = other.replace("Мангистауская".encode(), "Атырауская".encode())
    expect(stack.portal().submit(key.sign_xml(other), claim), 409, "application.request_repeated")
    check(stack.registered_count() == 1, "registered twice")
    # A decision's signature, sent again, too; and a decision prepared again is the one that waits.
    officer = stack.officer()
    for mode in ("keyd", "workstation"):
        number, _ = stack.registered()
        prepared = expect(officer.prepare(number, "grant", mode), 201).body
        once_more = expect(officer.prepare(number, "grant", mode), 201).body
        check(once_more["intent"]["id"] == prepared["intent"]["id"] and once_more["document"] == prepared["document"],
              f"prepared again, {mode}: another intent")
        path, body = officer.signed_for(prepared)
        decided = [expect(officer.api.post(path, body), 200).body for _ in range(3)]
        check(len({(one["number"], one["document"], one["decidedAt"]) for one in decided}) == 1, f"{mode}: different answers")
    say("idempotency: one number for nine submissions, strangers and other contents refused, decisions answered alike")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
