"""What the job types that change firmware share: the form's common part, the result, backup, and the inventory afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dsm_desktop.commands.library import note_use
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.firmware.exclusions import Exclusion
from dsm_desktop.firmware.fit import DoesNotFit
from dsm_desktop.firmware.identity import Identity
from dsm_desktop.firmware.ladders import IDRAC
from dsm_desktop.firmware.plan import IdracOrder, Offered, Plan, Rules, Skipped, plan_packages
from dsm_desktop.jobs import Danger, JobContext, Paced, Result
from dsm_desktop.media.server import MediaServer
from dsm_desktop.queries.firmware_exclusions import list_exclusions
from dsm_desktop.queries.library import ItemFile, ItemUnusable, find_item, item_file, list_items
from dsm_desktop.store.inventory import save_inventory
from dsm_desktop.workflows.device_work import Patience
from dsm_desktop.workflows.firmware_host import Apply, Found, HowTo, skipped_words
from dsm_desktop.workflows.firmware_proof import Done, Outcome, RestartBy
from dsm_desktop.workflows.profiles import ExportRequest, export_profile
from dsm_desktop.workflows.reset import Restart


class FirmwareOptions(Paced):
    """When and how: the same for every job that changes firmware."""

    apply: Apply = Field(
        Apply.NOW,
        title="Restart the server",
        description="for what waits for a restart; the iDRAC updates itself",
    )
    restart: Restart = Field(
        Restart.GRACEFUL,
        title="How it is restarted",
        description="graceful asks the operating system; only the others ever cut it off",
    )
    restart_minutes: int = Field(
        15, ge=1, le=240, title="The operating system has", json_schema_extra={"unit": "minutes"}
    )
    window_from: datetime | None = Field(
        None,
        title="Window begins",
        description="only for 'window', such as 2026-01-31 22:00, this machine's time",
    )
    window_minutes: int = Field(
        120, ge=5, le=1440, title="Window lasts", json_schema_extra={"unit": "minutes"}
    )
    backup: bool = Field(True, title="Save the configuration first", description="as a sealed profile (SCP)")
    even_if_critical: bool = Field(False, title="Also servers whose health is critical")
    minutes: int = Field(
        120,
        ge=5,
        le=1440,
        title="Give a job up after",
        json_schema_extra={"unit": "minutes"},
        description="each job of the iDRAC, and the wait for it to be ready",
    )
    proof_minutes: float = Field(
        15,
        ge=0.05,
        le=240,
        title="The new version must show within",
        json_schema_extra={"unit": "minutes"},
        description="the iDRAC collects its inventory when the server has started",
    )
    poll_seconds: float = Field(20, ge=0.2, le=600, title="Look every", json_schema_extra={"unit": "seconds"})

    @field_validator("window_from")
    @classmethod
    def _with_a_zone(cls, value: datetime | None) -> datetime | None:
        """A time without a zone is this machine's."""
        return value.astimezone(UTC) if value is not None else None

    @model_validator(mode="after")
    def _window_is_given(self) -> FirmwareOptions:
        if self.apply is Apply.WINDOW and self.window_from is None:
            raise ValueError("a window needs its beginning")
        return self

    @property
    def patience(self) -> Patience:
        return Patience(self.poll_seconds, self.minutes)

    @property
    def how_to(self) -> HowTo:
        until = self.window_from + timedelta(minutes=self.window_minutes) if self.window_from else None
        return HowTo(
            apply=self.apply,
            restart=self.restart,
            restart_minutes=self.restart_minutes,
            window_from=self.window_from,
            window_until=until,
            patience=self.patience,
            proof=Patience(min(15.0, self.poll_seconds), self.proof_minutes),
        )


class FirmwareResult(Result):
    done: list[Done] = Field(default_factory=list, title="Done")
    skipped: list[Skipped] = Field(default_factory=list, title="Left out")
    restarts: int = Field(0, title="Restarts of the server")
    proven: bool = Field(False, title="Read back")
    backup_id: int | None = Field(None, title="Configuration saved as profile")


class OrderedOptions(FirmwareOptions):
    """For jobs that choose the order themselves."""

    idrac: IdracOrder = Field(
        IdracOrder.AUTOMATIC,
        title="iDRAC",
        description="automatic: first and alone for a jump to another main version, else last",
    )


class SendWay(Worded):
    """PUSH from this machine over the connection to the iDRAC; SERVE lets the iDRAC fetch from this machine's media server;
    SHARE from a place that holds the same files; AUTOMATIC pushes where the iDRAC takes it."""

    AUTOMATIC = "automatic", "Automatic"
    PUSH = "push", "Push from this machine"
    SERVE = "serve", "The iDRAC fetches from this machine"
    SHARE = "share", "The iDRAC fetches from a share"


