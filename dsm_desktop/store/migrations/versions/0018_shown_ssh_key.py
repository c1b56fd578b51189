"""The SSH key a host showed last, so that a person can compare and approve another than the pinned one.

The shape of revision 0018, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "esxi_hosts", sa.Column("shown_ssh_key", sa.String(length=64), nullable=False, server_default="")
    )
    op.execute("UPDATE esxi_hosts SET shown_ssh_key = ssh_key")
    if op.get_context().dialect.name != "sqlite":
        op.alter_column("esxi_hosts", "shown_ssh_key", server_default=None)


def downgrade() -> None:
    op.drop_column("esxi_hosts", "shown_ssh_key")
