"""Configuration profiles of a server: kept sealed, compared, exported, and brought back by way of a preview."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QToolButton

from dsm_desktop.commands.configuration import edit_profile, remove_profile
from dsm_desktop.configuration.profiles import MAX_BYTES
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.core.folders import private_file
from dsm_desktop.queries import Connection
from dsm_desktop.queries.configuration import ProfileRow, profiles
from dsm_desktop.store.configuration import profile_settings
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.profile_diff import ProfileDiffDialog, States
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.server_tables import ListTab
from dsm_desktop.ui.widgets.deeds import allow, deed
from dsm_desktop.ui.words import Status

_ORIGIN = {"export": "Export", "backup": "Before a change", "file": "From a file"}
_GOLDEN = Status("Golden", "status-ok", Tone.OK)
_SECRETS = Status("Holds secrets", "lock", Tone.WARNING)
COLUMNS = (
    Column("taken", "Taken", lambda r: r.taken_at, text=lambda r: words.stamp(r.taken_at), kind="time", width=150),
    Column("name", "Name", lambda r: r.name, width=240),
    Column("golden", "Mark", lambda r: "golden" if r.golden else "", status=lambda r: _GOLDEN if r.golden else words.NONE, width=90),
    Column("origin", "From", lambda r: _ORIGIN.get(r.origin, r.origin), width=120),
    Column("settings", "Settings", lambda r: r.settings, kind="number", width=90),
    Column("secrets", "Secrets", lambda r: r.secrets, status=lambda r: _SECRETS if r.secrets else words.NONE, width=130),
    Column("components", "Components", lambda r: ", ".join(r.components), width=260),
    Column("model", "Model", lambda r: r.model, width=130),
    Column("format", "Format", lambda r: r.format.upper(), width=74, shown=False),
    Column("size", "Size", lambda r: r.size, text=lambda r: words.size(r.size), kind="number", width=84, shown=False),
    Column("by", "By", lambda r: r.taken_by, width=120, shown=False),
    Column("id", "Number", lambda r: r.id, kind="number", width=80, help="As jobs and the command line name it"),
    Column("sha", "SHA-256", lambda r: r.sha256, width=180, shown=False),
)  # fmt: skip


class ProfilesTab(ListTab):
    """Profiles of this server, the golden ones, and those from files."""

    title = "Configuration profiles"
    topics = ("profiles",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "profiles", COLUMNS, "database", self.rows)
        self.panel.when_empty(
            "No profile yet",
            "An export keeps the whole configuration sealed here, to compare it or to put it back.",
            [("Export configuration…", lambda: self._start("scp_export"))],
            desk.why_not(Permission.OPERATE),
        )
        self.export = deed("Export…")
        self.preview, self.bring = deed("Preview…"), deed("Import…")
        self.compare, self.more = deed("Compare"), deed("More")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        menu.setToolTipsVisible(True)
        self.golden = menu.addAction("Mark as golden", self._golden)
        self.save = menu.addAction("Save as a file…", self.save_file)
        self.load = menu.addAction("Add from a file…", self.load_file)
        self.remove = menu.addAction("Remove", self._remove)
        self.more.setMenu(menu)
        self.export.clicked.connect(lambda: self._start("scp_export"))
        self.preview.clicked.connect(lambda: self._with_profile("scp_preview"))
        self.bring.clicked.connect(lambda: self._with_profile("scp_import"))
        self.compare.clicked.connect(self.show_difference)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        for widget in (self.export, self.preview, self.bring, self.compare, self.more):
            bar.addWidget(widget)
        bar.addStretch()
        self._column.insertLayout(0, bar)
        self.panel.chosen.connect(lambda _: self._buttons())
        self.panel.opened.connect(lambda _: self.show_difference())
        self._buttons()

    def rows(self, connection: Connection, server_id: int) -> list[ProfileRow]:
        return profiles(connection, server_id)

    @property
    def chosen(self) -> list[ProfileRow]:
        """The selected profiles, the newest first."""
        ids = self.panel.grid.selected_ids()
        rows = [row for i in ids if (row := self.panel.model.row_of(i)) is not None]
        return sorted(rows, key=lambda r: r.taken_at, reverse=True)

    def _buttons(self) -> None:
        count = len(self.chosen)
        operate, configure = self._desk.why_not(Permission.OPERATE), self._desk.why_not(Permission.CONFIGURE)
        one = "" if count == 1 else "Select one profile"
        for button, why in (
            (self.export, operate),
            (self.preview, operate or one),
            (self.bring, operate or one),
            (self.compare, "" if 1 <= count <= 2 else "Select one profile, or two"),
        ):
            allow(button, why)
        for action, why in (
            (self.golden, configure or one),
            (self.save, configure or one),
            (self.load, configure),
            (self.remove, configure or one),
        ):
            allow(action, why)
        self.golden.setText("No longer golden" if count == 1 and self.chosen[0].golden else "Mark as golden")

    def _with_profile(self, kind: str) -> None:
        if self._server_id is not None and len(self.chosen) == 1:
            self._desk.job_wanted.emit(kind, [self._server_id], {"profile_id": self.chosen[0].id})

    # -- compare --------------------------------------------------------------------------------------------------

    def show_difference(self) -> None:
        """Two profiles: the older and the newer; one: it and the newest of this server; a golden one is what should be."""
        chosen = self.chosen
        if not 1 <= len(chosen) <= 2:
            return
        rows = sorted(self.panel.model.all_rows(), key=lambda r: r.taken_at, reverse=True)
        golden = next((r for r in rows if r.golden), None)
        pair = list(chosen)
        if len(pair) == 1:
            pair += [r for r in rows if r.server_id == self._server_id and r.id != chosen[0].id][:1]
        now, *rest = sorted(pair, key=lambda r: r.taken_at, reverse=True)
        before = rest[0] if rest else None
        if golden is not None and golden.id in {row.id for row in pair}:
            golden = None
        self._open_difference(golden, before, now)

    def _open_difference(self, golden: ProfileRow | None, before: ProfileRow | None, now: ProfileRow) -> None:
        def load(connection: Connection) -> States:
            return States(
                profile_settings(connection, golden.id) if golden else None,
                profile_settings(connection, before.id) if before else None,
                profile_settings(connection, now.id),
            )

        parts = [
            f"{word}: {row.name}, {words.stamp(row.taken_at)}"
            for word, row in (("golden", golden), ("before", before), ("now", now))
            if row is not None
        ]
        if golden is None and before is None:
            self._desk.tell("There is no other profile to compare with; export one.", Tone.WARNING)
            return
        ProfileDiffDialog(
            self._desk,
            self.window(),
            "Compare configurations",
            f"{'; '.join(parts)}. Secrets are not compared.",
            load,
            with_golden=golden is not None,
            with_before=before is not None,
        ).open()

    # -- files ----------------------------------------------------------------------------------------------------

    def save_file(self) -> None:
        """The text as a file; who may read it may read the secrets in it."""
        row = self.chosen[0]
        name = f"{row.service_tag or 'profile'}-{row.taken_at:%Y%m%d-%H%M}.{row.format}"
        place, _ = QFileDialog.getSaveFileName(self, "Save the configuration profile", name)
        if place:
            self.write_to(Path(place), row)

    def write_to(self, place: Path, row: ProfileRow) -> None:
        commands = self._desk.context.commands

        def write() -> None:
            text = commands.profiles.text(row.id)
            try:
                private_file(place, text.encode())
            except OSError as error:
                raise BadInput(f"The file cannot be written: {error.strerror}.", where=str(place)) from error

        held = f" It holds {words.plural(row.secrets, 'secret')}." if row.secrets else ""
        self._run(write, f"Saved as {place.name}; only you can read it.{held}")

    def load_file(self) -> None:
        place, _ = QFileDialog.getOpenFileName(
            self, "Add a configuration profile", "", "Profiles (*.xml *.json);;All files (*)"
        )
        if place:
            self.read_from(Path(place))

    def read_from(self, place: Path) -> None:
        """Keep a file's profile; what is no profile is refused and nothing is kept."""
        commands = self._desk.context.commands

        def read() -> None:
            try:
                if place.stat().st_size > MAX_BYTES:
                    raise BadInput("The file is too large for a configuration profile.", where=place.name)
                text = place.read_text(encoding="utf-8", errors="surrogateescape")
            except OSError as error:
                raise BadInput(f"The file cannot be read: {error.strerror}.", where=str(place)) from error
            commands.profiles.add(text, place.stem)

        self._run(read, f"{place.name} is kept sealed.")

    def _golden(self) -> None:
        row = self.chosen[0]
        commands = self._desk.context.commands
        self._run(
            lambda: commands.do(edit_profile, row.id, name=row.name, notes=row.notes, golden=not row.golden),
            "The mark was changed.",
        )

    def _remove(self) -> None:
        row = self.chosen[0]
        commands = self._desk.context.commands
        self._run(lambda: commands.do(remove_profile, row.id), f"'{row.name}' was removed.")

    def _run(self, do: Callable[[], object], said: str) -> None:
        def done(_: object) -> None:
            self._desk.tell(said)
            self.read()

        def failed(error: DsmError) -> None:
            self._desk.fail(error)

        self._desk.work.command(self, do, done, failed)
