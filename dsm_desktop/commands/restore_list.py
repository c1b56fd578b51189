"""What a person can do with a promise that was not kept."""

from __future__ import annotations

from sqlalchemy import select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import JobState
from dsm_desktop.store import audit
from dsm_desktop.store.models import Decision, JobTask, RestoreItem
from dsm_desktop.store.unit_of_work import UnitOfWork


class AlreadyClosed(BadInput):
    """Somebody, or a runner, was sooner: the entry needs nobody any more."""


def abandon(uow: UnitOfWork, principal: Principal, item_id: int, reason: str) -> None:
    """Take an entry off the restore list because somebody has put it back by hand or wants it as it is; says why, audited.

    BadInput while its task is at work: it puts this back at its end, and would go on to do so, or to ask about it, off the list.
    """
    principal.require(Permission.CONFIGURE, "give up a promise of the restore list")
    if not reason.strip():
        raise BadInput("Say why this need not be put back.", hint="It stands in the audit log.")
    _refuse_at_work(uow, item_id)
    item = uow.session.get(RestoreItem, item_id, with_for_update=True)
    if item is None or item.state not in ("standing", "failed"):
        how = f" ({item.state}{': ' + item.message if item.message else ''})" if item is not None else ""
        raise AlreadyClosed(
            f"This entry is closed already{how}.",
            hint="Look at the restore list again.",
            where=item.what[:120] if item is not None else "",
        )
    item.state, item.message, item.closed_at = "abandoned", f"{principal.name}: {reason.strip()}", uow.now
    audit.append(uow, principal.name, "restore_list.abandon", item.what[:300], reason=reason)
    uow.changed("restore_list", "changed", item_id)


def _refuse_at_work(uow: UnitOfWork, item_id: int) -> None:
    """The task is locked before its entries, as `put_back` does."""
    its = select(RestoreItem.task_id).where(RestoreItem.id == item_id).scalar_subquery()
    task = uow.session.scalar(select(JobTask).where(JobTask.id == its).with_for_update())
    if task is None or JobState(task.state).final:
        return
    question = uow.session.scalar(
        select(Decision.id).where(Decision.task_id == task.id, Decision.answer.is_(None))
    )
    raise BadInput(
        f"Job {task.job_id} is still at work and puts this back itself.",
        hint="Let it end, or cancel it; what it cannot put back can be given up then."
        if question is None
        else f"Answer its question {question} first: under 'Questions', or with `dsm-desktop jobs answer {question} …`."
        " What it cannot put back can be given up when it has ended.",
        where=task.target,
    )
