"""Who the media server is: a self-signed certificate of this machine, and the secret its path tokens come from."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import secrets
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from dsm_desktop.store.media import media_identity, save_media_identity
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.columns import MEDIA_KEY
from dsm_desktop.vault.vault import Vault

_YEARS = 10


@dataclass(frozen=True, slots=True)
class MediaKeys:
    """`certificate` PEM; `private_key` PEM and `secret` never leave the process."""

    certificate: str
    private_key: str = field(repr=False)

    @property
    def secret(self) -> bytes:
        """What path tokens are derived from: the same after every restart."""
        return hashlib.sha256(b"dsm-desktop media tokens\0" + self.private_key.encode("ascii")).digest()

    def context(self) -> ssl.SSLContext:
        """TLS as a server. The key touches the disk only under a password that is thrown away."""
        password = secrets.token_urlsafe(32)
        locked = serialization.load_pem_private_key(self.private_key.encode("ascii"), None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password.encode("ascii")),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
            certificate.write_text(self.certificate, encoding="ascii")
            key.write_bytes(locked)
            context.load_cert_chain(certificate, key, password)
        return context


def media_keys(store: Store, vault: Vault, host: str, addresses: list[str]) -> MediaKeys:
    """This machine's identity, made and sealed at first use. Raises VaultLocked, SealBroken."""
    found = store.fetch(lambda connection: media_identity(connection, host))
    if found is None:
        fresh = make_keys(host, addresses)
        with store.write() as uow:
            save_media_identity(
                uow,
                host,
                fresh.certificate,
                lambda row_id: vault.seal(uow, MEDIA_KEY.place(row_id), SecretStr(fresh.private_key)),
            )
        return fresh
    opened = vault.open(MEDIA_KEY.place(found.id), found.private_key)
    return MediaKeys(found.certificate, opened.get_secret_value())


def make_keys(host: str, addresses: list[str]) -> MediaKeys:
    """A fresh RSA identity: the kind every generation of iDRAC takes."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64] or "dsm-desktop")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365 * _YEARS))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host or "dsm-desktop"), *names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return MediaKeys(certificate.public_bytes(serialization.Encoding.PEM).decode(), pem.decode())
