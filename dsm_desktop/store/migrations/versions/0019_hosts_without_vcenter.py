"""What an ESXi host without a vCenter showed last of its VMs and stores, and why it could not be read since.

The shape of revision 0019, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "esxi_objects",
        sa.Column("host_id", ID, nullable=False),
        sa.Column("moid", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"],
            ["esxi_hosts.id"],
            name=op.f("fk_esxi_objects_host_id_esxi_hosts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("host_id", "moid", name=op.f("pk_esxi_objects")),
    )
    op.add_column("esxi_hosts", sa.Column("problem", sa.Text(), nullable=False, server_default=""))
    if op.get_context().dialect.name != "sqlite":
        op.alter_column("esxi_hosts", "problem", server_default=None)


def downgrade() -> None:
    op.drop_column("esxi_hosts", "problem")
    op.drop_table("esxi_objects")
