"""The demo: its servers are found, and the packages written for them suit them."""

from __future__ import annotations

from pathlib import Path

from dsm_desktop.app.demo import DemoSite, begin, throw_away_profile
from dsm_desktop.core.settings import SimulatorSettings
from dsm_desktop.queries.library import list_items
from dsm_desktop.queries.servers import list_servers


def test_the_packages_of_the_demo_are_whole_and_fit(tmp_path: Path) -> None:
    site = DemoSite.start(SimulatorSettings(servers=2), tmp_path / "packages")
    try:
        app = throw_away_profile(tmp_path / "profile", site.username, site.password)
        try:
            app.listen()
            runner = app.make_runner("demo")
            runner.start()
            try:
                begin(app, site)
                assert runner.wait_idle(120)
            finally:
                runner.stop()
            with app.store.read() as connection:
                items, servers = list_items(connection), list_servers(connection)
            assert len(servers) == 2
            assert len(items) >= 6

        finally:
            app.close()
    finally:
        site.stop()
