"""Alembic's entry point. `dsm_desktop.store.migrate` hands in the connection, its transaction already begun and locked."""

from __future__ import annotations

from alembic import context

from dsm_desktop.store.migrations.compare import configuration

context.configure(connection=context.config.attributes["connection"], **configuration())
context.run_migrations()
