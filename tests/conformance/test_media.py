"""Library, mounts, identity and access log on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from dsm_desktop.commands.library import add_folder, note_use, remove_folder
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.errors import BadInput, Denied
from dsm_desktop.media.identity import media_keys
from dsm_desktop.queries.library import find_item, item_uses, list_folders, list_items
from dsm_desktop.queries.virtual_media import list_mounts
from dsm_desktop.store.api_calls import add_calls
from dsm_desktop.store.library import close_scan, known_files, save_item
from dsm_desktop.store.media import (
    NewMount,
    SeenDrive,
    bytes_read,
    end_mount,
    ended_jobs,
    note_mount,
    save_drives,
    served_mounts,
)
from dsm_desktop.store.models import Job
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.passphrase import PassphraseProvider
from dsm_desktop.vault.vault import Vault
from tests.conformance.test_store import add_server

ANNA = Principal("anna", Role.ADMIN)
FILE = {
    "name": "a.iso",
    "kind": "iso",
    "size": 2**40,
    "modified_ns": 1_700_000_000_123_456_789,
    "sha256": "ab" * 32,
}


def test_the_library_from_folder_to_use(site: Store) -> None:
    with site.write() as uow:
        folder = add_folder(uow, ANNA, "here", "/srv/isos")
        assert add_folder(uow, ANNA, "here", "/srv/isos") == folder
        with pytest.raises(BadInput, match="one lies in the other"):
            add_folder(uow, ANNA, "here", "/srv/isos/sub")
        with pytest.raises(Denied):
            add_folder(uow, Principal("otto", Role.VIEWER), "here", "/srv/other")
        item = save_item(uow, folder, "sub/a.iso", {**FILE, "identity": {"systems": [{"name": "R750"}]}})
        assert save_item(uow, folder, "sub/a.iso", {**FILE, "title": "x" * 400}) == item
        assert known_files(uow, folder)["sub/a.iso"].modified_ns == FILE["modified_ns"]
        server = add_server(uow)
        for _ in range(2):
            note_use(uow, item, server, 7, "virtual media")
    with site.read() as connection:
        (row,) = list_items(connection)
        assert (row.size, row.models, row.used, len(row.title)) == (2**40, "R750", 1, 255)
        assert [u.job_id for u in item_uses(connection, item)] == [7]
        assert find_item(connection, "abababab") == item
    with site.write() as uow:
        assert close_scan(uow, folder, set()) == 1
        assert close_scan(uow, folder, set()) == 0
        assert list_items(uow.session.connection())[0].state == "missing"
        remove_folder(uow, ANNA, folder)
    with site.read() as connection:
        assert (list_folders(connection), list_items(connection)) == ([], [])


def test_mounts_of_ours_and_of_others(site: Store) -> None:
    ours = NewMount("cd", "esxi 8.iso", 7, "anna", file="/srv/esxi 8.iso", host="here")
    with site.write() as uow:
        server = add_server(uow)
        for _ in range(2):
            note_mount(uow, server, ours)
        # The device tells its URL, coded; the USB drive is somebody else's.
        theirs = "http://root:geheim@share/x.iso"
        save_drives(
            uow,
            server,
            [SeenDrive("cd", "http://a:8888/t/esxi%208.iso", "URI"), SeenDrive("usb", theirs, "URI")],
        )
        assert [m.job_id for m in served_mounts(uow.session.connection(), "here")] == [7]
    with site.read() as connection:
        found = {m.drive: m for m in list_mounts(connection)}
        assert (found["cd"].by, found["usb"].by) == ("anna", "")
        assert "geheim" not in found["usb"].image
    with site.write() as uow:
        save_drives(uow, server, [SeenDrive("cd", ""), SeenDrive("usb", "http://share/y.iso", "URI")])
    with site.read() as connection:
        assert [m.image for m in list_mounts(connection)] == ["http://share/y.iso"]
        assert len(list_mounts(connection, server, history=True)) == 3
    with site.write() as uow:
        note_mount(uow, server, ours)
    with site.write() as uow:
        end_mount(uow, server, "cd", 8)
        end_mount(uow, server, "cd", 7)
    with site.read() as connection:
        assert [m.drive for m in list_mounts(connection)] == ["usb"]


def test_ended_jobs_and_what_was_read(site: Store) -> None:
    now = datetime.now(UTC)
    with site.write() as uow:
        server = add_server(uow)
        for number, state in ((1, "running"), (2, "completed")):
            uow.session.execute(
                insert(Job).values(
                    id=number,
                    kind="x",
                    title="x",
                    params={},
                    state=state,
                    submitted_by="anna",
                    submitted_at=now,
                )
            )
        assert ended_jobs(uow.session.connection(), {1, 2, 3}) == {2, 3}
    end = CallEnd(206, 1.0, 500, "", {"requests": 5})
    add_calls(site, [(now, CallStart("media", "10.0.0.1", "GET", "/job 1/a.iso", False), end, server, 1)])
    with site.read() as connection:
        assert bytes_read(connection, 1, server, now - timedelta(seconds=1)) == 500
        assert bytes_read(connection, 1, server, now + timedelta(seconds=1)) == 0


def test_the_identity_is_made_once_and_sealed(site: Store) -> None:
    vault = Vault(site)
    vault.create([PassphraseProvider(SecretStr("a long enough passphrase"))])
    first = media_keys(site, vault, "here", ["10.0.0.9"])
    assert media_keys(site, vault, "here", []) == first
    assert media_keys(site, vault, "there", []).secret != first.secret
    first.context()
    assert "PRIVATE" not in repr(first)
