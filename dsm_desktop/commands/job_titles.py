"""What a job's title says instead of a bare id: "Read vcenter.site", not "Read vCenter 1"."""

from __future__ import annotations

from sqlalchemy import select

from dsm_desktop.jobs.declaration import Params
from dsm_desktop.store.models import EsxiHost, EsxiObject, LibraryItem, Vcenter, VsphereObject
from dsm_desktop.store.unit_of_work import UnitOfWork


def names_in_title(uow: UnitOfWork, params: Params) -> dict[str, str]:
    """Names by parameter, for those that hold the id of something: `vcenter_id`, `cluster`, `datastore`, `item`. One that is not
    known (any more) is said by its id; no cluster is said in words."""
    values = params.model_dump()
    found: dict[str, str] = {}
    if (vcenter := values.get("vcenter_id")) is not None:
        found["vcenter_id"] = _place(uow, vcenter)
    elif "vcenter_id" in values:
        found["vcenter_id"] = "all vCenters"
    for field in ("cluster", "datastore"):
        if values.get(field) and vcenter is not None:
            found[field] = _thing(uow, vcenter, str(values[field]))
    if values.get("cluster") == "":
        hosts = values.get("hosts") or ()
        found["cluster"] = (
            f"{len(hosts)} stand-alone host{'s' if len(hosts) != 1 else ''}" if hosts else "all clusters"
        )
    if item := values.get("item"):
        found["item"] = _item(uow, str(item))
    return found


def _place(uow: UnitOfWork, place: int) -> str:
    """A vCenter's name, or that of a stand-alone host (`place_of_host`)."""
    if place < 0:
        host = uow.session.get(EsxiHost, -place)
        return host.name if host is not None else f"host {-place}"
    row = uow.session.get(Vcenter, place)
    return (row.name or row.address) if row is not None else f"vCenter {place}"


def _thing(uow: UnitOfWork, place: int, moid: str) -> str:
    thing: VsphereObject | EsxiObject | None
    if place < 0:
        thing = uow.session.get(EsxiObject, (-place, moid))
    else:
        thing = uow.session.get(VsphereObject, (place, moid))
    return thing.name if thing is not None else moid


def _item(uow: UnitOfWork, wanted: str) -> str:
    """An item of the library may be given by number or by SHA-256 too."""
    table = LibraryItem
    by = table.id == int(wanted) if wanted.isascii() and wanted.isdigit() else table.sha256 == wanted.lower()
    return uow.session.scalar(select(table.name).where(by).limit(1)) or wanted
