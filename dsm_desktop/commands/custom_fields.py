"""Columns of the operators' own: defined once, typed, set on one or many servers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, update

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import CustomField, Server
from dsm_desktop.store.unit_of_work import UnitOfWork

KINDS = ("text", "number", "date", "choice", "yes_no")
LONGEST_TEXT = 2_000
_BATCH = 500
_YES = {"yes": True, "y": True, "true": True, "1": True, "on": True, "x": True}
_NO = {"no": False, "n": False, "false": False, "0": False, "off": False}

Value = str | float | bool | None
"""None clears the field; a date is its ISO text ("2027-03-31")."""


class FieldDraft(BaseModel):
    """A field as typed. `kind` one of KINDS; `choices` the allowed texts of a choice."""

    model_config = ConfigDict(frozen=True)

    title: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    help: str = ""


def key_of(title: str) -> str:
    """The name in filters and in the store: lower case, words joined by "_" ("Warranty end" is "warranty_end")."""
    return "_".join(re.findall(r"[a-z0-9]+", title.lower()))[:40]


def add_field(uow: UnitOfWork, who: Principal, draft: FieldDraft) -> int:
    """Define a field; returns its id."""
    who.require(Permission.CONFIGURE, "define custom fields")
    key = key_of(draft.title)
    if not key or key[0].isdigit():
        raise BadInput(
            f"'{draft.title}' cannot name a field.",
            hint="Begin with a letter from a to z; it names the filter.",
        )
    if uow.session.scalar(select(CustomField.id).where(CustomField.key == key)) is not None:
        raise BadInput(f"There is a field '{key}' already.", hint="Edit that field instead.")
    last = uow.session.scalar(select(func.max(CustomField.position)))
    row = CustomField(key=key, position=(last or 0) + 1)
    _fill(row, draft)
    uow.session.add(row)
    uow.session.flush()
    _tell(uow, who, "custom_fields.add", row)
    return row.id


def edit_field(uow: UnitOfWork, who: Principal, field_id: int, draft: FieldDraft) -> None:
    """Change title, kind, choices or help; the key stays. BadInput when stored values do not fit the new kind."""
    who.require(Permission.CONFIGURE, "define custom fields")
    row = _field(uow, field_id)
    _fill(row, draft)
    for label, custom in uow.session.execute(select(Server.address, Server.custom)):
        if custom and row.key in custom:
            try:
                parsed = parse_value(row, custom[row.key])
            except BadInput as error:
                raise BadInput(
                    f"The value on {label} does not fit: {error.message}",
                    hint=f"Find it with the filter field.{row.key}:* and change it first.",
                ) from None
            if type(parsed) is not type(custom[row.key]):
                raise BadInput(
                    f"'{row.title}' holds {custom[row.key]!r} on {label}, which is of another kind.",
                    hint="Make a new field and move the values.",
                )
    _tell(uow, who, "custom_fields.edit", row)


def remove_field(uow: UnitOfWork, who: Principal, field_id: int) -> int:
    """Remove a field and its values; returns how many servers had one."""
    who.require(Permission.CONFIGURE, "remove custom fields")
    row, had = _field(uow, field_id), 0
    for server_id, custom in uow.session.execute(select(Server.id, Server.custom)).all():
        if custom and row.key in custom:
            rest = {k: v for k, v in custom.items() if k != row.key}
            uow.session.execute(update(Server).where(Server.id == server_id).values(custom=rest))
            uow.changed("servers", "changed", server_id)
            had += 1
    audit.append(uow, who.name, "custom_fields.remove", row.title, servers=had)
    uow.session.delete(row)
    uow.changed("custom_fields", "removed", field_id)
    return had


def set_values(
    uow: UnitOfWork, who: Principal, server_ids: Sequence[int], values: Mapping[str, str | Value]
) -> None:
    """Set fields by key on one or many servers; fields not named keep their values, None or "" clears one."""
    who.require(Permission.CONFIGURE, "edit servers")
    fields = fields_by_key(uow)
    if unknown := sorted(values.keys() - fields.keys()):
        raise BadInput(
            f"There is no custom field {', '.join(unknown)}.", hint="Define it under Settings first."
        )
    parsed = {key: parse_value(fields[key], value) for key, value in values.items()}
    put_values(uow, server_ids, parsed)
    audit.append(uow, who.name, "servers.custom", f"{len(server_ids)} servers", values=parsed)
    uow.changed("servers", "changed", *server_ids)


def put_values(uow: UnitOfWork, server_ids: Sequence[int], parsed: Mapping[str, Value]) -> None:
    """Write values that were checked before."""
    for start in range(0, len(server_ids), _BATCH):
        ids = list(server_ids[start : start + _BATCH])
        rows = uow.session.execute(select(Server.id, Server.custom).where(Server.id.in_(ids))).all()
        changed = [
            {"id": i, "custom": {k: v for k, v in {**(old or {}), **parsed}.items() if v is not None}}
            for i, old in rows
        ]
        if changed:
            uow.session.execute(update(Server), changed)


def fields_by_key(uow: UnitOfWork) -> dict[str, CustomField]:
    """Every definition."""
    return {row.key: row for row in uow.session.scalars(select(CustomField))}


def parse_value(field: CustomField, value: str | Value) -> Value:
    """A typed or pasted value as the field keeps it. BadInput says what is expected."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    text = str(value).strip()
    if field.kind == "number":
        return _number(field, value, text)
    if field.kind == "yes_no":
        if isinstance(value, bool):
            return value
        if (found := {**_YES, **_NO}.get(text.lower())) is None:
            raise BadInput(f"{field.title}: '{text}' is neither yes nor no.", hint="Write yes or no.")
        return found
    if field.kind == "date":
        try:
            return date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            raise BadInput(f"{field.title}: '{text}' is no date.", hint="Write 2027-03-31.") from None
    if field.kind == "choice":
        by_name = {str(c).lower(): str(c) for c in field.choices}
        if text.lower() not in by_name:
            raise BadInput(
                f"{field.title}: '{text}' is not one of its choices.",
                hint=f"Choose {', '.join(map(str, field.choices))}.",
            )
        return by_name[text.lower()]
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"{field.title}: the text is longer than {LONGEST_TEXT} characters.")
    return text


def _number(field: CustomField, value: str | Value, text: str) -> float:
    try:
        number = float(text.replace(",", ".")) if not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(
            f"{field.title}: '{text}' is no number.", hint="Write digits, with a point if need be."
        )
    return number


def _fill(row: CustomField, draft: FieldDraft) -> None:
    if draft.kind not in KINDS:
        raise BadInput(f"'{draft.kind}' is no kind of field.", hint=f"Choose {', '.join(KINDS)}.")
    choices = list(dict.fromkeys(c.strip() for c in draft.choices if c.strip()))
    if draft.kind == "choice" and not choices:
        raise BadInput("A choice needs something to choose from.", hint="Give at least one choice.")
    if not draft.title.strip():
        raise BadInput("A field needs a name.")
    row.title, row.kind, row.help = draft.title.strip()[:80], draft.kind, draft.help.strip()
    row.choices = choices if draft.kind == "choice" else []


def _field(uow: UnitOfWork, field_id: int) -> CustomField:
    row = uow.session.get(CustomField, field_id)
    if row is None:
        raise NotFound(f"There is no custom field {field_id}.", hint="It may have been removed.")
    return row


def _tell(uow: UnitOfWork, who: Principal, action: str, row: CustomField) -> None:
    audit.append(uow, who.name, action, row.title, key=row.key, kind=row.kind, choices=row.choices)
    uow.changed("custom_fields", "changed", row.id)
