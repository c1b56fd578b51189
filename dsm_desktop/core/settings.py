"""What can be set, by section: one model each, with title, help and bounds for form, command line and validation."""

from __future__ import annotations

import enum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field


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
        2, ge=1, le=4, title="Calls at once per device", description="iDRAC7 and 8 always get 1."
    )
    in_all: int = Field(512, ge=1, le=4_000, title="Calls at once in all")
    scan_at_once: int = Field(4_000, ge=10, le=16_000, title="Scan: addresses at once")
    scan_timeout: float = Field(
        1.25,
        ge=0.2,
        le=30,
        title="Scan: wait for an answer (s)",
        description="Above 1 s a lost packet is repeated.",
    )
    connect_timeout: float = Field(10.0, ge=1, le=120, title="Wait for a connection (s)")


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
    audit: int = Field(0, ge=0, le=3_650, title="Audit log (days)", description="0: for ever.")
    feed: int = Field(1, ge=1, le=30, title="Change feed (days)", description="Never archived.")


class Theme(enum.StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class WatchSettings(Section):
    """How often the servers are looked at while a desktop or an agent runs; 0 switches a look off."""

    name = "watch"
    title = "Watch"

    health_minutes: int = Field(
        10, ge=0, le=1_440, title="Health and power every (minutes)", description="1 or 2 requests per server"
    )
    logs_hours: int = Field(6, ge=0, le=168, title="Device logs every (hours)")
    inventory_hours: int = Field(
        24, ge=0, le=720, title="Inventory every (hours)", description="about a dozen requests per server"
    )


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
    MediaSettings,
    AppearanceSettings,
    SecuritySettings,
    SimulatorSettings,
)
