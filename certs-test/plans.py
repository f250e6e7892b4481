"""Which certificates the demo authority makes: data only.

A plan says who the certificate is for, in which profile, and what is wrong with it.  `outcome` is what an application
signed with its key must get when the applicant named inside is the `claim`; `certificate_outcome` is what the
certificate itself gets (purpose signing, no identity expected).  Both are keys of outcomes.OUTCOMES.
"""

import dataclasses

import people
from people import Body, Person
from signers import KeyKind
from x509build import (
    DEMO_ORGANIZATION,
    EKU_CLIENT_AUTH,
    EKU_EMAIL_PROTECTION,
    EKU_OCSP_SIGNING,
    EKU_TIME_STAMPING,
    ROLE_ARC,
    TREASURY_EKU,
)

INDIVIDUAL = [ROLE_ARC + "1.1"]
HEAD = [ROLE_ARC + "1.2", ROLE_ARC + "1.2.1"]
SIGN_RIGHT = [ROLE_ARC + "1.2", ROLE_ARC + "1.2.2"]
FINANCE = [ROLE_ARC + "1.2", ROLE_ARC + "1.2.3"]
STAFF = [ROLE_ARC + "1.2", ROLE_ARC + "1.2.4"]
EMPLOYEE = [ROLE_ARC + "1.2", ROLE_ARC + "1.2.5"]
SYSTEM = [ROLE_ARC + "1.2", ROLE_ARC + "1.2.6"]
TREASURY = [ROLE_ARC + "1.2", TREASURY_EKU]

SIGN_USAGE = ["digitalSignature", "nonRepudiation"]
# One certificate for everything, as since 2015.
USAGE_2015 = ("digitalSignature", "nonRepudiation", "keyAgreement")
AUTH_USAGE = ["digitalSignature", "keyEncipherment"]

# Of НУЦ РК's older pairs: legal SIGN, legal AUTH, individual SIGN, individual AUTH.
LEGAL_SIGN, LEGAL_AUTH = "1.2.398.3.3.2.1", "1.2.398.3.3.2.2"
PERSON_SIGN, PERSON_AUTH = "1.2.398.3.3.2.3", "1.2.398.3.3.2.4"
POLICY_2015 = "1.2.398.3.3.2"

GOOD_DAYS = (-30, 335)


@dataclasses.dataclass(frozen=True)
class Authority:
    """A CA: `days` are its validity relative to now, `key` a key slot."""

    name: str
    issuer: str  # its own name for a root
    common_name: str
    key: str
    key_kind: KeyKind = 2048
    days: tuple[int, int] = (-700, 15 * 365)
    is_ca: bool = True
    path_length: int | None = 0
    short_identifier: bool = False
    status: str = "good"
    reason: str | None = None
    note: str = ""


AUTHORITIES = [
    Authority(
        "root", "root", "ДЕМО НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)", "root", 3072, (-1800, 20 * 365), path_length=None
    ),
    Authority("issuing", "root", "ДЕМО ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)", "issuing", 3072),
    Authority(
        "twin-a", "root", "ДЕМО ЕГІЗ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)", "twin-a", note="same name as twin-b, another key"
    ),
    Authority(
        "twin-b",
        "root",
        "ДЕМО ЕГІЗ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)",
        "twin-b",
        short_identifier=True,
        note="same name as twin-a, another key, a subject key identifier of 4 bytes",
    ),
    Authority(
        "ca-without-ca-bit",
        "root",
        "ДЕМО ОРТАЛЫҚ БЕЗ CA",
        "bad-ca",
        is_ca=False,
        path_length=None,
        note="basicConstraints without cA",
    ),
    Authority("ca-expired", "root", "ДЕМО ИСТЁКШИЙ ОРТАЛЫҚ", "bad-ca", days=(-700, -1), note="ended yesterday"),
    Authority(
        "ca-revoked",
        "root",
        "ДЕМО ОТОЗВАННЫЙ ОРТАЛЫҚ",
        "revoked-ca",
        status="revoked",
        reason="cACompromise",
        note="revoked by the root",
    ),
    Authority(
        "foreign-root",
        "foreign-root",
        "БӨТЕН НЕГІЗГІ ОРТАЛЫҚ (RSA)",
        "foreign-root",
        path_length=None,
        note="nobody's anchor",
    ),
    Authority("foreign-issuing", "foreign-root", "БӨТЕН КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)", "foreign-issuing"),
    Authority("tls-root", "tls-root", "TANBA DEMO TLS", "tls-root", note="only for TLS; see tls-anchors.pem"),
]

