"""Images of a VMware and a Dell make for any build, as rich as the answers of a host need."""

from __future__ import annotations

import dataclasses
from typing import Final

from dsm_desktop.simulator.esxi.image import BASE, Image, Vib

_MB: Final = 1 << 20
_BASE: Final = (
    (BASE, 140 * _MB),
    ("esx-update", 2 * _MB),
    ("bmcal", 4 * _MB),
    ("cpu-microcode", 3 * _MB),
    ("crx", 15 * _MB),
    ("esx-dvfilter-generic-fastpath", 1 * _MB),
    ("esx-ui", 15 * _MB),
    ("esx-xserver", 5 * _MB),
    ("gc", 1 * _MB),
    ("loadesx", 1 * _MB),
    ("native-misc-drivers", 1 * _MB),
    ("vdfs", 3 * _MB),
    ("vsan", 14 * _MB),
    ("vsanhealth", 6 * _MB),
)
_DRIVERS: Final = (
    ("bnxtnet", "216.0.50.0-66", 1 * _MB),
    ("i40en", "1.11.3.5-1", 1 * _MB),
    ("igbn", "1.11.2.0-5", 1 * _MB),
    ("ixgben", "1.7.1.41-4", 1 * _MB),
    ("lsi-mr3", "7.728.02.00-1", 1 * _MB),
    ("nmlx5-core", "4.23.6.2-4", 2 * _MB),
    ("nvme-pcie", "1.2.4.15-1", 1 * _MB),
    ("vmkusb", "0.1-22", 1 * _MB),
)
_TOOLS: Final = Vib("tools-light", "12.4.5.23787635-24262298", "VMware", size=190 * _MB, live=True)
_DELL: Final = (
    Vib("dell-configuration-vib", "7.0.0-A04", "Dell", "PartnerSupported", size=1 * _MB),
    Vib("dellemc-osname-idrac", "7.0.0-A01", "Dell", "PartnerSupported", size=1 * _MB),
    Vib("bnxtnet", "231.0.153.0-1OEM.800.1.0.20613240", "BCM", size=1 * _MB),
    Vib("i40en", "2.9.2.0-1OEM.800.1.0.20613240", "INT", size=1 * _MB),
    Vib("lsi-mr3", "7.732.03.00-1OEM.800.1.0.20613240", "BCM", size=1 * _MB),
)
ISM: Final = Vib(
    "dcism", "5.3.0.0.3372-DEL.700.0.0.15843807", "Dell", "PartnerSupported", requires=(BASE,), size=8 * _MB
)
"""Dell's service module, which people install themselves."""
PERCCLI: Final = Vib("perccli64", "007.2616.0000.0000-01", "BCM", "PartnerSupported", size=5 * _MB, live=True)
OLD_DRIVER: Final = Vib(
    "scsi-megaraid-perc9",
    "6.904.43.00-1OEM.600.0.0.2768847",
    "Avago",
    "VMwareCertified",
    requires=("vmkapi_2_4_0_0",),
    size=1 * _MB,
)
"""A driver of ESXi 6 that no newer kernel takes: an upgrade ends in DependencyError."""
_PATCHES: Final = {"8.0.3": "0.70", "8.0.2": "0.40", "7.0.3": "0.120", "6.7.0": "3.159", "6.5.0": "3.205"}


def vmware_image(version: str, build: str, release: str = "", letter: str = "", tools: bool = True) -> Image:
    """VMware's own image: 'ESXi-8.0U3e-24674464-standard' with `letter` 'e', '…-no-tools' without tools."""
    release = release or _PATCHES.get(version, "0.0")
    full = f"{version}-{release}.{build}"
    short = version.replace(".", "")
    native = [Vib(name, f"{base}vmw.{short}.{release}.{build}", size=size) for name, base, size in _DRIVERS]
    major, minor, update = version.split(".")
    vibs = [Vib(name, full, "VMware", size=size) for name, size in _BASE] + native
    vibs[0] = dataclasses.replace(vibs[0], provides=_interfaces(int(major)))
    if tools:
        vibs.append(_TOOLS)
    name = f"ESXi-{major}.{minor}" + (f"U{update}{letter}" if update != "0" or letter else ".0")
    return Image(
        f"{name}-{build}-{'standard' if tools else 'no-tools'}",
        version,
        build,
        release,
        tuple(sorted(vibs, key=lambda v: v.name)),
        description=f"Updates of ESXi {version}, build {build}.",
    )


def dell_image(version: str, build: str, addon: str = "A04", release: str = "") -> Image:
    """Dell's customized image: 'DEL-ESXi_803.24674464-A04', before version 8 'DEL-ESXi-703_23794027-A24'."""
    plain = vmware_image(version, build, release)
    own = {v.name: v for v in _DELL}
    vibs = [v for v in plain.vibs if v.name not in own] + list(own.values())
    short = version.replace(".", "")
    name = f"DEL-ESXi_{short}.{build}-{addon}" if version >= "8" else f"DEL-ESXi-{short}_{build}-{addon}"
    return dataclasses.replace(
        plain,
        name=name,
        vendor="Dell Inc.",
        vibs=tuple(sorted(vibs, key=lambda v: v.name)),
        description=f"Dell Customized Image for ESXi {version} (based on ESXi build {build}).",
    )


def _interfaces(major: int) -> tuple[str, ...]:
    """Driver interfaces of a kernel: those of the old Linux drivers went with 7.0."""
    if major >= 7:
        return ("vmkapi_2_6_0_0", "vmkapi_2_8_0_0", "vmkapi_2_11_0_0")
    return ("vmkapi_2_2_0_0", "vmkapi_2_3_0_0", "vmkapi_2_4_0_0", "vmkapi_2_6_0_0")
