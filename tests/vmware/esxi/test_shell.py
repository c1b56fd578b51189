"""The commands of a simulated ESXi host, over a real SSH connection."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.ssh import SshLogin, SshTransport
from dsm_desktop.net.tls import Endpoint
from dsm_desktop.simulator.esxi import Image, Vib, dell_image, vmware_image, write_bundle
from dsm_desktop.vmware.esxi import errors
from dsm_desktop.vmware.esxi.shell import EsxiShell, Stage
from tests.simulator.esxi import conftest as simulated
from tests.simulator.esxi.conftest import DEPOT, NEW, OLD, Lab, Make, until

make, bundle = simulated.make, simulated.bundle
PLAIN, DELL = f"ESXi-8.0U3e-{NEW}-standard", f"DEL-ESXi_803.{NEW}-A04"
DELL_OLD = dell_image("8.0.3", OLD, "A01", "0.0")
Shell = Callable[[Lab], EsxiShell]


@pytest.fixture
def recorder() -> MemoryRecorder:
    return MemoryRecorder()


@pytest.fixture
def shell(recorder: MemoryRecorder) -> Iterator[Shell]:
    opened: list[EsxiShell] = []

    def connect(lab: Lab) -> EsxiShell:
        transport = SshTransport(
            Endpoint(lab.host.spec.address, lab.ssh.port),
            SshLogin("root", SecretStr(lab.host.spec.password)),
            host_key=hashlib.sha256(lab.ssh.key(lab.host).asbytes()).hexdigest(),
            throttle=Throttle(),
            recorder=recorder,
        )
        opened.append(EsxiShell(lambda: transport, transport.close))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


def ready(lab: Lab, bundle: Path, *, maintenance: bool = True) -> Lab:
    """SSH on, the depot in its place, the host in maintenance mode."""
    lab.store.put("depots/esxi.zip", bundle, lab.clock.now())
    if maintenance:
        lab.host.enter_maintenance()
    lab.open()
    return lab


def test_what_a_host_says_of_itself(make: Make, shell: Shell, bundle: Path, recorder: MemoryRecorder) -> None:
    lab = ready(make(DELL_OLD), bundle, maintenance=False)
    lab.host.add_guest("web 01")
    lab.host.add_guest("off", runs=False)
    host = shell(lab)
    version = host.version()
    assert (version.version, version.build, version.update, str(version)) == (
        "8.0.3", OLD, "3", f"8.0.3 build {OLD}",
    )  # fmt: skip
    assert host.profile() == f"DEL-ESXi_803.{OLD}-A01"
    base = next(vib for vib in host.vibs() if vib.name == "esx-base")
    assert (base.version, base.acceptance) == (f"8.0.3-0.0.{OLD}", "VMwareCertified")
    assert host.acceptance() == "PartnerSupported"
    assert (host.service_tag(), host.model()) == ("SIM0001", ("Dell Inc.", "PowerEdge R750"))
    assert "Xeon" in host.cpu()
    assert (host.boot_device(), host.secure_boot(), host.secure_boot_check()) == ("boss", True, "")
    assert (host.boot_bank_free() or 0) > 200 * 2**20
    assert (host.in_maintenance(), host.restart_pending()) == (False, False)
    assert host.boot_time()
    encryption = host.encryption()
    assert encryption is not None
    assert [key.get_secret_value() for _, key in encryption.keys] == [lab.host.recovery_key]
    assert lab.host.recovery_key not in repr(recorder.calls) + repr(encryption)


@pytest.mark.parametrize(
    ("version", "loaded", "said"), [("8.0.3", True, True), ("8.0.3", False, False), ("6.5.0", False, None)]
)
def test_whether_it_started_past_the_hardware(
    make: Make, shell: Shell, version: str, loaded: bool, said: bool | None
) -> None:
    lab = make(vmware_image(version, "24022510"), encryption="NONE")
    lab.open()
    lab.host.course.loaded = loaded
    assert shell(lab).quick_booted() is said


@pytest.mark.parametrize(("device", "said"), [("SD", "sd"), ("USB", "usb")])
def test_where_it_boots_from(make: Make, shell: Shell, device: str, said: str) -> None:
    lab = make(boot_device=device, encryption="NONE")
    lab.open()
    assert shell(lab).boot_device() == said
    encryption = shell(lab).encryption()
    assert encryption is not None
    assert (encryption.mode, encryption.keys) == ("NONE", ())


def test_depots_and_files(make: Make, shell: Shell, bundle: Path) -> None:
    host = shell(ready(make(DELL_OLD), bundle))
    assert [p.name for p in host.profiles_in(DEPOT)] == [DELL, f"ESXi-8.0U3e-{NEW}-no-tools", PLAIN]
    assert host.file_size(DEPOT) == bundle.stat().st_size
    assert host.file_size("/vmfs/volumes/shared/none") is None
    assert host.sha256(DEPOT) == hashlib.sha256(bundle.read_bytes()).hexdigest()
    with pytest.raises(errors.DepotUnreadable, match="No such file"):
        host.profiles_in("/vmfs/volumes/shared/o'none; touch x.zip")


def test_a_dry_run_and_an_update(make: Make, shell: Shell, bundle: Path) -> None:
    lab = ready(make(DELL_OLD, speed=0.0), bundle)
    host = shell(lab)
    lab.clock.set_speed(1000)
    would = host.dry_run(DEPOT, DELL)
    lab.clock.set_speed(0)
    assert (would.reboot_required, would.changed, would.build) == (True, True, NEW)
    assert host.look_at_update("7-1").stage is Stage.ABSENT
    assert host.begin_update("7-1", DEPOT, DELL)
    lab.advance_until(lambda: lab.host.transaction, "the update to begin")
    assert not host.begin_update("7-1", DEPOT, DELL), "the same is not started twice"
    assert host.look_at_update("7-1").stage is Stage.RUNNING
    assert "profile update" in host.updating()
    host.close()
    lab.clock.advance(lab.host.spec.pace.update)
    until(lambda: host.look_at_update("7-1").stage is Stage.ENDED, "its end")
    end = host.look_at_update("7-1")
    assert end.result is not None
    assert (end.result.build, end.result.reboot_required, end.error) == (NEW, True, None)
    assert host.restart_pending()
    assert lab.host.journal.effects()[f"update_started:{NEW}"] == 1
    host.forget_update("7-1")
    assert host.look_at_update("7-1").stage is Stage.ABSENT


def test_an_update_that_dies_with_the_host_leaves_no_trace_in_the_next_boot(
    make: Make, shell: Shell, bundle: Path
) -> None:
    lab = ready(make(DELL_OLD), bundle)
    host = shell(lab)
    lab.host.faults.set("reboot_on_update", times=1)
    host.begin_update("7-1", DEPOT, DELL)
    until(lambda: lab.host.boots == 1 and lab.host.phase == "running", "the host to come back")
    lab.open()
    assert host.look_at_update("7-1").stage is Stage.ABSENT
    assert (host.version().build, host.restart_pending()) == (OLD, False)


@pytest.mark.parametrize(
    ("fault", "values", "kind", "text"),
    [
        ("hardware_error", {}, errors.HardwareRefused, "refuses this server: CPU_SUPPORT"),
        ("hardware_error", {"code": "TPM_VERSION", "text": "TPM 1.2"}, errors.HardwareRefused, "TPM_VERSION: TPM 1.2"),
        ("hardware_warning", {}, errors.HardwareWarned, "warns of this server"),
        ("dependency", {"vib": "NSX_bootbank_nsx_1"}, errors.VibConflict, "NSX_bootbank_nsx_1"),
        ("no_space", {}, errors.NoSpace, "No space left"),
        ("update_fails", {}, errors.InstallFailed, "failed to write payload"),
        ("locking", {}, errors.UpdateLocked, "Another process"),
        ("download", {}, errors.DepotUnreadable, "Could not download"),
        ("maintenance_required", {}, errors.NeedsMaintenance, "MaintenanceMode is required"),
    ],
)  # fmt: skip
def test_every_named_error_with_its_next_step(
    make: Make, shell: Shell, bundle: Path, fault: str, values: dict[str, str], kind: type, text: str
) -> None:
    lab = ready(make(), bundle, maintenance=fault != "maintenance_required")
    host = shell(lab)
    lab.host.faults.set(fault, times=1, skip=0, **values)
    assert host.begin_update("1-1", DEPOT, PLAIN)
    until(lambda: host.look_at_update("1-1").stage is Stage.ENDED, "its end")
    error = host.look_at_update("1-1").error
    assert error is not None
    assert type(error) is kind, error
    assert text in error.message
    assert error.hint
    assert lab.host.spec.address in error.where


def test_warnings_of_the_hardware_are_passed_on_purpose(make: Make, shell: Shell, bundle: Path) -> None:
    lab = ready(make(), bundle)
    lab.host.faults.set("hardware_warning")
    with pytest.raises(errors.HardwareWarned):
        shell(lab).dry_run(DEPOT, PLAIN)
    assert shell(lab).dry_run(DEPOT, PLAIN, pass_hardware_warnings=True).changed


def with_vib(image: Image, vib: Vib) -> Image:
    return dataclasses.replace(image, vibs=(*image.vibs, vib))


def test_a_wrong_name_a_low_acceptance_and_nothing_to_do(
    make: Make, shell: Shell, bundle: Path, tmp_path: Path
) -> None:
    lab = ready(make(), bundle)
    host = shell(lab)
    with pytest.raises(errors.ProfileNotFound):
        host.dry_run(DEPOT, PLAIN.lower())
    low = with_vib(
        vmware_image("8.0.3", NEW, letter="e"), Vib("net-community", "1.0-1", "COM", "CommunitySupported")
    )
    lab.store.put("low.zip", write_bundle(tmp_path / "low.zip", [low]), lab.clock.now())
    with pytest.raises(errors.AcceptanceRefused):
        host.dry_run("/vmfs/volumes/shared/low.zip", low.name)
    same = write_bundle(tmp_path / "same.zip", [vmware_image("8.0.3", OLD, "0.0")])
    lab.store.put("same.zip", same, lab.clock.now())
    [profile] = host.profiles_in("/vmfs/volumes/shared/same.zip")
    nothing = host.dry_run("/vmfs/volumes/shared/same.zip", profile.name)
    assert (nothing.changed, nothing.reboot_required) == (False, False)


def test_maintenance_and_restart_by_command(make: Make, shell: Shell) -> None:
    lab = make()
    lab.open()
    host = shell(lab)
    with pytest.raises(errors.EsxcliError):
        host.reboot("update")
    host.esxcli("system", "maintenanceMode", "set", "--enable", "true", changing=True)
    assert host.in_maintenance()
    host.reboot("update of 'esx01'")
    until(lambda: lab.host.boots == 1 and lab.host.phase == "running", "the restart")
    lab.open()
    assert lab.host.journal.effects()["reboot"] == 1
