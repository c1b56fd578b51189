"""What a vCenter showed now, written down: its objects as they are, its hosts by their lasting identity."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from dsm_desktop.core.errors import Blame, DsmError, NotFound
from dsm_desktop.core.vsphere import Cluster, Host, Vm
from dsm_desktop.core.vsphere_site import ClusterPicture, Site
from dsm_desktop.store.models import EsxiHost, EsxiObject, Vcenter, VsphereObject
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.store.vsphere import KINDS, from_facts, to_facts
from dsm_desktop.store.vsphere_links import follow_clusters, link_hosts, vcenters_waiting_for

_BATCH = 500
_KIND_OF = {kind: name for name, kind in KINDS.items()}


class OtherVcenter(DsmError):
    """Another vCenter answers at this address than before, or one that is already on the list."""

    blame = Blame.USER


def never_read(connection: Connection, vcenter_id: int) -> bool:
    """Whether nothing of this vCenter is known yet."""
    return connection.scalar(select(Vcenter.synced_at).where(Vcenter.id == vcenter_id)) is None


def save_site(uow: UnitOfWork, vcenter_id: int, site: Site) -> None:
    """Replace the copy of a vCenter, follow its hosts, link them to servers, and let the groups of its clusters follow.

    Objects are keyed by (vCenter, moid): equal moids of two vCenters stay apart. Raises NotFound, OtherVcenter.
    """
    row = uow.session.get(Vcenter, vcenter_id)
    if row is None:
        raise NotFound("The vCenter is not on the list any more.", where=f"vCenter {vcenter_id}")
    _recognise(uow, row, site.about.instance_uuid)
    row.instance_uuid = site.about.instance_uuid
    row.version, row.build = clean_text(site.about.version, 40), clean_text(site.about.build, 40)
    row.problem, row.synced_at = "", uow.now
    uow.session.flush()
    uow.session.execute(delete(VsphereObject).where(VsphereObject.vcenter_id == vcenter_id))
    _insert(uow, vcenter_id, (*site.folders, *site.clusters, *site.vms, *site.datastores, *site.networks))
    save_hosts(uow, vcenter_id, site.hosts, all_of_them=True)
    link_hosts(uow, vcenter_id)
    follow_clusters(uow, vcenter_id, site.about.instance_uuid, site.clusters)
    uow.changed("vcenters", "changed", vcenter_id)


def link_new_server(uow: UnitOfWork, server_id: int) -> None:
    """A server came onto the list, or told who it is: hosts that have none may run on it, and their clusters' groups get it."""
    for vcenter_id in vcenters_waiting_for(uow.session.connection(), server_id):
        relink(uow, vcenter_id)


def relink(uow: UnitOfWork, vcenter_id: int | None) -> None:
    """Find the servers of a vCenter's hosts anew (None: of those without one), and let its clusters' groups follow."""
    link_hosts(uow, vcenter_id)
    if vcenter_id is not None:
        follow_known_clusters(uow, uow.session.get_one(Vcenter, vcenter_id))


def follow_known_clusters(uow: UnitOfWork, vcenter: Vcenter) -> None:
    """Let the groups follow the copy: after a host was linked anew."""
    o = VsphereObject
    query = select(o.facts).where(o.vcenter_id == vcenter.id, o.kind == "cluster")
    clusters = [from_facts(Cluster, facts) for facts in uow.session.scalars(query)]
    follow_clusters(uow, vcenter.id, vcenter.instance_uuid, clusters)


def save_objects(uow: UnitOfWork, vcenter_id: int, values: Sequence[Any], gone: Sequence[str] = ()) -> None:
    """Change single objects of the copy (live updates); `gone` = moids that are not there any more."""
    moids = [value.moid for value in values] + list(gone)
    for start in range(0, len(moids), _BATCH):
        chunk = moids[start : start + _BATCH]
        uow.session.execute(
            delete(VsphereObject).where(VsphereObject.vcenter_id == vcenter_id, VsphereObject.moid.in_(chunk))
        )
    _insert(uow, vcenter_id, values)
    uow.changed("vcenters", "changed", vcenter_id)


