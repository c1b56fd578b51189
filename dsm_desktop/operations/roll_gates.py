"""Whether the next host of a rolling update may be taken, judged on a fresh picture right before it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.jobs import JobContext, ServerClients
from dsm_desktop.operations.rolling_options import RollOptions
from dsm_desktop.queries.roll_hosts import idracs_of_hosts
from dsm_desktop.redfish.device_jobs import device_jobs
from dsm_desktop.safety.domains import Domains
from dsm_desktop.safety.judge import Light, judge
from dsm_desktop.safety.placement import against_together
from dsm_desktop.store.domains import domains_of_hosts
from dsm_desktop.workflows.cluster_settings import ClusterAt
from dsm_desktop.workflows.maintenance import VsanMode
from dsm_desktop.workflows.roll_plan import RollPlan
from dsm_desktop.workflows.safety_check import fresh_picture, measured
from dsm_desktop.workflows.vsan_rest import left_to_copy

_ADMISSION = "ha_policy"
_FIGURES = re.compile(r"('[^']*')|(?<![\w.-])\d[\d.,]*(?![\w-])")
"""Numbers that stand alone; those within a quoted name, or a part of a word, name something."""


class Gate(BaseModel):
    """`colour` green | amber | red, `reasons` of those that are not green, with their numbers; `admission`: HA's admission
    control stands in the way; `unread`: vSAN does not tell whether it is at rest, which nobody goes over unasked."""

    model_config = ConfigDict(frozen=True)
    colour: str
    reasons: list[str] = []
    admission: bool = False
    unread: bool = False

    @property
    def green(self) -> bool:
        return self.colour == Light.GREEN

    @property
    def amber(self) -> bool:
        return self.colour == Light.AMBER

    def open(self, go_on: bool) -> bool:
        """Whether a host may be taken without asking; `go_on`: also where the cluster is amber."""
        return self.green or (self.amber and go_on and not self.unread)

    def within(self, known: Gate) -> bool:
        """Whether it says no more than one that a person has gone over. Figures that move by themselves say nothing new."""
        return self.green or (self.amber and self._said <= known._said)

    @property
    def _said(self) -> set[str]:
        parts = [part for reason in self.reasons for part in reason.rstrip(".").split("; ")]
        return {_FIGURES.sub(lambda found: found[1] or "#", part).casefold() for part in parts}


def words_of(gate: Gate) -> str:
    """All reasons in one line."""
    return " ".join(gate.reasons)


def look_at_gates(
    ctx: JobContext,
    at: ClusterAt,
    out: Sequence[str],
    params: RollOptions,
    plan: RollPlan,
    busy: Sequence[str] = (),
    *,
    held: bool = False,
) -> Gate:
    """Judge the cluster with these hosts out, of which this run is already at work on `busy`; in a pool thread. VMs of theirs that will be
    shut down need no place elsewhere. `held`: HA's admission control is suspended by this run."""
    picture = without_stopped(fresh_picture(at.client(ctx), at.moid), out, plan)
    if not params.check_clocks:
        hosts = tuple(replace(h, clock_skew_seconds=0.0) for h in picture.hosts)
        picture = replace(picture, hosts=hosts)
    client = at.client(ctx)
    with ctx.write() as uow:
        domains = domains_of_hosts(uow.session.connection(), at.vcenter_id)
    demand = replace(
        measured(client, at.moid, domains),
        allow_out=params.allow_out,
        n_plus_one=params.spare_host,
        bmc_jobs=_bmc_jobs(ctx, at, [moid for moid in out if moid not in busy]),
        own_hosts=frozenset(out),
        known_alarms=frozenset(alarm.key for alarm in plan.accepted),
        need_ssh=params.esxi and not params.exception_user,
        target_version=plan.target_version,
        evacuate_all_data=params.vsan is VsanMode.EVACUATE,
    )
    verdict = judge(picture, frozenset(out), demand)
    together = _against_more(picture, out, domains, held) if busy else ""
    if together:
        # Admission control is not switched off to have more hosts out: each can be taken when the others are back.
        return Gate(colour=Light.RED.value, reasons=[together, *verdict.reasons])
    return Gate(
        colour=verdict.colour.value,
        reasons=list(verdict.reasons),
        admission=verdict.gate(_ADMISSION).colour is not Light.GREEN,
        unread=left_to_copy(picture) is None,
    )


def _against_more(picture: ClusterPicture, out: Sequence[str], domains: Domains, held: bool) -> str:
    """Why the cluster cannot spare all of these at once, "" = it can."""
    if held:
        return (
            "HA's admission control is suspended because one host out is too many for it: one host at a time."
        )
    return against_together(picture, frozenset(out), domains)


def _bmc_jobs(ctx: JobContext, at: ClusterAt, moids: Sequence[str]) -> dict[str, list[str] | None]:
    """Jobs in the iDRACs' queues that a restart would run, named, by host; None where the iDRAC does not answer."""
    with ctx.write() as uow:
        servers = idracs_of_hosts(uow.session.connection(), at.vcenter_id, moids)
    found: dict[str, list[str] | None] = {}
    for moid, server in servers.items():
        try:
            jobs = device_jobs(ctx.service(ServerClients).server(server))
        except DsmError as error:
            ctx.log(f"{server.label}: its job queue was not read: {error.message}", "warning")
            found[moid] = None
        else:
            found[moid] = [
                f"{job.id} ({job.name or job.kind}, {job.state})"
                for job in jobs
                if not job.ended and not job.is_reboot
            ]
    return found


def without_stopped(picture: ClusterPicture, out: Sequence[str], plan: RollPlan) -> ClusterPicture:
    """The picture without the VMs that are shut down with these hosts. On any other host such a VM still runs and needs room."""
    stopped = {o.vm for o in plan.obstacles if o.answer == "shut_down"}
    return replace(picture, vms=tuple(v for v in picture.vms if v.moid not in stopped or v.host not in out))
