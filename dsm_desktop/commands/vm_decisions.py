"""What was decided about VMs that do not move, kept for the next run."""

from __future__ import annotations

from sqlalchemy import delete, select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import VmDecision
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork

ANSWERS = ("migrate", "shut_down", "disconnect", "skip_host", "wait")


def keep(
    uow: UnitOfWork,
    who: Principal,
    *,
    vcenter_id: int | None,
    vm: str,
    name: str,
    cause: str,
    answer: str,
) -> int:
    """Keep a decision about a VM (`vm` its instance uuid) and the blocker it was made for; replaces the one before. Returns its
    id."""
    who.require(Permission.OPERATE, "decide about VMs")
    if answer not in ANSWERS:
        raise BadInput(f"'{answer}' is no decision about a VM.", hint=f"Use one of: {', '.join(ANSWERS)}.")
    if not vm:
        raise BadInput(f"{name or 'The VM'} has no instance uuid, so nothing can be kept for it.")
    same = (
        VmDecision.vcenter_id.is_(None) if vcenter_id is None else VmDecision.vcenter_id == vcenter_id,
        VmDecision.vm == vm,
        VmDecision.cause == cause,
    )
    row = uow.session.scalar(select(VmDecision).where(*same))
    if row is None:
        row = VmDecision(vcenter_id=vcenter_id, vm=vm, cause=cause)
        uow.session.add(row)
    row.name, row.answer = clean_text(name, 255), answer
    row.decided_by, row.decided_at = who.name, uow.now
    uow.session.flush()
    audit.append(uow, who.name, "vm_decisions.keep", f"{name}: {cause}"[:300], answer=answer)
    uow.changed("vm_decisions", "changed", row.id)
    return int(row.id)


def forget(uow: UnitOfWork, who: Principal, decision_id: int) -> None:
    """Ask again next time. Raises NotFound."""
    who.require(Permission.OPERATE, "decide about VMs")
    row = uow.session.get(VmDecision, decision_id)
    if row is None:
        raise NotFound(f"There is no decision {decision_id}.", hint="It may have been removed.")
    audit.append(uow, who.name, "vm_decisions.forget", f"{row.name}: {row.cause}"[:300], answer=row.answer)
    uow.session.execute(delete(VmDecision).where(VmDecision.id == decision_id))
    uow.changed("vm_decisions", "removed", decision_id)
