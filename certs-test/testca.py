#!/usr/bin/python3
"""tanba-testca: a whole test authority for demo and tests.

It is made with python3-cryptography, hand-written DER and ГОСТ signatures in plain Python, never with the code that it serves to test.
"""

import argparse
import collections.abc
import datetime
import ipaddress
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import sys
import threading

sys.dont_write_bytecode = True

import authority as authority_module
import evidence
import gostverify
import ocsp
import people
import plans
import scenarios
import server as server_module
import tsa
import x509build
from authority import Authority, UsageError, parse_time, pem, unpem
from people import Body, Person
from xmlbuild import SigningFailed

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 64


def _is_fresh(folder: pathlib.Path, max_age_days: float, base_url: str) -> bool:
    try:
        made = json.loads((folder / "made.json").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False
    age = authority_module.now() - parse_time(made["madeAt"])
    return (
        made["generator"] == authority_module.generator_digest()
        and base_url in ("auto", made["baseUrl"])
        and datetime.timedelta(0) <= age < datetime.timedelta(days=max_age_days)
    )


def _free_base_url() -> str:
    """A port below the range that the kernel gives to outgoing connections, free at present.

    Chosen when the certificates are made, since they name it; several authorities on one machine do not meet.
    """
    for _ in range(100):
        port = 20000 + secrets.randbelow(10000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return f"http://127.0.0.1:{port}"
    raise UsageError("no free port found: name one with --base-url")


def make_authority(options: argparse.Namespace) -> int:
    folder: pathlib.Path = options.dir
    options.base_url = options.base_url.rstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    with Authority(folder).locked("make"):
        exists = (folder / "made.json").exists()
        stale = exists and not _is_fresh(folder, options.max_age, options.base_url)
        if exists and not options.force and not (options.refresh and stale):
            print(f"{folder}: made before, left as it is" + (" (old: --refresh makes it anew)" if stale else ""))
            return EXIT_OK
        base_url = _free_base_url() if options.base_url == "auto" else options.base_url
        authority = Authority.make(folder, base_url, options.key_cache)
        evidence.write_all(authority)
        authority.seal()
    print(
        f"{folder}: {len(plans.AUTHORITIES)} authorities, {len(plans.PLANS)} persons' certificates, "
        f"{len(plans.SERVICES)} of services; the anchors are {folder}/anchors.pem and (ГОСТ) {folder}/anchors-gost.pem"
    )
    return EXIT_OK


def make_scenarios(options: argparse.Namespace) -> int:
    authority = Authority.open(options.dir)
    out = options.out or options.dir / "scenarios"
    made = (options.dir / "made.json").read_text(encoding="ascii")
    stamp = out / "made.json"
    with authority.locked("make"):
        if options.refresh and stamp.exists() and stamp.read_text(encoding="ascii") == made:
            print(f"{out}: made before, left as it is")
            return EXIT_OK
        stamp.unlink(missing_ok=True)
        count = scenarios.make_all(authority, out, options.only)
        if not options.only:
            authority_module.write_atomically(stamp, made.encode("ascii"))
    print(f"{out}: {count} scenarios")
    return EXIT_OK


def write_expected(options: argparse.Namespace) -> int:
    """Writes expected.txt of every scenario anew, after a change in outcomes.py."""
    del options
    for name in scenarios.names():
        text = scenarios.expected_text(scenarios.load(name)["outcome"])
        (scenarios.FOLDER / name / "expected.txt").write_text(text, encoding="ascii")
    return EXIT_OK


# --- issue -----------------------------------------------------------------------------------------------------------

PROFILES = {
    "individual": (plans.INDIVIDUAL, "applicant"),
    "head": (plans.HEAD, "applicant"),
    "sign-right": (plans.SIGN_RIGHT, "applicant"),
    "employee": (plans.EMPLOYEE, "applicant"),
    "infosystem": (plans.SYSTEM, "applicant"),
    "officer": (plans.SIGN_RIGHT, "officer"),
    "operator": (plans.EMPLOYEE, "operator"),
    "licensor": (plans.SYSTEM, "officer"),
}


def _public_key(options: argparse.Namespace) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    source: pathlib.Path = options.csr or options.public_key
    try:
        content = unpem(source.read_bytes())
        if options.public_key:
            serialization.load_der_public_key(content)
            return content
        request = x509.load_der_x509_csr(content)
    except (OSError, ValueError) as error:
        raise UsageError(f"{source}: {error}") from error
    if not request.is_signature_valid:
        raise UsageError(f"{source}: the request's own signature is wrong")
    return request.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _person(options: argparse.Namespace) -> Person | None:
    if options.profile in ("infosystem", "licensor"):
        return None
    if not options.iin:
        raise UsageError(f"profile {options.profile} needs --iin")
    return Person(options.surname, options.given, options.patronymic, _number(options.iin))


def _body(options: argparse.Namespace) -> Body | None:
    if options.profile == "individual":
        return None
    known = {body.bin: body for body in [people.DEMO, people.OTHER, people.CENTRE, *people.LICENSORS.values()]}
    number = options.bin
    if options.licensor:
        number = people.LICENSORS[people.SERVICE_LICENSOR.get(options.licensor, options.licensor)].bin
    if not number:
        raise UsageError(f"profile {options.profile} needs --bin or --licensor")
    fallback = known[number].name if number in known else "ДЕМО"
    return Body(options.organization or fallback, _number(number))


def _number(text: str) -> str:
    if len(text) != 12 or not text.isascii() or not text.isdigit():
        raise UsageError(f"{text}: an IIN or BIN has twelve digits")
    if people.check_digit(text[:11]) != int(text[11]):
        raise UsageError(f"{text}: its check digit is wrong")
    return text


def issue(options: argparse.Namespace) -> int:
    authority = Authority.open(options.dir)
    spki = _public_key(options)
    days = (-1, options.days)
    plan: plans.Plan | plans.Service
    if options.profile in ("tls-server", "tls-client"):
        server = options.profile == "tls-server"
        eku = x509build.EKU_SERVER_AUTH if server else x509build.EKU_CLIENT_AUTH
        plan = plans.Service(
            options.name,
            "tls-root",
            options.common_name or options.name,
            "",
            [eku],
            days,
            dns=("localhost",) if server else (),
        )
    else:
        roles, duty = PROFILES[options.profile]
        body = _body(options)
        person = _person(options)
        common_name = options.common_name or (None if person or not body else body.name)
        plan = plans.Plan(
            options.name, person, body, roles, "issued on request", days=days, duty=duty, common_name=common_name
        )
    certificate = authority.issue(options.name, plan, spki)
    if options.der:
        options.der.write_bytes(certificate)
    if options.output:
        options.output.write_bytes(pem("CERTIFICATE", certificate))
    print(options.dir / "certs" / f"{options.name}.pem")
    return EXIT_OK


# --- revocation ------------------------------------------------------------------------------------------------------


def revoke(options: argparse.Namespace) -> int:
    at = parse_time(options.at) if options.at else authority_module.now()
    reason = None if options.reason == "none" else options.reason
    status = "hold" if reason == "certificateHold" else "revoked"
    name = Authority.open(options.dir).set_status(options.name, status, reason, at)
    print(f"{name}: {status}")
    return EXIT_OK


def hold(options: argparse.Namespace) -> int:
    options.reason = "certificateHold"
    return revoke(options)


def release(options: argparse.Namespace) -> int:
    name = Authority.open(options.dir).set_status(options.name, "good", None, authority_module.now())
    print(f"{name}: good")
    return EXIT_OK


def crl(options: argparse.Namespace) -> int:
    this_update = parse_time(options.this_update) if options.this_update else None
    for name in Authority.open(options.dir).publish_crls(this_update, options.days, options.authority):
        print(options.dir / "crl" / f"{name}.crl")
    if options.copy_to:
        options.copy_to.mkdir(parents=True, exist_ok=True)
        for name in options.authority or ["root", "issuing", "gost-root", "gost-issuing"]:
            shutil.copyfile(options.dir / "crl" / f"{name}.crl", options.copy_to / f"{name}.crl")
    return EXIT_OK


# --- verify-gost -----------------------------------------------------------------------------------------------------


def verify_gost(options: argparse.Namespace) -> int:
    def gathered(paths: list[pathlib.Path]) -> list[bytes]:
        return [one for path in paths for one in gostverify.certificates_in(path)]

    anchors = gathered(options.trust) if options.trust else None
    try:
        content = options.file.read_bytes()
        given = options.data.read_bytes() if options.data else None
        kind, found = gostverify.verify(content, given, anchors, gathered(options.intermediate))
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
    except gostverify.Refused as error:
        print(json.dumps({"good": False, "why": str(error)}, ensure_ascii=False))
        return EXIT_FAILED
    shown = {"good": True, "kind": kind, "signatures": [one.as_json() for one in found]}
    print(json.dumps(shown, ensure_ascii=False, indent=1))
    return EXIT_OK


# --- serve -----------------------------------------------------------------------------------------------------------


def serve(options: argparse.Namespace) -> int:
    authority = Authority.open(options.dir)
    listen = options.listen or authority.meta("baseUrl").removeprefix("http://").split("/")[0]
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        raise UsageError(f"{listen}: ADDRESS:PORT is wanted")
    if not ipaddress.ip_address(host.strip("[]")).is_loopback:
        raise UsageError(f"{host}: the test authority serves loopback only")
    try:
        server = server_module.Server((host.strip("[]"), int(port)), options.dir, int(options.verbose))
    except OSError as error:
        raise UsageError(f"{listen}: {error.strerror}") from error
    port = str(server.server_address[1])
    if options.port_file:
        authority_module.write_atomically(options.port_file, (port + "\n").encode("ascii"))
    print(f"listening on {host}:{port}", flush=True)

    def stop(*_) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if options.until_eof:
        threading.Thread(target=_until_eof, args=(stop,), daemon=True).start()
    server.serve_forever(poll_interval=0.1)
    return EXIT_OK


def _until_eof(stop: collections.abc.Callable[[], None]) -> None:
    # Not through sys.stdin: its buffer's lock would be held when the interpreter ends.
    while os.read(0, 4096):
        pass
    stop()


def _modes(title: str, modes: dict[str, str]) -> str:
    return "\n".join([f"{title}:", *(f"  {mode:<18} {meaning}" for mode, meaning in modes.items()), ""])


_SERVE_HELP = "\n".join(
    [
        "Paths: POST /ocsp, GET /ocsp/BASE64, /crl/CA.crl, /crl/CA-delta.crl, /ca/CA.cer, /stats, /healthz;",
        "POST /tsp and /tsp/ANY: time stamps (RFC 3161), each path a source of its own for `only` (tsp, tsp-ANY).",
        'POST /revoke, /hold {"name": NAME, "reason"?, "at"?}, /release {"name": NAME}: take effect at once, as do the',
        "commands revoke, hold and release of another process on the same DIR.",
        "",
        'POST /control {"ocsp": MODE, "crl": MODE, "tsp": MODE, PARAMETER: VALUE ...} makes it misbehave; instead of MODE an object',
        '{"mode": MODE, PARAMETER: VALUE ...} keeps parameters apart. Parameters of every mode: "times" (only so many',
        'requests, then ok), "only" (a name or a list of names of certificates, or of CAs for CRLs). CRLs, in every',
        'mode: "life" (made anew at each request and good for so many seconds, numbered by the clock). {"resetStats": true}',
        "sets the counts of /stats to nothing. GET /control shows what is set.",
        "",
        _modes("Modes of OCSP", ocsp.MODES),
        _modes("Modes of CRLs", server_module.CRL_MODES),
        _modes("Modes of time stamps", tsa.MODES),
        _modes("Modes of all", server_module.CHANNEL_MODES),
    ]
)


# --- the command line ------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tanba-testca",
        description="A whole test authority in one directory, in the profile of Kazakhstan's national certification "
        "authority: certificates that are good and certificates that are bad in one way each, CRLs, an OCSP responder "
        "that misbehaves on demand. For demo and tests only; its anchors carry a marker by which a real service "
        "refuses them.",
        epilog="Begin with: tanba-testca make-authority DIR && tanba-testca serve DIR",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run, help_text: str, epilog: str = "") -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=help_text,
            description=help_text,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.add_argument("dir", metavar="DIR", type=pathlib.Path, help="the authority's directory")
        sub.set_defaults(run=run)
        return sub

    make = command(
        "make-authority",
        make_authority,
        "Makes an authority in DIR, or leaves the one that is there.",
        "What is in DIR afterwards: anchors.pem (the demo root alone), anchors-gost.pem (the ГОСТ root), tls-anchors.pem, ca/NAME.pem, certs/NAME.pem,\n"
        "keys/NAME.key.pem, p12/NAME.p12 with p12/password.txt, crl/NAME.crl (DER), ocsp/NAME.ors, ocsp-bad/MODE.ors,\n"
        "crl-bad/MODE.crl, index.json (what each one is and what outcome is expected of it), authority.sqlite (states).\n"
        "Private keys are unprotected: demo only.\n\n"
        "example: tanba-testca make-authority /tmp/demo --base-url http://127.0.0.1:18088",
    )
    make.add_argument(
        "--base-url",
        default="auto",
        metavar="URL",
        help="where `serve` will be reached, as the certificates name it; auto (the default) takes a free port of 127.0.0.1",
    )
    make.add_argument(
        "--key-cache",
        type=pathlib.Path,
        metavar="FOLDER",
        help="keep keys here and use those that are there (default DIR/key-cache): a second authority is made in a second",
    )
    make.add_argument(
        "--refresh",
        action="store_true",
        help="make it anew when it is old or was made by another version or for another URL",
    )
    make.add_argument(
        "--max-age", type=float, default=3, metavar="DAYS", help="what old means for --refresh (default %(default)s)"
    )
    make.add_argument(
        "--force", action="store_true", help="make it anew in any case; issued and revoked ones are forgotten"
    )

    documents = command(
        "make-scenarios",
        make_scenarios,
        "Makes the scenario documents from an authority's certificates.",
        "OUT/NAME holds document.cms, document.xml or document.pdf, content.bin where the signature is detached, scenario.json (time,\n"
        "evidence, whom the application names; paths relative to DIR) and expected.txt. OUT/index.json lists them all.",
    )
    documents.add_argument("out", metavar="OUT", type=pathlib.Path, nargs="?", help="default DIR/scenarios")
    documents.add_argument("--only", action="append", metavar="NAME", help="only this one (repeatable)")
    documents.add_argument(
        "--refresh", action="store_true", help="nothing to do when they were made from this very authority"
    )

    texts = commands.add_parser(
        "write-expected",
        help="Writes expected.txt of every scenario in the source tree from outcomes.py.",
        description="Writes expected.txt of every scenario in the source tree from outcomes.py.",
    )
    texts.set_defaults(run=write_expected)

    new = command(
        "issue",
        issue,
        "Issues a certificate for a public key that lives elsewhere, such as on a token.",
        "examples:\n"
        "  tanba-testca issue DIR --name licensor-oil-gas --profile licensor --licensor oil-gas --public-key pub.pem\n"
        "  tanba-testca issue DIR --name officer-token --profile officer --licensor oil-gas --iin 790704300072 --csr req.pem\n"
        "The same name with the same key again gives the same certificate.",
    )
    new.add_argument("--name", required=True, help="the new certificate's name in DIR")
    new.add_argument("--profile", required=True, choices=[*PROFILES, "tls-server", "tls-client"])
    key = new.add_mutually_exclusive_group(required=True)
    key.add_argument("--public-key", type=pathlib.Path, metavar="FILE", help="SubjectPublicKeyInfo, PEM or DER")
    key.add_argument(
        "--csr", type=pathlib.Path, metavar="FILE", help="PKCS#10 request, PEM or DER; only its key is used"
    )
    new.add_argument("--iin", help="twelve digits with a right check digit")
    new.add_argument("--bin", help="twelve digits with a right check digit")
    new.add_argument(
        "--licensor",
        choices=[*people.LICENSORS, *(s for s in people.SERVICE_LICENSOR if s not in people.LICENSORS)],
        help="instead of --bin: the licensor, or a service whose licensor is meant",
    )
    new.add_argument("--organization", metavar="NAME", help="O; known for the demo's own BINs")
    new.add_argument("--surname", default="ДЕМОВ")
    new.add_argument("--given", default="ДЕМО")
    new.add_argument("--patronymic", default="ДЕМҰЛЫ")
    new.add_argument(
        "--common-name", metavar="CN", help="default: surname and given name, or the organisation, or the name"
    )
    new.add_argument("--days", type=int, default=335, help="valid for so many days (default %(default)s)")
    new.add_argument("-o", "--output", type=pathlib.Path, metavar="FILE", help="write the certificate here as PEM too")
    new.add_argument("--der", type=pathlib.Path, metavar="FILE", help="write the certificate here as DER too")

    strike = command("revoke", revoke, "Revokes a certificate; OCSP and the CRL say so at once.")
    strike.add_argument("name", metavar="NAME", help="name or serial (hex)")
    strike.add_argument(
        "--reason", default="keyCompromise", choices=["none", *(r for r in x509build.REASONS if r != "removeFromCRL")]
    )
    strike.add_argument("--at", metavar="T", help="revoked since (RFC 3339; default now)")
    pause = command("hold", hold, "Puts a certificate on hold (certificateHold).")
    pause.add_argument("name", metavar="NAME", help="name or serial (hex)")
    pause.add_argument("--at", metavar="T", help="on hold since (RFC 3339; default now)")
    resume = command("release", release, "Takes a certificate off hold.")
    resume.add_argument("name", metavar="NAME", help="name or serial (hex)")

    lists = command(
        "crl", crl, "Publishes new CRLs.", "example: tanba-testca crl DIR --authority issuing --copy-to evidence"
    )
    lists.add_argument(
        "--days", type=float, default=authority_module.CRL_DAYS, help="good for so many days (default %(default)s)"
    )
    lists.add_argument("--this-update", metavar="T", help="thisUpdate (RFC 3339; default now)")
    lists.add_argument(
        "--authority", action="append", metavar="CA", help="only of this authority (repeatable; default all)"
    )
    lists.add_argument(
        "--copy-to", type=pathlib.Path, metavar="FOLDER", help="copy them there (default root, issuing and their ГОСТ counterparts)"
    )

    check = commands.add_parser(
        "verify-gost",
        help="Verifies a signed document, certificate or CRL without Tanba's code: digests, signature values, paths.",
        description="Verifies every signature of a CMS or XML document (ГОСТ of Kazakhstan, or RSA), a certificate or a CRL "
        "with arithmetic in Python that Tanba has no part in. Neither time nor revocation nor policy is looked at. Writes "
        "JSON; status 0 when all signatures verify, 1 when one does not.",
        epilog="examples:\n"
        "  tanba-testca verify-gost licence.xml --trust anchors-gost.pem --intermediate ca\n"
        "  tanba-testca verify-gost document.cms --data content.bin",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.set_defaults(run=verify_gost)
    check.add_argument("file", metavar="FILE", type=pathlib.Path, help="CMS (DER or PEM), XML, certificate or CRL")
    check.add_argument("--data", type=pathlib.Path, metavar="FILE", help="the content of a detached CMS")
    check.add_argument(
        "--trust", action="append", default=[], type=pathlib.Path, metavar="FILE", help="anchors: a path must lead to one"
    )
    check.add_argument(
        "--intermediate", action="append", default=[], type=pathlib.Path, metavar="FILE|DIR", help="certificates for paths"
    )

    run = command("serve", serve, "Serves OCSP, CRLs, time stamps and CA certificates on loopback, well or badly.", _SERVE_HELP)
    run.add_argument(
        "--listen", metavar="ADDRESS:PORT", help="default: where the certificates say; port 0 takes a free one"
    )
    run.add_argument("--port-file", type=pathlib.Path, metavar="FILE", help="write the port here once it is open")
    run.add_argument(
        "--until-eof", action="store_true", help="end when standard input ends, so that it does not outlive a test"
    )
    run.add_argument("--verbose", action="store_true", help="a line for each request on standard error")
    return parser


def main(arguments: list[str]) -> int:
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:
        return EXIT_OK if stop.code in (0, None) else EXIT_USAGE
    try:
        return options.run(options)
    except (UsageError, SigningFailed) as error:
        print(f"tanba-testca: {error}", file=sys.stderr)
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
