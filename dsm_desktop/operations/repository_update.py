"""Let each iDRAC update itself from a catalogue: a folder this program serves, or a share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field, model_validator

from dsm_desktop.core.errors import BadInput
from dsm_desktop.firmware.exclusions import Exclusion, first_that_holds
from dsm_desktop.firmware.plan import Change, Impact, Plan, Planned, impact_of
from dsm_desktop.jobs import Danger, JobContext, TimedOut, idrac, job, licence
from dsm_desktop.media.server import MediaServer
from dsm_desktop.operations.firmware import (
    FirmwareOptions,
    FirmwareResult,
    back_up,
    danger_of,
    result_of,
    site_exclusions,
    tell_inventory,
    warning,
)
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.device_jobs import device_jobs
from dsm_desktop.redfish.errors import RedfishError
from dsm_desktop.redfish.repository import (
    NOTHING_TO_DO,
    RepositoryUpdate,
    Share,
    ShareKind,
    install_from_repository,
    repository_updates,
    try_share,
    unreadable,
)
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.workflows.device_work import JobEnd, follow_job, patient
from dsm_desktop.workflows.firmware_host import (
    Apply,
    Found,
    is_ours,
    read_firmware,
    refuse_after_window,
    restart_for,
    unstage,
    wait_for_window,
)
from dsm_desktop.workflows.firmware_proof import Done, NotProven, judge, left_waiting, prove
from dsm_desktop.workflows.firmware_send import running_version
from dsm_desktop.workflows.gate import pass_gate
from dsm_desktop.workflows.reset import off_again

CHILDREN_MINUTES = 10.0
"""So long after the end of an update's own job the jobs it makes are waited for."""
_AWAY = {"RED016", "RED051"}
"""Message ids of a server of files that did not answer, or broke off (Dell's EEMI texts 2.7)."""


class RepositoryParams(FirmwareOptions):
    folder: str = Field(
        "",
        max_length=1000,
        title="Folder here",
        description="with the catalogue; this program serves it",
        json_schema_extra={"widget": "folder"},
    )
    share: str = Field(
        "",
        max_length=500,
        title="Or share",
        description="http://host/path, https://…, nfs://host/export or cifs://host/share; its login is a credential set",
    )
    catalogue: str = Field(
        "Catalog.xml",
        pattern=r"^[A-Za-z0-9][\w .()-]{0,120}$",
        title="Catalogue",
        description="file name; .gz is read too",
    )
    compare_only: bool = Field(False, title="Only show what would change")
    same_versions: bool = Field(False, title="Also install versions that run already")
    downgrade: bool = Field(False, title="Also go back to older versions")
    check_certificate: bool = Field(
        False, title="Check the web server's certificate", description="the iDRAC must know its CA"
    )

    @model_validator(mode="after")
    def _one_place(self) -> RepositoryParams:
        if bool(self.folder) == bool(self.share):
            raise ValueError("give a folder or a share, not both")
        if "@" in self.share:
            raise ValueError("give the share without a login; its login is a credential set for its address")
        return self


class ExcludedInCatalogue(BadInput):
    """The catalogue would install what this site excludes; an iDRAC cannot be told to leave parts of a catalogue out."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What the parts of the body share."""

    ctx: JobContext
    params: RepositoryParams
    share: Share


@job(
    "repository_update",
    label="Update from a repository…",
    title="Repository update of {target}",
    menu="Firmware",
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    exclusive=True,
    confirm=warning,
    requires=(idrac(9, "3.30"), licence("Enterprise")),
)
async def repository_update(ctx: JobContext, params: RepositoryParams) -> FirmwareResult:
    """Let each iDRAC compare itself with a catalogue and install what is newer there; the share is tried from the iDRAC's side
    first. The jobs it makes are followed one by one, and done means that the new versions were read back.
    """
    async with reported(ctx):
        share = await ctx.run(partial(_share, ctx, params))
        try:
            return await _update(_Run(ctx, params, share))
        finally:
            if params.folder:
                media = ctx.service(MediaServer)
                await ctx.run(lambda: media.withdraw(ctx.job_id, [ctx.target.address]))


async def _update(run: _Run) -> FirmwareResult:
    ctx, params = run.ctx, run.params
    found = await read_firmware(ctx)
    if not params.compare_only:
        await wait_for_window(ctx, params.how_to)
    known = await pass_gate(ctx, params.patience, even_if_critical=params.even_if_critical)
    offered = await _compare(run)
    plan = plan_of(found, offered)
    _refuse_excluded(ctx, found, offered, await site_exclusions(ctx))
    if params.compare_only or ctx.dry_run or not plan.items:
        return _told(ctx, plan)
    backup_id = await back_up(ctx, params.backup)
    if params.backup:
        known = await pass_gate(ctx, params.patience, even_if_critical=True, key="after the backup")
    await refuse_after_window(ctx, params.how_to, "update")
    if params.apply is Apply.NEXT_RESTART:
        done = await _apply(run, plan, [])
    else:
        done = await _apply_now(run, plan, known)
    await tell_inventory(ctx)
    return result_of(ctx, plan if done else Plan(waves=()), done, backup_id)


