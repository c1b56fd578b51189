"""Answering the open question of a paused task."""

from __future__ import annotations

from sqlalchemy import select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import Decision
from dsm_desktop.store.unit_of_work import UnitOfWork


def answer(uow: UnitOfWork, principal: Principal, decision_id: int, value: str) -> None:
    """Answer with an option's value. The first answer counts: BadInput when somebody, or the deadline, was sooner."""
    principal.require(Permission.OPERATE, "answer questions of jobs")
    found = uow.session.scalar(select(Decision).where(Decision.id == decision_id).with_for_update())
    if found is None:
        raise NotFound(f"There is no question {decision_id}.", hint="Its job may have been removed.")
    options = {option["value"]: option for option in found.options}
    if found.answer is not None:
        title = options.get(found.answer, {}).get("title") or found.answer
        raise BadInput(
            f"This question was already answered with '{title}' by {found.answered_by}; your answer was not taken.",
            hint="Cancel the job if that answer is wrong.",
            where=found.question[:120],
        )
    if value not in options:
        raise BadInput(
            f"'{value}' is no answer to this question.", hint=f"Choose one of: {', '.join(options)}."
        )
    needs = Permission(options[value].get("needs", Permission.OPERATE))
    principal.require(needs, f"answer a question with '{options[value]['title']}'")
    found.answer, found.answered_by, found.answered_at = value, principal.name, uow.now
    audit.append(
        uow, principal.name, "decisions.answer", f"task {found.task_id}: {found.question}"[:300], answer=value
    )
    uow.changed("decisions", "changed", decision_id)
