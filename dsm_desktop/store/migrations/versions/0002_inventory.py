"""Dated inventory and readings.

The shape of revision 0002, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _inventory_snapshots() -> None:
    op.create_table(
        "inventory_snapshots",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_inventory_snapshots_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_snapshots")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_inventory_snapshots_server_taken", "inventory_snapshots", ["server_id", "taken_at"], unique=False
    )


def _inventory_parts() -> None:
    op.create_table(
        "inventory_parts",
        sa.Column("id", ID, nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("part_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slot", sa.String(length=120), nullable=False),
        sa.Column("manufacturer", sa.String(length=120), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("part_number", sa.String(length=120), nullable=False),
        sa.Column("serial_number", sa.String(length=120), nullable=False),
        sa.Column("firmware", sa.String(length=80), nullable=False),
        sa.Column("capacity_bytes", sa.BigInteger(), nullable=True),
        sa.Column("reading", sa.Double(), nullable=True),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("health", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["inventory_snapshots.id"],
            name=op.f("fk_inventory_parts_snapshot_id_inventory_snapshots"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_parts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inventory_parts_serial", "inventory_parts", ["serial_number"], unique=False)
    op.create_index(op.f("ix_inventory_parts_snapshot_id"), "inventory_parts", ["snapshot_id"], unique=False)


def _inventory_firmware() -> None:
    op.create_table(
        "inventory_firmware",
        sa.Column("id", ID, nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("firmware_id", sa.String(length=255), nullable=False),
        sa.Column("fqdd", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("component_id", sa.String(length=40), nullable=False),
        sa.Column("component_type", sa.String(length=16), nullable=False),
        sa.Column("updateable", sa.Boolean(), nullable=False),
        sa.Column("installed_at", sa.String(length=40), nullable=False),
        sa.Column("pci_ids", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["inventory_snapshots.id"],
            name=op.f("fk_inventory_firmware_snapshot_id_inventory_snapshots"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_firmware")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_inventory_firmware_snapshot_id"), "inventory_firmware", ["snapshot_id"], unique=False
    )


def _inventory_settings() -> None:
    op.create_table(
        "inventory_settings",
        sa.Column("id", ID, nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["inventory_snapshots.id"],
            name=op.f("fk_inventory_settings_snapshot_id_inventory_snapshots"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_settings")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_inventory_settings_snapshot_id"), "inventory_settings", ["snapshot_id"], unique=False
    )


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("sensor", sa.String(length=120), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_readings_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_readings_server_sensor_at", "readings", ["server_id", "sensor", "at"], unique=False)


def upgrade() -> None:
    _inventory_snapshots()
    _inventory_parts()
    _inventory_firmware()
    _inventory_settings()
    _readings()


def downgrade() -> None:
    for table in (
        "readings",
        "inventory_settings",
        "inventory_firmware",
        "inventory_parts",
        "inventory_snapshots",
    ):
        op.drop_table(table)
