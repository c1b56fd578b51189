"""What the job types that empty a host share: the form's common part."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, field_validator

from dsm_desktop.jobs import Params
from dsm_desktop.workflows.how_to_empty import HowToEmpty, Remedy
from dsm_desktop.workflows.maintenance import VsanMode
from dsm_desktop.workflows.occupied import Occupied
from dsm_desktop.workflows.return_host import HowToReturn

ONE_BY_ONE = "Of a cluster one host at a time, and none that it cannot spare beside those that are out."
"""For confirmations: what `workflows.cluster_turn` sees to."""
MOVED = (
    "The running VMs of each host are moved to other hosts; one that cannot move is asked about, none is cut off. The empty host is"
    " updated, restarted where that is needed, and taken back into service."
)
"""For confirmations of work on an emptied host."""


class EmptyOptions(Params):
    """How a host is emptied and taken back."""

    minutes_to_empty: int = Field(
        120,
        ge=5,
        le=1440,
        title="Give emptying up after",
        json_schema_extra={"unit": "minutes"},
        description="vCenter's own time-out; then it is asked how to go on",
    )
    stuck_minutes: float = Field(
        15,
        ge=0.01,
        le=240,
        title="Ask when nothing moves for",
        json_schema_extra={"unit": "minutes"},
    )
    guest_minutes: float = Field(
        15, ge=0.01, le=240, title="A guest has to shut down", json_schema_extra={"unit": "minutes"}
    )
    move_vms: bool = Field(
        True,
        title="Move VMs that DRS leaves",
        description="where DRS is off or manual, at most 8 at once, each to a host that has room",
    )
    evacuate_off: bool = Field(
        False, title="Also move powered-off VMs", description="only with DRS on; else it never ends"
    )
    vsan: VsanMode = Field(VsanMode.ACCESSIBLE, title="vSAN data")
    mute_alarms: bool = Field(
        False,
        title="Mute the host's alarms for the time",
        description="they show, and send no mail and no SNMP until it is back",
    )
    occupied: Occupied = Field(
        Occupied.ASK,
        title="A host that is in maintenance already",
        description="belongs to somebody; it is left so afterwards",
    )
    decisions: list[str] = Field(
        default_factory=list,
        max_length=1000,
        title="Decided about VMs",
        description="one a line: VM = shut down, disconnect, migrate, skip host or wait; guests stop in this order",
    )
    ask_hours: float = Field(
        12, ge=0.01, le=168, title="Answers are waited for", json_schema_extra={"unit": "hours"}
    )
    boot_minutes: float = Field(
        90, ge=0.05, le=720, title="A restarted host has", json_schema_extra={"unit": "minutes"}
    )
    settle_minutes: float = Field(
        15,
        ge=0.01,
        le=240,
        title="HA and datastores have",
        json_schema_extra={"unit": "minutes"},
        description="to be as before once the host is back",
    )
    look_seconds: float = Field(
        10, ge=0.1, le=300, title="Look at vCenter every", json_schema_extra={"unit": "seconds"}
    )

    @field_validator("decisions")
    @classmethod
    def _understood(cls, values: list[str]) -> list[str]:
        understood = []
        for value in values:
            name, sign, answer = value.rpartition("=")
            way = answer.strip().lower().replace(" ", "_")
            if not sign or way not in [r.value for r in Remedy]:
                raise ValueError(f"'{value}' is no decision; write it as 'DB01 = shut down'")
            understood.append(f"{name.strip()} = {way}")
        return understood

    @property
    def decided(self) -> dict[str, Remedy]:
        """By what was written for the VM (name or moid), in that order."""
        pairs = (value.rpartition("=") for value in self.decisions)
        return {name.strip(): Remedy(answer.strip()) for name, _, answer in pairs}

    def how_to_empty(self, answers: Mapping[str, Remedy]) -> HowToEmpty:
        """`answers` by moid or name of the VM."""
        return HowToEmpty(
            minutes=self.minutes_to_empty,
            stuck_minutes=self.stuck_minutes,
            guest_minutes=self.guest_minutes,
            evacuate_off=self.evacuate_off,
            vsan=self.vsan,
            every=self.look_seconds,
            move_vms=self.move_vms,
            mute_alarms=self.mute_alarms,
            occupied=self.occupied,
            answers=answers,
            ask_hours=self.ask_hours,
            boot_minutes=self.boot_minutes,
            settle_minutes=self.settle_minutes,
        )

    @property
    def how_to_return(self) -> HowToReturn:
        return HowToReturn(
            boot_minutes=self.boot_minutes,
            settle_minutes=self.settle_minutes,
            every=self.look_seconds,
            ask_hours=self.ask_hours,
        )
