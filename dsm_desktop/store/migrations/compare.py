"""What Alembic must know to compare the models with a database, the same for migrations, drafts and the test."""

from __future__ import annotations

from typing import Any

from dsm_desktop.store.models import Base

# Full-text search is written by hand in its revision: FTS5 tables on SQLite, a generated column on Postgres.
_BY_HAND = (
    "server_event_logs_fts",
    "server_event_logs.search",
    "ix_server_event_logs_search",
    "part_words_fts",
    "part_words.search",
    "ix_part_words_search",
)


def configuration() -> dict[str, Any]:
    """Options of Alembic's migration context. All revisions of one run share one transaction on both databases."""
    return {
        "target_metadata": Base.metadata,
        "render_as_batch": True,
        "transactional_ddl": True,
        "transaction_per_migration": False,
        "include_object": _by_models,
    }


def _by_models(item: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
    full = f"{item.table.name}.{name}" if kind == "column" else str(name)
    return not (reflected and full.startswith(_BY_HAND))
