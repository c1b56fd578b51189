"""May these hosts be updated to that ESXi?"""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import JobContext, Result, Targets, job
from dsm_desktop.operations.esxi import DepotOptions
from dsm_desktop.safety.findings import Severity
from dsm_desktop.workflows.depot import depot_for
from dsm_desktop.workflows.esxi_facts import refuse_blocked
from dsm_desktop.workflows.esxi_update import Preflight, preflight
from dsm_desktop.workflows.esxi_wanted import EsxiWanted
from dsm_desktop.workflows.ssh_access import ssh_on


class EsxiPreflightParams(DepotOptions):
    rehearse: bool = Field(
        True, title="Also ESXi's own dry run", description="reads the whole depot; nothing is changed"
    )


class EsxiPreflightResult(Result):
    before: str = Field("", title="Runs now")
    target: str = Field("", title="Would run")
    profile: str = Field("", title="Image profile")
    restart: bool = Field(False, title="Restart needed")
    installed: list[str] = Field(default_factory=list, title="Packages to install")
    removed: list[str] = Field(default_factory=list, title="Packages to remove")
    warnings: list[str] = Field(default_factory=list, title="Look at")
    notes: list[str] = Field(default_factory=list, title="Good to know")
    keys_saved: bool = Field(False, title="Recovery key in the vault")


@job(
    "esxi_preflight",
    label="Check ESXi update…",
    title="Check ESXi update: {target}",
    targets=Targets.HOST,
    menu="vSphere",
)
async def esxi_preflight(ctx: JobContext, params: EsxiPreflightParams) -> EsxiPreflightResult:
    """Look whether hosts can be updated: the way from their version to the new one, release dates, hardware, boot device and its
    room, packages, Secure Boot, image-managed clusters, and ESXi's own dry run. The recovery key of a host with a TPM is put
    into the vault first. SSH is switched on for the time of the look alone; nothing else is changed.

    What blocks the update fails the host, with the way out.
    """
    async with depot_for(ctx, params.depot_at) as depot:
        wanted = EsxiWanted(
            depot=depot.path,
            sha256=depot.sha256,
            profile=params.profile.strip(),
            pass_hardware_warnings=params.pass_hardware_warnings,
            trust_first=params.trust_first,
            exception_user=params.exception_user,
        )
        async with ssh_on(ctx, wanted.sign_in, key="preflight") as access:
            if not access.open:
                return EsxiPreflightResult(summary="SSH is off, so a dry run can look no further.")
            found = await preflight(ctx, wanted, key="preflight", rehearse=params.rehearse)
    refuse_blocked(found.facts, found.findings)
    return _result(found)


def _result(found: Preflight) -> EsxiPreflightResult:
    facts, would = found.facts, found.rehearsal
    nothing = found.nothing_to_do or (would is not None and not would.changed)
    said = {s: [f"{f.reason} {f.way_out}" for f in found.findings if f.severity is s] for s in Severity}
    if nothing:
        words = f"Nothing to do: it runs {facts.shown}."
    else:
        asked = "" if would is not None else " ESXi's own dry run was left out."
        worry = " ".join(f.reason for f in found.findings if f.severity is Severity.WARN)
        look = (
            f"nothing forbids it, but look at this first: {worry}" if worry else "nothing stands in the way."
        )
        words = f"{facts.shown} → {found.target}: {look}{asked}"
    return EsxiPreflightResult(
        summary=words,
        before=facts.shown,
        target=found.target,
        profile=found.profile.name,
        restart=bool(would and would.reboot_required),
        installed=would.installed if would else [],
        removed=would.removed if would else [],
        warnings=said[Severity.WARN],
        notes=said[Severity.INFO],
        keys_saved=facts.keys_saved,
    )
