"""What hosts and clusters have used: processor and memory, every five minutes of the last day."""

from __future__ import annotations

import math
from typing import Any, Final

from dsm_desktop.simulator.vsphere.calls import Call, method
from dsm_desktop.simulator.vsphere.nodes.base import Node
from dsm_desktop.simulator.vsphere.nodes.clusters import Compute
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.roots import COUNTERS
from dsm_desktop.simulator.vsphere.vmomi import moment, vim, vmodl

P: Any = vim.PerformanceManager
DAY: Final = 86400
LIVE: Final = 20
LIVE_SPAN: Final = 3600


@method(P)
def QueryPerfCounter(call: Call, node: Node, counterId: list[int] | None = None) -> Any:
    return [c for c in node.schema.read(node, "perfCounter", call.version) if c.key in (counterId or [])]


@method(P)
def QueryAvailablePerfMetric(
    call: Call,
    node: Node,
    entity: Any = None,
    beginTime: Any = None,
    endTime: Any = None,
    intervalId: Any = None,
) -> Any:
    return [P.MetricId(counterId=key, instance="") for key in COUNTERS]


@method(P)
def QueryPerfProviderSummary(call: Call, node: Node, entity: Any = None) -> Any:
    live = isinstance(call.node(entity), Host)
    return P.ProviderSummary(
        entity=entity, currentSupported=live, summarySupported=True, refreshRate=LIVE if live else None
    )


@method(P)
def QueryPerf(call: Call, node: Node, querySpec: list[Any] | None = None) -> Any:
    return P.EntityMetricBase.Array([_series(call, spec) for spec in querySpec or []])


def _series(call: Call, spec: Any) -> Any:
    entity = call.node(spec.entity)
    if spec.format not in (None, "normal"):
        raise vmodl.fault.NotSupported(msg="Only the format normal is answered.")
    interval = spec.intervalId or 300
    now = call.world.now()
    end = min(now, spec.endTime.timestamp()) if spec.endTime is not None else now
    span = LIVE_SPAN if interval == LIVE else DAY
    begin = max(end - span, spec.startTime.timestamp() if spec.startTime is not None else 0)
    first = math.ceil(begin / interval)
    ticks = [n * interval for n in range(first, int(end // interval) + 1)]
    if spec.maxSample:
        ticks = ticks[-spec.maxSample :]
    wanted = [m.counterId for m in spec.metricId] or list(COUNTERS)
    return P.EntityMetric(
        entity=spec.entity,
        sampleInfo=[P.SampleInfo(timestamp=moment(t), interval=interval) for t in ticks],
        value=[
            P.IntSeries(id=P.MetricId(counterId=key, instance=""), value=[_at(entity, key, t) for t in ticks])
            for key in wanted
            if key in COUNTERS
        ],
    )


def _at(entity: Any, counter: int, when: float) -> int:
    """A day with a busy afternoon, ending in what is used now."""
    hosts = entity.hosts if isinstance(entity, Compute) else [entity] if isinstance(entity, Host) else []
    wave = 1 + 0.15 * math.sin((when % DAY) / DAY * 2 * math.pi - math.pi / 2)
    mhz, memory_mb = sum(h.used_mhz() for h in hosts), sum(h.used_memory_mb() for h in hosts)
    total_mhz = sum(h.cores * h.mhz for h in hosts) or 1
    total_mb = sum(h.memory_mb for h in hosts) or 1
    values = {
        "cpu.usage": mhz * 10000 / total_mhz,
        "cpu.usagemhz": mhz,
        "mem.usage": memory_mb * 10000 / total_mb,
        "mem.consumed": memory_mb * 1024,
    }
    return int(values[COUNTERS[counter][0]] * wave)