def save_changes(uow: UnitOfWork, vcenter_id: int, part: Site, gone: Sequence[str]) -> None:
    """Write a part of a site over the copy, and take out what is gone; nothing happens to a vCenter that is off the list."""
    vcenter = uow.session.get(Vcenter, vcenter_id)
    if vcenter is None:
        return
    save_objects(
        uow, vcenter_id, (*part.folders, *part.clusters, *part.vms, *part.datastores, *part.networks), gone
    )
    save_hosts(uow, vcenter_id, part.hosts)
    here = (EsxiHost.vcenter_id == vcenter_id, EsxiHost.moid.in_(gone))
    uow.session.execute(update(EsxiHost).where(*here).values(gone=True))
    if part.hosts or gone:
        link_hosts(uow, vcenter_id)
    follow_known_clusters(uow, vcenter)


def note_vcenter_problem(uow: UnitOfWork, vcenter_id: int, error: DsmError, shown: str = "") -> None:
    """Write on the vCenter why it could not be read; its copy stays. `shown` = fingerprint of the certificate that waits to be
    approved."""
    values = {"problem": _problem(error)}
    if shown:
        values["shown_fingerprint"] = shown
    uow.session.execute(update(Vcenter).where(Vcenter.id == vcenter_id).values(values))
    uow.changed("vcenters", "changed", vcenter_id)


def clear_vcenter_problem(uow: UnitOfWork, vcenter_id: int) -> None:
    """It could be read, though its copy was not renewed by it."""
    uow.session.execute(update(Vcenter).where(Vcenter.id == vcenter_id).values(problem=""))
    uow.changed("vcenters", "changed", vcenter_id)


def note_host_problem(uow: UnitOfWork, host_id: int, error: DsmError) -> None:
    """Write on a stand-alone host why it could not be read; what it showed last stays. Nothing on a host of a vCenter."""
    values = {"problem": _problem(error)}
    here = (EsxiHost.id == host_id, EsxiHost.vcenter_id.is_(None))
    uow.session.execute(update(EsxiHost).where(*here).values(values))
    uow.changed("esxi_hosts", "changed", host_id)


def _problem(error: DsmError) -> str:
    """What is wrong and the next step, as two sentences."""
    said = [text for text in (error.message.strip(), error.hint.strip()) if text]
    return clean_text(" ".join(text if text[-1] in ".?!" else f"{text}." for text in said), 4_000)


def note_shown_certificate(uow: UnitOfWork, host_id: int, vcenter_id: int | None, shown: str) -> None:
    """The certificate that the way to a host showed (its vCenter's, or its own), for a person to approve."""
    if vcenter_id is not None:
        uow.session.execute(update(Vcenter).where(Vcenter.id == vcenter_id).values(shown_fingerprint=shown))
        uow.changed("vcenters", "changed", vcenter_id)
        return
    uow.session.execute(update(EsxiHost).where(EsxiHost.id == host_id).values(shown_fingerprint=shown))
    uow.changed("esxi_hosts", "changed", host_id)


def without_address(connection: Connection, vcenter_id: int) -> list[str]:
    """Moids of the hosts of a vCenter that are only known by a name."""
    h = EsxiHost
    columns = (h.moid, h.address, h.name)
    rows = connection.execute(select(*columns).where(h.vcenter_id == vcenter_id, h.gone.is_(False)))
    return [row.moid for row in rows if row.address in ("", row.name) and not _is_ip(row.name)]


def note_addresses(uow: UnitOfWork, vcenter_id: int, addresses: Mapping[str, str]) -> None:
    """The addresses hosts are reached at, by moid."""
    for moid, address in addresses.items():
        here = (EsxiHost.vcenter_id == vcenter_id, EsxiHost.moid == moid)
        uow.session.execute(update(EsxiHost).where(*here).values(address=clean_text(address, 255)))


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def save_host(uow: UnitOfWork, host_id: int, host: Host) -> bool:
    """One host as it is now, by its row; finds its server. True when one is linked. Raises NotFound."""
    row = uow.session.get(EsxiHost, host_id)
    if row is None:
        raise NotFound("The host is not on the list any more.", where=host.name)
    if row.vcenter_id is None:
        # vCenter knows a name, a host by itself often just "localhost": the operator's stays.
        row.moid = host.moid
    else:
        row.name, row.cluster = clean_text(host.name, 255), host.cluster
    row.service_tag, row.uuid = host.service_tag, host.uuid
    row.facts, row.gone, row.problem, row.seen_at = to_facts(host), False, "", uow.now
    uow.session.flush()
    relink(uow, row.vcenter_id)
    uow.changed("esxi_hosts", "changed", host_id)
    return row.server_id is not None


