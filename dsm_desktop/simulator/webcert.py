"""The certificate of the iDRAC's web server: requests, keys, replacements, and what waits for a restart."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import ipaddress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from dsm_desktop.simulator.personas import IDRAC9_7
from dsm_desktop.simulator.tls import Identity

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

FIELDS: Final = {
    "CommonName": NameOID.COMMON_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "City": NameOID.LOCALITY_NAME,
    "State": NameOID.STATE_OR_PROVINCE_NAME,
    "Country": NameOID.COUNTRY_NAME,
    "Email": NameOID.EMAIL_ADDRESS,
}
"""Property of a request or a certificate -> part of the name."""
_RESTART: Final = 2.0
"""Simulated seconds until newer firmware has restarted its web server by itself."""


class BadCertificate(Exception):
    """What was given is no certificate, or not one for a key the device has."""


@dataclasses.dataclass(frozen=True, slots=True)
class SigningRequest:
    """A certificate signing request with its key, both PEM."""

    request: str
    key: bytes


def make_request(fields: dict[str, str], names: list[str]) -> SigningRequest:
    """A new RSA key and a request for it. Slow (tenths of a second): not for the site's thread. Raises ValueError."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(FIELDS[name], value) for name, value in fields.items() if value])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
        )
    request = builder.sign(key, hashes.SHA256())
    return SigningRequest(request.public_bytes(serialization.Encoding.PEM).decode(), _pem(key))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: Any) -> bytes:
    encoded: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded


class WebCertificate:
    """State of one device. A new certificate is shown after a restart; since 7.x the web server restarts by itself."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.request: SigningRequest | None = None
        self.waiting: Identity | None = None
        self.authorities: list[str] = []
        """CA certificates that were imported, PEM."""
        self._keys: list[bytes] = []

    def keep(self, request: SigningRequest) -> None:
        """Only the key of the latest request is kept."""
        self.request = request

    def upload_key(self, text: str) -> None:
        """Take a private key for a certificate to come. Raises BadCertificate."""
        try:
            key = serialization.load_pem_private_key(text.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadCertificate from error
        self._keys = [_pem(key)]

    def replace(self, text: str) -> None:
        """Install a certificate for the latest request's key or an uploaded one. Raises BadCertificate."""
        keys = [*self._keys, *([self.request.key] if self.request is not None else [])]
        for key in keys:
            identity = _identity(text.encode(), key)
            if identity is not None:
                self._install(identity)
                return
        raise BadCertificate

    def replace_bundle(self, text: str, passphrase: str) -> None:
        """Install a PKCS#12 file given as base64. Raises BadCertificate."""
        try:
            content = base64.b64decode("".join(text.split()), validate=True)
            key, certificate, others = pkcs12.load_key_and_certificates(
                content, passphrase.encode() if passphrase else None
            )
        except (ValueError, binascii.Error) as error:
            raise BadCertificate from error
        if key is None or certificate is None:
            raise BadCertificate
        chain = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (certificate, *others))
        identity = _identity(chain, _pem(key))
        if identity is None:
            raise BadCertificate
        self._install(identity)

    def add_authority(self, text: str) -> None:
        """Trust a CA. Raises BadCertificate."""
        try:
            x509.load_pem_x509_certificate(text.encode())
        except ValueError as error:
            raise BadCertificate from error
        self.authorities.append(text)

    def back_to_factory(self) -> None:
        """A new self-signed certificate."""
        self._install(self._device.new_identity())

    def _install(self, identity: Identity) -> None:
        self.waiting = identity
        if self._device.persona.rank >= IDRAC9_7:
            self._device.schedule(_RESTART, lambda when: self.restarted())
        else:
            self._device.write_lc(self._device.now(), "LC077")

    def restarted(self) -> None:
        """The web server begins anew."""
        if self.waiting is not None:
            identity, self.waiting = self.waiting, None
            self._device.show(identity)

    @cached_property
    def needs_reset(self) -> bool:
        """This firmware shows a new certificate only after a reset of the iDRAC."""
        return self._device.persona.rank < IDRAC9_7


def _identity(chain: bytes, key_pem: bytes) -> Identity | None:
    """Certificate (with its chain) and key as something to show; None when they do not belong together."""
    try:
        certificate = x509.load_pem_x509_certificates(chain)[0]
        key: Any = serialization.load_pem_private_key(key_pem, None)
    except (ValueError, IndexError) as error:
        raise BadCertificate from error
    if certificate.public_key() != key.public_key():
        return None
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Identity(chain, key_pem, hashlib.sha256(der).hexdigest())


def describe(identity: Identity) -> dict[str, Any]:
    """Issuer, subject and validity as a Certificate resource shows them."""
    certificate = x509.load_pem_x509_certificate(identity.certificate_pem)

    def who(name: x509.Name) -> dict[str, str | None]:
        found = {key: name.get_attributes_for_oid(oid) for key, oid in FIELDS.items()}
        return {key: str(values[0].value) if values else None for key, values in found.items()}

    return {
        "Issuer": who(certificate.issuer),
        "SerialNumber": f"{certificate.serial_number:X}",
        "Subject": who(certificate.subject),
        "ValidNotAfter": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "ValidNotBefore": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
    }
