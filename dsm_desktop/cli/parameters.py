"""Command-line options out of a job type's parameter model: one declaration for form, JSON and terminal."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
from pydantic.fields import FieldInfo

from dsm_desktop.jobs import Params

_TIMES = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


def options_for(model: type[Params]) -> list[click.Option]:
    """A click option per field: enumerations become choices, booleans --x/--no-x, lists may be repeated."""
    return [_option(name, field) for name, field in model.model_fields.items()]


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Only what was typed: the model fills in its own defaults."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v not in (None, ())}


def _option(name: str, field: FieldInfo) -> click.Option:
    kind, many = _inner(field.annotation)
    flag = name.replace("_", "-")
    text = field.title or name.replace("_", " ")
    if field.description:
        text = f"{text}: {field.description}"
    if not field.is_required() and field.default not in (None, "", []):
        shown = field.default.value if isinstance(field.default, enum.Enum) else field.default
        text = f"{text} [default: {shown}]"
    settings: dict[str, Any] = {"help": text, "required": field.is_required(), "default": None}
    if kind is bool and not many:
        return click.Option([f"--{flag}/--no-{flag}", name], **settings)
    return click.Option([f"--{flag}", name], type=_click_type(kind), multiple=many, **settings)


def _inner(annotation: Any) -> tuple[Any, bool]:
    """(type, may be repeated) of an annotation such as `list[str]`, `X | None`, `Annotated[int, …]`."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _inner(typing.get_args(annotation)[0])
    if origin in (list, tuple, set):
        return _inner(typing.get_args(annotation)[0])[0], True
    if origin in (typing.Union, types.UnionType):
        return _inner(next(a for a in typing.get_args(annotation) if a is not type(None)))
    return annotation, False


def _click_type(kind: Any) -> click.ParamType[Any] | Callable[[str], Any]:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return click.Choice([str(member.value) for member in kind])
    simple: dict[Any, click.ParamType[Any]] = {
        int: click.INT,
        float: click.FLOAT,
        datetime: click.DateTime(_TIMES),
    }
    return simple.get(kind, click.STRING)
