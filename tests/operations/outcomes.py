"""What every job type for servers is given, and which of its requests is its heart: the one that is refused, held back while
it is cancelled or killed, or whose answer is lost. A job type that is not in this table fails the test beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from dsm_desktop.configuration.profiles import compose
from dsm_desktop.configuration.standard import IDRAC
from dsm_desktop.simulator import dup
from dsm_desktop.simulator.catalogs import build_repository
from tests.operations.firmware_site import BIOS, QUICK
from tests.operations.killing import Killable

ISO: Final = "start.iso"
WRITES: Final = ("POST", "PATCH", "DELETE")
SLOW_FIRMWARE: Final = QUICK | {"proof_minutes": 0.5}
NFS, CIFS = "nfs://10.9.8.7/profiles", "cifs://10.9.8.8/profiles"
BIOS_PASSWORDS: Final = {f"BIOS {number}": f"geheim-{number}-setup" for number in range(1, 5)}
SHARE_LOGIN: Final = ("writer", "geheim-7-share")


@dataclass(frozen=True)
class Place:
    """A server that one case has for itself, a folder, and the `number` of the round that is run, from 1."""

    program: Killable
    server: int
    folder: Path
    number: int

    @property
    def idrac(self) -> Any:
        return self.program.site.idracs[self.server]

    @property
    def perc(self) -> Any:
        """The first RAID controller's own state."""
        return next(c for c in self.idrac._device.hw.controllers if c.kind == "perc")

    def change(self, do: Callable[[], Any]) -> None:
        """Something that somebody did at the server itself."""

        def run() -> None:
            do()
            self.idrac._device.revision += 1

        self.program.site.call(run)


