"""What can be set, by section: one model each, with title, help and bounds for form, command line and validation."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dsm_desktop.core.cron import Cron
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.worded import Worded

_TIME_OF_DAY = r"^(([01]\d|2[0-3]):[0-5]\d)?$"


class Section(BaseModel):
    """Base of every section. `name` is its key in the store, `title` its heading; settings unknown to this program are
    ignored when read (another program's version may know them) and refused when set."""

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)
    name: ClassVar[str]
    title: ClassVar[str]


class NetworkSettings(Section):
    """How hard the network and the devices may be worked, and how long is waited."""

    name = "network"
    title = "Network"

    per_device: int = Field(
        2,
        ge=1,
        le=4,
        title="Calls at once per device",
        description="iDRAC7 and 8 always get 1. From a runner's next start on.",
    )
    in_all: int = Field(
        512, ge=1, le=4_000, title="Calls at once in all", description="From a runner's next start on."
    )
    scan_at_once: int = Field(4_000, ge=10, le=16_000, title="Scan: addresses at once")
    scan_timeout: float = Field(
        1.25,
        ge=0.2,
        le=30,
        title="Scan: wait for an answer (s)",
        description="Above 1 s a lost packet is repeated.",
    )
    connect_timeout: float = Field(
        10.0, ge=1, le=120, title="Wait for a connection (s)", description="From a runner's next start on."
    )
    ssh_port: int = Field(22, ge=1, le=65_535, title="SSH port of ESXi hosts")


class RetentionSettings(Section):
    """For how many days records are kept; 0 keeps them for ever. Older ones go to an archive file, then out of the store."""

    name = "retention"
    title = "Retention"

    api_calls: int = Field(30, ge=0, le=3_650, title="Calls to devices (days)")
    task_log: int = Field(90, ge=0, le=3_650, title="Task log lines (days)")
    jobs: int = Field(365, ge=0, le=3_650, title="Finished jobs (days)")
    event_logs: int = Field(730, ge=0, le=3_650, title="Device log entries (days)")
    readings: int = Field(90, ge=0, le=3_650, title="Readings (days)")
    snapshots: int = Field(
        730,
        ge=0,
        le=3_650,
        title="Inventory snapshots (days)",
        description="The newest of each server stays.",
    )
    profiles: int = Field(
        180,
        ge=0,
        le=3_650,
        title="Configuration profiles (days)",
        description="Exports and backups; never archived, as they hold secrets. Golden ones, files of yours and the newest of"
        " each server stay.",
    )
    safety_checks: int = Field(
        365,
        ge=0,
        le=3_650,
        title="Safety checks (days)",
        description="The newest of each cluster and group stays.",
    )
    audit: int = Field(0, ge=0, le=3_650, title="Audit log (days)", description="0: for ever.")
    feed: int = Field(1, ge=1, le=30, title="Change feed (days)", description="Never archived.")


class Theme(Worded):
    SYSTEM = "system", "Like the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class WatchSettings(Section):
    """How often the servers are looked at while a desktop or an agent runs; 0 switches a look off."""

    name = "watch"
    title = "Watch"

    health_minutes: int = Field(
        10, ge=0, le=1_440, title="Health and power every (minutes)", description="1 or 2 requests per server"
    )
    vcenter_minutes: int = Field(10, ge=0, le=1_440, title="vCenters every (minutes)")
    logs_hours: int = Field(6, ge=0, le=168, title="Device logs every (hours)")
    inventory_hours: int = Field(
        24, ge=0, le=720, title="Inventory every (hours)", description="about a dozen requests per server"
    )


class SafetySettings(Section):
    """When clusters and server groups are judged by themselves."""

    name = "safety"
    title = "Safety checks"

    at: str = Field(
        "15 */4 * * *",
        max_length=100,
        title="Check at",
        description="Cron: minute hour day month weekday, this machine's time. Empty: never.",
    )
    keep: list[str] = Field(
        default_factory=list,
        max_length=100,
        title="VMs that must keep running",
        description="Names or addresses, e.g. of domain controllers: never shut down by a job, and their host is done last.",
    )

    @field_validator("at")
    @classmethod
    def _understood(cls, value: str) -> str:
        if value.strip():
            try:
                Cron.of(value)
            except BadInput as error:
                raise ValueError(str(error)) from None
        return value.strip()


class MediaSettings(Section):
    """How files are served to BMCs (ISOs, packages) and uploads are received; the port is open only while something needs it."""

    name = "media"
    title = "Media server"

    port: int = Field(
        8888,
        ge=0,
        le=65_535,
        title="Port",
        description="Let it in through this machine's firewall. 0: any free one.",
    )
    https: bool = Field(
        False,
        title="Serve over https",
        description="With this machine's own certificate; old iDRACs take http only.",
    )
    address: str = Field(
        "",
        max_length=255,
        pattern=r"^[A-Za-z0-9.:\-]*$",
        title="Address given to BMCs",
        description="Empty: the address this machine has towards each BMC.",
    )
    limit_mb: int = Field(
        0, ge=0, le=100_000, title="Bandwidth limit (MB/s)", description="For all servers together. 0: none."
    )


class AppearanceSettings(Section):
    """How the window looks."""

    name = "appearance"
    title = "Appearance"

    theme: Theme = Field(Theme.SYSTEM, title="Theme")
    density: int = Field(26, ge=18, le=48, title="Row height (pixels)")
    utc: bool = Field(False, title="Show times in UTC")
    reduced_motion: bool = Field(
        False,
        title="Fewer movements",
        description="Nothing runs to and fro, blinks or fades in.",
    )
    quiet_from: str = Field(
        "",
        pattern=_TIME_OF_DAY,
        title="Quiet hours from",
        description="Like 22:00. News of jobs and questions wait until they are over; failures are told.",
    )
    quiet_until: str = Field("", pattern=_TIME_OF_DAY, title="Quiet hours until", description="Like 06:30.")


class ConfigurationSettings(Section):
    """Comparing configurations."""

    name = "configuration"
    title = "Configuration"

    ignored: str = Field(
        "",
        max_length=4_000,
        title="Never a difference",
        description="Patterns of settings separated by spaces: *#SysLog.1#Server1 BIOS.*#AssetTag. What names the machine"
        " itself is left out anyway.",
    )


class SecuritySettings(Section):
    """When secrets are put away."""

    name = "security"
    title = "Security"

    lock_after_minutes: int = Field(15, ge=0, le=480, title="Lock after (minutes)", description="0: never.")
    clipboard_seconds: int = Field(30, ge=5, le=300, title="Clear a copied secret after (s)")


class SimulatorSettings(Section):
    """The demo site."""

    name = "simulator"
    title = "Demo site"

    servers: int = Field(24, ge=1, le=2_000, title="Servers")
    seed: int = Field(7, ge=0, le=2**31 - 1, title="Seed")
    speed: float = Field(20.0, ge=1, le=1_000, title="Clock speed")
    faults: bool = Field(True, title="Some servers have broken parts")


SECTIONS: tuple[type[Section], ...] = (
    NetworkSettings,
    RetentionSettings,
    WatchSettings,
    SafetySettings,
    MediaSettings,
    AppearanceSettings,
    ConfigurationSettings,
    SecuritySettings,
    SimulatorSettings,
)