def save_alone(uow: UnitOfWork, host_id: int, seen: ClusterPicture) -> bool:
    """A stand-alone host as it is now, with its VMs, datastores and networks in place of what it showed before. As `save_host`."""
    linked = save_host(uow, host_id, seen.hosts[0])
    uow.session.execute(delete(EsxiObject).where(EsxiObject.host_id == host_id))
    values: Iterable[Any] = (*seen.vms, *seen.datastores, *seen.networks)
    rows = [
        {
            "host_id": host_id,
            "moid": value.moid,
            "kind": _KIND_OF[type(value)],
            "name": clean_text(value.name, 255),
            "facts": to_facts(value),
        }
        for value in values
    ]
    if rows:
        uow.session.execute(insert(EsxiObject), rows)
    return linked


def _recognise(uow: UnitOfWork, row: Vcenter, instance_uuid: str) -> None:
    if row.instance_uuid and row.instance_uuid != instance_uuid:
        raise OtherVcenter(
            "another vCenter answers here than before",
            hint="Was it installed anew? Then remove it from the list and add it again.",
            where=row.address,
            detail=f"before {row.instance_uuid}, now {instance_uuid}",
        )
    twin = uow.session.scalar(
        select(Vcenter.address).where(
            Vcenter.instance_uuid == instance_uuid, Vcenter.instance_uuid != "", Vcenter.id != row.id
        )
    )
    if twin is not None:
        raise OtherVcenter(
            f"this is the same vCenter as {twin}", hint="Remove one of the two.", where=row.address
        )


def _insert(uow: UnitOfWork, vcenter_id: int, values: Iterable[Any]) -> None:
    now = uow.now
    rows = [
        {
            "vcenter_id": vcenter_id,
            "moid": value.moid,
            "kind": _KIND_OF[type(value)],
            "name": clean_text(value.name, 255),
            "host": value.host if isinstance(value, Vm) else "",
            "facts": to_facts(value),
            "seen_at": now,
        }
        for value in values
    ]
    if rows:
        uow.session.execute(insert(VsphereObject), rows)


def save_hosts(uow: UnitOfWork, vcenter_id: int, hosts: Sequence[Host], *, all_of_them: bool = False) -> None:
    """Hosts by moid; one that came back under a new moid (removed and added again) keeps its row by service tag or uuid.

    With `all_of_them` those that are not among them are marked as gone; their rows stay for jobs and reports.
    """
    rows = list(uow.session.scalars(select(EsxiHost).where(EsxiHost.vcenter_id == vcenter_id)))
    by_moid = {row.moid: row for row in rows}
    present = {host.moid for host in hosts}
    alone = list(uow.session.scalars(select(EsxiHost).where(EsxiHost.vcenter_id.is_(None))))
    left = [row for row in rows if row.moid not in present] if all_of_them else []
    free = [*left, *alone]
    seen: list[EsxiHost] = []
    joined: list[int] = []
    for host in hosts:
        row = by_moid.get(host.moid) or _same_machine(host, hosts, free)
        if row is None:
            row = EsxiHost(vcenter_id=vcenter_id, name=clean_text(host.name, 255), facts={})
            uow.session.add(row)
        elif row in free:
            free.remove(row)
        if row in alone:
            joined.append(row.id)
        if row.address in ("", row.name):
            row.address = clean_text(host.name, 255)
        row.vcenter_id, row.moid, row.cluster = vcenter_id, host.moid, host.cluster
        row.name, row.service_tag, row.uuid = clean_text(host.name, 255), host.service_tag, host.uuid
        row.facts, row.gone, row.problem, row.seen_at = to_facts(host), False, "", uow.now
        seen.append(row)
    for row in left:
        if row in free:
            row.gone = True
    uow.session.flush()
    if joined:  # from now on vCenter shows what runs on them
        uow.session.execute(delete(EsxiObject).where(EsxiObject.host_id.in_(joined)))
    uow.changed("esxi_hosts", "changed", *(row.id for row in [*seen, *left]))


def _same_machine(host: Host, hosts: Sequence[Host], free: Sequence[EsxiHost]) -> EsxiHost | None:
    """The row of the same hardware. Only where tag or uuid belong to one host alone: white boxes share uuids of zeros."""
    for name in ("service_tag", "uuid"):
        value = getattr(host, name)
        if not value or Counter(getattr(other, name) for other in hosts)[value] > 1:
            continue
        found = [row for row in free if getattr(row, name) == value]
        if len(found) == 1:
            return found[0]
    return None