# --- the ГОСТ authority beside it ------------------------------------------------------------------------------------

GOST = "kzgost2015-512"
GOST_2004 = "kzgost2004"
GOST_256 = "kzgost2015-256"
# Long enough that signatures fit in from before the ends of the older algorithms.
LONG_AGO = -5000

AUTHORITIES += [
    Authority(
        "gost-root",
        "gost-root",
        "ДЕМО НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST)",
        "gost-root",
        GOST,
        (LONG_AGO, 20 * 365),
        path_length=None,
    ),
    Authority("gost-issuing", "gost-root", "ДЕМО ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST)", "gost-issuing", GOST),
    Authority(
        "gost-twin-a",
        "gost-root",
        "ДЕМО ЕГІЗ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST)",
        "gost-twin-a",
        GOST,
        note="same name as gost-twin-b, another key",
    ),
    Authority(
        "gost-twin-b",
        "gost-root",
        "ДЕМО ЕГІЗ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST)",
        "gost-twin-b",
        GOST,
        short_identifier=True,
        note="same name as gost-twin-a, another key, a subject key identifier of 4 bytes",
    ),
    Authority(
        "gost-ca-expired",
        "gost-root",
        "ДЕМО ИСТЁКШИЙ ОРТАЛЫҚ (GOST)",
        "gost-bad-ca",
        GOST,
        days=(-700, -1),
        note="ended yesterday",
    ),
    Authority(
        "gost-ca-revoked",
        "gost-root",
        "ДЕМО ОТОЗВАННЫЙ ОРТАЛЫҚ (GOST)",
        "gost-revoked-ca",
        GOST,
        status="revoked",
        reason="cACompromise",
        note="revoked by the root",
    ),
    Authority(
        "gost2004-issuing",
        "gost-root",
        "ДЕМО КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST 34.310-2004)",
        "gost2004-issuing",
        GOST_2004,
        (LONG_AGO, 15 * 365),
        note="its own key is of ГОСТ 34.310-2004, the root's signature on it of 2015",
    ),
    Authority(
        "gost-foreign-root",
        "gost-foreign-root",
        "БӨТЕН НЕГІЗГІ ОРТАЛЫҚ (GOST)",
        "gost-foreign-root",
        GOST,
        path_length=None,
        note="nobody's anchor",
    ),
    Authority(
        "gost-foreign-issuing", "gost-foreign-root", "БӨТЕН КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST)", "gost-foreign-issuing", GOST
    ),
]

# CAs that publish a CRL and have an OCSP responder of their own.
REVOKING = ["root", "issuing", "twin-a", "twin-b", "ca-without-ca-bit", "ca-expired", "ca-revoked", "foreign-issuing"]
REVOKING += ["gost-root", "gost-issuing", "gost-twin-a", "gost-twin-b", "gost-ca-expired", "gost-ca-revoked"]
REVOKING += ["gost2004-issuing", "gost-foreign-issuing"]
# CAs whose CRL is published without a responder.
CRL_ONLY = ["foreign-root", "gost-foreign-root"]


def is_gost(authority: str) -> bool:
    return authority.startswith("gost")


def anchors_of(authority: str) -> str:
    """The file with the anchor that an authority's certificates are to be judged under."""
    return "tls-anchors.pem" if authority == "tls-root" else "anchors-gost.pem" if is_gost(authority) else "anchors.pem"


