"""Names of SOAP methods are longer than HTTP's.

The shape of revision 0016, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NEVER_REUSED = {
    "sqlite_autoincrement": True
}  # SQLite makes the table anew, and forgets this unless it is said again


def upgrade() -> None:
    with op.batch_alter_table("api_calls", table_kwargs=_NEVER_REUSED) as table:
        table.alter_column("method", type_=sa.String(length=64), existing_type=sa.String(length=12))


def downgrade() -> None:
    op.execute("UPDATE api_calls SET method = substr(method, 1, 12) WHERE length(method) > 12")
    with op.batch_alter_table("api_calls", table_kwargs=_NEVER_REUSED) as table:
        table.alter_column("method", type_=sa.String(length=12), existing_type=sa.String(length=64))
