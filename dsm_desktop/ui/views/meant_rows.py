"""Which rows a button over a table works on."""

from __future__ import annotations

from typing import Any

from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.panel import GridPanel


def chosen_or_shown(panel: GridPanel) -> list[Any]:
    """The chosen rows, else all that are shown."""
    grid, model = panel.grid, panel.model
    return [model.row_at(place) for place in grid.selected_places()] or model.shown_rows()


def meant_rows(desk: Desk, panel: GridPanel) -> list[Any] | None:
    """The chosen rows, else all that are shown. None where what was chosen has gone out of sight meanwhile: never all in its stead
    unless the button is pressed again."""
    if panel.grid.lost:
        panel.grid.lost = False
        desk.tell(
            "What was chosen is out of sight. Choose again, or press again for all that is shown.",
            Tone.WARNING,
        )
        return None
    return chosen_or_shown(panel)
