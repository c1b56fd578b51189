"""The privileges that are asked for are those that vCenter wants, on the objects it wants them on; the manual names them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from pyVmomi import VmomiSupport

import dsm_desktop.vmware
from dsm_desktop.simulator.vsphere import VsphereSite
from dsm_desktop.simulator.vsphere.spec import Account
from dsm_desktop.vmware.connection import is_read
from dsm_desktop.vmware.privileges import CAPABILITIES, ROOT, asked_on
from tests.vmware.kit import SMALL, client_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "guide" / "vcenter.md"

NOT_TOLD: Final = {
    "AcknowledgeAlarm": (),
    "ApplyRecommendation": ("Resource.ApplyRecommendation",),
    "CancelTask": ("Global.CancelTask",),
    "DeleteDatastoreFile_Task": ("Datastore.FileManagement",),
    "MakeDirectory": ("Datastore.FileManagement",),
    "MigrateVM_Task": ("Resource.HotMigrate", "Resource.ColdMigrate"),
    "MoveDatastoreFile_Task": ("Datastore.FileManagement",),
    "ReconfigVM_Task": (
        "VirtualMachine.Interact.DeviceConnection",
        "VirtualMachine.Config.EditDevice",
        "VirtualMachine.Config.Resource",
    ),
    "RetrieveContent": (),
    "SearchDatastore_Task": ("Datastore.Browse",),
}
"""Calls for which the API's description names no privilege, or not all of them: what its reference says they need."""


def methods() -> dict[str, list[Any]]:
    """Every method of the API by its name on the wire, of every type that has it."""
    found: dict[str, list[Any]] = {}
    type_of: Any = VmomiSupport.GetVmodlType
    for name in list(VmomiSupport._managedDefMap):
        for info in type_of(name)._GetMethodList():
            found.setdefault(info.wsdlName, []).append(info)
    return found


def called() -> Iterator[str]:
    """Every name that this room calls, in the writing of the API's methods."""
    for file in Path(str(dsm_desktop.vmware.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node.func.attr


def wants(infos: list[Any]) -> set[str]:
    """Privileges that the API's description names for a method or for what is handed to it."""
    named = {info.privId for info in infos} | {p.privId for info in infos for p in info.params}
    return {privilege for privilege in named if privilege and privilege != "System.Anonymous"}


def test_the_privileges_are_those_the_api_itself_names_for_each_call() -> None:
    known = methods()
    ours = {name: known[name] for name in set(called()) if name in known}
    assert {"RebootHost_Task", "HasPrivilegeOnEntities", "CreateDirectory", "StartService"} <= set(ours)
    needed = {p for name, infos in ours.items() for p in wants(infos) | set(NOT_TOLD.get(name, ()))}
    asked = {privilege for privileges in CAPABILITIES.values() for privilege in privileges}
    assert asked == needed
    told_nothing = {n for n, infos in ours.items() if not is_read(n) and not wants(infos) - {"System.View"}}
    assert told_nothing <= NOT_TOLD.keys(), "say what they need"
    assert NOT_TOLD.keys() <= ours.keys()


@pytest.mark.parametrize(
    ("capability", "method"),
    [
        ("maintenance mode", "EnterMaintenanceMode_Task"),
        ("maintenance mode", "ExitMaintenanceMode_Task"),
        ("reboot hosts", "RebootHost_Task"),
        ("reconnect hosts", "ReconnectHost_Task"),
        ("services and SSH", "StartService"),
        ("services and SSH", "StopService"),
        ("services and SSH", "UpdateServicePolicy"),
        ("cluster settings", "ReconfigureComputeResource_Task"),
        ("move VMs", "MigrateVM_Task"),
        ("power of VMs", "PowerOnVM_Task"),
        ("power of VMs", "PowerOffVM_Task"),
        ("power of VMs", "ShutdownGuest"),
        ("power of VMs", "AnswerVM"),
        ("fault tolerance", "DisableSecondaryVM_Task"),
        ("fault tolerance", "EnableSecondaryVM_Task"),
        ("devices of VMs", "UnmountToolsInstaller"),
        ("top folders of vSAN and vVol stores", "CreateDirectory"),
        ("alarms", "EnableAlarmActions"),
        ("alarms", "AcknowledgeAlarm"),
    ],
)
def test_each_capability_asks_for_what_its_calls_want(capability: str, method: str) -> None:
    found = {privilege for privilege in wants(methods()[method]) if not privilege.startswith("System.")}
    assert found
    assert found <= set(CAPABILITIES[capability])


def test_every_privilege_is_asked_for_somewhere() -> None:
    for privileges in CAPABILITIES.values():
        for privilege in privileges:
            assert asked_on(privilege)


def test_what_is_withheld_on_one_kind_of_object_is_missed_there() -> None:
    """All of it on hosts and clusters, as a role given in "Hosts and Clusters" alone."""
    withheld = (
        ("Datastore", "Datastore.Browse"),
        ("Datastore", "Datastore.Config"),
        ("VirtualMachine", "VirtualMachine.Interact.PowerOff"),
        ("HostSystem", "Datastore.FileManagement"),
        ("Folder", "Global.CancelTask"),
    )
    account = Account("half@vsphere.local", "vc-half-7Q!", withheld=withheld)
    spec = replace(SMALL, others=(account,))
    with (
        VsphereSite(spec) as site,
        client_of(site, username=account.name, password=account.password) as client,
    ):
        seen = client.read_site()
        found = client.missing_privileges(seen)
    assert found["browse datastores"] == {"Datastore.Browse": tuple(d.moid for d in seen.datastores)}
    vsan = tuple(d.moid for d in seen.datastores if d.kind == "vsan")
    assert found.get("top folders of vSAN and vVol stores", {}) == (
        {"Datastore.Config": vsan} if vsan else {}
    )
    assert set(found["power of VMs"]) == {"VirtualMachine.Interact.PowerOff"}
    assert set(found["power of VMs"]["VirtualMachine.Interact.PowerOff"]) == {
        v.moid for v in seen.vms if not v.is_vcls
    }
    assert found["cancel tasks"] == {"Global.CancelTask": (ROOT,)}
    assert "upload files" not in found, "nobody uploads to a host"


def test_the_manual_names_every_capability_with_its_privileges() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for name, privileges in CAPABILITIES.items():
        assert f"| {name} | {', '.join(privileges)} |" in lines
