"""Servers as a scan finds them: recognised by service tag, then by address; moved and merged with their history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint, delete, select, update

from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.inventory import Identity
from dsm_desktop.core.states import Access
from dsm_desktop.store import audit
from dsm_desktop.store.models import Base, Server, ServerAddress
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.store.vsphere_sync import link_new_server


def upsert_server(
    uow: UnitOfWork, address: str, port: int, identity: Identity, fingerprint: str = ""
) -> tuple[int, bool]:
    """The id of the server that answered at an address, and whether it is new on the list.

    Known by its service tag elsewhere: it moved here (the old address goes to its history, and whoever was listed here
    gives the address up). Known by address with another tag: another machine stands there now. `fingerprint` is pinned
    when there is none; a different one is not taken over but shown (access untrusted).
    """
    tag = clean_text(identity.service_tag, 32) or None
    by_tag = uow.session.scalar(select(Server).where(Server.service_tag == tag)) if tag else None
    here = uow.session.scalar(select(Server).where(Server.address == address, Server.port == port))
    server, new = by_tag or here, False
    if by_tag is not None and by_tag is not here:
        if here is not None:
            _give_way(uow, here, by_tag)
        move_server(uow, by_tag, address, port)
    elif here is not None and tag and here.service_tag and here.service_tag != tag:
        _leave(uow, here, f"{tag} answers there now")
        server = None
    if server is None:
        server = Server(address=address, port=port, added_at=uow.now, access=Access.UNKNOWN.value)
        uow.session.add(server)
        new = True
    _take_over(uow, server, identity, tag, fingerprint)
    uow.session.flush()
    uow.changed("servers", "added" if new else "changed", server.id)
    if new:
        link_new_server(uow, server.id)
    return server.id, new


def hold_server(uow: UnitOfWork, server_id: int) -> tuple[str | None, str]:
    """By what hosts are found to run on it (service tag, UUID). Whoever else writes down what was read of it waits for our
    commit. NotFound when it was removed."""
    row = uow.session.execute(
        select(Server.service_tag, Server.uuid).where(Server.id == server_id).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise NotFound(
            "The server is not on the list any more.",
            hint="It was removed, or merged with another.",
            where=f"server {server_id}",
        )
    return row.service_tag, row.uuid


def merge_servers(uow: UnitOfWork, keep_id: int, gone_id: int, *, actor: str = "") -> None:
    """Make one of two: everything known of `gone_id` goes to `keep_id`, its address to the history. BadInput, NotFound."""
    if keep_id == gone_id:
        raise BadInput("A server cannot be merged with itself.", hint="Choose two.")
    keep, gone = uow.session.get(Server, keep_id), uow.session.get(Server, gone_id)
    if keep is None or gone is None:
        raise NotFound("One of the two servers is no longer on the list.", hint="Read the list again.")
    for table in Base.metadata.tables.values():
        if "server_id" in table.c:
            _move_rows(uow, table, keep_id, gone_id)
    _note_address(uow, keep_id, gone.address, gone.port, gone.added_at, gone.seen_at, "merged")
    keep.name = keep.name or gone.name
    keep.notes = "\n".join(t for t in (keep.notes, gone.notes) if t)
    keep.pdus = keep.pdus or gone.pdus
    keep.custom = {**gone.custom, **keep.custom}
    keep.assigned_credential_id = keep.assigned_credential_id or gone.assigned_credential_id
    keep.discovered_credential_id = keep.discovered_credential_id or gone.discovered_credential_id
    keep.added_at = min(keep.added_at, gone.added_at)
    tag, gone.service_tag = gone.service_tag, None
    uow.session.flush()
    keep.service_tag = keep.service_tag or tag
    if keep.problem_code == "DuplicateServer":
        keep.problem, keep.problem_code = "", ""
    uow.session.execute(delete(Server).where(Server.id == gone_id))
    uow.session.expunge(gone)
    if actor:
        audit.append(
            uow, actor, "servers.merge", keep.service_tag or keep.address, gone=f"{gone.address}:{gone.port}"
        )
    uow.changed("servers", "removed", gone_id)
    uow.changed("servers", "changed", keep_id)


def _take_over(
    uow: UnitOfWork, server: Server, identity: Identity, tag: str | None, fingerprint: str
) -> None:
    server.service_tag = server.service_tag or tag
    server.bmc_mac = clean_text(identity.bmc_mac, 32) or server.bmc_mac or ""
    server.uuid = clean_text(identity.uuid, 64) or server.uuid or ""
    server.redfish_version = clean_text(identity.redfish_version, 20) or server.redfish_version or ""
    server.manufacturer = server.manufacturer or (
        "Dell Inc." if identity.is_dell else clean_text(identity.vendor, 80)
    )
    server.model = server.model or ("" if identity.is_dell else clean_text(identity.product, 120))
    server.seen_at = uow.now
    if not server.fingerprint:
        server.fingerprint = fingerprint
    elif fingerprint and fingerprint != server.fingerprint and server.trust_mode == "pin":
        server.access, server.problem_code = Access.UNTRUSTED.value, "CertificateChanged"
        server.problem = (
            f"The certificate has changed: pinned {server.fingerprint[:16]}…, shown {fingerprint[:16]}…."
            " Compare and approve the new one."
        )


def _give_way(uow: UnitOfWork, here: Server, mover: Server) -> None:
    if here.service_tag:
        _leave(uow, here, f"{mover.service_tag} answers there now")
    else:  # listed by address before its tag was known: the same machine
        merge_servers(uow, mover.id, here.id)


def _leave(uow: UnitOfWork, server: Server, reason: str) -> None:
    """Its address belongs to another; a name that can never resolve (RFC 2606) keeps the row until it is met again."""
    _note_address(uow, server.id, server.address, server.port, server.added_at, server.seen_at, reason)
    server.address = f"moved-{server.service_tag or server.id}.invalid"
    server.access, server.problem_code = Access.UNREACHABLE.value, "AddressTaken"
    server.problem = f"Its address is gone: {reason}. Scan to find it again."
    uow.session.flush()
    uow.changed("servers", "changed", server.id)


def move_server(uow: UnitOfWork, server: Server, address: str, port: int) -> None:
    """It answers at another address now, which is nobody else's; where it was is kept."""
    if not server.address.endswith(".invalid"):
        _note_address(uow, server.id, server.address, server.port, server.added_at, server.seen_at, "moved")
    server.address, server.port = address, port
    if server.problem_code == "AddressTaken":
        server.access, server.problem, server.problem_code = Access.UNKNOWN.value, "", ""


