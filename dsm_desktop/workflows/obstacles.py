"""What stands in the way of emptying hosts, VM by VM, and which decisions about it are open to an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.vsphere import Vm
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.jobs import Option, Question
from dsm_desktop.safety.findings import Finding, Severity
from dsm_desktop.safety.findings import Remedy as Way
from dsm_desktop.workflows.how_to_empty import Remedy

_OURS = {
    Way.MIGRATE,
    Way.SET_DRS_AUTOMATED,
    Way.SUSPEND_ADMISSION_CONTROL,
    Way.SUSPEND_POWER_MANAGEMENT,
}
"""What the run does by itself, with an entry on the restore list."""
_PAIRS = {Way.SUSPEND_FAULT_TOLERANCE}
_MEDIA = {Way.DISCONNECT_MEDIA, Way.UNMOUNT_TOOLS}


class Obstacle(BaseModel):
    """A VM that keeps its host from getting empty (`vm` its moid, `uuid` the lasting id), all of its causes together. `primary`
    names the way out of each cause (`safety.findings.Remedy`), `ways` those and what helps against all; `answer` what was decided, `by` whom, "" = not yet.
    `host_id` only where the host stands in no cluster: such hosts all number their VMs alike, so a moid alone is no name."""

    model_config = ConfigDict(frozen=True)
    host: str
    host_name: str
    vm: str
    name: str
    uuid: str = ""
    cause: str
    reason: str
    way_out: str
    primary: list[str] = []
    ways: list[str] = []
    answer: str = ""
    by: str = ""
    host_id: int = 0

    @property
    def key(self) -> str:
        """What names this VM and no other of a plan: "vm-12" in a cluster, "7:vm-12" on host 7 outside of one."""
        return f"{self.host_id}:{self.vm}" if self.host_id else self.vm

    def is_on(self, host_id: int, moid: str) -> bool:
        """Whether it keeps this host (its number and moid) from getting empty."""
        return self.host_id == host_id if self.host_id else self.host == moid

    @property
    def by_itself(self) -> bool:
        """The run moves it itself; nobody is asked."""
        return set(self.primary) <= _OURS

    @property
    def only_fault_tolerance(self) -> bool:
        """Suspending its pair is enough; it is resumed afterwards."""
        return set(self.primary) <= _OURS | _PAIRS and bool(set(self.primary) & _PAIRS)

    @property
    def only_media(self) -> bool:
        """Taking a medium out is enough; it is put in again afterwards."""
        return set(self.primary) <= _OURS | _MEDIA and bool(set(self.primary) & _MEDIA)


def obstacles_of(picture: ClusterPicture, found: Mapping[str, Sequence[Finding]]) -> list[Obstacle]:
    """One for each VM with a finding that blocks, by host. What blocks a whole host (`what` not "vm") is told by the gates."""
    names = {h.moid: h.name for h in picture.hosts}
    vms = {vm.moid: vm for vm in picture.vms}
    made: list[Obstacle] = []
    for host, findings in found.items():
        by_vm: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.what == "vm" and finding.severity is Severity.BLOCK:
                by_vm.setdefault(finding.moid, []).append(finding)
        made += [_of(host, names[host], vms.get(vm), group) for vm, group in by_vm.items()]
    return made


def _of(host: str, host_name: str, vm: Vm | None, group: Sequence[Finding]) -> Obstacle:
    first = group[0]
    # Shutting the guest down helps against every cause that names it; a way out of one cause alone is offered beside it.
    everywhere = set.intersection(*({f.remedy, *f.others} for f in group))
    primary = {f.remedy for f in group}
    reasons, ways_out = [f.reason for f in group], [f.way_out for f in group]
    if vm is not None and not vm.tools_running and Way.SHUT_DOWN in primary | everywhere:
        reasons.append("VMware Tools do not run in it, so its guest cannot be asked to stop.")
        ways_out.append("Start VMware Tools in the guest before that, or shut it down from inside.")
    return Obstacle(
        host=host,
        host_name=host_name,
        vm=first.moid,
        name=first.name,
        uuid=vm.instance_uuid if vm is not None else "",
        cause=first.cause.value,
        reason=" ".join(dict.fromkeys(reasons)),
        way_out=" ".join(dict.fromkeys(ways_out)),
        primary=sorted(w.value for w in primary),
        ways=sorted({w.value for w in primary | everywhere}),
    )


def question_about(obstacle: Obstacle, hours: float) -> Question:
    """Decided once, before the first host is touched."""
    ways = set(obstacle.ways)
    options: list[Option] = []
    if Way.SHUT_DOWN in ways:
        options.append(
            Option(
                value=Remedy.SHUT_DOWN,
                title=f"Shut down {obstacle.name}",
                help="its guest is asked to stop, and it is switched on again when the host is back",
                danger=True,
            )
        )
    if ways & _MEDIA:
        options.append(
            Option(value=Remedy.DISCONNECT, title="Take the medium out", help="it is put in again afterwards")
        )
    options += [
        Option(
            value=Remedy.SKIP_HOST,
            title=f"Leave {obstacle.host_name} out",
            help="the other hosts are done",
        ),
        Option(
            value=Remedy.WAIT,
            title="Somebody frees it by hand",
            help="it is asked again where the host does not get empty",
        ),
        Option(value="stop", title="Stop the run", help="nothing has been changed yet"),
    ]
    return Question(
        key=f"VM {obstacle.key}",
        question=f"{obstacle.name} on {obstacle.host_name}: {obstacle.reason} {obstacle.way_out}".strip(),
        options=options,
        default=Remedy.SKIP_HOST,
        within=timedelta(hours=hours),
    )
