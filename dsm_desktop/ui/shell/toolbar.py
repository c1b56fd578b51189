"""The tool bar: the jobs used most, the power menu, the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

from dsm_desktop.ui.icons import set_icon

if TYPE_CHECKING:
    from dsm_desktop.ui.shell.window import MainWindow


def tool_bar(window: MainWindow) -> QToolBar:
    """The one tool bar of the window, without the jobs."""
    bar = QToolBar("Tools")
    bar.setObjectName("tools")
    bar.setMovable(False)
    bar.setIconSize(QSize(18, 18))
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.setAccessibleName("Tools")
    window.fill_ways(bar)
    bar.addWidget(window.crumbs).setObjectName(_AFTER_JOBS)
    bar.addAction(window.actions_.plain["palette"])
    return bar


def fill_job_buttons(window: MainWindow, bar: QToolBar) -> None:
    """The jobs used most and the power menu, before the breadcrumb."""
    actions = window.actions_
    after = next(action for action in bar.actions() if action.objectName() == _AFTER_JOBS)
    for kind in ("discovery_scan", "inventory_refresh", "health_check"):
        if kind in actions.jobs:
            bar.insertAction(after, actions.jobs[kind])
    if actions.power:
        bar.insertWidget(after, _power_button(window))
    for kind in ("identify_led", "network_test", "fetch_event_logs"):
        if kind in actions.jobs:
            bar.insertAction(after, actions.jobs[kind])


def _power_button(window: MainWindow) -> QToolButton:
    power = QToolButton()
    power.setText("Power")
    power.setAccessibleName("Power of the selected servers")
    power.setToolTip("Power of the selected servers")
    set_icon(power, "power")
    power.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    power.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(power)
    menu.setToolTipsVisible(True)
    window.actions_.fill_power_menu(menu)
    power.setMenu(menu)
    return power


_AFTER_JOBS = "after-jobs"
