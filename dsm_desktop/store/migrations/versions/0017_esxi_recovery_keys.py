"""Recovery keys of ESXi hosts whose configuration is sealed by a TPM.

The shape of revision 0017, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "esxi_recovery_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("host_id", ID, nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("service_tag", sa.String(length=32), nullable=False),
        sa.Column("recovery_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"],
            ["esxi_hosts.id"],
            name=op.f("fk_esxi_recovery_keys_host_id_esxi_hosts"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_esxi_recovery_keys_job_id_jobs"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_esxi_recovery_keys")),
        sa.UniqueConstraint(
            "service_tag", "name", "recovery_id", name=op.f("uq_esxi_recovery_keys_service_tag")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_esxi_recovery_keys_host_id"), "esxi_recovery_keys", ["host_id"], unique=False)


def downgrade() -> None:
    op.drop_table("esxi_recovery_keys")
