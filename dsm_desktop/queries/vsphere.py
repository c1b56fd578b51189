"""vCenters and stand-alone hosts as the window shows them: the tree, cluster cards, hosts with both worlds' health, VMs, datastores, alarms, rules.

Everything comes from the copy in the store, so that it can be browsed while a vCenter is down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.vsphere import Alarm, Host, RuleKind, Vm, VmPower
from dsm_desktop.core.vsphere_site import Site, place_of_host
from dsm_desktop.queries.newest import server_label
from dsm_desktop.queries.row_numbers import row_number
from dsm_desktop.queries.vsphere_rows import (
    AlarmRow,
    ClusterRow,
    DatastoreRow,
    HostRow,
    RuleRow,
    VcenterRow,
    VmRow,
    row_id,
)
from dsm_desktop.store.models import EsxiHost, SafetyCheck, Server, Vcenter
from dsm_desktop.store.vsphere import load_alone, load_site


@dataclass(frozen=True, slots=True)
class VsphereView:
    """All that the vCenter area shows, of every vCenter and stand-alone host. `sites` by the vCenters' row ids and by
    `place_of_host`."""

    vcenters: tuple[VcenterRow, ...]
    sites: Mapping[int, Site]
    clusters: tuple[ClusterRow, ...]
    hosts: tuple[HostRow, ...]
    vms: tuple[VmRow, ...]
    datastores: tuple[DatastoreRow, ...]
    alarms: tuple[AlarmRow, ...]
    rules: tuple[RuleRow, ...]


def vsphere_view(connection: Connection) -> VsphereView:
    """The whole copy; for 4,000 VMs well under a second, so ask in a worker."""
    vcenters = connection.execute(select(Vcenter.__table__).order_by(Vcenter.name, Vcenter.address)).all()
    hosts = _host_records(connection)
    checks = _last_checks(connection)
    sites = {v.id: site for v in vcenters if (site := load_site(connection, v.id)) is not None}
    sites |= load_alone(connection)
    names = {v.id: v.name or v.address for v in vcenters}
    found = [_Shaper(place, names.get(place, ""), site, hosts, checks) for place, site in sites.items()]
    unread = [h for (place, _), h in hosts.items() if place < 0 and place not in sites]
    return VsphereView(
        tuple(_vcenter(v, sites.get(v.id)) for v in vcenters),
        sites,
        tuple(row for shaper in found for row in shaper.clusters()),
        tuple(row for shaper in found for row in shaper.hosts()) + tuple(_unread(h) for h in unread),
        tuple(row for shaper in found for row in shaper.vms()),
        tuple(row for shaper in found for row in shaper.datastores()),
        tuple(row for shaper in found for row in shaper.alarms()),
        tuple(row for shaper in found for row in shaper.rules()),
    )


def hosts_by_id(connection: Connection, ids: Iterable[int]) -> list[HostRow]:
    """Hosts by their rows in the store, in the order asked for; those that are gone are left out."""
    found = {row.id: row for row in vsphere_view(connection).hosts}
    return [found[i] for i in ids if i in found]


def certificate_place(connection: Connection, host_id: int) -> tuple[str, int, str]:
    """(address, port, pinned fingerprint) of a host. Raises NotFound."""
    columns = (EsxiHost.address, EsxiHost.port, EsxiHost.fingerprint)
    row = connection.execute(select(*columns).where(EsxiHost.id == host_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no host {host_id}.", hint="See `vcenters hosts`.")
    return row.address, row.port, row.fingerprint


def _vcenter(row: Any, site: Site | None) -> VcenterRow:
    return VcenterRow(
        row.id,
        row.name or row.address,
        row.address,
        row.port,
        row.version,
        row.build,
        row.fingerprint,
        row.shown_fingerprint,
        row.assigned_credential_id,
        row.synced_at,
        row.problem,
        len(site.hosts) if site else 0,
        len(site.vms) if site else 0,
        site.hidden if site else (),
    )


def _host_records(connection: Connection) -> dict[tuple[int, str], Any]:
    """Hosts with what their iDRAC says, by (vCenter id or `place_of_host`, moid)."""
    e, s = EsxiHost, Server
    rows = connection.execute(
        select(
            e.id, e.vcenter_id, e.moid, e.name, e.address, e.server_id, e.link, e.service_tag, e.gone, e.seen_at,
            e.fingerprint, e.shown_fingerprint, e.ssh_key, e.shown_ssh_key, e.problem,
            server_label().label("server"), s.health, s.power_state, s.model.label("server_model"),
        ).outerjoin(s, s.id == e.server_id)
    )  # fmt: skip
    return {(r.vcenter_id or place_of_host(r.id), r.moid): r for r in rows if not r.gone}


def _last_checks(connection: Connection) -> dict[str, Any]:
    c = SafetyCheck
    newest = select(c.subject, c.colour, c.summary, c.at).order_by(c.id)
    return {row.subject: row for row in connection.execute(newest)}


def _unread(record: Any) -> HostRow:
    """A host without vCenter that was never read."""
    return HostRow(
        id=record.id,
        vcenter_id=place_of_host(record.id),
        vcenter="",
        moid="",
        name=record.name,
        cluster_id="",
        cluster="",
        status="gray",
        connection="",
        maintenance=False,
        version="",
        build="",
        vms=0,
        cpu_percent=None,
        memory_percent=None,
        alarms=0,
        ha="",
        boot_time=None,
        **_hardware(record),
    )


def _hardware(record: Any) -> dict[str, Any]:
    linked = record.server_id is not None
    alone = record.vcenter_id is None
    return {
        "fingerprint": record.fingerprint if alone else "",
        "shown_fingerprint": record.shown_fingerprint if alone else "",
        "problem": record.problem,
        "service_tag": record.service_tag,
        "server_id": record.server_id,
        "server": record.server or "",
        "health": record.health if linked else "",
        "power": record.power_state if linked else "",
        "model": record.server_model if linked else "",
        "link": record.link,
        "seen_at": record.seen_at,
        "ssh_key": record.ssh_key,
        "shown_ssh_key": record.shown_ssh_key,
    }


class _Shaper:
    """Rows of one vCenter."""

    def __init__(
        self, vcenter_id: int, name: str, site: Site, records: Mapping[Any, Any], checks: Mapping[str, Any]
    ) -> None:
        self._id, self._name, self._site, self._records, self._checks = (
            vcenter_id,
            name,
            site,
            records,
            checks,
        )
        self._cluster_names = {c.moid: c.name for c in site.clusters}
        self._hosts = {h.moid: h for h in site.hosts}
        self._stores = {d.moid: d.name for d in site.datastores}
        self._vm_names = {v.moid: v.name for v in site.vms}
        self._running = Counter(vm.host for vm in site.vms if vm.power is VmPower.ON)

    def clusters(self) -> Iterable[ClusterRow]:
        for cluster in self._site.clusters:
            hosts = [h for h in self._site.hosts if h.cluster == cluster.moid]
            check = self._checks.get(f"cluster:{self._id}:{cluster.moid}")
            usable = [h for h in hosts if h.usable]
            yield ClusterRow(
                id=row_id(self._id, cluster.moid),
                vcenter_id=self._id,
                vcenter=self._name,
                moid=cluster.moid,
                name=cluster.name,
                status=cluster.status.value,
                hosts=len(hosts),
                usable=len(usable),
                in_maintenance=sum(h.in_maintenance for h in hosts),
                vms=sum(self._running[h.moid] for h in hosts),
                cpu_percent=_percent(hosts, "cpu_used_mhz", sum(h.cpu_capacity_mhz for h in usable)),
                memory_percent=_percent(hosts, "memory_used_mb", sum(h.memory_mb for h in usable)),
                memory_mb=sum(h.memory_mb for h in usable),
                drs=cluster.drs.level.value if cluster.drs.enabled else "",
                ha=cluster.ha.enabled,
                admission_control=cluster.ha.admission_control,
                evc=cluster.evc,
                image_managed=cluster.image_managed,
                versions=", ".join(sorted({f"{h.version} ({h.build})" for h in hosts})),
                alarms=sum(not a.acknowledged for a in cluster.alarms),
                safety=check.colour if check else "",
                safety_text=check.summary if check else "",
                safety_at=check.at if check else None,
            )

    def hosts(self) -> Iterable[HostRow]:
        for host in self._site.hosts:
            record = self._records.get((self._id, host.moid))
            if record is not None:
                yield self._host(host, record)

    def _host(self, host: Host, record: Any) -> HostRow:
        return HostRow(
            id=record.id,
            vcenter_id=self._id,
            vcenter=self._name,
            moid=host.moid,
            name=host.name,
            cluster_id=host.cluster,
            cluster=self._cluster_names.get(host.cluster, ""),
            status=host.status.value,
            connection=host.connection.value,
            maintenance=host.in_maintenance,
            version=host.version,
            build=host.build,
            vms=self._running[host.moid],
            cpu_percent=_share(host.cpu_used_mhz, host.cpu_capacity_mhz),
            memory_percent=_share(host.memory_used_mb, host.memory_mb),
            alarms=sum(not a.acknowledged for a in host.alarms),
            ha=host.ha_state,
            boot_time=host.boot_time,
            **_hardware(record),
        )

    def vms(self) -> Iterable[VmRow]:
        for vm in self._site.vms:
            host = self._hosts.get(vm.host)
            yield VmRow(
                id=row_id(self._id, vm.moid),
                vcenter_id=self._id,
                moid=vm.moid,
                name=vm.name,
                power=vm.power.value,
                connection=vm.connection.value,
                host_id=vm.host,
                host=host.name if host else "",
                cluster_id=host.cluster if host else "",
                cluster=self._cluster_names.get(host.cluster, "") if host else "",
                cpus=vm.cpus,
                memory_mb=vm.memory_mb,
                memory_used_mb=vm.memory_used_mb,
                reserved_mb=vm.memory_reservation_mb,
                guest=vm.guest_host,
                address=vm.guest_address,
                tools=vm.tools_running,
                datastores=", ".join(sorted(self._stores.get(d, d) for d in vm.datastores)),
                snapshots=vm.snapshots,
                question=vm.question.text if vm.question else "",
                managed_by=_manager(vm),
                seen_at=self._site.read_at,
            )

    def datastores(self) -> Iterable[DatastoreRow]:
        for store in self._site.datastores:
            yield DatastoreRow(
                id=row_id(self._id, store.moid),
                vcenter_id=self._id,
                moid=store.moid,
                name=store.name,
                kind=store.kind,
                capacity=store.capacity,
                free=store.free,
                accessible=store.accessible,
                shared=store.shared,
                maintenance=store.maintenance,
                hosts=len(store.mounts),
                unreachable=", ".join(
                    self._hosts[m.host].name
                    for m in store.mounts
                    if not m.accessible and m.host in self._hosts
                ),
                host_ids=frozenset(m.host for m in store.mounts),
                seen_at=self._site.read_at,
            )

    def alarms(self) -> Iterable[AlarmRow]:
        seen: set[str] = set()
        for name, cluster_id, alarm in self._all_alarms():
            if alarm.key in seen:
                continue
            seen.add(alarm.key)
            yield AlarmRow(
                id=row_number(self._id, alarm.key),
                vcenter_id=self._id,
                key=alarm.key,
                colour=alarm.colour.value,
                name=alarm.name,
                on=name,
                on_id=alarm.on,
                cluster_id=cluster_id,
                since=alarm.since,
                acknowledged=alarm.acknowledged,
            )

    def _all_alarms(self) -> Iterable[tuple[str, str, Alarm]]:
        """Those of the lowest object first: a parent shows its children's again."""
        for host in self._site.hosts:
            yield from ((host.name, host.cluster, alarm) for alarm in host.alarms)
        for store in self._site.datastores:
            yield from ((store.name, "", alarm) for alarm in store.alarms)
        for cluster in self._site.clusters:
            yield from ((cluster.name, cluster.moid, alarm) for alarm in cluster.alarms)

    def rules(self) -> Iterable[RuleRow]:
        for cluster in self._site.clusters:
            for rule in cluster.rules:
                yield RuleRow(
                    id=row_id(self._id, cluster.moid) * 10_000 + rule.key,
                    vcenter_id=self._id,
                    cluster_id=cluster.moid,
                    cluster=cluster.name,
                    name=rule.name,
                    kind=_rule_words(rule.kind, rule.away, rule.mandatory),
                    enabled=rule.enabled,
                    vms=", ".join(sorted(self._vm_names.get(vm, vm) for vm in rule.vms)),
                    hosts=", ".join(sorted(self._hosts[h].name for h in rule.hosts if h in self._hosts)),
                )


def _rule_words(kind: RuleKind, away: bool, mandatory: bool) -> str:
    if kind is RuleKind.TOGETHER:
        return "Keep together"
    if kind is RuleKind.APART:
        return "Keep apart"
    verb = "must" if mandatory else "should"
    return f"{verb.capitalize()} not run on" if away else f"{verb.capitalize()} run on"


def _manager(vm: Vm) -> str:
    return "vCenter (vCLS)" if vm.is_vcls else vm.managed_by


def _percent(hosts: Iterable[Host], used: str, capacity: int) -> float | None:
    values: list[int | None] = [getattr(host, used) for host in hosts]
    known = [value for value in values if value is not None]  # a lost host says nothing
    if not capacity or not known:
        return None
    return round(100 * sum(known) / capacity, 1)


def _share(used: int | None, capacity: int) -> float | None:
    return round(100 * used / capacity, 1) if used is not None and capacity else None
