"""What an operator chooses for the maintenance of a whole cluster, or of a list of stand-alone hosts."""

from __future__ import annotations

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from dsm_desktop.core.worded import Worded
from dsm_desktop.operations.host_work import HostWorkOptions


class OnFailure(Worded):
    """After a host that failed: STOP, ASK a person, or GO_ON with the next."""

    STOP = "stop", "Stop the run"
    ASK = "ask", "Ask"
    GO_ON = "go_on", "Go on with the next host"


class OnAmber(Worded):
    """Where the cluster may be worked on with a warning: ASK a person, or GO_ON and say so."""

    ASK = "ask", "Ask"
    GO_ON = "go_on", "Go on and write it down"


_CHOSEN: JsonDict = {"hidden": True}
"""Chosen in the planning dialog by name, not typed."""


class RollOptions(HostWorkOptions):
    vcenter_id: int | None = Field(
        None, title="vCenter", description="number of the vCenter in the list", json_schema_extra=_CHOSEN
    )
    cluster: str = Field(
        "",
        max_length=64,
        title="Cluster",
        description="its id in vCenter (domain-c8)",
        json_schema_extra=_CHOSEN,
    )
    hosts: list[int] = Field(
        default_factory=list,
        max_length=500,
        title="Only these hosts",
        description="numbers in the list of hosts; empty: all of the cluster",
        json_schema_extra=_CHOSEN,
    )
    order: list[int] = Field(
        default_factory=list,
        max_length=500,
        title="Own order",
        description="hosts in this order first; the others follow as proposed",
        json_schema_extra=_CHOSEN,
    )
    first: int = Field(
        1,
        ge=0,
        le=100,
        title="Hosts of the first ring",
        description="one after the other, and the run stops when one of them fails",
    )
    parallel: int = Field(
        1,
        ge=1,
        le=32,
        title="Hosts at once after that",
        description="never more than the cluster can spare",
    )
    on_failure: OnFailure = Field(OnFailure.STOP, title="When a host fails")
    on_amber: OnAmber = Field(
        OnAmber.GO_ON,
        title="When the cluster is to be worked on with care",
        description="what forbids the work always stops the run before the next host",
    )
    allow_out: int = Field(
        0, ge=0, le=100, title="Other hosts that may be out already", description="e.g. one in repair"
    )
    spare_host: bool = Field(
        False,
        title="A spare host is required",
        description="even with one more host failed meanwhile everything must fit; else that is only a warning",
    )
    accept_alarms: list[str] = Field(
        default_factory=list,
        max_length=200,
        title="Red alarms accepted for this run",
        description="one a line, by name or as 'NAME on HOST': those triggered now do not stop it, any new one does",
    )
    check_clocks: bool = Field(
        True, title="The hosts' clocks must be right", description="within 5 s of this machine's"
    )
    gate_minutes: float = Field(
        60,
        ge=0,
        le=1440,
        title="Wait for a safe cluster",
        json_schema_extra={"unit": "minutes"},
        description="before each host; then it is asked how to go on",
    )
    fix_media: bool = Field(
        True, title="Take media out of VMs", description="and put them in again afterwards"
    )
    remember: bool = Field(
        True, title="Keep decisions about VMs", description="they are taken again by themselves next time"
    )
    suspend_admission: bool = Field(
        True,
        title="Suspend HA admission control where it stands in the way",
        description="HA itself stays on; it is put back at the end",
    )
    hold_power_management: bool = Field(
        True,
        title="Switch DPM and proactive HA off for the time",
        description="they would put emptied hosts to sleep; put back at the end",
    )
    drs_automatic: bool = Field(
        False,
        title="Let DRS move VMs by itself for the time",
        description="where it is manual; else the run moves them; put back at the end",
    )
    follow_drs: bool = Field(
        False,
        title="Apply DRS's recommendations between hosts",
        description="where DRS is manual; else they are named and left to you",
    )
    suspend_ft: bool = Field(
        True,
        title="Suspend fault tolerance where it stands in the way",
        description="of VMs on hosts that could not be emptied, and of all where ESXi is updated; resumed at the end",
    )
    disable_ha: bool = Field(
        False,
        title="Switch HA off for the time",
        description="not needed, and nothing is restarted if another host fails meanwhile",
    )

    @model_validator(mode="after")
    def _something_to_work_on(self) -> RollOptions:
        if self.cluster and self.vcenter_id is None:
            raise ValueError("a cluster needs its vCenter")
        if not self.cluster and not self.hosts:
            raise ValueError("name a cluster, or hosts that stand alone")
        return self

    @property
    def lock(self) -> str:
        """One run for a cluster at a time; stand-alone hosts have their own locks besides."""
        if self.cluster:
            return f"cluster:{self.vcenter_id}:{self.cluster}"
        return "hosts:" + ",".join(map(str, sorted(self.hosts)))

    def for_host(self, decisions: list[str]) -> dict[str, object]:
        """Parameters of the work on one host, with what was decided about its VMs."""
        shared = {name: getattr(self, name) for name in HostWorkOptions.model_fields}
        values = HostWorkOptions(**{**shared, "decisions": decisions}).model_dump(mode="json")
        return dict(values)
