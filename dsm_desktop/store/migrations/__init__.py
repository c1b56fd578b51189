"""Alembic revisions, run by `dsm_desktop.store.migrate` only."""
