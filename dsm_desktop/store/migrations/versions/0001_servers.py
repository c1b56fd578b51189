"""Servers, groups, logins, settings.

The shape of revision 0001, frozen: later changes of the models are new revisions.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _settings() -> None:
    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )


def _vault_keys() -> None:
    op.create_table(
        "vault_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("check", sa.LargeBinary(), nullable=False),
        sa.Column("wraps", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_vault_keys_key_id")),
        sqlite_autoincrement=True,
    )


def _credential_sets() -> None:
    op.create_table(
        "credential_sets",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("username", sa.String(length=200), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("secret_version", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_sets")),
        sa.UniqueConstraint("name", name=op.f("uq_credential_sets_name")),
        sqlite_autoincrement=True,
    )


def _credential_ip_ranges() -> None:
    op.create_table(
        "credential_ip_ranges",
        sa.Column("id", ID, nullable=False),
        sa.Column("credential_id", ID, nullable=False),
        sa.Column("expression", sa.String(length=200), nullable=False),
        sa.Column("first", sa.String(length=32), nullable=False),
        sa.Column("last", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credential_sets.id"],
            name=op.f("fk_credential_ip_ranges_credential_id_credential_sets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_ip_ranges")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_credential_ip_ranges_credential_id"), "credential_ip_ranges", ["credential_id"], unique=False
    )


def _identity() -> list[sa.Column[Any]]:
    """What a server is."""
    return [
        sa.Column("id", ID, nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("service_tag", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("host_name", sa.String(length=255), nullable=False),
        sa.Column("manufacturer", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("generation", sa.String(length=16), nullable=False),
        sa.Column("idrac_model", sa.String(length=80), nullable=False),
        sa.Column("idrac_version", sa.String(length=40), nullable=False),
        sa.Column("bios_version", sa.String(length=40), nullable=False),
        sa.Column("redfish_version", sa.String(length=20), nullable=False),
        sa.Column("licence", sa.String(length=120), nullable=False),
        sa.Column("board_serial", sa.String(length=80), nullable=False),
        sa.Column("uuid", sa.String(length=64), nullable=False),
        sa.Column("bmc_mac", sa.String(length=32), nullable=False),
        sa.Column("asset_tag", sa.String(length=80), nullable=False),
        sa.Column("processor_summary", sa.String(length=200), nullable=False),
        sa.Column("memory_gib", sa.Double(), nullable=True),
    ]


def _state() -> list[sa.Column[Any]]:
    """How it does, and what we know and decided about it."""
    return [
        sa.Column("power_state", sa.String(length=16), nullable=False),
        sa.Column("health", sa.String(length=16), nullable=False),
        sa.Column("subsystem_health", sa.JSON(), nullable=False),
        sa.Column("power_watts", sa.Double(), nullable=True),
        sa.Column("inlet_celsius", sa.Double(), nullable=True),
        sa.Column("led_blinking", sa.Boolean(), nullable=True),
        sa.Column("lockdown", sa.Boolean(), nullable=True),
        sa.Column("clock_skew_seconds", sa.Double(), nullable=True),
        sa.Column("response_ms", sa.Double(), nullable=True),
        sa.Column("access", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("problem_code", sa.String(length=80), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("custom", sa.JSON(), nullable=False),
        sa.Column("assigned_credential_id", ID, nullable=True),
        sa.Column("discovered_credential_id", ID, nullable=True),
        sa.Column("trust_mode", sa.String(length=8), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("old_tls", sa.Boolean(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.Column("facts_at", TIME, nullable=True),
        sa.Column("inventory_at", TIME, nullable=True),
        sa.Column("logs_at", TIME, nullable=True),
    ]


def _servers() -> None:
    op.create_table(
        "servers",
        *_identity(),
        *_state(),
        sa.ForeignKeyConstraint(
            ["assigned_credential_id"],
            ["credential_sets.id"],
            name=op.f("fk_servers_assigned_credential_id_credential_sets"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["discovered_credential_id"],
            ["credential_sets.id"],
            name=op.f("fk_servers_discovered_credential_id_credential_sets"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_servers")),
        sa.UniqueConstraint("address", "port", name=op.f("uq_servers_address")),
        sa.UniqueConstraint("service_tag", name=op.f("uq_servers_service_tag")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_servers_access"), "servers", ["access"], unique=False)
    op.create_index(op.f("ix_servers_health"), "servers", ["health"], unique=False)
    op.create_index("ix_servers_model", "servers", ["model"], unique=False)


def _server_addresses() -> None:
    op.create_table(
        "server_addresses",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("last_seen", TIME, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_server_addresses_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_addresses")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_server_addresses_server_id"), "server_addresses", ["server_id"], unique=False)


def _server_groups() -> None:
    op.create_table(
        "server_groups",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_groups")),
        sqlite_autoincrement=True,
    )


def _server_group_parents() -> None:
    op.create_table(
        "server_group_parents",
        sa.Column("parent_id", ID, nullable=False),
        sa.Column("child_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"],
            ["server_groups.id"],
            name=op.f("fk_server_group_parents_child_id_server_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["server_groups.id"],
            name=op.f("fk_server_group_parents_parent_id_server_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("parent_id", "child_id", name=op.f("pk_server_group_parents")),
    )


def _server_group_members() -> None:
    op.create_table(
        "server_group_members",
        sa.Column("group_id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["server_groups.id"],
            name=op.f("fk_server_group_members_group_id_server_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_server_group_members_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "server_id", name=op.f("pk_server_group_members")),
    )
    op.create_index(
        op.f("ix_server_group_members_server_id"), "server_group_members", ["server_id"], unique=False
    )


def _bmc_sessions() -> None:
    op.create_table(
        "bmc_sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=True),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("uri", sa.String(length=255), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("runner_id", sa.Integer(), nullable=True),
        sa.Column("opened_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_bmc_sessions_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bmc_sessions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bmc_sessions_runner_id"), "bmc_sessions", ["runner_id"], unique=False)
    op.create_index(op.f("ix_bmc_sessions_server_id"), "bmc_sessions", ["server_id"], unique=False)


def _saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", ID, nullable=False),
        sa.Column("view", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("layout", sa.JSON(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sqlite_autoincrement=True,
    )


def upgrade() -> None:
    _settings()
    _vault_keys()
    _credential_sets()
    _credential_ip_ranges()
    _servers()
    _server_addresses()
    _server_groups()
    _server_group_parents()
    _server_group_members()
    _bmc_sessions()
    _saved_views()


def downgrade() -> None:
    for table in (
        "saved_views",
        "bmc_sessions",
        "server_group_members",
        "server_group_parents",
        "server_groups",
        "server_addresses",
        "servers",
        "credential_ip_ranges",
        "credential_sets",
        "vault_keys",
        "settings",
    ):
        op.drop_table(table)
