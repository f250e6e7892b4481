"""What the tests of the command line share: running programs, a SoftHSM2 of one's own, a test authority that may change."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
USER_PIN, SO_PIN = "314159", "27182818"


class Tanba:
    """`tanba` with an environment of its own."""

    def __init__(self, bin_folder, folder):
        self.program = pathlib.Path(bin_folder).resolve() / "tanba"
        self.folder = pathlib.Path(folder)
        (self.folder / "tokens").mkdir(mode=0o700)
        configuration = self.folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self.folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("TANBA_")}
        self.environment |= {"SOFTHSM2_CONF": str(configuration), "TANBA_PKCS11_MODULE": MODULE, "LANG": "C.UTF-8"}

    def __call__(self, *arguments, given=None, stdout=subprocess.PIPE, pass_fds=(), **environment):
        """Standard input is never a terminal, and there is none to ask on."""
        return subprocess.run([self.program, *map(str, arguments)], stdout=stdout, stderr=subprocess.PIPE, timeout=120, check=False,
                              input=given or b"", env=self.environment | environment, start_new_session=True, pass_fds=pass_fds)

    def json(self, *arguments, **more):
        done = self(*arguments, "--json", **more)
        return done.returncode, json.loads(done.stdout)

    def secret(self, name, text):
        file = self.folder / name
        file.write_text(text + "\n")
        file.chmod(0o600)
        return file

    def make_token(self, label, *options):
        """A token with one key; gives the key's URI."""
        status, made = self.json("token", "init", "--label", label, "--so-pin-file", self.secret("so.pin", SO_PIN),
                                 "--password-file", self.secret("user.pin", USER_PIN), *options)
        assert status == 0, made
        return made["key"]["uri"]


class Authority:
    """A copy of the test authority in which a test may issue certificates."""

    def __init__(self, source, bin_folder, folder):
        self.testca = pathlib.Path(bin_folder).resolve() / "tanba-testca"
        self.folder = pathlib.Path(folder) / "authority"
        shutil.copytree(source, self.folder, ignore=shutil.ignore_patterns("scenarios", "CMakeFiles"))
        self.index = json.loads((self.folder / "index.json").read_text())
        self.password = self.folder / "p12/password.txt"
        self.anchors = self.folder / "anchors.pem"
        self.issuing = self.folder / "ca/issuing.pem"

    def p12(self, name):
        return self.folder / "p12" / f"{name}.p12"

    def person(self, name):
        return self.index["certificates"][name]

    def issue(self, name, public_key, *profile):
        certificate = self.folder.parent / f"{name}.crt.pem"
        subprocess.run([self.testca, "issue", self.folder, "--name", name, "--public-key", public_key, *profile, "-o", certificate],
                       check=True, capture_output=True)
        return certificate


def issue_for_token(tanba, authority, uri, name, *profile):
    """The key's certificate and its authority's, put on the token as an officer would."""
    public_key = tanba.folder / f"{name}.pub.pem"
    assert tanba("token", "public-key", "--token", uri, "-o", public_key).returncode == 0
    certificate = authority.issue(name, public_key, *profile)
    both = tanba.folder / f"{name}.chain.pem"
    both.write_bytes(certificate.read_bytes() + authority.issuing.read_bytes())
    done = tanba("token", "import-certificate", both, "--token", uri, "--password-file", tanba.secret("user.pin", USER_PIN))
    assert done.returncode == 0, done.stderr
    return certificate


RESERVED = []


def free_port():
    """Nobody else is given it while this process lives: bound and never listened at, so that whoever sets SO_REUSEADDR,
    as our servers do, may listen there."""
    RESERVED.append(socket.socket())
    RESERVED[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    RESERVED[-1].bind(("127.0.0.1", 0))
    return RESERVED[-1].getsockname()[1]


class Processes:
    """Programs that run beside the test and end with it."""

    def __init__(self):
        self.running = []

    def start(self, arguments, **options):
        self.running.append(subprocess.Popen([str(one) for one in arguments], stdin=subprocess.PIPE, **options))
        return self.running[-1]

    def stop(self):
        for process in reversed(self.running):
            process.stdin.close()
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(what, seconds=300):
    """Until `what` gives something true."""
    for _ in range(seconds * 10):
        if what():
            return True
        time.sleep(0.1)
    return False
