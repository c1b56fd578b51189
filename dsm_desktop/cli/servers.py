"""`dsm-desktop servers`: the list, for people and scripts."""

from __future__ import annotations

import dataclasses

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.wording import plural
from dsm_desktop.queries.server_query import matching
from dsm_desktop.queries.servers import ServerRow

COLUMNS = (
    "id",
    "label",
    "service_tag",
    "model",
    "generation",
    "endpoint",
    "access",
    "health",
    "power_state",
    "idrac_version",
)


@click.group()
def servers() -> None:
    """The list of servers."""


@servers.command("list")
@click.option("--query", default="", help='Filter, e.g. "model:R750 health!=ok tag:ABC*".')
@click.option("--json", "as_json", is_flag=True, help="JSON with every field.")
@click.pass_obj
def list_(session: Session, query: str, as_json: bool) -> None:
    """Show servers with their newest facts."""
    rows = chosen(session, query)
    if as_json:
        output.show_json([{**dataclasses.asdict(r), "label": r.label, "endpoint": r.endpoint} for r in rows])
        return
    heads = [c.replace("_", " ") for c in COLUMNS]
    output.show_table(plural(len(rows), "server"), heads, [[getattr(r, c) for c in COLUMNS] for r in rows])


@servers.command()
@click.argument("address")
@click.option("--port", default=443, show_default=True)
@click.option("--name", default="")
@click.pass_obj
def add(session: Session, address: str, port: int, name: str) -> None:
    """Put a BMC's address on the list; its inventory is read by `job inventory_refresh`."""
    output.say(f"Server {session.app().commands.add_server(address, port, name=name)} added.")


@servers.command()
@click.argument("ids", nargs=-1, required=True, type=int)
@click.option("--name", help="A name of your own (one server).")
@click.option(
    "--trust", "trust_mode", type=click.Choice(["pin", "ca", "off"]), help="Why the certificate is believed."
)
@click.option(
    "--old-tls/--no-old-tls", "old_tls", default=None, help="Allow TLS 1.0 and short keys for these alone."
)
@click.option("--pdus", help="PDUs they hang on, e.g. 'A12, B12'; '' = none.")
@click.option("--credential", "assigned_credential_id", type=int, help="Id of a credential set.")
@click.pass_obj
def edit(session: Session, /, ids: tuple[int, ...], **values: object) -> None:
    """Change what is said about servers here; nothing is changed on a device."""
    given = {name: value for name, value in values.items() if value is not None}
    if not given:
        raise BadInput("Nothing is to be changed.", hint="Name a value, e.g. --name NAME (see --help).")
    changed = session.app().commands.edit_servers(_listed(session, ids), given)
    output.say(f"{plural(changed, 'server')} changed.")


@servers.command()
@click.argument("ids", nargs=-1, required=True, type=int)
@click.confirmation_option(prompt="Take these servers and their history off the list?")
@click.pass_obj
def remove(session: Session, ids: tuple[int, ...]) -> None:
    """Take servers off the list. Nothing is changed on a device."""
    removed = session.app().commands.remove_servers(_listed(session, ids))
    output.say(f"{plural(removed, 'server')} removed.")


def chosen(session: Session, query: str) -> list[ServerRow]:
    """The servers a query names; all for an empty one."""
    with session.app().store.read() as connection:
        return matching(connection, query)


def _listed(session: Session, ids: tuple[int, ...]) -> list[int]:
    """Each once. NotFound names those that are not on the list."""
    known = {row.id for row in chosen(session, "")}
    if strange := sorted(set(ids) - known):
        raise NotFound(
            f"There is no server {' or '.join(map(str, strange))}; nothing was changed.",
            hint="See `servers list`.",
        )
    return list(dict.fromkeys(ids))
