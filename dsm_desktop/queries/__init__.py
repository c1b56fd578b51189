"""Rows shaped for a view; with the store the only SQL. `Connection` is what every query reads through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection as Connection

__all__ = ["Connection"]


def __getattr__(name: str) -> Any:
    """Named at run time only by those who query: rows, filters and files need no database library."""
    if name == "Connection":
        from sqlalchemy import Connection as found

        return found
    raise AttributeError(name)
