"""The tool bar: the jobs used most, the power menu, the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

from dsm_desktop.ui.icons import set_icon

if TYPE_CHECKING:
    from dsm_desktop.ui.shell.window import MainWindow


def tool_bar(window: MainWindow) -> QToolBar:
    """The one tool bar of the window."""
    actions = window.actions_
    bar = QToolBar("Tools")
    bar.setObjectName("tools")
    bar.setMovable(False)
    bar.setIconSize(QSize(18, 18))
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.setAccessibleName("Tools")
    window.fill_ways(bar)
    jobs = actions.jobs
    for kind in ("discovery_scan", "inventory_refresh", "health_check"):
        if kind in jobs:
            bar.addAction(jobs[kind])
    if actions.power:
        power = QToolButton()
        power.setText("Power")
        power.setAccessibleName("Power of the selected servers")
        power.setToolTip("Power of the selected servers")
        set_icon(power, "power")
        power.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        power.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(power)
        actions.fill_power_menu(menu)
        power.setMenu(menu)
        bar.addWidget(power)
    for kind in ("identify_led", "network_test", "fetch_event_logs"):
        if kind in jobs:
            bar.addAction(jobs[kind])
    bar.addWidget(window.crumbs)
    bar.addAction(actions.plain["palette"])
    return bar
