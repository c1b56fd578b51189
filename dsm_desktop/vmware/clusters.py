"""A cluster's settings → plain values: HA, DRS, rules, and what DRS last refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dsm_desktop.core.vsphere import (
    Cluster,
    Colour,
    DrsLevel,
    DrsPolicy,
    HaPolicy,
    Rule,
    RuleKind,
    RunningTask,
    VmOverride,
)
from dsm_desktop.vmware.collector import Row
from dsm_desktop.vmware.facts import Place, alarms_of, as_enum, tasks_of
from dsm_desktop.vmware.faults import fault_text, moid_of


def cluster_of(
    row: Row, place: Place, names: Mapping[str, str], running: Mapping[str, RunningTask]
) -> Cluster:
    """A cluster. `configurationEx` is a ClusterConfigInfoEx, also where the API declares less."""
    config, summary = row.get("configurationEx"), row.get("summary")
    return Cluster(
        moid=row.moid,
        name=row.name,
        datacenter=place.datacenter(row),
        status=as_enum(Colour, row.values.get("overallStatus"), Colour.GRAY),
        evc=str(getattr(summary, "currentEVCModeKey", "") or ""),
        image_managed=row.values.get("lifecycleManaged"),
        ha=_ha(config, summary),
        drs=_drs(config),
        rules=tuple(_rules(config)),
        alarms=alarms_of(row, names),
        tasks=tasks_of(row, running),
        drs_faults=tuple(drs_faults(row.get("drsFault", ()))),
        advice=tuple((str(r.key), _advice(r, place)) for r in row.get("recommendation", ())),
    )


def _advice(said: Any, place: Place) -> str:
    """A recommendation in words: each of its moves, and DRS's own reason."""
    moves = [a.drsMigration for a in said.action or () if getattr(a, "drsMigration", None) is not None]
    words = [
        f"move {place.name(moid_of(m.vm))} from {place.name(moid_of(m.source))} to {place.name(moid_of(m.destination))}"
        for m in moves
    ]
    reason = str(said.reasonText or said.reason or "")
    return ", ".join(words or [f"act on {place.name(moid_of(said.target))}"]) + (
        f" ({reason})" if reason else ""
    )


def _ha(config: Any, summary: Any) -> HaPolicy:
    das = getattr(config, "dasConfig", None)
    if das is None:
        return HaPolicy()
    policy = das.admissionControlPolicy
    kind = type(policy).__name__.rpartition(".")[2]
    words = {
        "FailoverResourcesAdmissionControlPolicy": "percent",
        "FailoverLevelAdmissionControlPolicy": "slots",
        "FailoverHostAdmissionControlPolicy": "hosts",
    }
    level = getattr(policy, "failoverLevel", None)
    current = getattr(summary, "currentFailoverLevel", None)
    return HaPolicy(
        enabled=bool(das.enabled),
        host_monitoring=str(das.hostMonitoring or "enabled") == "enabled",
        admission_control=bool(das.admissionControlEnabled),
        policy=words.get(kind, ""),
        cpu_percent=int(getattr(policy, "cpuFailoverResourcesPercent", 0) or 0),
        memory_percent=int(getattr(policy, "memoryFailoverResourcesPercent", 0) or 0),
        auto_percent=bool(getattr(policy, "autoComputePercentages", False)),
        level=int(level if level is not None else das.failoverLevel or 0),
        current_level=None if current is None else int(current),
        failover_hosts=tuple(moid_of(host) for host in getattr(policy, "failoverHosts", None) or ()),
    )


def _drs(config: Any) -> DrsPolicy:
    drs = getattr(config, "drsConfig", None)
    if drs is None:
        return DrsPolicy()
    dpm = getattr(config, "dpmConfigInfo", None)
    proactive = getattr(config, "infraUpdateHaConfig", None)
    return DrsPolicy(
        enabled=bool(drs.enabled),
        level=as_enum(DrsLevel, drs.defaultVmBehavior, DrsLevel.FULL),
        overrides_allowed=drs.enableVmBehaviorOverrides is not False,
        overrides=tuple(_override(item) for item in getattr(config, "drsVmConfig", None) or ()),
        dpm=bool(getattr(dpm, "enabled", False)),
        proactive_ha=bool(getattr(proactive, "enabled", False)),
    )


def _override(item: Any) -> VmOverride:
    level = None if item.behavior is None else as_enum(DrsLevel, item.behavior, DrsLevel.MANUAL)
    return VmOverride(moid_of(item.key), item.enabled is not False, level)


def _rules(config: Any) -> Iterator[Rule]:
    vm_groups: dict[str, tuple[str, ...]] = {}
    host_groups: dict[str, tuple[str, ...]] = {}
    for group in getattr(config, "group", None) or ():
        if hasattr(group, "vm"):
            vm_groups[group.name] = tuple(moid_of(vm) for vm in group.vm)
        else:
            host_groups[group.name] = tuple(moid_of(host) for host in group.host)
    for rule in getattr(config, "rule", None) or ():
        kind = type(rule).__name__.rpartition(".")[2]
        key, name, enabled = int(rule.key or 0), str(rule.name or ""), rule.enabled is not False
        mandatory = bool(rule.mandatory)
        if kind in ("AffinityRuleSpec", "AntiAffinityRuleSpec"):
            apart = RuleKind.APART if kind == "AntiAffinityRuleSpec" else RuleKind.TOGETHER
            yield Rule(key, name, apart, enabled, mandatory, tuple(moid_of(vm) for vm in rule.vm))
        elif kind == "VmHostRuleInfo":
            away = rule.affineHostGroupName is None
            hosts = host_groups.get(
                str(rule.antiAffineHostGroupName if away else rule.affineHostGroupName), ()
            )
            vms = vm_groups.get(str(rule.vmGroupName), ())
            yield Rule(key, name, RuleKind.ON_HOSTS, enabled, mandatory, vms, hosts, away)


def drs_faults(found: Any) -> Iterator[tuple[str, str]]:
    """(VM, reason) of each refusal, each once."""
    seen: set[tuple[str, str]] = set()
    for group in found or ():
        for of_vm in group.faultsByVm or ():
            for fault in of_vm.fault or ():
                entry = (moid_of(getattr(of_vm, "vm", None)), fault_text(fault))
                if entry not in seen:
                    seen.add(entry)
                    yield entry
