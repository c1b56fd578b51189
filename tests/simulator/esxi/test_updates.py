"""Updates as they go well, and every way in which they do not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from dsm_desktop.simulator.esxi import Image, Vib, dell_image, vmware_image, write_bundle
from dsm_desktop.simulator.esxi.depot import BadDepot, read_bundle
from dsm_desktop.simulator.esxi.releases import ISM, OLD_DRIVER
from tests.simulator.esxi.conftest import DEPOT, NEW, OLD, Lab, Make, until

DELL = f"DEL-ESXi_803.{NEW}-A04"
PLAIN = f"ESXi-8.0U3e-{NEW}-standard"
NO_TOOLS = f"ESXi-8.0U3e-{NEW}-no-tools"
DELL_OLD = dell_image("8.0.3", OLD, "A01", "0.0")


def with_vib(image: Image, vib: Vib) -> Image:
    return dataclasses.replace(image, vibs=(*image.vibs, vib))


def prepare(lab: Lab, bundle: Path, maintenance: bool = True) -> Lab:
    """SSH on, the depot in its place, the host in maintenance mode."""
    lab.store.put("depots/esxi.zip", bundle, lab.clock.now())
    if maintenance:
        lab.host.enter_maintenance()
    lab.open()
    return lab


def restart(lab: Lab) -> None:
    boots = lab.host.boots
    lab.reboot()
    until(lambda: lab.host.boots > boots and lab.host.phase == "running", "the host to come back")
    lab.open()
    lab.client()


def test_an_update_changes_the_build_after_the_restart_and_not_before(make: Make, bundle: Path) -> None:
    lab = prepare(make(with_vib(DELL_OLD, ISM)), bundle)
    rehearsal = lab.update(DELL, "--dry-run")
    assert rehearsal.field("Message").startswith("Dryrun only, host not changed.")
    assert rehearsal.field("Reboot Required") == "true"
    assert not lab.host.reboot_required
    answer = lab.update(DELL)
    assert answer.out.startswith(
        "Update Result\n   Message: The update completed successfully, but the system needs"
    )
    assert answer.field("VIBs Installed") == rehearsal.field("VIBs Installed")
    assert f"VMware_bootbank_esx-base_8.0.3-0.70.{NEW}" in answer.field("VIBs Installed")
    assert list(answer.out.splitlines()[-2:]) == ["   Reboot Required: true", "   DPU Results: "]
    assert lab.host.reboot_required
    assert lab.run("vmware -v").out == f"VMware ESXi 8.0.3 build-{OLD}\n"
    restart(lab)
    assert lab.run("esxcli system version get").field("Build") == f"Releasebuild-{NEW}"
    assert lab.run("esxcli software profile get").field("Name") == f"(Updated) {DELL}"
    assert "dcism" in lab.run("esxcli software vib list").out
    effects = lab.host.journal.effects()
    assert (effects[f"update_started:{NEW}"], effects[f"update:{NEW}"], effects["reboot"]) == (1, 1, 1)
    started = next(c for c in lab.host.journal.changes() if c.effect == f"update_started:{NEW}")
    assert (started.user, started.body["maintenance"], started.body["build"]) == ("root", True, OLD)
    again = lab.update(DELL)
    assert (again.field("Message"), again.field("Reboot Required")) == ("Host is not changed.", "false")
    assert (
        f"Command = esxcli software profile update -d {DEPOT} -p {DELL}"
        in lab.run("cat /var/log/esxupdate.log").out
    )


def test_older_hosts_put_the_reboot_before_the_lists(make: Make, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "seven.zip", [vmware_image("7.0.3", "24784741", letter="w")])
    lab = prepare(make(vmware_image("7.0.3", "23794027", "0.100", letter="q")), bundle)
    lines = [
        line.split(":")[0].strip() for line in lab.update("ESXi-7.0U3w-24784741-standard").out.splitlines()
    ]
    assert lines == [
        "Update Result",
        "Message",
        "Reboot Required",
        "VIBs Installed",
        "VIBs Removed",
        "VIBs Skipped",
    ]


def test_an_update_goes_on_when_its_session_breaks_and_a_second_one_is_locked_out(
    make: Make, bundle: Path
) -> None:
    lab = prepare(make(speed=0.0), bundle)
    client = lab.client()
    lab.start(f"esxcli software profile update -d {DEPOT} -p {PLAIN}")
    lab.advance_until(lambda: lab.host.transaction, "the update to begin")
    client.close()
    until(lambda: lab.ssh.sessions(lab.host) == 0, "the session to be gone")
    lab.client()
    second = lab.start(f"esxcli software profile update -d {DEPOT} -p {PLAIN}")
    assert second.recv_exit_status() == 1
    assert second.recv(100).startswith(b" [LockingError]\n Another process is updating")
    seen = lab.run("pgrep -f esxcli-software")
    assert (seen.status, f"profile update -d {DEPOT}" in lab.run("ps -c").out) == (0, True)
    assert lab.run(f"kill -0 {seen.out}").status == 0
    lab.clock.advance(lab.host.spec.pace.update)
    assert lab.run("pgrep -f esxcli-software").status == 1
    assert lab.host.reboot_required
    assert lab.host.journal.effects()[f"update_started:{NEW}"] == 1


def test_ctrl_c_does_not_stop_an_update(make: Make, bundle: Path) -> None:
    lab = prepare(make(speed=0.0), bundle)
    channel = lab.start(f"esxcli software profile update -d {DEPOT} -p {PLAIN}", pty=True)
    lab.advance_until(lambda: lab.host.transaction, "the update to begin")
    channel.send(b"\x03")
    assert channel.recv_exit_status() == 130
    lab.clock.advance(lab.host.spec.pace.update)
    assert lab.host.reboot_required


def test_a_slow_update_takes_its_time(make: Make, bundle: Path) -> None:
    lab = prepare(make(speed=0.0), bundle)
    lab.host.faults.set("update_slow", factor=4.0, times=1)
    channel = lab.start(f"esxcli software profile update -d {DEPOT} -p {PLAIN}")
    lab.advance_until(lambda: lab.host.transaction, "the update to begin")
    lab.clock.advance(3 * lab.host.spec.pace.update)
    assert not lab.host.reboot_required
    lab.clock.advance(lab.host.spec.pace.update)
    assert channel.recv_exit_status() == 0
    assert lab.host.reboot_required


@pytest.mark.parametrize(
    ("fault", "values", "name", "text"),
    [
        (
            "hardware_error",
            {},
            "HardwareError",
            "failed with errors: <CPU_SUPPORT ERROR: The CPU in this host",
        ),
        (
            "hardware_error",
            {"code": "TPM_VERSION", "text": "TPM 1.2"},
            "HardwareError",
            "<TPM_VERSION ERROR: TPM 1.2>",
        ),
        ("hardware_warning", {}, "HardwareError", "failed with warnings: <CPU_SUPPORT WARNING: "),
        (
            "dependency",
            {"vib": "NSX_bootbank_nsx_1"},
            "DependencyError",
            "VIB NSX_bootbank_nsx_1 requires vmkapi_2_2",
        ),
        (
            "no_space",
            {},
            "InstallationError",
            "[Errno 28] No space left on device\n       vibs = VMware_bootbank_",
        ),
        ("update_fails", {}, "InstallationError", "The host failed to write payload."),
        ("locking", {}, "LockingError", "Another process is updating"),
        ("download", {}, "MetadataDownloadError", "Could not download from depot at zip:"),
        ("maintenance_required", {}, "MaintenanceModeError", "MaintenanceMode is required to remove: "),
    ],
)
def test_errors_by_name(
    make: Make, bundle: Path, fault: str, values: dict[str, str], name: str, text: str
) -> None:
    lab = prepare(make(), bundle, maintenance=fault != "maintenance_required")
    lab.host.faults.set(fault, times=1, skip=0, **values)
    answer = lab.update(PLAIN)
    assert answer.status == 1
    assert answer.out.startswith(f" [{name}]\n ")
    assert text in answer.out
    assert answer.out.endswith(" Please refer to the log file for more details.\n")
    assert not lab.host.reboot_required
    assert lab.update(PLAIN, "--maintenance-mode").status == 0, (
        "after the fault the same command goes through"
    )


def test_a_warning_of_the_hardware_is_passed_on_purpose_and_an_error_never(make: Make, bundle: Path) -> None:
    lab = prepare(make(), bundle)
    lab.host.faults.set("hardware_warning")
    assert "Apply --no-hardware-warning option" in lab.update(PLAIN, "--dry-run").out
    assert lab.update(PLAIN, "--dry-run", "--no-hardware-warning").status == 0
    lab.host.faults.set("hardware_error")
    assert lab.update(PLAIN, "--dry-run", "--no-hardware-warning").status == 1


@pytest.mark.parametrize(
    ("model", "version", "kind"),
    [
        ("PowerEdge R720", "8.0.3", "errors"),
        ("PowerEdge R630", "9.0.1", "errors"),
        ("PowerEdge R740", "9.0.1", "warnings"),
        ("PowerEdge R750", "9.0.1", ""),
    ],
)
def test_old_servers_end_at_their_last_version(
    make: Make, tmp_path: Path, model: str, version: str, kind: str
) -> None:
    image = vmware_image(version, "24957456")
    lab = prepare(
        make(vmware_image("7.0.3", "23794027", letter="q"), model=model),
        write_bundle(tmp_path / "x.zip", [image]),
    )
    answer = lab.update(image.name, "--dry-run")
    assert answer.status == (1 if kind else 0)
    assert (f"failed with {kind}: <CPU_SUPPORT" in answer.out) == bool(kind)


def test_a_driver_of_an_old_kernel_does_not_fit_a_new_one(make: Make, tmp_path: Path) -> None:
    new = vmware_image("7.0.3", "24784741", letter="w")
    lab = prepare(
        make(with_vib(vmware_image("6.7.0", "20497097"), OLD_DRIVER)), write_bundle(tmp_path / "x.zip", [new])
    )
    answer = lab.update(new.name)
    assert answer.out.startswith(f" [DependencyError]\n VIB {OLD_DRIVER.vib_id} requires vmkapi_2_4_0_0, but")
    assert lab.update(new.name, "--ok-to-remove", verb="install").status == 0, "install removes the driver"


def test_install_makes_equal_and_asks_before_it_removes(make: Make, bundle: Path) -> None:
    lab = prepare(make(with_vib(DELL_OLD, ISM)), bundle)
    refused = lab.update(DELL, verb="install")
    assert (refused.status, refused.out.startswith(" [ProfileVibRemoval]\n You attempted")) == (1, True)
    assert ISM.vib_id in refused.out
    done = lab.update(DELL, "--ok-to-remove", verb="install")
    assert ISM.vib_id in done.field("VIBs Removed")
    restart(lab)
    assert lab.host.image.name == DELL


def test_a_profile_is_found_by_its_exact_name_only(make: Make, bundle: Path) -> None:
    lab = prepare(make(), bundle)
    answer = lab.update(PLAIN.lower())
    assert answer.out.startswith(f" [NoMatchError]\n No image profile found with name '{PLAIN.lower()}'")


def test_a_vib_nobody_vouches_for_needs_another_acceptance_level(make: Make, tmp_path: Path) -> None:
    loose = with_vib(
        vmware_image("8.0.3", NEW, letter="e"), Vib("net-x", "1.0-1", "COM", "CommunitySupported")
    )
    lab = prepare(make(secure_boot=False), write_bundle(tmp_path / "x.zip", [loose]))
    answer = lab.update(loose.name)
    assert answer.out.startswith(
        " [AcceptanceConfigError]\n VIB COM_bootbank_net-x_1.0-1's acceptance level is community,"
    )
    assert lab.run("esxcli software acceptance get").out == "PartnerSupported\n"
    assert lab.run("esxcli software acceptance set --level=CommunitySupported").status == 0
    assert lab.update(loose.name).status == 0


def test_a_full_boot_bank_has_no_room(make: Make, bundle: Path) -> None:
    lab = prepare(make(), bundle)
    lab.host.banks.capacity = 100 << 20
    assert "[Errno 28] No space left on device" in lab.update(PLAIN, "--dry-run").out


def test_a_boot_that_fails_falls_back_and_the_build_is_the_old_one(make: Make, bundle: Path) -> None:
    lab = prepare(make(), bundle)
    assert lab.update(PLAIN).status == 0
    lab.host.faults.set("boot_falls_back", times=1)
    restart(lab)
    assert lab.run("vmware -v").out == f"VMware ESXi 8.0.3 build-{OLD}\n"
    assert not lab.host.reboot_required


def test_a_host_that_never_returns(make: Make, bundle: Path) -> None:
    lab = prepare(make(), bundle)
    assert lab.update(NO_TOOLS).status == 0
    lab.host.faults.set("never_returns", times=1)
    lab.reboot("reboot")
    until(lambda: lab.host.phase == "stuck", "the host to hang")
    assert not lab.listens()
    lab.host.reset()
    until(lambda: lab.host.phase == "running", "the host to come back")
    assert lab.host.image.build == NEW


def test_power_lost_in_the_middle_leaves_the_old_image_and_nothing_pending(make: Make, bundle: Path) -> None:
    lab = prepare(make(), bundle)
    lab.host.faults.set("reboot_on_update", times=1)
    channel = lab.start(f"esxcli software profile update -d {DEPOT} -p {PLAIN}")
    assert channel.recv_exit_status() == -1
    until(lambda: lab.host.boots == 1 and lab.host.phase == "running", "the host to come back")
    assert (lab.host.image.build, lab.host.reboot_required) == (OLD, False)
    assert lab.host.journal.effects()["update_lost"] == 1
    lab.open()
    lab.client()
    assert lab.update(PLAIN).status == 0


def test_a_bundle_is_read_as_it_was_written(bundle: Path, tmp_path: Path) -> None:
    wanted = {i.name: i for i in (vmware_image("8.0.3", NEW, letter="e"), dell_image("8.0.3", NEW))}
    read = {i.name: i for i in read_bundle(bundle)}
    assert set(read) == {DELL, PLAIN, NO_TOOLS}
    for name, image in wanted.items():
        assert read[name] == image
    broken = tmp_path / "broken.zip"
    broken.write_bytes(bundle.read_bytes()[:-300])
    with pytest.raises(BadDepot):
        read_bundle(broken)
