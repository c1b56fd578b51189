"""All that an operation may know of the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, SecretStr

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.store.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient
    from dsm_desktop.vmware.client import VcenterClient
    from dsm_desktop.vmware.esxi.shell import EsxiShell

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HostTarget:
    """An ESXi host. `vcenter_id` None = stand-alone, spoken to directly; `cluster` its cluster's moid or ""."""

    id: int
    name: str
    vcenter_id: int | None
    moid: str
    cluster: str
    address: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a task works on, as plain values. `label` is what an operator calls it (name, service tag or address).

    For work on an ESXi host `host` says which, and the server is the one it runs on: `server_id` 0 where none is linked.
    """

    server_id: int
    label: str
    address: str
    port: int
    service_tag: str
    model: str
    generation: str
    host: HostTarget | None = None


@dataclass(frozen=True, slots=True)
class ServerClients:
    """The runner's clients by server, for operations that work on the whole fleet in one task; asked for as a service.

    `login` makes one that signs in with another user name and password than the rules say; close it after use.
    """

    server: Callable[[Target], RedfishClient]
    login: Callable[[Target, str, SecretStr], RedfishClient]


class Option(BaseModel):
    """One answer to a decision. `needs`: the permission to give it, where that is more than to answer questions."""

    value: str
    title: str
    help: str = ""
    danger: bool = False
    needs: Permission = Permission.OPERATE


class Question(BaseModel):
    """A question to a person: `default` (an option's value) is taken when `within` has passed."""

    key: str
    question: str
    options: list[Option]
    default: str
    within: timedelta


class TimedOut(DsmError):
    """What was waited for did not happen in time."""

    blame = Blame.PEER


class JobContext(Protocol):
    """Handed to every operation body; made by the executor.

    A body is a coroutine on the runner's loop and is *replayed from the top* after a kill or a parking wait: finished
    steps return their recorded results, so a body must be deterministic between steps (no own randomness, no own clock,
    no side effect outside a step). Step results must be JSON (dict, list, scalar) or pydantic models given by `returns`.
    """

    @property
    def target(self) -> Target: ...
    @property
    def job_id(self) -> int: ...
    @property
    def task_id(self) -> int: ...
    @property
    def submitted_by(self) -> str: ...
    @property
    def started(self) -> datetime: ...
    @property
    def dry_run(self) -> bool: ...

    def now(self) -> datetime:
        """The database's time (aware UTC)."""

    def progress(self, done: int, total: int, message: str = "") -> None:
        """How far; written at most 4 times a second."""

    def log(self, message: str, level: str = "info") -> None:
        """A line for the operator: info | warning | error."""

    def check(self) -> None:
        """Raise Cancelled when somebody asked to stop, or LostLease when the task is no longer ours."""

    def still_ours(self) -> None:
        """Renew the lease now and look: LostLease when the task was taken over. For pool threads, before the last part of
        a request that takes minutes (each request itself is preceded by the same look)."""

    def stopping(self) -> bool:
        """True when a long piece of work should end early (cancelled, or the runner stops). Never raises; for pool threads."""

    async def step(
        self,
        name: str,
        do: Callable[[], T],
        *,
        key: str = "",
        changing: bool = False,
        interrupted: Callable[[], T | None] | None = None,
        attempts: int = 1,
        plan: str = "",
        returns: Any = None,
    ) -> T:
        """Run `do` in a pool thread; begin and end are recorded, a replay returns the recorded result.

        (`name`, `key`) is unique within a body. A result that is no plain JSON (enum, dataclass, model, datetime) needs
        its type in `returns`, so that a replay gets the same back.

        `changing=True` for what changes a device: the lease is renewed under the fencing token right before, a dry run
        records `plan` instead of running it, and `interrupted` is required: called when the step had begun and not
        ended (kill), it looks at the device and returns the result if the change was taken, else None to do it (again).
        In a dry run a changing step returns None. Retryable errors (DsmError.retryable) are retried up to `attempts`
        with back-off, parked without a thread.
        """

    def always(
        self,
        name: str,
        what: str,
        undo: Callable[[], Any],
        *,
        original: dict[str, Any],
        key: str = "",
        stays: Callable[[], bool] | None = None,
        first: Callable[[], Awaitable[None]] | None = None,
    ) -> AbstractAsyncContextManager[None]:
        """Promise on the restore list before the change; `undo` runs at the end of the block on success, failure,
        cancel and resume; must be idempotent. `first` is awaited before it, also after a cancel: it may wait and ask
        (`wait_for`, `decide`), and what it raises leaves the change as it is, on the list. Where `stays` says so after success the change is what was asked for: the
        entry stands on the list until another job or 'Put back' keeps it."""

    async def wait_for(
        self,
        what: str,
        probe: Callable[[], T | None],
        *,
        every: float,
        timeout: float,
        tolerate: tuple[type[Exception], ...] = (),
        returns: Any = None,
    ) -> T:
        """Poll `probe` (in a pool thread) every so many seconds until it returns something; costs no thread between.
        Raises TimedOut naming `what` after `timeout` seconds, counted from the first time even over a restart.
        `tolerate` = errors that count as "not yet". A dry run polls once and returns what came, maybe None.
        `returns` as for `step`."""

    async def see_out(
        self, what: str, probe: Callable[[], T | None], *, every: float, returns: Any = None
    ) -> T:
        """As `wait_for`, but for what must be over before anything is put back, as child jobs at work: without an end, and no
        cancel ends it. A runner that stops or dies leaves it; the replay takes it up again."""

    async def sleep(self, seconds: float) -> None:
        """Park; cancel is seen at once."""

    async def sleep_until(self, at: datetime) -> None:
        """Park until the database's clock shows `at` (aware), also when it is set meanwhile: for windows and appointments.
        A pause is `sleep`."""

    async def decide(self, question: Question) -> str:
        """Pause until somebody answers (any desktop) or the deadline passes; returns the option's value."""

    async def spawn(
        self,
        kind: str,
        params: dict[str, Any],
        server_ids: list[int],
        *,
        unless: Callable[[UnitOfWork], bool] | None = None,
    ) -> int:
        """Submit a child job; returns its id. Replayed, it returns the same id. `unless` looks at the last moment, while nobody
        can change the orders to this job: where it holds, nothing is submitted and 0 returned."""

    def redfish(self) -> RedfishClient:
        """The target's client: credential resolved, trust, throttle, recorder inside. Kept and logged out by the runner."""

    def redfish_at(self, address: str, port: int) -> RedfishClient:
        """A client for an address that is no server yet (scan): pinned on first use, no credential."""

    def vcenter(self, vcenter_id: int | None = None) -> VcenterClient:
        """The client of a vCenter by its row; None = of the target host's vCenter, or of the stand-alone host itself. Nothing
        is looked up or sent before its first call, which belongs into a step or `run`."""

    def esxi(self, *, trust_first: bool = True) -> EsxiShell:
        """SSH to the target host. Nothing is looked up or sent before its first command, which belongs into a step or `run`.
        `trust_first`: a host whose key is not on file is believed at first contact, and the key is stored."""

    async def run(self, do: Callable[[], T]) -> T:
        """Run blocking, repeatable work in a pool thread without recording it."""

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """A fenced transaction: refuses when the task was taken over. Blocking, so only inside `run` or `step`:
        `await ctx.run(lambda: save(ctx, rows))`; on the loop's thread it raises BlockingOnLoop."""

    def save(self, entry: Callable[[UnitOfWork], T]) -> T:
        """The same for what many tasks do at once: `entry(uow)` is written in one transaction with what others write, in
        the runner's writing thread. Entries may be run again and must be short. Blocking, as `write` is."""

    def service(self, kind: type[T]) -> T:
        """A service the assembly handed in (credential resolver, scanner, settings …) by its class."""
