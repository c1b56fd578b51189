"""Rows shaped for a view; with the store the only SQL. `Connection` is what every query reads through."""

from sqlalchemy import Connection

__all__ = ["Connection"]
