"""Settings of servers, registries, sealed profiles, boot history, site standards.

The shape of revision 0012, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _attribute_registries() -> None:
    op.create_table(
        "attribute_registries",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("firmware", sa.String(length=160), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribute_registries")),
        sa.UniqueConstraint("name", "firmware", name=op.f("uq_attribute_registries_name")),
        sqlite_autoincrement=True,
    )


def _site_standards() -> None:
    op.create_table(
        "site_standards",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_standards")),
        sa.UniqueConstraint("name", name=op.f("uq_site_standards_name")),
        sqlite_autoincrement=True,
    )


def _boot_history() -> None:
    op.create_table(
        "boot_history",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("override", sa.JSON(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_boot_history_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boot_history")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_boot_history_server_id_at", "boot_history", ["server_id", "at"], unique=False)


def _configuration_profiles() -> None:
    op.create_table(
        "configuration_profiles",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("server_id", ID, nullable=True),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("service_tag", sa.String(length=40), nullable=False),
        sa.Column("format", sa.String(length=4), nullable=False),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("golden", sa.Boolean(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("secrets", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("taken_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_configuration_profiles_server_id_servers"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configuration_profiles")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_configuration_profiles_server_id_taken_at",
        "configuration_profiles",
        ["server_id", "taken_at"],
        unique=False,
    )


def _configuration_snapshots() -> None:
    op.create_table(
        "configuration_snapshots",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("area", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("registry_name", sa.String(length=120), nullable=False),
        sa.Column("firmware", sa.String(length=160), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_configuration_snapshots_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configuration_snapshots")),
        sa.UniqueConstraint("server_id", "area", "kind", name=op.f("uq_configuration_snapshots_server_id")),
        sqlite_autoincrement=True,
    )


def upgrade() -> None:
    _attribute_registries()
    _site_standards()
    _boot_history()
    _configuration_profiles()
    _configuration_snapshots()


def downgrade() -> None:
    for table in (
        "configuration_snapshots",
        "configuration_profiles",
        "boot_history",
        "site_standards",
        "attribute_registries",
    ):
        op.drop_table(table)
