"""vCenters, ESXi hosts, and what was judged and decided about them.

The shape of revision 0015, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _safety_checks() -> None:
    op.create_table(
        "safety_checks",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("colour", sa.String(length=8), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_safety_checks_job_id_jobs"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_checks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_safety_checks_subject", "safety_checks", ["subject", "id"], unique=False)


def _vcenters() -> None:
    op.create_table(
        "vcenters",
        sa.Column("id", ID, nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("instance_uuid", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("build", sa.String(length=40), nullable=False),
        sa.Column("trust_mode", sa.String(length=8), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("shown_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("assigned_credential_id", ID, nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("synced_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["assigned_credential_id"],
            ["credential_sets.id"],
            name=op.f("fk_vcenters_assigned_credential_id_credential_sets"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vcenters")),
        sa.UniqueConstraint("address", "port", name=op.f("uq_vcenters_address")),
        sqlite_autoincrement=True,
    )


def _esxi_hosts() -> None:
    op.create_table(
        "esxi_hosts",
        sa.Column("id", ID, nullable=False),
        sa.Column("vcenter_id", ID, nullable=True),
        sa.Column("moid", sa.String(length=64), nullable=False),
        sa.Column("cluster", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("service_tag", sa.String(length=32), nullable=False),
        sa.Column("uuid", sa.String(length=64), nullable=False),
        sa.Column("server_id", ID, nullable=True),
        sa.Column("link", sa.String(length=8), nullable=False),
        sa.Column("trust_mode", sa.String(length=8), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("shown_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("ssh_key", sa.String(length=64), nullable=False),
        sa.Column("assigned_credential_id", ID, nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["assigned_credential_id"],
            ["credential_sets.id"],
            name=op.f("fk_esxi_hosts_assigned_credential_id_credential_sets"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_esxi_hosts_server_id_servers"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["vcenter_id"],
            ["vcenters.id"],
            name=op.f("fk_esxi_hosts_vcenter_id_vcenters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_esxi_hosts")),
        sa.UniqueConstraint("vcenter_id", "moid", name=op.f("uq_esxi_hosts_vcenter_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_esxi_hosts_server_id", "esxi_hosts", ["server_id"], unique=False)


def _vm_decisions() -> None:
    op.create_table(
        "vm_decisions",
        sa.Column("id", ID, nullable=False),
        sa.Column("vcenter_id", ID, nullable=True),
        sa.Column("vm", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("cause", sa.String(length=60), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["vcenter_id"],
            ["vcenters.id"],
            name=op.f("fk_vm_decisions_vcenter_id_vcenters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vm_decisions")),
        sa.UniqueConstraint("vcenter_id", "vm", "cause", name=op.f("uq_vm_decisions_vcenter_id")),
        sqlite_autoincrement=True,
    )


def _vsphere_objects() -> None:
    op.create_table(
        "vsphere_objects",
        sa.Column("vcenter_id", ID, nullable=False),
        sa.Column("moid", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("host", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["vcenter_id"],
            ["vcenters.id"],
            name=op.f("fk_vsphere_objects_vcenter_id_vcenters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("vcenter_id", "moid", name=op.f("pk_vsphere_objects")),
    )
    op.create_index("ix_vsphere_objects_kind", "vsphere_objects", ["vcenter_id", "kind"], unique=False)


def upgrade() -> None:
    _safety_checks()
    _vcenters()
    _esxi_hosts()
    _vm_decisions()
    _vsphere_objects()
    op.add_column("job_tasks", sa.Column("host_id", ID, nullable=True))


def downgrade() -> None:
    op.drop_column("job_tasks", "host_id")

    op.drop_table("vsphere_objects")
    op.drop_table("vm_decisions")
    op.drop_table("esxi_hosts")
    op.drop_table("vcenters")
    op.drop_table("safety_checks")
