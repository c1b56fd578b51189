"""`dsm-desktop library`: ISOs and packages of this machine, what they are and whom they fit."""

from __future__ import annotations

from pathlib import Path

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.servers import chosen
from dsm_desktop.cli.session import Session
from dsm_desktop.cli.watch import follow
from dsm_desktop.queries.library import (
    find_item,
    fit_rows,
    item_uses,
    list_folders,
    list_items,
    servers_of_models,
)
from dsm_desktop.queries.virtual_media import list_mounts

_COLUMNS = (
    "id",
    "name",
    "kind",
    "title",
    "version",
    "models",
    "fits",
    "size",
    "state",
    "used",
    "modified_at",
)


@click.group()
def library() -> None:
    """ISOs and packages that servers are given."""


@library.command("list")
@click.option("--kind", type=click.Choice(["iso", "package", "catalogue"]), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="JSON with every field.")
@click.pass_obj
def list_(session: Session, kind: str | None, as_json: bool) -> None:
    """Show the files, newest first, with the models they are made for."""
    with session.app().store.read() as connection:
        rows = list_items(connection, kind=kind or "")
    if as_json:
        output.show_json(rows)
        return
    heads = [c.replace("_", " ") for c in _COLUMNS]
    output.show_table(f"{len(rows)} files", heads, [[getattr(r, c) for c in _COLUMNS] for r in rows])


@library.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def folders(session: Session, as_json: bool) -> None:
    """Show the folders and when each was scanned."""
    with session.app().store.read() as connection:
        rows = list_folders(connection)
    if as_json:
        output.show_json(rows)
        return
    cells = [(r.id, r.host, r.path, r.files, r.scanned_at, r.problem) for r in rows]
    output.show_table("Folders", ("id", "machine", "folder", "files", "scanned", "problem"), cells)


@library.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--detach", is_flag=True, help="Submit the scan and return.")
@click.pass_obj
def add(session: Session, folder: Path, detach: bool) -> int:
    """Add a folder of this machine and scan it."""
    app = session.app()
    path = str(folder.resolve())
    app.commands.add_library_folder(path)
    return _scan(session, path, detach)


@library.command()
@click.argument("folder", default="")
@click.option("--detach", is_flag=True, help="Submit the scan and return.")
@click.pass_obj
def scan(session: Session, folder: str, detach: bool) -> int:
    """Look through one folder, or all of this machine."""
    return _scan(session, str(Path(folder).resolve()) if folder else "", detach)


@library.command()
@click.option("--history", is_flag=True, help="Also what was ejected.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def mounts(session: Session, history: bool, as_json: bool) -> None:
    """Who has what mounted since when, on every server (as last read)."""
    with session.app().store.read() as connection:
        rows = list_mounts(connection, history=history)
    if as_json:
        output.show_json(rows)
        return
    cells = [(r.server, r.model, r.drive, r.image, r.by, r.since, r.ended_at, r.host) for r in rows]
    heads = ("server", "model", "drive", "medium", "by", "since", "ejected", "served by")
    output.show_table("Mounted media", heads, cells)


@library.command()
@click.argument("folder_id", type=int)
@click.pass_obj
def remove(session: Session, folder_id: int) -> None:
    """Forget a folder; its files stay where they are."""
    session.app().commands.remove_library_folder(folder_id)
    output.say(f"Folder {folder_id} removed from the library. Its files were not touched.")


@library.command()
@click.argument("item")
@click.option("--query", default="", help="Servers to compare with; otherwise those of its models.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(session: Session, item: str, query: str, as_json: bool) -> None:
    """One file (id, name or SHA-256): which servers it fits and why not, and where it was used."""
    ids = [row.id for row in chosen(session, query)] if query else None
    with session.app().store.read() as connection:
        item_id = find_item(connection, item)
        row = next(r for r in list_items(connection) if r.id == item_id)
        fits = fit_rows(connection, item_id, servers_of_models(connection, item_id) if ids is None else ids)
        uses = item_uses(connection, item_id)
    if as_json:
        output.show_json({"item": row, "fits": fits, "uses": uses})
        return
    output.show_table(
        row.name,
        ("", ""),
        [(c.replace("_", " "), getattr(row, c)) for c in (*_COLUMNS, "sha256", "problem", "path")],
    )
    if fits:
        cells = [
            (
                f.server,
                f.model,
                f.fit.verdict,
                ", ".join(f"{m.component.version}: {m.order}" for m in f.fit.matches),
                f.fit.reason,
            )
            for f in fits
        ]
        output.show_table("Servers", ("server", "model", "fit", "installed: would be", "why"), cells)
    if uses:
        output.show_table(
            "Used", ("at", "server", "job", "for"), [(u.at, u.server, u.job_id, u.purpose) for u in uses]
        )


def _scan(session: Session, folder: str, detach: bool) -> int:
    job_id = session.app().commands.submit("library_scan", [], {"folder": folder})
    if detach:
        output.say(f"Job {job_id} submitted.")
        return output.EXIT_OK
    return follow(session, job_id, as_json=False)
