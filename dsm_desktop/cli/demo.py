"""`dsm-desktop demo`: the main job without hardware; with a window, or headless with a table and pictures."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import DemoSite, begin, throw_away_profile
from dsm_desktop.cli import output
from dsm_desktop.cli.servers import COLUMNS
from dsm_desktop.core.settings import SimulatorSettings
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.queries.vsphere import vsphere_view

GIVE_UP_SECONDS = 600
STOP_SECONDS = 60


@click.command()
@click.option(
    "--headless", is_flag=True, help="No window: run, print the result, save a picture of every view."
)
@click.option("--idracs", default=30, show_default=True, type=click.IntRange(1, 250))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder of the pictures.",
)
@click.option("--no-pictures", is_flag=True, help="Headless without pictures (Qt is not needed).")
def demo(headless: bool, idracs: int, out: Path, no_pictures: bool) -> int:
    """Start a simulated site, find its servers and read them, in a profile that is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="dsm-demo-") as folder:
        site = DemoSite.start(SimulatorSettings(servers=idracs), Path(folder) / "packages")
        try:
            app = throw_away_profile(Path(folder) / "profile", site.username, site.password)
            try:
                if headless or not has_display():
                    return _headless(app, site, out, pictures=not no_pictures)
                from dsm_desktop.ui.main import run_demo

                return run_demo(app, site)
            finally:
                app.runner.end(STOP_SECONDS)
                app.close()
        finally:
            site.stop()


def has_display() -> bool:
    """True where a window can be shown."""
    return sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _headless(app: Application, site: DemoSite, out: Path, *, pictures: bool) -> int:
    app.listen()
    runner = app.make_runner("demo")
    runner.start()
    try:
        job_id = begin(app, site)
        if not runner.wait_idle(GIVE_UP_SECONDS):
            output.say(f"The scan (job {job_id}) did not end within {GIVE_UP_SECONDS} s.")
            return output.EXIT_FAILED
    finally:
        runner.stop()
    with app.store.read() as connection:
        rows, job = list_servers(connection), list_jobs(connection, ids=[job_id])[0]
    heads = [c.replace("_", " ") for c in COLUMNS]
    output.show_table(job.title[:60], heads, [[getattr(r, c) for c in COLUMNS] for r in rows])
    with app.store.read() as connection:
        hosts = vsphere_view(connection).hosts
    linked = sum(host.server_id is not None for host in hosts)
    output.show_table(
        "vCenter",
        ["host", "cluster", "ESXi", "VMs on", "server"],
        [[h.name, h.cluster, f"{h.version} {h.build}", h.vms, h.server] for h in hosts],
    )
    output.say(f"{len(hosts)} ESXi hosts, {linked} of them on servers of the list.")
    managed = sum(r.access == "managed" for r in rows)
    output.say(f"{len(rows)} servers found, {managed} read; job {job.id} {job.state}.")
    if pictures:
        from dsm_desktop.ui.screenshots import save_pictures

        saved = save_pictures(app, out)
        output.say(f"{len(saved)} pictures in {out}.")
    return output.EXIT_OK if rows and managed == len(rows) else output.EXIT_FAILED
