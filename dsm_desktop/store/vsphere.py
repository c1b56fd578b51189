"""The cached copies of vCenters and stand-alone hosts: how the plain values of `core.vsphere` are kept as facts, and read back."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from dsm_desktop.core.vsphere import Alarm, Cluster, Datastore, Host, Network, Vm
from dsm_desktop.core.vsphere import Connection as Reached
from dsm_desktop.core.vsphere_site import About, ClusterPicture, Folder, Site, picture, place_of_host
from dsm_desktop.store.essential import essentials
from dsm_desktop.store.models import EsxiHost, EsxiObject, Vcenter, VsphereObject

T = TypeVar("T")
KINDS: dict[str, type[Any]] = {
    "folder": Folder,
    "cluster": Cluster,
    "vm": Vm,
    "datastore": Datastore,
    "network": Network,
}
"""What stands in `vsphere_objects`, by its kind; hosts have a table of their own."""


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    kinds: dict[str, type[Any]] = {"Host": Host}
    kinds |= {kind.__name__: kind for kind in KINDS.values()}
    return TypeAdapter(kinds[name])


def to_facts(value: Any) -> dict[str, Any]:
    """A value as JSON for a `facts` column."""
    facts: dict[str, Any] = _adapter(type(value).__name__).dump_python(value, mode="json")
    return facts


def from_facts(kind: type[T], facts: dict[str, Any]) -> T:
    """The value again. Facts of an older program lack later fields; those have their defaults."""
    value: T = _adapter(kind.__name__).validate_python(facts)
    return value


def load_site(connection: Connection, vcenter_id: int) -> Site | None:
    """The last inventory of a vCenter, or of a stand-alone host by `place_of_host`; None when it was never read. 4,000 VMs take
    about a tenth of a second."""
    if vcenter_id < 0:
        return load_alone(connection, -vcenter_id).get(vcenter_id)
    v = Vcenter
    columns = (v.instance_uuid, v.name, v.version, v.build, v.synced_at)
    row = connection.execute(select(*columns).where(v.id == vcenter_id)).one_or_none()
    if row is None or row.synced_at is None:
        return None
    found: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    o = VsphereObject
    for kind, facts in connection.execute(
        select(o.kind, o.facts).where(o.vcenter_id == vcenter_id).order_by(o.moid)
    ):
        if kind in KINDS:
            found[kind].append(from_facts(KINDS[kind], facts))
    return Site(
        About(row.instance_uuid, row.name, row.version, row.build),
        row.synced_at,
        tuple(found["folder"]),
        tuple(found["cluster"]),
        _hosts(connection, vcenter_id),
        tuple(found["vm"]),
        tuple(found["datastore"]),
        tuple(found["network"]),
    )


def load_alone(connection: Connection, host_id: int | None = None) -> dict[int, Site]:
    """The last inventories of all stand-alone hosts (or of one) that were ever read, by `place_of_host`. One whose last look
    failed shows what it showed before, and is not connected."""
    h, o = EsxiHost, EsxiObject
    wanted = [h.vcenter_id.is_(None), *([h.id == host_id] if host_id is not None else [])]
    found: dict[int, dict[str, list[Any]]] = {}
    objects = select(o.host_id, o.kind, o.facts).join(h, h.id == o.host_id).where(*wanted).order_by(o.moid)
    for owner, kind, facts in connection.execute(objects):
        if kind in KINDS:
            found.setdefault(owner, {}).setdefault(kind, []).append(from_facts(KINDS[kind], facts))
    sites = {}
    for row in connection.execute(select(h.id, h.name, h.facts, h.problem, h.seen_at).where(*wanted)):
        if not row.facts or row.seen_at is None:
            continue
        host = replace(from_facts(Host, row.facts), name=row.name)
        if row.problem:
            host = replace(host, connection=Reached.DISCONNECTED)
        kinds = found.get(row.id, {})
        sites[place_of_host(row.id)] = Site(
            About("", row.name, host.version, host.build, "esxi"),
            row.seen_at,
            hosts=(host,),
            vms=tuple(kinds.get("vm", ())),
            datastores=tuple(kinds.get("datastore", ())),
            networks=tuple(kinds.get("network", ())),
        )
    return sites


def alarms_known(connection: Connection, vcenter_id: int) -> dict[str, tuple[Alarm, str]]:
    """The alarms that were triggered at the last look, by key, each with the name of what it is on."""
    site = load_site(connection, vcenter_id)
    found: dict[str, tuple[Alarm, str]] = {}
    # A parent shows its children's again: the lowest object first.
    holders: tuple[Any, ...] = (*site.hosts, *site.datastores, *site.clusters) if site is not None else ()
    for holder in holders:
        for alarm in holder.alarms:
            found.setdefault(alarm.key, (alarm, holder.name))
    return found


def _hosts(connection: Connection, vcenter_id: int) -> tuple[Host, ...]:
    h = EsxiHost
    query = select(h.facts).where(h.vcenter_id == vcenter_id, h.gone.is_(False)).order_by(h.name)
    return tuple(from_facts(Host, facts) for (facts,) in connection.execute(query) if facts)


def load_picture(connection: Connection, vcenter_id: int, subject: str) -> ClusterPicture | None:
    """A cluster, or a host without one, as it was read last; None when it is not in the copy."""
    site = load_site(connection, vcenter_id)
    if site is None:
        return None
    around = essentials(connection, vcenter_id)
    try:
        return picture(site, subject, around.addresses, around.others)
    except KeyError:
        return None