async def _compare(run: _Run) -> list[RepositoryUpdate]:
    """The iDRAC's own list of what it would install. Nothing is changed, so a dry run does it too."""
    ctx = run.ctx
    ctx.progress(0, 1, "Trying the share from the iDRAC's side")
    await ctx.step("try share", lambda: _tried(ctx, run.share))
    await _started(run, "Comparing with the catalogue", apply=False)
    return await ctx.step(
        "read list of updates",
        lambda: repository_updates(ctx.redfish()),
        attempts=3,
        returns=list[RepositoryUpdate],
    )


async def _apply_now(run: _Run, plan: Plan, known: list[str]) -> list[Done]:
    """As `apply_plan`: what is staged and not applied is taken out again, and a host that was off is off again at the end."""
    ctx, how, ours = run.ctx, run.params.how_to, list[str]()
    async with (
        off_again(ctx, minutes=how.restart_minutes, every=how.patience.every),
        ctx.always(
            "staged firmware",
            f"Take staged firmware out of the job queue of {ctx.target.label}",
            partial(unstage, ctx, known, partial(is_ours, ours, plan.items)),
            original={"jobs": known},
        ),
    ):
        return await _apply(run, plan, ours)


async def _apply(run: _Run, plan: Plan, ours: list[str]) -> list[Done]:
    """The update itself: the parent ends early, its children do the work. `ours` is given their JIDs."""
    ctx, params, proof = run.ctx, run.params, run.params.how_to.proof
    # Not what the gate saw: a comparison, and one repeated after a kill, look the same in the queue and are older than this.
    before: list[str] = await ctx.step(
        "note the iDRAC's jobs", lambda: [j.id for j in device_jobs(ctx.redfish())], attempts=3
    )
    mark = await ctx.step("note the last restart", ctx.redfish().reset_mark, attempts=3)
    end = await _started(run, "Update from the catalogue", before, apply=True)
    if end is not None and end.message_id in NOTHING_TO_DO:
        ctx.log("The iDRAC compared itself again and has nothing to install any more.")
        return []
    children = await _made(ctx, params, before)
    ours += [job_id for job_id, *_ in children]
    items = {item.changes[0].fqdd: item for item in plan.items}
    staged: list[tuple[str, Planned]] = []
    for place, (job_id, name, fqdd) in enumerate(children):
        ctx.progress(place, len(children), name)
        item = items.get(fqdd) or _named(name, plan)
        end = await follow_job(ctx, job_id, name, params.patience, until_staged=True)
        judge(ctx, item, end)
        if end.staged:
            staged.append((job_id, item))
    if params.apply is Apply.NEXT_RESTART:
        still = [(item, job_id) for job_id, item in staged]
        return await left_waiting(ctx, plan.items, still, mark, params.patience, proof)
    if staged:
        await refuse_after_window(ctx, params.how_to, "restart")
        ctx.progress(0, 1, "Restarting the host")
        await restart_for(ctx, params.how_to, 1)
        for job_id, item in staged:
            judge(ctx, item, await follow_job(ctx, job_id, f"{item.title}, applied", params.patience))
    return [done for item in plan.items for done in await prove(ctx, item, proof)]


def plan_of(found: Found, offered: Sequence[RepositoryUpdate]) -> Plan:
    """The iDRAC's list as a plan; each package once, with every device it is for."""
    firmware = tuple(found.firmware)
    items: dict[str, Planned] = {}
    for update in offered:
        change = Change(
            fqdd=update.fqdd,
            name=update.name,
            component_id=update.component_id,
            before=running_version(firmware, update.fqdd),
            after=update.version,
        )
        earlier = items.get(update.package)
        impact = (
            Impact.DIRECT
            if update.reboot == "NONE"
            else impact_of(update.component_id, update.component_type, update.name)
        )
        items[update.package] = Planned(
            key=update.package or update.fqdd,
            title=update.name,
            impact=impact,
            changes=(*(earlier.changes if earlier else ()), change),
        )
    return Plan(waves=(tuple(items.values()),) if items else ())


def _told(ctx: JobContext, plan: Plan) -> FirmwareResult:
    """What would be done; "nothing" when the catalogue has nothing newer."""
    if not plan.items:
        return result_of(ctx, plan, [])
    for item in plan.items:
        ctx.log(f"Would install {item.title} {item.changes[0].before} → {item.version} ({item.key}).")
    words = ", ".join(f"{i.title} {i.changes[0].before} → {i.version}" for i in plan.items)
    return FirmwareResult(summary=f"Would do: {words}.", restarts=plan.restarts)


