"""`dsm-desktop search`: a serial number, a MAC, a part, a name, an address, anywhere in the fleet."""

from __future__ import annotations

import dataclasses

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.queries.part_search import LIMIT, find


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=LIMIT, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def search(session: Session, words: tuple[str, ...], limit: int, as_json: bool) -> int:
    """Find servers, parts and firmware. Every word must begin a word of what is found; "*3456" = ends with."""
    found = session.app().store.fetch(lambda connection: find(connection, " ".join(words), limit=limit))
    if as_json:
        output.show_json([dataclasses.asdict(hit) for hit in found.hits])
    else:
        heads = (
            "server",
            "tag",
            "where",
            "kind",
            "slot",
            "what",
            "part number",
            "serial",
            "version",
            "there",
        )
        rows = [
            (h.server, h.service_tag, h.where, h.kind, h.slot, h.what, h.part_number, h.serial_number, h.version,
             "yes" if h.present else h.until)
            for h in found.hits
        ]  # fmt: skip
        output.show_table(f"{len(rows)}{' and more' if found.more else ''} found", heads, rows)
    return output.EXIT_OK if found.hits else output.EXIT_FAILED
