"""A host's ESXi brought to another build: looked at, judged, rehearsed, updated, restarted, proven.

SSH on ─▶ recovery key saved ─▶ facts ─▶ rules ─▶ dry run ─▶ update (detached, started once) ─▶ SSH as before
─▶ restart in maintenance mode ─▶ back with a newer boot time ─▶ the build is the target's, by vCenter and by the host itself
"""

from __future__ import annotations

from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext, Option, TimedOut
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.ssh import SshUnreachable
from dsm_desktop.safety.findings import Cause, Finding
from dsm_desktop.vmware.errors import VcenterFault
from dsm_desktop.vmware.esxi.errors import NeedsMaintenance, UpdateLocked
from dsm_desktop.vmware.esxi.facts import Profile, UpdateResult
from dsm_desktop.vmware.esxi.shell import EsxiShell, Stage
from dsm_desktop.workflows.depot import compare_depot
from dsm_desktop.workflows.esxi_facts import (
    EsxiFacts,
    choose_profile,
    judged,
    read_esxi,
    refuse_blocked,
    target_of,
)
from dsm_desktop.workflows.esxi_proof import prove_esxi
from dsm_desktop.workflows.esxi_restart import restart_esxi
from dsm_desktop.workflows.esxi_wanted import EsxiUpdated, EsxiWanted
from dsm_desktop.workflows.maintenance import change
from dsm_desktop.workflows.ssh_access import keep_running, ssh_on
from dsm_desktop.workflows.under_way import GO_ON, OVER, UPDATE, WAIT, Asked, Watch, expected


class UpdateLost(DsmError):
    """An update was started on the host and left no end."""

    blame = Blame.PEER


SSH_OFF = "SSH is off, so a dry run cannot look whether ESXi needs the update: it is shown as if it did."


class Preflight(BaseModel):
    """What is known before anything is changed. `nothing_to_do`: the host has the build."""

    model_config = ConfigDict(frozen=True)
    facts: EsxiFacts
    profile: Profile
    target_version: str
    target_build: str
    rehearsal: UpdateResult | None
    findings: list[Finding]

    @property
    def nothing_to_do(self) -> bool:
        return any(f.cause is Cause.ESXI_NOTHING_TO_DO for f in self.findings)

    @property
    def key_safe(self) -> bool:
        """Its recovery key is in the vault, or it was seen to have none."""
        return self.facts.keys_saved or self.facts.tpm_mode.upper() == "NONE"

    @property
    def target(self) -> str:
        return f"{self.target_version} build {self.target_build}".strip()


async def preflight(ctx: JobContext, wanted: EsxiWanted, *, key: str, rehearse: bool = True) -> Preflight:
    """Facts, rules and, with `rehearse`, ESXi's own dry run, which has the last word. SSH is on."""
    if wanted.sha256 and not ctx.dry_run:
        await compare_depot(ctx, wanted.depot, wanted.sha256, key=key)
    facts = await read_esxi(ctx, wanted.depot, key=key, trust_first=wanted.trust_first)
    profile = choose_profile(facts, wanted.profile)
    version, build = target_of(profile, None)
    findings = judged(facts, profile, version, build) if build else ()
    rehearsal = None
    blocked = any(f.severity.value == "block" for f in findings)
    if rehearse and not blocked and not any(f.cause is Cause.ESXI_NOTHING_TO_DO for f in findings):
        shell = ctx.esxi(trust_first=wanted.trust_first)
        rehearsal = await ctx.step(
            "dry run",
            lambda: shell.dry_run(
                wanted.depot, profile.name, pass_hardware_warnings=wanted.pass_hardware_warnings
            ),
            key=key,
            attempts=3,
            returns=UpdateResult,
        )
        if not build:
            version, build = target_of(profile, rehearsal)
            findings = judged(facts, profile, version, build)
    return Preflight(
        facts=facts,
        profile=profile,
        target_version=version,
        target_build=build,
        rehearsal=rehearsal,
        findings=list(findings),
    )