@dataclasses.dataclass(frozen=True)
class Plan:
    name: str
    person: Person | None
    body: Body | None
    roles: list[str]
    note: str = ""
    key: str = "pool-1"
    key_kind: KeyKind = 2048
    issuer: str = "issuing"
    usages: tuple[str, ...] = ("digitalSignature", "nonRepudiation")
    purpose_eku: str = EKU_EMAIL_PROTECTION
    critical_eku: bool = False
    days: tuple[int, int] = GOOD_DAYS
    status: str = "good"
    reason: str | None = None
    revoked_days: int = -2
    digest: str = "sha256"
    signer: str | None = None  # another CA's key signs, in the issuer's name
    russian_order: bool = False  # the certificate's ГОСТ signature has its octets in the order of RFC 9215
    with_ski: bool = True
    with_aki: bool = True
    short_ski: bool = False
    serial_is_bin: bool = False
    common_name: str | None = None
    old_pair: bool = True
    twice_ocsp: bool = False
    claim_iin: str | None = None  # whom the application names, where it is not the certificate's own subject
    claim_bin: str | None = None
    outcome: str = "accept"
    certificate_outcome: str = "accept"
    duty: str = "applicant"  # applicant, officer, operator, security

    @property
    def subject(self) -> list[tuple[str, str]]:
        """In the order that НУЦ РК writes: CN, SN, serialNumber, C, O, OU, GN."""
        attributes: list[tuple[str, str]] = []
        if self.person:
            attributes.append(("CN", self.common_name or f"{self.person.surname} {self.person.given}"))
            attributes.append(("SN", self.person.surname))
        else:
            attributes.append(("CN", self.common_name or ""))
        if self.serial_is_bin and self.body:
            attributes.append(("serialNumber", "BIN" + self.body.bin))
        elif self.person:
            attributes.append(("serialNumber", "IIN" + self.person.iin))
        attributes.append(("C", "KZ"))
        if self.body:
            attributes.append(("O", self.body.name))
            if not self.serial_is_bin:
                attributes.append(("OU", "BIN" + self.body.bin))
        if self.person:
            attributes.append(("GN", self.person.patronymic))
        return attributes


def _head(
    name: str, note: str, outcome: str, key: str = "pool-1", certificate_outcome: str | None = None, **rest
) -> Plan:
    """The head of the demo organisation, with one thing wrong (or odd)."""
    return Plan(
        name,
        people.HEAD,
        people.DEMO,
        HEAD,
        note,
        key=key,
        outcome=outcome,
        certificate_outcome=outcome if certificate_outcome is None else certificate_outcome,
        **rest,
    )


def _individual(name: str, note: str, outcome: str, key: str = "pool-2", **rest) -> Plan:
    return Plan(
        name, people.AIDOS, None, INDIVIDUAL, note, key=key, outcome=outcome, certificate_outcome=outcome, **rest
    )


def _officer(name: str, person: Person, licensor: str, roles: list[str], key: str, outcome: str = "accept") -> Plan:
    return Plan(
        name,
        person,
        people.LICENSORS[licensor],
        roles,
        f"officer of the licensor {licensor}",
        key=key,
        duty="officer",
        outcome=outcome,
    )


