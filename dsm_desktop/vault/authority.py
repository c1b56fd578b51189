"""A small certificate authority: its own key and certificate, and signing what devices ask for. Nothing is stored here."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import SecretStr

from dsm_desktop.core.errors import BadInput

YEARS = 10
_DAY = timedelta(days=1)


def make_authority(name: str, now: datetime) -> tuple[str, SecretStr]:
    """(certificate PEM, private key PEM) of a new authority, valid for ten years. RSA 3072: every iDRAC and browser reads it."""
    key = rsa.generate_private_key(65537, 3072)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 365 * YEARS * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _text(certificate), SecretStr(pem.decode())


def read_request(pem: str) -> x509.CertificateSigningRequest:
    """A request whose own signature holds. Raises BadInput."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        holds = request.is_signature_valid
    except (ValueError, InvalidSignature) as error:
        raise BadInput("This is no certificate request that can be read.", detail=str(error)) from error
    if not holds:
        raise BadInput("The request is not signed by its own key.", hint="Let the device make a new one.")
    return request


def read_certificate(pem: str) -> x509.Certificate:
    """The first certificate of a PEM text. Raises BadInput."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise BadInput("This is no certificate in PEM form.", detail=str(error)) from error


def same_key(request: str, certificate: str) -> bool:
    """Whether a certificate was made for the key of a request."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return read_request(request).public_key().public_bytes(*form) == read_certificate(
        certificate
    ).public_key().public_bytes(*form)


def sign_request(
    authority: str, key: SecretStr, request: str, *, names: Sequence[str], days: int, now: datetime
) -> str:
    """A server certificate (PEM) for a request, with its own and these alternative names; never longer than the authority's own."""
    issuer = read_certificate(authority)
    private = serialization.load_pem_private_key(key.get_secret_value().encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    asked = read_request(request)
    own = x509.SubjectKeyIdentifier.from_public_key(asked.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(issuer.subject)
        .public_key(asked.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(min(now + days * _DAY, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_names(asked, names)), critical=False)
        .add_extension(own, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    return _text(certificate)


def _names(asked: x509.CertificateSigningRequest, names: Sequence[str]) -> list[x509.GeneralName]:
    found: dict[str, x509.GeneralName] = {}
    try:
        extension = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = {str(name.value): name for name in extension}
    except (x509.ExtensionNotFound, ValueError):
        pass
    for name in names:
        try:
            found.setdefault(name, x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.setdefault(name, x509.DNSName(name))
    return list(found.values())


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not sign,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
