"""Changes a person makes to vCenters and ESXi hosts. Nothing here talks to one."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import delete, select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.net.tls import Trust
from dsm_desktop.store import audit
from dsm_desktop.store.models import EsxiHost, Server, ServerGroup, Vcenter
from dsm_desktop.store.steps import one_asks
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.store.vsphere_links import BY_HAND
from dsm_desktop.store.vsphere_sync import relink

EDITABLE = frozenset({"name", "address", "port", "notes", "assigned_credential_id", "trust_mode"})


def add_vcenter(
    uow: UnitOfWork,
    who: Principal,
    address: str,
    port: int = 443,
    *,
    name: str = "",
    credential_id: int | None = None,
) -> int:
    """Put a vCenter on the list; returns its id. Its certificate is to be approved before the first login.

    BadInput when the address is empty or already listed.
    """
    who.require(Permission.CONFIGURE, "add vCenters")
    address = _address(address)
    twin = uow.session.scalar(select(Vcenter).where(Vcenter.address == address, Vcenter.port == port))
    if twin is not None:
        raise BadInput(f"{address}:{port} is already on the list.", hint="Change that entry instead.")
    row = Vcenter(
        address=address,
        port=port,
        name=name.strip(),
        assigned_credential_id=credential_id,
        added_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    audit.append(uow, who.name, "vcenters.add", f"{address}:{port}")
    uow.changed("vcenters", "added", row.id)
    return row.id


def edit_vcenter(uow: UnitOfWork, who: Principal, vcenter_id: int, /, **values: Any) -> None:
    """Set EDITABLE fields. Another address needs its certificate approved anew."""
    who.require(Permission.CONFIGURE, "change vCenters")
    if unknown := set(values) - EDITABLE:
        raise BadInput(f"These fields cannot be edited: {', '.join(sorted(unknown))}.")
    row = _vcenter(uow, vcenter_id)
    if "address" in values:
        values["address"] = _address(values["address"])
    place = (values.get("address", row.address), values.get("port", row.port))
    twin = uow.session.scalar(select(Vcenter).where(Vcenter.address == place[0], Vcenter.port == place[1]))
    if twin is not None and twin.id != vcenter_id:
        raise BadInput(
            f"{place[0]}:{place[1]} is already on the list as {twin.name or twin.address}.",
            hint="Change that entry instead.",
        )
    moved = any(key in values and values[key] != getattr(row, key) for key in ("address", "port"))
    for key, value in values.items():
        setattr(row, key, value)
    if moved:
        row.fingerprint, row.shown_fingerprint = "", ""
    audit.append(uow, who.name, "vcenters.edit", row.address, fields=sorted(values))
    uow.changed("vcenters", "changed", vcenter_id)


def approve_vcenter_certificate(uow: UnitOfWork, who: Principal, vcenter_id: int, fingerprint: str) -> None:
    """Pin the certificate an operator has looked at (SHA-256, hex); the one before is in the audit log."""
    who.require(Permission.CONFIGURE, "trust certificates")
    row = _vcenter(uow, vcenter_id)
    pin = _pin(fingerprint)
    audit.append(uow, who.name, "vcenters.trust", row.address, before=row.fingerprint, now=pin)
    row.fingerprint, row.problem = pin, ""
    uow.changed("vcenters", "changed", vcenter_id)


def remove_vcenter(uow: UnitOfWork, who: Principal, vcenter_id: int) -> None:
    """Take a vCenter off the list with its copy, its hosts' rows and the groups of its clusters; nothing in it is touched."""
    who.require(Permission.CONFIGURE, "remove vCenters")
    row = _vcenter(uow, vcenter_id)
    if row.instance_uuid:
        group = ServerGroup
        of_it = group.source.startswith(f"{row.instance_uuid}:", autoescape=True)
        uow.session.execute(delete(group).where(group.kind == "vcenter_cluster", of_it))
        uow.changed("server_groups", "removed")
    audit.append(uow, who.name, "vcenters.remove", row.address)
    uow.session.delete(row)
    uow.changed("vcenters", "removed", vcenter_id)


def add_esxi_host(
    uow: UnitOfWork,
    who: Principal,
    address: str,
    port: int = 443,
    *,
    name: str = "",
    credential_id: int | None = None,
) -> int:
    """Put an ESXi host without vCenter on the list; returns its id."""
    who.require(Permission.CONFIGURE, "add hosts")
    address = _address(address)
    # No constraint of the table covers hosts without a vCenter: two people who add the same one at once go one after the other.
    one_asks(uow, f"host {address}:{port}")
    alone = (EsxiHost.vcenter_id.is_(None), EsxiHost.address == address, EsxiHost.port == port)
    if uow.session.scalar(select(EsxiHost.id).where(*alone)) is not None:
        raise BadInput(f"{address}:{port} is already on the list.", hint="Change that entry instead.")
    row = EsxiHost(
        name=name.strip() or address, address=address, port=port, assigned_credential_id=credential_id
    )
    uow.session.add(row)
    uow.session.flush()
    audit.append(uow, who.name, "hosts.add", f"{address}:{port}")
    uow.changed("esxi_hosts", "added", row.id)
    return row.id


