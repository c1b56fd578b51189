"""Consoles: an address on its way to the window that asked for it, and the newest picture of a screen."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import delete, func, select

from dsm_desktop.store.models import ConsoleTicket, ServerScreenshot
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.columns import CONSOLE_URL
from dsm_desktop.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Ticket:
    """A console's address; it may hold a one-time sign-in, so it hides itself when printed."""

    server_id: int
    url: SecretStr


def leave_ticket(uow: UnitOfWork, vault: Vault, job_id: int, server_id: int, url: SecretStr) -> int:
    """Leave an address, sealed, for the window that handed the job in; returns its id."""
    row = ConsoleTicket(job_id=job_id, server_id=server_id, created_at=uow.now)
    uow.session.add(row)
    uow.session.flush()
    row.url = vault.seal(uow, CONSOLE_URL.place(row.id), url)
    uow.changed("console_tickets", "added", row.id, job=job_id)
    return row.id


def take_tickets(uow: UnitOfWork, vault: Vault, job_id: int) -> list[Ticket]:
    """Open and remove what was left for a job: each is there once. Raises VaultLocked."""
    rows = uow.session.scalars(select(ConsoleTicket).where(ConsoleTicket.job_id == job_id)).all()
    found = [Ticket(row.server_id, vault.open(CONSOLE_URL.place(row.id), row.url)) for row in rows if row.url]
    for row in rows:
        uow.session.delete(row)
    if rows:
        uow.changed("console_tickets", "removed", *[row.id for row in rows])
    return found


def withdraw_tickets(uow: UnitOfWork, job_id: int, server_id: int) -> bool:
    """Remove what nobody came for; whether there was something."""
    gone = uow.session.execute(
        delete(ConsoleTicket)
        .where(ConsoleTicket.job_id == job_id, ConsoleTicket.server_id == server_id)
        .returning(ConsoleTicket.id)
    ).all()
    return bool(gone)


def ticket_waits(uow: UnitOfWork, job_id: int, server_id: int) -> bool:
    """Whether it has not been taken yet."""
    query = select(func.count()).where(ConsoleTicket.job_id == job_id, ConsoleTicket.server_id == server_id)
    return bool(uow.session.scalar(query))


def save_screenshot(uow: UnitOfWork, server_id: int, png: bytes) -> None:
    """Replace a server's newest picture."""
    uow.session.merge(ServerScreenshot(server_id=server_id, taken_at=uow.now, png=png))
    uow.changed("server_screenshots", "changed", server_id)
