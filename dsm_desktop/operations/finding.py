"""What a scan writes down about one address."""

from __future__ import annotations

from pydantic import BaseModel

from dsm_desktop.core.inventory import Identity
from dsm_desktop.core.states import JobState
from dsm_desktop.store.inventory import upsert_server
from dsm_desktop.store.models import Job
from dsm_desktop.store.unit_of_work import UnitOfWork


class Found(BaseModel):
    """One answering address: a server of the list (`server_id`, `new`), or why it is none (an error's code)."""

    address: str
    server_id: int = 0
    new: bool = False
    is_dell: bool = False
    why: str = ""


def note_found(uow: UnitOfWork, address: str, port: int, identity: Identity, fingerprint: str) -> Found:
    """Put a BMC on the list or recognise it: by service tag first (it may have moved), then by address."""
    server_id, new = upsert_server(uow, address, port, identity, fingerprint)
    return Found(address=address, server_id=server_id, new=new, is_dell=identity.is_dell)


def outcome_of(uow: UnitOfWork, job_id: int) -> dict[str, int] | None:
    """How a child job ended, None while it runs."""
    child = uow.session.get(Job, job_id)
    if child is None:
        return {"completed": 0, "failed": 0}
    if not JobState(child.state).final:
        return None
    return {
        "completed": child.done,
        "failed": child.failed + child.cancelled,
    }
