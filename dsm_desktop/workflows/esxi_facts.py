"""What must be known of a host before its ESXi is updated, read over vCenter and SSH, and what the rules say of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.shipped import shipped
from dsm_desktop.jobs import JobContext
from dsm_desktop.safety.esxi import EsxiHost, EsxiTarget, judge_update
from dsm_desktop.safety.esxi import Vib as JudgedVib
from dsm_desktop.safety.esxi_versions import read_builds, read_version
from dsm_desktop.safety.findings import Finding, Severity
from dsm_desktop.vault.recovery_keys import save_recovery_keys
from dsm_desktop.vault.vault import Vault
from dsm_desktop.vmware.esxi.errors import ProfileNotFound
from dsm_desktop.vmware.esxi.facts import Profile, UpdateResult, Vib
from dsm_desktop.vmware.esxi.shell import EsxiShell
from dsm_desktop.workflows.maintenance import moid_of, read_host, read_picture

MIB = 2**20


class UpdateRefused(DsmError):
    """Rules, hardware or the host's state speak against the update. Nothing was changed."""

    blame = Blame.USER


class EsxiFacts(BaseModel):
    """A host before its update; plain values, so that a replay judges the same. `profiles` of the depot."""

    model_config = ConfigDict(frozen=True)
    moid: str
    name: str
    version: str
    build: str
    image: str
    vendor: str = ""
    model: str = ""
    service_tag: str = ""
    cpu: str = ""
    boot_device: str = ""
    boot_bank_free: int | None = None
    vibs: list[Vib] = []
    acceptance: str = ""
    secure_boot: bool | None = None
    secure_boot_problem: str = ""
    quick_boot: bool = False
    tpm_mode: str = ""
    keys_saved: bool = False
    restart_pending: bool = False
    in_maintenance: bool = False
    boot_time: str = ""
    image_managed: bool | None = False
    vcenter_version: str = ""
    profiles: list[Profile] = []

    @property
    def shown(self) -> str:
        return f"{self.version} build {self.build}"


async def read_esxi(ctx: JobContext, depot: str, *, key: str, trust_first: bool = True) -> EsxiFacts:
    """Save the recovery key first, then read everything; two steps. SSH is on. Raises DepotUnreadable and what SSH raises."""
    shell = ctx.esxi(trust_first=trust_first)
    saved = await ctx.step("save recovery key", partial(save_keys, ctx, shell), key=key, attempts=3)
    return await ctx.step(
        "read host", partial(_read, ctx, shell, depot, bool(saved)), key=key, attempts=3, returns=EsxiFacts
    )


def save_keys(ctx: JobContext, shell: EsxiShell) -> int:
    """How many keys are in the vault now; 0 where the configuration is not sealed. No secret leaves this function."""
    sealed = shell.encryption()
    if sealed is None or not sealed.keys:
        return 0
    host, tag, vault = ctx.target.host, shell.service_tag(), ctx.service(Vault)
    assert host is not None
    ctx.save(
        lambda uow: save_recovery_keys(
            uow,
            vault,
            host_id=host.id,
            name=host.name,
            service_tag=tag,
            keys=sealed.keys,
            job_id=ctx.job_id,
        )
    )
    ctx.log(f"Recovery key of {host.name} is in the vault.")
    return len(sealed.keys)


def _read(ctx: JobContext, shell: EsxiShell, depot: str, saved: bool) -> EsxiFacts:
    host, picture = read_host(ctx), read_picture(ctx)
    version, (vendor, model), sealed = shell.version(), shell.model(), shell.encryption()
    pending = shell.restart_pending()
    return EsxiFacts(
        moid=moid_of(ctx),
        name=host.name,
        version=version.version,
        build=version.build,
        image=shell.profile(),
        vendor=vendor or host.vendor,
        model=model or host.model,
        service_tag=shell.service_tag(),
        cpu=shell.cpu() or host.cpu_model,
        boot_device=shell.boot_device(),
        boot_bank_free=shell.boot_bank_free(),
        vibs=list(shell.vibs()),
        acceptance=shell.acceptance(),
        secure_boot=shell.secure_boot(),
        secure_boot_problem=shell.secure_boot_check(),
        quick_boot=bool(shell.quick_booted()),
        tpm_mode=sealed.mode if sealed is not None else "",
        keys_saved=saved,
        restart_pending=host.reboot_required or bool(pending),
        in_maintenance=host.in_maintenance,
        boot_time=host.boot_time.isoformat() if host.boot_time else "",
        image_managed=picture.cluster.image_managed if picture.cluster else False,
        vcenter_version=picture.vcenter_version,
        profiles=list(shell.profiles_in(depot)) if depot else [],
    )


