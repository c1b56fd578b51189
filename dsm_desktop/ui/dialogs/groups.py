"""Groups of servers: make one, by hand or by a query; remove one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from dsm_desktop.commands import groups
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.groups import GroupNode
from dsm_desktop.queries.server_query import LANGUAGE
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.widgets.query_bar import QueryBar


class GroupDialog(Dialog):
    """A new group, with the selected servers in it if wanted."""

    def __init__(
        self,
        desk: Desk,
        parent: QWidget | None,
        *,
        inside: GroupNode | None = None,
        selected: Sequence[int] = (),
    ) -> None:
        where = f"It stands in {inside.name}." if inside else ""
        super().__init__(parent, "New group", where)
        self._desk, self._inside, self._selected = desk, inside, list(selected)
        self.name = QLineEdit()
        self.name.setAccessibleName("Name")
        form = QFormLayout()
        form.addRow("Name", self.name)
        self.body.addLayout(form)
        self.with_selected = QCheckBox(f"Put the {words.plural(len(selected), 'selected server')} into it")
        self.with_selected.setChecked(bool(selected))
        self.with_selected.setVisible(bool(selected))
        self.body.addWidget(self.with_selected)
        self.add_cancel()
        self.add_action("Make the group").clicked.connect(self.make)
        self.name.setFocus()

    def make(self) -> None:
        name, parent_id = self.name.text(), self._inside.id if self._inside else None
        ids = self._selected if self.with_selected.isChecked() else []
        self._desk.change(
            self,
            lambda c: c.do(groups.add_group, name, parent_id=parent_id, server_ids=ids),
            lambda _: self.accept(),
            self.fail,
        )


class SmartGroupDialog(Dialog):
    """A query with a name: the servers in it are always those that it finds. `group` None = a new one."""

    def __init__(
        self, desk: Desk, parent: QWidget | None, query: str, group: GroupNode | None = None
    ) -> None:
        super().__init__(
            parent,
            f"Edit {group.name}" if group else "New smart group",
            "It holds whatever its query finds, now and later.",
        )
        self._desk, self._group = desk, group
        self.name = QLineEdit(group.name if group else "")
        self.name.setAccessibleName("Name")
        self.query = QueryBar(desk.work, "the group's servers", LANGUAGE, "model:R750 bios<2.19")
        self.query.setText(query)
        form = QFormLayout()
        form.addRow("Name", self.name)
        form.addRow("Query", self.query)
        self.body.addLayout(form)
        self.body.addWidget(self.query.problem)
        self.add_cancel()
        self.add_action("Save" if group else "Make the smart group").clicked.connect(self.make)
        self.name.setFocus()

    def make(self) -> None:
        name, query, group = self.name.text(), self.query.text().strip(), self._group
        if not query or self.query.query() is None:
            self.query.apply()
            self.query.setFocus()
            if not query:
                self.fail(BadInput("The query is missing.", hint="Write one, for example model:R750."))
            return
        if group is None:
            self._desk.change(
                self,
                lambda c: c.do(groups.add_group, name, kind="saved_filter", query=query),
                lambda _: self.accept(),
                self.fail,
            )
            return
        self._desk.change(
            self,
            lambda c: c.do(groups.edit_group, group.id, name=name, query=query),
            lambda _: self.accept(),
            self.fail,
        )


class RemoveGroupDialog(Dialog):
    """Asks once; the servers stay on the list."""

    def __init__(self, desk: Desk, parent: QWidget | None, group: GroupNode) -> None:
        stay = f"Its {words.plural(group.count, 'server')} stay on the list" if group.count else "It is empty"
        inner = ", the groups in it stay too." if group.children else "."
        super().__init__(parent, f"Remove the group {group.name}?", stay + inner)
        self.add_cancel(default=True)
        self.remove = self.add_action("Remove the group", default=False)
        self.remove.clicked.connect(
            lambda: desk.change(
                self, lambda c: c.do(groups.remove_group, group.id), lambda _: self.accept(), self.fail
            )
        )
