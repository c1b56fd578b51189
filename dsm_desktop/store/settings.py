"""Settings of the site: sections of core.settings as rows, every change audited."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, select

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.settings import Section
from dsm_desktop.store import audit
from dsm_desktop.store.models import Setting
from dsm_desktop.store.unit_of_work import Store, UnitOfWork

_log = logging.getLogger(__name__)
S = TypeVar("S", bound=Section)


def load(store: Store, section: type[S]) -> S:
    """A section as stored; defaults where nothing is stored, or where what is stored is out of bounds (logged)."""
    return store.fetch(lambda connection: load_in(connection, section))


def load_in(connection: Connection, section: type[S]) -> S:
    stored: dict[str, Any] = connection.scalar(select(Setting.value).where(Setting.key == section.name)) or {}
    try:
        return section.model_validate(stored)
    except ValidationError as error:
        wrong = {str(e["loc"][0]) for e in error.errors()}
        _log.warning(
            "settings %s: stored values of %s are not usable", section.name, ", ".join(sorted(wrong))
        )
        return section.model_validate({k: v for k, v in stored.items() if k not in wrong})


def save(uow: UnitOfWork, section: Section, actor: str) -> None:
    """Store a section; the audit log gets what changed, from what to what."""
    row = uow.session.get(Setting, section.name)
    # What was never set was at its default.
    before: dict[str, Any] = type(section)().model_dump(mode="json") | (
        dict(row.value) if row is not None else {}
    )
    after = section.model_dump(mode="json")
    if row is None:
        row = Setting(key=section.name)
        uow.session.add(row)
    # Values of a newer program's settings stay.
    row.value, row.changed_at, row.changed_by = {**before, **after}, uow.now, actor[:200]
    changed = {k: [before.get(k), v] for k, v in after.items() if before.get(k) != v}
    audit.append(uow, actor, "settings.save", section.name, changed=changed)
    uow.changed("settings", "changed", section=section.name)


def edited(section: S, values: dict[str, Any]) -> S:
    """The section with some values replaced. BadInput names each wrong or unknown field in words."""
    unknown = sorted(values.keys() - type(section).model_fields.keys())
    if unknown:
        raise BadInput(f"{section.title} has no setting {', '.join(unknown)}.", hint="Check the name.")
    try:
        return type(section).model_validate({**section.model_dump(), **values})
    except ValidationError as error:
        fields = type(section).model_fields
        lines = [f"{fields[str(e['loc'][0])].title}: {e['msg']}" for e in error.errors()]
        raise BadInput("; ".join(lines), hint="Correct the named fields.", where=section.title) from None
