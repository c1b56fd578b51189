"""`dsm-desktop restore`: what jobs have changed for their time and owe to put back."""

from __future__ import annotations

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.cli.watch import follow
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.queries.jobs import RestoreRow, restore_list, tasks_by_id


@click.group()
def restore() -> None:
    """What jobs have changed for their time: look, put back, give up."""


@restore.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what is put back or given up already.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(session: Session, everything: bool, as_json: bool) -> None:
    """What is still to be put back, newest first."""
    rows = session.app().store.fetch(lambda c: restore_list(c, standing_only=not everything))
    if as_json:
        output.show_json(rows)
        return
    if not rows:
        output.say("Nothing is to be put back.")
        return
    cells = [(r.id, r.server, r.what, r.state, r.message, r.created_at) for r in rows]
    output.show_table("Restore list", ("id", "server", "what", "state", "says", "since"), cells)


@restore.command("put-back")
@click.argument("entry", type=int)
@click.option("--detach", is_flag=True, help="Return at once; a desktop or agent puts it back.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_obj
def put_back(session: Session, entry: int, detach: bool, as_json: bool) -> int:
    """Put back ENTRY, and whatever else the same target of its job has left changed. Nothing else of the job is done."""
    row = _find(session, entry)
    if row.task_id is None:
        raise BadInput(
            f"The job of entry {entry} is no longer kept, so nothing can be put back by it.",
            hint=f"Put it back by hand ({row.what}), then: dsm-desktop restore give-up {entry} --reason …",
        )
    task_id = row.task_id
    session.app().commands.put_back(task_id)
    if detach:
        output.show_json({"task": task_id}) if as_json else output.say("A runner puts it back now.")
        return output.EXIT_OK
    (task,) = session.app().store.fetch(lambda c: tasks_by_id(c, [task_id]))
    follow(session, task.job_id, as_json=as_json)
    left = [r for r in _standing(session) if r.task_id == task_id]
    if not as_json:
        for still in left:
            output.say(f"Still to be put back: {still.what}. {still.message}".strip())
        if not left:
            output.say("All of it is put back.")
    return output.EXIT_FAILED if left else output.EXIT_OK


@restore.command("give-up")
@click.argument("entry", type=int)
@click.option("--reason", required=True, help="Why it need not be put back; stands in the audit log.")
@click.pass_obj
def give_up(session: Session, entry: int, reason: str) -> None:
    """Take ENTRY off the list as it is: somebody has put it back by hand, or wants it so."""
    row = _find(session, entry)
    session.app().commands.abandon_restore(entry, reason)
    output.say(f"Given up: {row.what}")


def _standing(session: Session) -> list[RestoreRow]:
    return session.app().store.fetch(lambda c: restore_list(c, standing_only=True))


def _find(session: Session, entry: int) -> RestoreRow:
    for row in _standing(session):
        if row.id == entry:
            return row
    raise NotFound(f"Entry {entry} does not stand on the restore list.", hint="See `restore list`.")
