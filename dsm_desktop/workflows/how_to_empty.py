"""What an operator chose for emptying a host, and what is asked where that does not empty it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from dsm_desktop.core.vsphere import Vm
from dsm_desktop.jobs import JobContext, Option, Question
from dsm_desktop.safety.findings import Remedy as SafeRemedy
from dsm_desktop.safety.fitting import moves
from dsm_desktop.workflows.evacuate_watch import Look
from dsm_desktop.workflows.maintenance import VsanMode
from dsm_desktop.workflows.occupied import Occupied


class Remedy(enum.StrEnum):
    """What is done with a VM that does not move by itself."""

    MIGRATE = "migrate"
    SHUT_DOWN = "shut_down"
    DISCONNECT = "disconnect"
    SKIP_HOST = "skip_host"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class HowToEmpty:
    """What the operator chose. `answers` by moid, name or instance uuid of the VM, in the order in which guests are shut down; `move_vms`: where
    DRS does not move VMs (off, manual, or set so for a VM) the job moves them itself."""

    minutes: int = 120
    stuck_minutes: float = 15.0
    guest_minutes: float = 15
    evacuate_off: bool = False
    vsan: VsanMode = VsanMode.ACCESSIBLE
    every: float = 10.0
    move_vms: bool = True
    mute_alarms: bool = False
    """Its alarms send nothing meanwhile."""
    occupied: Occupied = Occupied.ASK
    answers: Mapping[str, Remedy] = field(default_factory=dict)
    ask_hours: float = 12.0
    boot_minutes: float = 90
    settle_minutes: float = 15
    """So long a host that restarts, and what it reaches, is waited for before it is taken back after work that failed."""


def answer_for(how: HowToEmpty, vm: Vm) -> Remedy | None:
    """What was decided about a VM, which may be named by moid, name or instance uuid."""
    return next((how.answers[n] for n in (vm.moid, vm.name, vm.instance_uuid) if n in how.answers), None)


def place_of(how: HowToEmpty, vm: Vm) -> int:
    """Where it stands in the order of decisions."""
    names = list(how.answers)
    return min(names.index(n) for n in (vm.moid, vm.name, vm.instance_uuid) if n in how.answers)


def stuck_question(ctx: JobContext, look: Look, vm: Vm | None, key: str, hours: float) -> Question:
    """Host, VM, cause and what can be done next. Nobody's answer in time: the host is left out and put back."""
    options = [Option(value="wait", title="Go on waiting", help="the cause was removed, or time will do")]
    if vm is not None and moves(vm):
        if SafeRemedy.SHUT_DOWN.value in look.remedies:
            text = "its guest is asked to stop; it is switched on again when the host is back"
            options.append(
                Option(value=Remedy.SHUT_DOWN, title=f"Shut down {vm.name}", help=text, danger=True)
            )
        if SafeRemedy.DISCONNECT_MEDIA.value in look.remedies or vm.tools_installer:
            text = "and connected again afterwards, where that is possible"
            options.append(
                Option(value=Remedy.DISCONNECT, title=f"Take the media out of {vm.name}", help=text)
            )
    options += [
        Option(value="skip", title=f"Leave {ctx.target.label} out", help="it is put back as it was"),
        Option(value="stop", title="Stop here", help="what was changed is put back"),
    ]
    whose = f"{vm.name}: " if vm is not None else ""
    next_step = f" {whose}{look.way_out}" if look.way_out else ""
    return Question(
        key=f"stuck {key}",
        question=f"{look.why}.{next_step}",
        options=options,
        default="skip",
        within=timedelta(hours=hours),
    )