PLANS = [
    # --- those that are in order -------------------------------------------------------------------------------------
    _individual("individual", "an individual", "accept", key="individual"),
    _head(
        "head",
        "first head of the demo organisation; AIA names the OCSP address twice",
        "accept",
        key="head",
        twice_ocsp=True,
    ),
    Plan(
        "sign-right",
        people.SIGNATORY,
        people.DEMO,
        SIGN_RIGHT,
        "employee with the right of signature",
        key="sign-right",
    ),
    _head(
        "head-2015",
        "one certificate for all uses, as since 2015: keyAgreement, policy 1.2.398.3.3.2, 1.2.398.3.3.5",
        "accept",
        key="pool-3",
        usages=("digitalSignature", "nonRepudiation", "keyAgreement"),
        old_pair=False,
    ),
    _head(
        "head-bin-in-serial",
        "the BIN stands in serialNumber, there is no IIN",
        "accept",
        key="pool-4",
        serial_is_bin=True,
    ),
    _head(
        "no-key-identifiers", "neither subject nor authority key identifier", "accept", with_ski=False, with_aki=False
    ),
    _head("short-ski", "a subject key identifier of 4 bytes", "accept", short_ski=True),
    _head("by-twin-a", "issued by the first of two CAs of one name", "accept", issuer="twin-a"),
    _head(
        "by-twin-b",
        "issued by the second of two CAs of one name, whose identifier has 4 bytes",
        "accept",
        key="pool-2",
        issuer="twin-b",
    ),
    _head(
        "by-twin-a-no-aki",
        "issued by the first twin, names no authority key identifier",
        "accept",
        key="pool-3",
        issuer="twin-a",
        with_aki=False,
    ),
    _head(
        "by-twin-b-no-aki",
        "issued by the second twin, names no authority key identifier",
        "accept",
        key="pool-4",
        issuer="twin-b",
        with_aki=False,
    ),
    Plan(
        "operator",
        people.OPERATOR,
        people.CENTRE,
        EMPLOYEE,
        "operator of the service centre",
        key="operator",
        duty="operator",
    ),
    Plan(
        "security",
        people.SECURITY,
        people.RUNNER,
        EMPLOYEE,
        "security staff of the body that runs the service",
        key="pool-4",
        duty="security",
    ),
    _officer("officer", people.OFFICER, "oil-gas", SIGN_RIGHT, "officer"),
    _officer("officer-second", people.SECOND_OFFICER, "oil-gas", SIGN_RIGHT, "officer-second"),
    _officer("officer-head", people.THIRD_OFFICER, "oil-gas", HEAD, "pool-1"),
    _officer("officer-employee", people.EMPLOYEE, "oil-gas", EMPLOYEE, "pool-2", "role-not-entitled"),
    _officer("officer-industry", people.THIRD_OFFICER, "industry", SIGN_RIGHT, "pool-2"),
    _officer("officer-ecology", people.THIRD_OFFICER, "ecology", SIGN_RIGHT, "pool-3"),
    _officer("officer-monopolies", people.THIRD_OFFICER, "monopolies", SIGN_RIGHT, "pool-4"),
    # --- good certificates that do not fit ---------------------------------------------------------------------------
    Plan(
        "foreign-iin",
        people.DANA,
        None,
        INDIVIDUAL,
        "another individual than the application names",
        key="pool-3",
        claim_iin=people.AIDOS.iin,
        outcome="identity-mismatch",
    ),
    Plan(
        "foreign-bin",
        people.SECOND_HEAD,
        people.OTHER,
        HEAD,
        "head of another organisation than the application names",
        key="pool-4",
        claim_bin=people.DEMO.bin,
        outcome="identity-mismatch",
    ),
    Plan(
        "employee",
        people.EMPLOYEE,
        people.DEMO,
        EMPLOYEE,
        "employee without the right of signature",
        key="employee",
        outcome="role-not-entitled",
    ),
    Plan(
        "finance",
        people.EMPLOYEE,
        people.DEMO,
        FINANCE,
        "right of signature on financial documents only",
        key="pool-1",
        outcome="role-not-entitled",
    ),
    Plan("staff", people.EMPLOYEE, people.DEMO, STAFF, "human resources", key="pool-1", outcome="role-not-entitled"),
    Plan(
        "infosystem",
        None,
        people.DEMO,
        SYSTEM,
        "the organisation's information system, without an IIN",
        key="infosystem",
        common_name="ДЕМО АҚПАРАТТЫҚ ЖҮЙЕ",
        outcome="role-not-entitled",
    ),
    Plan(
        "treasury",
        people.HEAD,
        people.DEMO,
        TREASURY,
        "a Treasury-Client key: role 1.2 alone, and not for use in other systems",
        key="pool-2",
        outcome="not-a-signing-key",
        certificate_outcome="not-a-signing-key",
    ),
    # --- keys that are not for signing -------------------------------------------------------------------------------
    _individual(
        "individual-auth",
        "the AUTH half of an individual's pair",
        "not-a-signing-key",
        usages=tuple(AUTH_USAGE),
        purpose_eku=EKU_CLIENT_AUTH,
    ),
    *(
        Plan(
            f"eku-{name}",
            people.AIDOS,
            None,
            [],
            note,
            key="pool-2",
            purpose_eku=eku,
            critical_eku=critical,
            outcome="not-a-signing-key",
            certificate_outcome="not-a-signing-key",
        )
        for name, eku, critical, note in (
            ("time-stamping", EKU_TIME_STAMPING, True, "for time stamps alone, critical"),
            ("ocsp-signing", EKU_OCSP_SIGNING, False, "for OCSP answers alone, not critical"),
            ("client-auth", EKU_CLIENT_AUTH, True, "for logging in alone, critical, though keyUsage has nonRepudiation"),
        )
    ),
    _head(
        "head-auth",
        "the AUTH half of a head's pair",
        "not-a-signing-key",
        key="pool-2",
        usages=tuple(AUTH_USAGE),
        purpose_eku=EKU_CLIENT_AUTH,
    ),
    _head("no-nonrepudiation", "a SIGN key without nonRepudiation", "not-a-signing-key", usages=("digitalSignature",)),
    # --- time --------------------------------------------------------------------------------------------------------
    _head("expired", "ended yesterday", "expired", days=(-366, -1)),
    _head("not-yet-valid", "begins in ten days", "not-yet-valid", key="pool-2", days=(10, 375)),
    _individual("individual-expired", "ended yesterday", "expired", days=(-366, -1)),
    # --- revocation --------------------------------------------------------------------------------------------------
    _head(
        "revoked",
        "revoked, keyCompromise, two days ago",
        "revoked",
        key="pool-3",
        status="revoked",
        reason="keyCompromise",
    ),
    _head(
        "revoked-superseded",
        "revoked, superseded, two days ago",
        "revoked",
        key="pool-4",
        status="revoked",
        reason="superseded",
    ),
    _head("revoked-no-reason", "revoked without a reason", "revoked", status="revoked"),
    _head("on-hold", "on hold since two days ago", "on-hold", key="pool-2", status="hold", reason="certificateHold"),
    _individual(
        "individual-revoked",
        "revoked, keyCompromise, two days ago",
        "revoked",
        key="pool-4",
        status="revoked",
        reason="keyCompromise",
    ),
    _individual(
        "individual-on-hold",
        "on hold since two days ago",
        "on-hold",
        key="pool-3",
        status="hold",
        reason="certificateHold",
    ),
    _head(
        "unknown-to-ca", "its serial is not in the responder's books", "unknown-to-ca", key="pool-4", status="unknown"
    ),
    # --- the path ----------------------------------------------------------------------------------------------------
    _head(
        "by-foreign-ca", "issued under a root that nobody trusts", "no-chain", key="pool-3", issuer="foreign-issuing"
    ),
    _head(
        "by-ca-without-ca-bit",
        "its issuer's basicConstraints lack cA",
        "not-a-ca",
        key="pool-4",
        issuer="ca-without-ca-bit",
    ),
    _head("by-head", "issued by the head's own end-entity certificate", "not-a-ca", issuer="head"),
    _head("by-expired-ca", "its issuing CA ended yesterday", "ca-expired", key="pool-2", issuer="ca-expired"),
    _head("by-revoked-ca", "its issuing CA was revoked by the root", "ca-revoked", key="pool-3", issuer="ca-revoked"),
    _head(
        "forged",
        "names the issuing CA and its key identifier, signed with another CA's key",
        "forged-path",
        key="pool-4",
        signer="foreign-issuing",
    ),
    # --- algorithms --------------------------------------------------------------------------------------------------
    _head("weak-key", "RSA-1024", "weak-key", key="weak", key_kind=1024),
    _head("sha1-signed", "the certificate is signed with sha1WithRSAEncryption", "weak-digest", digest="sha1"),
]


