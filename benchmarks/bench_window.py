"""The window with 10,000 servers: start, first paint, sort, filter, scroll, 1,000 updates a second, a million calls.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.bench_window [--servers 10000] [--calls 1000000] [--seconds 20]

The window is started as the program starts it, in a process of its own with nothing loaded: the picture of the servers,
the program behind it, the window that takes over. "usable" is the moment when the window stands with all rows, sorts,
filters and takes a job. Updates are committed by another process, as a runner's are, and arrive through feed, bus, bridge, query and patch.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 60.0


def seed(folder: Path, servers: int, calls: int) -> None:
    """A profile with many servers and calls."""
    from benchmarks.bench_browse import seed_calls
    from tests.ui.kit import make_app
    from tests.ui.seed import seed_servers

    app = make_app(folder)
    seed_servers(app.store, servers)
    seed_calls(app.store, calls)
    app.close()


def write_changes(folder: Path, per_second: int, seconds: float, servers: int) -> None:
    """In a process of its own: change readings of random servers, ten commits a second."""
    from sqlalchemy import update

    from dsm_desktop.app.application import Application
    from dsm_desktop.app.profile import Profile
    from dsm_desktop.store.models import Server

    app = Application(Profile(folder / "profile"))
    rng = random.Random(3)
    end = time.monotonic() + seconds
    due = time.monotonic()
    while time.monotonic() < end:
        ids = rng.sample(range(1, servers + 1), per_second // 10)
        with app.store.write() as uow:
            uow.session.connection().execute(
                update(Server)
                .where(Server.id.in_(ids))
                .values(power_watts=float(rng.randrange(100, 700)), facts_at=uow.now)
            )
            uow.changed("servers", "changed", *ids)
        due += 0.1
        time.sleep(max(0.0, due - time.monotonic()))
    app.close()


class Meter:
    """Waits for things in the window and says how long they took."""

    def __init__(self, session: Any) -> None:
        from PySide6.QtCore import QCoreApplication

        self.session = session
        self.spin = QCoreApplication.processEvents

    def until(self, ready: Callable[[], bool], most: float = 60.0) -> float:
        begun = time.perf_counter()
        while not ready():
            self.spin()
            if time.perf_counter() - begun > most:
                raise TimeoutError("the window did not get there")
        return time.perf_counter() - begun

    def painted(self, do: Callable[[], object]) -> float:
        """Milliseconds from the deed to the painted table."""
        view = self.session.window.servers.panel.grid.viewport()
        begun = time.perf_counter()
        do()
        view.repaint()
        return (time.perf_counter() - begun) * 1_000


def lateness(meter: Meter, seconds: float) -> dict[str, float]:
    """How late a 5 ms timer of the UI thread is, in ms."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    late: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        late.append(max(0.0, (now - last) * 1_000 - 5.0))
        last = now

    timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start()
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1_000), loop.quit)
    loop.exec()
    timer.stop()
    late.sort()
    return {
        "p50_ms": round(late[len(late) // 2], 2),
        "p99_ms": round(late[int(len(late) * 0.99)], 2),
        "max_ms": round(late[-1], 2),
        "ticks": len(late),
    }


def start(profile: Path, started: float) -> tuple[Any, Any, dict[str, Any]]:
    """As `dsm_desktop.ui.start` does; the application, its session, and when what was there."""
    from dsm_desktop.ui.application import application, calm_collector
    from dsm_desktop.ui.first_sight import first_sight
    from dsm_desktop.ui.start import Loading
    from dsm_desktop.ui.theme import Theme

    calm_collector()
    qt = application([])
    look = Theme(qt)
    sight = first_sight(profile)
    assert sight is not None
    sight.grid.viewport().repaint()
    result = {"first_paint_s": round(time.time() - started, 2)}
    app = Loading(profile, "").opened()
    from dsm_desktop.ui.main import Session

    look.deleteLater()
    session = Session(app, qt, sight)
    session.take_over(sight)
    session.window.resize(1280, 800)
    session.window.servers.panel.grid.viewport().repaint()
    result["usable_s"] = round(time.time() - started, 2)
    result["usable_cpu_s"] = round(time.process_time(), 2)
    app.key.open_quietly()
    app.listen()
    return app, session, result


def measure(folder: Path, started: float, servers: int, seconds: float) -> dict[str, Any]:
    """In a cold process: open the window and take the figures."""
    app, session, result = start(folder / "profile", started)
    meter = Meter(session)
    panel = session.window.servers.panel
    assert panel.model.rowCount() == servers
    meter.until(lambda: session.desk.work.busy == 0)
    result["read_again_s"] = round(time.time() - started, 2)
    gc.collect()
    result["rss_mb, servers"] = memory()
    columns = {c.key: n for n, c in enumerate(panel.model.columns)}
    for key in ("name", "model", "idrac", "address", "read"):
        result[f"sort_{key}_ms"] = round(
            meter.painted(partial(panel.grid.sort_by, [(columns[key], True)])), 1
        )

    def filtered(text: str) -> float:
        panel.filter.setText(text)
        return meter.painted(panel.apply_filter)

    for text in ("r750", "model:R750 power=on watts>300 bios<2", ""):
        result[f"filter '{text}' ms"] = round(filtered(text), 1)
    bar = panel.grid.verticalScrollBar()
    steps = [meter.painted(partial(bar.setValue, n * 97 % bar.maximum())) for n in range(120)]
    result["scroll_p95_ms"] = round(sorted(steps)[int(len(steps) * 0.95)], 1)
    result["idle"] = lateness(meter, 3)
    command = [
        sys.executable,
        "-m",
        "benchmarks.bench_window",
        "--write",
        str(folder),
        "--servers",
        str(servers),
        "--seconds",
        str(seconds + 4),
    ]
    with subprocess.Popen(command, cwd=ROOT) as writer:
        before = {row.id: row.power_watts for row in panel.model.all_rows()}
        meter.until(lambda: any(r.power_watts != before[r.id] for r in panel.model.all_rows()[:500]), 20)
        result["updates_1000_per_s"] = lateness(meter, seconds)
        changed = sum(r.power_watts != before[r.id] for r in panel.model.all_rows())
        result["rows_changed"] = changed
        writer.wait()
    result.update(_calls(session, meter))
    result["rss_mb, servers and calls"] = memory()
    session.close()
    app.close()
    return result


def memory() -> int:
    """Resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if sys.platform == "linux" else 0
    return round(pages * 4096 / 1e6)


class Pauses:
    """Gaps between two turns of the UI thread's event loop, in ms, while something else is waited for."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.longest = 0.0

    def until(self, ready: Callable[[], bool]) -> float:
        """Seconds until `ready`."""
        begun = last = time.perf_counter()
        while not ready():
            self._meter.spin()
            now = time.perf_counter()
            self.longest, last = max(self.longest, (now - last) * 1_000), now
            time.sleep(0.001)
            if now - begun > _PATIENCE:
                raise TimeoutError("the window did not get there")
        return time.perf_counter() - begun


def at_rest(meter: Meter, work: Any, seconds: float = 0.5) -> None:
    """Wait until nothing was read for so long."""
    since = time.perf_counter()

    def quiet() -> bool:
        nonlocal since
        if work.busy:
            since = time.perf_counter()
        return time.perf_counter() - since > seconds

    meter.until(quiet)


def _calls(session: Any, meter: Meter) -> dict[str, Any]:
    """Open the list, jump about in it, search it; the longest pause of each. The updates before it are at rest by then."""
    calls = session.window.activity.calls
    work = session.desk.work
    at_rest(meter, work)
    pauses = Pauses(meter)
    session.window.show_area("activity")
    session.window.activity.setCurrentWidget(calls)
    shown = pauses.until(lambda: calls.model.rowCount() > 0 and not work.busy)
    result = {
        "calls": calls.model.rowCount(),
        "calls_shown_s": round(shown, 2),
        "calls_open_longest_pause_ms": round(pauses.longest, 1),
    }
    bar, jumps, pauses = calls.grid.verticalScrollBar(), [], Pauses(meter)
    for n in range(60):
        begun = time.perf_counter()
        bar.setValue(n * 9_973 % max(1, bar.maximum()))
        calls.grid.viewport().repaint()
        jumps.append((time.perf_counter() - begun) * 1_000)
        pauses.until(lambda: not work.busy)
    result["calls_jump_max_ms"] = round(max(jumps), 1)
    result["calls_scroll_longest_pause_ms"] = round(pauses.longest, 1)
    pauses = Pauses(meter)
    calls.grid.selectAll()
    pauses.until(lambda: not work.busy)
    result["calls_select_all_longest_pause_ms"] = round(pauses.longest, 1)
    calls.grid.clearSelection()
    pauses, worst = Pauses(meter), 0.0
    for words in ("RAC0218", "10.7.0.31", "nothing at all", ""):
        calls.search(words)
        worst = max(worst, pauses.until(lambda: not work.busy))
    result["calls_search_s"] = round(worst, 2)
    result["calls_search_longest_pause_ms"] = round(pauses.longest, 1)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--measure", type=Path)
    parser.add_argument("--started", type=float, default=0.0)
    chosen = parser.parse_args()
    if chosen.write:
        write_changes(chosen.write, 1_000, chosen.seconds, chosen.servers)
        return
    if chosen.measure:
        print(json.dumps(measure(chosen.measure, chosen.started, chosen.servers, chosen.seconds)))
        return
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed(folder, chosen.servers, chosen.calls)
        common = [
            sys.executable,
            "-m",
            "benchmarks.bench_window",
            "--servers",
            str(chosen.servers),
            "--seconds",
            str(chosen.seconds),
        ]
        answer = subprocess.run(
            [*common, "--measure", str(folder), "--started", str(time.time())],
            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        for key, value in json.loads(answer.stdout.splitlines()[-1]).items():
            print(f"{key:45} {value}")


if __name__ == "__main__":
    main()
