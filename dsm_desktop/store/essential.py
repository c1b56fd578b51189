"""Machines the work on hosts depends on: vCenter itself, where this program and its database run, and what the settings name."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dsm_desktop.core.settings import SafetySettings
from dsm_desktop.store.models import EsxiHost, Vcenter
from dsm_desktop.store.settings import load_in


@dataclass(frozen=True, slots=True)
class Essentials:
    """`addresses` and names vCenter itself is reached at; `others` (address or name, what it is)."""

    addresses: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()


def essentials(connection: Connection, place: int) -> Essentials:
    """Those of a vCenter by its row's id, or of a stand-alone host (`place_of_host`), without asking anybody: for a look at the
    copy in the store. What hosts ask for names and time stands in the copy itself."""
    if place < 0:
        address = connection.scalar(select(EsxiHost.address).where(EsxiHost.id == -place))
        return Essentials(others=depended_on(connection, address or "", resolve=False))
    row = connection.execute(select(Vcenter.address, Vcenter.name).where(Vcenter.id == place)).one_or_none()
    if row is None:
        return Essentials()
    names = tuple(dict.fromkeys(name for name in (row.address, row.name) if name))
    return Essentials(names, depended_on(connection, row.address, resolve=False))


def depended_on(connection: Connection, peer: str, *, resolve: bool = True) -> tuple[tuple[str, str], ...]:
    """(address or name, what it is). `peer` is the address of the vCenter or host that is spoken to. If one of them is a VM it
    must not be shut down, and its host is done last. Not to `resolve`: a peer known by name is not looked up, which may take
    seconds, and this machine is then known by its own name alone."""
    found = [(socket.gethostname(), "the machine this program runs on")]
    own = _own_address(peer) if resolve or _numeric(peer) else ""
    if own and not own.startswith("127.") and own != "::1":
        found.append((own, "the machine this program runs on"))
    database = connection.engine.url.host
    if database and database not in ("localhost", "127.0.0.1", "::1"):
        found.append((database, "this program's database"))
    found += [
        (name, "named in the settings as one to keep running")
        for name in load_in(connection, SafetySettings).keep
    ]
    return tuple(dict(reversed(found)).items())


def _numeric(peer: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(peer))
    return False


def _own_address(peer: str) -> str:
    """The address of this machine that leads to a peer; nothing is sent."""
    with contextlib.suppress(OSError):
        family = socket.AF_INET6 if ":" in peer else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((peer, 443))
            return str(probe.getsockname()[0])
    return ""