# --- the same with ГОСТ keys -----------------------------------------------------------------------------------------


def _with_gost(origin: str, **changes) -> Plan:
    """The ГОСТ counterpart of a plan above: one certificate for all uses, under the ГОСТ authority of that name."""
    plan = next(plan for plan in PLANS if plan.name == origin)
    usages = USAGE_2015 if "nonRepudiation" in plan.usages else ("digitalSignature", "keyAgreement")
    changed = {
        "name": f"gost-{origin}",
        "key": f"gost-{plan.key}",
        "key_kind": GOST,
        "issuer": f"gost-{plan.issuer}",
        "signer": f"gost-{plan.signer}" if plan.signer else None,
        "usages": usages,
        "old_pair": False,
        **changes,
    }
    return dataclasses.replace(plan, **changed)


def _with_gost_2004(origin: str, **changes) -> Plan:
    """A SIGN key of a pair, as НУЦ РК gave them before 2015, and old enough to have signed before the algorithm's end."""
    plan = next(plan for plan in PLANS if plan.name == origin)
    changed = {
        "name": f"gost2004-{origin}",
        "note": f"{plan.note}; ГОСТ 34.310-2004",
        "key": f"gost2004-{origin}",
        "key_kind": GOST_2004,
        "issuer": "gost2004-issuing",
        "days": (LONG_AGO + 1000, 335),
        "twice_ocsp": False,
        "outcome": "algorithm-forbidden",
        "certificate_outcome": "algorithm-forbidden",
        **changes,
    }
    return dataclasses.replace(plan, **changed)


