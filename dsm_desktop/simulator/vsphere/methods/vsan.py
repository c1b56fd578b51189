"""What a host tells of vSAN."""

from __future__ import annotations

import json
from typing import Any

from dsm_desktop.simulator.vsphere.calls import Call, method
from dsm_desktop.simulator.vsphere.nodes.hosts import Part
from dsm_desktop.simulator.vsphere.vmomi import fault, vim
from dsm_desktop.simulator.vsphere.vsan import syncing


@method(vim.host.VsanInternalSystem)
def QuerySyncingVsanObjects(call: Call, part: Part, uuids: list[Any] | None = None) -> str:
    if call.faults.strike("vsan_unread") is not None:
        raise fault(vim.fault.VsanFault, "vSAN does not answer.")
    return json.dumps(syncing(part.host))
