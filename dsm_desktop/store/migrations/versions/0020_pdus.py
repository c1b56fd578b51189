"""The power distribution units a server hangs on, as people write them down.

The shape of revision 0020, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("servers", sa.Column("pdus", sa.Text(), nullable=False, server_default=""))
    if op.get_context().dialect.name != "sqlite":
        op.alter_column("servers", "pdus", server_default=None)


def downgrade() -> None:
    op.drop_column("servers", "pdus")