def approve_host_certificate(uow: UnitOfWork, who: Principal, host_id: int, fingerprint: str) -> None:
    """Pin the certificate of a host without vCenter, as an operator has looked at it."""
    who.require(Permission.CONFIGURE, "trust certificates")
    host = uow.session.get(EsxiHost, host_id)
    if host is None:
        raise NotFound("The host is not on the list any more.", hint="Read the list again.")
    pin = _pin(fingerprint)
    audit.append(uow, who.name, "hosts.trust", host.name, before=host.fingerprint, now=pin)
    host.fingerprint, host.problem = pin, ""
    uow.changed("esxi_hosts", "changed", host_id)


def remove_esxi_host(uow: UnitOfWork, who: Principal, host_id: int) -> None:
    """Take a host off the list that has no vCenter, or that its vCenter does not list any more."""
    who.require(Permission.CONFIGURE, "remove hosts")
    host = uow.session.get(EsxiHost, host_id)
    if host is None:
        raise NotFound("The host is not on the list any more.", hint="Read the list again.")
    if host.vcenter_id is not None and not host.gone:
        raise BadInput(f"{host.name} belongs to a vCenter.", hint="Take it out there, or remove the vCenter.")
    audit.append(uow, who.name, "hosts.remove", host.name)
    uow.session.delete(host)
    uow.changed("esxi_hosts", "removed", host_id)


def link_host(uow: UnitOfWork, who: Principal, host_id: int, server_id: int | None) -> str:
    """Say by hand on which server a host runs; None takes that away, and what links hosts by itself is asked at once. Returns
    how the host is linked then (tag | uuid | bmc | hand | "").

    What a person says goes before what was found: a host that was only found to run on that server is looked for anew.
    """
    who.require(Permission.CONFIGURE, "link hosts to servers")
    host = uow.session.get(EsxiHost, host_id)
    if host is None:
        raise NotFound("The host is not on the list any more.", hint="Read the list again.")
    others = _free_by_hand(uow, host_id, server_id) if server_id is not None else []
    host.server_id, host.link = server_id, BY_HAND if server_id is not None else ""
    uow.session.flush()
    for vcenter_id in {row.vcenter_id for row in (host, *others)}:
        relink(uow, vcenter_id)
    displaced = [row.name for row in others]
    audit.append(uow, who.name, "hosts.link", host.name, server=server_id, instead_of=displaced)
    uow.changed("esxi_hosts", "changed", host_id, *(row.id for row in others))
    return host.link


def _free_by_hand(uow: UnitOfWork, host_id: int, server_id: int) -> list[EsxiHost]:
    """Take from a server what is linked to it but was not put there by hand; returns those hosts. BadInput, NotFound."""
    if uow.session.get(Server, server_id) is None:
        raise NotFound("The server is not on the list any more.", hint="Read the list again.")
    here = select(EsxiHost).where(EsxiHost.server_id == server_id, EsxiHost.id != host_id)
    others = list(uow.session.scalars(here))
    for other in others:
        if other.link == BY_HAND and not other.gone:
            raise BadInput(
                f"{other.name} was linked to that server by hand.",
                hint="Take that link away first: Link to a server…, Automatic (vcenters link HOST).",
            )
    for other in others:
        other.server_id, other.link = None, ""
    return others


def _pin(fingerprint: str) -> str:
    pin = Trust(fingerprint=fingerprint).fingerprint
    if not pin:
        raise BadInput("No fingerprint was given.", hint="Copy the 64 digits of the SHA-256 fingerprint.")
    return pin


def approve_ssh_key(uow: UnitOfWork, who: Principal, host_id: int, fingerprint: str) -> None:
    """Believe this SSH host key (SHA-256, hex) of a host from now on; "" forgets it, and the next contact decides."""
    who.require(Permission.CONFIGURE, "trust SSH host keys")
    host = uow.session.get(EsxiHost, host_id)
    if host is None:
        raise NotFound("The host is not on the list any more.", hint="Read the list again.")
    key = fingerprint.strip().lower().replace(":", "")
    if key and not re.fullmatch(r"[0-9a-f]{64}", key):
        raise BadInput(f"'{fingerprint}' is no SHA-256 in hex.", hint="It has 64 digits of 0-9 and a-f.")
    before, host.ssh_key = host.ssh_key, key
    audit.append(uow, who.name, "hosts.ssh_key", host.name, before=before, fingerprint=key)
    uow.changed("esxi_hosts", "changed", host_id)


def _address(address: str) -> str:
    clean = address.strip()
    if not clean or " " in clean or "/" in clean:
        raise BadInput(f"'{address}' is not an address.", hint="Give the IP address or name, nothing else.")
    return clean


def _vcenter(uow: UnitOfWork, vcenter_id: int) -> Vcenter:
    row = uow.session.get(Vcenter, vcenter_id)
    if row is None:
        raise NotFound("The vCenter is not on the list any more.", hint="Read the list again.")
    return row
