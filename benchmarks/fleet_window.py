"""The main window beside bench_fleet: how late a 5 ms timer of its thread fires, until standard input closes.

Run as a program: folder of the profile. Prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

EVERY_MS = 5
SETTLE_SECONDS = 3.0
"""The window opens first: only what comes after it counts."""


def main() -> None:
    from PySide6.QtCore import Qt, QTimer

    from dsm_desktop.app.application import Application
    from dsm_desktop.app.profile import Profile
    from dsm_desktop.ui.main import Session, application

    qt = application([])
    app = Application(Profile(Path(sys.argv[1])))
    app.key.open_quietly()
    app.listen()
    session = Session(app, qt)
    session.window.resize(1280, 800)
    session.open()
    over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    late: list[float] = []
    state = {"due": time.perf_counter() + SETTLE_SECONDS}

    def fired() -> None:
        now = time.perf_counter()
        if now >= state["due"]:
            late.append((now - state["due"]) * 1e3)
            state["due"] = now + EVERY_MS / 1e3
        if over.is_set():
            qt.exit(0)  # quit() would ask first, as closing does, while jobs run

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(fired)
    timer.start(EVERY_MS)
    qt.exec()
    timer.stop()
    session.close()
    app.close()
    late.sort()
    at = {f"window_p{p}_ms": round(late[int(len(late) * p / 100)], 2) for p in (50, 95, 99)}
    print(
        json.dumps({"window_s": round(len(late) * EVERY_MS / 1e3), **at, "window_max_ms": round(late[-1], 2)})
    )


if __name__ == "__main__":
    main()
