"""Evidence on file: OCSP answers and CRLs, good and bad ones, for tests that ask no server.

    ocsp/NAME.ors      the answer about NAME, without a nonce, thisUpdate a minute before `goodAt`
    ocsp-bad/MODE.ors  answers about `head`, each as the responder gives it in that mode, to ocsp-bad/request.orq
    crl-bad/MODE.crl   CRLs of `issuing`, each as the server gives it in that mode
    ocsp-bad-gost/, crl-bad-gost/  the same for `gost-head` and `gost-issuing`
    tsp/MODE.tsr       responses to tsp/request.tsq (over tsp/data.bin), each as the server gives it in that mode
    tsp/MODE.tst       the token of each that has one
    crl-series/        CRLs of `issuing` as if published one after another, and some that must not follow (SERIES)
    crl-cases/         CRLs of one authority that together say something, for scenarios (CASES)
"""

import dataclasses
import datetime
import pathlib
import shutil

import der
import ocsp
import plans
import server
import tsa
import x509build as build
from authority import Authority, parse_time

NONCE = bytes(range(1, 17))

# name: (number, hours before goodAt, which entries, who signs). `second` follows `first`; each of the others is held
# against `second`.
SERIES = {
    "first": (100, 4, "all", "issuing"),
    "second": (101, 3, "all", "issuing"),
    "third": (102, 2, "all", "issuing"),
    "time-back": (103, 5, "all", "issuing"),
    "number-back": (99, 1, "all", "issuing"),
    "shrunk": (104, 1, "none", "issuing"),
    "released": (105, 1, "no-holds", "issuing"),
    "one-gone": (106, 1, "one-gone", "issuing"),
    "forged": (900, 1, "all", "foreign-issuing"),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A list; times are hours from goodAt."""

    number: int
    at: int
    entries: tuple[tuple[str, int, str | None], ...] = ()  # certificate, since when, reason
    base: int | None = None  # of a delta
    until: int = 7 * 24  # after `at`
    authority: str = "issuing"


CASES = {
    # `expired` is held shortly before the stamp of ten days ago, has ended a day ago, and is then taken off.
    "held-1-before": Case(1, -13 * 24),
    "held-2-held": Case(2, -10 * 24 - 15, (("expired", -10 * 24 - 17, "certificateHold"),)),
    "held-3-after-the-end": Case(3, -1),
}


def write_all(authority: Authority) -> None:
    good_at = parse_time(authority.meta("madeAt"))
    before = good_at - datetime.timedelta(minutes=1)
    responder = ocsp.Responder(authority, lambda: before)
    _write_ocsp(authority, responder, _folder(authority, "ocsp"))
    for suffix, family in (("", ""), ("-gost", "gost-")):
        _write_bad_ocsp(authority, responder, family, _folder(authority, f"ocsp-bad{suffix}"))
        folder = _folder(authority, f"crl-bad{suffix}")
        for mode in server.CRL_MODES:
            if mode != "ok":
                (folder / f"{mode}.crl").write_bytes(server.crl_bytes(authority, f"{family}issuing", False, mode, before))
    _write_time_stamps(tsa.TimeStampAuthority(authority, lambda: before), _folder(authority, "tsp"))
    _write_series(authority, good_at, _folder(authority, "crl-series"))
    _write_cases(authority, good_at, _folder(authority, "crl-cases"))


def _write_series(authority: Authority, good_at: datetime.datetime, folder: pathlib.Path) -> None:
    full = authority.entries("issuing")
    revoked = [entry for entry in full if entry.reason != "certificateHold"]
    gone = next(entry for entry in revoked if entry.serial == build.view(authority.certificate("revoked")).serial)
    chosen = {
        "all": full,
        "none": [],
        "no-holds": revoked,
        "one-gone": [entry for entry in full if entry is not gone],
    }
    for name, (number, hours, which, signer) in SERIES.items():
        at = good_at - datetime.timedelta(hours=hours)
        content = authority.crl(
            "issuing",
            number,
            at,
            at + datetime.timedelta(days=7),
            authority.issuer(signer).signer,
            None,
            chosen[which],
        )
        (folder / f"{name}.crl").write_bytes(content)


def _write_cases(authority: Authority, good_at: datetime.datetime, folder: pathlib.Path) -> None:
    def moment(hours: int) -> datetime.datetime:
        return good_at + datetime.timedelta(hours=hours)

    for name, case in CASES.items():
        issuer = authority.issuer(case.authority)
        entries = [
            build.RevokedEntry(build.view(authority.certificate(who)).serial, moment(since), reason)
            for who, since, reason in case.entries
        ]
        content = build.crl(
            issuer.subject,
            issuer.key_identifier,
            case.number,
            moment(case.at),
            moment(case.at + case.until),
            entries,
            issuer.signer,
            case.base,
        )
        (folder / f"{name}.crl").write_bytes(content)


def _folder(authority: Authority, name: str) -> pathlib.Path:
    folder = authority.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _write_ocsp(authority: Authority, responder: ocsp.Responder, folder: pathlib.Path) -> None:
    with authority.database() as database:
        rows = database.execute("SELECT name, issuer, serial FROM certificates").fetchall()
    for row in rows:
        if row["issuer"] in plans.REVOKING and row["name"] != row["issuer"]:
            request = ocsp.make_request(authority.issuer(row["issuer"]), int(row["serial"], 16))
            (folder / f"{row['name']}.ors").write_bytes(responder.answer(request))


def _write_bad_ocsp(authority: Authority, responder: ocsp.Responder, family: str, folder: pathlib.Path) -> None:
    serial = build.view(authority.certificate(f"{family}head")).serial
    request = ocsp.make_request(authority.issuer(f"{family}issuing"), serial, NONCE)
    (folder / "request.orq").write_bytes(request)
    for mode in ocsp.MODES:
        (folder / f"{mode}.ors").write_bytes(responder.answer(request, mode))


def _write_time_stamps(stamper: tsa.TimeStampAuthority, folder: pathlib.Path) -> None:
    data = "уақыт белгісі қойылатын деректер\n".encode("utf-8")
    request = tsa.make_request(data, int.from_bytes(NONCE, "big"), tsa.POLICY_RSA)
    (folder / "data.bin").write_bytes(data)
    (folder / "request.tsq").write_bytes(request)
    for mode in tsa.MODES:
        response = stamper.answer(request, mode)
        (folder / f"{mode}.tsr").write_bytes(response)
        parts = der.children(response)
        if len(parts) > 1:
            (folder / f"{mode}.tst").write_bytes(parts[1])
