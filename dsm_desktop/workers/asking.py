"""A question of a running task: asked once, waited for without a thread, answered from any desktop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dsm_desktop.jobs.context import Question
from dsm_desktop.queries.pins import asked_elsewhere
from dsm_desktop.store import steps
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers.run import Run

_ANSWER_POLL = 3600.0
LOOK_SECONDS = 2.0
"""How often it is looked whether a question has become idle."""


def asked_by_another(uow: UnitOfWork, task_id: int, key_begins: str) -> bool:
    """Whether another task has a question open whose key begins so; until the commit nobody else can find that out."""
    steps.one_asks(uow, key_begins)
    return asked_elsewhere(uow.session.connection(), task_id, key_begins) is not None


async def ask(
    run: Run,
    question: Question,
    *,
    idle: Callable[[], Awaitable[str]] | None = None,
    then: Callable[[UnitOfWork, str], None] = lambda uow, answer: None,
    unless: Callable[[UnitOfWork], bool] = lambda uow: False,
) -> str | None:
    """The answer; "" where the task was cancelled meanwhile. `idle` says that nobody needs to answer any more, in a word that
    counts as the answer. `then` is written together with the answer, in one transaction; `unless` is looked at in the one that
    asks, and where it holds nothing is asked and None returned."""
    run.frontier()
    asked = {
        "key": question.key,
        "question": question.question,
        "options": [option.model_dump(mode="json") for option in question.options],
        "default": question.default,
    }

    def begin(uow: UnitOfWork) -> bool:
        if unless(uow):
            return False
        steps.begin(uow, run.claim.task_id, run.claim.token, "decide", "decide", question.key)
        steps.ask(uow, run.claim.task_id, asked, question.within)
        return True

    run.question = question.key
    if not await run.write(begin):
        run.question = ""
        return None
    word = ""
    try:
        while question.key not in run.answers and not word:
            pause = _ANSWER_POLL if idle is None else LOOK_SECONDS
            await run.park(pause, lambda: question.key in run.answers or run.cancelling)
            run.refuse_lost()
            if run.cancelling:
                break
            word = await idle() if idle is not None else ""
    finally:
        run.question = ""
    answer = run.answers.get(question.key) or word

    def answered(uow: UnitOfWork) -> None:
        steps.resume(uow, run.claim.task_id)
        if word:
            steps.withdraw(uow, run.claim.task_id, question.key, word, "elsewhere")
        elif not answer:
            steps.withdraw(uow, run.claim.task_id, question.key)
        if answer:
            then(uow, answer)
            steps.end(uow, run.claim.task_id, run.claim.token, "decide", question.key, result=answer)

    await run.write(answered)
    return answer
