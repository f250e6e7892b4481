"""HTTP as a portal backend speaks it: JSON over TLS with a bearer key."""
import http.client
import json
import ssl
import urllib.request


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body

    def text(self):
        return json.dumps(self.body, ensure_ascii=False)[:2000]


class Api:
    def __init__(self, port, ca_file, key):
        self.port, self.key = port, key
        self.tls = ssl.create_default_context(cafile=str(ca_file))

    def request(self, method, path, body=None):
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=60)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body).encode() if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return Answer(response.status, json.loads(text) if text else {})

    def post(self, path, body):
        return self.request("POST", path, body)

    def get(self, path):
        return self.request("GET", path)

    def ready(self):
        try:
            return self.request("GET", "/readyz").status == 200
        except (OSError, ValueError, http.client.HTTPException):
            return False


def answers(url):
    """Whether a plain HTTP server is up."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def codes_of(report):
    """Every error code of a report."""
    codes = [error["code"] for error in report["errors"]]
    for signature in report.get("signatures", []):
        codes += [error["code"] for error in signature["errors"]]
    return codes
