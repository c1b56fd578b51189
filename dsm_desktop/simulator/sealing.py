"""Signs simulated packages the way Windows programs are signed (Authenticode): a chain of two made-up certificates and a PKCS#7
block. The keys are no secrets: nobody who matters believes in them."""

from __future__ import annotations

import datetime
import functools
import hashlib
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SIGNER: Final = "Dell Inc. (simulated)"
ISSUER: Final = "Simulated Code Signing"
TABLE: Final = 1536
"""Bytes of a certificate table; what the signature leaves is filled with zeros, so that a package's size can be foretold."""
_SHA256: Final = bytes.fromhex("608648016503040201")
_ECDSA: Final = bytes.fromhex("2a8648ce3d040302")
_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_CONTENT_TYPE: Final = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
_INDIRECT_DATA: Final = bytes.fromhex("2b060104018237020104")
_PE_IMAGE: Final = bytes.fromhex("2b06010401823702010f")


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def _algorithm(oid: bytes) -> bytes:
    return _der(0x30, _der(0x06, oid))


@functools.cache
def _chain() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate, x509.Certificate]:
    """The signer's key and certificate, and that of its issuer, whose own issuer is not there."""
    keys = [ec.derive_private_key(number, ec.SECP256R1()) for number in (0x5EA1, 0x5EA2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)]) for name in (SIGNER, ISSUER, "Root")
    ]
    made = [_certificate(keys[n], keys[1], names[n], names[n + 1], n + 1) for n in (0, 1)]
    return keys[0], made[0], made[1]


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    issuer: x509.Name,
    serial: int,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2044, 1, 1, tzinfo=datetime.UTC))
        .sign(by, hashes.SHA256())
    )


def certificate_table(digest: bytes) -> bytes:
    """What stands behind a program whose SHA-256 (without checksum, table and the table's entry) is this."""
    block = _pkcs7(digest).ljust(TABLE - 8, b"\0")
    return TABLE.to_bytes(4, "little") + b"\x00\x02\x02\x00" + block


def _pkcs7(digest: bytes) -> bytes:
    key, signer, issuer = _chain()
    sha256 = _algorithm(_SHA256)
    # SpcPeImageData: no flags, and a file "link" of an empty name.
    image = _der(0x30, b"\x03\x01\x00", _der(0xA0, _der(0xA2, _der(0x80))))
    content = _der(0x30, _der(0x30, _der(0x06, _PE_IMAGE), image), _der(0x30, sha256, _der(0x04, digest)))
    inner = content[2:] if content[1] < 0x80 else content[2 + (content[1] & 0x7F) :]
    attributes = (
        _der(0x30, _der(0x06, _CONTENT_TYPE), _der(0x31, _der(0x06, _INDIRECT_DATA))),
        _der(0x30, _der(0x06, _MESSAGE_DIGEST), _der(0x31, _der(0x04, hashlib.sha256(inner).digest()))),
    )
    signature = key.sign(_der(0x31, *attributes), ec.ECDSA(hashes.SHA256()))
    serial = _der(0x02, bytes([signer.serial_number]))
    info = _der(
        0x30,
        b"\x02\x01\x01",
        _der(0x30, signer.issuer.public_bytes(), serial),
        sha256,
        _der(0xA0, *attributes),
        _algorithm(_ECDSA),
        _der(0x04, signature),
    )
    certificates = (c.public_bytes(serialization.Encoding.DER) for c in (signer, issuer))
    signed = _der(
        0x30,
        b"\x02\x01\x01",
        _der(0x31, sha256),
        _der(0x30, _der(0x06, _INDIRECT_DATA), _der(0xA0, content)),
        _der(0xA0, *certificates),
        _der(0x31, info),
    )
    return _der(0x30, _der(0x06, _SIGNED_DATA), _der(0xA0, signed))
