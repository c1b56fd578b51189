"""Judging a whole cluster at any time: gates with their numbers, and what happens to it without each of its hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.blockers import Refusals, cluster_blockers
from dsm_desktop.safety.domains import Domains
from dsm_desktop.safety.findings import Severity
from dsm_desktop.safety.judge import Demand, judge
from dsm_desktop.safety.placement import largest_set_out
from dsm_desktop.safety.verdict import Verdict

if TYPE_CHECKING:
    from dsm_desktop.vmware.client import VcenterClient


class GateRow(BaseModel):
    """A gate with the numbers it stands on: (label, value, unit)."""

    model_config = ConfigDict(frozen=True)
    name: str
    colour: str
    text: str
    numbers: list[tuple[str, float, str]] = []


class HostOut(BaseModel):
    """What is said about the cluster while this host is out; `blockers` VMs that keep it from getting empty."""

    model_config = ConfigDict(frozen=True)
    moid: str
    name: str
    colour: str
    reasons: list[str] = []
    blockers: list[str] = []


class Judgement(BaseModel):
    """A cluster or group at one moment."""

    model_config = ConfigDict(frozen=True)
    subject: str
    name: str
    colour: str
    summary: str
    gates: list[GateRow]
    hosts: list[HostOut] = []
    largest_out: list[str] = []
    blockers: list[dict[str, Any]] = []
    taken_at: str = ""


def fresh_picture(client: VcenterClient, cluster: str) -> ClusterPicture:
    """The cluster as it is now, with clock and services of every usable host; in a pool thread."""
    picture = client.read_cluster(cluster)
    hosts = tuple(
        client.read_host(h.moid) if h.usable and h.clock_skew_seconds is None else h for h in picture.hosts
    )
    return replace(picture, hosts=hosts)


def measured(client: VcenterClient, cluster: str, domains: Domains) -> Demand:
    """What any judgement of a cluster is told beside the picture: the highest use of the last 24 hours, and where the hosts
    stand; in a pool thread."""
    memory, cpu = client.peaks(cluster)
    return Demand(memory_peak_mb=memory, cpu_peak_mhz=cpu, domains=domains)


def judge_cluster(
    picture: ClusterPicture, subject: str, demand: Demand, dry_runs: Mapping[str, Refusals] | None = None
) -> Judgement:
    """As it stands, and with each usable host out. `dry_runs` what vCenter's own dry run refuses, by host."""
    assert picture.cluster is not None
    verdict = judge(picture, demand=demand)
    found = cluster_blockers(picture, dry_runs)
    hosts = []
    for host in picture.hosts:
        if host.usable:
            out = judge(picture, frozenset({host.moid}), demand)
            stops = [f.reason for f in found[host.moid] if f.severity is Severity.BLOCK]
            hosts.append(
                HostOut(
                    moid=host.moid,
                    name=host.name,
                    colour=out.colour.value,
                    reasons=list(out.reasons),
                    blockers=stops,
                )
            )
    names = {h.moid: h.name for h in picture.hosts}
    good = sum(h.colour != "red" and not h.blockers for h in hosts)
    summary = f"{good} of {len(hosts)} hosts can be taken out, one at a time. {_reasons(verdict)}"
    return Judgement(
        subject=subject,
        name=picture.cluster.name,
        colour=verdict.colour.value,
        summary=summary.strip(),
        gates=gate_rows(verdict),
        hosts=hosts,
        largest_out=sorted(names[moid] for moid in largest_set_out(picture, demand.domains).hosts),
        blockers=[
            asdict(f) | {"host": names[moid]}
            for moid, findings in found.items()
            for f in findings
            if f.severity is not Severity.INFO
        ],
        taken_at=picture.taken_at.isoformat(),
    )


def gate_rows(verdict: Verdict) -> list[GateRow]:
    return [
        GateRow(
            name=g.name,
            colour=g.colour.value,
            text=g.text,
            numbers=[(n.label, float(n.value), n.unit) for n in g.numbers],
        )
        for g in verdict.gates
    ]


def _reasons(verdict: Verdict) -> str:
    return " ".join(verdict.reasons) or "All gates are green."


def change_words(colour: str, before: str, until: datetime | None) -> str:
    """ "Was green until 22:10." where the colour has changed."""
    if not before or before == colour or until is None:
        return ""
    return f"Was {before} until {until.astimezone():%Y-%m-%d %H:%M}."
