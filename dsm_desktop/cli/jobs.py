"""`dsm-desktop job <kind>` starts work, one command per declared job type; `dsm-desktop jobs` looks at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.parameters import given, options_for
from dsm_desktop.cli.servers import chosen
from dsm_desktop.cli.session import Session
from dsm_desktop.cli.watch import follow, tell_more
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs import Danger, JobType, Targets
from dsm_desktop.queries.jobs import job_tasks, list_jobs


class JobGroup(click.Group):
    """One command per job type, made from its declaration."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_catalogue())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        catalogue = _catalogue()
        return _command(catalogue[cmd_name]) if cmd_name in catalogue else None


@click.group(cls=JobGroup)
def job() -> None:
    """Start a job. Runs here when no desktop or agent of this store is alive, else there."""


@click.group()
def jobs() -> None:
    """Look at jobs, cancel them, try again what failed."""


@jobs.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """The newest jobs."""
    with session.app().store.read() as connection:
        rows = list_jobs(connection)
    if as_json:
        output.show_json(rows)
        return
    cells = [
        (r.id, r.title, r.state, f"{r.done}/{r.total}", r.failed, r.submitted_by, r.submitted_at)
        for r in rows
    ]
    output.show_table("Jobs", ("id", "title", "state", "done", "failed", "by", "at"), cells)


@jobs.command()
@click.argument("job_id", type=int)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(session: Session, job_id: int, as_json: bool) -> None:
    """The targets of a job with result or error each."""
    with session.app().store.read() as connection:
        known, rows = list_jobs(connection, [job_id]), job_tasks(connection, job_id)
    if not known:
        raise NotFound(f"There is no job {job_id}.", hint="See `jobs list`.")
    if as_json:
        output.show_json(rows)
        return
    cells = [(r.id, r.target, r.state, r.outcome) for r in rows]
    output.show_table(f"Job {job_id}", ("task", "target", "state", "outcome"), cells)
    tell_more(rows)


@jobs.command()
@click.argument("job_id", type=int)
@click.option(
    "--when",
    type=click.Choice(["after-target", "after-step", "now"]),
    default="after-step",
    show_default=True,
)
@click.pass_obj
def cancel(session: Session, job_id: int, when: str) -> None:
    """Stop a job at the next safe point."""
    session.app().commands.cancel(job_id, CancelGrade[when.replace("-", "_").upper()])
    output.say(f"Job {job_id} stops {when.replace('-', ' ')}.")


@jobs.command()
@click.argument("job_id", type=int)
@click.pass_obj
def retry(session: Session, job_id: int) -> None:
    """A new job on the failed targets of a job."""
    output.say(f"Job {session.app().commands.retry_failed(job_id)} submitted.")


@jobs.command()
@click.argument("question", type=int)
@click.argument("option")
@click.pass_obj
def answer(session: Session, question: int, option: str) -> None:
    """Answer QUESTION of a job that waits for a person with one of its options, as `runs show` names them."""
    session.app().commands.answer(question, option)
    output.say(f"Question {question} answered with {option}.")


def _catalogue() -> Any:
    from dsm_desktop.app.application import catalogue

    return catalogue()


def _command(kind: JobType) -> click.Command:
    shared = [
        click.Option(
            ["--dry-run"], is_flag=True, help="Show the calls it would make; send nothing that changes."
        ),
        click.Option(["--at", "schedule_at"], type=click.DateTime(), help="Start then (local time)."),
        click.Option(["--detach"], is_flag=True, help="Submit and return; a desktop or agent runs it."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the outcome as JSON."),
        click.Option(
            ["--confirm"],
            default="",
            help="For dangerous work: the number of targets, typed; of a job without targets its name.",
        ),
    ]
    if kind.targets is Targets.SERVER:
        shared += [
            click.Option(
                ["--server", "server_ids"], type=int, multiple=True, help="Id of a server; may be repeated."
            ),
            click.Option(["--query"], default="", help="Or a filter, as in `servers list`."),
        ]
    if kind.targets is Targets.HOST:
        shared.append(
            click.Option(
                ["--host", "host_ids"],
                type=int,
                multiple=True,
                help="Id of an ESXi host (see `vcenters hosts`); may be repeated.",
            )
        )
    if kind.requires:
        needs = " and ".join(need.text for need in kind.requires)
        shared.append(click.Option(["--fitting"], is_flag=True, help=f"Leave out servers without {needs}."))

    @click.pass_obj
    def run(session: Session, /, **values: Any) -> int:
        return _submit(session, kind, values)

    return click.Command(kind.kind, params=[*options_for(kind.params), *shared], callback=run, help=kind.help)


def _submit(session: Session, kind: JobType, values: dict[str, Any]) -> int:
    options = {n: values.pop(n) for n in ("dry_run", "schedule_at", "detach", "as_json", "confirm")}
    ids = _targets(session, kind, values)
    params = kind.validate(given(values))
    _confirmed(kind, kind.danger_for(params), len(ids), options)
    at: datetime | None = options["schedule_at"]
    job_id = session.app().commands.submit(
        kind.kind,
        ids,
        params.model_dump(mode="json"),
        dry_run=options["dry_run"],
        schedule_at=at.astimezone() if at else None,
    )
    if options["detach"]:
        output.show_json({"job": job_id}) if options["as_json"] else output.say(f"Job {job_id} submitted.")
        return output.EXIT_OK
    return follow(session, job_id, as_json=options["as_json"])


def _targets(session: Session, kind: JobType, values: dict[str, Any]) -> list[int]:
    fitting = values.pop("fitting", False)
    if kind.targets is Targets.HOST:
        hosts = list(values.pop("host_ids"))
        if not hosts:
            raise BadInput("No host was named.", hint="Give --host ID (see `vcenters hosts`).")
        return hosts
    if kind.targets is not Targets.SERVER:
        return []
    ids, query = list(values.pop("server_ids")), values.pop("query")
    if query:
        ids += [row.id for row in chosen(session, query) if row.id not in ids]
    if fitting:
        asked = frozenset(ids)
        ids = [row.id for row in kind.fit([r for r in chosen(session, "") if r.id in asked]).fitting]
    if not ids:
        raise BadInput(
            "No server was named.", hint="Give --server ID or --query FILTER (see `servers list`)."
        )
    return ids


def _confirmed(kind: JobType, danger: Danger, count: int, options: dict[str, Any]) -> None:
    if danger is Danger.NONE or options["dry_run"]:
        return
    wanted = str(count) if count else kind.kind
    if options["confirm"] != wanted:
        raise BadInput(
            _warning(kind, danger, count),
            hint=f"Add --confirm {wanted} to say that you mean it, or --dry-run to look first.",
        )


def _warning(kind: JobType, danger: Danger, count: int) -> str:
    if count:
        return f"'{kind.label}' disturbs {count} {kind.targets.value}{'s' if count > 1 else ''}."
    what = "removes things for good" if danger is Danger.DESTRUCTIVE else "disturbs what it works on"
    return f"'{kind.label}' {what}."
