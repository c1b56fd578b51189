"""What was set going on a host and cannot be called back (a restart, an update of ESXi, a guest that shuts down).

A restart that was accepted happens minutes later or not at all, and an update runs on without its session. Nothing of the host
is put back while it may still happen: it is waited for, a person is asked where that takes too long, and without an answer
everything stays as it is, on the restore list.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext, Option, Question, TimedOut
from dsm_desktop.store.restore_list import left_standing
from dsm_desktop.workflows.maintenance import patiently

RESTART = "restart"
UPDATE = "ESXi update"
"""Names on the restore list."""
WAIT, GO_ON, KEEP = "wait", "go_on", "keep"
OVER = "over"


class HostKept(DsmError):
    """The host stays as it is: something may still happen on it, or it is not as it was before, and a person decided so."""

    blame = Blame.USER


@dataclass(frozen=True, slots=True)
class Asked:
    """How a person is asked: `question` says host, state and cause (asked for late, it may have changed), `go_on` what
    follows from the answer that it need not be waited for. `hours` an answer is waited for."""

    question: Callable[[], str]
    go_on: Option
    hours: float = 12.0

    def of(self, key: str, minutes: float) -> Question:
        return Question(
            key=key,
            question=self.question(),
            options=[
                Option(
                    value=WAIT,
                    title="Go on waiting",
                    help=f"{minutes:g} more minutes, then it is asked again",
                ),
                self.go_on,
                Option(
                    value=KEEP,
                    title="Leave it as it is",
                    help="the job ends, and nothing of the host is put back; it stands on the restore list",
                ),
            ],
            default=KEEP,
            within=timedelta(hours=self.hours),
        )


class Watch:
    """Something about the target host that is waited for. `look` returns a word when it is over; `certain` says that the last
    look showed it going on, so that nobody's word that it is over is taken. `begun` False: there is nothing to wait for."""

    def __init__(
        self,
        ctx: JobContext,
        name: str,
        look: Callable[[], str | None],
        asked: Asked,
        *,
        minutes: float,
        every: float,
        certain: Callable[[], bool] = lambda: False,
    ) -> None:
        self._ctx, self._name, self.look, self._asked = ctx, name, look, asked
        self._minutes, self._every, self._certain = minutes, every, certain
        self._number = 0
        self._said: dict[int, bool] = {}
        self.begun = False
        self.answer = ""

    async def over(self, *, asked_at_once: bool = False) -> str:
        """The word of `look` when it is over; "" when somebody said how to go on (`answer`)."""
        while True:
            self._number += 1
            minutes = 0.0 if asked_at_once else self._minutes
            asked_at_once = False
            try:
                word = await self._ctx.wait_for(
                    f"{self._name} ({self._number})",
                    patiently(self.look),
                    every=self._every,
                    timeout=minutes * 60,
                )
            except TimedOut:
                if await self._decide() == WAIT:
                    continue
                return ""
            self.begun, self.answer = False, ""
            return word

    async def ask(self) -> str:
        """Ask now: it was waited for elsewhere. Returns the answer."""
        self._number += 1
        return await self._decide()

    async def _decide(self) -> str:
        key = f"{self._name} {self._number}"
        self.answer = await self._ctx.decide(self._asked.of(key, self._minutes))
        return self.answer

    async def settle(self) -> None:
        """Before anything is put back: nothing is under way any more, or a person said so. Raises HostKept."""
        if not self.begun:
            return
        while True:
            if self.answer == KEEP and await self._just_said():
                raise HostKept(
                    f"{self._asked.question()} It was left so.",
                    hint="When it is over, use 'Put back' on the restore list.",
                    where=self._ctx.target.label,
                )
            if self.answer == GO_ON and not await self._still_seen():
                return
            if await self.over():
                return

    async def _just_said(self) -> bool:
        """False where it was said before an earlier attempt to put back: then it is looked at and asked anew."""
        number, now = self._number, self._said

        def note() -> bool:
            now[number] = True
            return True

        if number not in now:
            now[number] = False
            await self._ctx.step("left as it is", note, key=f"{self._name} {number}")
        return now[number]

    async def _still_seen(self) -> bool:
        """Whether a last look shows it going on all the same."""
        over = await self._ctx.run(patiently(self.look))
        return not over and self._certain()


@asynccontextmanager
async def expected(
    watch: Watch, ctx: JobContext, name: str, what: str, *, key: str, original: dict[str, str]
) -> AsyncIterator[Watch]:
    """The block in which it is set going: `what` stands on the restore list, and the block is not left before it is over."""
    async with ctx.always(name, what, lambda: None, original=original, key=key, first=watch.settle):
        yield watch


async def refuse_under_way(ctx: JobContext, *names: str) -> None:
    """Raise HostKept where something of these names that this task set going was left under way."""
    left = await ctx.run(partial(_left, ctx, names))
    if left:
        raise HostKept(
            f"{ctx.target.label} is left as it is: {'; '.join(left)}.",
            hint="When that is over, use 'Put back' on the restore list.",
            where=ctx.target.label,
        )


def _left(ctx: JobContext, names: tuple[str, ...]) -> list[str]:
    with ctx.write() as uow:
        return left_standing(uow.session.connection(), ctx.task_id, names)
