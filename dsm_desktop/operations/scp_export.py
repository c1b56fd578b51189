"""Save a server's whole configuration as a profile, sealed in the store."""

from __future__ import annotations

from pydantic import Field, field_validator

from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.workflows.profiles import IN_CLEAR, ExportRequest, export_profile


class Component(Worded):
    """Parts of a server a profile can be limited to, in Dell's words."""

    ALL = "ALL", "All"
    IDRAC = "IDRAC", "iDRAC"
    BIOS = "BIOS", "BIOS"
    NIC = "NIC", "Network adapters (NIC)"
    RAID = "RAID", "RAID"
    FC = "FC", "Fibre Channel (FC)"
    SYSTEM = "System", "System"
    LIFECYCLE = "LifecycleController", "Lifecycle Controller"
    EVENT_FILTERS = "EventFilters", "Event filters"


class ProfileFormat(Worded):
    XML = "XML", "XML"
    JSON = "JSON", "JSON"


class ProfileUse(Worded):
    """DEFAULT for putting back, CLONE for another server, REPLACE for a repaired one."""

    DEFAULT = "Default", "Putting it back"
    CLONE = "Clone", "Another server (clone)"
    REPLACE = "Replace", "A repaired server (replace)"


class ExportWay(Worded):
    """How the profile comes here: AUTO what the iDRAC can; PUSH to this program, over HTTPS if it can; SHARE leaves it on a share."""

    AUTO = "auto", "Automatic"
    LOCAL = "local", "In the iDRAC's answer"
    PUSH = "push", "The iDRAC sends it here"
    SHARE = "share", "To a share"


class ScpExportParams(Paced):
    name: str = Field("", max_length=120, title="Name", description="empty: the server's name")
    components: list[Component] = Field(default_factory=lambda: [Component.ALL], title="Components")
    format: ProfileFormat = Field(ProfileFormat.XML, title="Format")
    use: ProfileUse = Field(ProfileUse.DEFAULT, title="For")
    read_only: bool = Field(False, title="With read-only settings")
    password_hashes: bool = Field(
        False,
        title="With password hashes",
        description="so that users can be put back; the profile is kept sealed",
    )
    way: ExportWay = Field(
        ExportWay.AUTO,
        title="Way",
        description="old firmware pushes the profile to this program",
    )
    share: str = Field(
        "",
        max_length=500,
        title="Share",
        description="nfs://host/export, only for the way 'share'; its login is a credential set",
    )

    in_clear: bool = Field(
        False,
        title="Also unencrypted",
        description="for firmware that pushes by HTTP alone: whoever listens on the network reads the profile with its secrets",
    )

    @field_validator("share")
    @classmethod
    def _no_login(cls, value: str) -> str:
        if "@" in value:
            raise ValueError("give the share without a login; its login is a credential set for its address")
        return value


class ScpExportResult(Result):
    profile_id: int | None = Field(None, title="Profile")
    settings: int = Field(0, title="Settings")
    secrets: int = Field(0, title="Of them secret")
    sha256: str = Field("", title="SHA-256")


_CROSSES = "From iDRACs that push by HTTP alone the profile, passwords and communities among it, crosses the network unencrypted."


def danger_of(params: ScpExportParams) -> Danger:
    """Letting secrets cross the network in the clear is confirmed."""
    return Danger.DISRUPTIVE if params.in_clear else Danger.NONE


@job(
    "scp_export",
    label="Export configuration…",
    title="Export the configuration of {target}",
    menu="Configuration",
    exclusive=True,
    danger_of=danger_of,
    confirm=lambda params: _CROSSES if params.in_clear else "",
    requires=(idrac(8),),
)
async def scp_export(ctx: JobContext, params: ScpExportParams) -> ScpExportResult:
    """Export each server's configuration (SCP) and keep it sealed in the store, to compare it, or to put it back.

    Without a share: the iDRAC hands the profile over itself, or pushes it to this program where its firmware cannot.
    """
    include = [
        name
        for name, wanted in (
            ("IncludeReadOnly", params.read_only),
            ("IncludePasswordHashValues", params.password_hashes),
        )
        if wanted
    ]
    request = ExportRequest(
        name=params.name,
        components=tuple(c.value for c in params.components) or ("ALL",),
        format=params.format.value,
        use=params.use.value,
        include=tuple(include),
        way=params.way.value,
        share=params.share,
        in_clear=params.in_clear,
    )
    async with reported(ctx):
        kept = await export_profile(ctx, request)
    if kept is None:
        return ScpExportResult(summary="Nothing was sent (dry run).")
    if "file" in kept:
        return ScpExportResult(summary=f"Saved on the share as {kept['file']}.")
    told = f" {IN_CLEAR}." if kept["in_clear"] else ""
    return ScpExportResult(
        summary=f"{kept['settings']} settings kept sealed ({kept['size'] // 1024 + 1} kB).{told}",
        profile_id=kept["id"],
        settings=kept["settings"],
        secrets=kept["secrets"],
        sha256=kept["sha256"],
    )
