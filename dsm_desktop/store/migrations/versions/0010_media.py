"""The media server's identity, the library of ISOs and packages, what is mounted where.

The shape of revision 0010, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _library_folders() -> None:
    op.create_table(
        "library_folders",
        sa.Column("id", ID, nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("scanned_at", TIME, nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_folders")),
        sa.UniqueConstraint("host", "path", name=op.f("uq_library_folders_host")),
        sqlite_autoincrement=True,
    )


def _media_identities() -> None:
    op.create_table(
        "media_identities",
        sa.Column("id", ID, nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_identities")),
        sa.UniqueConstraint("host", name=op.f("uq_media_identities_host")),
        sqlite_autoincrement=True,
    )


def _library_items() -> None:
    op.create_table(
        "library_items",
        sa.Column("id", ID, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("component_type", sa.String(length=8), nullable=False),
        sa.Column("identity", sa.JSON(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["folder_id"],
            ["library_folders.id"],
            name=op.f("fk_library_items_folder_id_library_folders"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_items")),
        sa.UniqueConstraint("folder_id", "path", name=op.f("uq_library_items_folder_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_library_items_sha256"), "library_items", ["sha256"], unique=False)


def _library_uses() -> None:
    op.create_table(
        "library_uses",
        sa.Column("id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["library_items.id"],
            name=op.f("fk_library_uses_item_id_library_items"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_library_uses_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_uses")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_library_uses_item_id"), "library_uses", ["item_id"], unique=False)
    op.create_index(op.f("ix_library_uses_server_id"), "library_uses", ["server_id"], unique=False)


def _media_mounts() -> None:
    op.create_table(
        "media_mounts",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("image", sa.String(length=1000), nullable=False),
        sa.Column("file", sa.String(length=1000), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("item_id", ID, nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("connected_via", sa.String(length=40), nullable=False),
        sa.Column("mounted_by", sa.String(length=200), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["library_items.id"],
            name=op.f("fk_media_mounts_item_id_library_items"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_media_mounts_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_mounts")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_media_mounts_server_id_ended_at", "media_mounts", ["server_id", "ended_at"], unique=False
    )


def upgrade() -> None:
    _library_folders()
    _media_identities()
    _library_items()
    _library_uses()
    _media_mounts()


def downgrade() -> None:
    for table in ("media_mounts", "library_uses", "library_items", "media_identities", "library_folders"):
        op.drop_table(table)
