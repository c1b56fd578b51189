"""`python -m dsm_desktop.store.migrations "what changes"` prints a draft revision: the models against a migrated store."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.migrate import head, upgrade
from dsm_desktop.store.migrations.compare import configuration
from dsm_desktop.store.models import Base

_TEMPLATE = '''"""{message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{down}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down_code}
'''


def draft(message: str) -> str:
    """The text of the next revision; to be read and finished by a person (data moves, triggers of recreated tables)."""
    with tempfile.TemporaryDirectory() as folder:
        url = sqlite_url(Path(folder) / "draft.db")
        upgrade(url)
        engine = create_engine(url)
        with engine.connect() as connection:
            found = produce_migrations(
                MigrationContext.configure(connection, opts=configuration()), Base.metadata
            )
        engine.dispose()
    if found.upgrade_ops is None or found.downgrade_ops is None:
        return ""
    return _TEMPLATE.format(
        message=message,
        revision=f"{int(head()) + 1:04d}",
        down=head(),
        up=render_python_code(found.upgrade_ops, render_as_batch=True),
        down_code=render_python_code(found.downgrade_ops, render_as_batch=True),
    )


if __name__ == "__main__":
    sys.stdout.write(draft(" ".join(sys.argv[1:]) or "Describe the change."))
