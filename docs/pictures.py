"""Makes `docs/screenshots` anew: `python docs/pictures.py` (in the environment that dev.py makes; no display needed).

The pictures come from the program itself on the simulated site. Each is reduced to the 256 colours it uses most, which
halves it or better.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from dsm_desktop.app.demo import DemoSite, scan_parameters, throw_away_profile
from dsm_desktop.core.settings import SimulatorSettings
from dsm_desktop.ui.screenshots import save_pictures
from dsm_desktop.ui.theme import ThemeName

FOLDER = Path(__file__).resolve().parent / "screenshots"
WANTED = {
    "servers-light": "light/server-overview",
    "server-overview-dark": "dark/server-overview",
    "server-hardware-light": "light/server-hardware",
    "activity-jobs-light": "light/activity-jobs",
    "api-calls-dark": "dark/activity-api-calls",
    "settings-credentials-light": "light/settings-credentials",
    "fleet-tiles-dark": "dark/fleet-tiles",
    "reports-firmware-light": "light/reports-firmware",
    "manual-light": "light/dialog-manual",
    "export-light": "light/dialog-export",
    "power-light": "light/dialog-job-power_action",
    "first-run-light": "light/dialog-first-run-store",
}
IDRACS = 24
GIVE_UP_SECONDS = 300


def main() -> int:
    """0 when every picture was written, else 1."""
    site = DemoSite.start(SimulatorSettings(servers=IDRACS))
    try:
        with tempfile.TemporaryDirectory(prefix="dsm-pictures-") as folder:
            app = throw_away_profile(Path(folder) / "profile", site.username, site.password)
            try:
                app.listen()
                runner = app.make_runner("demo")
                runner.start()
                app.commands.submit("discovery_scan", [], scan_parameters(site))
                done = runner.wait_idle(GIVE_UP_SECONDS)
                runner.stop()
                looks = (ThemeName.LIGHT, ThemeName.DARK)
                save_pictures(app, Path(folder) / "all", sizes=((1280, 800),), looks=looks)
                return 0 if done and all(keep(Path(folder) / "all", *pair) for pair in WANTED.items()) else 1
            finally:
                app.runner.end(30)
                app.close()
    finally:
        site.stop()


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
