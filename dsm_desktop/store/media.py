"""Rows of the media server: its identity on a machine, and the mounts it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from sqlalchemy import Connection, func, select

from dsm_desktop.core.redact import masked_text
from dsm_desktop.core.states import JobState
from dsm_desktop.store.models import ApiCall, Job, MediaIdentity, MediaMount, Server
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork

_FINAL = [state.value for state in JobState if state.final]


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """Of one machine. `private_key` is sealed for the row `id`."""

    id: int
    certificate: str
    private_key: bytes


@dataclass(frozen=True, slots=True)
class ServedMount:
    """A standing mount that this machine serves."""

    job_id: int
    server_id: int
    address: str
    file: str


def media_identity(connection: Connection, host: str) -> StoredIdentity | None:
    """The identity of a machine; None before it first served anything."""
    row = connection.execute(
        select(MediaIdentity.id, MediaIdentity.certificate, MediaIdentity.private_key).where(
            MediaIdentity.host == host
        )
    ).one_or_none()
    if row is None or row.private_key is None:
        return None
    return StoredIdentity(row.id, row.certificate, row.private_key)


def save_media_identity(uow: UnitOfWork, host: str, certificate: str, seal: Callable[[int], bytes]) -> None:
    """Store a machine's first identity; `seal` seals the private key for the row's id."""
    row = uow.session.scalar(select(MediaIdentity).where(MediaIdentity.host == host))
    if row is None:
        row = MediaIdentity(host=host)
        uow.session.add(row)
    row.certificate, row.created_at = certificate, uow.now
    uow.session.flush()
    row.private_key = seal(row.id)


def served_mounts(connection: Connection, host: str) -> list[ServedMount]:
    """What stands mounted from files of this machine."""
    m = MediaMount
    rows = connection.execute(
        select(m.job_id, m.server_id, Server.address, m.file)
        .join(Server, Server.id == m.server_id)
        .where(m.host == host, m.file != "", m.ended_at.is_(None), m.job_id.is_not(None))
        .order_by(m.id)
    )
    return [ServedMount(job_id or 0, server_id, address, file) for job_id, server_id, address, file in rows]


@dataclass(frozen=True, slots=True)
class SeenDrive:
    """A virtual drive as it was read: `image` "" when it is empty."""

    drive: str
    image: str
    via: str = ""


@dataclass(frozen=True, slots=True)
class NewMount:
    """A medium that a job has put into a drive. `file` "" when it comes from a share."""

    drive: str
    image: str
    job_id: int
    by: str
    file: str = ""
    host: str = ""
    item_id: int | None = None


def note_mount(uow: UnitOfWork, server_id: int, mount: NewMount) -> None:
    """A job's mount stands; once per job and drive, and whatever was known of that drive before has ended."""
    for row in _standing(uow, server_id, mount.drive):
        if row.job_id == mount.job_id:
            return
        row.ended_at = uow.now
    uow.session.add(
        MediaMount(
            server_id=server_id,
            slot=mount.drive,
            image=_shown(mount.image),
            file=mount.file,
            host=mount.host,
            item_id=mount.item_id,
            job_id=mount.job_id,
            connected_via="URI",
            mounted_by=mount.by[:200],
            since=uow.now,
            seen_at=uow.now,
        )
    )
    uow.changed("virtual_media", "added", server_id)


def save_drives(uow: UnitOfWork, server_id: int, seen: Sequence[SeenDrive]) -> None:
    """What a server's drives hold now: mounts that are gone have ended, media of others stand from now on."""
    changed = False
    for drive in seen:
        known = False
        for row in _standing(uow, server_id, drive.drive):
            if drive.image and not known and _name(row.image) == _name(drive.image):
                row.seen_at, row.connected_via, known = uow.now, drive.via[:40], True
            else:
                row.ended_at, changed = uow.now, True
        if drive.image and not known:
            changed = True
            uow.session.add(
                MediaMount(
                    server_id=server_id,
                    slot=drive.drive,
                    image=_shown(drive.image),
                    connected_via=drive.via[:40],
                    since=uow.now,
                    seen_at=uow.now,
                )
            )
    if changed:
        uow.changed("virtual_media", "changed", server_id)


def end_mount(uow: UnitOfWork, server_id: int, drive: str, job_id: int) -> None:
    """What a job had put into a drive was ejected."""
    for row in _standing(uow, server_id, drive):
        if row.job_id != job_id:
            continue
        row.ended_at = uow.now
        uow.changed("virtual_media", "changed", server_id)


def _standing(uow: UnitOfWork, server_id: int, drive: str) -> list[MediaMount]:
    m = MediaMount
    query = select(m).where(m.server_id == server_id, m.slot == drive, m.ended_at.is_(None)).order_by(m.id)
    return list(uow.session.scalars(query))


def _shown(image: str) -> str:
    """The address without what is nobody's business: logins, and the secret path of our own media server."""
    return clean_text(masked_text(image), 1000)


def _name(image: str) -> str:
    return unquote(image.replace("\\", "/").rstrip("/").rpartition("/")[2])


def ended_jobs(connection: Connection, job_ids: Iterable[int]) -> set[int]:
    """Which of these jobs have ended (or are gone)."""
    wanted = set(job_ids)
    running = connection.scalars(select(Job.id).where(Job.id.in_(wanted), Job.state.not_in(_FINAL)))
    return wanted - set(running)


def bytes_read(connection: Connection, job_id: int, server_id: int, since: datetime) -> int:
    """How much a server's BMC has read of a job's files since then, by the log of calls."""
    c = ApiCall
    query = select(func.coalesce(func.sum(c.received_bytes), 0)).where(
        c.server_id == server_id, c.job_id == job_id, c.protocol == "media", c.method == "GET", c.at > since
    )
    return int(connection.scalar(query) or 0)
