"""No name made for programs stands where a person reads: forms, lists of choices, cells of every table."""

from __future__ import annotations

import enum
import re
import typing
from collections.abc import Callable, Iterator

import pytest
from pydantic import BaseModel
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from dsm_desktop.app.application import catalogue
from dsm_desktop.core.settings import SECTIONS
from dsm_desktop.core.worded import Worded
from dsm_desktop.operations.rolling_options import RollOptions
from dsm_desktop.queries.inventory import PartRow
from dsm_desktop.ui import words
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.shots import more_views
from dsm_desktop.ui.views.part_words import part_detail, part_name
from dsm_desktop.ui.widgets.forms import Form
from dsm_desktop.ui.widgets.grid import GridView
from tests.ui.seed_vsphere import seed_linked

OpenSession = Callable[..., Session]
RAW = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z]{2,}[A-Z][A-Za-z]+\b|\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b")
"""snake_case, camelCase and CamelCase."""
NAMES = {
    "PowerEdge",
    "NetXtreme",
    "ConnectX",
    "SupportAssist",
    "OpenManage",
    "ProSupport",
    "SysLog",
    "AssetTag",
}
"""Names of things, and the examples of patterns for settings of an iDRAC."""
DEVICES_OWN = ("BIOS", "iDRAC attributes", "Calls", "API calls", "Configuration profiles")
"""Pages that show a device's own names on purpose: they are what its manual, a profile and a call hold."""
PROGRAMS_OWN = ("Action", "As written", "Identifier")
"""Columns, hidden at first, for those who need a name for programs."""
MODELS = {kind: job.params for kind, job in catalogue().items()} | {s.name: s for s in SECTIONS}


def raw(text: str) -> list[str]:
    """Names for programs in a text, without addresses of the network and files."""
    plain = " ".join(word for word in text.split() if not re.search(r"[/@=:#\\]", word))
    return [found for found in RAW.findall(plain) if found not in NAMES]


def enums(annotation: object) -> Iterator[type[enum.Enum]]:
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from enums(inner)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_choice_of_a_form_has_words_of_its_own(name: str) -> None:
    model: type[BaseModel] = MODELS[name]
    for field, info in model.model_fields.items():
        assert "Literal" not in str(info.annotation), f"{field}: a Literal has no words; make it a Worded"
        for kind in enums(info.annotation):
            assert issubclass(kind, Worded), f"{field}: {kind.__name__} has no words"
            for member in kind:
                assert member.words, f"{kind.__name__}.{member.name} has no words"
                assert not raw(member.words), f"{kind.__name__}.{member.name}: {member.words}"
                assert member.words[0].isupper() or member.words.startswith("iDRAC"), member.words


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_form_shows_no_name_made_for_programs(name: str, qtbot: QtBot) -> None:
    form = Form(MODELS[name])
    qtbot.addWidget(form)
    assert {text for text in texts(form) if raw(text)} == set()


def test_the_choice_about_vsan_says_what_happens_to_the_data(qtbot: QtBot) -> None:
    form = Form(RollOptions)
    qtbot.addWidget(form)
    box = form.editor("vsan").control
    assert isinstance(box, QComboBox)
    assert [box.itemText(n) for n in range(box.count())] == [
        "Keep every object accessible",
        "Move all data to other hosts",
        "Leave the data where they are",
    ]
    assert form.values()["vsan"] == "ensureObjectAccessibility", "what vCenter is told is its own name"


def texts(owner: QWidget) -> Iterator[str]:
    """What stands on labels, buttons and in lists of choices, with their tips."""
    for widget in owner.findChildren(QWidget):
        if isinstance(widget, QLabel | QAbstractButton):
            yield widget.text()
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(n) for n in range(widget.count()))
        yield widget.toolTip()


def cells(model: QAbstractItemModel) -> Iterator[tuple[str, str]]:
    """(heading, text) of every cell."""
    for column in range(model.columnCount(QModelIndex())):
        heading = str(model.headerData(column, Qt.Orientation.Horizontal))
        for row in range(model.rowCount(QModelIndex())):
            yield heading, str(model.data(model.index(row, column)) or "")


def test_no_cell_of_any_table_shows_one(open_session: OpenSession) -> None:
    session = open_session(seed_linked)
    window = session.window
    found: set[str] = set()
    seen = 0

    def look(page: str) -> None:
        nonlocal seen
        for grid in window.findChildren(GridView):
            if not grid.isVisible():
                continue
            for heading, text in cells(grid.model()):
                if heading in PROGRAMS_OWN:
                    continue
                seen += 1
                if raw(text):
                    found.add(f"{page}, {heading}: {text[:80]}")

    window.show_area("servers")
    servers = window.servers
    for row in servers.panel.model.shown_rows()[:6]:
        servers.panel.grid.show_row(row.id)
        for number in range(servers.details.tabs.count()):
            if servers.details.tabs.tabText(number) in DEVICES_OWN:
                continue
            servers.details.tabs.setCurrentIndex(number)
            settle(session.desk)
            look(f"server, {servers.details.tabs.tabText(number)}")
    window.show_area("activity")
    for number in range(window.activity.count()):
        if window.activity.tabText(number) not in DEVICES_OWN:
            window.activity.setCurrentIndex(number)
            settle(session.desk)
            look(f"activity, {window.activity.tabText(number)}")
    for name, _ in more_views(window, settle):
        look(name)
    assert seen > 500, "the tables were empty"
    assert found == set()


def test_a_devices_own_value_is_said_in_words() -> None:
    assert words.spaced("ProtectedWriteBack") == "Protected write back"
    assert words.spaced("SystemHealth") == "System health"
    assert words.spaced("RAID1") == "RAID1"
    assert words.spaced("NVIDIA ConnectX-6 Lx") == "NVIDIA ConnectX-6 Lx"


def test_what_is_known_of_a_part_has_its_unit() -> None:
    detail = {"raid": "RAID1", "write_policy": "ProtectedWriteBack", "speed_mhz": 3200, "wear_percent_left": 98.0,
              "failure_predicted": True, "encrypted": False}  # fmt: skip
    part = PartRow(
        1,
        "drive",
        "Disk.Bay.0",
        "DellControllerBattery",
        "",
        "",
        "",
        "",
        "",
        "",
        None,
        None,
        "",
        "ok",
        detail,
    )
    assert part_detail(part) == (
        "Level RAID1 · Write policy Protected write back · Speed 3200 MHz · Life left 98 % · Failure predicted"
    )
    assert part_name(part) == "Controller battery"