_AS_WITH_RSA = [
    *("individual", "head", "sign-right", "head-bin-in-serial", "no-key-identifiers", "operator"),
    *("by-twin-a", "by-twin-b", "by-twin-a-no-aki", "by-twin-b-no-aki"),
    *("officer", "officer-second", "officer-employee", "officer-industry"),
    *("foreign-iin", "foreign-bin", "employee", "finance", "infosystem", "treasury", "no-nonrepudiation"),
    *("expired", "not-yet-valid", "individual-expired"),
    *("revoked", "revoked-superseded", "revoked-no-reason", "on-hold", "individual-revoked", "individual-on-hold"),
    *("unknown-to-ca", "by-foreign-ca", "by-expired-ca", "by-revoked-ca", "by-head", "forged"),
]

PLANS += [_with_gost(name) for name in _AS_WITH_RSA] + [
    _with_gost(
        "head",
        name="gost-russian-order",
        note="the octets of the certificate's signature stand in the order of RFC 9215, s before r, both big-endian",
        key="gost-pool-1",
        russian_order=True,
        outcome="forged-path",
        certificate_outcome="forged-path",
    ),
    _with_gost("head", name="gost256-head", note="a key of 256 bits, ГОСТ 34.10-2015", key="gost256", key_kind=GOST_256),
    _with_gost(
        "head", name="gost-rsa-head", note="an RSA key, certified by the ГОСТ authority", key="pool-3", key_kind=2048
    ),
    _with_gost_2004("head"),
    _with_gost_2004("individual"),
    _with_gost_2004(
        "head",
        name="gost2004-head-ended",
        note="head with a key of ГОСТ 34.310-2004 whose certificate ended with the algorithm's time",
        key="gost2004-head",
        days=(LONG_AGO + 1000, -1),
        outcome="expired",
        certificate_outcome="expired",
    ),
]


@dataclasses.dataclass(frozen=True)
class Service:
    """A certificate of infrastructure: OCSP responders, time-stamp authorities and TLS."""

    name: str
    issuer: str
    common_name: str
    key: str
    ekus: list[str]
    days: tuple[int, int] = GOOD_DAYS
    key_kind: KeyKind = 2048
    critical_eku: bool = False
    dns: tuple[str, ...] = ()
    note: str = ""
    no_check: bool = False
    usages: tuple[str, ...] = ("digitalSignature",)
    critical_eku: bool = False
    names_sources: bool = False  # where to ask whether it is revoked
    status: str = "good"
    reason: str | None = None
    revoked_days: int = -2


def responder_of(authority: str) -> str:
    return "ocsp-" + authority


def _responder(name: str, authority: str, words: str, key: str, **rest) -> Service:
    """`words` stand behind the common name that all of them begin with."""
    algorithm = {"key": f"gost-{key}", "key_kind": GOST} if is_gost(authority) else {"key": key}
    defaults = {"ekus": [EKU_OCSP_SIGNING], "note": f"OCSP responder of {authority}"}
    return Service(
        name, authority, f"OCSP RESPONDER DEMO{words}", **{**defaults, **algorithm, **rest}, no_check=True
    )


