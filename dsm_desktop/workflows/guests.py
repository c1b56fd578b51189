"""What is done with a VM so that its host gets empty, each with its way back: moved, shut down, answered.

Nothing here is ever forced: a guest is asked to stop, and one that does not is a person's to decide on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.vsphere import Vm, VmPower
from dsm_desktop.jobs import JobContext, Option, Question
from dsm_desktop.vmware.errors import NotThere, VcenterFault
from dsm_desktop.workflows.maintenance import (
    NotYet,
    change,
    lasting,
    moid_of,
    patiently,
)
from dsm_desktop.workflows.under_way import GO_ON, OVER, Asked, HostKept, Watch

if TYPE_CHECKING:
    from dsm_desktop.vmware.client import VcenterClient

FORGOTTEN = "NotThere"
MOVE_AT_ONCE = 8
"""vMotions one host takes part in at a time (10 GbE)."""


class VmRefused(DsmError):
    """vCenter refused something about one VM, in its own words."""


class TaskEnd(BaseModel):
    """How a task of vCenter ended. `fault` its type name."""

    model_config = ConfigDict(frozen=True)
    ok: bool
    error: str = ""
    fault: str = ""


def task_end(vcenter: VcenterClient, task: str) -> TaskEnd | None:
    """None while it goes on. vCenter forgets a task ten minutes after its end; then the state of things has to tell."""
    try:
        state = vcenter.task(task)
    except NotThere:
        return TaskEnd(ok=False, error="vCenter no longer knows the task", fault=FORGOTTEN)
    if state.state == "success":
        return TaskEnd(ok=True)
    if state.state == "error":
        return TaskEnd(
            ok=False, error=state.error or state.fault or "vCenter gave no reason", fault=state.fault
        )
    return None


def refuse_failed(end: TaskEnd, what: str, where: str) -> None:
    """Raise VmRefused when it did not end well."""
    if not end.ok:
        raise VmRefused(
            f"{what}: {end.error}", hint="See the VM's events in vCenter.", where=where, detail=end.fault
        )


async def _nothing_to_ask() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Guests:
    """Acts on the VMs of the target host. `undo` keeps what must be put back, in the order it was changed; `every` seconds
    between looks; `minutes` a guest has to stop or start; `stays` says after success whether it stays changed, `leave` takes the
    host out of maintenance mode where the job has promised that (NotYet until it is), `may_open` raises HostKept where it stays in it; `ask_hours`
    an answer is waited for."""

    ctx: JobContext
    undo: AsyncExitStack
    every: float
    minutes: float
    stays: Callable[[], bool]
    leave: Callable[[], None]
    may_open: Callable[[], Awaitable[None]] = _nothing_to_ask
    ask_hours: float = 12.0
    _stopping: dict[str, Watch] = field(default_factory=dict)
    """By moid: guests that were asked to stop, until they have."""
    media: set[tuple[str, int]] = field(default_factory=set)
    """VM and device of media that are promised to be put in again."""

    async def promise_power(self, vm: Vm) -> None:
        """Before its guest is asked to stop: on again afterwards, on the restore list."""
        ctx = self.ctx
        self._stopping[vm.moid] = self._watch(vm)
        await self.undo.enter_async_context(
            ctx.always(
                "VM power",
                f"Switch {vm.name} on again",
                lasting(partial(self._on_again, vm), self.every),
                original={"vm": vm.moid, "name": vm.name, "power": "on"},
                key=vm.moid,
                stays=self.stays,
                first=partial(self._may_be_on, vm),
            )
        )

    def _watch(self, vm: Vm) -> Watch:
        """A guest that was asked to stop may do so long after nobody waits for it any more."""
        return Watch(
            self.ctx,
            f"{vm.name} to stop as it was asked to",
            lambda: OVER if self._is_off(vm) else None,
            Asked(
                lambda: (
                    f"{vm.name} was asked to shut down and still runs. It may stop at any moment, and would stay off."
                ),
                Option(
                    value=GO_ON,
                    title="It runs on",
                    help="its shutdown was called off; it is not watched any longer",
                ),
                self.ask_hours,
            ),
            minutes=self.minutes,
            every=self.every,
        )

    def _is_off(self, vm: Vm) -> bool:
        return self.ctx.vcenter().read_vm(vm.moid).power is not VmPower.ON

    async def _may_be_on(self, vm: Vm) -> None:
        """Before it is switched on again: it has stopped, and where it stands on the host VMs may run there."""
        await self._stopping[vm.moid].settle()
        try:
            await self.may_open()
        except HostKept:
            if await self.ctx.run(partial(self._is_off_here, vm)):
                raise

    def _is_off_here(self, vm: Vm) -> bool:
        try:
            now = self.ctx.vcenter().read_vm(vm.moid)
        except DsmError as error:
            if not error.retryable:
                raise
            return True
        return now.power is not VmPower.ON and now.host == moid_of(self.ctx)

    async def shut_down(self, vm: Vm, key: str) -> None:
        """Ask the guest to stop and wait; `promise_power` stands already. TimedOut when it does not; then it may be called again,
        and a guest that was asked before need not take the second request."""
        ctx, watch = self.ctx, self._stopping[vm.moid]

        def off() -> str | None:
            watch.begun = True  # it is looked at because it may have been asked
            return "off" if self._is_off(vm) else None

        def ask() -> str:
            if self._is_off(vm):
                return "off"
            before, watch.begun = watch.begun, True
            try:
                ctx.vcenter().shutdown_guest(vm.moid)
            except VcenterFault as error:
                watch.begun = before
                if not before:
                    raise
                # Its Tools stop before it does: what was asked for already is waited for.
                ctx.log(f"{vm.name} takes no second request to shut down: {error.message}")
            return "asked"

        await change(
            ctx,
            "shut down guest",
            ask,
            key=key,
            taken=off,
            plan=f"ShutdownGuest {vm.moid} ({vm.name})",
        )
        watch.begun = True
        await ctx.wait_for(
            f"{vm.name} to shut down", patiently(off), every=self.every, timeout=self.minutes * 60
        )
        watch.begun = False
        ctx.log(f"{vm.name} is shut down; it is switched on again when the host is back.")

    def _on_again(self, vm: Vm) -> None:
        """Out of maintenance first, where it stands on this very host: there it cannot run before. Somebody else's maintenance
        mode is not ended for it."""
        ctx, vcenter = self.ctx, self.ctx.vcenter()
        now = vcenter.read_vm(vm.moid)
        if now.power is VmPower.ON:
            ctx.log(f"{vm.name} runs.")
            return
        if now.host == moid_of(ctx):
            self.leave()
        if not vcenter.running_tasks(vm.moid):
            vcenter.power_on(vm.moid)
        raise NotYet(f"{vm.name} is starting.", every=self.every, where=vm.name)

    async def power_on(self, vm: Vm, key: str) -> None:
        """Start a VM and wait until it runs."""
        ctx = self.ctx

        def is_on() -> str | None:
            return "on" if ctx.vcenter().read_vm(vm.moid).power is VmPower.ON else None

        await change(
            ctx,
            "power on",
            lambda: is_on() or ctx.vcenter().power_on(vm.moid),
            key=key,
            taken=is_on,
            plan=f"PowerOnVM_Task {vm.moid} ({vm.name})",
        )
        await ctx.wait_for(f"{vm.name} to run", patiently(is_on), every=self.every, timeout=self.minutes * 60)
        ctx.log(f"{vm.name} runs again.")

    async def move(self, vm: Vm, host: str, name: str, key: str) -> str:
        """Start moving a VM; the task, or "moved". Not waited for: several go at once."""
        ctx, origin = self.ctx, moid_of(self.ctx)

        def gone() -> str | None:
            now = ctx.vcenter().read_vm(vm.moid)
            if now.host != origin or now.power is not VmPower.ON:
                return "moved"
            return next((t.moid for t in ctx.vcenter().running_tasks(vm.moid) if _moves(t.kind)), None)

        task = await change(
            ctx,
            "move VM",
            lambda: gone() or ctx.vcenter().migrate_vm(vm.moid, host),
            key=key,
            taken=gone,
            plan=f"MigrateVM_Task {vm.moid} ({vm.name}) to {host} ({name})",
        )
        ctx.log(f"{vm.name} moves to {name}.")
        return task

    async def finished(self, task: str, vm: Vm, what: str, key: str) -> None:
        """Wait for a task about one VM; a question that it asks meanwhile is put to a person. Raises VmRefused, TimedOut."""
        number = 0
        while True:
            number += 1
            end: TaskEnd | Vm = await self.ctx.wait_for(
                what,
                patiently(partial(self._look, task, vm)),
                every=self.every,
                timeout=3600,
                returns=TaskEnd | Vm,
            )
            if isinstance(end, TaskEnd):
                if end.fault != FORGOTTEN:
                    refuse_failed(end, what, vm.name)
                return
            await self.answer(end, f"{key} {number}")

    def _look(self, task: str, vm: Vm) -> TaskEnd | Vm | None:
        vcenter = self.ctx.vcenter()
        end = task_end(vcenter, task)
        if end is not None:
            return end
        now = vcenter.read_vm(vm.moid)
        return now if now.question is not None else None

    async def answer(self, vm: Vm, key: str) -> None:
        """Put a VM's question to a person, and the answer to the VM."""
        asked = vm.question
        assert asked is not None
        ctx = self.ctx
        given = await ctx.decide(question_of(vm, ctx.target.label, key))
        if given == _LATER:
            return

        def gone() -> str | None:
            now = ctx.vcenter().read_vm(vm.moid).question
            return "gone" if now is None or now.key != asked.key else None

        def say() -> str:
            ctx.vcenter().answer_question(vm.moid, asked.key, given)
            return given

        await change(
            ctx,
            "answer the VM's question",
            lambda: gone() or say(),
            key=key,
            taken=gone,
            plan=f"AnswerVM {vm.moid} ({vm.name}) {asked.key} {given}",
        )


_LATER = "later"


def question_of(vm: Vm, host: str, key: str) -> Question:
    """A VM's question in its own words. Nobody's answer is guessed: without one it is looked at again."""
    asked = vm.question
    assert asked is not None
    options = [Option(value=value, title=title) for value, title in asked.choices]
    later = Option(value=_LATER, title="Look again", help="somebody has answered it in vCenter")
    return Question(
        key=f"VM question {key}",
        question=f"{vm.name} on {host} waits with a question, and nothing goes on until it is answered: {asked.text}",
        options=[*options, later],
        default=_LATER,
        within=timedelta(hours=12),
    )


def _moves(kind: str) -> bool:
    return kind.casefold().endswith(("migrate", "relocate", "migratevm_task", "relocatevm_task"))
