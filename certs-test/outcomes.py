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
    "expired": Outcome("refuse", "OUT_OF_BOUNDS_NO_POE", "path.expired"),
    "not-yet-valid": Outcome("refuse", "NOT_YET_VALID", "path.not_yet_valid"),
    "no-chain": Outcome("refuse", "NO_CERTIFICATE_CHAIN_FOUND", "path.no_chain"),
    "forged-path": Outcome("refuse", "NO_CERTIFICATE_CHAIN_FOUND", "path.bad_signature"),
    "not-a-ca": Outcome("refuse", "CHAIN_CONSTRAINTS_FAILURE", "path.not_a_ca"),
    "ca-expired": Outcome("refuse", "OUT_OF_BOUNDS_NO_POE", "path.expired"),
    # Revocation
    "revoked": Outcome("refuse", "REVOKED_NO_POE", "revocation.revoked"),
    "on-hold": Outcome("refuse", "REVOKED_NO_POE", "revocation.on_hold"),
    # What only OCSP can say; by CRL alone such a certificate is good.
    "unknown-to-ca": Outcome("refuse", "REVOKED_NO_POE", "revocation.unknown_to_ca"),
    "ca-revoked": Outcome("refuse", "REVOKED_CA_NO_POE", "revocation.ca_revoked"),
    "revocation-missing": Outcome("retry", "TRY_LATER", "revocation.missing"),
    "ocsp-signature": Outcome("retry", "TRY_LATER", "ocsp.signature"),
    "ocsp-responder": Outcome("retry", "TRY_LATER", "ocsp.responder"),
    "ocsp-unknown": Outcome("refuse", "REVOKED_NO_POE", "ocsp.unknown"),
    "ocsp-cert-id": Outcome("retry", "TRY_LATER", "ocsp.cert_id"),
    "ocsp-stale": Outcome("retry", "TRY_LATER", "ocsp.stale"),
    "ocsp-response-status": Outcome("retry", "TRY_LATER", "ocsp.response_status"),
    "crl-signature": Outcome("retry", "TRY_LATER", "crl.signature"),
    "crl-stale": Outcome("retry", "TRY_LATER", "crl.stale"),
    # Algorithms
    "algorithm-mismatch": Outcome("refuse", "SIG_CRYPTO_FAILURE", "algorithm.mismatch"),
    "algorithm-forbidden": Outcome("refuse", "CRYPTO_CONSTRAINTS_FAILURE", "algorithm.forbidden"),
    "algorithm-ended": Outcome("refuse", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "algorithm.ended"),
    "weak-key": Outcome("refuse", "CRYPTO_CONSTRAINTS_FAILURE", "algorithm.weak_key"),
    "weak-digest": Outcome("refuse", "CRYPTO_CONSTRAINTS_FAILURE", "algorithm.weak_digest"),
    # Who signs
    "not-a-signing-key": Outcome("refuse", "NOT_A_SIGNING_KEY", "certificate.not_signing_key"),
    "identity-mismatch": Outcome("refuse", "IDENTITY_MISMATCH", "identity.mismatch"),
    "role-not-entitled": Outcome("refuse", "ROLE_NOT_ENTITLED", "role.not_entitled"),
    # Documents of any kind
    "signature-broken": Outcome("refuse", "SIG_CRYPTO_FAILURE", "signature.broken"),
    "digest-mismatch": Outcome("refuse", "HASH_FAILURE", "digest.mismatch"),
    "no-signature": Outcome("refuse", "FORMAT_FAILURE", "format.no_signature"),
    "format-unknown": Outcome("refuse", "FORMAT_FAILURE", "format.unknown"),
    "format-empty": Outcome("refuse", "FORMAT_FAILURE", "format.empty"),
    "coverage-partial": Outcome("refuse", "SIG_CONSTRAINTS_FAILURE", "coverage.partial"),
    "too-many": Outcome("refuse", "FORMAT_FAILURE", "limit.count"),
    "too-deep": Outcome("refuse", "FORMAT_FAILURE", "limit.depth"),
    "too-costly": Outcome("refuse", "FORMAT_FAILURE", "limit.cost"),
    # CMS
    "cms-malformed": Outcome("refuse", "FORMAT_FAILURE", "cms.malformed"),
    "cms-trailing": Outcome("refuse", "FORMAT_FAILURE", "der.trailing"),
    "cms-not-signed-data": Outcome("refuse", "FORMAT_FAILURE", "cms.not_signed_data"),
    "cms-no-signer": Outcome("refuse", "FORMAT_FAILURE", "cms.no_signer"),
    "cms-no-content": Outcome("refuse", "SIGNED_DATA_NOT_FOUND", "cms.no_content"),
    "cms-content-given-twice": Outcome("refuse", "FORMAT_FAILURE", "cms.content_given_twice"),
    "cms-no-certificate": Outcome("refuse", "NO_SIGNING_CERTIFICATE_FOUND", "cms.no_certificate"),
    "cms-attribute": Outcome("refuse", "FORMAT_FAILURE", "cms.attribute"),
    "cms-content-type": Outcome("refuse", "FORMAT_FAILURE", "cms.content_type"),
    "cms-signing-certificate": Outcome("refuse", "SIG_CRYPTO_FAILURE", "cms.signing_certificate"),
    # XML
    "xml-malformed": Outcome("refuse", "FORMAT_FAILURE", "xml.malformed"),
    "xml-doctype": Outcome("refuse", "FORMAT_FAILURE", "xml.doctype"),
    "xml-encoding": Outcome("refuse", "FORMAT_FAILURE", "xml.encoding"),
    "xml-duplicate-id": Outcome("refuse", "FORMAT_FAILURE", "xml.duplicate_id"),
    "xml-transform-forbidden": Outcome("refuse", "FORMAT_FAILURE", "xml.transform_forbidden"),
    "xml-reference-forbidden": Outcome("refuse", "FORMAT_FAILURE", "xml.reference_forbidden"),
    "xml-reference-not-found": Outcome("refuse", "SIGNED_DATA_NOT_FOUND", "xml.reference_not_found"),
    "xml-algorithm-forbidden": Outcome("refuse", "FORMAT_FAILURE", "xml.algorithm_forbidden"),
    "xml-signature-structure": Outcome("refuse", "FORMAT_FAILURE", "xml.signature_structure"),
    "xml-no-certificate": Outcome("refuse", "NO_SIGNING_CERTIFICATE_FOUND", "xml.no_certificate"),
    "xml-signing-certificate": Outcome("refuse", "SIG_CRYPTO_FAILURE", "xml.signing_certificate"),
    # WS-Security
    "wsse-structure": Outcome("refuse", "FORMAT_FAILURE", "wsse.structure"),
    "wsse-timestamp": Outcome("refuse", "FORMAT_FAILURE", "wsse.timestamp"),
    "wsse-expired": Outcome("refuse", "SIG_CONSTRAINTS_FAILURE", "wsse.expired"),
    "wsse-not-yet-valid": Outcome("refuse", "SIG_CONSTRAINTS_FAILURE", "wsse.not_yet_valid"),
    # PDF
    "pdf-malformed": Outcome("refuse", "FORMAT_FAILURE", "pdf.malformed"),
    "pdf-encrypted": Outcome("refuse", "FORMAT_FAILURE", "pdf.encrypted"),
    "pdf-sub-filter": Outcome("refuse", "FORMAT_FAILURE", "pdf.sub_filter"),
    "pdf-signature": Outcome("refuse", "FORMAT_FAILURE", "pdf.signature"),
    "pdf-byte-range": Outcome("refuse", "FORMAT_FAILURE", "pdf.byte_range"),
    "pdf-changed": Outcome("refuse", "SIG_CONSTRAINTS_FAILURE", "pdf.changed"),
    "pdf-unknown-change": Outcome("refuse", "SIG_CONSTRAINTS_FAILURE", "pdf.unknown_change"),
    "pdf-permissions": Outcome("refuse", "SIG_CONSTRAINTS_FAILURE", "pdf.permissions"),
}


def outcome(key: str) -> Outcome:
    return OUTCOMES[key]
