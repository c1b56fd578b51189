"""The identity of packages from the files themselves, and a clear refusal of every bad one, within time and memory."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dsm_desktop.firmware.dup import read_package
from dsm_desktop.firmware.errors import (
    BadPackage,
    NotAPackage,
    PackageHostile,
    PackageTruncated,
    PackageXmlBroken,
)
from dsm_desktop.firmware.identity import PackageForm
from dsm_desktop.firmware.package_xml import read_identity
from tests.firmware.packages import STUB, exe, linux, xml

SAMPLE = "samples/dup/ESM_Firmware_9WH0P-package.xml"
DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def test_a_real_package_xml(captures: Path) -> None:
    found = read_identity((captures.parent / SAMPLE).read_bytes(), PackageForm.BIN, "sample")
    assert (found.name, found.vendor_version) == ("SAS Backplane Firmware, 1.05, A01", "1.05")
    assert (found.component_type, found.component_ids) == ("FRMW", frozenset({"11204"}))
    assert (found.package_id, found.release_id, found.package_type) == ("9WH0PA01-00", "9WH0P", "LLXP")
    systems = {s.system_id: (s.brand, s.name) for s in found.systems}
    assert systems["01EA"] == ("PowerEdge", "6950")
    assert systems["041D"] == ("PowerVault", "DL2100")
    assert len(systems) == 12
    assert found.reboot_required is None


@pytest.mark.parametrize(
    "data",
    [
        xml().encode(),
        b"\xef\xbb\xbf" + xml().encode(),
        b"\xff\xfe" + xml(encoding="utf-8").encode("utf-16-le"),
        b"\xfe\xff" + xml(encoding="UTF-16").encode("utf-16-be"),
        xml(encoding="UTF-16").encode("utf-16-le"),
    ],
    ids=["utf-8", "utf-8 bom", "utf-16 declared as utf-8", "utf-16 big", "utf-16 without bom"],
)
def test_a_windows_package_in_every_encoding(tmp_path: Path, data: bytes) -> None:
    found = read_package(exe(tmp_path / "BIOS.EXE", data))
    assert (found.vendor_version, found.component_type, found.reboot_required) == ("2.19.1", "BIOS", True)
    assert [s.system_id for s in found.systems] == ["0901", "01EA"]
    assert found.criticality == 2
    assert type(found).model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    "after", [b"", os.urandom(12_000), bytes(200_000)], ids=["none", "signature", "zeros"]
)
def test_a_signature_behind_the_archive_is_no_obstacle(tmp_path: Path, after: bytes) -> None:
    assert read_package(exe(tmp_path / "a.exe", after=after, before=STUB * 9)).release_id == "9WH0P"


def test_pci_ids_are_upper_case_and_padded(tmp_path: Path) -> None:
    pci = '<PCIInfo vendorID="14e4" deviceID="165F" subVendorID="1028" subDeviceID="8ff"/>'
    found = read_package(exe(tmp_path / "a.EXE", xml(pci=pci, kind="FRMW")))
    assert found.devices[0].pci == ("14E4:165F:1028:08FF",)


def test_a_linux_package_with_its_stray_byte(tmp_path: Path) -> None:
    found = read_package(linux(tmp_path / "a.BIN"))
    assert (found.form, found.vendor_version) == (PackageForm.BIN, "2.19.1")
    clean = xml(version="3.0.0").encode()
    assert (
        read_package(linux(tmp_path / "b.BIN", entries=[("./package.xml", clean)])).vendor_version == "3.0.0"
    )


def test_bare_images_and_names(tmp_path: Path) -> None:
    image = tmp_path / "iDRAC_7.10.30.00.d9"
    image.write_bytes(b"x" * 100)
    found = read_package(image)
    assert (found.form, found.vendor_version, found.component_ids) == (
        PackageForm.D9,
        "7.10.30.00",
        frozenset({"25227"}),
    )
    for name, ident, version, kind in [
        ("BIOS_ABCDE_WN64_2.19.1.EXE", "ABCDE", "2.19.1", "BIOS"),
        ("Network_Firmware_RDC79_WN64_20.6.16_A01.EXE", "RDC79", "20.6.16", ""),
    ]:
        path = tmp_path / name
        path.write_bytes(STUB)
        told = read_package(path)
        assert (told.told_by, told.package_id, told.vendor_version, told.component_type) == (
            "file name",
            ident,
            version,
            kind,
        )


# --- bad ones -------------------------------------------------------------------------------------------------------


def truncated(path: Path) -> Path:
    whole = exe(path).read_bytes()
    path.write_bytes(whole[: len(whole) - 40])
    return path


def link(path: Path) -> Path:
    entry = zipfile.ZipInfo("payload/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return exe(path, more=[(entry, b"/etc/passwd")])


def bomb_of_zeros(path: Path) -> Path:
    return exe(path, b"<a>" + b" " * (15 << 20) + b"</a>")


def many_entries(path: Path) -> Path:
    whole = bytearray(exe(path).read_bytes())
    at = whole.rfind(b"PK\x05\x06")
    struct.pack_into("<HH", whole, at + 8, 60_000, 60_000)
    path.write_bytes(whole)
    return path


def sizes_of_64_bits(path: Path) -> Path:
    """The record that is looked at says little; zipfile would go by another one that it points to."""
    whole = exe(path).read_bytes()
    at = whole.rfind(b"PK\x05\x06")
    path.write_bytes(whole[:at] + b"PK\x06\x07" + bytes(16) + whole[at:])
    return path


def lying_size(path: Path) -> Path:
    """The directory promises 40 GiB of payload in some kilobytes."""
    whole = bytearray(exe(path).read_bytes())
    at = whole.find(b"PK\x01\x02", whole.find(b"payload/bios.bin") + 50)
    at = whole.rfind(b"PK\x01\x02")
    struct.pack_into("<I", whole, at + 24, 0xF000_0000)
    path.write_bytes(whole)
    return path


def damaged(path: Path) -> Path:
    whole = bytearray(exe(path).read_bytes())
    for at in range(len(STUB) + 60, len(STUB) + 90):
        whole[at] ^= 0x5A
    path.write_bytes(whole)
    return path


def cut_script(path: Path) -> Path:
    whole = linux(path, entries=[("payload/a", os.urandom(50_000))]).read_bytes()
    path.write_bytes(whole[:-9_000])
    return path


def without_archive(path: Path) -> Path:
    whole = linux(path).read_bytes()
    path.write_bytes(whole[: whole.index(b"#####Startofarchive")])
    return path


BAD: list[tuple[str, str, Callable[[Path], object], type[BadPackage]]] = [
    ("truncated", "a.EXE", truncated, PackageTruncated),
    ("empty", "a.EXE", lambda p: p.write_bytes(b""), NotAPackage),
    ("empty image", "a.d9", lambda p: p.write_bytes(b""), PackageTruncated),
    ("text", "a.EXE", lambda p: p.write_bytes(b"<html>not found</html>"), NotAPackage),
    ("no archive", "setup.EXE", lambda p: p.write_bytes(STUB), NotAPackage),
    ("zip bomb", "a.EXE", bomb_of_zeros, PackageHostile),
    ("many entries", "a.EXE", many_entries, PackageHostile),
    ("64 bits", "a.EXE", sizes_of_64_bits, PackageHostile),
    ("lying size", "a.EXE", lying_size, PackageHostile),
    ("path up", "a.EXE", lambda p: exe(p, more=[("../../evil", b"x")]), PackageHostile),
    ("path up, windows", "a.EXE", lambda p: exe(p, more=[("..\\evil", b"x")]), PackageHostile),
    ("absolute", "a.EXE", lambda p: exe(p, more=[("/etc/cron.d/evil", b"x")]), PackageHostile),
    ("drive", "a.EXE", lambda p: exe(p, more=[("C:\\evil", b"x")]), PackageHostile),
    ("link", "a.EXE", link, PackageHostile),
    ("two descriptions", "a.EXE", lambda p: exe(p, more=[("PACKAGE.XML", xml().encode())]), PackageHostile),
    ("no description", "a.EXE", lambda p: exe(p, b""), NotAPackage),
    ("damaged", "a.EXE", damaged, PackageTruncated),
    ("entities", "a.EXE", lambda p: exe(p, xml(extra=DOCTYPE)), PackageHostile),
    ("external entity", "a.EXE", lambda p: exe(p, xml(extra='<!DOCTYPE x SYSTEM "file:///etc/passwd">')), PackageHostile),
    ("half xml", "a.EXE", lambda p: exe(p, xml()[:-40]), PackageXmlBroken),
    ("two documents", "a.EXE", lambda p: exe(p, xml() + "<again/>"), PackageXmlBroken),
    ("other root", "a.EXE", lambda p: exe(p, "<html/>"), PackageXmlBroken),
    ("odd utf-16", "a.EXE", lambda p: exe(p, b"\xff\xfe<\x00a\x00\x00\xd8"), PackageXmlBroken),
    ("nested", "a.EXE", lambda p: exe(p, "<a>" * 5000 + "</a>" * 5000), PackageHostile),
    ("script: cut", "a.BIN", cut_script, PackageTruncated),
    ("script: no archive", "a.BIN", without_archive, PackageTruncated),
    ("script: none", "a.BIN", lambda p: p.write_bytes(b"#!/bin/sh\necho no\n"), NotAPackage),
    ("script: path up", "a.BIN", lambda p: linux(p, entries=[("../evil", b"x")]), PackageHostile),
    ("script: link", "a.BIN", lambda p: linux(p, links=["payload/link"]), PackageHostile),
    ("script: name bomb", "a.BIN", lambda p: linux(p, entries=[("a" * (60 << 20), b"")]), PackageHostile),
    ("other ending", "a.msi", lambda p: p.write_bytes(b"x"), NotAPackage),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "kind"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_bad_file_gets_a_clear_error_within_a_second_and_100_mb(
    tmp_path: Path, name: str, make: Callable[[Path], object], kind: type[BadPackage]
) -> None:
    path = tmp_path / name
    make(path)
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(kind) as caught:
        read_package(path)
    spent = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.where == name
    assert peak < 100 << 20
    assert spent < 5, "seconds of processor, under tracing"
    assert [p.name for p in tmp_path.iterdir()] == [name], "nothing is unpacked"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(cut=100, flips=[])  # ends within the head of its gzip archive
@given(
    cut=st.integers(0, 15_000),
    flips=st.lists(st.tuples(st.integers(0, 15_000), st.integers(1, 255)), max_size=4),
)
def test_whatever_happens_to_a_package_it_is_read_or_refused(
    tmp_path: Path, cut: int, flips: list[tuple[int, int]]
) -> None:
    for make, name in ((exe, "a.EXE"), (linux, "a.BIN")):
        path = tmp_path / name
        whole = bytearray(make(path).read_bytes())
        for at, mask in flips:
            whole[at % len(whole)] ^= mask
        path.write_bytes(whole[: max(0, len(whole) - cut)] if cut % 3 else whole)
        with contextlib.suppress(BadPackage):
            read_package(path)
