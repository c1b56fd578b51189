"""Forms of output: order of keys, long lines, DPU lines, texts of older and newer versions."""

from __future__ import annotations

import pytest

from dsm_desktop.vmware.esxi import errors
from dsm_desktop.vmware.esxi.errors import error_of
from dsm_desktop.vmware.esxi.facts import parse_update, parse_version
from dsm_desktop.vmware.esxi.text import csv_rows, pairs, size_bytes

MANY = ", ".join(f"VMW_bootbank_driver{n}_1.0.0.{n}-1vmw.803.0.70.24674464" for n in range(400))
DONE = (
    "The update completed successfully, but the system needs to be rebooted for the changes to be effective."
)


def test_order_does_not_matter_and_lists_are_long() -> None:
    new = (
        f"Update Result\n   Message: {DONE}\n   VIBs Installed: VMware_bootbank_esx-base_8.0.3-0.70.24674464, {MANY}\n"
        "   VIBs Removed: \n   VIBs Skipped: a\n   Reboot Required: true\n   DPU Results: \n"
    )
    old = f"Update Result\n   Message: {DONE}\n   Reboot Required: true\n   VIBs Installed: x, {MANY}\n   VIBs Removed: y\n"
    result = parse_update(new)
    assert result is not None
    assert (len(result.installed), result.build, result.removed, result.skipped) == (
        401,
        "24674464",
        [],
        ["a"],
    )
    assert result.reboot_required
    before = parse_update(old)
    assert before is not None
    assert (before.reboot_required, before.removed, before.build) == (True, ["y"], "")


def test_nothing_to_do_is_a_success() -> None:
    result = parse_update(
        "Update Result\n   Message: Host is not changed.\n   Reboot Required: false\n   VIBs Skipped: a, b\n"
    )
    assert result is not None
    assert (result.changed, result.reboot_required, result.skipped) == (False, False, ["a", "b"])


def test_what_is_no_result_is_none() -> None:
    assert parse_update(" [LockingError]\n Another process is updating\n") is None
    assert parse_version("   Product: VMware ESXi\n   Version: 8.0.3\n") is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (" [HardwareError]\n Hardware precheck of profile P failed with errors: <CPU_SUPPORT ERROR: no>", errors.HardwareRefused),
        (
            " [HardwareError]\n Hardware precheck of profile P failed with warnings: <CPU_SUPPORT OVERRIDEWARNING: old>\n"
            " Apply --no-hardware-warning option to ignore the warnings and proceed.",
            errors.HardwareWarned,
        ),
        (" [NoMatchError]\n No image profile found with name 'X'", errors.ProfileNotFound),
        (" [DependencyError]\n VIB a requires vmkapi_2_2_0_0, but the requirement cannot be satisfied", errors.VibConflict),
        (" [InstallationError]\n [Errno 28] No space left on device", errors.NoSpace),
        (" [InstallationError]\n Could not write", errors.InstallFailed),
        ("Error: Another process is updating this host", errors.UpdateLocked),
        ("Error: Unknown command or namespace x", errors.EsxcliError),
    ],
)  # fmt: skip
def test_errors_of_every_form(text: str, kind: type[errors.EsxcliError]) -> None:
    error = error_of("esxcli software profile update", 1, text, "esx01:22")
    assert type(error) is kind
    assert error.hint
    assert not error.retryable


def test_silence_is_told() -> None:
    assert "said nothing" in error_of("reboot", 255, "", "esx01:22").message


def test_small_forms() -> None:
    assert csv_rows('A,B,\n1,"x, y",\n') == [{"A": "1", "B": "x, y"}]
    assert pairs("   UUID: 0x4c 0x4c\n   Empty: \nFree text\n") == {"UUID": "0x4c 0x4c", "Empty": ""}
    assert [size_bytes(v) for v in ("88.0M", "500", "1.5G", "x")] == [88 * 2**20, 500, 3 * 2**29, None]
