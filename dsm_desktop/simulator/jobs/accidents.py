"""What can happen to a job on its way, by name of the fault.

These faults strike inside the device and not at a request; `kind` limits them to jobs whose JobType contains that text.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dsm_desktop.simulator.faults import FaultSet

ACCIDENTS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("job_stuck", "A job stays at this percentage for ever.", {"percent": 42, "kind": ""}),
    (
        "job_vanishes",
        "A job disappears from the queue at this percentage; its work is not done.",
        {"percent": 50, "kind": ""},
    ),
    (
        "job_fails",
        "A job does not do its work and ends Failed with this message.",
        {"code": "PR21", "kind": ""},
    ),
    (
        "idrac_resets_in_job",
        "The iDRAC restarts in the middle of a job; then: goes_on, fails, vanishes or stuck.",
        {"percent": 50, "then": "goes_on", "kind": ""},
    ),
    ("version_unchanged", "A firmware update ends Completed but the version stays as it was.", {}),
    ("lockdown", "System lockdown mode: changes are refused with 403 SYS406, jobs end with JCP041.", {}),
    (
        "update_reboots_at_once",
        "A host update restarts the host although it was to wait for the next boot (seen on iDRAC9 4.40).",
        {},
    ),
    (
        "update_needs_no_restart",
        "A host update is applied at once, although the part is one that waits for a boot.",
        {},
    ),
    (
        "children_late",
        "The jobs of a repository update show only so many seconds after its own job has ended.",
        {"seconds": 60.0},
    ),
    ("upload_cut", "The connection is reset in the middle of a file, after so many megabytes.", {"mb": 1.0}),
    ("upload_slow", "Files are taken at so many megabytes a second.", {"mb": 2.0}),
    ("queue_full", "No job can be made: the queue is full.", {}),
)
"""Name, help and parameters of each."""


@dataclasses.dataclass(frozen=True, slots=True)
class Accident:
    """When it strikes, as a share of the job's time, and what becomes of the job."""

    share: float
    then: str
    resets: bool = False


def draw(faults: FaultSet, kind: str) -> Accident | None:
    """The accident that waits for a job of this type, if a fault is switched on."""
    if not faults:
        return None
    for name, then in (("job_stuck", "stuck"), ("job_vanishes", "vanishes"), ("idrac_resets_in_job", "")):
        values = faults.take(name, kind)
        if values is not None:
            share = min(100.0, max(0.0, float(values["percent"]))) / 100
            return Accident(share, then or str(values["then"]), resets=not then)
    return None
