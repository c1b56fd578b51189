"""What a database says when it cannot go on, in words an operator can act on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.redact import masked_text

_LITTLE_SPACE = 1 << 20


class StoreError(DsmError):
    """The store cannot do what was asked; nothing of the transaction was kept."""


class StoreUnavailable(StoreError):
    """The database server does not answer, or the connection was cut."""

    blame = Blame.PEER
    retryable: ClassVar[bool] = True


class CommitUnknown(StoreUnavailable):
    """The connection was cut while a commit was on its way: it may or may not be kept. Look before doing it again."""

    retryable = False


class StoreBusy(StoreError):
    """Another writer held a lock for too long."""

    retryable: ClassVar[bool] = True


class StoreReadOnly(StoreError):
    """The database may be read but not written."""


class StoreLoginRefused(StoreError):
    """The database server refused the login, or the role lacks a right."""

    blame = Blame.USER


class DiskFull(StoreError):
    """No space left where the database lies."""


class StoreDamaged(StoreError):
    """The file is not a database, or failed its integrity check."""


class StoreFailing(StoreError):
    """The disk or the database server reports an error of its own."""


class Collision(DsmError):
    """Somebody else has just made or removed what this change rests on; nothing of it was kept. No StoreError: the store is
    well, and the same again would fail again."""

    blame = Blame.USER


_SAME = ("23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
_GONE = ("23503", "SQLITE_CONSTRAINT_FOREIGNKEY")


def collision_of(error: Exception) -> Collision | None:
    """The violated constraint in words for whoever has given the order; None when it is something else."""
    if not isinstance(error, IntegrityError):
        return None
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", "")
    detail = masked_text(str(error.orig))
    if state in _SAME:
        return Collision(
            "There is one of this name or address by now: somebody else was a moment sooner, so nothing was saved.",
            hint="Look for it in the list; change that one, or use another name or address.",
            detail=detail,
        )
    if state in _GONE:
        return Collision(
            "Something this refers to was removed meanwhile, so nothing was saved.",
            hint="Open the form again to see what there is now.",
            detail=detail,
        )
    return None


_SQLITE: dict[str, tuple[type[StoreError], str, str]] = {
    "FULL": (DiskFull, "The disk of the store is full; the change was not saved.", "Free some space, then try again."),
    "READONLY": (StoreReadOnly, "The store is read-only; the change was not saved.", "Check the rights of the file and folder."),
    "BUSY": (StoreBusy, "Another program holds the store's lock.", "Try again; look for a second program that hangs."),
    "LOCKED": (StoreBusy, "Another program holds the store's lock.", "Try again; look for a second program that hangs."),
    "CANTOPEN": (StoreReadOnly, "The store's file cannot be opened.", "Check the rights of the file and folder."),
    "PERM": (StoreReadOnly, "The store's file cannot be opened.", "Check the rights of the file and folder."),
    "CORRUPT": (StoreDamaged, "The store's file is damaged.", "Restore the newest backup."),
    "NOTADB": (StoreDamaged, "The file is not a store.", "Choose another file, or restore a backup."),
    "IOERR": (StoreFailing, "The disk of the store reports an error.", "Check the disk; restore a backup if it fails again."),
}  # fmt: skip
_UNAVAILABLE = (StoreUnavailable, "The database server does not answer.", "It is tried again; check the server and network.")  # fmt: skip
_POSTGRES: dict[str, tuple[type[StoreError], str, str]] = {
    "53100": (DiskFull, "The disk of the database server is full; the change was not saved.", "Free some space there."),
    "25006": (StoreReadOnly, "The database is read-only (a standby?); the change was not saved.", "Connect to the primary server."),
    "42501": (StoreLoginRefused, "The database role lacks a right.", "Grant the role its rights on the store's tables."),
    "28": (StoreLoginRefused, "The database server refused the login.", "Check user and password of the store's address."),
    "3D": (StoreLoginRefused, "There is no such database on the server.", "Check the database name of the store's address."),
    "08": _UNAVAILABLE,
    "57P": _UNAVAILABLE,
    "25P03": _UNAVAILABLE,
    "53300": (StoreUnavailable, "The database server has no free connection.", "Raise max_connections there, or close programs."),
    "55P03": (StoreBusy, "Another transaction held a lock for too long.", "Try again."),
    "57014": (StoreBusy, "The database took too long.", "Try again."),
    "40": (StoreBusy, "Two transactions were in each other's way.", "Try again."),
    "53": (StoreFailing, "The database server is short of resources.", "Look into its log."),
    "58": (StoreFailing, "The database server reports a disk error.", "Look into its log."),
    "XX": (StoreDamaged, "The database server reports damaged data.", "Look into its log; restore the newest backup."),
}  # fmt: skip


def failure_of(error: SQLAlchemyError, engine: Engine, *, committing: bool = False) -> StoreError | None:
    """The typed form of a database error; None for errors that are the caller's own (constraint, wrong SQL).

    `committing`: the error came out of the commit itself, so a cut connection leaves the outcome unknown.
    """
    where = _place(engine.url)
    if isinstance(error, PoolTimeout):
        return StoreBusy("All connections to the store are in use.", hint="Try again.", where=where)
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
        return None
    detail = masked_text(str(error.orig))
    name = getattr(error.orig, "sqlite_errorname", None)
    if engine.dialect.name == "sqlite":
        found = _sqlite(name or "", engine)
    elif (state := getattr(error.orig, "sqlstate", None)) is not None:
        found = _postgres(state)
    else:
        found = _without_state(error, detail)
    if found is None:
        return None
    kind, message, hint = found
    if committing and kind is StoreUnavailable:
        kind, message = CommitUnknown, "The connection was cut during a commit: it may or may not be saved."
        hint = "Look at the result before doing it again."
    return kind(message, hint=hint, where=where, detail=f"{name or ''} {detail}".strip())


def _place(url: URL) -> str:
    """The store as an operator knows it: the file, or server, port and database."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    port = f":{url.port}" if url.port else ""
    return f"Postgres {url.host or 'local socket'}{port}/{url.database}"


def _sqlite(name: str, engine: Engine) -> tuple[type[StoreError], str, str] | None:
    word = name.removeprefix("SQLITE_").split("_")[0]
    # A full disk shows as an I/O error too when the shared-memory file cannot grow (SQLITE_IOERR_SHMSIZE).
    if word == "IOERR" and _space_left(engine) < _LITTLE_SPACE:
        word = "FULL"
    return _SQLITE.get(word)


def _space_left(engine: Engine) -> int:
    try:
        return shutil.disk_usage(Path(engine.url.database or ".").resolve().parent).free
    except OSError:
        return _LITTLE_SPACE


def _postgres(state: str) -> tuple[type[StoreError], str, str] | None:
    return next((_POSTGRES[state[:size]] for size in (5, 3, 2) if state[:size] in _POSTGRES), None)


def _without_state(error: DBAPIError, detail: str) -> tuple[type[StoreError], str, str] | None:
    """libpq's own failures carry no SQLSTATE: no connection, or a login refused while connecting."""
    if "authentication failed" in detail or "no password supplied" in detail or "pg_hba" in detail:
        return _POSTGRES["28"]
    if "does not exist" in detail and "FATAL" in detail:
        return _POSTGRES["3D"]
    if "SSL" in detail or "certificate" in detail:
        return (
            StoreUnavailable,
            "No trusted TLS connection to the database server.",
            "Check sslmode and sslrootcert.",
        )
    lost = error.connection_invalidated or type(error.orig).__name__ in (
        "OperationalError",
        "ConnectionTimeout",
    )
    return _UNAVAILABLE if lost else None
