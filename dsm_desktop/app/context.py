"""What the window is given by the assembly: the store, the bus, the commands, the runner. Nothing else is reached for."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from pydantic import BaseModel

from dsm_desktop.core.access import Principal
from dsm_desktop.core.events import EventBus
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from dsm_desktop.workers.inhibit import Awake

if TYPE_CHECKING:
    from dsm_desktop.app.store_desk import Backup, StorePlace
    from dsm_desktop.jobs.declaration import Catalogue
    from dsm_desktop.store.retention import Size
    from dsm_desktop.vault.rotation import RotationReport

P = ParamSpec("P")
T = TypeVar("T")


class RunnerState(enum.StrEnum):
    """The process that runs this desktop's jobs."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class KeyState(enum.StrEnum):
    """The site key that seals secrets: OPEN usable, LOCKED wants the passphrase, MISSING not on this machine,
    WRONG does not fit this store, NOT_SET_UP this store never had one. In all but OPEN everything that needs no secret is shown and works."""

    OPEN = "open"
    LOCKED = "locked"
    MISSING = "missing"
    WRONG = "wrong"
    NOT_SET_UP = "not set up"


@dataclass(frozen=True, slots=True)
class KeyWays:
    """What opens the site key. `mine` keyring | passphrase | file, of this profile; `slots` every keeper by name;
    `key_id` names the key, it is not the key; `retired` old keys that are kept for old backups; `rotating`: not finished."""

    mine: str
    slots: tuple[str, ...]
    key_id: str
    retired: int
    rotating: bool


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A credential set without its secret. `ranges` as typed."""

    id: int
    name: str
    kind: str
    username: str
    ranges: tuple[str, ...]
    priority: int
    is_default: bool
    has_secret: bool
    notes: str = ""


@dataclass(frozen=True, slots=True)
class CredentialDraft:
    """A credential set as typed. `id` None = new; `password` None = leave as it is. Never logged (repr hides it)."""

    id: int | None
    name: str
    kind: str
    username: str
    password: str | None = field(repr=False)
    ranges: tuple[str, ...] = ()
    priority: int = 100
    is_default: bool = False
    notes: str = ""


@dataclass(frozen=True, slots=True)
class CredentialChoice:
    """Which login is used for a server: the winner's name ("" = none), the rule that won in words, and every rule tried."""

    name: str
    username: str
    why: str
    tried: tuple[str, ...] = ()


class ProfileCommands(Protocol):
    """Configuration profiles, whose text is opened and sealed by the vault."""

    def add(self, text: str, name: str) -> int: ...
    def text(self, profile_id: int) -> str:
        """For a file outside the program; it may hold password hashes, so this is audited."""


class RecoveryKeyCommands(Protocol):
    """Recovery keys of ESXi hosts, opened by the vault."""

    def open(self, hosts: list[str]) -> list[tuple[str, str, str]]:
        """(host, recovery id, key) of hosts by name; each host is noted in the audit log."""


class Commands(Protocol):
    """Every change a person can make. Blocking, thread-safe, called from the window's worker threads, raise DsmError."""

    def do(
        self,
        command: Callable[Concatenate[UnitOfWork, Principal, P], T],
        /,
        *args: P.args,
        **values: P.kwargs,
    ) -> T:
        """Any command of `commands/`, in a transaction of its own: `do(groups.add_group, "Berlin")`."""

    @property
    def profiles(self) -> ProfileCommands: ...
    @property
    def recovery_keys(self) -> RecoveryKeyCommands: ...

    def submit(
        self,
        kind: str,
        server_ids: Sequence[int],
        params: Mapping[str, Any],
        *,
        dry_run: bool = False,
        schedule_at: datetime | None = None,
    ) -> int:
        """A new job; returns its id."""

    def cancel(self, job_id: int, grade: CancelGrade) -> None: ...
    def retry_failed(self, job_id: int) -> int:
        """A new job on the failed targets; returns its id."""

    def answer(self, decision_id: int, option: str) -> None: ...
    def abandon_restore(self, item_id: int, reason: str) -> None: ...
    def put_back(self, task_id: int) -> None:
        """Let a runner put back what an ended task left changed."""

    def emergency_stop(self, reason: str) -> None:
        """No new step starts anywhere."""

    def resume_after_stop(self) -> None: ...
    def add_server(self, address: str, port: int = 443, *, name: str = "", notes: str = "") -> int: ...
    def edit_servers(self, ids: Sequence[int], values: Mapping[str, Any]) -> int:
        """Set the same values (names of commands.servers.EDITABLE) on one or many; how many were changed."""

    def remove_servers(self, ids: Sequence[int]) -> int:
        """Forget them in the store, nothing is changed on a device; how many were on the list."""

    def save_rack(self, rack_id: int | None, name: str, room: str, units: int) -> int:
        """A new rack (None) or a changed one; returns its id."""

    def remove_rack(self, rack_id: int) -> None: ...
    def place_server(self, server_id: int, rack_id: int, unit: int) -> None:
        """Stand a server in a rack, its lowest unit given (1 = bottom)."""

    def unplace_server(self, server_id: int) -> None: ...
    def take_consoles(self, job_id: int) -> list[str]:
        """The addresses a console job has left for the window that handed it in, once; they hold secrets."""

    def trust_certificate(self, server_id: int, fingerprint: str) -> None:
        """Accept a changed certificate by its SHA-256 (hex), as the operator compared it."""

    def add_library_folder(self, path: str) -> int:
        """A folder of this machine with ISOs and packages; nothing is read yet. Returns its id."""

    def remove_library_folder(self, folder_id: int) -> None: ...
    def save_credential(self, draft: CredentialDraft) -> int: ...
    def remove_credential(self, credential_id: int) -> None: ...
    def save_settings(self, section: str, values: Mapping[str, Any]) -> None: ...


