"""`dsm-desktop runs`: maintenance runs with their hosts, and what a person can tell one that is at work."""

from __future__ import annotations

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.questions import lines_of
from dsm_desktop.cli.session import Session
from dsm_desktop.commands import roll_orders
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.queries.jobs import OPEN, JobRow
from dsm_desktop.queries.maintenance import Run, RunHostRow, list_runs, questions_of, run_of
from dsm_desktop.queries.run_orders import Order, left_as, refuse_kept

_STOPS = {"host": Order.AFTER_HOST, "step": Order.AFTER_STEP, "now": Order.NOW}
_STILL_ASKS = "It still asks its hosts what they need; none has been begun."
_dry_run = click.option(
    "--dry-run", is_flag=True, help="Say how each host would be left; the run is told nothing."
)


@click.group()
def runs() -> None:
    """Rolling updates and work on single ESXi hosts: look, pause, go on, leave a host out, stop."""


@runs.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """The newest runs."""
    rows = session.app().store.fetch(list_runs)
    if as_json:
        output.show_json(rows)
        return
    cells = [(r.id, r.title, r.state, r.submitted_by, r.submitted_at, r.finished_at, r.message) for r in rows]
    output.show_table("Runs", ("id", "title", "state", "by", "at", "ended", "says"), cells)


@runs.command()
@click.argument("run_id", type=int)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(session: Session, run_id: int, as_json: bool) -> None:
    """The hosts of a run in their order, whether it is paused and by whom, and its open questions."""
    row, run = _find(session, run_id)
    questions = session.app().store.fetch(lambda c: questions_of(c, run_id))
    if as_json:
        head = {"run": row, "planned": run.planned, "paused": run.paused}
        output.show_json({**head, "hosts": run.hosts, "questions": questions})
        return
    output.say(f"Run {run_id} {row.state}: {row.title}; {run.through} of {run.to_do} hosts done.")
    if run.paused:
        output.say(f"Paused by {run.paused}. Next: dsm-desktop runs go-on {run_id}")
    if not run.planned:
        output.say(_unplanned(run))
    cells = [(h.place or None, h.host_id, h.host, h.state, h.outcome, h.job_id) for h in run.hosts]
    output.show_table("Hosts", ("place", "id", "host", "state", "outcome", "job"), cells)
    for question in questions:
        for line in lines_of(question):
            output.say(line)


@runs.command()
@click.argument("run_id", type=int)
@_dry_run
@click.pass_obj
def pause(session: Session, run_id: int, dry_run: bool) -> None:
    """Begin no other host until `runs go-on`. Those at work are finished."""
    row, run = _find(session, run_id)
    if not dry_run:
        session.app().commands.do(roll_orders.pause, run_id)
        already = f" by {run.paused} already" if run.paused else ""
        row, run = _find(session, run_id)
        output.say(f"Run {run_id} is paused{already}. Next: dsm-desktop runs go-on {run_id}")
    _tell(row, run, Order.PAUSE)


@runs.command("go-on")
@click.argument("run_id", type=int)
@click.pass_obj
def go_on(session: Session, run_id: int) -> None:
    """Take back a pause."""
    _, run = _find(session, run_id)
    session.app().commands.do(roll_orders.go_on, run_id)
    output.say(f"Run {run_id} goes on." if run.paused else f"Run {run_id} was not paused; it goes on.")


@runs.command()
@click.argument("run_id", type=int)
@click.argument("host")
@_dry_run
@click.pass_obj
def skip(session: Session, run_id: int, host: str, dry_run: bool) -> None:
    """Leave HOST (name or id) out. One at work stops after its step and is put back; the others are done."""
    row, run = _find(session, run_id)
    chosen = _host(row, run, host)
    if row.state in OPEN:
        refuse_kept(run_id, chosen)
    if not dry_run and chosen.host_id is not None:
        said = session.app().commands.do(roll_orders.skip_host, run_id, chosen.host_id)
        output.say(f"Run {run_id} leaves {chosen.host} out: it {said}.")
        row, run = _find(session, run_id)
    _tell(row, run, Order.SKIP, chosen)


@runs.command()
@click.argument("run_id", type=int)
@click.option(
    "--after", type=click.Choice(list(_STOPS)), required=True, help="The host or the step at work, or now."
)
@click.option("--confirm", default="", help="For `--after now`: the number of hosts at work, typed.")
@_dry_run
@click.pass_obj
def stop(session: Session, run_id: int, after: str, confirm: str, dry_run: bool) -> None:
    """End a run before its time and say in what state each host is left. Settings held changed are put back."""
    row, run = _find(session, run_id)
    order = _STOPS[after]
    if not dry_run:
        if order is Order.NOW and row.state in OPEN:
            _confirmed(row, run, confirm)
        session.app().commands.cancel(run_id, order.grade)
        if row.cancel_grade >= order.grade:
            output.say(f"Run {run_id} had been told to stop before; that stands.")
        else:
            output.say(f"Run {run_id} stops. What it has changed is put back first.")
        row, run = _find(session, run_id)
    sooner = [told for told in _STOPS.values() if told.grade == max(order.grade, row.cancel_grade)]
    _tell(row, run, sooner[0])


def _find(session: Session, run_id: int) -> tuple[JobRow, Run]:
    with session.app().store.read() as connection:
        rows, run = list_runs(connection, run_id), run_of(connection, run_id)
    if not rows:
        raise NotFound(
            f"There is no maintenance run {run_id}.", hint="See `runs list`; other jobs are in `jobs list`."
        )
    return rows[0], run


def _host(row: JobRow, run: Run, name: str) -> RunHostRow:
    """By name or id. NotFound for one the run does not have."""
    for host in run.hosts:
        if name.lower() == host.host.lower() or name == str(host.host_id):
            return host
    known = ", ".join(host.host for host in run.hosts)
    raise NotFound(
        f"Run {row.id} has no host '{name}'.",
        hint=f"Its hosts: {known}." if run.planned else f"{_STILL_ASKS} Try again when it has a plan.",
    )


def _confirmed(row: JobRow, run: Run, typed: str) -> None:
    at_work = [host.host for host in run.hosts if host.at_work]
    if typed == str(len(at_work)):
        return
    _tell(row, run, Order.NOW)
    raise BadInput(
        f"Stopping run {row.id} now interrupts {len(at_work)} hosts at work: {', '.join(at_work) or 'none'}.",
        hint=f"Add --confirm {len(at_work)} to say that you mean it, or --after step for a stop at a safe point.",
    )


def _unplanned(run: Run) -> str:
    return _STILL_ASKS if run.going else "It ended before its plan was made; no host was begun."


def _tell(row: JobRow, run: Run, order: Order, chosen: RunHostRow | None = None) -> None:
    """How each host is left by the order."""
    if not run.planned:
        output.say(_unplanned(run))
    left = [
        (h.host, h.state, left_as(order, h, chosen.id if chosen else None, paused=bool(run.paused)))
        for h in run.hosts
    ]
    output.show_table(f"{row.title}: how its hosts are left", ("host", "now", "will be left so"), left)
