"""What a person can do with a promise that was not kept."""

from __future__ import annotations

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.store import audit
from dsm_desktop.store.models import RestoreItem
from dsm_desktop.store.unit_of_work import UnitOfWork


def abandon(uow: UnitOfWork, principal: Principal, item_id: int, reason: str) -> None:
    """Take an entry off the restore list because somebody has put it back by hand or wants it as it is; says why, audited."""
    principal.require(Permission.CONFIGURE, "give up a promise of the restore list")
    if not reason.strip():
        raise BadInput("Say why this need not be put back.", hint="It stands in the audit log.")
    item = uow.session.get(RestoreItem, item_id, with_for_update=True)
    if item is None or item.state not in ("standing", "failed"):
        raise BadInput("This entry is closed already.", hint="Look at the restore list again.")
    item.state, item.message, item.closed_at = "abandoned", f"{principal.name}: {reason.strip()}", uow.now
    audit.append(uow, principal.name, "restore_list.abandon", item.what[:300], reason=reason)
    uow.changed("restore_list", "changed", item_id)
