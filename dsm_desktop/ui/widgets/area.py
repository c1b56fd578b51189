"""What the shell asks of a view that fills an area; each answer has a default."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from dsm_desktop.queries.status import WorkNumbers
    from dsm_desktop.ui.widgets.listing import Listing


class AreaView:
    """Mixed into the widget of an area (first base, no constructor of its own)."""

    def main_panel(self) -> Listing | None:
        """The grid that filter, export and copy act on when nothing in the area has the focus."""
        return None

    def chosen_hosts(self) -> list[int]:
        """Ids of the ESXi hosts that are selected: what a job for hosts is for when it comes from a menu or the palette."""
        return []

    def panes(self) -> list[QWidget]:
        """Where F6 stops in this area, in order."""
        return []

    def refresh(self) -> None:
        """Read the store again."""

    def read_anew(self) -> None:
        """Let all that is shown be read from the devices: a job."""

    def unsaved(self) -> list[str]:
        """Names of the parts in which closing now would lose what a person has entered and not saved."""
        return []

    def show_page(self, page: str) -> None:
        """The part of "area/page"."""

    def place(self) -> tuple[str, tuple[str, ...]]:
        """What is in sight within the area: the "page" that `show_page` takes, and the names of the way to it."""
        return "", ()

    def show_numbers(self, found: WorkNumbers) -> None:
        """What is going on, after each look of the status bar."""

    def save_layout(self) -> None:
        """Keep widths, splits and tabs."""

    def load_layout(self) -> None:
        """Take them back."""
