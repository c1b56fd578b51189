"""`dsm-desktop agent`: a runner without a window, as a service or beside one."""

from __future__ import annotations

import signal
import threading

import click

from dsm_desktop.app.agent import run_agent
from dsm_desktop.app.windows_service import run_service
from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.vault.handover import HandedOverProvider
from dsm_desktop.vault.harden import harden_process
from dsm_desktop.vault.site_key import SiteKeyError


@click.command()
@click.option("--owned", is_flag=True, help="Started by a window: the key comes through standard input.")
@click.option("--service", is_flag=True, help="Started by Windows' service manager.")
@click.option(
    "--threads",
    type=click.IntRange(2, 4000),
    help="Default: as many as the settings allow calls at once, at most 256.",
)
@click.pass_obj
def agent(session: Session, owned: bool, service: bool, threads: int | None) -> int:
    """Run jobs until told to stop (Ctrl+C, SIGTERM, service stop): running steps end, the rest goes back to the queue."""
    harden_process()
    if service:
        run_service(lambda stop: run_agent(session.unlocked(), stop, window=None, threads=threads))
        return output.EXIT_OK
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if not owned:
        app = session.unlocked()
        output.say(f"Agent for {app.store_label}; site key {app.key.state().value}.")
        run_agent(app, stop, window=None, threads=threads)
        return output.EXIT_OK
    app = session.app()
    # Unbuffered, so that no copy of the key stays in a buffer.
    with open(0, "rb", buffering=0, closefd=False) as pipe:
        try:
            app.vault.unlock(HandedOverProvider(pipe))
        except SiteKeyError as error:
            output.show_error(error)  # into the runner's log: work that needs no secret goes on
        run_agent(app, stop, window=pipe, threads=threads)
    return output.EXIT_OK
