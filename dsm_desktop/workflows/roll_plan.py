"""The written plan of a rolling update, in plain values: what the job keeps, the report prints and the run view shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.blockers import Refusals, cluster_blockers, essential
from dsm_desktop.safety.capacity import Light
from dsm_desktop.safety.domains import Domains
from dsm_desktop.safety.judge import Demand, judge
from dsm_desktop.safety.order import Lone, order, order_alone
from dsm_desktop.safety.placement import WhatIf, largest_set_out, what_if
from dsm_desktop.workflows.accepted_alarms import AcceptedAlarm, accepted_alarms
from dsm_desktop.workflows.how_to_empty import Remedy
from dsm_desktop.workflows.obstacles import Obstacle, obstacles_of

SUSPEND = "suspend"
"""The answer about a fault-tolerant VM whose pair is suspended for the whole run; no host's own work has to know it."""
NO_HOST = "As it stands no host would be taken"
"""How a remark begins that names what would keep the run from every host."""


class PlannedHost(BaseModel):
    """One host in the plan, in the order of the work. `place` 0 = not to be done; `why` the reason for its place or for being
    left out; `minutes_from` what they stand on; `room` what the others have to say about taking its VMs ("" = they fit), `no_place`
    the VMs (moids) that find none there."""

    model_config = ConfigDict(frozen=True)
    host_id: int
    moid: str
    name: str
    place: int = 0
    why: str = ""
    changes: list[str] = []
    restarts: int = 0
    minutes: int = 0
    minutes_from: str = ""
    version: str = ""
    target_version: str = ""
    vms: int = 0
    memory_mb: int = 0
    room: str = ""
    no_place: list[str] = []
    problem: str = ""


class RollPlan(BaseModel):
    """`subject` the cluster's name or "3 stand-alone hosts"; `largest_out` hosts that may be out at once (names); `settings` what
    is held changed during the run, in words; `accepted` red alarms that do not stop this run; `remarks` what else an operator
    should know."""

    model_config = ConfigDict(frozen=True)
    subject: str
    vcenter_id: int | None = None
    cluster: str = ""
    hosts: list[PlannedHost] = []
    obstacles: list[Obstacle] = []
    largest_out: list[str] = []
    settings: list[str] = []
    accepted: list[AcceptedAlarm] = []
    remarks: list[str] = []
    taken_at: str = ""

    @property
    def stopped_by(self) -> list[str]:
        """Remarks that say what would keep the run from every host, as the cluster stands."""
        return [text for text in self.remarks if text.startswith(NO_HOST)]

    @property
    def to_do(self) -> list[PlannedHost]:
        """Hosts that are to be done, first one first."""
        return sorted((h for h in self.hosts if h.place), key=lambda h: h.place)

    @property
    def target_version(self) -> str:
        """The ESXi to come, "" = none is planned."""
        return next((h.target_version for h in self.to_do if h.target_version), "")

    @property
    def minutes(self) -> int:
        """All of them one after the other, without those that a decision leaves out."""
        return sum(h.minutes for h in self.to_do if not self.left_out_for(h))

    def as_chosen(self, order: Sequence[int], answers: Mapping[str, str], by: str) -> RollPlan:
        """The plan as `by` changed it before the start: `order` row ids of the hosts to be done, the first first; `answers` about
        VMs by `Obstacle.key`, "" = the run asks."""
        obstacles = [
            o.model_copy(update={"answer": answers[o.key], "by": by if answers[o.key] else ""})
            if answers.get(o.key, o.answer) != o.answer
            else o
            for o in self.obstacles
        ]
        chosen = self.model_copy(update={"obstacles": obstacles})
        doing = [i for i in order if not any(chosen.left_out_for(h) for h in self.hosts if h.host_id == i)]
        own = list(order) != [h.host_id for h in self.to_do if h.host_id in order]

        def placed(host: PlannedHost) -> PlannedHost:
            if host.host_id in doing:
                place = doing.index(host.host_id) + 1
                return host.model_copy(update={"place": place, "why": f"As {by} chose." if own else host.why})
            if not host.place:
                return host
            kept = chosen.left_out_for(host)
            why = f"Left out because of {', '.join(kept)}." if kept else f"Left out by {by}."
            return host.model_copy(update={"place": 0, "why": why})

        return chosen.model_copy(update={"hosts": [placed(h) for h in self.hosts]})

    def left_out_for(self, host: PlannedHost) -> list[str]:
        """Names of the VMs for whose sake somebody decided to leave this host out."""
        return [o.name for o in self.of_host(host) if o.answer == Remedy.SKIP_HOST]

    def no_room_on(self, host: PlannedHost) -> str:
        """What the others say about taking its VMs, once those that are shut down are gone; "" = nothing."""
        off = {o.vm for o in self.of_host(host) if o.answer == Remedy.SHUT_DOWN}
        return "" if host.no_place and set(host.no_place) <= off else host.room

    def of_host(self, host: PlannedHost) -> list[Obstacle]:
        return [o for o in self.obstacles if o.is_on(host.host_id, host.moid)]

    def mark(self, host: PlannedHost) -> str:
        """For keys of steps and questions; hosts that are spoken to directly all have one moid."""
        alike = sum(h.moid == host.moid for h in self.hosts) > 1
        return str(host.host_id) if alike else host.moid


