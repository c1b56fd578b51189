"""vSAN of a cluster through one of its hosts, with nothing but vCenter's ordinary API.

A host of the cluster tells in JSON which objects are being synchronised (VsanInternalSystem.QuerySyncingVsanObjects, since
5.5): every component carries `bytesToSync`. vSAN's health service raises vCenter alarms whose names begin with "vSAN"; its
own API is a separate endpoint that many accounts may not use.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.vsphere import Alarm, Colour, Vsan
from dsm_desktop.vmware.collector import Row

_RANK = (Colour.RED, Colour.YELLOW)


def read_vsan(hosts: Iterable[Row], alarms: Iterable[Alarm]) -> Vsan | None:
    """Of the first host that answers; None where no host takes part in vSAN or none could be asked. Objects are not counted:
    their trouble shows as an alarm."""
    for row in hosts:
        system = row.values.get("configManager.vsanInternalSystem")
        member = row.get("config.vsanHostConfig.enabled")
        if not member or system is None or row.text("runtime.connectionState") != "connected":
            continue
        try:
            said = system.QuerySyncingVsanObjects()
        except DsmError as error:
            if error.retryable:
                raise
            continue
        if (found := _synchronising(str(said))) is not None:
            return Vsan(resync_bytes=found, health=_health(alarms))
    return None


def _synchronising(text: str) -> int | None:
    """Bytes still to be brought up to date; None where it is not the JSON that hosts write."""
    try:
        told = json.loads(text)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    return sum(_amounts(told))


def _amounts(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "bytesToSync" and str(inner).isdecimal():
                yield int(inner)
            else:
                yield from _amounts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _amounts(inner)


def _health(alarms: Iterable[Alarm]) -> Colour:
    """The worst of the alarms of vSAN's health service that nobody has acknowledged."""
    colours = {a.colour for a in alarms if a.name.lower().startswith("vsan") and not a.acknowledged}
    return next((colour for colour in _RANK if colour in colours), Colour.GREEN)