def choose_profile(facts: EsxiFacts, wanted: str) -> Profile:
    """The image profile by its exact name, or the one an operator would take: on Dell servers Dell's own, else VMware's
    standard one with everything. Raises ProfileNotFound with the names there are."""
    names = [p.name for p in facts.profiles]
    if wanted:
        found = next((p for p in facts.profiles if p.name == wanted), None)
        if found is not None:
            return found
        raise ProfileNotFound(
            f"The depot has no image profile '{wanted}'; it has {', '.join(names) or 'none'}.",
            where=facts.name,
        )
    dell = [p for p in facts.profiles if p.name.upper().startswith("DEL-")]
    standard = [p for p in facts.profiles if p.name.endswith("-standard")]
    for some in ([dell] if facts.vendor.startswith("Dell") else []) + [standard, list(facts.profiles)]:
        newest = _newest(some)
        if newest is not None:
            return newest
    raise ProfileNotFound(
        f"Which image profile? The depot has {', '.join(names) or 'none'}.",
        hint="Name one of them.",
        where=facts.name,
    )


def _newest(profiles: Sequence[Profile]) -> Profile | None:
    """The only one, or the one with the highest build where each name tells it and all are of one line."""
    if len(profiles) == 1:
        return profiles[0]
    versions = [(read_version(p.name), p) for p in profiles]
    known = [(v.build, p) for v, p in versions if v is not None and v.build is not None]
    lines = {v.line for v, _ in versions if v is not None}
    if not profiles or len(known) != len(profiles) or len(lines) != 1:
        return None
    best = max(known, key=lambda pair: pair[0])
    return best[1] if sum(build == best[0] for build, _ in known) == 1 else None


def target_of(profile: Profile, rehearsal: UpdateResult | None) -> tuple[str, str]:
    """(version, build) by the profile's name, else by the esx-base the dry run would install; ("", "") = not told."""
    named = read_version(profile.name)
    if named is not None and named.build is not None:
        return ".".join(map(str, named.parts)), str(named.build)
    base = next((v for v in rehearsal.installed if "_esx-base_" in v), "") if rehearsal else ""
    told = read_version(base.partition("_esx-base_")[2]) if base else None
    return (".".join(map(str, told.parts)), str(told.build or "")) if told is not None else ("", "")


def judged(facts: EsxiFacts, profile: Profile, version: str, build: str) -> tuple[Finding, ...]:
    """What speaks against the update, worst first."""
    builds = read_builds((shipped("resources") / "esxi-builds.json").read_text(encoding="utf-8"))
    host = EsxiHost(
        moid=facts.moid,
        name=facts.name,
        version=facts.version,
        build=facts.build,
        vendor=facts.vendor,
        model=facts.model,
        cpu_model=facts.cpu,
        boot_device=facts.boot_device,
        bootbank_free_mb=facts.boot_bank_free // MIB if facts.boot_bank_free is not None else None,
        vibs=tuple(JudgedVib(v.name, v.version, v.vendor, v.acceptance) for v in facts.vibs),
        acceptance=facts.acceptance,
        secure_boot=facts.secure_boot,
        quick_boot=facts.quick_boot,
        secure_boot_problem=facts.secure_boot_problem,
        tpm_mode=facts.tpm_mode,
        recovery_key_saved=facts.keys_saved,
        restart_pending=facts.restart_pending,
        image_managed=facts.image_managed,
    )
    target = EsxiTarget(version=version, build=build, profile=profile.name, acceptance=profile.acceptance)
    return judge_update(host, target, builds, facts.vcenter_version)


def refuse_blocked(facts: EsxiFacts, findings: Sequence[Finding]) -> None:
    """Raise UpdateRefused for what blocks, the first with its way out."""
    blocks = [f for f in findings if f.severity is Severity.BLOCK]
    if blocks:
        raise UpdateRefused(
            " ".join(f.reason for f in blocks),
            hint=blocks[0].way_out,
            where=facts.name,
            detail="\n".join(f"{f.cause.value}: {f.reason} {f.way_out}" for f in findings),
        )