class ClusterFacts(BaseModel):
    """What a fresh picture of the cluster said about the run. `room` by host: "" = its VMs fit on the others; `own` hosts that
    carry a VM the work depends on, and which; `largest_why` what keeps more hosts from being out at once."""

    model_config = ConfigDict(frozen=True)
    name: str
    drs: str
    ha: bool
    admission_control: bool
    dpm: bool
    proactive_ha: bool
    image_managed: bool | None
    obstacles: list[Obstacle]
    room: dict[str, str]
    no_place: dict[str, list[str]] = {}
    largest_out: list[str]
    largest_why: list[str] = []
    own: dict[str, str]
    taken_at: str
    red: list[str] = []
    """What would close the gates now; sentences."""
    accepted: list[AcceptedAlarm] = []
    not_accepted: list[str] = []
    """Names of alarms that mean none; sentences."""


def cluster_facts(
    picture: ClusterPicture,
    domains: Domains,
    dry_runs: Mapping[str, Refusals],
    allow_out: int = 0,
    alarms: Sequence[str] = (),
    by: str = "",
) -> ClusterFacts:
    """Judge a cluster once for all of its hosts. `domains`: where the hosts stand and hang; `dry_runs` what vCenter's own
    dry run refuses, by host; `alarms` names of those that `by` accepts."""
    cluster = picture.cluster
    assert cluster is not None
    outcomes, largest = what_if(picture), largest_set_out(picture, domains)
    names = {h.moid: h.name for h in picture.hosts}
    accepted, none = accepted_alarms(picture, alarms, by)
    demand = Demand(allow_out=allow_out, known_alarms=frozenset(a.key for a in accepted))
    own = {vm.host: f"{vm.name} is {what}" for vm in picture.vms if (what := essential(picture, vm))}
    return ClusterFacts(
        name=cluster.name,
        drs=cluster.drs.level.value if cluster.drs.enabled else "off",
        ha=cluster.ha.enabled,
        admission_control=cluster.ha.admission_control,
        dpm=cluster.drs.dpm,
        proactive_ha=cluster.drs.proactive_ha,
        image_managed=cluster.image_managed,
        obstacles=obstacles_of(picture, cluster_blockers(picture, dry_runs)),
        room={o.host: _room_words(o, dry_runs.get(o.host, ())) for o in outcomes},
        no_place={o.host: [f.vm for f in o.placement.failed] for o in outcomes if not o.fits},
        largest_out=sorted(names[moid] for moid in largest.hosts),
        largest_why=list(largest.reasons),
        own=own,
        taken_at=picture.taken_at.isoformat(),
        red=[g.text for g in judge(picture, demand=demand).gates if g.colour is Light.RED],
        accepted=accepted,
        not_accepted=none,
    )


def _room_words(outcome: WhatIf, refused: Refusals) -> str:
    if outcome.fits:
        # What vCenter's dry run says of the whole host; a VM that it refuses is an obstacle of its own.
        return " ".join(f"vCenter's own dry run: {text}" for vm, text in refused if not vm)
    first = outcome.placement.failed[0]
    more = len(outcome.placement.failed) - 1
    tight = " vCenter would still allow it, with memory pressure." if _tight(outcome) else ""
    return f"{first.reason}{f' {more} more VMs find no place.' if more > 0 else ''}{tight}"


def _tight(outcome: WhatIf) -> bool:
    return outcome.squeezed is not None and outcome.squeezed.fits


