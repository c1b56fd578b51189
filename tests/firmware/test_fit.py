"""A package for the wrong server is refused before anything is sent, naming why."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsm_desktop.core.states import Generation
from dsm_desktop.firmware.dup import read_package
from dsm_desktop.firmware.fit import Component, DoesNotFit, Machine, Verdict, fit, require_fit
from dsm_desktop.firmware.versions import Order
from tests.firmware.packages import STUB, exe, linux, xml

BIOS = Component("BIOS.Setup.1-1", "BIOS", "2.9.0", "159", "BIOS")
NIC = Component("NIC.Embedded.1-1-1", "Broadcom", "22.0.1", "", "FRMW", "14E4:165F:1028:08FF")
NIC2 = Component("NIC.Embedded.2-1-1", "Broadcom", "22.0.1", "", "FRMW", "14E4:165F:1028:08FF")
R750 = Machine("R750-A", "PowerEdge R750", "0901", Generation.IDRAC9, (BIOS, NIC, NIC2))
R640 = Machine("R640-B", "PowerEdge R640", "0716", Generation.IDRAC9, (BIOS,))


def test_fits_by_model_and_component_and_says_what_it_would_be(tmp_path: Path) -> None:
    found = fit(read_package(exe(tmp_path / "a.EXE")), R750)
    assert found.verdict is Verdict.FITS
    assert [(m.component.fqdd, m.order) for m in found.matches] == [("BIOS.Setup.1-1", Order.UPGRADE)]


def test_the_wrong_model_is_refused_by_name(tmp_path: Path) -> None:
    package = read_package(exe(tmp_path / "a.EXE"))
    with pytest.raises(
        DoesNotFit, match=r"made for 6950, R750; this server is a PowerEdge R640 \(system 0716\)"
    ):
        require_fit(package, R640, "a.EXE")


def test_by_the_models_name_where_the_system_id_is_not_known(tmp_path: Path) -> None:
    package = read_package(exe(tmp_path / "a.EXE"))
    assert fit(package, Machine("x", "PowerEdge R750")).verdict is Verdict.MODEL
    assert fit(package, Machine("x", "PowerEdge R750xs")).verdict is Verdict.WRONG_MODEL
    assert fit(package, Machine("x", "")).verdict is Verdict.WRONG_MODEL


def test_pci_parts_match_by_their_ids_once_per_port(tmp_path: Path) -> None:
    pci = '<PCIInfo vendorID="14e4" deviceID="165f" subVendorID="1028" subDeviceID="08ff"/>'
    package = read_package(
        exe(tmp_path / "a.EXE", xml(pci=pci, kind="FRMW", component="0", version="22.31.6"))
    )
    assert [m.component.fqdd for m in fit(package, R750).matches] == [NIC.fqdd, NIC2.fqdd]
    assert fit(package, R640).verdict is Verdict.WRONG_MODEL
    other = Machine("x", "PowerEdge R750", "0901", Generation.IDRAC9, (BIOS,))
    assert fit(package, other).verdict is Verdict.NO_COMPONENT


def test_bios_and_idrac_must_name_models_others_need_not(tmp_path: Path) -> None:
    bios = read_package(exe(tmp_path / "a.EXE", xml(systems=())))
    idrac = read_package(exe(tmp_path / "b.EXE", xml(systems=(), kind="FRMW", component="25227")))
    drive = read_package(exe(tmp_path / "c.EXE", xml(systems=(), kind="FRMW", component="159")))
    assert fit(bios, R750).verdict is Verdict.WRONG_MODEL
    assert fit(idrac, R750).verdict is Verdict.WRONG_MODEL
    assert fit(drive, R750).verdict is Verdict.FITS


def test_images_go_by_generation(tmp_path: Path) -> None:
    image = tmp_path / "firmimg.d9"
    image.write_bytes(b"x")
    package = read_package(image)
    idrac = Component("iDRAC.Embedded.1-1", "iDRAC", "2.80", "25227")
    old = Machine("old", "PowerEdge R730", "0627", Generation.IDRAC8, (idrac,))
    assert fit(package, old).reason == "an image for iDRAC9; this server has iDRAC8"
    assert fit(package, Machine("new", "R750", "0901", Generation.IDRAC9, (idrac,))).verdict is Verdict.FITS


def test_what_an_idrac_does_not_take(tmp_path: Path) -> None:
    assert fit(read_package(linux(tmp_path / "a.BIN")), R750).verdict is Verdict.NOT_FOR_IDRAC
    assert fit(read_package(exe(tmp_path / "a.EXE", xml(kind="DRVR"))), R750).verdict is Verdict.NOT_FOR_IDRAC
    named = tmp_path / "BIOS_ABCDE_WN64_2.19.1.EXE"
    named.write_bytes(STUB)
    assert fit(read_package(named), R750).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("ending", ["d7", "d9", "d10"])
def test_a_bare_image_is_not_for_a_bmc_nobody_knows(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"firmimg.{ending}"
    file.write_bytes(b"image")
    idrac = Component("iDRAC.Embedded.1-1", "iDRAC", "1.0.0", "25227")
    machine = Machine("x", "PowerEdge R990", "0999", Generation.OTHER, (idrac,))
    assert fit(read_package(file), machine).verdict is Verdict.WRONG_MODEL
