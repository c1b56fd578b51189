"""`dsm-desktop firmware`: what is not to be touched at this site. Updates themselves are jobs: `dsm-desktop job --help`."""

from __future__ import annotations

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.commands.firmware_exclusions import add_exclusion, remove_exclusion
from dsm_desktop.queries.firmware_exclusions import list_exclusions


@click.group()
def firmware() -> None:
    """Rules for firmware; the work is done by the jobs firmware_update, firmware_rollback and others."""


@firmware.command()
@click.argument("component")
@click.option("--reason", required=True, help="Why; shown wherever the rule holds.")
@click.option("--model", default="", help="Only on these models, as a pattern: R750, R7*.")
@click.option("--version", default="", help="Only this version, as a pattern: 2.19.*.")
@click.pass_obj
def exclude(session: Session, component: str, reason: str, model: str, version: str) -> None:
    """Keep COMPONENT out of every firmware job: Dell's id (159 = BIOS) or a pattern for its name (*PERC*)."""
    app = session.app()
    with app.store.write() as uow:
        number = add_exclusion(
            uow, app.principal, component=component, reason=reason, model=model, version=version
        )
    output.say(f"Rule {number}: {component} is left alone.")


@firmware.command()
@click.argument("rule", type=int)
@click.pass_obj
def include(session: Session, rule: int) -> None:
    """Drop RULE (its number)."""
    app = session.app()
    with app.store.write() as uow:
        remove_exclusion(uow, app.principal, rule)
    output.say(f"Rule {rule} is gone.")


@firmware.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def exclusions(session: Session, as_json: bool) -> None:
    """Show the rules."""
    with session.app().store.read() as connection:
        rows = list_exclusions(connection)
    if as_json:
        output.show_json(rows)
        return
    cells = [(r.id, r.component, r.model, r.version, r.reason, r.added_by, r.added_at) for r in rows]
    heads = ("rule", "component", "model", "version", "reason", "by", "since")
    output.show_table(f"{len(rows)} rules", heads, cells)
