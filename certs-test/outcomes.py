"""The expected outcomes, named once.

Every scenario and every certificate of `index.json` names its outcome by a key of this table; the words that the
product must answer (decision, sub-indication of ETSI EN 319 102-1, stable dotted code) are written nowhere else in
certs-test/, so a code that is renamed in base/codes.def is renamed here in one line.
"""

import typing


class Outcome(typing.NamedTuple):
    decision: str  # accept, refuse or retry
    sub_indication: str  # empty when accepted
    code: str  # the code that errors[] must contain; empty when accepted

    def as_json(self) -> dict[str, str]:
        return {"decision": self.decision, "subIndication": self.sub_indication, "code": self.code}


OUTCOMES: dict[str, Outcome] = {
    "accept": Outcome("accept", "", ""),
    # The path
    "expired": Outcome("refuse", "EXPIRED", "path.expired"),
    "not-yet-valid": Outcome("refuse", "NOT_YET_VALID", "path.not_yet_valid"),
    "no-chain": Outcome("refuse", "NO_CERTIFICATE_CHAIN_FOUND", "path.no_chain"),
    "not-a-ca": Outcome("refuse", "CHAIN_CONSTRAINTS_FAILURE", "path.not_a_ca"),
    "ca-expired": Outcome("refuse", "EXPIRED", "path.expired"),
    # Revocation
    "revoked": Outcome("refuse", "REVOKED", "revocation.revoked"),
    "on-hold": Outcome("refuse", "REVOKED", "revocation.on_hold"),
    "unknown-to-ca": Outcome("refuse", "REVOKED", "revocation.unknown"),
    "ca-revoked": Outcome("refuse", "REVOKED", "revocation.revoked"),
    "revocation-missing": Outcome("retry", "TRY_LATER", "revocation.missing"),
    # Algorithms
    "weak-key": Outcome("refuse", "CRYPTO_CONSTRAINTS_FAILURE", "algorithm.weak_key"),
    "weak-digest": Outcome("refuse", "CRYPTO_CONSTRAINTS_FAILURE", "algorithm.weak_digest"),
    "forbidden-algorithm": Outcome("refuse", "CRYPTO_CONSTRAINTS_FAILURE", "algorithm.not_allowed"),
    # Who signs
    "not-a-signing-key": Outcome("refuse", "NOT_A_SIGNING_KEY", "certificate.not_signing_key"),
    "identity-mismatch": Outcome("refuse", "IDENTITY_MISMATCH", "identity.mismatch"),
    "role-not-entitled": Outcome("refuse", "ROLE_NOT_ENTITLED", "role.not_entitled"),
    # Documents
    "signature-broken": Outcome("refuse", "SIG_CRYPTO_FAILURE", "signature.broken"),
    "digest-mismatch": Outcome("refuse", "HASH_FAILURE", "digest.mismatch"),
    "no-signature": Outcome("refuse", "FORMAT_FAILURE", "document.no_signature"),
    "no-signer": Outcome("refuse", "FORMAT_FAILURE", "cms.no_signer"),
    "no-certificate": Outcome("refuse", "NO_CERTIFICATE_CHAIN_FOUND", "certificate.missing"),
    "malformed-cms": Outcome("refuse", "FORMAT_FAILURE", "cms.malformed"),
    "content-missing": Outcome("refuse", "FORMAT_FAILURE", "cms.content_missing"),
    "malformed-xml": Outcome("refuse", "FORMAT_FAILURE", "xml.malformed"),
    "doctype": Outcome("refuse", "FORMAT_FAILURE", "xml.doctype"),
    "duplicate-id": Outcome("refuse", "FORMAT_FAILURE", "xml.duplicate_id"),
    "transform-forbidden": Outcome("refuse", "FORMAT_FAILURE", "xml.transform_forbidden"),
    "reference-forbidden": Outcome("refuse", "FORMAT_FAILURE", "xml.reference_forbidden"),
    "no-reference": Outcome("refuse", "FORMAT_FAILURE", "xml.no_reference"),
    "coverage-partial": Outcome("refuse", "FORMAT_FAILURE", "coverage.partial"),
}


def outcome(key: str) -> Outcome:
    return OUTCOMES[key]
