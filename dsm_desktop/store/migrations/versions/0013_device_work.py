"""Certificates, password rotations, device job queues, console tickets, screenshots and what drives are used for.

The shape of revision 0013, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _certificate_authorities() -> None:
    op.create_table(
        "certificate_authorities",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_authorities")),
        sa.UniqueConstraint("name", name=op.f("uq_certificate_authorities_name")),
        sqlite_autoincrement=True,
    )


def _console_tickets() -> None:
    op.create_table(
        "console_tickets",
        sa.Column("id", ID, nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_console_tickets_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_tickets")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_console_tickets_job_id"), "console_tickets", ["job_id"], unique=False)


def _device_jobs() -> None:
    op.create_table(
        "device_jobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(length=60), nullable=False),
        sa.Column("start_time", sa.String(length=40), nullable=False),
        sa.Column("end_time", sa.String(length=40), nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_device_jobs_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_jobs")),
        sa.UniqueConstraint("server_id", "job_id", name=op.f("uq_device_jobs_server_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_device_jobs_server_id"), "device_jobs", ["server_id"], unique=False)


def _device_queues() -> None:
    op.create_table(
        "device_queues",
        sa.Column("server_id", ID, nullable=False),
        sa.Column("lc_status", sa.String(length=120), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_device_queues_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_device_queues")),
    )


def _drive_uses() -> None:
    op.create_table(
        "drive_uses",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("serial_number", sa.String(length=80), nullable=False),
        sa.Column("used_by", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("noted_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_drive_uses_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drive_uses")),
        sa.UniqueConstraint("server_id", "serial_number", name=op.f("uq_drive_uses_server_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_drive_uses_server_id"), "drive_uses", ["server_id"], unique=False)


def _password_rotations() -> None:
    op.create_table(
        "password_rotations",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=200), nullable=False),
        sa.Column("old_credential_id", ID, nullable=True),
        sa.Column("new_credential_id", ID, nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("takes_over", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["new_credential_id"],
            ["credential_sets.id"],
            name=op.f("fk_password_rotations_new_credential_id_credential_sets"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["old_credential_id"],
            ["credential_sets.id"],
            name=op.f("fk_password_rotations_old_credential_id_credential_sets"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_password_rotations_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_rotations")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_password_rotations_job_id"), "password_rotations", ["job_id"], unique=False)
    op.create_index(
        op.f("ix_password_rotations_new_credential_id"),
        "password_rotations",
        ["new_credential_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_password_rotations_server_id"), "password_rotations", ["server_id"], unique=False
    )
    op.create_index(op.f("ix_password_rotations_state"), "password_rotations", ["state"], unique=False)


def _server_certificates() -> None:
    op.create_table(
        "server_certificates",
        sa.Column("server_id", ID, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("not_before", TIME, nullable=True),
        sa.Column("not_after", TIME, nullable=True),
        sa.Column("installed", sa.Boolean(), nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("request_job_id", sa.Integer(), nullable=True),
        sa.Column("requested_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_server_certificates_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_certificates")),
    )
    op.create_index(
        op.f("ix_server_certificates_not_after"), "server_certificates", ["not_after"], unique=False
    )


def _server_screenshots() -> None:
    op.create_table(
        "server_screenshots",
        sa.Column("server_id", ID, nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_server_screenshots_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_screenshots")),
    )


def upgrade() -> None:
    _certificate_authorities()
    _console_tickets()
    _device_jobs()
    _device_queues()
    _drive_uses()
    _password_rotations()
    _server_certificates()
    _server_screenshots()


def downgrade() -> None:
    for table in (
        "server_screenshots",
        "server_certificates",
        "password_rotations",
        "drive_uses",
        "device_queues",
        "device_jobs",
        "console_tickets",
        "certificate_authorities",
    ):
        op.drop_table(table)
