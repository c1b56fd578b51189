"""A peer that shows another certificate (or SSH key) than the pinned one, in the middle of work.

Not one byte was sent to it, so the work can go on where it is once a person has compared the fingerprints. One question for
all tasks that meet it; approved anywhere (another desktop, the peer's own page), all go on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from dsm_desktop.commands.certificates import pin_installed
from dsm_desktop.commands.pins import approve
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.states import StepState
from dsm_desktop.jobs.context import Option, Question, Target
from dsm_desktop.jobs.declaration import Danger, Targets
from dsm_desktop.net.ssh import HostKeyChanged
from dsm_desktop.net.tls import CertificateChanged
from dsm_desktop.queries import pins
from dsm_desktop.queries.pins import Peer, Pinned
from dsm_desktop.queries.roll_hosts import who_answered
from dsm_desktop.store.restore_list import puts_certificate
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers.asking import LOOK_SECONDS, ask, asked_by_another
from dsm_desktop.workers.run import Run

T = TypeVar("T")
Changed = CertificateChanged | HostKeyChanged

APPROVE, AGAIN, STOP = "approve", "again", "stop"
_ANSWER_HOURS = 12
_IN_VAIN = 5
"""So often in a row a call is made again after the pin on file was changed: a client asks for it every two seconds."""


class Trusting:
    """For one run. Only work that leaves something changed while it waits asks; other jobs end with the error: those that only
    read, and those on servers alone as long as they have changed nothing."""

    def __init__(self, run: Run, target: Target | None) -> None:
        self._run, self._target = run, target
        declared = run.hands.catalogue[run.plan.kind]
        self._asks = declared.danger is not Danger.NONE
        self._changed = declared.targets is not Targets.SERVER
        self._begins = Counter(
            r.key.rpartition(" ")[0]
            for r in run.plan.steps
            if r.name == "decide" and r.state is StepState.DONE
        )
        self._refused: set[str] = set()
        self._vain: Counter[str] = Counter()
        self.waited = 0.0
        """Seconds spent on questions: they do not count for what is waited for meanwhile."""

    def touched(self) -> None:
        """The work has changed something, may have, or is about to and has promised to put it back."""
        self._changed = True

    async def work(self, do: Callable[[], T]) -> T:
        """`do`, which may be repeated, in a pool thread; again where what its peer shows was approved."""
        while True:
            try:
                return await self._run.in_thread(do)
            except (CertificateChanged, HostKeyChanged) as error:
                if not await self.approved(error):
                    raise

    async def approved(self, error: DsmError) -> bool:
        """Whether the call may be made again. False: it is no such error, or a person said that it ends here. Cancelled where
        the run is told to stop meanwhile."""
        if self._run.plan.dry_run or not isinstance(error, (CertificateChanged, HostKeyChanged)):
            return False
        begun = time.monotonic()
        try:
            peer = await self._run.in_thread(lambda: self._peer(error))
            if peer is None:
                return False
            own = await self._run.in_thread(lambda: self._own(peer, error))
            return (own or (self._asks and self._changed)) and await self._settled(peer, error)
        finally:
            self.waited += time.monotonic() - begun

    def _peer(self, error: Changed) -> Peer | None:
        def find(connection: Connection) -> Peer | None:
            if isinstance(error, CertificateChanged):
                return pins.peer_by_certificate(connection, error.where)
            host = self._target.host if self._target is not None else None
            return pins.peer_by_ssh_key(connection, host.id, error.where) if host is not None else None

        return self._run.hands.store.fetch(find)

    def _own(self, peer: Peer, error: Changed) -> bool:
        """Whether it is the very certificate that this program has put there: that is pinned then, and nobody is asked."""
        if peer.kind is not Pinned.SERVER or not isinstance(error, CertificateChanged):
            return False
        run = self._run

        def believe(uow: UnitOfWork) -> bool:
            connection, shown = uow.session.connection(), error.shown.fingerprint
            ours = puts_certificate(connection, peer.id, shown)
            if ours and pins.pin_of(connection, peer) != shown:
                pin_installed(uow, run.plan.submitted_by, peer.id, error.shown)
            return ours

        return run.hands.journal.call(run.held(believe))

    async def _settled(self, peer: Peer, error: Changed) -> bool:
        """True when another certificate than the one the call was made with is on file, or it is to be looked again."""
        run, shown = self._run, _shown(error)
        begins = f"trust {peer.kind} {peer.id} {shown[:16]}"
        told = False
        while True:
            run.refuse_lost()
            if begins in self._refused:
                return False
            if await self._pin(peer) != error.pinned:
                self._vain[shown] += 1
                if self._vain[shown] > _IN_VAIN:
                    return False
                await run.park(LOOK_SECONDS)
                return True
            run.frontier()
            if not run.claim.restoring and await self._refused_by_others(begins):
                return False
            other = await self._fetch(
                partial(pins.asked_elsewhere, task_id=run.claim.task_id, key_begins=begins)
            )
            if other is None and (said := await self._ask(peer, error, begins)) is not None:
                return said
            if other is not None and not told:
                run.log(
                    f"{error.message} The question that job {other} asks about it is waited for.", "warning"
                )
            told = told or other is not None
            await run.park(LOOK_SECONDS, lambda: run.cancelling)

    async def _ask(self, peer: Peer, error: Changed, begins: str) -> bool | None:
        """Whether the call may be made again; None where another task was quicker to ask."""
        run, shown = self._run, _shown(error)
        key = f"{begins} {self._begins[begins] + 1}"

        async def idle() -> str:
            return AGAIN if await self._pin(peer) != error.pinned else ""

        def believe(uow: UnitOfWork, answer: str) -> None:
            connection = uow.session.connection()
            if answer == APPROVE and pins.pin_of(connection, peer) == error.pinned:
                approve(uow, Principal(who_answered(connection, run.claim.task_id, key)), peer, shown)

        asked = partial(asked_by_another, task_id=run.claim.task_id, key_begins=begins)
        answer = await ask(run, self._question(peer, error, key), idle=idle, then=believe, unless=asked)
        if answer is None:
            return None
        self._begins[begins] += 1
        self._vain[shown] = 0
        if not answer:
            raise Cancelled("Stopped while a question was open.")
        if answer == STOP:
            self._refused.add(begins)
        return answer != STOP

    async def _refused_by_others(self, begins: str) -> bool:
        """Whether the end of the whole work was decided where its other tasks met the same. 'Put back' asks again."""
        task_id = self._run.claim.task_id
        return await self._fetch(
            lambda connection: pins.refused_in_the_work(connection, task_id, begins, STOP)
        )

    def _question(self, peer: Peer, error: Changed, key: str) -> Question:
        what, compare = _WORDS[peer.kind]
        name = f"{peer.name} ({peer.where})" if peer.name and peer.name != peer.where else peer.where
        on = self._run.claim.target
        waits = f"{on} waits as it is" if on and on != peer.name else "The work waits"
        return Question(
            key=key,
            question=f"{what.format(name)} has changed, and nothing is sent before it is approved. {waits}.\n"
            f"Approved: SHA-256 {error.pinned}\n{_described(error)}\n"
            f"Normal after it was renewed or installed anew; else somebody is in between. Compare what is shown now with {compare},"
            " and approve it; the work goes on where it is.",
            options=[
                Option(
                    value=APPROVE,
                    title="Approve the new one",
                    help="I have compared the fingerprints",
                    danger=True,
                    needs=Permission.CONFIGURE,
                ),
                Option(value=AGAIN, title="Look again", help="it shows the approved one again"),
                Option(
                    value=STOP,
                    title="End the work",
                    help="nothing more is sent; what is changed stays so, on the restore list",
                ),
            ],
            default=STOP,
            within=timedelta(hours=_ANSWER_HOURS),
        )

    async def _pin(self, peer: Peer) -> str | None:
        return await self._fetch(partial(pins.pin_of, peer=peer))

    async def _fetch(self, look: Callable[[Connection], T]) -> T:
        return await self._run.in_thread(lambda: self._run.hands.store.fetch(look))


_OWN_PAGE = "what its own console or its administrator says"
_WORDS = {
    Pinned.VCENTER: ("The certificate of the vCenter {}", _OWN_PAGE),
    Pinned.HOST: ("The certificate of the host {}", _OWN_PAGE),
    Pinned.SSH: ("The SSH key of the host {}", "what the host's console shows"),
    Pinned.SERVER: ("The certificate of the iDRAC of {}", "what its console or its administrator says"),
}


def _shown(error: Changed) -> str:
    return error.shown.fingerprint if isinstance(error, CertificateChanged) else error.shown


def _described(error: Changed) -> str:
    """What is on the wire now, for a person who compares."""
    if isinstance(error, HostKeyChanged):
        return f"Shown now: SHA-256 {error.shown}"
    lines = error.shown.describe().split("\n", 1)
    return f"Shown now: SHA-256 {error.shown.fingerprint}\n{lines[1]}"
