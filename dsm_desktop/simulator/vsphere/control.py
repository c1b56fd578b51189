"""Steering a simulated vCenter over the site's control interface."""

from __future__ import annotations

import dataclasses
from typing import Any

from dsm_desktop.simulator.errors import BadSite
from dsm_desktop.simulator.vsphere.site import VsphereSite


def on_vsphere(vsphere: VsphereSite, verb: str, rest: list[str], body: dict[str, Any]) -> Any:
    """Carry out one call; the table of the control interface says which there are. Raises BadSite."""
    match [verb, *rest]:
        case ["GET"]:
            return vsphere.as_dict()
        case ["GET", "journal"]:
            return [dataclasses.asdict(action) for action in vsphere.journal()]
        case ["GET", "counters"]:
            return vsphere.counters
        case ["POST", "blockers"]:
            return {"on": vsphere.put(str(body["blocker"]), str(body["where"])).name}
        case ["POST", "faults"]:
            vsphere.faults.set(**body)
            return vsphere.faults.active()
        case ["DELETE", "faults"]:
            vsphere.faults.clear()
            return []
        case ["POST", "hosts", name, "faults"]:
            faults = vsphere.host(name).esxi.faults
            faults.set(**body)
            return faults.active()
        case ["DELETE", "hosts", name, "faults"]:
            vsphere.host(name).esxi.faults.clear()
            return []
        case ["POST", "restart"]:
            vsphere.restart(float(body["seconds"]))
            return {}
        case ["POST", "new_certificate"]:
            return {"fingerprint": vsphere.new_certificate()}
        case ["POST", "expire_sessions"]:
            vsphere.expire_sessions()
            return {}
    raise BadSite(f"There is no call {verb} /vsphere/{'/'.join(rest)}.")
