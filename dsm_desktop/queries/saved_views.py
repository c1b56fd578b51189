"""Named views of a grid as rows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from dsm_desktop.commands.saved_views import ViewLayout
from dsm_desktop.store.models import SavedView


@dataclass(frozen=True, slots=True)
class SavedViewRow:
    """A view; `owner` "" = shared with everybody."""

    id: int
    view: str
    name: str
    owner: str
    layout: ViewLayout
    notes: str

    @property
    def shared(self) -> bool:
        return not self.owner


def list_saved_views(connection: Connection, view: str, user: str) -> list[SavedViewRow]:
    """The user's own views of a grid and the shared ones, by name."""
    v = SavedView
    query = (
        select(v.id, v.view, v.name, v.owner, v.layout, v.notes)
        .where(v.view == view, or_(v.owner == user, v.owner == ""))
        .order_by(v.name, v.owner)
    )
    return [
        SavedViewRow(i, grid, name, owner, ViewLayout.model_validate(layout), notes)
        for i, grid, name, owner, layout, notes in connection.execute(query)
    ]


def default_view(connection: Connection, view: str, user: str) -> SavedViewRow | None:
    """What a grid opens with: the user's own default, else the shared one."""
    chosen = [row for row in list_saved_views(connection, view, user) if row.layout.default]
    return next((row for row in chosen if row.owner), next(iter(chosen), None))
