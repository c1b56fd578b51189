"""`dsm-desktop servers import`: a list of servers from a file."""

from __future__ import annotations

from pathlib import Path

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.servers import servers
from dsm_desktop.cli.session import Session
from dsm_desktop.commands import custom_fields, import_text, server_import
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.export import Table
from dsm_desktop.queries.report import write

__all__ = ["servers"]

_SHOWN = 50


@servers.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--map", "mapping", multiple=True, metavar="COLUMN=FIELD", help='e.g. --map "Mgmt=address".')
@click.option("--dry-run", is_flag=True, help="Check and show, change nothing.")
@click.option("--update", is_flag=True, help="Rows of servers that are listed change them.")
@click.option("--skip-bad", is_flag=True, help="Import the good rows although others are bad.")
@click.option(
    "--bad", type=click.Path(path_type=Path), help="Write the rows that are not taken, with the reason."
)
@click.pass_obj
def import_(
    session: Session,
    file: Path,
    mapping: tuple[str, ...],
    dry_run: bool,
    update: bool,
    skip_bad: bool,
    bad: Path | None,
) -> int:
    """Put the servers of a CSV or TSV file on the list: all in one transaction, or none."""
    app = session.app()
    table = import_text.read_table(import_text.read_file(file))
    with app.store.write() as uow:
        fields = {key: row.title for key, row in custom_fields.fields_by_key(uow).items()}
        guessed = import_text.guess_mapping(table, fields, server_import.remembered(uow))
        planned = server_import.plan(uow, table, _mapped(table, guessed, mapping), update_known=update)
        refused = bool(planned.bad) and not skip_bad
        if not dry_run and not refused:
            server_import.apply(uow, app.principal, planned, source=file.name)
    heads = table.headings or tuple(f"column {n + 1}" for n in range(table.width))
    output.show_table("Columns", ("column", "is"), list(zip(heads, planned.mapping, strict=False)))
    if planned.bad or planned.duplicates:
        rows = server_import.bad_rows(planned)
        output.show_table("Not taken", ("line", "reason"), [row[:2] for row in rows[1][:_SHOWN]])
        if bad is not None:
            write(Table("Not taken", *rows), bad)
    done = "would be" if dry_run or refused else "were"
    output.say(
        f"{len(planned.adds)} servers {done} added, {len(planned.updates)} {done} changed, "
        f"{len(planned.duplicates)} are listed already, {len(planned.bad)} rows are bad."
    )
    if refused and not dry_run:
        output.say("Nothing was imported. Mend the bad rows, or give --skip-bad.")
    return output.EXIT_FAILED if refused else output.EXIT_OK


def _mapped(table: import_text.ImportTable, guessed: tuple[str, ...], given: tuple[str, ...]) -> list[str]:
    chosen = list(guessed)
    for entry in given:
        column, equals, name = entry.partition("=")
        places = [n for n, head in enumerate(table.headings) if head.lower() == column.strip().lower()]
        if not places and column.strip().isdigit() and 1 <= int(column) <= table.width:
            places = [int(column) - 1]
        if not equals or not places:
            raise BadInput(
                f"'{entry}' names no column.",
                hint=f"Columns: {', '.join(table.headings) or f'1 to {table.width}'}.",
            )
        chosen = [import_text.IGNORE if other == name.strip() else other for other in chosen]
        chosen[places[0]] = name.strip()
    return chosen