Given = Callable[[Place], Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """`uri` and `verbs` tell the heart, after `skip` requests that look alike; `effect` is how the device's journal names what
    it does ("" = it only reads). `given` are the parameters, `answer` is what a question of the job gets.

    `times` is how often the effect may stand in the journal when an answer never came: 2 for what is made anew by each call, like
    a file that is written for us. `doubt` is the code of the error when the device tells nobody whether it has
    done it, or cannot do it without the program that was killed.
    """

    uri: str
    effect: str = ""
    verbs: tuple[str, ...] = WRITES
    given: Given = field(default=lambda place: {})
    times: int = 1
    skip: int = 0
    answer: str = ""
    doubt: tuple[str, ...] = ()
    goes_down: bool = False
    """The device may be gone before its answer is out."""
    stays: bool = False
    """Cancelled, it stays on the device and on the restore list: this generation cannot take it back."""


def read(uri: str, **given: Any) -> Case:
    return Case(uri, verbs=("GET",), given=lambda place: given)


def to_folder(uri: str, effect: str, **given: Any) -> Case:
    return Case(uri, effect, times=2, given=lambda place: {"folder": str(place.folder), **given})


def change(uri: str, effect: str, **given: Any) -> Case:
    return Case(uri, effect, given=lambda place: given)


# -- what is prepared for single ones ----------------------------------------------------------------------------------


def _free_drives(place: Place) -> list[str]:
    """Every volume but the first is gone, and nothing stands by: the serial numbers of the drives that are ready."""
    raid, perc = place.idrac._device.raid, place.perc

    def free() -> None:
        raid.delete(perc, [v for v in perc.volumes if not v.raw][1:])
        for drive in perc.drives:
            drive.hotspare = "None"

    place.change(free)
    return [d.serial for d in perc.drives if d.raid_status == "Ready"]


def _new_volume(place: Place) -> Mapping[str, Any]:
    drives = _free_drives(place)
    return {"controller": place.perc.id, "raid": "RAID0", "drives": drives[:1], "name": f"v{place.number}"}


def _old_volume(place: Place) -> Mapping[str, Any]:
    _free_drives(place)
    raid, perc = place.idrac._device.raid, place.perc
    drive = next(d for d in perc.drives if d.raid_status == "Ready")
    volume = raid.plan(perc, "RAID0", [drive], "old", None)
    place.change(lambda: raid.add(perc, volume))
    return {"volume": volume.id}


def _spare(place: Place) -> Mapping[str, Any]:
    return {"drive": _free_drives(place)[0]}


def _foreign(place: Place) -> Mapping[str, Any]:
    _free_drives(place)
    drive = next(d for d in place.perc.drives if d.raid_status == "Ready")
    place.idrac.make_foreign(drive.id)
    return {"controller": place.perc.id, "action": "clear"}


def _erase(place: Place) -> Mapping[str, Any]:
    return {"service_tag": place.idrac.service_tag, "drives": _free_drives(place)[:1]}


def _waiting_job(place: Place) -> Mapping[str, Any]:
    place.idrac.forget_jobs()
    place.idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    return {}


def _rescue(place: Place) -> Mapping[str, Any]:
    place.idrac.forget_jobs()
    place.idrac.set_fault("job_stuck", percent=40)
    place.idrac.add_job("RAIDConfiguration", "Configure: RAID.Slot.1-1", seconds=1)
    return {"up_to": "force", "wait_minutes": 0}


def _waiting_rescue(place: Place) -> Mapping[str, Any]:
    return {**_waiting_job(place), "up_to": "delete", "wait_minutes": 0}


def _licence(place: Place) -> Mapping[str, Any]:
    tag, device = place.idrac.service_tag, place.idrac._device
    text = _LICENCE.format(id=f"{tag}{place.number:04}PE000", tag=tag)
    (place.folder / f"{device.plot.tag}-{place.number}.xml").write_text(text)
    return {"folder": str(place.folder)}


_LICENCE = """<?xml version="1.0" encoding="UTF-8"?>
<lns:License xmlns:lns="http://www.dell.com/2011/12G/licensing"><lns:LicenseClass><lns:LicenseData>
<lns:EntitlementID>{id}</lns:EntitlementID><lns:LicenseType>Perpetual</lns:LicenseType>
<lns:Description>More</lns:Description><lns:BindingID>{tag}</lns:BindingID>
</lns:LicenseData></lns:LicenseClass></lns:License>"""


def _profile(place: Place) -> Mapping[str, Any]:
    text = compose([(IDRAC, "SysLog.1#Port", str(1600 + place.number))])
    return {"profile_id": place.program.app.commands.profiles.add(text, "test")}


def _import(place: Place) -> Mapping[str, Any]:
    return {**_profile(place), "preview": False, "backup": False, "shutdown": "no restart"}


def _mounted(place: Place) -> Mapping[str, Any]:
    media = place.idrac._device.vmedia
    place.change(lambda: media.mounted(media.drives["1"], "http://10.0.0.1/other.iso", "HTTP", None, True))
    return {}


def _package(place: Place) -> Mapping[str, Any]:
    package = place.idrac.package(BIOS, f"9.1.{place.number}")
    name = f"{place.idrac.service_tag}-{place.number}.EXE"
    dup.build(place.folder.parent / "library" / name, package)
    return SLOW_FIRMWARE | {"packages": [name]}


def _repository(place: Place) -> Mapping[str, Any]:
    folder = place.folder / f"repository {place.number}"
    folder.mkdir()
    build_repository(folder, [place.idrac.package(BIOS, f"99.2.{place.number}")], "Catalog.xml")
    return SLOW_FIRMWARE | {"folder": str(folder)}


def _terms(place: Place) -> Mapping[str, Any]:
    place.idrac.forget_jobs()
    return {"folder": str(place.folder), "accept_terms": True}


def _num_lock(place: Place) -> Mapping[str, Any]:
    now = place.idrac._device.bios.values()["NumLock"]
    return {"settings": [f"NumLock={'Off' if now == 'On' else 'On'}"]}


def _bios_password(place: Place) -> Mapping[str, Any]:
    now = place.idrac._device.bios.passwords.get("SetupPassword", "")
    old = next((name for name, secret in BIOS_PASSWORDS.items() if secret == now), "")
    return {"new": f"BIOS {place.number}", "old": old}


def _blinking(place: Place) -> Mapping[str, Any]:
    """Drives of an iDRAC9 4.x do not tell their light, so it may be set again."""
    return {"drives": [place.perc.drives[0].serial]}


def _standard(place: Place) -> Mapping[str, Any]:
    return {"standard": f"HQ {place.number}", "fix": True}


INSERT: Final = "VirtualMedia.InsertMedia$"
BOOT: Final = ("System.Embedded.1(/Settings)?$", "PATCH Boot")
EXPORT: Final = ("ExportSystemConfiguration$", "ExportSystemConfiguration")
PUSH: Final = ("/UpdateService/MultipartUpload$", "MultipartUpload")
CASES: Final[dict[str, Case]] = {
    "attributes_read": read("Attributes/iDRAC.Embedded.1$"),
    "attributes_write": Case(
        "Attributes/iDRAC.Embedded.1$",
        "PATCH iDRAC",
        given=lambda place: {"settings": [f"SysLog.1.Port={1600 + place.number}"]},
    ),
    "bios_config_read": read("/Bios$"),
    "bios_config_write": Case("Bios/Settings$", "PATCH Bios/Settings", given=_num_lock),
    "bios_config_write, defaults": change(
        "Bios.ResetBios$", "Bios.ResetBios", action="reset to default", when="next restart"
    ),
    "bios_password": Case("Bios.ChangePassword$", "Bios.ChangePassword", given=_bios_password, times=2),
    "boot_configuration": change(*BOOT, once="PXE"),
    "boot_configuration, HTTP": change(*BOOT, once="HTTP", http_uri="http://10.0.0.1/a.efi"),
    "boot_configuration, UEFI": change(*BOOT, once="UEFI target", uefi_target="PciRoot(0x0)/Pci(0x1,0x0)"),
    "boot_configuration, mode": change("Bios/Settings$", "PATCH Bios/Settings BootMode", mode="BIOS"),
    "boot_to_iso": change(INSERT, "InsertMedia", item=ISO, quiet_minutes=0, restart="power_cycle"),
    "certificate_install": Case("ReplaceCertificate$", "ReplaceCertificate", times=2, goes_down=True),
    "certificate_request": to_folder("GenerateCSR$", "GenerateCSR"),
    "console_launch": Case("GetKVMSession$", "GetKVMSession", times=2),
    "console_screenshot": change("ExportServerScreenShot$", ""),
    "drive_identify": Case("BlinkTarget$", "Blink", given=_blinking, times=2),
    "fetch_event_logs": read("/Entries$"),
    "firmware_rollback": change(
        "SimpleUpdate$|DellUpdateService.Install$", "FirmwareRollback", **SLOW_FIRMWARE, components=["159"]
    ),
    "firmware_update": Case(*PUSH, given=_package),
    "full_server_update": Case(
        *PUSH, given=lambda place: _package(place) and SLOW_FIRMWARE | {"only": ["159"]}
    ),
    "foreign_config": Case("ClearForeignConfig$", "DellRaidService.ClearForeignConfig", given=_foreign),
    "hardware_inventory_export": to_folder("ExportHWInventory$", "export hwinv.xml"),
    "health_check": read("Systems/System.Embedded.1$"),
    "hot_spare": Case("AssignSpare$", "DellRaidService.AssignSpare", given=_spare),
    "identify_led": Case(
        "Systems/System.Embedded.1$|Chassis", "PATCH", given=lambda place: {"on": place.number != 2}
    ),
    "idrac_reset": Case("Manager.Reset$", "Manager.Reset", goes_down=True),
    "inventory_refresh": read("Systems/System.Embedded.1$"),
    "job_queue_clear": Case("DeleteJobQueue$", "DeleteJobQueue", given=_waiting_job),
    "job_queue_read": read("/Jobs$"),
    "lc_rescue": Case("DeleteJobQueue$", "DeleteJobQueue JID_CLEARALL_FORCE", given=_rescue),
    "license_export": to_folder("ExportLicense$", ""),
    "license_import": Case("ImportLicense$|Licenses$", "import licence", given=_licence),
    "license_read": read("Licenses$"),
    "lifecycle_log_export": to_folder("ExportLCLog$", "export lclog.xml"),
    "media_test": change(INSERT, "InsertMedia"),
    "network_test": Case("/redfish/v1/?$", verbs=("GET",), doubt=("DsmError",)),
    "password_rotate": change("Accounts/2$", "PATCH Accounts"),
    "power_action": change("ComputerSystem.Reset$", "ComputerSystem.Reset", action="power_cycle"),
    "repository_update": Case(
        "InstallFromRepository$",
        "InstallFromRepository:apply",
        given=_repository,
        skip=1,
        times=2,  # killed before its catalogue was read, it is begun once more
        doubt=("DeviceJobFailed",),  # it fetches the files from the very program that was killed
    ),
    "scp_export": change(*EXPORT, components=["IDRAC"]),
    "scp_export, NFS": change(*EXPORT, components=["IDRAC"], way="share", share=NFS),
    "scp_export, CIFS": change(*EXPORT, components=["IDRAC"], way="share", share=CIFS),
    "scp_import": Case("ImportSystemConfiguration$", "ImportSystemConfiguration", given=_import),
    "scp_preview": Case("ConfigurationPreview$", "ImportSystemConfigurationPreview", given=_profile, times=2),
    "secure_erase": Case(
        "SecureErase$", "Drive.SecureErase", given=_erase, answer="erase", doubt=("WhoseJob",)
    ),
    "site_standard_apply": Case("Attributes/iDRAC.Embedded.1$", "PATCH iDRAC", given=_standard),
    "support_collection": Case("SupportAssistCollection$", "SupportAssistCollection", given=_terms),
    "test_credentials": change("/Sessions$", ""),
    "virtual_media_mount": change(INSERT, "InsertMedia", item=ISO, replace=True),
    "virtual_media_read": read("VirtualMedia"),
    "virtual_media_unmount": Case("EjectMedia$", "EjectMedia", given=_mounted),
    "volume_create": Case("/Volumes$", "create volume", given=_new_volume),
    "volume_delete": Case("/Volumes/", "delete volume", given=_old_volume),
}
_POWER: Final = {"action": "graceful_restart"}
_SAME: Final = (
    "bios_config_read", "bios_config_write", "bios_config_write, defaults", "bios_password", "boot_configuration",
    "boot_configuration, HTTP", "boot_configuration, UEFI", "boot_configuration, mode", "boot_to_iso", "firmware_rollback",
    "health_check", "identify_led", "idrac_reset", "inventory_refresh", "job_queue_read", "media_test", "network_test",
    "password_rotate", "scp_export", "scp_export, NFS", "scp_export, CIFS", "scp_import", "scp_preview", "test_credentials",
    "virtual_media_mount", "virtual_media_read", "virtual_media_unmount",
)  # fmt: skip
_HTTP_PUSH: Final = ("/UpdateService/FirmwareInventory/?$", "HttpPush")
NOTHING_SENT: Final = {"console_launch", "license_read"}
"""On an iDRAC8: its own page is opened, and it tells no licences."""
_STAYS: Final = {"bios_config_write", "bios_password", "boot_configuration, mode"}
OLD_CASES: Final[dict[str, Case]] = {
    **{name: replace(CASES[name], stays=name in _STAYS) for name in _SAME},
    "fetch_event_logs": read("/Logs/Lclog"),
    "firmware_update": replace(CASES["firmware_update"], uri=_HTTP_PUSH[0], effect=_HTTP_PUSH[1]),
    "full_server_update": replace(CASES["full_server_update"], uri=_HTTP_PUSH[0], effect=_HTTP_PUSH[1]),
    "job_queue_clear": Case("/Jobs/JID", "delete job", given=_waiting_job),
    "lc_rescue": Case("/Jobs/JID", "delete job", given=_waiting_rescue),
    "power_action, stop": change("ComputerSystem.Reset$", "ComputerSystem.Reset:GracefulShutdown", **_POWER),
    "power_action, start": Case(
        "ComputerSystem.Reset$", "ComputerSystem.Reset:On", given=lambda place: _POWER, skip=1
    ),
    "site_standard_apply": Case(
        "ImportSystemConfiguration$", "ImportSystemConfiguration", given=_standard, times=2
    ),
}
"""What an iDRAC8 does, and where another of its requests is the heart."""
