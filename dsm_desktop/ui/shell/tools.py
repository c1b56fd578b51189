"""Actions that open a dialog or a window of their own; one line registers one in its menu and in the palette."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsm_desktop.ui.shell.window import MainWindow


@dataclass(frozen=True, slots=True)
class Tool:
    """`menu` File | Edit | View | Server | Jobs | Help; `open` imports what it shows itself, at the first use."""

    name: str
    text: str
    icon: str
    keys: str
    menu: str
    open: Callable[[MainWindow], object]


TOOLS: tuple[Tool, ...] = (
    Tool(
        "find-parts",
        "Find a part, serial number or MAC…",
        "search",
        "Ctrl+Shift+F",
        "Edit",
        lambda window: window.show_area("reports/find"),
    ),
)
