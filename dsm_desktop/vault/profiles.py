"""Configuration profiles in the store: their text is sealed, because it may hold password hashes and keys."""

from __future__ import annotations

from pydantic import SecretStr
from sqlalchemy import select

from dsm_desktop.configuration.profiles import ProfileInvalid, checksum, parse_profile
from dsm_desktop.core.errors import NotFound
from dsm_desktop.store.models import ConfigurationProfile
from dsm_desktop.store.rows import clean_json, clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.columns import PROFILE_CONTENT
from dsm_desktop.vault.vault import Vault

PROFILES = "profiles"
"""Topic of the feed; ids are profiles'."""


class ProfileBroken(ProfileInvalid):
    """A stored profile does not have the checksum it was stored with."""


def keep_profile(
    uow: UnitOfWork,
    vault: Vault,
    text: str,
    *,
    name: str,
    taken_by: str,
    server_id: int | None = None,
    origin: str = "export",
    job_id: int | None = None,
    notes: str = "",
) -> int:
    """Store a profile sealed; returns its id. Raises ProfileInvalid (then nothing is stored), VaultLocked.

    The same text of the same job and server is kept once: a job that was interrupted asks again.
    """
    profile, digest = parse_profile(text), checksum(text)
    if job_id is not None:
        table = ConfigurationProfile
        known = uow.session.scalar(
            select(table.id).where(
                table.job_id == job_id, table.server_id == server_id, table.sha256 == digest
            )
        )
        if known is not None:
            return known
    row = ConfigurationProfile(
        name=clean_text(name.strip() or "Profile", 160),
        server_id=server_id,
        model=clean_text(profile.model, 120),
        service_tag=clean_text(profile.service_tag, 40),
        format=profile.format,
        components=clean_json(list(profile.components[:500])),
        origin=origin,
        size=len(text.encode("utf-8", "surrogatepass")),
        sha256=digest,
        secrets=len(profile.secrets()),
        settings=clean_json(profile.values()),
        notes=clean_text(notes),
        job_id=job_id,
        taken_at=uow.now,
        taken_by=taken_by,
    )
    uow.session.add(row)
    uow.session.flush()
    row.content = vault.seal(uow, PROFILE_CONTENT.place(row.id), SecretStr(text))
    uow.changed(PROFILES, "added", row.id)
    return row.id


def open_profile(uow: UnitOfWork, vault: Vault, profile_id: int) -> str:
    """The text of a profile, its checksum proven. Raises NotFound, VaultLocked, SealBroken, ProfileBroken."""
    row = uow.session.get(ConfigurationProfile, profile_id)
    if row is None or row.content is None:
        raise NotFound(f"There is no configuration profile {profile_id}.", hint="It may have been removed.")
    text = vault.open(PROFILE_CONTENT.place(row.id), row.content).get_secret_value()
    if checksum(text) != row.sha256:
        raise ProfileBroken(
            f"The profile '{row.name}' is not what was stored: its checksum differs.",
            hint="Export it again, or restore a backup of the store.",
        )
    return text
