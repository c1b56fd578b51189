"""The library: scanned once, honest about what is broken or gone, and clear about whom a package fits."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.library import (
    ItemRow,
    ItemUnusable,
    find_item,
    fit_rows,
    item_file,
    list_folders,
    list_items,
    machines,
    servers_of_models,
)
from tests.firmware.packages import exe, xml
from tests.operations.conftest import Program


def iso_image(path: Path, blocks: int = 40, *, cut: int = 0) -> Path:
    """The smallest image with a volume descriptor."""
    content = bytearray(blocks * 2048)
    content[16 * 2048 : 16 * 2048 + 6] = b"\x01CD001"
    content[16 * 2048 + 40 : 16 * 2048 + 72] = b"ESXI-8.0U3".ljust(32)
    content[16 * 2048 + 80 : 16 * 2048 + 84] = blocks.to_bytes(4, "little")
    content[16 * 2048 + 128 : 16 * 2048 + 130] = (2048).to_bytes(2, "little")
    path.write_bytes(content[: len(content) - cut])
    return path


def items(program: Program) -> dict[str, ItemRow]:
    return {row.path: row for row in program.app.store.fetch(list_items)}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    (folder / "sub").mkdir(parents=True)
    iso_image(folder / "esxi.iso")
    iso_image(folder / "sub" / "cut.iso", cut=5000)
    exe(folder / "BIOS_9WH0P_WN64_2.19.1.EXE")
    (folder / "bad.EXE").write_bytes(b"MZ" + b"PK\x03\x04" * 20)
    (folder / "Catalog.xml.gz").write_bytes(b"\x1f\x8b")
    (folder / "notes.txt").write_text("not for servers", encoding="ascii")
    return folder


def test_scan_finds_reads_once_and_tells_what_is_broken_and_gone(program: Program, shelf: Path) -> None:
    program.app.commands.add_library_folder(str(shelf))
    job = program.run("library_scan")
    result = program.tasks(job.id)[0].result
    assert result == {
        "summary": "5 files in 1 folders, 5 read, 2 broken.",
        "files": 5,
        "read": 5,
        "broken": 2,
        "missing": 0,
    }
    found = items(program)
    assert found.keys() == {
        "esxi.iso",
        "sub/cut.iso",
        "BIOS_9WH0P_WN64_2.19.1.EXE",
        "bad.EXE",
        "Catalog.xml.gz",
    }
    iso = found["esxi.iso"]
    assert (iso.kind, iso.title, iso.state) == ("iso", "ESXI-8.0U3", "ok")
    assert iso.sha256 == hashlib.sha256((shelf / "esxi.iso").read_bytes()).hexdigest()
    assert found["sub/cut.iso"].problem.startswith("The image is cut")
    assert "not complete" in found["bad.EXE"].problem
    package = found["BIOS_9WH0P_WN64_2.19.1.EXE"]
    assert (package.version, package.component_type, package.models) == ("2.19.1", "BIOS", "6950, R750")

    (shelf / "esxi.iso").unlink()
    iso_image(shelf / "sub" / "cut.iso")
    job = program.run("library_scan", {"folder": str(shelf)})
    result = program.tasks(job.id)[0].result
    assert result is not None
    assert (result["read"], result["broken"], result["missing"]) == (1, 1, 1)
    assert (items(program)["esxi.iso"].state, items(program)["sub/cut.iso"].state) == ("missing", "ok")


@pytest.mark.skipif(os.name == "nt", reason="file names are text there")
def test_a_name_that_is_no_text_is_listed_as_such_and_the_scan_goes_on(program: Program, shelf: Path) -> None:
    iso_image(shelf / os.fsdecode(b"B\xfcro.iso"))
    program.app.commands.add_library_folder(str(shelf))
    for again in (False, True):
        job = program.run("library_scan", {"again": again})
        result = program.tasks(job.id)[0].result
        assert result is not None
        assert (result["files"], result["read"], result["broken"], result["missing"]) == (6, 6, 3, 0)
    found = items(program)
    assert (found[r"B\xfcro.iso"].state, found[r"B\xfcro.iso"].problem) == (
        "broken",
        "Its name is not UTF-8. Rename it.",
    )
    assert found["esxi.iso"].state == "ok"


def test_a_folder_that_cannot_be_read_says_so_and_keeps_what_was_known(program: Program, shelf: Path) -> None:
    program.app.commands.add_library_folder(str(shelf))
    program.run("library_scan")
    shelf.rename(shelf.with_name("away"))
    program.run("library_scan")
    (row,) = program.app.store.fetch(list_folders)
    assert "cannot be read" in row.problem
    assert items(program)["esxi.iso"].state == "ok"
    program.app.commands.remove_library_folder(row.id)
    assert items(program) == {}
    with pytest.raises(BadInput, match="no full path"):
        program.app.commands.add_library_folder("relative")


def test_an_item_is_found_by_id_name_or_hash_and_only_usable_ones_are_given_out(
    program: Program, shelf: Path
) -> None:
    program.app.commands.add_library_folder(str(shelf))
    program.run("library_scan")
    host = program.app.media.host
    found = items(program)
    iso = found["esxi.iso"]
    with program.app.store.read() as connection:
        assert {find_item(connection, w) for w in (str(iso.id), "esxi.iso", iso.sha256[:12])} == {iso.id}
        with pytest.raises(NotFound):
            find_item(connection, "other.iso")
        file = item_file(connection, iso.id, host)
        assert (file.path, file.size) == (shelf / "esxi.iso", 40 * 2048)
        with pytest.raises(ItemUnusable, match="cannot be used"):
            item_file(connection, found["bad.EXE"].id, host)
        with pytest.raises(ItemUnusable, match="lies on"):
            item_file(connection, iso.id, "another machine")


@pytest.mark.shared_program
def test_fit_against_the_fleet_goes_by_system_id_and_component(scanned: Program, shelf: Path) -> None:
    ids = [s.id for s in scanned.servers()]
    assert scanned.run("inventory_refresh", {}, ids).failed == 0
    with scanned.app.store.read() as connection:
        known = machines(connection, ids)
    assert all(m.components for m in known.values())
    # An iDRAC8 does not tell its system id: its model's name decides.
    assert {len(m.system_id) for m in known.values() if m.generation != "iDRAC8"} == {4}
    one = next(s for s in scanned.servers() if known[s.id].system_id)
    other = next(s for s in scanned.servers() if s.model != one.model)
    ident = known[one.id].system_id
    model = one.model.removeprefix("PowerEdge ")
    exe(shelf / "mine.EXE", xml(version="99.0.0", systems=[(ident, model)]))
    scanned.app.commands.add_library_folder(str(shelf))
    scanned.run("library_scan")
    row = items(scanned)["mine.EXE"]
    assert row.fits >= 1
    with scanned.app.store.read() as connection:
        assert one.id in servers_of_models(connection, row.id)
        fits = {f.server_id: f.fit for f in fit_rows(connection, row.id, [one.id, other.id])}
    assert (fits[one.id].verdict, fits[one.id].matches[0].order) == ("fits", "upgrade")
    assert fits[other.id].verdict == "wrong model"
    assert f"made for {model}; this server is a {other.model}" in fits[other.id].reason


def test_a_scan_stops_in_the_middle_of_a_large_file_and_keeps_what_it_read(
    program: Program, shelf: Path
) -> None:
    with (shelf / "zz-large.img").open("wb") as file:
        file.truncate(40 << 30)  # more than anybody reads in the time of this test
    program.app.commands.add_library_folder(str(shelf))
    job_id = program.app.commands.submit("library_scan", [], {})
    deadline = time.monotonic() + 60
    while len(items(program)) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    program.app.commands.cancel(job_id, CancelGrade.NOW)
    job = program.wait(job_id, 60)
    assert job.state == "cancelled"
    assert {"esxi.iso", "bad.EXE"} <= items(program).keys()
    assert "zz-large.img" not in items(program)
