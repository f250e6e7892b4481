"""The demo authority: a directory of certificates, keys and CRLs, and the database of their states.

`Authority.make` writes the directory, `Authority.open` reads it; issuing, revoking and CRLs are methods.  Everything
that must survive is in `authority.sqlite`, which `serve` reads at every request, so that a change takes effect at once;
`index.json` is written anew from it after each change, for programs that want to know what there is.
"""

import concurrent.futures
import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import sqlite3

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

import der
import outcomes
import p12build
import people
import plans
import x509build as build
from der import pem, unpem
from plans import Plan, Service
from signers import (
    AnySigner,
    DocumentSigner,
    GostSigner,
    KeyKind,
    RsaSigner,
    RussianOrderSigner,
    Signer,
    generate,
    load_signer,
    save_key,
)

UTC = datetime.timezone.utc
P12_PASSWORD = "tanba-demo"
P12_ROUNDS = 2048  # OpenSSL's own default; these keys protect nothing
# Entries are never taken off these lists, and they say so: a signature that was stamped before its certificate ended can
# be judged after the end.
KEEPS_EXPIRED_SINCE = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
CRL_DAYS = 7

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE certificates (
    name TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    serial TEXT NOT NULL,            -- lower-case hex, as in index.json
    status TEXT NOT NULL,            -- good, revoked, hold, unknown
    reason TEXT,
    revoked_at TEXT,
    invalid_since TEXT,
    info TEXT NOT NULL,              -- the rest of the entry in index.json
    UNIQUE (issuer, serial)
);
CREATE TABLE crls (
    authority TEXT NOT NULL,
    number INTEGER NOT NULL,
    entries TEXT NOT NULL,           -- {serial: reason} as listed, for the next delta
    PRIMARY KEY (authority, number)
);
"""


class UsageError(Exception):
    """What the caller asked for cannot be done; the text says why."""


def now() -> datetime.datetime:
    return datetime.datetime.now(UTC).replace(microsecond=0)


def rfc3339(when: datetime.datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime.datetime:
    """RFC 3339; a date alone is 00:00:00Z."""
    try:
        when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(f"not a time: {text}") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def write_atomically(path: pathlib.Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def generator_digest() -> str:
    """Digest of what makes the directory, to notice that it was made by another version."""
    here = pathlib.Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for source in sorted(set(here.glob("*.py")) - {here / "selftest.py"}):
        digest.update(source.read_bytes())
    for scenario in sorted(here.glob("scenarios/*/*")):
        digest.update(scenario.read_bytes())
    return digest.hexdigest()


def new_serial() -> int:
    """20 octets, positive, the first octet never zero: as НУЦ РК's."""
    return int.from_bytes(bytes((secrets.randbelow(0x7F) + 1,)) + secrets.token_bytes(19), "big")


class KeyStore:
    """Key slots: keys that are made once and kept, several certificates may share one."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self._loaded: dict[str, AnySigner] = {}

    def ensure(self, wanted: dict[str, KeyKind]) -> None:
        """Makes the missing ones, two at a time (generating RSA keys is the slow part, and leaves the interpreter's lock)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        missing = [(slot, kind) for slot, kind in wanted.items() if not self._path(slot).exists()]

        def make(item: tuple[str, KeyKind]) -> None:
            temporary = self._path(f".{item[0]}.{os.getpid()}")
            save_key(generate(item[1]), temporary)
            temporary.replace(self._path(item[0]))

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(make, missing))

    def signer(self, slot: str) -> AnySigner:
        if slot not in self._loaded:
            self._loaded[slot] = load_signer(self._path(slot))
        return self._loaded[slot]

    def _path(self, slot: str) -> pathlib.Path:
        return self.folder / f"{slot}.key.pem"


class Issuer:
    """What signing in an authority's name needs."""

    def __init__(self, name: str, certificate: bytes, signer: Signer):
        seen = build.view(certificate)
        self.name = name
        self.certificate = certificate
        self.signer = signer
        self.subject = seen.subject
        self.serial = seen.serial
        self.spki = seen.spki
        self.key_identifier = subject_key_identifier_of(certificate)


def subject_key_identifier_of(certificate: bytes) -> bytes | None:
    for part in der.children(der.children(certificate)[0]):
        if part[0] == 0xA3:
            for entry in der.children(der.children(part)[0]):
                fields = der.children(entry)
                if der.read_oid(fields[0]) == "2.5.29.14":
                    return der.value(der.value(fields[-1]))
    return None


