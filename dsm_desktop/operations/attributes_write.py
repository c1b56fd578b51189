"""Change iDRAC, system and Lifecycle Controller attributes."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.configuration.assignments import AssignmentLines, for_server, parse_assignments
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.workflows.attributes import change_attributes
from dsm_desktop.workflows.settings import Outcome, SettingResult

_CUTS_US_OFF = ("NIC.", "IPv4", "IPv6", "WebServer.", "Redfish.", "IPBlocking.", "Users.", "Lockdown.")


class AttributesWriteParams(Paced):
    settings: AssignmentLines = Field(
        min_length=1,
        max_length=2000,
        title="Attributes",
        description="one a line: Group.1.Name=Value, or TAG/Group.1.Name=Value for one server",
    )
    skip_refused: bool = Field(False, title="Leave out what is refused", description="else nothing is sent")


class AttributesWriteResult(Result):
    changed: int = Field(0, title="Changed and read back")
    refused: int = Field(0, title="Refused")
    attributes: list[SettingResult] = Field(default_factory=list, title="Attributes")


def warning(params: AttributesWriteParams) -> str:
    """Some attributes decide whether the iDRAC can be reached at all."""
    names = {n for mine in parse_assignments(params.settings).values() for n in mine}
    risky = sorted(n for n in names if n.startswith(_CUTS_US_OFF))
    return f"{risky[0]} can cut this program off from the iDRACs." if risky else ""


@job(
    "attributes_write",
    label="Change iDRAC attributes…",
    title="Change iDRAC attributes of {target}",
    menu="Configuration",
    exclusive=True,
    danger=Danger.DISRUPTIVE,
    confirm=warning,
    requires=(idrac(9),),
)
async def attributes_write(ctx: JobContext, params: AttributesWriteParams) -> AttributesWriteResult:
    """Change iDRAC, system or Lifecycle Controller attributes at once, without a restart; checked with the registry before, read
    back afterwards. Secrets are not set this way."""
    wanted = for_server(parse_assignments(params.settings), ctx.target.service_tag)
    if not wanted:
        return AttributesWriteResult(summary="No attribute is meant for this server.")
    async with reported(ctx):
        lines = await change_attributes(ctx, wanted, skip_refused=params.skip_refused)
    changed = sum(line.outcome is Outcome.APPLIED for line in lines)
    same = sum(line.outcome is Outcome.UNCHANGED for line in lines)
    refused = sum(line.outcome is Outcome.REFUSED for line in lines)
    if ctx.dry_run:
        return AttributesWriteResult(summary="Dry run, nothing was sent.", refused=refused, attributes=lines)
    tail = f", {refused} refused" if refused else ""
    return AttributesWriteResult(
        summary=f"{changed} changed and read back, {same} already so{tail}.",
        changed=changed,
        refused=refused,
        attributes=lines,
    )