def _note_address(
    uow: UnitOfWork,
    server_id: int,
    address: str,
    port: int,
    first: datetime,
    last: datetime | None,
    reason: str,
) -> None:
    uow.session.add(
        ServerAddress(
            server_id=server_id,
            address=address,
            port=port,
            first_seen=first,
            last_seen=last or first,
            reason=reason[:200],
        )
    )


def _move_rows(uow: UnitOfWork, table: Table, keep_id: int, gone_id: int) -> None:
    """Where both have what there is once (a log entry, a group, a place in a rack), the kept one's stays."""
    keys = [
        key.columns for key in table.constraints if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)
    ]
    keys += [index.columns for index in table.indexes if index.unique]
    ours = table.alias("ours")
    for key in keys:
        if "server_id" not in key:
            continue
        rest = [column for column in key if column.name != "server_id"]
        double = select(ours.c.server_id).where(
            ours.c.server_id == keep_id,
            *(ours.c[c.name].is_not_distinct_from(c) if c.nullable else ours.c[c.name] == c for c in rest),
        )
        theirs = (table.c.server_id == gone_id) & double.correlate(table).exists()
        uow.session.execute(delete(table).where(theirs))
    uow.session.execute(update(table).where(table.c.server_id == gone_id).values(server_id=keep_id))
