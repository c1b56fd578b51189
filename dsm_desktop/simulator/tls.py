"""Certificates and TLS contexts of simulated iDRACs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import ipaddress
import os
import ssl
import tempfile
import warnings
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOT_BEFORE: Final = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
NOT_AFTER: Final = dt.datetime(2034, 1, 1, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """A self-signed certificate with its key; `fingerprint` is the SHA-256 of the DER form in hex."""

    certificate_pem: bytes
    key_pem: bytes
    fingerprint: str


def make_identity(name: str, address: str) -> Identity:
    """A fresh ECDSA P-256 certificate for CN=`name`.

    Like the factory certificate of an iDRAC it does not name the address it is reached by in its subject; the
    address stands in the alternative names so that a test may check host names if it wants to.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Dell Inc."),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Remote Access Group"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    alternatives: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(address))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest(),
    )


def make_context(
    identity: Identity,
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
) -> ssl.SSLContext:
    """Server context for an identity. `lowest` below TLS 1.2 also lowers OpenSSL's security level (old firmware)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if lowest < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Python warns of TLS 1.0 and 1.1; standing in for firmware that knows nothing newer needs them.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = lowest
        context.maximum_version = highest
    context.num_tickets = (
        1  # none at all would leave a client without TCP_NODELAY waiting 40 ms for the first ACK
    )
    _load(context, identity)
    return context


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    """The ssl module loads certificates from files only."""
    handle, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(identity.key_pem + identity.certificate_pem)
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()
