"""Virtual hardware: what every VM has, and the devices that keep one from moving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.vsphere.vmomi import vim

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm

DEVICE: Any = vim.vm.device
GB_IN_KB = 1 << 20


def label(device: Any) -> str:
    """ "CD/DVD drive 1"."""
    return str(device.deviceInfo.label)


def _described(kind: Any, key: int, text: str, **fields: Any) -> Any:
    return kind(key=key, deviceInfo=vim.Description(label=text, summary=text), **fields)


def connected(on: bool = True) -> Any:
    """Connection state of a removable device."""
    return DEVICE.VirtualDevice.ConnectInfo(
        startConnected=on, allowGuestControl=True, connected=on, status="ok"
    )


def base_devices(vm: Vm) -> list[Any]:
    """Controllers, one disk, one network card and an empty CD drive."""
    network = vm.networks[0] if vm.networks else None
    card = _described(
        DEVICE.VirtualVmxnet3,
        4000,
        "Network adapter 1",
        macAddress=f"00:50:56:{vm.number >> 16 & 63:02x}:{vm.number >> 8 & 255:02x}:{vm.number & 255:02x}",
        connectable=connected(vm.on),
    )
    if network is not None:
        card.backing = DEVICE.VirtualEthernetCard.NetworkBackingInfo(
            deviceName=network.name, network=network.ref
        )
    return [
        _described(DEVICE.VirtualIDEController, 200, "IDE 0", busNumber=0),
        _described(
            DEVICE.ParaVirtualSCSIController, 1000, "SCSI controller 0", busNumber=0, sharedBus="noSharing"
        ),
        disk(vm, vm.stores[0]),
        cdrom(DEVICE.VirtualCdrom.RemotePassthroughBackingInfo(deviceName="", exclusive=False), False),
        card,
    ]


def disk(vm: Vm, store: Datastore, key: int = 2000) -> Any:
    """A disk on a store."""
    return _described(
        DEVICE.VirtualDisk,
        key,
        f"Hard disk {key - 1999}",
        controllerKey=1000,
        unitNumber=key - 2000,
        capacityInKB=vm.disk_gb * GB_IN_KB,
        capacityInBytes=vm.disk_gb * GB_IN_KB * 1024,
        backing=DEVICE.VirtualDisk.FlatVer2BackingInfo(
            fileName=f"[{store.name}] {vm.name}/{vm.name}{'' if key == 2000 else key}.vmdk",
            datastore=store.ref,
            diskMode="persistent",
            thinProvisioned=True,
        ),
    )


def rdm(vm: Vm, store: Datastore) -> Any:
    """A raw device mapping, physical compatibility, behind a shared bus."""
    return _described(
        DEVICE.VirtualDisk,
        2010,
        "Hard disk 2",
        controllerKey=1001,
        unitNumber=0,
        capacityInKB=100 * GB_IN_KB,
        backing=DEVICE.VirtualDisk.RawDiskMappingVer1BackingInfo(
            fileName=f"[{store.name}] {vm.name}/{vm.name}_1.vmdk",
            datastore=store.ref,
            deviceName="vml.02000000006",
            lunUuid="0200000000600a0b8000",
            compatibilityMode="physicalMode",
            diskMode="independent_persistent",
        ),
    )


def shared_bus(mode: str) -> Any:
    """A SCSI controller shared between VMs: virtualSharing or physicalSharing."""
    return _described(
        DEVICE.VirtualLsiLogicSASController, 1001, "SCSI controller 1", busNumber=1, sharedBus=mode
    )


def cdrom(backing: Any, on: bool = True) -> Any:
    """The CD drive with something in it."""
    return _described(
        DEVICE.VirtualCdrom,
        3000,
        "CD/DVD drive 1",
        controllerKey=200,
        unitNumber=0,
        backing=backing,
        connectable=connected(on),
    )


def iso(store: Datastore, file: str = "tools/install.iso") -> Any:
    """An ISO file on a store."""
    return DEVICE.VirtualCdrom.IsoBackingInfo(fileName=f"[{store.name}] {file}", datastore=store.ref)


def host_cdrom() -> Any:
    """The drive of the host."""
    return DEVICE.VirtualCdrom.AtapiBackingInfo(deviceName="mpx.vmhba64:C0:T0:L0")


def client_cdrom() -> Any:
    """A drive of the person at the console."""
    return DEVICE.VirtualCdrom.RemoteAtapiBackingInfo(deviceName="D:")


def passthrough() -> Any:
    """A PCI device of the host."""
    return _described(
        DEVICE.VirtualPCIPassthrough,
        13000,
        "PCI device 0",
        backing=DEVICE.VirtualPCIPassthrough.DeviceBackingInfo(
            deviceName="Ethernet Controller",
            id="0000:3b:00.0",
            deviceId="0x1572",
            systemId="x",
            vendorId=-32634,
        ),
    )


def dvx() -> Any:
    """A device virtualisation extension."""
    return _described(
        DEVICE.VirtualPCIPassthrough,
        13001,
        "DVX device",
        backing=DEVICE.VirtualPCIPassthrough.DvxBackingInfo(deviceClass="com.example.dvx"),
    )


def vgpu() -> Any:
    """A slice of a graphics card."""
    return _described(
        DEVICE.VirtualPCIPassthrough,
        13002,
        "vGPU grid_a100-10c",
        backing=DEVICE.VirtualPCIPassthrough.VmiopBackingInfo(vgpu="grid_a100-10c"),
    )


def sriov() -> Any:
    """A network card with a virtual function of the host's."""
    return _described(
        DEVICE.VirtualSriovEthernetCard,
        4010,
        "Network adapter 2",
        connectable=connected(),
        macAddress="00:50:56:00:40:10",
    )


def usb(remote: bool) -> Any:
    """A USB device of the host, or of the person at the console."""
    kind = DEVICE.VirtualUSB
    backing = (
        kind.RemoteClientBackingInfo(deviceName="usb:dongle", hostname="console.example.test")
        if remote
        else kind.USBBackingInfo(deviceName="path:1/2/3 version:2")
    )
    return _described(kind, 7000, "USB 1", connected=True, backing=backing, connectable=connected())


def floppy() -> Any:
    """A connected floppy image."""
    return _described(
        DEVICE.VirtualFloppy,
        8000,
        "Floppy drive 1",
        backing=DEVICE.VirtualFloppy.ImageBackingInfo(fileName="[local] boot.flp"),
        connectable=connected(),
    )


def serial() -> Any:
    """A serial port on a device of the host."""
    return _described(
        DEVICE.VirtualSerialPort,
        9000,
        "Serial port 1",
        backing=DEVICE.VirtualSerialPort.DeviceBackingInfo(deviceName="/dev/char/serial/uart0"),
        connectable=connected(),
        yieldOnPoll=True,
    )


def parallel() -> Any:
    """A parallel port on a device of the host."""
    return _described(
        DEVICE.VirtualParallelPort,
        10000,
        "Parallel port 1",
        backing=DEVICE.VirtualParallelPort.DeviceBackingInfo(deviceName="/dev/parport0"),
        connectable=connected(),
    )


def nvdimm() -> Any:
    """Persistent memory."""
    return _described(
        DEVICE.VirtualNVDIMM,
        11000,
        "NVDIMM 1",
        capacityInMB=4096,
        backing=DEVICE.VirtualNVDIMM.BackingInfo(fileName="[PMemDS] nvdimm0"),
    )
