"""Certificates of BMCs: what was seen, what was asked for, what was installed and is pinned; and the site's own authority."""

from __future__ import annotations

from pydantic import SecretStr
from sqlalchemy import select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.net.tls import Certificate
from dsm_desktop.store import audit
from dsm_desktop.store.models import CertificateAuthority, Server, ServerCertificate
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.authority import make_authority, sign_request
from dsm_desktop.vault.columns import AUTHORITY_KEY
from dsm_desktop.vault.vault import Vault

BUILT_IN = "DSM Desktop site authority"


def note_certificate(uow: UnitOfWork, server_id: int, shown: Certificate) -> None:
    """What a BMC's web server showed. Another certificate than the one this program installed is nobody's work of ours."""
    row = _row(uow, server_id)
    if row.fingerprint != shown.fingerprint:
        row.installed = False
    row.fingerprint = shown.fingerprint
    row.subject, row.issuer = clean_text(shown.subject, 500), clean_text(shown.issuer, 500)
    row.names = [clean_text(name, 255) for name in shown.names[:100]]
    row.not_before, row.not_after, row.seen_at = shown.not_before, shown.not_after, uow.now
    uow.changed("server_certificates", "changed", server_id)


def note_request(uow: UnitOfWork, server_id: int, pem: str, job_id: int) -> None:
    """The newest signing request of a device."""
    row = _row(uow, server_id)
    row.request, row.request_job_id, row.requested_at = pem, job_id, uow.now
    uow.changed("server_certificates", "changed", server_id)


def pin_installed(uow: UnitOfWork, who: str, server_id: int, shown: Certificate) -> None:
    """The device shows the very certificate this program has put there: believe it from now on."""
    note_certificate(uow, server_id, shown)
    row = _row(uow, server_id)
    row.installed, row.request, row.request_job_id = True, "", None
    server = uow.session.get_one(Server, server_id)
    before, server.fingerprint = server.fingerprint, shown.fingerprint
    audit.append(
        uow, who, "servers.certificate", str(server_id), before=before, fingerprint=shown.fingerprint
    )
    uow.changed("servers", "changed", server_id)


def waiting_request(uow: UnitOfWork, server_id: int) -> str:
    """The signing request (PEM) whose key the device holds; "" when none waits."""
    return (
        uow.session.scalar(select(ServerCertificate.request).where(ServerCertificate.server_id == server_id))
        or ""
    )


def add_authority(uow: UnitOfWork, who: Principal, vault: Vault, name: str = BUILT_IN) -> int:
    """Make the site's own small authority; its key is sealed. Returns its id. BadInput for a name already used."""
    who.require(Permission.CONFIGURE, "make a certificate authority")
    if not name.strip() or uow.session.scalar(
        select(CertificateAuthority.id).where(CertificateAuthority.name == name.strip())
    ):
        raise BadInput("An authority needs a name of its own.", where=name)
    certificate, key = make_authority(name.strip(), uow.now)
    row = CertificateAuthority(name=name.strip(), certificate=certificate, created_at=uow.now)
    uow.session.add(row)
    uow.session.flush()
    row.key = vault.seal(uow, AUTHORITY_KEY.place(row.id), key)
    audit.append(uow, who.name, "certificates.authority", row.name)
    uow.changed("certificate_authorities", "added", row.id)
    return row.id


def sign_by_authority(
    uow: UnitOfWork, who: Principal, vault: Vault, request: str, *, names: tuple[str, ...], days: int
) -> str:
    """Sign a request with the site's own authority, which is made at its first use; returns the certificate (PEM)."""
    row = uow.session.scalar(select(CertificateAuthority).order_by(CertificateAuthority.id).limit(1))
    if row is None:
        row = uow.session.get_one(CertificateAuthority, add_authority(uow, who, vault))
    if row.key is None:
        raise NotFound(
            "The authority's private key is gone.", hint="Restore a backup of the store.", where=row.name
        )
    key: SecretStr = vault.open(AUTHORITY_KEY.place(row.id), row.key)
    return sign_request(row.certificate, key, request, names=names, days=days, now=uow.now)


def _row(uow: UnitOfWork, server_id: int) -> ServerCertificate:
    row = uow.session.get(ServerCertificate, server_id)
    if row is None:
        row = ServerCertificate(server_id=server_id, names=[])
        uow.session.add(row)
        uow.session.flush()
    return row
