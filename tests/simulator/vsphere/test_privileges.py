"""The simulated vCenter asks for the privilege that the API's own description names."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.vsphere import VsphereSite
from dsm_desktop.simulator.vsphere.calls import _METHODS

NOT_DESCRIBED: Final = {
    "ApplyRecommendation": "Resource.ApplyRecommendation",
    "CancelTask": "Global.CancelTask",
    "DeleteDatastoreFile_Task": "Datastore.FileManagement",
    "MakeDirectory": "Datastore.FileManagement",
    "MigrateVM_Task": "Resource.HotMigrate",
    "MoveDatastoreFile_Task": "Datastore.FileManagement",
    "ReconfigVM_Task": "VirtualMachine.Interact.DeviceConnection",
    "SearchDatastoreSubFolders_Task": "Datastore.Browse",
    "SearchDatastore_Task": "Datastore.Browse",
    "UpdateOptions": "Host.Config.Settings",
    "setCustomValue": "Global.SetCustomField",
}
"""Methods whose description names none: vCenter decides by what they are given."""


def test_each_method_wants_what_its_description_names() -> None:
    assert isinstance(VsphereSite, type), "with it every method is declared"
    looked_at, odd = 0, []
    for name, candidates in _METHODS.items():
        for method in candidates:
            described = [info for info in method.kind._GetMethodList() if info.wsdlName == name]
            for info in described:
                named = {info.privId} | {p.privId for p in info.params}
                wanted = {p for p in named if p and not p.startswith("System.")}
                needs = method.needs if not method.needs.startswith("System.") else ""
                expected = NOT_DESCRIBED.get(name)
                looked_at += 1
                if needs != expected if expected else {needs} - {""} != wanted:
                    odd.append((name, method.needs, sorted(wanted)))
    assert odd == []
    assert looked_at > 60
    assert NOT_DESCRIBED.keys() <= _METHODS.keys()