class Authority:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self._issuers: dict[str, Issuer] = {}

    # --- opening and making ------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, folder: pathlib.Path) -> "Authority":
        if not (folder / "authority.sqlite").exists():
            raise UsageError(f"{folder} holds no authority: make one with `tanba-testca make-authority {folder}`")
        return cls(folder)

    @classmethod
    def make(cls, folder: pathlib.Path, base_url: str, key_cache: pathlib.Path | None) -> "Authority":
        """Writes the whole directory anew; keys that are there stay."""
        folder.mkdir(parents=True, exist_ok=True)
        for stale in ("ca", "certs", "keys", "p12", "crl"):
            shutil.rmtree(folder / stale, ignore_errors=True)
            (folder / stale).mkdir(mode=0o700 if stale in ("keys", "p12") else 0o755)
        for stale in ("authority.sqlite", "index.json", "made.json"):
            (folder / stale).unlink(missing_ok=True)
        authority = cls(folder)
        maker = _Maker(authority, KeyStore(key_cache or folder / "key-cache"), base_url.rstrip("/"))
        maker.run()
        return authority

    def seal(self) -> None:
        """Written last: a directory without made.json was left half made and is made again."""
        made = {"generator": generator_digest(), "madeAt": self.meta("madeAt"), "baseUrl": self.meta("baseUrl")}
        write_atomically(self.folder / "made.json", (json.dumps(made) + "\n").encode("ascii"))

    @contextlib.contextmanager
    def locked(self, what: str = "state"):
        """One writer at a time, also between processes."""
        with open(self.folder / f".{what}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def database(self):
        connection = sqlite3.connect(self.folder / "authority.sqlite", timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def meta(self, key: str) -> str:
        with self.database() as database:
            row = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise UsageError(f"{self.folder}: no {key}; make the authority again")
        return row["value"]

    # --- reading -----------------------------------------------------------------------------------------------------

    def certificate(self, name: str) -> bytes:
        for place in ("certs", "ca"):
            path = self.folder / place / f"{name}.pem"
            if path.exists():
                return unpem(path.read_bytes())
        raise UsageError(f"no certificate named {name}")

    def signer(self, name: str) -> DocumentSigner:
        path = self.folder / "keys" / f"{name}.key.pem"
        if not path.exists():
            raise UsageError(f"no key of {name} here")
        return load_signer(path)

    def issuer(self, name: str) -> Issuer:
        if name not in self._issuers:
            self._issuers[name] = Issuer(name, self.certificate(name), self.signer(name))
        return self._issuers[name]

    def record(self, name: str) -> sqlite3.Row:
        """By name, or by serial in hex."""
        wanted = name.lower().replace(":", "")
        with self.database() as database:
            row = database.execute(
                "SELECT * FROM certificates WHERE name = ? OR serial = ? ORDER BY name = ? DESC", (name, wanted, name)
            ).fetchone()
        if row is None:
            raise UsageError(f"no certificate named {name}")
        return row

    # --- issuing -----------------------------------------------------------------------------------------------------

    def add(
        self,
        name: str,
        place: str,
        issuer: str,
        certificate: bytes,
        info: dict,
        status: str,
        reason: str | None,
        revoked_at: datetime.datetime | None,
        invalid_since: datetime.datetime | None = None,
    ) -> None:
        """Stores a certificate and its state."""
        (self.folder / place / f"{name}.pem").write_bytes(pem("CERTIFICATE", certificate))
        with self.database() as database:
            database.execute(
                "INSERT INTO certificates VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    name,
                    issuer,
                    f"{build.view(certificate).serial:040x}",
                    status,
                    reason,
                    rfc3339(revoked_at) if revoked_at else None,
                    rfc3339(invalid_since) if invalid_since else None,
                    json.dumps(info, ensure_ascii=False),
                ),
            )

    def issue(self, name: str, plan: Plan | Service, spki: bytes) -> bytes:
        """A certificate for a key that lives elsewhere.  The same name and key again gives the same certificate."""
        with self.locked():
            if (self.folder / "ca" / f"{name}.pem").exists():
                raise UsageError(f"{name} is the name of an authority")
            if (self.folder / "certs" / f"{name}.pem").exists():
                present = self.certificate(name)
                if build.view(present).spki == spki:
                    return present
                raise UsageError(f"{name} exists with another key; choose another name")
            writer = CertificateWriter(self, self.meta("baseUrl"), now())
            certificate = writer.from_plan(plan, spki) if isinstance(plan, Plan) else writer.from_service(plan, spki)
            info = describe(plan, certificate, has_key=False)
            self.add(name, "certs", plan.issuer, certificate, info, "good", None, None)
            self.write_index()
            return certificate

    # --- revocation --------------------------------------------------------------------------------------------------

    def set_status(
        self,
        name: str,
        status: str,
        reason: str | None,
        at: datetime.datetime,
        invalid_since: datetime.datetime | None = None,
    ) -> str:
        """Changes a certificate's state and publishes a new CRL of its issuer; gives the certificate's name."""
        with self.locked():
            row = self.record(name)
            if status == "good" and row["status"] != "hold":
                raise UsageError(f"{name} is {row['status']}, not on hold")
            if row["status"] == "revoked":
                raise UsageError(f"{name} was revoked already; a revocation is final")
            revoked_at = None if status == "good" else rfc3339(at)
            with self.database() as database:
                database.execute(
                    "UPDATE certificates SET status = ?, reason = ?, revoked_at = ?, invalid_since = ? WHERE name = ?",
                    (status, reason, revoked_at, rfc3339(invalid_since) if invalid_since else None, row["name"]),
                )
            if row["issuer"] in plans.REVOKING + plans.CRL_ONLY:
                self._publish_crl(row["issuer"], now(), CRL_DAYS)
            self.write_index()
            return row["name"]

    def publish_crls(
        self, this_update: datetime.datetime | None = None, days: float = CRL_DAYS, only: list[str] | None = None
    ) -> list[str]:
        with self.locked():
            names = only or plans.REVOKING + plans.CRL_ONLY
            for name in names:
                if name not in plans.REVOKING + plans.CRL_ONLY:
                    raise UsageError(f"{name} publishes no CRL")
                self._publish_crl(name, this_update or now(), days)
            self.write_index()
            return names

    def entries(self, name: str) -> list[build.RevokedEntry]:
        with self.database() as database:
            rows = database.execute(
                "SELECT * FROM certificates WHERE issuer = ? AND status IN ('revoked', 'hold') ORDER BY revoked_at, serial",
                (name,),
            ).fetchall()
        return [
            build.RevokedEntry(
                int(row["serial"], 16),
                parse_time(row["revoked_at"]),
                row["reason"],
                parse_time(row["invalid_since"]) if row["invalid_since"] else None,
            )
            for row in rows
        ]

    def crl(
        self,
        name: str,
        number: int,
        this_update: datetime.datetime,
        next_update: datetime.datetime | None,
        signer: Signer | None = None,
        delta_base: int | None = None,
        delta: list[build.RevokedEntry] | None = None,
    ) -> bytes:
        issuer = self.issuer(name)
        return build.crl(
            issuer.subject,
            issuer.key_identifier,
            number,
            this_update,
            next_update,
            self.entries(name) if delta is None else delta,
            signer or issuer.signer,
            delta_base,
            KEEPS_EXPIRED_SINCE,
        )

    def crl_number(self, name: str) -> int:
        with self.database() as database:
            row = database.execute("SELECT MAX(number) AS number FROM crls WHERE authority = ?", (name,)).fetchone()
        return row["number"] or 0

    def _publish_crl(self, name: str, this_update: datetime.datetime, days: float) -> None:
        """A complete CRL, and a delta against the complete one before it."""
        last = self.crl_number(name)
        number = last + 1
        next_update = this_update + datetime.timedelta(days=days)
        entries = self.entries(name)
        listed = {f"{entry.serial:x}": entry.reason for entry in entries}
        with self.database() as database:
            row = database.execute(
                "SELECT entries FROM crls WHERE authority = ? AND number = ?", (name, last)
            ).fetchone()
            before = json.loads(row["entries"]) if row else listed
            database.execute("INSERT INTO crls VALUES (?, ?, ?)", (name, number, json.dumps(listed)))
        changed = [e for e in entries if before.get(f"{e.serial:x}", "") != e.reason or f"{e.serial:x}" not in before]
        gone = [build.RevokedEntry(int(s, 16), this_update, "removeFromCRL") for s in before if s not in listed]
        complete = self.crl(name, number, this_update, next_update)
        delta = self.crl(name, number, this_update, next_update, None, max(last, 1), changed + gone)
        write_atomically(self.folder / "crl" / f"{name}.crl", complete)
        write_atomically(self.folder / "crl-delta" / f"{name}-delta.crl", delta)

    # --- the index ---------------------------------------------------------------------------------------------------

    def write_index(self) -> None:
        with self.database() as database:
            meta = {row["key"]: row["value"] for row in database.execute("SELECT * FROM meta")}
            rows = database.execute("SELECT * FROM certificates ORDER BY rowid").fetchall()
        index: dict = {
            "madeAt": meta["madeAt"],
            "goodAt": meta["madeAt"],
            "baseUrl": meta["baseUrl"],
            "ocspUrl": meta["baseUrl"] + "/ocsp",
            "demoMarkerOid": build.DEMO_MARKER_OID,
            "anchors": "anchors.pem",
            "gostAnchors": "anchors-gost.pem",
            "tlsAnchors": "tls-anchors.pem",
            "p12Password": P12_PASSWORD,
            "licensors": {key: {"bin": body.bin, "name": body.name} for key, body in people.LICENSORS.items()},
            "services": people.SERVICE_LICENSOR,
            "serviceCentre": {"bin": people.CENTRE.bin, "name": people.CENTRE.name},
            "authorities": {},
            "certificates": {},
        }
        for row in rows:
            entry = json.loads(row["info"])
            entry.update(issuer=row["issuer"], serial=row["serial"], status=row["status"])
            if row["revoked_at"]:
                entry.update(revokedAt=row["revoked_at"], reason=row["reason"])
            index["authorities" if entry["kind"] == "authority" else "certificates"][row["name"]] = entry
        write_atomically(
            self.folder / "index.json", (json.dumps(index, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
        )


class CertificateWriter:
    """Turns plans into certificates of one authority at one time."""

    def __init__(self, authority: Authority, base_url: str, at: datetime.datetime):
        self._authority = authority
        self._base = base_url
        self._at = at

    def _days(self, days: tuple[int, int]) -> tuple[datetime.datetime, datetime.datetime]:
        return self._at + datetime.timedelta(days=days[0]), self._at + datetime.timedelta(days=days[1])

    def authority_certificate(self, plan: plans.Authority, key: Signer) -> bytes:
        subject = build.name([("CN", plan.common_name), ("O", build.DEMO_ORGANIZATION), ("C", "KZ")])
        own_identifier = build.key_identifier(key.spki_der)
        if plan.short_identifier:
            own_identifier = own_identifier[:4]
        serial = new_serial()
        extensions = [
            build.basic_constraints(plan.is_ca, plan.path_length),
            build.key_usage(["keyCertSign", "cRLSign"]),
            build.subject_key_identifier(own_identifier),
            build.demo_marker(),
        ]
        issuer_name = subject
        signer: Signer = key
        if plan.issuer == plan.name:
            extensions.append(build.authority_key_identifier(own_identifier, subject, serial))
        else:
            issuer = self._authority.issuer(plan.issuer)
            issuer_name, signer = issuer.subject, issuer.signer
            extensions += [
                build.authority_key_identifier(issuer.key_identifier or b"", issuer.subject, issuer.serial),
                build.crl_distribution_points([f"{self._base}/crl/{plan.issuer}.crl"]),
                build.authority_information_access([], [f"{self._base}/ca/{plan.issuer}.cer"]),
                build.certificate_policies([plans.POLICY_2015], "http://pki.gov.kz/cps"),
            ]
        begin, end = self._days(plan.days)
        fields = build.CertificateFields(serial, issuer_name, subject, begin, end, key.spki_der, extensions)
        return build.certificate(fields, signer)

    def from_plan(self, plan: Plan, spki: bytes) -> bytes:
        issuer = self._authority.issuer(plan.issuer)
        signer = self._authority.issuer(plan.signer).signer if plan.signer else issuer.signer
        if plan.digest != "sha256":
            assert isinstance(signer, RsaSigner)
            signer = signer.with_digest(plan.digest)
        if plan.russian_order:
            assert isinstance(signer, GostSigner)
            signer = RussianOrderSigner(signer)
        serial = new_serial()
        extensions = [
            build.key_usage(list(plan.usages)),
            build.extended_key_usage([plan.purpose_eku, *plan.roles], plan.critical_eku),
        ]
        if plan.with_aki and issuer.key_identifier:
            extensions.append(build.authority_key_identifier(issuer.key_identifier))
        if plan.with_ski:
            # НУЦ РК takes the serial number with its first bit set, not a hash of the key.
            octets = bytearray(serial.to_bytes(20, "big"))
            octets[0] |= 0x80
            extensions.append(build.subject_key_identifier(bytes(octets[:4] if plan.short_ski else octets)))
        extensions.append(build.certificate_policies([self._policy(plan)], "http://pki.gov.kz/cps"))
        if plan.issuer in plans.REVOKING:
            ocsp = [f"{self._base}/ocsp"] * (2 if plan.twice_ocsp else 1)
            extensions += [
                build.crl_distribution_points([f"{self._base}/crl/{plan.issuer}.crl"]),
                build.freshest_crl([f"{self._base}/crl/{plan.issuer}-delta.crl"]),
                build.authority_information_access(ocsp, [f"{self._base}/ca/{plan.issuer}.cer"]),
            ]
        if not plan.old_pair:
            extensions.append(build.key_store_kind())
        begin, end = self._days(plan.days)
        subject = build.name(plan.subject)
        return build.certificate(
            build.CertificateFields(serial, issuer.subject, subject, begin, end, spki, extensions), signer
        )

    @staticmethod
    def _policy(plan: Plan) -> str:
        if not plan.old_pair:
            return plans.POLICY_2015
        authentication = "nonRepudiation" not in plan.usages
        if plan.body:
            return plans.LEGAL_AUTH if authentication else plans.LEGAL_SIGN
        return plans.PERSON_AUTH if authentication else plans.PERSON_SIGN

    def from_service(self, plan: Service, spki: bytes) -> bytes:
        issuer = self._authority.issuer(plan.issuer)
        extensions = [
            build.key_usage(list(plan.usages)),
            build.extended_key_usage(list(plan.ekus), plan.critical_eku),
            build.subject_key_identifier(build.key_identifier(spki)),
        ]
        if plan.names_sources:
            extensions += [
                build.crl_distribution_points([f"{self._base}/crl/{plan.issuer}.crl"]),
                build.authority_information_access([f"{self._base}/ocsp"], [f"{self._base}/ca/{plan.issuer}.cer"]),
            ]
        if issuer.key_identifier:
            extensions.append(build.authority_key_identifier(issuer.key_identifier))
        if plan.no_check:
            extensions.append(build.ocsp_no_check())
        if plan.dns:
            addresses = [b"\x7f\x00\x00\x01", b"\x00" * 15 + b"\x01"]
            extensions.append(build.subject_alternative_name(list(plan.dns), addresses))
        begin, end = self._days(plan.days)
        subject = build.name([("CN", plan.common_name), ("O", build.DEMO_ORGANIZATION), ("C", "KZ")])
        return build.certificate(
            build.CertificateFields(new_serial(), issuer.subject, subject, begin, end, spki, extensions), issuer.signer
        )


def describe(plan: Plan | Service | plans.Authority, certificate: bytes, has_key: bool) -> dict:
    """The entry of a certificate in index.json, apart from its state."""
    place = "ca" if isinstance(plan, plans.Authority) else "certs"
    begin, end = build.validity(certificate)
    info: dict = {
        "kind": {"ca": "authority"}.get(place, "service" if isinstance(plan, Service) else "person"),
        "cert": f"{place}/{plan.name}.pem",
        "sha256": hashlib.sha256(certificate).hexdigest(),
        "algorithm": "rsa" if isinstance(plan.key_kind, int) else plan.key_kind,
        "anchors": plans.anchors_of(plan.issuer),
        "notBefore": rfc3339(begin),
        "notAfter": rfc3339(end),
        "note": plan.note,
    }
    if has_key:
        info["key"] = f"keys/{plan.name}.key.pem"
    if isinstance(plan, plans.Authority):
        info["commonName"] = plan.common_name
        if plan.name in plans.REVOKING + plans.CRL_ONLY:
            info["crl"] = f"crl/{plan.name}.crl"
        return info
    if has_key:
        info["p12"] = f"p12/{plan.name}.p12"
    if isinstance(plan, Service):
        info["commonName"] = plan.common_name
        return info
    subject = dict(plan.subject)
    certified_iin = plan.person.iin if plan.person and not plan.serial_is_bin else None
    certified_bin = plan.body.bin if plan.body else None
    info.update(
        commonName=subject["CN"],
        iin=certified_iin,
        bin=certified_bin,
        organization=plan.body.name if plan.body else None,
        surname=plan.person.surname if plan.person else None,
        roles=plan.roles,
        duty=plan.duty,
        claim={"bin": plan.claim_bin or certified_bin} if plan.body else {"iin": plan.claim_iin or certified_iin},
        outcome=plan.outcome,
        certificateOutcome=plan.certificate_outcome,
        expected=outcomes.outcome(plan.outcome).as_json(),
        expectedCertificate=outcomes.outcome(plan.certificate_outcome).as_json(),
    )
    return info


class _Maker:
    """Writes a whole authority, in the order that issuing needs."""

    def __init__(self, authority: Authority, keys: KeyStore, base_url: str):
        self._authority = authority
        self._folder = authority.folder
        self._keys = keys
        self._base = base_url
        self._at = now()
        self._writer = CertificateWriter(authority, base_url, self._at)

    def run(self) -> None:
        self._keys.ensure(self._wanted_keys())
        (self._folder / "crl-delta").mkdir(exist_ok=True)
        with self._authority.database() as database:
            database.executescript(_SCHEMA)
            database.executemany(
                "INSERT INTO meta VALUES (?, ?)", [("madeAt", rfc3339(self._at)), ("baseUrl", self._base)]
            )
        for ca in plans.AUTHORITIES:
            self._add(ca, self._writer.authority_certificate(ca, self._keys.signer(ca.key)), "ca")
        for plan in plans.PLANS:
            self._add(plan, self._writer.from_plan(plan, self._keys.signer(plan.key).spki_der), "certs")
        for service in plans.SERVICES:
            self._add(service, self._writer.from_service(service, self._keys.signer(service.key).spki_der), "certs")
        self._write_anchors()
        self._write_p12()
        # An hour old, so that `goodAt` (the time of making) lies after thisUpdate and a clock set back a little still fits.
        self._authority.publish_crls(self._at - datetime.timedelta(hours=1))

    @staticmethod
    def _wanted_keys() -> dict[str, KeyKind]:
        everything: list[Plan | Service | plans.Authority] = [*plans.AUTHORITIES, *plans.PLANS, *plans.SERVICES]
        return {plan.key: plan.key_kind for plan in everything}

    def _add(self, plan: Plan | Service | plans.Authority, certificate: bytes, place: str) -> None:
        shutil.copyfile(self._keys.folder / f"{plan.key}.key.pem", self._folder / "keys" / f"{plan.name}.key.pem")
        status = getattr(plan, "status", "good")
        revoked_at = invalid_since = None
        if status in ("revoked", "hold"):
            revoked_at = self._at + datetime.timedelta(days=getattr(plan, "revoked_days", -2))
            if getattr(plan, "reason") == "keyCompromise":
                invalid_since = revoked_at - datetime.timedelta(hours=6)
        info = describe(plan, certificate, has_key=True)
        self._authority.add(
            plan.name,
            place,
            plan.issuer,
            certificate,
            info,
            status,
            getattr(plan, "reason", None),
            revoked_at,
            invalid_since,
        )

    def _write_anchors(self) -> None:
        shutil.copyfile(self._folder / "ca" / "root.pem", self._folder / "anchors.pem")
        shutil.copyfile(self._folder / "ca" / "gost-root.pem", self._folder / "anchors-gost.pem")
        shutil.copyfile(self._folder / "ca" / "tls-root.pem", self._folder / "tls-anchors.pem")

    def _write_p12(self) -> None:
        everybody: list[Plan | Service] = [*plans.PLANS, *plans.SERVICES]
        for plan in everybody:
            signer, certificate = self._keys.signer(plan.key), self._authority.certificate(plan.name)
            path = self._folder / "p12" / f"{plan.name}.p12"
            path.touch(mode=0o600)
            if isinstance(signer, GostSigner):
                path.write_bytes(p12build.pkcs12(signer.pkcs8_der, certificate, P12_PASSWORD))
            else:
                path.write_bytes(self._modern_p12(plan.name, signer, certificate))
        (self._folder / "p12" / "password.txt").write_text(P12_PASSWORD + "\n", encoding="ascii")

    @staticmethod
    def _modern_p12(name: str, signer: RsaSigner, certificate: bytes) -> bytes:
        """PKCS#12 in PBES2 with a SHA-256 MAC; key and certificate inside.

        The issuing CA is left out: python3-cryptography 38 cannot read an OID with an arc of 128 bits, the demo marker.
        """
        encryption = (
            serialization.PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(P12_ROUNDS)
            .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(P12_PASSWORD.encode("ascii"))
        )
        return pkcs12.serialize_key_and_certificates(
            name.encode("ascii"), signer.key, x509.load_der_x509_certificate(certificate), None, encryption
        )