class SentOptions(OrderedOptions):
    """For jobs that bring files of the library to the iDRAC."""

    way: SendWay = Field(SendWay.AUTOMATIC, title="Way to the iDRAC")
    share: str = Field(
        "",
        max_length=500,
        title="Share",
        description="only for the way 'share': http://host/path, cifs://host/share or host:/export, with these very files",
    )

    @model_validator(mode="after")
    def _share_is_given(self) -> Self:
        if (self.way is SendWay.SHARE) != bool(self.share):
            raise ValueError("the way 'share' needs a share, and only that way")
        return self


def danger_of(params: FirmwareOptions) -> Danger:
    """What cuts the operating system off is typed; what waits for the next restart still changes the server."""
    forced = params.restart is not Restart.GRACEFUL and params.apply is not Apply.NEXT_RESTART
    return Danger.DESTRUCTIVE if forced else Danger.DISRUPTIVE


def warning(params: FirmwareOptions) -> str:
    """The confirmation's sentence."""
    if params.apply is Apply.NEXT_RESTART:
        return "What needs a restart waits for the next one, whoever makes it. An iDRAC that is updated is away for minutes."
    if params.restart is Restart.POWER_CYCLE:
        return "The power of these servers is switched off and on; data that is not written yet is lost."
    if params.restart is Restart.GRACEFUL_THEN_FORCED:
        return (
            f"These servers restart; an operating system that does not stop within {params.restart_minutes} minutes"
            " is cut off."
        )
    return "These servers restart when their operating system agrees. An iDRAC that is updated is away for minutes."


class PackageFile(BaseModel):
    """A package of the library as a step keeps it. `key` is its file name."""

    model_config = ConfigDict(frozen=True)
    item_id: int
    key: str
    path: Path
    size: int
    modified_ns: int
    identity: Identity


def packages_named(ctx: JobContext, wanted: Sequence[str]) -> list[PackageFile]:
    """The library's packages by id, file name or SHA-256; in a pool thread. Raises NotFound, ItemUnusable."""
    host = ctx.service(MediaServer).host
    with ctx.write() as uow:
        connection = uow.session.connection()
        items = [item_file(connection, find_item(connection, name), host) for name in wanted]
    return [package_file(item) for item in {item.name: item for item in items}.values()]


async def plan_chosen(
    ctx: JobContext, found: Found, files: list[PackageFile], rules: Rules
) -> tuple[Plan, list[PackageFile]]:
    """The plan of chosen packages, and the files it needs: where an iDRAC may not go straight to the chosen version, the library
    is asked for those between. Raises StepMissing, DoesNotFit."""
    between: list[PackageFile] = []
    if any(IDRAC in file.identity.component_ids for file in files):
        chosen = {file.key for file in files}
        held = await ctx.step(
            "find versions between", partial(fitting, ctx, found, [IDRAC]), returns=list[PackageFile]
        )
        between = [file for file in held if file.key not in chosen]
    offered, library = ([Offered(file.key, file.identity) for file in some] for some in (files, between))
    plan = plan_packages(found.machine(ctx.target.label), offered, rules, library)
    return plan, [*files, *between]


def fitting(ctx: JobContext, found: Found, only: list[str]) -> list[PackageFile]:
    """The library's packages that are made for this server; a file that has gone bad is named and left out."""
    host = ctx.service(MediaServer).host
    machine = found.machine(ctx.target.label)
    files: list[PackageFile] = []
    with ctx.write() as uow:
        connection = uow.session.connection()
        rows = [r for r in list_items(connection, kind="package") if r.state == "ok" and r.host == host]
        items = [item_file(connection, row.id, host) for row in rows]
    for item in items:
        if item.identity is None:
            continue
        try:
            plan = plan_packages(
                machine,
                [Offered(item.name, item.identity)],
                Rules(reinstall=True, downgrade=True, skip_steps=True, unordered=True),
            )
            changed = [change for planned in plan.items for change in planned.changes]
            if changed and (not only or any(_named(c.component_id, c.name, only) for c in changed)):
                files.append(package_file(item))
        except DoesNotFit:
            continue
        except DsmError as error:
            ctx.log(f"Left out: {error}", "warning")
    return files


def _named(component_id: str, name: str, only: list[str]) -> bool:
    return any(word == component_id or word.casefold() in name.casefold() for word in only)


