"""What is to be done on a host in maintenance mode, and what it would take: shared by its plan and its update."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.firmware.plan import Plan, Rules
from dsm_desktop.jobs import JobContext
from dsm_desktop.operations.emptying import EmptyOptions
from dsm_desktop.operations.esxi import DepotOptions, EsxiUpdateOptions
from dsm_desktop.operations.firmware import (
    OrderedOptions,
    PackageFile,
    fitting,
    packages_named,
    plan_chosen,
    site_exclusions,
)
from dsm_desktop.operations.full_server_update import plan_of
from dsm_desktop.workflows.firmware_host import read_firmware
from dsm_desktop.workflows.reset import Restart
from dsm_desktop.workflows.ssh_access import HowToSignIn

_POST_MINUTES = 12
_ITEM_MINUTES = 6
_VMOTION_MB_PER_MINUTE = 0.7 * 1100 * 60
"""10 GbE, as far as vMotion uses it."""


class FirmwareChoice(Worded):
    """NONE; LIBRARY: the newest the library has for each part; PACKAGES: those named."""

    NONE = "none", "Leave it as it is"
    LIBRARY = "library", "The newest of the library"
    PACKAGES = "packages", "Chosen packages"


class BothOrder(Worded):
    """Where firmware and ESXi are updated: TOGETHER with one restart for both (firmware is staged, ESXi installed, then one
    restart), or one after the other."""

    TOGETHER = "together", "Together, with one restart"
    FIRMWARE_FIRST = "firmware_first", "Firmware first, then ESXi"
    ESXI_FIRST = "esxi_first", "ESXi first, then firmware"


class HostWork(EmptyOptions, EsxiUpdateOptions):
    """What is done on each host while it is empty, and how. Without a depot ESXi is left as it is."""

    foremost: ClassVar[tuple[str, ...]] = ("firmware", "packages", *DepotOptions.foremost, "both", "backup")
    depot_needed = False

    firmware: FirmwareChoice = Field(FirmwareChoice.LIBRARY, title="Firmware")
    packages: list[str] = Field(
        default_factory=list,
        max_length=200,
        validate_default=True,
        title="Packages",
        description="of the library: file name, id or SHA-256; only for 'packages'",
        json_schema_extra={
            "widget": "picks",
            "suggest": "library:package",
            "when": {"firmware": FirmwareChoice.PACKAGES.value},
        },
    )
    backup: bool = Field(
        True, title="Save the iDRAC's configuration first", description="as a sealed profile (SCP)"
    )
    even_if_critical: bool = Field(False, title="Also servers whose health is critical")
    restart_minutes: int = Field(
        45, ge=1, le=240, title="ESXi has to restart", json_schema_extra={"unit": "minutes"}
    )
    minutes: int = Field(
        120, ge=5, le=1440, title="Give a job of the iDRAC up after", json_schema_extra={"unit": "minutes"}
    )
    proof_minutes: float = Field(
        15,
        ge=0.05,
        le=240,
        title="The new version must show within",
        json_schema_extra={"unit": "minutes"},
    )
    poll_seconds: float = Field(
        20, ge=0.2, le=600, title="Look at the iDRAC every", json_schema_extra={"unit": "seconds"}
    )

    @field_validator("packages")
    @classmethod
    def _as_firmware_says(cls, packages: list[str], info: ValidationInfo) -> list[str]:
        chosen = info.data.get("firmware")
        if chosen is FirmwareChoice.PACKAGES and not packages:
            raise ValueError("Choose at least one package, or other firmware.")
        if chosen is not FirmwareChoice.PACKAGES and packages:
            raise ValueError("Packages are named, so firmware must be 'packages'.")
        return packages

    def both_order(self, restarts: int) -> BothOrder:
        """How firmware that needs so many restarts and ESXi go along."""
        return BothOrder.TOGETHER

    @property
    def esxi(self) -> bool:
        """Whether ESXi is to be updated too."""
        return bool(self.depot.strip() or self.depot_file.strip())

    @property
    def sign_in(self) -> HowToSignIn:
        """To the host's SSH."""
        return HowToSignIn(self.trust_first, self.exception_user, every=min(2.0, self.look_seconds))

    @property
    def ordered(self) -> OrderedOptions:
        """For the firmware jobs' own body. The backup is made before the host is emptied."""
        return OrderedOptions(
            restart=Restart.GRACEFUL,
            restart_minutes=self.restart_minutes,
            backup=False,
            even_if_critical=self.even_if_critical,
            minutes=self.minutes,
            proof_minutes=self.proof_minutes,
            poll_seconds=self.poll_seconds,
        )


class HostWorkOptions(HostWork):
    """With the order chosen by a person."""

    both: BothOrder = Field(
        BothOrder.TOGETHER, title="Firmware and ESXi", description="together: one restart for both"
    )

    def both_order(self, restarts: int) -> BothOrder:
        return self.both


class Item(BaseModel):
    """One change of a plan, in words and versions."""

    model_config = ConfigDict(frozen=True)
    name: str
    before: str
    after: str


class HostNotLinked(DsmError):
    """The host's iDRAC is not known, so its firmware cannot be updated."""


async def firmware_plan(ctx: JobContext, params: HostWork) -> tuple[Plan, list[PackageFile]]:
    """What of the chosen firmware this host's server needs. Raises HostNotLinked where it has no known iDRAC."""
    if params.firmware is FirmwareChoice.NONE:
        return Plan(waves=(), skipped=()), []
    if not ctx.target.server_id:
        raise HostNotLinked(
            f"{ctx.target.label} is linked to no server, so its firmware is out of reach.",
            hint="Link the host to its server (by hand where the service tag is missing), or leave firmware out.",
            where=ctx.target.label,
        )
    found = await read_firmware(ctx)
    rules = Rules(exclusions=await site_exclusions(ctx))
    if params.firmware is FirmwareChoice.PACKAGES:
        files = await ctx.step(
            "find packages", partial(packages_named, ctx, params.packages), returns=list[PackageFile]
        )
        return await plan_chosen(ctx, found, files, rules)
    files = await ctx.step("find packages", partial(fitting, ctx, found, []), returns=list[PackageFile])
    return plan_of(ctx, found, files, rules), files


def items_of(plan: Plan) -> list[Item]:
    """Each change once (the ports of a card are one)."""
    seen = {
        (c.name, c.before, c.after): Item(name=c.name, before=c.before, after=c.after)
        for item in plan.items
        for c in item.changes
    }
    return list(seen.values())


def minutes_for(plan: Plan, vm_memory_mb: int, reboots: int) -> int:
    """An estimate: moving the memory of its VMs, each package, each start of the server."""
    moving = vm_memory_mb / _VMOTION_MB_PER_MINUTE
    return round(2 * moving + _ITEM_MINUTES * len(plan.items) + _POST_MINUTES * reboots + 5)
