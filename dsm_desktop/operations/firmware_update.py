"""Bring chosen packages onto chosen servers, and prove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import Field

from dsm_desktop.core.wording import plural
from dsm_desktop.firmware.plan import Plan, Planned, Rules
from dsm_desktop.jobs import Danger, JobContext, idrac, job
from dsm_desktop.media.server import MediaServer
from dsm_desktop.operations.firmware import (
    FirmwareResult,
    OrderedOptions,
    PackageFile,
    SendWay,
    SentOptions,
    back_up,
    danger_of,
    note_uses,
    packages_named,
    plan_chosen,
    refuse_changed,
    result_of,
    site_exclusions,
    tell_inventory,
    warning,
)
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.update import update_offer
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.workflows.firmware_host import (
    apply_plan,
    read_firmware,
    restarts_words,
    wait_for_window,
)
from dsm_desktop.workflows.firmware_send import Fetching, Pushing, Sender
from dsm_desktop.workflows.gate import pass_gate


class FirmwareUpdateParams(SentOptions):
    packages: list[str] = Field(
        title="Packages",
        min_length=1,
        max_length=200,
        description="of the library: file name, id or SHA-256",
        json_schema_extra={"widget": "picks", "suggest": "library:package"},
    )
    downgrade: bool = Field(False, title="Also go back to an older version")
    reinstall: bool = Field(False, title="Also install the version that runs already")
    unordered: bool = Field(
        False,
        title="Also what cannot be compared",
        description="versions numbered in another way, such as a drive's GS15 over KT37",
    )
    skip_steps: bool = Field(
        False,
        title="Skip the versions between",
        description="an iDRAC far behind goes over versions in between, which the library must hold",
    )


@job(
    "firmware_update",
    label="Update firmware…",
    title="Firmware update of {target}",
    menu="Firmware",
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    exclusive=True,
    confirm=warning,
    requires=(idrac(7),),
)
async def firmware_update(ctx: JobContext, params: FirmwareUpdateParams) -> FirmwareResult:
    """Send packages of the library to servers: each server gets those made for it, in the right order, with as few restarts as
    possible; done means that the new version was read back.

    A package for another model is refused before anything is sent. "Nothing to update" is a result, not an error.
    """
    async with reported(ctx):
        files = await ctx.step(
            "find packages", partial(packages_named, ctx, params.packages), returns=list[PackageFile]
        )
        rules = Rules(
            downgrade=params.downgrade,
            reinstall=params.reinstall,
            order=params.idrac,
            exclusions=await site_exclusions(ctx),
            skip_steps=params.skip_steps,
            unordered=params.unordered,
        )
        found = await read_firmware(ctx)
        plan, files = await plan_chosen(ctx, found, files, rules)
        return await update_host(ctx, params, plan, files, params.way, "firmware_update", params.share)


async def update_host(
    ctx: JobContext,
    params: OrderedOptions,
    plan: Plan,
    files: list[PackageFile],
    way: SendWay,
    purpose: str,
    share: str = "",
    sent: list[str] | None = None,
) -> FirmwareResult:
    """Carry out a plan made of packages of the library. `sent` as for `apply_plan`."""
    if not plan.items:
        return result_of(ctx, plan, [])
    ctx.log(f"{plural(len(plan.items), 'package')}, {restarts_words(plan)}.")
    how = params.how_to
    await wait_for_window(ctx, how)
    known = await pass_gate(ctx, params.patience, even_if_critical=params.even_if_critical)
    backup_id = await back_up(ctx, params.backup)
    if params.backup and not ctx.dry_run:
        known = await pass_gate(ctx, params.patience, even_if_critical=True, key="after the backup")
    paths = {file.key: file.path for file in files}
    sender, served = await _sender(ctx, plan, paths, way, share)
    if way is not SendWay.SHARE:
        sender = _AsScanned({file.key: file for file in files}, sender)
    try:
        done = await apply_plan(ctx, plan, sender, how, known, sent)
    finally:
        if served:
            await ctx.run(partial(_withdraw, ctx))
    if not ctx.dry_run:
        await ctx.step("note use of packages", lambda: note_uses(ctx, files, plan, purpose))
    await tell_inventory(ctx)
    return result_of(ctx, plan, done, backup_id)


@dataclass(frozen=True, slots=True)
class _AsScanned:
    """Looks at each package again right before it is sent: hours at the gate or for the window lie behind the first look."""

    files: dict[str, PackageFile]
    sender: Sender

    async def send(
        self, ctx: JobContext, item: Planned, known: list[str], allowed: Callable[[], None]
    ) -> str:
        file = self.files[item.key]

        def look() -> bool:
            refuse_changed(file.key, file.path, file.size, file.modified_ns)
            return True

        await ctx.step("look at the package again", look, key=item.key)
        return await self.sender.send(ctx, item, known, allowed)


async def _sender(
    ctx: JobContext, plan: Plan, paths: dict[str, Path], way: SendWay, share: str
) -> tuple[Sender, bool]:
    """How packages get there, and whether the media server is used. Offers are made anew in a replay: same URLs."""
    if way is SendWay.AUTOMATIC:
        pushes = await ctx.step("choose the way", lambda: update_offer(ctx.redfish()).pushes is not None)
        way = SendWay.PUSH if pushes else SendWay.SERVE
    if way is SendWay.PUSH:
        return Pushing(paths), False
    if way is SendWay.SHARE:
        login = await ctx.run(partial(_login_of, ctx, share))
        return Fetching(lambda key: f"{share.rstrip('/')}/{quote(key)}", login), False
    if ctx.dry_run:
        return Fetching(lambda key: key), False

    def offer() -> dict[str, str]:
        media = ctx.service(MediaServer)
        return {
            item.key: media.offer(
                paths[item.key],
                job_id=ctx.job_id,
                addresses=[ctx.target.address],
                server_id=ctx.target.server_id,
            ).url
            for item in plan.items
        }

    urls = await ctx.run(offer)
    return Fetching(lambda key: urls[key]), True


def _login_of(ctx: JobContext, share: str) -> tuple[str, str] | None:
    """The credential set of kind "share" for the share's host, if there is one."""
    host = (urlsplit(share).hostname or "") if "://" in share else share.partition(":")[0]
    found = ctx.service(CredentialResolver).for_address(host, "share")
    return (found[0].username, found[0].password.get_secret_value()) if found else None


def _withdraw(ctx: JobContext) -> None:
    ctx.service(MediaServer).withdraw(ctx.job_id, [ctx.target.address])
