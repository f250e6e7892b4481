#!/usr/bin/python3 -B
"""Fifty clients that send a byte every two seconds are cut off with their code, a stranger's body is refused before it is
read; others are served all the while."""
import socket
import sys
import threading
import time

from stack import START_SECONDS, check, expect, main, say

CLIENTS = 50
HEADER = b"POST /v1/applications HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


class Slow(threading.Thread):
    """Drips a header or a body until the server ends it; keeps what the server said."""

    def __init__(self, stack, number):
        super().__init__(daemon=True)
        self.stack, self.number, self.said = stack, number, b""
        self.begun, self.giving_up = threading.Event(), threading.Event()

    def run(self):
        with socket.create_connection(("localhost", self.stack.port), timeout=START_SECONDS) as plain, \
                self.stack.nobody.tls.wrap_socket(plain, server_hostname="localhost") as tls:
            if self.number % 2:
                tls.sendall(b"POST /v1/applications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            b"Authorization: Bearer " + self.stack.keys["egov"].encode() + b"\r\nContent-Length: 5000\r\n\r\n{")
            else:
                tls.sendall(HEADER)
            self.begun.set()
            tls.settimeout(2)
            while not self.giving_up.is_set():
                try:
                    got = tls.recv(4096)
                    if not got:
                        return
                    self.said += got
                except TimeoutError:
                    try:
                        tls.send(b"a")
                    except OSError:
                        return
                except OSError:
                    return


def hold_as_a_stranger(stack, path, length):
    """A guessed key and all of a body but its last octet, which never comes: what the server says."""
    with socket.create_connection(("localhost", stack.port), timeout=START_SECONDS) as plain, \
            stack.nobody.tls.wrap_socket(plain, server_hostname="localhost") as tls:
        tls.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer tnb_guess\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode())
        left = length - 1
        try:
            while left > 0:
                tls.sendall(b"a" * min(left, 65536))
                left -= min(left, 65536)
        except OSError:
            pass  # it does not listen any more
        return tls.recv(4096)


def strangers(stack):
    # Less than the server reads over while its answer is on the way, so that the answer is seen.
    for path in ("/v1/applications", "/v1/verify", "/v1/revocation/lists"):
        said = hold_as_a_stranger(stack, path, 16384)  # who is waited for is told request.timeout
        check(b" 401 " in said and b"auth.required" in said, f"a stranger was told {said[:400]!r}")
        stack.registered()
    say("  slow_clients: bodies under a guessed key are refused unread")


def scenario(stack):
    strangers(stack)
    slow = [Slow(stack, number) for number in range(CLIENTS)]
    for client in slow:
        client.start()
    for client in slow:
        check(client.begun.wait(START_SECONDS), "a slow client cannot connect")
    served = 0
    until = time.monotonic() + 5
    while time.monotonic() < until or served < 10:
        stack.registered()
        expect(stack.portal().get("/v1/session"), 200)
        served += 1
    for client in slow:
        client.join(START_SECONDS)
        client.giving_up.set()
        check(not client.is_alive(), "a slow client was not cut off")
        check(b" 408 " in client.said and b"request.timeout" in client.said, f"a slow client was told {client.said[:400]!r}")
    stack.daemon.check_running()
    say(f"slow_clients: {CLIENTS} cut off with request.timeout, {served} applications registered meanwhile")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
