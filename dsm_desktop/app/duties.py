"""What the leading runner does by itself: looks at the fleet, and keeps the audit log's head outside of the store."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from dsm_desktop.commands.safety_schedule import submit_due_checks
from dsm_desktop.commands.watch import submit_due
from dsm_desktop.core.settings import RetentionSettings, SafetySettings, WatchSettings
from dsm_desktop.jobs import Catalogue
from dsm_desktop.store.audit import head_of
from dsm_desktop.store.settings import load
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.services import Duty

LOOK_EVERY = 60.0
HEAD_EVERY = 24 * 3600.0


def duties_of(store: Store, catalogue: Catalogue, archive: Path) -> tuple[Duty, ...]:
    """The duties of a runner that serves a site."""

    def watch() -> None:
        settings, keep = load(store, WatchSettings), load(store, RetentionSettings)
        with store.write() as uow:
            submit_due(uow, catalogue, settings, keep)

    def judge() -> None:
        settings = load(store, SafetySettings)
        with store.write() as uow:
            submit_due_checks(uow, catalogue, settings)

    return (
        Duty("judge clusters", LOOK_EVERY, judge),
        Duty("watch the fleet", LOOK_EVERY, watch),
        Duty("audit head", HEAD_EVERY, lambda: keep_audit_head(store, archive / "audit-heads.log")),
    )


def keep_audit_head(store: Store, file: Path) -> None:
    """Append number and hash of the newest audit entry: who rewrites the whole chain does not match this file."""
    head = store.fetch(head_of)
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {head.id} {head.hash}\n"
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="ascii"
    ) as stream:
        stream.write(line)
