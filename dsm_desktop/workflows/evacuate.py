"""Emptying a host: into maintenance mode with a live list of what is left and why, and a question where it does not go on.

the cluster's turn ─▶ note the host ─▶ VMs decided on (shut down, medium out) ─▶ promise to leave again ─▶ enter ─▶ watch: move, ask, wait ─▶ empty
At the end of the block everything is put back in reverse order, on success, failure, cancel and after a crash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import count

from pydantic import BaseModel, ConfigDict, Field

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.vsphere import Vm
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.safety.blockers import blockers, essential
from dsm_desktop.safety.findings import Severity
from dsm_desktop.store.restore_list import put_back_by_others
from dsm_desktop.vmware.errors import VcenterFault, VcenterUnreachable
from dsm_desktop.workflows.alarm_actions import mute
from dsm_desktop.workflows.cluster_turn import begun_before, turn_taken
from dsm_desktop.workflows.drives import held_by_media, take_out
from dsm_desktop.workflows.dry_run import refused_here
from dsm_desktop.workflows.evacuate_watch import Look, Looking, State, drs_moves_all
from dsm_desktop.workflows.guests import MOVE_AT_ONCE, Guests, VmRefused
from dsm_desktop.workflows.host_copy import renew_copy
from dsm_desktop.workflows.how_to_empty import HowToEmpty, Remedy, answer_for, place_of, stuck_question
from dsm_desktop.workflows.in_memory import nothing_in_memory
from dsm_desktop.workflows.maintenance import (
    ATTEMPTS,
    HostAway,
    HostNotSound,
    HostSkipped,
    NotYet,
    Seen,
    enter,
    is_on,
    lasting,
    moid_of,
    note_host,
    patiently,
    read_picture,
)
from dsm_desktop.workflows.occupied import leave_once, still_free, taken_again, whose
from dsm_desktop.workflows.opening import Opening, ha_again


class Emptied(BaseModel):
    """A host that is empty. `ours`: this job put it into maintenance mode; `stopped` VMs it shut down, in that order."""

    model_config = ConfigDict(frozen=True)
    before: Seen
    ours: bool = True
    stopped: list[Vm] = []
    let_go: Callable[[], None] = Field(lambda: None, exclude=True)
    """Say that it is out of maintenance mode again: from then on nobody's maintenance mode is ended for us."""


@asynccontextmanager
async def emptied(
    ctx: JobContext, how: HowToEmpty, stays: Callable[[], bool] = lambda: False
) -> AsyncIterator[Emptied]:
    """The target host in maintenance mode for the time of the block; longer where `stays` says so at its end, then it stands
    on the restore list. Raises HostSkipped, VmRefused, TimedOut."""
    await turn_taken(ctx, how)
    before = await ctx.step("note the host", partial(note_host, ctx), returns=Seen, attempts=ATTEMPTS)
    ours = await whose(ctx, before, how.occupied, minutes=how.minutes, every=how.every, hours=how.ask_hours)
    if not ours:
        ctx.log(f"{ctx.target.label} is in maintenance mode already and is left so afterwards.", "warning")
        await nothing_in_memory(ctx, how.ask_hours, "as it is")
        yield Emptied(before=before, ours=False)
        return
    async with AsyncExitStack() as undo:
        if how.mute_alarms:
            await mute(ctx, undo, every=how.every, stays=stays)
        work = Evacuation(ctx, how, undo, stays, before)
        await work.decided()
        if not await begun_before(ctx):
            await nothing_in_memory(ctx, how.ask_hours, "before")
        await ctx.step("look whether it is still free", partial(still_free, ctx), attempts=ATTEMPTS)
        await undo.enter_async_context(
            ctx.always(
                "maintenance",
                f"Take {ctx.target.label} out of maintenance mode",
                lasting(work.take_back, how.every),
                original={"in_maintenance": False, "before": before.model_dump(mode="json")},
                stays=stays,
                first=work.may_open,
            )
        )
        work.ours = True
        await work.empty()
        await ctx.run(partial(renew_copy, ctx))
        await nothing_in_memory(ctx, how.ask_hours, "emptied")
        try:
            yield Emptied(before=before, stopped=work.stopped, let_go=partial(setattr, work, "let_go", True))
        except HostAway:
            work.opening.given_up = True
            raise
        except HostNotSound:
            work.opening.compared = True
            raise


