"""Paths, dates, hardware, packages and keys of an ESXi update, with the table of builds that comes with the program."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dsm_desktop.core.shipped import shipped
from dsm_desktop.safety.cpu import covers, generation
from dsm_desktop.safety.esxi import EsxiHost, EsxiTarget, Vib, judge_update
from dsm_desktop.safety.esxi_versions import (
    EsxiVersion,
    line_of,
    managed_by,
    path_allowed,
    read_builds,
    read_version,
    released,
    way_between,
)
from dsm_desktop.safety.findings import Cause, Finding, Remedy, Severity

BUILDS = read_builds((shipped("resources") / "esxi-builds.json").read_text(encoding="utf-8"))
B, W, N = Severity.BLOCK, Severity.WARN, Severity.INFO
HOST = EsxiHost(
    "host-1", "esx1", "8.0.2", "22380479", "Dell Inc.", "PowerEdge R650", "Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz",
    "boss", 900, (Vib("esx-base", "8.0.2", "VMware", "VMwareCertified"),), "PartnerSupported", True, "NONE",
)  # fmt: skip
U3 = EsxiTarget("8.0.3", "24022510", "DEL-ESXi_803.24022510-A01", "PartnerSupported", 300, ())


def judged(target: EsxiTarget = U3, vcenter: str = "8.0.3", **changes: Any) -> tuple[Finding, ...]:
    return judge_update(replace(HOST, **changes), target, BUILDS, vcenter)


def said(found: tuple[Finding, ...]) -> list[tuple[Cause, Severity]]:
    return [(f.cause, f.severity) for f in found]


def test_nothing_against_an_update_in_order() -> None:
    assert judged() == ()


def test_the_table_of_builds_is_whole_and_dated() -> None:
    assert len(BUILDS) == 119
    assert released(BUILDS, 24723872) == date(2025, 5, 20)
    assert released(BUILDS, 25370933) is None
    assert released(BUILDS, 1) is None
    lines = {b.version[:3] for b in BUILDS.values()}
    assert lines == {"6.5", "6.7", "7.0", "8.0", "9.0", "9.1"}
    with pytest.raises(KeyError):
        read_builds("{}")


@pytest.mark.parametrize(
    ("text", "parts", "build"),
    [
        ("8.0.3", (8, 0, 3), None),
        ("8.0.3-0.70.24674464", (8, 0, 3), 24674464),
        ("9.0.1.0101.24957456", (9, 0, 1), 24957456),
        ("7.0 U3", (7, 0, 3), None),
        ("ESXi-8.0U3e-24674464-standard", (8, 0, 3), 24674464),
        ("ESXi-8.0U3se-24674464-no-tools", (8, 0, 3), 24674464),
        ("ESXi-9.0.1.0.24957456-standard", (9, 0, 1, 0), 24957456),
        ("DEL-ESXi_803.24674464-A04", (8, 0, 3), 24674464),
        ("DEL-ESXi-703_23794027-A24", (7, 0, 3), 23794027),
    ],
)
def test_versions_are_read_from_whatever_names_them(
    text: str, parts: tuple[int, ...], build: int | None
) -> None:
    assert read_version(text) == EsxiVersion(parts, build)


@pytest.mark.parametrize("text", ["", "?", "latest", "8", "ESXi", "8.0.x"])
def test_what_is_no_version_is_none(text: str) -> None:
    assert read_version(text) is None
    assert line_of(text) is None


def test_paths_between_lines() -> None:
    assert path_allowed((7, 0), (8, 0))
    assert path_allowed((8, 0), (8, 0))
    assert not path_allowed((6, 5), (8, 0))
    assert not path_allowed((7, 0), (9, 0))
    assert not path_allowed((8, 0), (7, 0))
    assert way_between((6, 5), (8, 0)) in {((6, 7), (8, 0)), ((7, 0), (8, 0))}
    assert way_between((7, 0), (9, 0)) == ((8, 0), (9, 0))
    assert way_between((8, 0), (7, 0)) == ()


@pytest.mark.parametrize(
    ("vcenter", "esxi", "manages"),
    [
        ("8.0.0", "8.0.3", True), ("7.0.3", "7.0.3", True), ("7.0.2", "7.0.3", False), ("7.0.2", "7.0.2", True), ("7.0.3", "6.5.0", True),
        ("8.0.3", "6.7.0", True), ("8.0.3", "6.5.0", False), ("9.0.0", "8.0.3", True), ("9.0.0", "7.0.3", False), ("8.0.3", "9.0.0", False),
        ("9.0.0", "9.1.0", False), ("9.1.0", "9.0.1", True), ("?", "8.0.3", False),
    ],
)  # fmt: skip
def test_which_vcenter_manages_what(vcenter: str, esxi: str, manages: bool) -> None:
    assert managed_by(vcenter, esxi) is manages


def test_the_build_that_is_there_already_is_nothing_to_do_whatever_else() -> None:
    found = judged(EsxiTarget("8.0.2", "22380479"), vcenter="7.0.0", image_managed=True)
    assert said(found) == [(Cause.ESXI_NOTHING_TO_DO, N)]


def target(version: str, build: int, **changes: Any) -> EsxiTarget:
    return replace(U3, version=version, build=str(build), **changes)


CANNOT = "Secure boot CANNOT be enabled: Failed to verify signatures of the following vib(s): [net-foo]."
ROWS: list[tuple[Cause, Severity, Remedy, EsxiTarget, dict[str, Any], str]] = [
    (Cause.ESXI_NOT_READ, B, Remedy.BY_HAND, U3, {"version": "unknown"}, "not understood"),
    (Cause.ESXI_PATH, B, Remedy.OTHER_TARGET, target("8.0.1", 21495797), {}, "newer than"),
    (Cause.ESXI_PATH, B, Remedy.OTHER_TARGET, target("7.0.3", 21930508), {}, "in one step"),
    (Cause.ESXI_PATH, B, Remedy.OTHER_TARGET, target("9.0.0", 24755229), {"version": "7.0.3", "build": "21930508"}, "in one step"),
    (Cause.ESXI_BACK_IN_TIME, B, Remedy.OTHER_TARGET, target("8.0.3", 24674464), {"version": "7.0.3", "build": "24723872"}, "2025-05-20"),
    (Cause.ESXI_BACK_IN_TIME, W, Remedy.BY_HAND, target("9.1.0", 25370933), {}, "not known"),
    (Cause.ESXI_VCENTER, B, Remedy.UPDATE_VCENTER, target("9.0.0", 24755229), {}, "does not manage"),
    (Cause.ESXI_IMAGE_MANAGED, B, Remedy.BY_HAND, U3, {"image_managed": True}, "by an image"),
    (Cause.ESXI_IMAGE_MANAGED, W, Remedy.BY_HAND, U3, {"image_managed": None}, "does not tell"),
    (Cause.ESXI_RESTART_PENDING, B, Remedy.RESTART, U3, {"restart_pending": True}, "waits for a restart"),
    (Cause.ESXI_HARDWARE, B, Remedy.OTHER_TARGET, U3, {"cpu_model": "Intel(R) Xeon(R) CPU E5-2640 v2 @ 2.00GHz"}, "refuses"),
    (Cause.ESXI_HARDWARE, W, Remedy.BY_HAND, U3, {"cpu_model": "Intel(R) Xeon(R) CPU E5-2640 v4 @ 2.40GHz"}, "not for long"),
    (Cause.ESXI_HARDWARE, B, Remedy.OTHER_TARGET, U3, {"model": "PowerEdge R620"}, "R620"),
    (Cause.ESXI_HARDWARE, W, Remedy.BY_HAND, U3, {"model": "PowerEdge R730xd"}, "support matrix"),
    (Cause.ESXI_HARDWARE, W, Remedy.BY_HAND, target("9.0.0", 24755229), {"model": "PowerEdge R640"}, "support matrix"),
    (Cause.ESXI_BOOT_DEVICE, W, Remedy.BY_HAND, U3, {"boot_device": "sd"}, "SD"),
    (Cause.ESXI_NOT_READ, N, Remedy.REFRESH, U3, {"boot_device": ""}, "was not read"),
    (Cause.ESXI_QUICK_BOOT, N, Remedy.LEAVE_ALONE, U3, {"quick_boot": True}, "Quick Boot"),
    (Cause.ESXI_SPACE, B, Remedy.BY_HAND, U3, {"bootbank_free_mb": 299}, "299 MB"),
    (Cause.ESXI_SPACE, W, Remedy.BY_HAND, replace(U3, size_mb=0), {"bootbank_free_mb": 199}, "may take about"),
    (Cause.ESXI_NOT_READ, W, Remedy.REFRESH, U3, {"bootbank_free_mb": None}, "free space was not read"),
    (Cause.ESXI_NOT_READ, W, Remedy.REFRESH, U3, {"vibs": None}, "packages that were not read"),
    (Cause.ESXI_ACCEPTANCE, B, Remedy.OTHER_TARGET, replace(U3, acceptance="CommunitySupported"), {}, "PartnerSupported"),
    (Cause.ESXI_VIB, B, Remedy.BY_HAND, target("7.0.3", 21930508), {"version": "6.7.0", "build": "14320388", "vibs": (Vib("scsi-mpt3sas", "1", "Avago"),)}, "old kind"),
    (Cause.ESXI_VIB, W, Remedy.BY_HAND, U3, {"version": "7.0.3", "build": "21930508", "vibs": (Vib("nsx-esx-datapath", "3", "NSX"),)}, "nsx-esx"),
    (Cause.ESXI_VIB, W, Remedy.OTHER_TARGET, replace(U3, profile="ESXi-8.0U3-24022510-standard"), {"version": "7.0.3", "build": "21930508"}, "customized"),
    (Cause.ESXI_VIB, N, Remedy.LEAVE_ALONE, U3, {"vibs": (Vib("dcism", "5.3", "Dell"),)}, "dcism"),
    (Cause.ESXI_SECURE_BOOT, B, Remedy.BY_HAND, U3, {"vibs": (Vib("net-community", "1", "me", "CommunitySupported"),)}, "does not start"),
    (Cause.ESXI_SECURE_BOOT, W, Remedy.BY_HAND, U3, {"secure_boot": None, "vibs": (Vib("x", "1", "me", "CommunitySupported"),)}, "may use"),
    (Cause.ESXI_SECURE_BOOT, B, Remedy.BY_HAND, U3, {"secure_boot_problem": CANNOT}, "net-foo"),
    (Cause.ESXI_SECURE_BOOT, W, Remedy.BY_HAND, U3, {"secure_boot": None, "secure_boot_problem": CANNOT}, "may start"),
    (Cause.ESXI_SECURE_BOOT, W, Remedy.BY_HAND, U3, {"secure_boot_problem": "Traceback"}, "Traceback"),
    (Cause.ESXI_RECOVERY_KEY, B, Remedy.SAVE_KEY, U3, {"tpm_mode": "TPM"}, "not saved"),
    (Cause.ESXI_RECOVERY_KEY, W, Remedy.REFRESH, U3, {"tpm_mode": ""}, "was not read"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cause", "severity", "remedy", "to", "changes", "words"),
    ROWS,
    ids=lambda v: v if isinstance(v, Cause) else "",
)
def test_each_cause(
    cause: Cause, severity: Severity, remedy: Remedy, to: EsxiTarget, changes: dict[str, Any], words: str
) -> None:
    found = [f for f in judged(to, **changes) if f.cause is cause]
    assert (severity, remedy) in [(f.severity, f.remedy) for f in found]
    assert any(words in f.reason for f in found)
    for finding in judged(to, **changes):
        assert finding.reason.startswith("Host 'esx1' ")
        assert finding.reason.endswith(".")
        assert finding.way_out.endswith(".")
        assert "None" not in finding.reason


def test_every_cause_of_an_update_has_a_test() -> None:
    assert {row[0] for row in ROWS} | {Cause.ESXI_NOTHING_TO_DO} == {
        c for c in Cause if c.startswith("esxi_")
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"tpm_mode": "TPM", "recovery_key_saved": True},
        {"tpm_mode": "", "version": "7.0.1", "build": "16850804"},
        {"secure_boot": False, "vibs": (Vib("x", "1", "VMware", "CommunitySupported"),)},
        {"secure_boot": False, "secure_boot_problem": CANNOT},
        {"bootbank_free_mb": 300},
        {"version": "7.0.3", "build": "21930508"},
        {"cpu_model": "AMD EPYC 7763 64-Core Processor", "model": "PowerEdge R7525"},
        {"acceptance": ""},
    ],
)
def test_what_is_in_order_is_silent(changes: dict[str, Any]) -> None:
    assert judged(**changes) == ()


def test_what_the_image_brings_is_no_stranger() -> None:
    old: dict[str, Any] = {"version": "6.7.0", "build": "14320388", "vibs": (Vib("net-bnx2", "1", "QLogic"),)}
    to = target("7.0.3", 21930508, vibs=(Vib("net-bnx2", "2", "QLogic"),))
    assert Cause.ESXI_VIB not in dict(said(judged(to, **old)))
    kept = [
        f
        for f in judged(vibs=(Vib("dcism", "5"), Vib("a", vendor="x"), Vib("b", vendor="x")))
        if f.cause is Cause.ESXI_VIB
    ]
    assert [f.reason for f in kept] == ["Host 'esx1' keeps packages that the profile does not bring: a, b."]


def test_the_dates_decide_between_lines_to_the_day() -> None:
    late = {"version": "7.0.3", "build": "24723872"}
    assert Cause.ESXI_BACK_IN_TIME not in dict(said(judged(target("8.0.3", 24859861), **late)))
    same_day = {"version": "7.0.3", "build": "24585291"}
    assert Cause.ESXI_BACK_IN_TIME not in dict(said(judged(target("8.0.3", 24585383), **same_day)))


def test_the_way_round_is_told() -> None:
    found = judged(target("9.0.0", 24755229), vcenter="9.0.0", version="7.0.3", build="21930508")
    assert "Go in steps: 7.0 → 8.0 → 9.0." in [f.way_out for f in found]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("Intel(R) Xeon(R) CPU E5-2640 0 @ 2.50GHz", "intel-sandybridge"),
        ("Intel(R) Xeon(R) CPU E5-2640 v3 @ 2.60GHz", "intel-haswell"),
        ("Intel(R) Xeon(R) CPU E3-1230 v5 @ 3.40GHz", ""),
        ("Intel(R) Xeon(R) CPU E7- 4870  @ 2.40GHz", "intel-westmere"),
        ("Intel(R) Xeon(R) CPU E7-8890 v4 @ 2.20GHz", "intel-broadwell"),
        ("Intel(R) Xeon(R) CPU           X5670  @ 2.93GHz", "intel-westmere"),
        ("Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", "intel-skylake"),
        ("Intel(R) Xeon(R) Silver 4210R CPU @ 2.40GHz", "intel-cascadelake"),
        ("Intel(R) Xeon(R) Platinum 8480+", "intel-sapphirerapids"),
        ("AMD EPYC 7763 64-Core Processor", "amd-zen3"),
        ("AMD EPYC 7H12 64-Core Processor", "amd-zen2"),
        ("Mystery 9000", ""),
        ("", ""),
    ],
)
def test_generations_by_name(model: str, name: str) -> None:
    assert generation(model) == name


def test_modes_cover_older_ones_of_the_same_vendor() -> None:
    assert covers("intel-icelake", "intel-haswell")
    assert not covers("intel-haswell", "intel-icelake")
    assert not covers("intel-icelake", "amd-zen")
    assert covers("new-word", "new-word")
    assert not covers("new-word", "intel-merom")
    assert not covers("intel-icelake", "new-word")
