"""Custom fields, tags, racks, message texts, part search, and indexes for browsing a million calls.

The shape of revision 0005, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dsm_desktop.store.part_words import index_all

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _custom_fields() -> None:
    op.create_table(
        "custom_fields",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_fields")),
        sa.UniqueConstraint("key", name=op.f("uq_custom_fields_key")),
        sqlite_autoincrement=True,
    )


def _server_tags() -> None:
    op.create_table(
        "server_tags",
        sa.Column("server_id", ID, nullable=False),
        sa.Column("tag", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_server_tags_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("server_id", "tag", name=op.f("pk_server_tags")),
    )
    op.create_index(op.f("ix_server_tags_tag"), "server_tags", ["tag"], unique=False)


def _racks() -> None:
    op.create_table(
        "racks",
        sa.Column("id", ID, nullable=False),
        sa.Column("room", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_racks")),
        sa.UniqueConstraint("room", "name", name=op.f("uq_racks_room")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rack_places",
        sa.Column("server_id", ID, nullable=False),
        sa.Column("rack_id", ID, nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rack_id"], ["racks.id"], name=op.f("fk_rack_places_rack_id_racks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_rack_places_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_rack_places")),
    )
    op.create_index(op.f("ix_rack_places_rack_id"), "rack_places", ["rack_id"], unique=False)


def _message_registry() -> None:
    op.create_table(
        "message_registry",
        sa.Column("id", ID, nullable=False),
        sa.Column("message_id", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("loaded_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_registry")),
        sa.UniqueConstraint("message_id", "source", name=op.f("uq_message_registry_message_id")),
        sqlite_autoincrement=True,
    )


def _part_words() -> None:
    op.create_table(
        "part_words",
        sa.Column("part_id", ID, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["part_id"],
            ["inventory_parts.id"],
            name=op.f("fk_part_words_part_id_inventory_parts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("part_id", name=op.f("pk_part_words")),
    )


_SQLITE = (
    "CREATE VIRTUAL TABLE part_words_fts USING fts5(words, content='part_words', content_rowid='part_id', "
    "tokenize='unicode61 remove_diacritics 0', detail='none', prefix='4')",
    "CREATE TRIGGER part_words_ai AFTER INSERT ON part_words BEGIN "
    "INSERT INTO part_words_fts(rowid, words) VALUES (new.part_id, new.words); END",
    "CREATE TRIGGER part_words_ad AFTER DELETE ON part_words BEGIN "
    "INSERT INTO part_words_fts(part_words_fts, rowid, words) VALUES ('delete', old.part_id, old.words); END",
)
_POSTGRES = (
    "ALTER TABLE part_words ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED",
    "CREATE INDEX ix_part_words_search ON part_words USING gin (search)",
)
_FAILED = sa.text("status IS NULL OR status = 0 OR status >= 400")
_CHANGING = sa.text("changing")


def _browsing() -> None:
    op.create_index(
        "ix_api_calls_failed", "api_calls", ["id"], sqlite_where=_FAILED, postgresql_where=_FAILED
    )
    op.create_index(
        "ix_api_calls_changing", "api_calls", ["id"], sqlite_where=_CHANGING, postgresql_where=_CHANGING
    )
    op.create_index(
        "ix_inventory_firmware_version",
        "inventory_firmware",
        ["version"],
        postgresql_ops={"version": "varchar_pattern_ops"},
    )


def upgrade() -> None:
    _custom_fields()
    _server_tags()
    _racks()
    _message_registry()
    _part_words()
    _browsing()
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES:
        op.execute(statement)
    index_all(op.get_bind())


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE part_words_fts")
    op.drop_index("ix_inventory_firmware_version", "inventory_firmware")
    op.drop_index("ix_api_calls_changing", "api_calls")
    op.drop_index("ix_api_calls_failed", "api_calls")
    for table in ("part_words", "message_registry", "rack_places", "racks", "server_tags", "custom_fields"):
        op.drop_table(table)
