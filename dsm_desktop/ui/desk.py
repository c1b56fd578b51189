"""What every view has at hand: the context, the pools, the bridge, and the ways to other views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QSettings, Signal

from dsm_desktop.app.context import AppContext, Commands
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.jobs.declaration import Targets
from dsm_desktop.jobs.requirements import Crowd
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui.bridge import Bridge
from dsm_desktop.ui.keys import KeyMap
from dsm_desktop.ui.theme import Theme, Tone
from dsm_desktop.ui.work import Work

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class News:
    """A short message at the corner of the window, with its ways on, the first the likeliest. An error carries its details.
    `until_closed`: it does not go by itself, as no error does."""

    text: str
    tone: Tone = Tone.INFO
    actions: tuple[tuple[str, Callable[[], object]], ...] = ()
    error: DsmError | None = None
    until_closed: bool = False

    @property
    def stays(self) -> bool:
        return self.until_closed or self.tone is Tone.CRITICAL


class Desk(QObject):
    """Shared by the shell and all views; lives as long as the window."""

    told = Signal(object)
    job_wanted = Signal(str, list, dict)
    job_opened = Signal(int)
    submitted = Signal(str, int)
    server_opened = Signal(int)
    servers_chosen = Signal(list)
    calls_opened = Signal(object)
    call_opened = Signal(int)
    area_opened = Signal(str)
    tab_wanted = Signal(str)
    moved = Signal()
    restart_wanted = Signal()
    filter_wanted = Signal(str, str)
    saving = Signal()
    store_back = Signal()
    """The store answers again after it was away: what could not be read is read now."""

    def __init__(self, context: AppContext, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.theme = theme
        self.work = Work(context.store, self)
        self.bridge = Bridge(context.bus, self)
        self.settings = QSettings(str(context.profile / "window.ini"), QSettings.Format.IniFormat)
        self.keys = KeyMap(self.settings)
        self.selected: list[ServerRow] = []
        """What is selected in the list of servers."""
        self.work.unhandled.connect(self.fail)

    def tell(
        self,
        text: str,
        tone: Tone = Tone.OK,
        label: str = "",
        do: Callable[[], object] | None = None,
        *,
        actions: tuple[tuple[str, Callable[[], object]], ...] = (),
    ) -> None:
        """News in the corner, with one way on or several."""
        one = ((label, do),) if label and do is not None else ()
        self.told.emit(News(text, tone, one + actions))

    def fail(self, error: DsmError) -> None:
        """News of a failure, with its details."""
        self.told.emit(News(str(error), Tone.CRITICAL, error=error))

    def why_not(self, permission: Permission) -> str:
        """Why the principal may not do what needs this permission; "" = he may."""
        if self.context.read_only and permission is not Permission.VIEW:
            return "The program was started to look only."
        role = self.context.principal.role
        if not role.may(permission):
            return f"Needs the permission '{permission.value}'; your role is {role.value}."
        return ""

    def why_not_start(self, kind: str) -> str:
        """Why the principal may not start such a job; "" = he may. The first to ask waits for the job types."""
        known = self.context.catalogue
        return self.why_not(known[kind].needs) if kind in known else "This program has no such job any more."

    def why_not_on(self, kind: str, crowd: Crowd[ServerRow]) -> str:
        """Why the principal may not start such a job on these servers; "" = he may, at least on some of them."""
        reason, job_type = self.why_not_start(kind), self.context.catalogue.get(kind)
        if reason or job_type is None or job_type.targets is not Targets.SERVER:
            return reason
        if not crowd.servers:
            return "Select one or more servers."
        found = job_type.judge(crowd)
        return "" if found.some else found.sentence

    def change(
        self,
        owner: QObject,
        do: Callable[[Commands], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[DsmError], None] | None = None,
    ) -> None:
        """Run a command in a worker: `change(self, lambda c: c.do(groups.remove_group, 3))`. A failure without `failed` is news."""
        commands = self.context.commands
        self.work.command(owner, lambda: do(commands), done, failed or self.fail)

    def submit(
        self,
        kind: str,
        server_ids: list[int],
        params: dict[str, Any],
        *,
        dry_run: bool = False,
        taken: Callable[[], object] = lambda: None,
        refused: Callable[[DsmError], None] | None = None,
        **more: Any,
    ) -> None:
        """Hand a job in and say so, with the way to it; then `taken`. A refusal without `refused` is news."""

        def done(job_id: int) -> None:
            taken()
            self.submitted.emit(kind, job_id)
            label = self.context.catalogue[kind].label.rstrip("…")
            word = "Dry run of" if dry_run else "Job"
            self.tell(f"{word} '{label}' handed in.", Tone.INFO, "Show", lambda: self.job_opened.emit(job_id))

        commands = self.context.commands
        self.work.command(
            self,
            lambda: commands.submit(kind, server_ids, params, dry_run=dry_run, **more),
            done,
            refused or self.fail,
        )

    def close(self) -> None:
        """Hear and do no more."""
        self.bridge.close()
        self.work.close()
        self.settings.sync()
