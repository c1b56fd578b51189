"""Library, mount, start from ISO and eject on both databases: the same outcome, from the first scan to an empty list."""

from __future__ import annotations

from pathlib import Path

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.app.profile import Profile, ProfileConfig
from dsm_desktop.queries.library import item_uses, list_items
from dsm_desktop.queries.virtual_media import list_mounts
from dsm_desktop.simulator import Site, SiteSpec
from tests.operations.conftest import Program
from tests.operations.test_library import iso_image


def test_from_library_to_drive_and_back(database_url: str, tmp_path: Path) -> None:
    profile = Profile(tmp_path / "profile")
    profile.save(ProfileConfig(key="file", store_url=database_url))
    iso_image(tmp_path / "a.iso", 100)
    spec = SiteSpec(
        idracs=2,
        seed=11,
        network="127.96.0.0/24",
        port=0,
        clock_speed=60,
        generations=("idrac9-5", "idrac10"),
    )
    with Site(spec) as site:
        app = Application(profile)
        app.key.set_up()
        login = CredentialDraft(
            None, "Site", "idrac", spec.username, site.idracs[0].password, ("127.0.0.0/8",)
        )
        app.commands.save_credential(login)
        app.commands.save_settings("media", {"port": 0})
        app.commands.add_library_folder(str(tmp_path))
        app.listen()
        program = Program(app, site, app.make_runner("test"))
        program.runner.start()
        try:
            program.scan()
            program.run("library_scan")
            ids = [s.id for s in program.servers()]
            mount = program.run("virtual_media_mount", {"item": "a.iso"}, ids)
            assert (mount.done, mount.failed) == (2, 0), program.tasks(mount.id)
            with app.store.read() as connection:
                assert {m.server_id for m in list_mounts(connection)} == set(ids)
                item = list_items(connection)[0]
                assert (item.used, len(item_uses(connection, item.id))) == (2, 2)
            assert program.run("virtual_media_unmount", {}, ids).failed == 0
            boot = {"item": item.sha256[:10], "quiet_minutes": 0, "restart": "power_cycle"}
            started = program.run("boot_to_iso", boot, ids)
            assert started.failed == 0, [t.outcome for t in program.tasks(started.id)]
            assert app.store.fetch(list_mounts) == []
            app.media.tidy()
            assert app.media.listening is None
        finally:
            program.runner.stop()
            app.close()
