"""A small certificate authority for tests of certificates."""

from __future__ import annotations

import base64
import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs what it is given."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(_name("Site CA"), self.key.public_key(), [])
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extensions: list[x509.ExtensionType]
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name("Site CA"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW)
            .not_valid_after(_NOW + dt.timedelta(days=730))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def sign(self, request_pem: str) -> str:
        """The certificate for a request, PEM."""
        request = x509.load_pem_x509_csr(request_pem.encode())
        assert request.is_signature_valid
        key = request.public_key()
        signed = self._sign(request.subject, key, [e.value for e in request.extensions])  # type: ignore[arg-type]
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def bundle(self, name: str, passphrase: str) -> str:
        """Key and certificate as PKCS#12 in base64, 64 characters a line."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(name), key.public_key(), [])
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
        content = pkcs12.serialize_key_and_certificates(b"web", key, certificate, None, encryption)
        text = base64.b64encode(content).decode()
        return "\n".join(text[n : n + 64] for n in range(0, len(text), 64))
