"""Changes to the storage of a server: volumes, spares, foreign and non-RAID disks, erasing. The device refuses what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from dsm_desktop.simulator.hardware.parts import Controller, Drive, Volume
from dsm_desktop.simulator.jobs import Job, Runs
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_5

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

MEMBERS: Final = {"RAID0": 1, "RAID1": 2, "RAID5": 3, "RAID6": 4, "RAID10": 4}
"""Fewest disks of each level."""
_LOST: Final = {"RAID0": 0, "RAID5": 1, "RAID6": 2}


class Raid:
    """The storage of one device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.blinking: set[str] = set()
        """FQDDs of disks and enclosures whose light blinks."""
        self.erased: list[str] = []
        """Disks that were erased, in that order."""
        self.initialized: list[str] = []
        """Volumes that were initialized, in that order."""

    # -- finding ---------------------------------------------------------------------------------------------

    def controller(self, fqdd: object) -> Controller:
        """A controller by its FQDD. Raises Refused."""
        found = next((c for c in self._device.hw.controllers if c.id == fqdd), None)
        if found is None:
            raise Refused(400, ("SYS425", str(fqdd), "TargetFQDD"))
        return found

    def drive(self, fqdd: object) -> tuple[Controller, Drive]:
        """A disk and its controller. Raises Refused."""
        for controller in self._device.hw.controllers:
            for drive in controller.drives:
                if drive.id == fqdd:
                    return controller, drive
        raise Refused(400, ("SYS425", str(fqdd), "TargetFQDD"))

    @staticmethod
    def real_time(controller: Controller) -> bool:
        """Hardware RAID takes changes while the host runs; BOSS and NVMe wait for a boot."""
        return controller.kind == "perc"

    @staticmethod
    def used(controller: Controller, drive: Drive) -> bool:
        """The disk is a member of a volume."""
        return any(drive.id in volume.drives for volume in controller.volumes if not volume.raw)

    def free(self, controller: Controller, drive: Drive) -> None:
        """Refuse a disk that is not simply ready."""
        if drive.raid_status != "Ready" or drive.hotspare != "None" or self.used(controller, drive):
            raise Refused(400, ("SYS443",))

    # -- jobs ------------------------------------------------------------------------------------------------

    def job(self, controller: Controller, when: str | None, work: Callable[[], None]) -> Job:
        """The job for a change. `when` is Immediate, OnReset or None for what the controller can do."""
        can = self.real_time(controller)
        if when not in (None, "Immediate", "OnReset") or (when == "Immediate" and not can):
            raise Refused(400, ("SYS426", str(when), "@Redfish.OperationApplyTime"))
        if self._device.jobs.open_for(controller.id) is not None:
            raise Refused(400, ("SYS011",))
        at_once = can and when != "OnReset"

        def done(job: Job, moment: float) -> None:
            work()
            self._device.revision += 1

        return self._device.jobs.add(
            "RealTimeNoRebootConfiguration" if at_once else "RAIDConfiguration",
            f"Configure: {controller.id}",
            runs=Runs.AT_ONCE if at_once else Runs.AT_BOOT,
            seconds=30,
            title=f"ConfigRAID:{controller.id}",
            component=controller.id,
            on_done=done,
        )

    # -- volumes ---------------------------------------------------------------------------------------------

    def plan(self, controller: Controller, raid: str, drives: list[Drive], name: str, size: object) -> Volume:
        """A volume that could be made. Raises Refused."""
        limited = raid == "RAID10" and self._device.persona.rank <= IDRAC9_5
        if raid not in controller.raids or limited:
            raise Refused(400, ("SYS426", raid, "RAIDType"))
        for drive in drives:
            self.free(controller, drive)
        fits = len(drives) >= MEMBERS.get(raid, 1) and not (raid == "RAID1" and len(drives) != 2)
        if not fits or (raid == "RAID10" and len(drives) % 2) or len({d.id for d in drives}) != len(drives):
            raise Refused(400, ("SYS425", str(len(drives)), "Drives"))
        smallest = min(drive.bytes for drive in drives)
        lost = _LOST.get(raid, len(drives) // 2)
        most = smallest * (len(drives) - lost)
        if size is not None and (not isinstance(size, int) or not 0 < size <= most):
            raise Refused(400, ("SYS425", str(size), "CapacityBytes"))
        if len(name) > 15:
            raise Refused(400, ("SYS425", name, "Name"))
        taken = {volume.id for volume in controller.volumes}
        number = next(n for n in range(256) if f"Disk.Virtual.{n}:{controller.id}" not in taken)
        fqdd = f"Disk.Virtual.{number}:{controller.id}"
        shown = name or f"Virtual Disk {number}"
        return Volume(fqdd, shown, raid, most if size is None else int(str(size)), [d.id for d in drives])

    def add(self, controller: Controller, volume: Volume) -> None:
        """Make a volume."""
        controller.volumes.append(volume)
        for drive in controller.drives:
            if drive.id in volume.drives:
                drive.raid_status = "Online"

    def delete(self, controller: Controller, volumes: Iterable[Volume]) -> None:
        """Take volumes away; their disks are ready for others."""
        for volume in list(volumes):
            controller.volumes.remove(volume)
            for drive in controller.drives:
                if drive.id in volume.drives:
                    drive.raid_status = "Ready"
                if drive.hotspare == "Dedicated" and volume.id in drive.spare_for:
                    drive.hotspare, drive.spare_for = "None", []

    # -- disks -----------------------------------------------------------------------------------------------

    def convert(self, controller: Controller, drives: list[Drive], raid: bool) -> None:
        """Give disks to the controller's RAID, or hand them through to the host as they are."""
        for drive in drives:
            drive.raid_status = "Ready" if raid else "NonRAID"
            controller.volumes = [v for v in controller.volumes if not (v.raw and v.id == drive.id)]
            if not raid:
                raw = Volume(drive.id, drive.model, "None", drive.bytes, [drive.id], raw=True)
                controller.volumes.append(raw)

    def foreign(self, controller: Controller) -> list[Drive]:
        """Disks with a configuration of another controller. Raises Refused when there are none."""
        found = [drive for drive in controller.drives if drive.raid_status == "Foreign"]
        if not found:
            raise Refused(400, ("STOR018",))
        return found

    def import_foreign(self, controller: Controller, drives: list[Drive]) -> None:
        """Take over what stands on foreign disks: a striped volume."""
        for drive in drives:
            drive.raid_status = "Ready"
        self.add(controller, self.plan(controller, "RAID0", drives, "FOREIGN", None))
        self._device.write_lc(self._device.now(), "CTL35", controller.name)

    def clear_foreign(self, controller: Controller, drives: list[Drive]) -> None:
        """Forget what stands on foreign disks."""
        for drive in drives:
            drive.raid_status = "Ready"
        self._device.write_lc(self._device.now(), "CTL34", controller.name)

    def erase(self, drive: Drive) -> None:
        """Throw the key of a disk away; whatever it held is gone."""
        self.erased.append(drive.id)