def decided(
    obstacles: Sequence[Obstacle],
    given: Mapping[str, str],
    kept: Mapping[tuple[str, str], tuple[str, str]],
    *,
    by: str,
    media: bool,
    move: bool,
    suspend: bool,
) -> list[Obstacle]:
    """The obstacles with the answers that are known already: given with the job (by key, moid, name or uuid), kept from last time
    (by uuid and cause), or done by the run itself where the operator lets it. What could mean another VM as well decides nothing."""
    called = _called(obstacles)

    def answer(o: Obstacle) -> Obstacle:
        names = [n for n in (o.key, o.vm, o.name, o.uuid) if called.get(n) == {o.key}]
        said = next((given[n] for n in names if n in given), None)
        before = kept.get((o.uuid, o.cause)) if o.uuid in names else None
        if said:
            return o.model_copy(update={"answer": said, "by": by})
        if o.by_itself and move:
            return o.model_copy(update={"answer": "migrate", "by": "the run"})
        if o.only_fault_tolerance and suspend:
            return o.model_copy(update={"answer": SUSPEND, "by": "the run"})
        if o.only_media and media:
            return o.model_copy(update={"answer": "disconnect", "by": "the run"})
        if before:
            return o.model_copy(update={"answer": before[0], "by": f"{before[1]}, kept from last time"})
        return o

    return [answer(o) for o in obstacles]


def unclear(obstacles: Sequence[Obstacle], given: Mapping[str, str]) -> list[str]:
    """A sentence for each decision given with the job that could mean several VMs, and how to name the right one."""
    called = _called(obstacles)
    return [
        f"'{name}' could be any of {len(keys)} VMs, so nothing is decided by it: write {' or '.join(sorted(keys))}."
        for name in given
        if len(keys := called.get(name, set())) > 1
    ]


def shared_uuids(obstacles: Sequence[Obstacle]) -> set[str]:
    """Uuids that several VMs have (one is a copy): nothing can be kept under them."""
    called = _called(obstacles)
    return {o.uuid for o in obstacles if len(called.get(o.uuid, ())) > 1}


def _called(obstacles: Sequence[Obstacle]) -> dict[str, set[str]]:
    """Everything a VM may be called by → the keys of those that are called so. Moids, names and even uuids (of a VM that was
    copied) are there twice."""
    called: dict[str, set[str]] = {}
    for o in obstacles:
        for name in {o.key, o.vm, o.name, o.uuid} - {""}:
            called.setdefault(name, set()).add(o.key)
    return called


# --- the order of hosts: decided in safety.order, written into the plan here ---------------------------------------------


def in_cluster(
    picture: ClusterPicture, hosts: Sequence[PlannedHost], wanted: Sequence[int]
) -> list[PlannedHost]:
    """The hosts with place and reason, in the order of the work; those that need nothing, or cannot be done, have place 0.
    `wanted`: ids of hosts in the operator's own order."""
    by_id = {h.host_id: h for h in hosts}
    by_moid = {h.moid: h for h in hosts}
    skip = {h.moid: _left_out(h) for h in hosts if not _to_do(h)}
    # The cluster may have hosts that this run was not asked for.
    skip |= {h.moid: "not chosen" for h in picture.hosts if h.moid not in by_moid}
    turns = order(picture, wanted=[by_id[i].moid for i in wanted if i in by_id], skip=skip)
    placed = [
        by_moid[t.host].model_copy(update={"place": t.place, "why": t.reason})
        for t in turns
        if t.host in by_moid
    ]
    gone = [
        h.model_copy(update={"why": _GONE, "problem": _GONE if _to_do(h) else h.problem})
        for h in hosts
        if h.moid not in {t.host for t in turns}
    ]
    return [*placed, *gone]


def stand_alone(hosts: Sequence[PlannedHost], wanted: Sequence[int]) -> list[PlannedHost]:
    """The same for hosts without a cluster: the operator's order, then the one that carries least first."""
    doing = {h.host_id: h for h in hosts if _to_do(h)}
    lone = [Lone(h.host_id, h.name, h.vms, h.memory_mb) for h in doing.values()]
    placed = [
        doing[key].model_copy(update={"place": number, "why": why})
        for number, (key, why) in enumerate(order_alone(lone, wanted), 1)
    ]
    return placed + [h.model_copy(update={"why": f"{_left_out(h)}."}) for h in hosts if not _to_do(h)]


_GONE = "vCenter does not list it any more."


def _to_do(host: PlannedHost) -> bool:
    return bool(host.changes) and not host.problem


def _left_out(host: PlannedHost) -> str:
    return host.problem.rstrip(".") or "it needs nothing"
