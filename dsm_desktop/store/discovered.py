"""Servers as a scan finds them: recognised by service tag, then by address; moved and merged with their history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute

from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.inventory import Identity
from dsm_desktop.core.states import Access
from dsm_desktop.store import audit
from dsm_desktop.store.models import (
    ApiCall,
    BmcSession,
    EsxiHost,
    InventorySnapshot,
    JobTask,
    RackPlace,
    Reading,
    RestoreItem,
    Server,
    ServerAddress,
    ServerEventLog,
    ServerGroupMember,
    ServerTag,
)
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.store.vsphere_sync import link_new_server

_FOLLOWS: tuple[InstrumentedAttribute[int] | InstrumentedAttribute[int | None], ...] = (
    InventorySnapshot.server_id,
    EsxiHost.server_id,
    Reading.server_id,
    JobTask.server_id,
    RestoreItem.server_id,
    ServerAddress.server_id,
    ApiCall.server_id,
    BmcSession.server_id,
)


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


def merge_servers(uow: UnitOfWork, keep_id: int, gone_id: int, *, actor: str = "") -> None:
    """Make one of two: everything known of `gone_id` goes to `keep_id`, its address to the history. BadInput, NotFound."""
    if keep_id == gone_id:
        raise BadInput("A server cannot be merged with itself.", hint="Choose two.")
    keep, gone = uow.session.get(Server, keep_id), uow.session.get(Server, gone_id)
    if keep is None or gone is None:
        raise NotFound("One of the two servers is no longer on the list.", hint="Read the list again.")
    for column in _FOLLOWS:
        uow.session.execute(update(column.class_).where(column == gone_id).values(server_id=keep_id))
    _move_logs(uow, keep_id, gone_id)
    _move_groups(uow, keep_id, gone_id)
    _move_annotations(uow, keep_id, gone_id)
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


def _move_logs(uow: UnitOfWork, keep_id: int, gone_id: int) -> None:
    """Entries that both have (the same iDRAC was read twice) stay with the kept one."""
    theirs, ours = ServerEventLog.__table__.alias("theirs"), ServerEventLog.__table__.alias("ours")
    doubles = select(theirs.c.id).where(
        theirs.c.server_id == gone_id,
        select(ours.c.id)
        .where(
            ours.c.server_id == keep_id,
            ours.c.log == theirs.c.log,
            ours.c.entry_id == theirs.c.entry_id,
            ours.c.created.is_not_distinct_from(theirs.c.created),
        )
        .exists(),
    )
    uow.session.execute(
        delete(ServerEventLog)
        .where(ServerEventLog.id.in_(doubles))
        .execution_options(synchronize_session=False)
    )
    uow.session.execute(
        update(ServerEventLog).where(ServerEventLog.server_id == gone_id).values(server_id=keep_id)
    )


def _move_groups(uow: UnitOfWork, keep_id: int, gone_id: int) -> None:
    member = ServerGroupMember
    ours = select(member.group_id).where(member.server_id == keep_id)
    missing = select(member.group_id, literal(keep_id)).where(
        member.server_id == gone_id, member.group_id.not_in(ours)
    )
    uow.session.execute(insert(member).from_select(["group_id", "server_id"], missing))
    uow.session.execute(delete(member).where(member.server_id == gone_id))


def _move_annotations(uow: UnitOfWork, keep_id: int, gone_id: int) -> None:
    """Tags of both; the kept one's place in a rack, else the other's."""
    tag, place = ServerTag, RackPlace
    ours = select(tag.tag).where(tag.server_id == keep_id)
    missing = select(literal(keep_id), tag.tag).where(tag.server_id == gone_id, tag.tag.not_in(ours))
    uow.session.execute(insert(tag).from_select(["server_id", "tag"], missing))
    if uow.session.scalar(select(place.server_id).where(place.server_id == keep_id)) is None:
        uow.session.execute(update(place).where(place.server_id == gone_id).values(server_id=keep_id))
