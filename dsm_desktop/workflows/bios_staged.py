"""What is staged in BIOS and has no job would be applied by the next job of anybody, without our knowing: it is withdrawn, or
stands on the restore list; and so is the job that is waited for here, when it is left before it has begun. An iDRAC withdraws all that is staged or nothing, and never shows a staged password."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from dsm_desktop.configuration.differences import same_value
from dsm_desktop.core.errors import Blame, Cancelled, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.redfish import bios
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.device_jobs import device_jobs, take_out
from dsm_desktop.redfish.errors import Unsupported
from dsm_desktop.workflows.bios_restart import its_restarts, stop_restarts

KIND = "BIOSConfiguration"
_SHOWN = 10
_WITHDRAW = (
    "Apply it (BIOS settings) or withdraw it ('Withdraw what waits'); then 'Put back' takes it off the list."
)


class OthersStaged(DsmError):
    """BIOS settings of somebody else are staged, and what is to be staged could not be withdrawn without them."""

    blame = Blame.USER


class StillStaged(DsmError):
    """What was staged in BIOS has no job of ours, and could not be withdrawn."""

    blame = Blame.PEER


def refuse_others(ctx: JobContext, pending: Collection[str]) -> None:
    """Raise OthersStaged where settings are staged. For what a job may not leave behind: the settings would go with it."""
    if pending:
        raise OthersStaged(
            f"BIOS settings are staged on {ctx.target.label} already: {_names(pending)}. Nothing was sent.",
            hint="Apply them (BIOS settings) or withdraw them ('Withdraw what waits') first.",
            where=ctx.target.label,
        )


class StagedBios:
    """What one job stages. `ours` are the settings the device may show of it, none for a password; `others` that some were staged
    before. `job_id` is given once a job applies it; `followed` while its end is waited for, and `restarts` which were made with it.
    """

    def __init__(
        self, ctx: JobContext, uri: str, what: str, *, ours: Collection[str] = (), others: bool = False
    ) -> None:
        self._ctx, self._uri, self._what = ctx, uri, what
        self._ours, self._others = set(ours), others
        self._begun = False
        self.job_id: str | None = None
        self.followed = False
        self.restarts: list[str] | None = None

    def promised(self, name: str, original: Mapping[str, Any]) -> AbstractAsyncContextManager[None]:
        """The block in which it is staged, and its job is made and followed."""
        what = f"{self._what} staged on {self._ctx.target.label}"
        return self._ctx.always(
            name, what, self._withdraw, original=dict(original), first=self._restarts_listed
        )

    async def stage(
        self,
        name: str,
        send: Callable[[RedfishClient], object],
        staged: Callable[[RedfishClient], bool],
        *,
        plan: str,
        attempts: int = 1,
    ) -> None:
        """The step; interrupted, `staged` looks whether it was sent."""
        bmc, refused = self._ctx.redfish(), False

        def first() -> bool:
            nonlocal refused
            self._begun = True
            try:
                send(bmc)
            except DsmError as error:
                refused = error.blame is Blame.USER or 400 <= getattr(error, "status", 0) < 500
                raise
            return True

        def again() -> bool | None:
            self._begun = True
            return staged(bmc) or None

        try:
            await self._ctx.step(name, first, changing=True, interrupted=again, attempts=attempts, plan=plan)
        except Cancelled:
            raise
        except DsmError:
            self._begun = not refused
            raise
        self._begun = True

    async def _restarts_listed(self) -> None:
        """Left right after it was made: a restart that shows only then must go with its job."""
        if self.job_id and self.followed and self.restarts is None:
            self.restarts = await its_restarts(self._ctx, self.job_id)

    def _withdraw(self) -> None:
        """In a pool thread. Raises StillStaged."""
        if not self._begun or (self.job_id and not (self.followed and self._taken_out(self.job_id))):
            return
        bmc = self._ctx.redfish()
        shown = set(bios.pending_settings(bmc, self._uri))
        if self._ours and not shown & self._ours:
            return
        job = next((j.id for j in device_jobs(bmc) if j.kind == KIND and not j.ended), "")
        if job:
            raise self._still(f"and the BIOS job {job}, which is not known to be this one's, applies it")
        if self._others or shown - self._ours:
            raise self._still(f"beside settings of somebody else, without a job ({_names(shown)})")
        try:
            cleared = bios.clear_pending(bmc, self._uri)
        except Unsupported as error:  # iDRAC7 and 8
            raise self._still(
                "without a job, and this iDRAC cannot withdraw it: the next BIOS job of anybody applies it",
                "Start the work again so that it is applied, or clear the iDRAC's job queue with all that is staged at the iDRAC"
                " ('racadm jobqueue delete -i JID_CLEARALL').",
            ) from error
        if cleared:
            self._ctx.log("What was staged has no job and was withdrawn.", "warning")

    def _taken_out(self, job_id: str) -> bool:
        """Whether the job is out of the queue before it has begun, with its restart, which goes first. One that runs is left."""
        ctx, bmc = self._ctx, self._ctx.redfish()
        job = next((j for j in device_jobs(bmc) if j.id == job_id), None)
        if job is None or job.ended:
            return job is None
        running = job.state == "Running"
        if not running and (still := stop_restarts(ctx, self.restarts or ())):
            ctx.log(
                f"Its restart {still} is under way and cannot be stopped: the server may restart yet.",
                "warning",
            )
        if running or not take_out(bmc, job_id):
            ctx.log(
                f"The iDRAC's job {job_id} has begun and runs to its end: it applies what was staged.",
                "warning",
            )
            return False
        ctx.log(f"The iDRAC's job {job_id} had not begun and was taken out of its queue.", "warning")
        return True

    def _still(self, how: str, hint: str = _WITHDRAW) -> StillStaged:
        label = self._ctx.target.label
        return StillStaged(f"{self._what} may be staged on {label}, {how}.", hint=hint, where=label)


def same_staged(pending: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether all of it shows as staged."""
    return all(same_value(pending.get(n), v) for n, v in values.items())


def _names(pending: Collection[str]) -> str:
    names = sorted(pending)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