class Reads(Protocol):
    """Answers that need more than the database: settings, the vault. Blocking, thread-safe."""

    def credentials(self) -> list[CredentialView]: ...
    def credential_choice(self, server_id: int) -> CredentialChoice: ...
    def settings(self, section: str) -> BaseModel: ...
    def stopped(self) -> str:
        """Why the emergency stop stands ("anna: wrong rack"), "" = it does not."""


class RunnerControl(Protocol):
    """The runner process owned by this window. Every call returns at once; changes arrive as bus events of topic "runners"."""

    def state(self) -> RunnerState: ...
    def detail(self) -> str:
        """A sentence for the status bar's tip: process id, or why it failed."""

    def awake(self) -> Awake:
        """Whether this computer is kept awake for the jobs that run."""

    def start(self) -> None: ...
    def stop_after_step(self) -> None:
        """Finish the steps that run, give the rest back to the queue, end."""

    def agent_available(self) -> bool:
        """True when another runner (a headless agent) is alive and will take the work over."""


class KeyControl(Protocol):
    """The site key. Blocking but for `kind`, thread-safe."""

    @property
    def kind(self) -> str:
        """How this profile keeps the key: keyring, passphrase or file."""

    def state(self) -> KeyState: ...
    def open_quietly(self) -> None:
        """Try what needs no person (keyring, key file); `state` says how it went."""

    def unlock(self, passphrase: str) -> None: ...
    def unlock_with_file(self, file: Path) -> None: ...
    def recover(self, recovery_key: str) -> None: ...
    def lock(self) -> None:
        """Wipe the key from this process; runners keep theirs and go on."""

    def ways(self) -> KeyWays: ...
    def new_recovery_key(self) -> str:
        """Shown once, to be printed; the one before opens nothing any more."""

    def change_passphrase(self, passphrase: str) -> None: ...
    def begin_rotation(self, passphrase: str = "") -> str:
        """A new site key; returns the new recovery key."""

    def go_on_rotating(self, progress: Callable[[int], None]) -> RotationReport:
        """Seal everything anew; again after a kill."""


class SupportControl(Protocol):
    """The file for whoever helps. Blocking."""

    def write(self, file: Path, *, names: bool) -> list[str]:
        """Write it; returns the names of what is inside. Raises ExportFailed."""


class StoreControl(Protocol):
    """The store as a whole. Blocking, thread-safe, raises DsmError."""

    def place(self) -> StorePlace: ...
    def sizes(self) -> list[Size]: ...
    def backups(self) -> list[Backup]: ...
    def back_up(self, file: Path | None = None) -> str:
        """Copy and check; a sentence about the copy."""

    def check(self, file: Path) -> str: ...
    def put_back(self, file: Path) -> str:
        """Put the store back to a copy. The program must start anew afterwards."""

    def move(self, url: str) -> str:
        """Into an empty Postgres database. The program must start anew afterwards."""


class AppContext(Protocol):
    """All that the window knows of the world. Attributes are read on the UI thread and must not block."""

    @property
    def profile(self) -> Path:
        """Folder of this profile; the window keeps its layout in it."""

    @property
    def store(self) -> Store: ...
    @property
    def store_label(self) -> str:
        """ "This machine" or "postgres: db.example/dsm"."""

    @property
    def bus(self) -> EventBus: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def principal(self) -> Principal: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def reads(self) -> Reads: ...
    @property
    def runner(self) -> RunnerControl: ...
    @property
    def key(self) -> KeyControl: ...
    @property
    def stored(self) -> StoreControl: ...
    @property
    def support(self) -> SupportControl: ...
    @property
    def settings_sections(self) -> Mapping[str, type[BaseModel]]:
        """Section name -> its model; titles, help and bounds come from the model."""

    @property
    def read_only(self) -> bool:
        """Started to look only: every changing action is disabled and says so."""


class FirstRun(Protocol):
    """What the first-run wizard can do before there is a context. Blocking, thread-safe."""

    def check_store(self, url: str) -> str:
        """ "" = this machine; otherwise a Postgres address. Returns a sentence about what was found; raises DsmError."""

    def create(self, choices: FirstRunChoices) -> FirstRunResult: ...


@dataclass(frozen=True, slots=True)
class FirstRunChoices:
    """The wizard's answers. `key` keyring | passphrase | file."""

    store_url: str = ""
    key: str = "keyring"
    passphrase: str = field(default="", repr=False)
    key_file: Path | None = None
    credential: CredentialDraft | None = None
    demo_site: bool = False


@dataclass(frozen=True, slots=True)
class FirstRunResult:
    """What was made. `recovery_key` is shown once, to be printed."""

    recovery_key: str = field(repr=False)
    sentence: str = ""
