"""Changes a person makes to the list of servers. Nothing here talks to a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.domains import pdu_names
from dsm_desktop.core.errors import BadInput, DsmError, NotFound
from dsm_desktop.core.states import Access
from dsm_desktop.store import audit
from dsm_desktop.store.models import Server
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork

LONGEST_PDU = 80
_BATCH = 500
EDITABLE = frozenset(
    {
        "name",
        "address",
        "port",
        "notes",
        "custom",
        "asset_tag",
        "pdus",
        "assigned_credential_id",
        "trust_mode",
        "old_tls",
    }
)


class ServersGone(NotFound):
    """Some of the servers that were to be changed are not on the list any more; nothing was changed. `ids` names them."""

    def __init__(self, ids: Sequence[int], asked: int) -> None:
        self.ids = frozenset(ids)
        what = "The server is" if asked == 1 else f"{len(ids)} of {asked} servers are"
        super().__init__(
            f"{what} not on the list any more, so nothing was saved.",
            hint="The audit log says who removed it."
            if asked == 1
            else "Leave those out; the audit log says who removed them.",
            where=", ".join(f"server {i}" for i in sorted(ids)[:5]),
        )


def add_server(
    uow: UnitOfWork, who: Principal, address: str, port: int = 443, *, name: str = "", notes: str = ""
) -> int:
    """Put a BMC's address on the list; returns its id. It is read by the next inventory_refresh.

    BadInput when the address is empty or already listed.
    """
    who.require(Permission.CONFIGURE, "add servers")
    address = address.strip()
    if not address or " " in address or "/" in address:
        raise BadInput(
            f"'{address}' is not an address.", hint="Give the iDRAC's IP address or name, nothing else."
        )
    refuse_twin(uow, address, port)
    server = Server(address=address, port=port, name=name, notes=notes, added_at=uow.now)
    uow.session.add(server)
    uow.session.flush()
    audit.append(uow, who.name, "servers.add", f"{address}:{port}")
    uow.changed("servers", "added", server.id)
    return server.id


def edit_servers(uow: UnitOfWork, who: Principal, server_ids: Sequence[int], **values: Any) -> int:
    """Set the same values on one or many servers; returns how many. Only EDITABLE fields; the rest comes from the device."""
    who.require(Permission.CONFIGURE, "edit servers")
    if unknown := set(values) - EDITABLE:
        raise BadInput(f"These fields cannot be edited: {', '.join(sorted(unknown))}.")
    if len(server_ids) > 1 and "address" in values:
        raise BadInput("One address cannot be given to several servers.")
    if "pdus" in values:
        values["pdus"] = clean_pdus(values["pdus"])
    hold_servers(uow, server_ids)
    if "address" in values or "port" in values:
        _refuse_moving_onto_another(uow, server_ids, values)
    result = uow.session.execute(update(Server).where(Server.id.in_(server_ids)).values(**values))
    audit.append(uow, who.name, "servers.edit", f"{len(server_ids)} servers", fields=sorted(values))
    uow.changed("servers", "changed", *server_ids)
    return int(getattr(result, "rowcount", 0))


def hold_servers(uow: UnitOfWork, server_ids: Sequence[int]) -> None:
    """Keep anybody from removing these until the transaction ends; ServersGone where somebody has, because an update of a row
    that is not there would change nothing and say nothing."""
    there: set[int] = set()
    for start in range(0, len(server_ids), _BATCH):
        some = select(Server.id).where(Server.id.in_(server_ids[start : start + _BATCH])).order_by(Server.id)
        there.update(uow.session.scalars(some.with_for_update(read=True, key_share=True)))
    if gone := set(server_ids) - there:
        raise ServersGone(sorted(gone), len(server_ids))


def refuse_twin(uow: UnitOfWork, address: str, port: int, *, beside: int | None = None) -> None:
    """BadInput when another server than `beside` has this address already."""
    twin = uow.session.scalar(select(Server).where(Server.address == address, Server.port == port))
    if twin is not None and twin.id != beside:
        raise BadInput(
            f"{address}:{port} is already on the list as {label_of(twin)}.", hint="Edit that server instead."
        )


def _refuse_moving_onto_another(
    uow: UnitOfWork, server_ids: Sequence[int], values: Mapping[str, Any]
) -> None:
    for server_id in server_ids:
        server = _server(uow, server_id)
        address, port = values.get("address", server.address), int(values.get("port", server.port))
        refuse_twin(uow, address, port, beside=server_id)


def remove_servers(uow: UnitOfWork, who: Principal, server_ids: Sequence[int]) -> int:
    """Take servers off the list with their history; the devices are not touched. Returns how many."""
    who.require(Permission.CONFIGURE, "remove servers")
    names = [label_of(s) for s in uow.session.scalars(select(Server).where(Server.id.in_(server_ids)))]
    uow.session.execute(delete(Server).where(Server.id.in_(server_ids)))
    audit.append(uow, who.name, "servers.remove", f"{len(names)} servers", servers=names[:200])
    uow.changed("servers", "removed", *server_ids)
    return len(names)


def trust_certificate(uow: UnitOfWork, who: Principal, server_id: int, fingerprint: str) -> None:
    """Pin the certificate an operator has looked at (SHA-256, hex); the one before is in the audit log."""
    who.require(Permission.CONFIGURE, "trust certificates")
    server = _server(uow, server_id)
    audit.append(uow, who.name, "servers.trust", label_of(server), before=server.fingerprint, now=fingerprint)
    server.fingerprint = fingerprint.lower().replace(":", "")
    server.access, server.problem, server.problem_code = Access.UNKNOWN.value, "", ""
    uow.changed("servers", "changed", server_id)


def note_problem(uow: UnitOfWork, server_id: int, error: DsmError, access: Access) -> None:
    """Write on the server why it could not be read, so that the list says it without a look into jobs."""
    uow.session.execute(
        update(Server)
        .where(Server.id == server_id)
        .values(
            access=access.value,
            problem=clean_text(f"{error.message} {error.hint}".strip()),
            problem_code=error.code,
        )
    )
    uow.changed("servers", "changed", server_id)


def remember_login(uow: UnitOfWork, server_id: int, credential_id: int | None) -> None:
    """Keep the set that got in, so that a later change of ranges does not send another login to this server."""
    if credential_id is not None:
        uow.session.execute(
            update(Server)
            .where(Server.id == server_id, Server.discovered_credential_id.is_(None))
            .values(discovered_credential_id=credential_id)
        )


def clean_pdus(text: str) -> str:
    """Names of PDUs as they are stored: "A12, B12". BadInput."""
    names = pdu_names(clean_text(text))
    for name in names:
        if len(name) > LONGEST_PDU:
            raise BadInput(
                f"'{name[:20]}…' is longer than {LONGEST_PDU} characters.",
                hint="Name PDUs as they are labelled, with a comma between two.",
            )
    return ", ".join(names)


def label_of(server: Server) -> str:
    """What an operator calls a server: its name, else host name, else service tag, else address."""
    return server.name or server.host_name or server.service_tag or server.address


def _server(uow: UnitOfWork, server_id: int) -> Server:
    server = uow.session.get(Server, server_id)
    if server is None:
        raise NotFound(f"There is no server {server_id}.", hint="It may have been removed or merged.")
    return server