def _share(ctx: JobContext, params: RepositoryParams) -> Share:
    """The folder offered by the media server (the same URL in a replay), or the share with its login."""
    url = params.share
    if params.folder:
        if ctx.dry_run and not Path(params.folder).is_dir():
            raise BadInput(f"There is no folder {params.folder}.", hint="Give its full path.")
        offer = partial(ctx.service(MediaServer).offer, job_id=ctx.job_id, server_id=ctx.target.server_id)
        url = offer(Path(params.folder), addresses=[ctx.target.address], secure=False).url
    parts = urlsplit(url)
    kind = parts.scheme.upper()
    if kind not in ShareKind.__members__ or not parts.hostname:
        raise BadInput(
            "The share is not understood.",
            hint="Write it as http://host/path, nfs://host/export or cifs://host/share.",
        )
    place = parts.netloc
    if params.folder:
        return Share(ShareKind(kind), place, unquote(parts.path).strip("/"))
    login = next(iter(ctx.service(CredentialResolver).for_address(parts.hostname, "share")), None)
    return Share(
        ShareKind(kind),
        place,
        parts.path if kind == "NFS" else unquote(parts.path).strip("/"),
        (login.username, login.password.get_secret_value()) if login else None,
        check_certificate=params.check_certificate,
    )


def _tried(ctx: JobContext, share: Share) -> bool:
    try_share(ctx.redfish(), share)
    return True


async def _started(run: _Run, what: str, before: Sequence[str] = (), *, apply: bool) -> JobEnd | None:
    """How the iDRAC's own job ended; None when only the jobs it made are left of it. Raises ShareUnreadable.

    A folder served here is away while this program starts again. A job that ended over that has changed nothing: one more.
    """
    ctx, known = run.ctx, list(before)
    for again in ("", "once more"):
        job_id = await ctx.step(
            what.lower(),
            lambda: _start(run, apply=apply),
            key=again,
            changing=apply,
            interrupted=(lambda: _parent(ctx, known)) if apply else None,
            attempts=3,
            plan=f"POST InstallFromRepository {run.params.catalogue} on {ctx.target.label}",
        )
        if not job_id:
            return None
        known.append(job_id)
        end = await follow_job(ctx, job_id, what, run.params.patience)
        if not (run.params.folder and end.failed and end.message_id in _AWAY):
            break
        ctx.log(f"{what}: the iDRAC could not read the folder that this program serves.", "warning")
    if end.failed and end.message_id not in NOTHING_TO_DO:
        said = RedfishError(end.message or end.state, ids=(end.message_id,), where=ctx.target.label)
        raise unreadable(said, run.share)
    return end


def _start(run: _Run, *, apply: bool) -> str:
    """RebootNeeded is always off: when the host restarts is decided here."""
    return install_from_repository(
        run.ctx.redfish(),
        run.share,
        run.params.catalogue,
        apply=apply,
        reboot=False,
        same_versions=run.params.same_versions,
        downgrades=run.params.downgrade,
    )


def _parent(ctx: JobContext, before: list[str]) -> str | None:
    """The JID of an update that may have been started, ended or not; "" when only the jobs it made are left of it."""
    fresh = [j for j in device_jobs(ctx.redfish()) if j.id not in before]
    parents = [j.id for j in fresh if j.kind == "RepositoryUpdate"]
    return max(parents, default="" if any(j.kind == "FirmwareUpdate" for j in fresh) else None)


async def _made(ctx: JobContext, params: RepositoryParams, before: list[str]) -> list[list[str]]:
    """The jobs of the update, as soon as they show: minutes after its own job has ended, or after the iDRAC's restart where
    its own update began at once. Raises NotProven when none comes."""
    minutes = min(CHILDREN_MINUTES, params.patience.minutes)
    try:
        return await ctx.wait_for(
            "the list of the jobs it made",
            patient(lambda: _children(ctx, before) or None),
            every=params.patience.every,
            timeout=minutes * 60,
        )
    except TimedOut as error:
        raise NotProven(
            f"The iDRAC ended the update from the catalogue, and made no job for it within {minutes:g} minutes.",
            hint="Look at its job queue and lifecycle log; when nothing runs there, start the update again.",
            where=ctx.target.label,
        ) from error


def _children(ctx: JobContext, known: list[str]) -> list[list[str]]:
    """(JID, name, FQDD or "") of the jobs the run has made: as its list names them, and what else is new in the queue."""
    bmc = ctx.redfish()
    listed = {u.job_id: u for u in repository_updates(bmc) if u.job_id and u.job_id not in known}
    found = [[i, u.name, u.fqdd] for i, u in listed.items()]
    for job_ in device_jobs(bmc):
        if job_.id not in known and job_.id not in listed and job_.kind == "FirmwareUpdate":
            found.append([job_.id, job_.name, ""])
    return found


def _named(name: str, plan: Plan) -> Planned:
    """The item whose title the job's name holds, for jobs the list does not name."""
    return next((i for i in plan.items if i.title and i.title in name), plan.items[0])


def _refuse_excluded(
    ctx: JobContext, found: Found, offered: Sequence[RepositoryUpdate], rules: tuple[Exclusion, ...]
) -> None:
    for update in offered:
        rule = first_that_holds(
            rules,
            component_id=update.component_id,
            name=update.name,
            model=found.model,
            version=update.version,
        )
        if rule is not None:
            raise ExcludedInCatalogue(
                f"The catalogue would install {update.name} {update.version}, which is excluded at this site: {rule.reason}.",
                hint="Take it out of the catalogue, or update by packages, which leaves it alone.",
                where=ctx.target.label,
            )