def _responders() -> list[Service]:
    made = []
    for authority in REVOKING:
        first = authority == "issuing"
        made.append(
            _responder(
                responder_of(authority), authority, "" if first else f" {authority.upper()}", "ocsp" if first else "responders"
            )
        )
    for prefix in ("", "gost-"):
        made.append(
            _responder(
                f"ocsp-{prefix}expired",
                f"{prefix}issuing",
                f" {prefix.upper()}EXPIRED",
                "responders",
                days=(-366, -1),
                note="a responder that ended yesterday",
            )
        )
        made.append(
            _responder(
                f"ocsp-{prefix}no-eku",
                f"{prefix}issuing",
                f" {prefix.upper()}WITHOUT EKU",
                "responders",
                ekus=[EKU_CLIENT_AUTH],
                note="a certificate without OCSPSigning that answers OCSP",
            )
        )
    return made


def _stamper(name: str, note: str, **rest) -> Service:
    """A time-stamp authority in order (RFC 3161 2.3), with one thing wrong (or odd)."""
    wanted = {
        "issuer": "issuing",
        "common_name": "TSA DEMO",
        "key": "tsa",
        "ekus": [EKU_TIME_STAMPING],
        "days": (-400, 5 * 365),
        "usages": ("digitalSignature", "nonRepudiation"),
        "critical_eku": True,
        "names_sources": True,
    }
    return Service(name=name, note=note, **{**wanted, **rest})


STAMPERS = [
    _stamper("tsa", "the time-stamp authority"),
    _stamper("tsa-by-twin", "a time-stamp authority under another CA, with evidence of its own", issuer="twin-a"),
    _stamper("tsa-no-eku", "a certificate without timeStamping that stamps", ekus=[EKU_CLIENT_AUTH]),
    _stamper("tsa-eku-not-critical", "its timeStamping purpose is not critical", critical_eku=False),
    _stamper("tsa-two-purposes", "it has a second purpose", ekus=[EKU_TIME_STAMPING, EKU_CLIENT_AUTH]),
    _stamper("tsa-expired", "ended five days ago", days=(-400, -5)),
    _stamper("tsa-revoked", "revoked, superseded, two days ago", status="revoked", reason="superseded"),
    _stamper("tsa-compromised", "revoked, keyCompromise, two days ago", status="revoked", reason="keyCompromise"),
    _stamper("tsa-revoked-no-reason", "revoked without a reason two days ago", status="revoked"),
    _stamper("tsa-foreign", "of a CA that nobody trusts", issuer="foreign-issuing"),
]

SERVICES = _responders() + STAMPERS + [
    Service(
        "gost-tsa",
        "gost-issuing",
        "TSA DEMO (GOST)",
        "gost-tsa",
        [EKU_TIME_STAMPING],
        key_kind=GOST,
        critical_eku=True,
        note="time-stamping authority",
        usages=("digitalSignature", "nonRepudiation"),
    ),
    Service(
        "tls-server",
        "tls-root",
        "localhost",
        "tls-server",
        ["1.3.6.1.5.5.7.3.1"],
        dns=("localhost",),
        note="TLS server, localhost and 127.0.0.1",
        usages=("digitalSignature", "keyEncipherment"),
    ),
    Service(
        "tls-portal", "tls-root", "demo-portal", "tls-portal", [EKU_CLIENT_AUTH], note="TLS client of the demo portal"
    ),
    Service(
        "tls-portal-second",
        "tls-root",
        "demo-portal-second",
        "tls-portal-second",
        [EKU_CLIENT_AUTH],
        note="TLS client of another portal",
    ),
    Service(
        "tls-stranger",
        "foreign-issuing",
        "stranger",
        "pool-1",
        [EKU_CLIENT_AUTH],
        note="TLS client of a CA that nobody trusts",
    ),
]

__all__ = ["AUTHORITIES", "CRL_ONLY", "DEMO_ORGANIZATION", "PLANS", "REVOKING", "SERVICES", "responder_of"]
