"""A VM's devices → those that may hold it on its host. A mere look at the backing's type; who judges it is `safety`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dsm_desktop.core.vsphere import Backing, Device
from dsm_desktop.vmware.faults import moid_of

# By the types' names below "vim.vm.device.": pyVmomi makes the classes only when they are first asked for.
_BACKINGS = {
    "VirtualPCIPassthrough.VmiopBackingInfo": Backing.VGPU,
    "VirtualPCIPassthrough.DvxBackingInfo": Backing.DVX,
    "VirtualPCIPassthrough.DeviceBackingInfo": Backing.PASSTHROUGH,
    "VirtualPCIPassthrough.DynamicBackingInfo": Backing.PASSTHROUGH,
    "VirtualUSB.USBBackingInfo": Backing.HOST_USB,
    "VirtualUSB.RemoteHostBackingInfo": Backing.REMOTE_HOST_USB,
    "VirtualUSB.RemoteClientBackingInfo": Backing.CLIENT_USB,
    "VirtualCdrom.AtapiBackingInfo": Backing.HOST_CDROM,
    "VirtualCdrom.PassthroughBackingInfo": Backing.HOST_CDROM,
    "VirtualCdrom.IsoBackingInfo": Backing.ISO,
    "VirtualCdrom.RemoteAtapiBackingInfo": Backing.CLIENT_CDROM,
    "VirtualCdrom.RemotePassthroughBackingInfo": Backing.CLIENT_CDROM,
    "VirtualFloppy.DeviceBackingInfo": Backing.FLOPPY,
    "VirtualFloppy.ImageBackingInfo": Backing.FLOPPY,
    "VirtualFloppy.RemoteDeviceBackingInfo": Backing.FLOPPY,
    "VirtualSerialPort.DeviceBackingInfo": Backing.SERIAL,
    "VirtualSerialPort.FileBackingInfo": Backing.SERIAL,
    "VirtualSerialPort.PipeBackingInfo": Backing.SERIAL,
    "VirtualParallelPort.DeviceBackingInfo": Backing.PARALLEL,
    "VirtualParallelPort.FileBackingInfo": Backing.PARALLEL,
    "VirtualDisk.RawDiskMappingVer1BackingInfo": Backing.RAW_DISK,
}
_KINDS = {
    "VirtualSriovEthernetCard": Backing.SRIOV,
    "VirtualNVDIMM": Backing.NVDIMM,
    "VirtualNVDIMMController": Backing.NVDIMM,
}


def devices_of(found: Iterable[Any]) -> tuple[Device, ...]:
    """The devices that matter for moving, in the order vCenter lists them."""
    return tuple(device for item in found for device in _of(item))


def _of(item: Any) -> Iterator[Device]:
    kind = _name(item)
    backing = item.backing
    sharing = str(getattr(item, "sharedBus", "") or "")
    if sharing and sharing != "noSharing":
        yield _device(item, Backing.SHARED_BUS, sharing)
    what = _KINDS.get(kind) or _BACKINGS.get(_name(backing) if backing is not None else "")
    if what is not None:
        yield _device(item, what, _detail(backing))
    if str(getattr(backing, "sharing", "") or "") == "sharingMultiWriter":
        yield _device(item, Backing.MULTI_WRITER, _detail(backing))


def _name(thing: Any) -> str:
    """ "vim.vm.device.VirtualUSB.USBBackingInfo" → "VirtualUSB.USBBackingInfo"."""
    return type(thing).__name__.removeprefix("vim.vm.device.")


def _device(item: Any, what: Backing, detail: str) -> Device:
    connectable = item.connectable
    info = item.deviceInfo
    return Device(
        key=int(item.key),
        label=str(getattr(info, "label", "") or _name(item)),
        backing=what,
        connected=bool(connectable.connected) if connectable is not None else True,
        at_power_on=bool(connectable.startConnected) if connectable is not None else True,
        datastore=moid_of(getattr(item.backing, "datastore", None)),
        detail=detail,
    )


def _detail(backing: Any) -> str:
    """File, device, address, vGPU profile or raw disk mode: the first that is there."""
    mode = str(getattr(backing, "compatibilityMode", "") or "")
    if mode:
        return mode
    for name in ("vgpu", "fileName", "deviceName", "hostname", "serviceURI", "id"):
        if value := getattr(backing, name, None):
            return str(value)
    return ""
