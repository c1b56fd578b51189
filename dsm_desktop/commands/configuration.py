"""Changes a person makes to what is kept of configurations: profiles, baselines, site standards."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from dsm_desktop.configuration.standard import SiteStandard
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.configuration import BASELINE, CURRENT, TOPIC, save_settings
from dsm_desktop.store.models import ConfigurationProfile, ConfigurationSnapshot, SiteStandardRow
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.profiles import PROFILES, keep_profile, open_profile
from dsm_desktop.vault.vault import Vault

STANDARDS = "standards"
"""Topic of the feed."""


def add_profile(uow: UnitOfWork, who: Principal, vault: Vault, text: str, name: str) -> int:
    """Take a profile from a file of the operator's; returns its id."""
    who.require(Permission.CONFIGURE, "add configuration profiles")
    profile_id = keep_profile(uow, vault, text, name=name, taken_by=who.name, origin="file")
    audit.append(uow, who.name, "profiles.add", name[:160])
    return profile_id


def reveal_profile(uow: UnitOfWork, who: Principal, vault: Vault, profile_id: int) -> str:
    """The text for a file outside the program; it may hold password hashes, so this is audited."""
    who.require(Permission.CONFIGURE, "save configuration profiles as files")
    text = open_profile(uow, vault, profile_id)
    audit.append(uow, who.name, "profiles.reveal", _profile(uow, profile_id).name)
    return text


def edit_profile(
    uow: UnitOfWork, who: Principal, profile_id: int, *, name: str, notes: str = "", golden: bool = False
) -> None:
    """Rename a profile, note something, or make it the golden one that others are compared with."""
    who.require(Permission.CONFIGURE, "change configuration profiles")
    row = _profile(uow, profile_id)
    if not name.strip():
        raise BadInput("A profile needs a name.")
    row.name, row.notes, row.golden = clean_text(name.strip(), 160), clean_text(notes), golden
    audit.append(uow, who.name, "profiles.edit", row.name, golden=golden)
    uow.changed(PROFILES, "changed", profile_id)


def remove_profile(uow: UnitOfWork, who: Principal, profile_id: int) -> None:
    """Forget a profile for good."""
    who.require(Permission.CONFIGURE, "remove configuration profiles")
    row = _profile(uow, profile_id)
    audit.append(uow, who.name, "profiles.remove", row.name)
    uow.session.delete(row)
    uow.changed(PROFILES, "removed", profile_id)


def set_baseline(uow: UnitOfWork, who: Principal, server_ids: Sequence[int]) -> int:
    """Accept the present settings of these servers as normal; returns how many components were taken."""
    who.require(Permission.CONFIGURE, "set baselines")
    taken = 0
    for server_id in sorted(server_ids):
        rows = uow.session.scalars(
            select(ConfigurationSnapshot).where(
                ConfigurationSnapshot.server_id == server_id, ConfigurationSnapshot.kind == CURRENT
            )
        ).all()
        for row in rows:
            save_settings(
                uow,
                server_id,
                row.area,
                BASELINE,
                row.settings,
                registry=row.registry_name,
                firmware=row.firmware,
            )
            taken += 1
    if not taken:
        raise BadInput(
            "The settings of these servers were never read.", hint="Read them first (Configuration menu)."
        )
    audit.append(uow, who.name, "configuration.baseline", f"{len(server_ids)} servers", components=taken)
    uow.changed(TOPIC, "changed", *server_ids)
    return taken


def save_standard(uow: UnitOfWork, who: Principal, standard: SiteStandard) -> int:
    """Store a site standard under its name; one of that name is replaced. Returns its id."""
    who.require(Permission.CONFIGURE, "change site standards")
    row = uow.session.scalar(select(SiteStandardRow).where(SiteStandardRow.name == standard.name))
    action = "changed" if row is not None else "added"
    if row is None:
        row = SiteStandardRow(name=standard.name)
        uow.session.add(row)
    row.document = standard.model_dump(mode="json", exclude_none=True)
    row.changed_at, row.changed_by = uow.now, who.name
    uow.session.flush()
    audit.append(uow, who.name, "standards.save", standard.name, settings=len(standard.desired()))
    uow.changed(STANDARDS, action, row.id)
    return row.id


def remove_standard(uow: UnitOfWork, who: Principal, standard_id: int) -> None:
    """Forget a site standard; nothing is changed on a device."""
    who.require(Permission.CONFIGURE, "remove site standards")
    row = uow.session.get(SiteStandardRow, standard_id)
    if row is None:
        raise NotFound(f"There is no site standard {standard_id}.", hint="It may have been removed.")
    audit.append(uow, who.name, "standards.remove", row.name)
    uow.session.execute(delete(SiteStandardRow).where(SiteStandardRow.id == standard_id))
    uow.changed(STANDARDS, "removed", standard_id)


def _profile(uow: UnitOfWork, profile_id: int) -> ConfigurationProfile:
    row = uow.session.get(ConfigurationProfile, profile_id)
    if row is None:
        raise NotFound(f"There is no configuration profile {profile_id}.", hint="It may have been removed.")
    return row