def package_file(item: ItemFile) -> PackageFile:
    """Refuses what is no package, and what is not on the disk as it was scanned."""
    if item.identity is None:
        raise ItemUnusable(
            f"{item.name} is no update package.",
            hint="Choose a Windows package (.EXE) or an iDRAC image.",
            where=item.name,
        )
    refuse_changed(item.name, item.path, item.size, item.modified_ns)
    return PackageFile(
        item_id=item.id,
        key=item.name,
        path=item.path,
        size=item.size,
        modified_ns=item.modified_ns,
        identity=item.identity,
    )


def refuse_changed(name: str, path: Path, size: int, modified_ns: int) -> None:
    """Raise ItemUnusable for a file that is gone, or is another than the one of this size and time that was scanned."""
    try:
        now = path.stat()
    except OSError as error:
        raise ItemUnusable(
            f"{name} cannot be read: {error.strerror or error}.",
            hint="Put it back, then scan the library.",
            where=name,
        ) from error
    if (now.st_size, now.st_mtime_ns) != (size, modified_ns):
        raise ItemUnusable(
            f"{name} has changed since it was scanned.", hint="Scan the library again.", where=name
        )


async def site_exclusions(ctx: JobContext) -> tuple[Exclusion, ...]:
    """The site's rules as they are when the job comes to this server."""

    def read() -> list[Exclusion]:
        with ctx.write() as uow:
            return [row.rule for row in list_exclusions(uow.session.connection())]

    return tuple(await ctx.step("read exclusions", read, returns=list[Exclusion]))


async def back_up(ctx: JobContext, wanted: bool) -> int | None:
    """The configuration as a sealed profile before anything is changed; its id."""
    if not wanted:
        return None
    kept = await export_profile(
        ctx, ExportRequest(name=f"{ctx.target.label} before job {ctx.job_id}", origin="backup", key="backup")
    )
    return int(kept["id"]) if kept and "id" in kept else None


async def tell_inventory(ctx: JobContext) -> None:
    """Read the inventory and keep it, so that lists and compliance are as fresh as the proof. What fails here is only logged."""
    if ctx.dry_run:
        return

    def read() -> bool:
        inventory = ctx.redfish().inventory()
        return ctx.save(lambda uow: save_inventory(uow, ctx.target.server_id, inventory))

    try:
        await ctx.step("save inventory", read, attempts=3)
    except DsmError as error:
        ctx.log(f"The inventory could not be read afterwards: {error.message}", "warning")


def note_uses(ctx: JobContext, files: Sequence[PackageFile], plan: Plan, purpose: str) -> None:
    """Write down which packages went to this server; in a pool thread."""
    sent = {item.key for item in plan.items}
    ids = [file.item_id for file in files if file.key in sent]

    def write(uow: Any) -> None:
        for item_id in ids:
            note_use(uow, item_id, ctx.target.server_id, ctx.job_id, purpose)

    ctx.save(write)


def result_of(
    ctx: JobContext, plan: Plan, done: Sequence[Done], backup_id: int | None = None
) -> FirmwareResult:
    """What the operator is told about one server."""
    for skipped in plan.skipped:
        ctx.log(f"Left out: {skipped.key}: {skipped.reason}.")
    if ctx.dry_run and plan.items:
        planned = ", ".join(f"{i.title} {i.changes[0].before} → {i.version}" for i in plan.items)
        return FirmwareResult(
            summary=f"Would do: {planned}.", skipped=list(plan.skipped), restarts=plan.restarts
        )
    if not plan.items:
        words = skipped_words(plan.skipped)
        return FirmwareResult(
            summary=f"Nothing to update{': ' + words if words else ''}.",
            skipped=list(plan.skipped),
            proven=True,
        )
    staged = [d for d in done if d.outcome is Outcome.STAGED]
    proven = [d for d in done if d.outcome is Outcome.PROVEN]
    parts = [f"{d.name} {d.before} → {d.after}" for d in _once(proven)]
    if staged:
        names = ", ".join(f"{d.name} {d.after}" for d in _once(staged))
        parts.append(f"{names} waits for the next restart")
    if any(d.restart is RestartBy.OTHER for d in proven):
        parts.append("the restart that applied it was not made by this job")
    return FirmwareResult(
        summary=f"{'; '.join(parts)}.",
        done=list(done),
        skipped=list(plan.skipped),
        restarts=plan.restarts if not staged else 0,
        proven=not staged,
        backup_id=backup_id,
    )


def _once(done: Sequence[Done]) -> list[Done]:
    """The ports of one card as one line."""
    seen: dict[tuple[str, str, str], Done] = {}
    for entry in done:
        seen.setdefault((entry.component_id or entry.name, entry.before, entry.after), entry)
    return list(seen.values())
