"""Makes the program's pictures: `python docs/pictures.py` (in the environment that dev.py makes; no display needed).

Every view and dialog, in light, dark and high contrast, at 1280x800 and 1920x1080, from the program itself on the
simulated site, into `--out` (default: a folder `all` in `docs/screenshots`, which is not kept). Those that the manual and the
README show are kept in `docs/screenshots`, each reduced to the 256 colours it uses most, which halves it or better.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import DemoSite, begin, throw_away_profile
from dsm_desktop.core.settings import SimulatorSettings
from dsm_desktop.queries.jobs import open_decisions
from dsm_desktop.queries.maintenance import run_of
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.ui.screenshots import LOOKS, SIZES, save_pictures
from dsm_desktop.workers.runner import Runner

FOLDER = Path(__file__).resolve().parent / "screenshots"
WANTED = {
    "dashboard-light": "light/dashboard",
    "dashboard-dark": "dark/dashboard",
    "dashboard-contrast": "high-contrast/dashboard",
    "servers-light": "light/server-overview",
    "servers-contrast": "high-contrast/server-overview",
    "server-overview-dark": "dark/server-overview",
    "server-hardware-light": "light/server-hardware",
    "activity-jobs-light": "light/activity-jobs",
    "activity-jobs-contrast": "high-contrast/activity-jobs",
    "api-calls-dark": "dark/activity-api-calls",
    "settings-store-light": "light/settings-store",
    "settings-credentials-light": "light/settings-credentials",
    "fleet-tiles-dark": "dark/fleet-tiles",
    "vcenter-clusters-light": "light/vcenter-clusters",
    "vcenter-hosts-dark": "dark/vcenter-hosts",
    "vcenter-blockers-light": "light/vcenter-blockers",
    "reports-firmware-light": "light/reports-firmware-versions",
    "manual-light": "light/dialog-manual",
    "export-light": "light/dialog-export",
    "power-light": "light/dialog-job-power_action",
    "first-run-light": "light/dialog-first-run-store",
}
IDRACS = 24
GIVE_UP_SECONDS = 300
SPEED = 200.0
CLUSTER = "Production"


def main() -> int:
    """0 when every picture was written, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER / "all", help="Folder of all pictures.")
    parser.add_argument("--kept-only", action="store_true", help="Only those that are kept, at 1280x800.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dsm-pictures-") as folder:
        site = DemoSite.start(SimulatorSettings(servers=IDRACS, speed=SPEED), Path(folder) / "packages")
        try:
            app = throw_away_profile(Path(folder) / "profile", site.username, site.password)
            try:
                done = put_to_work(app, site)
                out = Path(folder) / "all" if chosen.kept_only else chosen.out
                sizes = SIZES[:1] if chosen.kept_only else SIZES
                files = save_pictures(app, out, sizes=sizes, looks=LOOKS)
                sys.stdout.write(f"{len(files)} pictures in {out}\n")
                kept = [keep(out, *pair) for pair in WANTED.items()]
                return 0 if done and all(kept) else 1
            finally:
                app.runner.end(30)
                app.close()
        finally:
            site.stop()


def put_to_work(app: Application, site: DemoSite) -> bool:
    """Find and read every server, judge the clusters, plan the maintenance of one and begin it, so that there is something to
    see; False when that did not come about."""
    app.listen()
    runner = app.make_runner("demo")
    runner.start()
    try:
        begin(app, site)
        if not runner.wait_idle(GIVE_UP_SECONDS):
            return False
        app.commands.submit("cluster_safety_check", [], {})
        cluster = next(c for c in app.store.fetch(vsphere_view).clusters if c.name == CLUSTER)
        wanted = {"vcenter_id": cluster.vcenter_id, "cluster": cluster.moid}
        app.commands.submit("rolling_plan", [], wanted)
        if not runner.wait_idle(GIVE_UP_SECONDS):
            return False
        run = app.commands.submit("rolling_update", [], wanted)
        return second_host_at_work(app, runner, run)
    finally:
        runner.stop()


def second_host_at_work(app: Application, runner: Runner, run: int) -> bool:
    """Answer what a rolling update asks as it proposes, until its first host is done and the next one is at work."""
    end = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < end:
        for asked in app.store.fetch(open_decisions):
            app.commands.answer(asked.id, asked.default)
        at_work = app.store.fetch(lambda c: run_of(c, run))
        if at_work.through and any(host.at_work for host in at_work.hosts):
            return True
        if runner.wait_idle(1):
            break
    return False


def keep(folder: Path, name: str, wanted: str) -> bool:
    """Write one picture with a palette of the 256 colours it uses most, compressed as far as PNG goes."""
    look, _, view = wanted.partition("/")
    picture = QImage(str(folder / f"{look}-1280x800" / f"{view}.png")).convertToFormat(
        QImage.Format.Format_RGB32
    )
    if picture.isNull():
        return False
    used = Counter(memoryview(bytes(picture.constBits())).cast("I"))
    # Of colours that are nearly one only the commonest, so that seldom ones (a warning's) keep their place.
    distinct: dict[int, int] = {}
    for colour, _ in used.most_common():
        distinct.setdefault(colour & 0x00F0F0F0, colour)
    palette = list(distinct.values())[:256]
    # Dithering would spread noise that neither reads nor compresses well.
    plain = Qt.ImageConversionFlag.ThresholdDither | Qt.ImageConversionFlag.AvoidDither
    small = picture.convertToFormat(QImage.Format.Format_Indexed8, palette, plain)
    FOLDER.mkdir(exist_ok=True)
    return small.save(str(FOLDER / f"{name}.png"), quality=0)


if __name__ == "__main__":
    sys.exit(main())
