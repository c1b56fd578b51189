"""What a person can do with the store as a whole: look how large it is, copy it, put a copy back, move it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dsm_desktop.app.database import split_password, with_password
from dsm_desktop.app.profile import Profile
from dsm_desktop.commands import backup as commands
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.store import backup
from dsm_desktop.store.engine import address_of, sqlite_path
from dsm_desktop.store.migrate import head
from dsm_desktop.store.opening import probe
from dsm_desktop.store.retention import Size, size_meter
from dsm_desktop.store.unit_of_work import Store

if TYPE_CHECKING:
    from dsm_desktop.app.runner_process import RunnerBeside

RUNNER_SECONDS = 120.0
"""How long a runner beside the window may take to end its steps before the store is put back or moved."""


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where the store is. `address` without a password; `file` None for Postgres; `movable`: still on this machine."""

    address: str
    file: Path | None
    schema: str
    movable: bool


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy with a manifest beside it."""

    id: int
    file: Path
    made_at: datetime
    bytes: int

    @property
    def before_migration(self) -> bool:
        """Made by the program itself before it migrated."""
        return self.file.name.startswith("before-")


class StoreDesk:
    """Blocking; every change needs the right to administer and is in the audit log. Raises DsmError."""

    def __init__(
        self, store: Store, profile: Profile, url: str, who: Principal, runner: RunnerBeside
    ) -> None:
        self._store, self._profile, self._url = store, profile, url
        self._who, self._runner = who, runner

    def place(self) -> StorePlace:
        target = address_of(self._url)
        local = target.get_backend_name() == "sqlite"
        shown = target.render_as_string(hide_password=True)
        return StorePlace(shown, sqlite_path(target) if local else None, head(), local)

    def sizes(self) -> list[Size]:
        """Rows and bytes by kind, largest first."""
        return size_meter(self._store)

    def backups(self) -> list[Backup]:
        """Those in the profile's folder, newest first; nothing is checked."""
        found = backup.backups_in(self._profile.backups)
        return [Backup(n, file, at, file.stat().st_size) for n, (file, at) in enumerate(found, start=1)]

    def back_up(self, file: Path | None = None) -> str:
        """Copy and check the copy; a sentence about it."""
        made, manifest = commands.back_up(self._store, self._full(), self._who, self._profile.backups, file)
        rows = sum(table.rows for table in manifest.tables.values())
        return f"{rows:,} rows in {made}, checked."

    def check(self, file: Path) -> str:
        """Compare a copy with its manifest; a sentence about it. Raises BackupDamaged."""
        manifest = backup.check_backup(file)
        rows = sum(table.rows for table in manifest.tables.values())
        return f"Sound: {rows:,} rows, schema {manifest.revision}, made by {manifest.program}."

    def put_back(self, file: Path) -> str:
        """Put the store back to a copy; what is there now is kept beside it. The program must start anew afterwards."""
        self._quiet()
        kept = commands.go_back(self._full(), self._who, file)
        return f"The store is {file.name} again. What was there before is kept as {kept}."

    def move(self, url: str) -> str:
        """Copy this machine's store into an empty Postgres database, compare every table, and use it from the next start.
        The file stays where it is and is not used any more."""
        self._who.require(Permission.ADMIN, "move the store")
        if not self.place().movable:
            raise BadInput("The store is on a server already.", hint="Use admin backup and admin restore.")
        if not url.startswith(("postgresql", "postgres")):
            raise BadInput("A Postgres address is needed.", hint="postgresql+psycopg://user@host/database?…")
        target = with_password(self._profile, url)
        probe(target)
        # First: where the password cannot be kept nothing is copied.
        address = split_password(self._profile, url)
        self._quiet()
        copy = self._profile.backups / f"moved-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"
        backup.back_up(self._full(), copy)
        manifest = commands.restore(target, self._who, copy)
        self._profile.save(self._profile.load().model_copy(update={"store_url": address}))
        rows = sum(table.rows for table in manifest.tables.values())
        return f"{rows:,} rows moved and compared. The file of before stays at {self.place().file}."

    def _quiet(self) -> None:
        self._who.require(Permission.ADMIN, "replace the store")
        if not self._runner.end(RUNNER_SECONDS):
            self._runner.start()
            raise BadInput(
                "Jobs are still running; the store was not touched.",
                hint="Wait for their end, or cancel them.",
            )

    def _full(self) -> str:
        return with_password(self._profile, self._url).render_as_string(hide_password=False)