async def update_esxi(ctx: JobContext, wanted: EsxiWanted, *, key: str = "esxi") -> EsxiUpdated:
    """Update the target host, which is in maintenance mode; proven at the end. A failure leaves the host on its present image.

    Raises UpdateRefused, NeedsMaintenance, EsxcliError kinds, FellBack, UpdateLost, HostAway, and what SSH raises.
    """
    updated = await install_esxi(ctx, wanted, key=key)
    comes = updated.pending or (ctx.dry_run and not updated.proven)
    if not comes or not wanted.restart:
        return updated
    await restart_esxi(
        ctx,
        updated.boot_time,
        key=key,
        every=wanted.look_seconds,
        doubt_seconds=wanted.doubt_seconds,
        ask_hours=wanted.ask_hours,
    )
    if ctx.dry_run:
        return updated
    return await prove_esxi(ctx, wanted, updated, key=key)


async def install_esxi(ctx: JobContext, wanted: EsxiWanted, *, key: str = "esxi") -> EsxiUpdated:
    """All but the restart. The new image waits in the other boot bank."""
    async with ssh_on(ctx, wanted.sign_in, key=key) as access:
        if not access.open:
            await _carry_out(ctx, wanted, wanted.profile or "PROFILE", key)
            return EsxiUpdated(notes=[SSH_OFF])
        found = await preflight(ctx, wanted, key=key)
        for finding in found.findings:
            ctx.log(f"{finding.reason} {finding.way_out}", "info" if found.nothing_to_do else "warning")
        facts = found.facts
        state = EsxiUpdated(
            before=facts.shown,
            after=facts.shown,
            profile=found.profile.name,
            target_build=found.target_build,
            build_before=facts.build,
            boot_time=facts.boot_time,
            ssh=access.before,
        )
        if found.nothing_to_do or (found.rehearsal is not None and not found.rehearsal.changed):
            return state.model_copy(update={"proven": True})
        refuse_blocked(facts, found.findings)
        if not facts.in_maintenance and not ctx.dry_run:
            raise NeedsMaintenance(
                f"{facts.name} is not in maintenance mode, so its ESXi is not updated.", where=facts.name
            )
        ctx.log(f"ESXi {facts.shown} → {found.target} ({found.profile.name}).")
        result = await _carry_out(ctx, wanted, found.profile.name, key)
    if result is None:
        return state
    return state.model_copy(
        update={
            "changed": result.changed,
            "pending": result.reboot_required,
            "installed": result.installed,
            "removed": result.removed,
        }
    )


def _mark(ctx: JobContext, key: str) -> str:
    """The update's name on the host: one for each task and key."""
    return f"{ctx.job_id}-{ctx.task_id}-{key}"


async def _carry_out(ctx: JobContext, wanted: EsxiWanted, profile: str, key: str) -> UpdateResult | None:
    """Start once, then look until it has ended; None in a dry run. Whatever becomes of the job, the host is left as it is while
    the update runs."""
    shell, mark = ctx.esxi(trust_first=wanted.trust_first), _mark(ctx, key)
    watch = _watch(ctx, wanted, _Updating(ctx, shell))

    def start() -> str:
        other = shell.updating()
        if other:
            raise UpdateLocked("another update runs on the host", where=ctx.target.label, detail=other[:500])
        watch.begun = True
        shell.begin_update(mark, wanted.depot, profile, pass_hardware_warnings=wanted.pass_hardware_warnings)
        return "started"

    def taken() -> str | None:
        watch.begun = True
        stage = shell.look_at_update(mark).stage
        return None if stage is Stage.ABSENT else stage.value

    what = f"Let the ESXi update of {ctx.target.label} end"
    async with expected(watch, ctx, UPDATE, what, key=key, original={"mark": mark}):
        await change(
            ctx,
            "start update",
            start,
            key=key,
            taken=taken,
            plan=EsxiShell.update_line(wanted.depot, profile, wanted.pass_hardware_warnings),
        )
        if ctx.dry_run:
            return None
        watch.begun = True
        result = await _followed(ctx, wanted, _Following(ctx, shell, mark, watch), watch)
    ctx.log(result.message)
    if not result.reboot_required:
        await ctx.run(partial(shell.forget_update, mark))
    return result


