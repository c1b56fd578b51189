"""What the account may do, by what the program can do with it.

A role may be given on some objects only, and VMs have folders of their own: each privilege is asked for on the objects vCenter
checks it on. Which those are, and which privilege a call needs, is in the API's own description of its methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from dsm_desktop.core.vsphere_site import Site
from dsm_desktop.vmware.errors import NotThere
from dsm_desktop.vmware.faults import moid_of
from dsm_desktop.vmware.files import NAMESPACES
from dsm_desktop.vmware.session import Opened

CAPABILITIES: Final[Mapping[str, tuple[str, ...]]] = {
    "read": ("System.View", "System.Read"),
    "maintenance mode": ("Host.Config.Maintenance",),
    "reboot hosts": ("Host.Config.Maintenance",),
    "reconnect hosts": ("Host.Config.Connection",),
    "services and SSH": ("Host.Config.NetService",),
    "cluster settings": ("Host.Inventory.EditCluster",),
    "move VMs": ("Resource.HotMigrate", "Resource.ColdMigrate", "Resource.AssignVMToPool"),
    "power of VMs": (
        "VirtualMachine.Interact.PowerOn",
        "VirtualMachine.Interact.PowerOff",
        "VirtualMachine.Interact.AnswerQuestion",
    ),
    "fault tolerance": (
        "VirtualMachine.Interact.DisableSecondary",
        "VirtualMachine.Interact.EnableSecondary",
    ),
    "DRS recommendations": ("Resource.ApplyRecommendation",),
    "devices of VMs": (
        "VirtualMachine.Interact.DeviceConnection",
        "VirtualMachine.Interact.ToolsInstall",
        "VirtualMachine.Config.EditDevice",
        "VirtualMachine.Config.Resource",
    ),
    "browse datastores": ("Datastore.Browse",),
    "upload files": ("Datastore.FileManagement",),
    "top folders of vSAN and vVol stores": ("Datastore.Config",),
    "alarms": ("Alarm.Acknowledge", "Alarm.DisableActions"),
    "cancel tasks": ("Global.CancelTask",),
}
"""Privilege ids by capability."""
ROOT: Final = ""
"""Stands for the root folder among the moids."""
_NEEDS_VCENTER = ("cluster settings", "reconnect hosts", "move VMs", "alarms", "DRS recommendations")
_ON: Final[Sequence[tuple[str, tuple[str, ...]]]] = (
    ("System.", ("clusters", "hosts", "datastores")),
    ("Host.Inventory.", ("clusters",)),
    ("Host.", ("hosts",)),
    ("Resource.ApplyRecommendation", ("clusters",)),
    ("Resource.AssignVMToPool", ("clusters",)),
    ("Resource.", ("vms",)),
    ("VirtualMachine.", ("vms",)),
    ("Datastore.Config", ("namespaces",)),
    ("Datastore.", ("datastores",)),
    ("Alarm.Acknowledge", ("clusters", "hosts", "datastores")),
    ("Alarm.", ("hosts",)),
    ("Global.", ("root",)),
)
"""Beginning of a privilege → the objects it is asked for on; the first that fits. An object that is not there lacks nothing."""
_BATCH = 500

Missing = dict[str, dict[str, tuple[str, ...]]]
"""Capability → privilege → moids of the objects on which it is missing; `ROOT` for the root folder."""


def asked_on(privilege: str) -> tuple[str, ...]:
    """The kinds of object a privilege is asked for on."""
    return next(kinds for start, kinds in _ON if privilege.startswith(start))


def missing_privileges(opened: Opened, site: Site) -> Missing:
    """What the account lacks on this inventory; capabilities with all of theirs are left out."""
    wanted = [name for name in CAPABILITIES if opened.about.kind == "vcenter" or name not in _NEEDS_VCENTER]
    objects = _objects(site)
    lacking: dict[str, list[str]] = {}
    privileges = list(dict.fromkeys(p for name in wanted for p in CAPABILITIES[name]))
    for kind, moids in objects.items():
        asked = [privilege for privilege in privileges if kind in asked_on(privilege)]
        for privilege, moid in _lacking(opened, moids, asked):
            lacking.setdefault(privilege, []).append(moid)
    missing: Missing = {}
    for name in wanted:
        if lost := {p: tuple(lacking[p]) for p in CAPABILITIES[name] if p in lacking}:
            missing[name] = lost
    return missing


def _objects(site: Site) -> dict[str, list[str]]:
    """Moids by kind. Nobody has every privilege on the VMs of vCenter's own cluster services."""
    return {
        "root": [ROOT],
        "clusters": [cluster.moid for cluster in site.clusters],
        "hosts": [host.moid for host in site.hosts],
        "vms": [vm.moid for vm in site.vms if not vm.is_vcls],
        "datastores": [store.moid for store in site.datastores],
        "namespaces": [store.moid for store in site.datastores if store.kind.lower() in NAMESPACES],
    }


def _lacking(opened: Opened, moids: Sequence[str], privileges: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(privilege, moid) of each that is not granted. What is gone meanwhile is left out."""
    for start in range(0, len(moids) if privileges else 0, _BATCH):
        some = moids[start : start + _BATCH]
        try:
            yield from _told(opened, some, privileges)
        except NotThere:
            half = len(some) // 2
            for part in (some[:half], some[half:]) if half else ():
                yield from _lacking(opened, part, privileges)


def _told(opened: Opened, moids: Sequence[str], privileges: Sequence[str]) -> list[tuple[str, str]]:
    answers = opened.content.authorizationManager.HasPrivilegeOnEntities(
        entity=[opened.entity(moid) if moid != ROOT else opened.content.rootFolder for moid in moids],
        sessionId=opened.session_key,
        privId=list(privileges),
    )
    return [
        (granted.privId, ROOT if moids == [ROOT] else moid_of(answer.entity))
        for answer in answers
        for granted in answer.privAvailability
        if not granted.isGranted
    ]