class Evacuation:
    """One host on its way. `undo` collects what is put back; every turn of events is a recorded step, so that a replay takes
    the same way again."""

    def __init__(
        self,
        ctx: JobContext,
        how: HowToEmpty,
        undo: AsyncExitStack,
        stays: Callable[[], bool],
        before: Seen,
    ) -> None:
        self._ctx, self._how, self._before = ctx, how, before
        self.opening = Opening(
            ctx,
            before,
            boot_minutes=how.boot_minutes,
            settle_minutes=how.settle_minutes,
            every=how.every,
            hours=how.ask_hours,
        )
        self._guests = Guests(
            ctx,
            undo,
            how.every,
            how.guest_minutes,
            stays,
            self.leave,
            self.may_open,
            how.ask_hours,
        )
        self._failed: dict[str, str] = {}
        self._told_to_stay: dict[str, str] = {}
        self.stopped: list[Vm] = []
        self.ours = False
        self.let_go = self._seen_out = False

    async def may_open(self) -> None:
        """Before VMs may run on the host again. Raises HostKept."""
        if self.ours and not self.let_go:
            await self.opening.allowed()

    def take_back(self) -> None:
        """Out of maintenance mode and under HA again; NotYet until then."""
        if self.let_go:
            return
        self.leave()
        if taken_again(self._ctx):
            self._ctx.log(
                f"Somebody has put {self._ctx.target.label} into maintenance mode again.", "warning"
            )
        else:
            ha_again(self._ctx, self._before, self._how.every)

    def leave(self) -> None:
        """Out of maintenance mode where it is ours; NotYet until a look has shown it so. Whoever puts it there after that is
        somebody else, also when this work is killed and done again."""
        if self.ours and not self.let_go and not self._seen_out:
            self._seen_out = leave_once(self._ctx, self._how.every)
            renew_copy(self._ctx)

    async def decided(self) -> None:
        """What was decided about VMs before the host is touched. HostSkipped when that was to leave it out."""
        vms = await self._ctx.step(
            "look at the host's VMs",
            partial(_vms_to_treat, self._ctx, self._how),
            returns=list[Vm],
            attempts=ATTEMPTS,
        )
        named = [(vm, answer_for(self._how, vm)) for vm in vms]
        for vm, answer in sorted(named, key=lambda pair: place_of(self._how, pair[0])):
            if answer is Remedy.SKIP_HOST:
                raise HostSkipped(
                    f"{self._ctx.target.label} was left out because of {vm.name}, as was decided.",
                    where=self._ctx.target.label,
                )
            if answer in (Remedy.SHUT_DOWN, Remedy.DISCONNECT):
                await self._treat_or_ask(vm, answer)

    async def _treat_or_ask(self, vm: Vm, answer: Remedy) -> None:
        """What does not go as decided is asked about before the host is touched."""
        for number in count(1):
            try:
                await self._treat(vm, answer, f"decided {number}")
            except (VmRefused, TimedOut, VcenterFault) as error:
                label = self._ctx.target.label
                why = f"{label} is not emptied yet because of {vm.name}: {error.message} {error.hint}".strip()
                look = Look(state=State.STUCK, why=why.rstrip("."), vms=[vm])
                if await self._stuck(look, f"decided {number} {vm.moid}"):
                    return
            else:
                return

    async def empty(self) -> None:
        """Until the host is in maintenance mode. Raises HostSkipped or Cancelled when somebody decides so."""
        for attempt in count(1):
            how = self._how
            await self._foretold(f"{attempt}")
            also_off = how.evacuate_off and await self._ctx.step(
                "look whether DRS moves powered-off VMs",
                partial(drs_moves_all, self._ctx),
                key=f"{attempt}",
                attempts=ATTEMPTS,
            )
            task = await enter(
                self._ctx, minutes=how.minutes, evacuate_off=also_off, vsan=how.vsan, key=f"{attempt}"
            )
            if self._ctx.dry_run or task == "in":
                return
            end = await self._watch(task, attempt, also_off)
            if end.state is State.IN:
                return
            if end.forgotten:
                self._ctx.log(f"{end.why}; it is asked for again.", "warning")
            else:
                await self._stuck(end, f"{attempt} failed")

    async def _foretold(self, key: str) -> None:
        """What vCenter's own dry run says will stay: told before the host is touched, and asked about as soon as only that is left."""
        self._told_to_stay = await self._ctx.step(
            "ask vCenter's dry run",
            partial(refused_here, self._ctx, self._how.move_vms),
            key=key,
            returns=dict[str, str],
            attempts=ATTEMPTS,
        )

    async def _watch(self, task: str, attempt: int, also_off: bool) -> Look:
        ctx, how = self._ctx, self._how
        for number in count(1):
            looking = Looking(
                ctx,
                task,
                how.stuck_minutes,
                how.move_vms,
                dict(self._failed),
                MOVE_AT_ONCE,
                self._told_to_stay,
                also_off,
            )
            look = await ctx.wait_for(
                f"{ctx.target.label} to get empty",
                patiently(looking),
                every=how.every,
                timeout=how.minutes * 60 + 600,
                returns=Look,
            )
            if look.state in (State.IN, State.FAILED):
                return look
            if look.state is State.MOVE:
                await self._move(look, f"{attempt}.{number}")
            elif look.state is State.QUESTION:
                await self._guests.answer(look.vms[0], f"{attempt}.{number}")
            else:
                await self._stuck(look, f"{attempt}.{number}")
        raise AssertionError("count() ends never")

    async def _move(self, look: Look, key: str) -> None:
        """Start all moves of this round, then wait for each; what is refused is remembered and not tried again unasked."""
        names = look.names
        begun: list[tuple[Vm, str]] = []
        for vm in look.vms:
            target = look.targets[vm.moid]
            try:
                begun.append(
                    (vm, await self._guests.move(vm, target, names.get(target, target), f"{key} {vm.moid}"))
                )
            except (VmRefused, VcenterFault, VcenterUnreachable, NotYet) as error:
                self._refused(vm, error)
        for vm, task in begun:
            if task == "moved":
                continue
            try:
                await self._guests.finished(task, vm, f"{vm.name} to move", f"{key} {vm.moid}")
            except (VmRefused, TimedOut) as error:
                self._refused(vm, error)

    def _refused(self, vm: Vm, error: DsmError) -> None:
        why = error.message.removeprefix(f"{vm.name} to move: ")
        self._failed[vm.moid] = why
        self._ctx.log(f"{vm.name} could not be moved: {why}", "warning")

    async def _treat(self, vm: Vm, answer: Remedy, key: str) -> None:
        """Do to a VM what was decided. A guest that does not stop in time is asked about, never cut off."""
        mark = f"{key} {vm.moid}"
        if answer is Remedy.DISCONNECT:
            held = await self._ctx.step(
                "look at its media",
                partial(held_by_media, self._ctx),
                key=mark,
                returns=list[Vm],
                attempts=ATTEMPTS,
            )
            now = next((other for other in held if other.moid == vm.moid), None)
            if now is None:
                self._ctx.log(f"No medium holds {vm.name} on {self._ctx.target.label}; none is taken out.")
            else:
                await take_out(self._guests, now, mark)
            return
        if all(other.moid != vm.moid for other in self.stopped):
            self.stopped.append(vm)
            await self._guests.promise_power(vm)
        await self._guests.shut_down(vm, mark)

    async def _stuck(self, look: Look, key: str) -> bool:
        """Ask how to go on, naming host, VM, cause and next step. Whether something was chosen for the VM, and done."""
        ctx = self._ctx
        vm = look.vms[0] if look.vms else None
        chosen = await ctx.decide(stuck_question(ctx, look, vm, key, self._how.ask_hours))
        if chosen == "stop":
            raise Cancelled(f"Stopped, as was decided: {look.why}.")
        if chosen == "skip":
            raise HostSkipped(
                f"{ctx.target.label} was left out: {look.why}.",
                hint="Free it of what is named, then retry the host.",
                where=ctx.target.label,
            )
        if chosen == "wait":
            self._failed.clear()
            self._told_to_stay = {}
        elif vm is not None:
            self._told_to_stay.pop(vm.moid, None)
            self._failed.pop(vm.moid, None)
            try:
                await self._treat(vm, Remedy(chosen), f"stuck {key}")
            except (VmRefused, TimedOut, VcenterFault) as error:
                ctx.log(f"{error.message} {error.hint}".strip(), "warning")
            else:
                return True
        return False


def _vms_to_treat(ctx: JobContext, how: HowToEmpty) -> list[Vm]:
    """Raises HostSkipped where one is to be shut down that the work itself depends on: nobody could switch it on again."""
    picture, moid = read_picture(ctx), moid_of(ctx)
    stuck = {f.moid for f in blockers(picture, moid) if f.severity is Severity.BLOCK}
    with ctx.write() as uow:
        done = set(put_back_by_others(uow.session.connection(), ctx.task_id, "VM power")) - stuck
    # Shut down and on again for another host of this work, it stands here now: where it can move it is not stopped again.
    vms = [
        vm
        for vm in picture.vms_on(moid)
        if is_on(vm)
        and (answer := answer_for(how, vm))
        and not (answer is Remedy.SHUT_DOWN and vm.moid in done)
    ]
    for vm in vms:
        what = essential(picture, vm)
        if what and answer_for(how, vm) is Remedy.SHUT_DOWN:
            raise HostSkipped(
                f"{vm.name} is {what} and is never shut down by a job; {ctx.target.label} was left out.",
                hint="Move it to another host first, and take the decision about it out.",
                where=ctx.target.label,
            )
    return vms
