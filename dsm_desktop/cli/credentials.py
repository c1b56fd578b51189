"""`dsm-desktop credentials`: the logins. A password is typed or read from standard input, never an argument."""

from __future__ import annotations

import sys

import click

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.commands.credentials import KINDS


@click.group()
def credentials() -> None:
    """Credential sets and the addresses they are for."""


@credentials.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """All sets without their passwords, in the order they are tried."""
    rows = session.app().reads.credentials()
    if as_json:
        output.show_json(rows)
        return
    cells = [
        (r.id, r.name, r.kind, r.username, ", ".join(r.ranges), r.priority, "yes" if r.is_default else "")
        for r in rows
    ]
    output.show_table(
        "Credential sets", ("id", "name", "kind", "user", "ranges", "priority", "default"), cells
    )


@credentials.command()
@click.argument("name")
@click.option("--user", required=True)
@click.option("--kind", type=click.Choice(KINDS), default="idrac", show_default=True)
@click.option("--range", "ranges", multiple=True, help="CIDR, first-last or address; may be repeated.")
@click.option("--priority", default=100, show_default=True, type=click.IntRange(0, 1000))
@click.option("--default", "is_default", is_flag=True, help="Used where no range fits.")
@click.pass_obj
def add(
    session: Session,
    name: str,
    user: str,
    kind: str,
    ranges: tuple[str, ...],
    priority: int,
    is_default: bool,
) -> None:
    """Add a set; the password is asked for, or is the next line of standard input."""
    app = session.unlocked()
    password = (
        click.prompt("Password", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    )
    draft = CredentialDraft(None, name, kind, user, password, ranges, priority, is_default)
    output.say(f"Credential set {app.commands.save_credential(draft)} added.")


@credentials.command()
@click.argument("credential_id", type=int)
@click.confirmation_option(prompt="Remove this set with its password?")
@click.pass_obj
def remove(session: Session, credential_id: int) -> None:
    """Remove a set; servers that used it fall to the next rule."""
    session.app().commands.remove_credential(credential_id)
    output.say("Removed.")
