"""`dsm-desktop report`: files out of the store, for people and for schedulers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries import document, pivots
from dsm_desktop.queries.changes import changes, changes_table
from dsm_desktop.queries.export import Table
from dsm_desktop.queries.pack import monthly_pack, server_table
from dsm_desktop.queries.report import FORMATS, Report, write
from dsm_desktop.queries.roll_report import plan_document, report_document
from dsm_desktop.queries.server_query import matching

_DAYS = {"d": 1, "w": 7}
_OUT = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help=f"File; its ending decides: {', '.join(FORMATS)}.",
)
_QUERY = click.option("--query", default="", help='Only these servers, e.g. "model:R750 tags:production".')


@click.group()
def report() -> None:
    """Reports as files."""


@report.command()
@_OUT
@_QUERY
@click.option(
    "--since", default="", help="Begin of dChanges: 2026-11-01 or 7d; default: the month before today."
)
@click.option("--until", default="", help="End of dChanges (default: now).")
@click.pass_obj
def monthly(session: Session, out: Path, query: str, since: str, until: str) -> None:
    """The monthly pack (.xlsx): servers, firmware, drives, memory, NICs, PSUs, licences, changes, health."""
    if out.suffix.lower() != ".xlsx":
        raise BadInput(
            "The monthly pack is a workbook.", hint="End the file's name in .xlsx.", where=str(out)
        )
    begin, end = _moment(since or "31d"), _moment(until or "0d")
    with session.app().store.read() as connection:
        ids = [row.id for row in matching(connection, query)] if query else None
        counts = monthly_pack(connection, out, begin, end, ids)
    output.show_table(str(out), ("sheet", "rows"), list(counts.items()))


@report.command("changes")
@_QUERY
@click.option("--since", required=True, help="2026-11-01, 2026-11-01T06:00 or 7d.")
@click.option("--until", default="", help="The same (default: now).")
@click.option("--out", type=click.Path(path_type=Path), help="File instead of the terminal.")
@click.pass_obj
def changes_(session: Session, query: str, since: str, until: str, out: Path | None) -> None:
    """What changed between two dates: parts, firmware, settings, facts."""
    begin, end = _moment(since), _moment(until or "0d")
    with session.app().store.read() as connection:
        ids = [row.id for row in matching(connection, query)] if query else None
        lines = list(changes(connection, begin, end, ids))
    _show(session, changes_table(lines, "What changed"), out, query)


@report.command()
@_OUT
@_QUERY
@click.pass_obj
def servers(session: Session, out: Path, query: str) -> None:
    """The list of servers with own fields, tags and places."""
    with session.app().store.read() as connection:
        table = server_table(connection, matching(connection, query))
    _show(session, table, out, query)


@report.command()
@_QUERY
@click.option("--out", type=click.Path(path_type=Path))
@click.pass_obj
def firmware(session: Session, query: str, out: Path | None) -> None:
    """Component, version, count; versions that differ from most are marked."""
    with session.app().store.read() as connection:
        ids = [row.id for row in matching(connection, query)] if query else None
        table = pivots.firmware_table(pivots.firmware_pivot(connection, ids))
    _show(session, table, out, query)


@report.command("spare-parts")
@_QUERY
@click.option("--out", type=click.Path(path_type=Path))
@click.pass_obj
def spare_parts(session: Session, query: str, out: Path | None) -> None:
    """Part numbers in use, how many, in which models."""
    with session.app().store.read() as connection:
        ids = [row.id for row in matching(connection, query)] if query else None
        table = pivots.spares_table(pivots.spare_parts(connection, ids))
    _show(session, table, out, query)


@report.command()
@click.argument("job_id", type=int)
@click.option("--plan", is_flag=True, help="The written plan instead of what was done.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help=f"File; its ending decides: {', '.join((*document.FORMATS, '.pdf'))}.",
)
@click.pass_obj
def maintenance(session: Session, job_id: int, plan: bool, out: Path) -> None:
    """A rolling update on paper: versions, times, failures, decisions and by whom, what is still to be put back."""
    app = session.app()
    make = plan_document if plan else report_document
    page = app.store.fetch(lambda c: make(c, job_id))
    head = Report(datetime.now(UTC), app.principal.name, app.store_label)
    if out.suffix.lower() == ".pdf":
        from dsm_desktop.ui.printing import (
            html_pdf_alone,
        )  # needs the window's libraries, which a server may not have

        html_pdf_alone(page.title, document.document_html(page, head), out)
    else:
        document.write(page, out, head)
    output.say(f"{out}: {page.title}.")


def _show(session: Session, table: Table, out: Path | None, query: str) -> None:
    if out is None:
        output.show_table(f"{table.title}: {len(table.rows)} rows", table.headings, table.rows)
        return
    app = session.app()
    write(table, out, Report(datetime.now(UTC), app.principal.name, app.store_label, query))
    output.say(f"{out}: {len(table.rows)} rows.")


def _moment(text: str) -> datetime:
    """A date or time of this machine's zone, or an age."""
    if age := re.fullmatch(r"(\d{1,4})([dw])", text.strip().lower()):
        return datetime.now(UTC) - timedelta(days=int(age[1]) * _DAYS[age[2]])
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except ValueError:
        raise BadInput(f"'{text}' is no date.", hint="Write 2026-11-01, 2026-11-01T06:00 or 7d.") from None
