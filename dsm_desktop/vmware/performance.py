"""What a cluster has used in the last day: the five-minute samples vCenter keeps for so long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from dsm_desktop.core.errors import DsmError
from dsm_desktop.vmware.collector import one
from dsm_desktop.vmware.faults import moid_of
from dsm_desktop.vmware.session import Opened, current_time
from dsm_desktop.vmware.vmodl import vim

_INTERVAL: Final = 300
_CPU: Final = "cpu.usagemhz.average"
_MEMORY: Final = "mem.consumed.average"


def peaks(opened: Opened, cluster: str) -> tuple[int | None, int | None]:
    """(memory in MiB, CPU in MHz): the highest use of the whole cluster in 24 hours. None where it is not kept or may not be
    read (statistics switched off, no privilege, a host by itself)."""
    try:
        keys = _counters(opened)
        wanted = [keys[name] for name in (_MEMORY, _CPU) if name in keys]
        if opened.about.kind != "vcenter" or not wanted:
            return None, None
        query = vim.PerformanceManager.QuerySpec(
            entity=opened.object("ClusterComputeResource", cluster),
            metricId=[vim.PerformanceManager.MetricId(counterId=key, instance="") for key in wanted],
            intervalId=_INTERVAL,
            # By vCenter's own clock: ours may be the wrong one.
            startTime=current_time(opened) - timedelta(hours=24),
            format="normal",
        )
        found = opened.content.perfManager.QueryPerf([query])
    except DsmError as error:
        if error.retryable:
            raise
        return None, None
    highest = {series.id.counterId: _highest(series) for entity in found for series in entity.value}
    memory, cpu = highest.get(keys.get(_MEMORY)), highest.get(keys.get(_CPU))
    return None if memory is None else memory // 1024, cpu


def _counters(opened: Opened) -> dict[str, int]:
    """Number of each counter by its name; they differ from one vCenter to the next, and are asked for once a session."""
    if not opened.counters:
        manager = moid_of(opened.content.perfManager)
        for item in one(opened, "PerformanceManager", manager, ("perfCounter",)).get("perfCounter", ()):
            name = f"{item.groupInfo.key}.{item.nameInfo.key}.{item.rollupType}"
            opened.counters[name] = int(item.key)
    return opened.counters


def _highest(series: Any) -> int | None:
    """A sample of -1 is one that is missing."""
    return max((int(v) for v in series.value if v >= 0), default=None)
