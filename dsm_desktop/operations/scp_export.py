"""Save a server's whole configuration as a profile, sealed in the store."""

from __future__ import annotations

import enum

from pydantic import Field, field_validator

from dsm_desktop.jobs import JobContext, Paced, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.workflows.profiles import ExportRequest, export_profile


class Component(enum.StrEnum):
    """Parts of a server a profile can be limited to, in Dell's words."""

    ALL = "ALL"
    IDRAC = "IDRAC"
    BIOS = "BIOS"
    NIC = "NIC"
    RAID = "RAID"
    FC = "FC"
    SYSTEM = "System"
    LIFECYCLE = "LifecycleController"
    EVENT_FILTERS = "EventFilters"


class ProfileFormat(enum.StrEnum):
    XML = "XML"
    JSON = "JSON"


class ProfileUse(enum.StrEnum):
    """DEFAULT for putting back, CLONE for another server, REPLACE for a repaired one."""

    DEFAULT = "Default"
    CLONE = "Clone"
    REPLACE = "Replace"


class ExportWay(enum.StrEnum):
    """How the profile comes here: AUTO what the iDRAC can; PUSH to this program by HTTP; SHARE leaves it on a share."""

    AUTO = "auto"
    LOCAL = "local"
    PUSH = "push"
    SHARE = "share"


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
    way: ExportWay = Field(ExportWay.AUTO, title="Way")
    share: str = Field(
        "",
        max_length=500,
        title="Share",
        description="nfs://host/export, only for the way 'share'; its login is a credential set",
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


@job(
    "scp_export",
    label="Export configuration…",
    title="Export the configuration of {target}",
    menu="Configuration",
    exclusive=True,
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
    )
    async with reported(ctx):
        kept = await export_profile(ctx, request)
    if kept is None:
        return ScpExportResult(summary="Nothing was sent (dry run).")
    if "file" in kept:
        return ScpExportResult(summary=f"Saved on the share as {kept['file']}.")
    return ScpExportResult(
        summary=f"{kept['settings']} settings kept sealed ({kept['size'] // 1024 + 1} kB).",
        profile_id=kept["id"],
        settings=kept["settings"],
        secrets=kept["secrets"],
        sha256=kept["sha256"],
    )