async def _followed(ctx: JobContext, wanted: EsxiWanted, following: _Following, watch: Watch) -> UpdateResult:
    """Look at it until it has ended; a session that is lost does not matter. One that takes too long is asked about."""
    while True:
        try:
            result = await ctx.wait_for(
                f"the update of {ctx.target.label}",
                following,
                every=wanted.look_seconds,
                timeout=wanted.update_minutes * 60,
                returns=UpdateResult,
            )
        except TimedOut as error:
            if await watch.ask() == WAIT:
                continue
            raise UpdateLost(
                f"The update of {ctx.target.label} has not ended within {wanted.update_minutes:g} minutes.",
                hint="Read /var/log/esxupdate.log and look which build runs before you start another one.",
                where=ctx.target.label,
            ) from error
        watch.begun = False
        return result


def _watch(ctx: JobContext, wanted: EsxiWanted, look: _Updating) -> Watch:
    label = ctx.target.label
    return Watch(
        ctx,
        f"the update of {label} to end",
        look,
        Asked(
            lambda: (
                f"The update of {label} has not ended within {wanted.update_minutes:g} minutes"
                f"{'' if look.runs else ', or the host does not answer'}. It is in maintenance mode, carries no VM, and its SSH stays"
                " on. Look at /var/log/esxupdate.log and at its console."
            ),
            Option(
                value=GO_ON,
                title="Give it up",
                help="what was changed is put back, as soon as no update is seen to run on the host",
            ),
            wanted.ask_hours,
        ),
        minutes=wanted.update_minutes,
        every=wanted.look_seconds,
        certain=lambda: look.runs,
    )


class _Updating:
    """Whether an update runs on the host, whoever looks after it; `runs` after a look that saw one. Several looks in a row: the
    command may be about to show itself."""

    def __init__(self, ctx: JobContext, shell: EsxiShell) -> None:
        self._ctx, self._shell = ctx, shell
        self._quiet = 0
        self.runs = False

    def __call__(self) -> str | None:
        try:
            self.runs = bool(self._shell.updating())
        except SshUnreachable:
            self.runs = False
            _open_again(self._ctx)
            return None
        self._quiet = 0 if self.runs else self._quiet + 1
        return OVER if self._quiet >= _LOST_LOOKS else None


class _Following:
    """One look at the update. "Started and left no end" counts only when it is seen some times in a row: the command may be
    about to show itself."""

    def __init__(self, ctx: JobContext, shell: EsxiShell, mark: str, watch: Watch) -> None:
        self._ctx, self._shell, self._mark, self._watch = ctx, shell, mark, watch
        self._lost = 0

    def __call__(self) -> UpdateResult | None:
        try:
            look = self._shell.look_at_update(self._mark)
        except SshUnreachable:
            _open_again(self._ctx)
            return None
        if look.error is not None:
            self._watch.begun = False
            raise look.error
        if look.stage is Stage.RUNNING:
            self._lost = 0
            self._ctx.progress(0, 1, "ESXi is being updated; it prints nothing for minutes")
            return None
        if look.result is None:
            self._lost += 1
            if self._lost >= _LOST_LOOKS:
                raise _lost(self._ctx)
        return look.result


_LOST_LOOKS = 3


def _lost(ctx: JobContext) -> UpdateLost:
    label = ctx.target.label
    return UpdateLost(
        f"The update of {label} was started and has left no result: the host restarted, or the update was ended.",
        hint="Read /var/log/esxupdate.log and look which build runs; the host starts from a complete image. Then retry the job.",
        where=label,
    )


def _open_again(ctx: JobContext) -> None:
    """SSH may have ended by the host's own time-out; vCenter that does not answer now is asked at the next look."""
    try:
        keep_running(ctx)
    except (RetryLater, VcenterFault) as error:
        # A host that has lost power is shown as connected for a minute, and refuses.
        ctx.log(error.message, "warning")
