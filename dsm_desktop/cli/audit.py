"""`dsm-desktop audit`: who did what, and proof that nobody changed the record."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.audit import AuditFilter, audit_page, audit_state
from dsm_desktop.store import audit as audit_log


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command("list")
@click.option("--actor", default="", help="Part of a name.")
@click.option("--action", default="", help='Beginning of an action, e.g. "servers.".')
@click.option("--words", default="", help="Words that occur in the entry.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--before", type=int, help="Only entries below this number.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(
    session: Session, actor: str, action: str, words: str, limit: int, before: int | None, as_json: bool
) -> None:
    """The newest entries, newest first."""
    wanted = AuditFilter(actor, action, words)
    rows = session.app().store.fetch(lambda c: audit_page(c, wanted, before=before, limit=limit))
    if as_json:
        output.show_json([dataclasses.asdict(row) for row in rows])
        return
    output.show_table(
        f"{len(rows)} entries",
        ("no", "at", "who", "action", "subject", "detail"),
        [(r.id, r.at, r.actor, r.action, r.subject, json.dumps(r.detail, ensure_ascii=False)) for r in rows],
    )


@audit.command()
@click.option("--head", default="", metavar="NUMBER:HASH", help="A head that was kept elsewhere earlier.")
@click.pass_obj
def verify(session: Session, head: str) -> int:
    """Check the chain; names the first entry that does not fit, and prints the head to be kept elsewhere."""
    store = session.app().store
    if head:
        number, _, digest = head.partition(":")
        if not number.isdigit() or len(digest) != 64:
            raise BadInput(f"'{head}' is no head.", hint="Give it as it was printed, number and hash.")
        found = audit_log.verify(store, anchor=audit_log.Link(int(number), digest))
    else:
        found = store.fetch(audit_state)
    if found.whole:
        output.say(
            f"The audit chain is whole: {found.entries} entries. Head: {found.head.id}:{found.head.hash}"
        )
        return output.EXIT_OK
    output.say(f"The audit chain is broken at entry {found.broken}: {found.why}")
    return output.EXIT_FAILED


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(session: Session, file: Path) -> None:
    """Write every entry: .csv for people, anything else as JSON lines that can be checked without the store."""
    output.say(f"{file}: {audit_log.export(session.app().store, file)} entries.")
