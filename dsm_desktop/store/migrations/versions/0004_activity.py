"""Device calls, audit, device logs with full-text search, change feed.

The shape of revision 0004, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _api_calls() -> None:
    op.create_table(
        "api_calls",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("protocol", sa.String(length=12), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("changing", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Double(), nullable=True),
        sa.Column("received_bytes", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_calls")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_api_calls_at"), "api_calls", ["at"], unique=False)
    op.create_index(op.f("ix_api_calls_job_id"), "api_calls", ["job_id"], unique=False)
    op.create_index("ix_api_calls_server_id_id", "api_calls", ["server_id", "id"], unique=False)


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_log_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_log_action"), "audit_log", ["action"], unique=False)
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"], unique=False)


def _server_event_logs() -> None:
    op.create_table(
        "server_event_logs",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("log", sa.String(length=12), nullable=False),
        sa.Column("entry_id", sa.String(length=40), nullable=False),
        sa.Column("created", TIME, nullable=True),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("message_id", sa.String(length=60), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_server_event_logs_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_event_logs")),
        sa.UniqueConstraint("server_id", "log", "entry_id", "created", name="uq_server_event_logs_entry"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_server_event_logs_created"), "server_event_logs", ["created"], unique=False)
    op.create_index(
        "ix_server_event_logs_server_created", "server_event_logs", ["server_id", "created"], unique=False
    )


def _feed() -> None:
    op.create_table(
        "feed",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("ids", sa.JSON(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sqlite_autoincrement=True,
    )


# One word list for both databases: ASCII punctuation separates words, letters are lower-cased, nothing is stemmed.
_POSTGRES_COLUMN = r"""
ALTER TABLE server_event_logs ADD COLUMN search tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', regexp_replace(message || ' ' || message_id, '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f]+', ' ', 'g'))
) STORED
"""
_SQLITE_TABLE = """
CREATE VIRTUAL TABLE server_event_logs_fts USING fts5(
    message, message_id, content='server_event_logs', content_rowid='id', tokenize='unicode61 remove_diacritics 0'
)
"""
_OLD = "INSERT INTO server_event_logs_fts(server_event_logs_fts, rowid, message, message_id) VALUES ('delete', old.id, old.message, old.message_id);"
_NEW = "INSERT INTO server_event_logs_fts(rowid, message, message_id) VALUES (new.id, new.message, new.message_id);"
_SQLITE_TRIGGERS = (
    f"CREATE TRIGGER server_event_logs_ai AFTER INSERT ON server_event_logs BEGIN {_NEW} END",
    f"CREATE TRIGGER server_event_logs_ad AFTER DELETE ON server_event_logs BEGIN {_OLD} END",
    f"CREATE TRIGGER server_event_logs_au AFTER UPDATE OF message, message_id ON server_event_logs BEGIN {_OLD} {_NEW} END",
)


def _full_text() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_SQLITE_TABLE)
        for trigger in _SQLITE_TRIGGERS:
            op.execute(trigger)
    else:
        op.execute(_POSTGRES_COLUMN)
        op.create_index(
            "ix_server_event_logs_search", "server_event_logs", ["search"], postgresql_using="gin"
        )


def _drop_full_text() -> None:
    # The triggers and the generated column go with the table.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE server_event_logs_fts")


def upgrade() -> None:
    _api_calls()
    _audit_log()
    _server_event_logs()
    _feed()
    _full_text()


def downgrade() -> None:
    _drop_full_text()
    for table in (
        "feed",
        "server_event_logs",
        "audit_log",
        "api_calls",
    ):
        op.drop_table(table)
