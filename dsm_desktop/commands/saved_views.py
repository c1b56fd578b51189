"""Named views of a grid: filter, columns, order, widths; a person's own or shared, and as a file."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, Denied, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import SavedView
from dsm_desktop.store.unit_of_work import UnitOfWork

FORMAT = "dsm-desktop view 1"
_LARGEST = 200_000


class ViewLayout(BaseModel):
    """What a view keeps. `columns` by key in shown order; `pinned` the first columns that do not scroll; `sort` as (column,
    descending), most important first; `group_by` a column's key or ""; `rules` colour rules as (column, query, tone); `node` what was
    chosen in the tree beside the grid ("group:4"), "" = no tree. Keys this version does not know are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    filter: str = Field("", max_length=10_000)
    columns: tuple[str, ...] = Field((), max_length=300)
    widths: dict[str, int] = Field(default_factory=dict)
    sort: tuple[tuple[str, bool], ...] = Field((), max_length=10)
    pinned: int = Field(1, ge=0, le=20)
    group_by: str = ""
    node: str = Field("", max_length=300)
    rules: tuple[tuple[str, str, str], ...] = Field((), max_length=100)
    default: bool = False


class ViewFile(BaseModel):
    """A view as a file for another person or site."""

    format: str
    view: str = Field(max_length=60)
    name: str = Field(max_length=120)
    notes: str = Field("", max_length=10_000)
    layout: ViewLayout


def save_view(
    uow: UnitOfWork,
    who: Principal,
    view: str,
    name: str,
    layout: ViewLayout,
    *,
    shared: bool = False,
    notes: str = "",
) -> int:
    """Save under a name, over the one of that name; `view` names the grid ("servers"). Sharing needs the right to configure."""
    if shared:
        who.require(Permission.CONFIGURE, "share views")
    name = name.strip()[:120]
    if not name:
        raise BadInput("A view needs a name.")
    owner = "" if shared else who.name
    row = uow.session.scalar(
        select(SavedView).where(SavedView.view == view, SavedView.name == name, SavedView.owner == owner)
    )
    if row is None:
        row = SavedView(view=view, name=name, owner=owner)
        uow.session.add(row)
    row.layout, row.notes = layout.model_dump(mode="json"), notes
    uow.session.flush()
    if layout.default:
        _only_default(uow, row)
    if shared:
        audit.append(uow, who.name, "views.share", f"{view}: {name}", filter=layout.filter)
    uow.changed("saved_views", "changed", row.id)
    return row.id


def rename_view(uow: UnitOfWork, who: Principal, view_id: int, name: str) -> None:
    """Give a view another name."""
    row = _own(uow, who, view_id)
    if not name.strip():
        raise BadInput("A view needs a name.")
    row.name = name.strip()[:120]
    uow.changed("saved_views", "changed", view_id)


def remove_view(uow: UnitOfWork, who: Principal, view_id: int) -> None:
    """Remove a view of one's own, or a shared one with the right to configure."""
    row = _own(uow, who, view_id)
    if not row.owner:
        audit.append(uow, who.name, "views.remove", f"{row.view}: {row.name}")
    uow.session.delete(row)
    uow.changed("saved_views", "removed", view_id)


def set_shared(uow: UnitOfWork, who: Principal, view_id: int, shared: bool) -> None:
    """Show a view to everybody, or make it one's own."""
    row = _own(uow, who, view_id)
    who.require(Permission.CONFIGURE, "share views")
    row.owner = "" if shared else who.name
    audit.append(uow, who.name, "views.share" if shared else "views.unshare", f"{row.view}: {row.name}")
    uow.changed("saved_views", "changed", view_id)


def make_default(uow: UnitOfWork, who: Principal, view_id: int) -> None:
    """The view the grid opens with; one for each owner and grid."""
    row = _own(uow, who, view_id)
    row.layout = {**row.layout, "default": True}
    _only_default(uow, row)
    uow.changed("saved_views", "changed", view_id)


def export_view(uow: UnitOfWork, who: Principal, view_id: int) -> str:
    """The view as the text of a file: one's own or a shared one."""
    row = _row(uow, view_id)
    if row.owner not in ("", who.name):
        raise Denied(f"This view belongs to {row.owner}.", hint="Ask for a shared view.")
    layout = ViewLayout.model_validate({**row.layout, "default": False})
    file = ViewFile(format=FORMAT, view=row.view, name=row.name, notes=row.notes, layout=layout)
    return file.model_dump_json(indent=2) + "\n"


def import_view(uow: UnitOfWork, who: Principal, view: str, text: str, *, shared: bool = False) -> int:
    """Take a view of the grid `view` from a file's text; returns its id. BadInput when it is no such file, or another grid's:
    there it would lie unseen."""
    hint = "Choose a file that was exported as a view."
    if len(text) > _LARGEST:
        raise BadInput("This file is too large for a view.", hint=hint)
    try:
        file = ViewFile.model_validate(_json(text))
    except (ValidationError, ValueError) as error:
        raise BadInput("This file is not a view.", hint=hint, detail=str(error)[:500]) from None
    if file.format != FORMAT:
        raise BadInput(f"This view is of another format ({file.format[:40]}).", hint="Export it again there.")
    if file.view != view:
        raise BadInput(
            f"This is a view of the list '{file.view}', not of '{view}'; nothing was taken.",
            hint=f"Open the list '{file.view}' and take it from the file there.",
        )
    return save_view(uow, who, file.view, file.name, file.layout, shared=shared, notes=file.notes)


def _json(text: str) -> Any:
    return json.loads(text.removeprefix("\ufeff"))


def _only_default(uow: UnitOfWork, row: SavedView) -> None:
    others = select(SavedView).where(
        SavedView.view == row.view, SavedView.owner == row.owner, SavedView.id != row.id
    )
    for other in uow.session.scalars(others):
        if other.layout.get("default"):
            other.layout = {**other.layout, "default": False}


def _own(uow: UnitOfWork, who: Principal, view_id: int) -> SavedView:
    row = _row(uow, view_id)
    if not row.owner:
        who.require(Permission.CONFIGURE, "change shared views")
    elif row.owner != who.name:
        raise Denied(f"This view belongs to {row.owner}.", hint="Save a copy under a name of your own.")
    return row


def _row(uow: UnitOfWork, view_id: int) -> SavedView:
    row = uow.session.get(SavedView, view_id)
    if row is None:
        raise NotFound(f"There is no view {view_id}.", hint="It may have been removed.")
    return row
