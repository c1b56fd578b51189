"""Rules for firmware that is not to be touched at this site."""

from __future__ import annotations

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import FirmwareExclusion
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork


def add_exclusion(
    uow: UnitOfWork, who: Principal, *, component: str, reason: str, model: str = "", version: str = ""
) -> int:
    """Keep a component (Dell's id, or a pattern for its name) out of every firmware job; returns the rule's id.

    `model` and `version` narrow it down by patterns ("R7?0", "2.19.*"). The reason is shown wherever the rule held.
    """
    who.require(Permission.CONFIGURE, "exclude firmware")
    component, reason = clean_text(component, 200).strip(), clean_text(reason, 500).strip()
    if not component or component == "*":
        raise BadInput(
            "A rule needs a component.",
            hint="Give Dell's component id (159 is the BIOS) or a name, such as *PERC*.",
        )
    if not reason:
        raise BadInput("A rule needs a reason.", hint="Say why, for whoever meets it at night.")
    row = FirmwareExclusion(
        component=component,
        model=clean_text(model, 200).strip(),
        version=clean_text(version, 100).strip(),
        reason=reason,
        added_by=who.name,
        added_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    audit.append(
        uow, who.name, "firmware.exclude", component, model=row.model, version=row.version, reason=reason
    )
    uow.changed("firmware_exclusions", "added", row.id)
    return int(row.id)


def remove_exclusion(uow: UnitOfWork, who: Principal, exclusion_id: int) -> None:
    """Drop a rule. Raises NotFound."""
    who.require(Permission.CONFIGURE, "remove firmware exclusions")
    row = uow.session.get(FirmwareExclusion, exclusion_id)
    if row is None:
        raise NotFound(f"There is no rule {exclusion_id}.", hint="It may have been removed.")
    audit.append(uow, who.name, "firmware.include", row.component, model=row.model, version=row.version)
    uow.session.delete(row)
    uow.changed("firmware_exclusions", "removed", exclusion_id)
