"""The vSphere of the demo site: a quiet cluster, one with trouble, and a single host."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.spec import VsphereSpec

TROUBLE: Final = (
    (Blocker.VCENTER_VM, "Production/0"),
    (Blocker.CDROM_LOCAL_ISO, "Production/27"),
    (Blocker.BACKUP, "Production/54"),
    (Blocker.MUST_RUN_HERE, "Production/81"),
    (Blocker.POWERED_OFF, "Production/30"),
    (Blocker.VCLS, "Production/26"),
    (Blocker.PCI_PASSTHROUGH, "Branch/1"),
    (Blocker.LOCAL_DISK, "Branch/2"),
    (Blocker.TOOLS_INSTALLER, "Branch/3"),
    (Blocker.USB_HOST, "Branch/13"),
    (Blocker.CPU_AFFINITY, "Branch/14"),
    (Blocker.SUSPENDED, "Branch/15"),
    (Blocker.QUESTION, "Branch/25"),
    (Blocker.DRS_OFF_FOR_VM, "Branch/26"),
    (Blocker.ALARM, "esx-branch-02"),
    (Blocker.CLOCK_SKEW, "esx-branch-03"),
)
"""What stands in the way, and of whom."""


def demo_spec(seed: int = 7) -> VsphereSpec:
    """As `python -m dsm_desktop.simulator --vsphere` starts it."""
    return VsphereSpec(seed=seed, blockers=tuple((blocker.value, where) for blocker, where in TROUBLE))
