"""Reconfiguring clusters, DRS's recommendations and its dry run of an evacuation."""

from __future__ import annotations

import itertools
from typing import Any, Final

from dsm_desktop.simulator.vsphere.calls import Call, method
from dsm_desktop.simulator.vsphere.evacuation import migrate, recommendation
from dsm_desktop.simulator.vsphere.migration import best_target, reasons
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster, defaults
from dsm_desktop.simulator.vsphere.vmomi import fault, invalid_argument, is_unset, vim

EDIT: Final = "Host.Inventory.EditCluster"
SECONDS: Final = 3.0
_keys = itertools.count(1)


@method(vim.ComputeResource, needs=EDIT, changes=True)
def ReconfigureComputeResource_Task(call: Call, node: Any, spec: Any = None, modify: bool = False) -> Any:
    task = call.task("ComputeResource.reconfigureEx", node)

    def over() -> None:
        wrong = reconfigure(node, spec, modify) if isinstance(node, Cluster) else None
        if wrong is not None:
            task.fail(wrong)
        else:
            call.world.touch(node, *node.hosts)
            task.succeed()

    if task.running and not task.stuck:
        call.world.later(SECONDS, over)
    return task.ref


def reconfigure(cluster: Cluster, spec: Any, modify: bool) -> Any:
    """Apply a ConfigSpecEx. With `modify` only what was sent changes; without it everything else falls back to its default.

    Returns a fault, with nothing changed, when the specification does not fit.
    """
    wrong = _unfit(cluster, spec)
    if wrong is not None:
        return wrong
    if not modify:
        cluster.das, cluster.drs, cluster.dpm, cluster.infra = defaults()
        cluster.rules, cluster.groups = [], []
        cluster.drs_vm, cluster.das_vm = {}, {}
    for name, current in (("dasConfig", cluster.das), ("drsConfig", cluster.drs), ("dpmConfig", cluster.dpm)):
        merge(current, getattr(spec, name))
    merge(cluster.infra, spec.infraUpdateHaConfig)
    if spec.vmSwapPlacement:
        cluster.swap = spec.vmSwapPlacement
    _apply(cluster.drs_vm, spec.drsVmConfigSpec)
    _apply(cluster.das_vm, spec.dasVmConfigSpec)
    for change in spec.groupSpec:
        _change_list(cluster.groups, change, "name")
    for change in spec.rulesSpec:
        if str(change.operation) == "add":
            change.info.key = next(_keys)
            change.info.status = change.info.status or "green"
            change.info.inCompliance = True
            change.info.enabled = change.info.enabled is not False
        _change_list(cluster.rules, change, "key")
    _percentages(cluster)
    return None


def merge(current: Any, sent: Any) -> None:
    """Take over the fields that were sent; options by their key."""
    if sent is None:
        return
    for info in sent._GetPropertyList():
        value = getattr(sent, info.name)
        if is_unset(value):
            continue
        if info.name == "option":
            options = {o.key: o for o in current.option} | {o.key: o for o in value}
            value = [o for o in options.values() if o.value != ""]
        setattr(current, info.name, value)


def _unfit(cluster: Cluster, spec: Any) -> Any:
    """A removal or edit of something that is not there."""
    known = {r.key for r in cluster.rules}
    for change in spec.rulesSpec:
        if str(change.operation) == "remove" and change.removeKey not in known:
            return invalid_argument("spec.rulesSpec.removeKey")
        if str(change.operation) == "edit" and change.info.key not in known:
            return invalid_argument("spec.rulesSpec.info.key")
        if str(change.operation) != "remove" and not _whole(change.info):
            return invalid_argument("spec.rulesSpec.info")
    for change in (*spec.drsVmConfigSpec, *spec.dasVmConfigSpec):
        key = change.removeKey if str(change.operation) == "remove" else change.info.key
        if key is None or key._moId not in cluster.world.nodes:
            return invalid_argument("spec.vmConfigSpec.key")
    return None


def _whole(rule: Any) -> bool:
    """An edited rule is sent with all it consists of; only `modify` of the whole spec leaves out what stays."""
    if not rule.name:
        return False
    if not isinstance(rule, vim.cluster.VmHostRuleInfo):
        return True
    return bool(rule.vmGroupName and (rule.affineHostGroupName or rule.antiAffineHostGroupName))


def _apply(overrides: dict[str, Any], changes: list[Any]) -> None:
    for change in changes:
        if str(change.operation) == "remove":
            overrides.pop(change.removeKey._moId, None)
        else:
            overrides[change.info.key._moId] = change.info


def _change_list(items: list[Any], change: Any, key: str) -> None:
    operation = str(change.operation)
    if operation == "add":
        items.append(change.info)
        return
    wanted = change.removeKey if operation == "remove" else getattr(change.info, key)
    for number, item in enumerate(items):
        if getattr(item, key) == wanted:
            if operation == "remove":
                del items[number]
            else:
                merge(item, change.info)
            return


def _percentages(cluster: Cluster) -> None:
    """While they are computed automatically, percentages that were sent do not last."""
    policy = cluster.das.admissionControlPolicy
    if isinstance(policy, vim.cluster.FailoverResourcesAdmissionControlPolicy) and (
        policy.autoComputePercentages is not False
    ):
        percent = -(-100 * (policy.failoverLevel or 1) // max(1, len(cluster.hosts)))
        policy.cpuFailoverResourcesPercent = policy.memoryFailoverResourcesPercent = percent


# -- DRS ---------------------------------------------------------------------------------------------------------


@method(vim.ClusterComputeResource, needs="Host.Config.Maintenance")
def ClusterEnterMaintenanceMode(
    call: Call, cluster: Cluster, host: list[Any], option: list[Any] | None = None, info: Any = None
) -> Any:
    if not cluster.drs.enabled:
        raise fault(vim.fault.InvalidState, "DRS is not enabled in the cluster.")
    leaving = [call.node(h) for h in host]
    advice, faults = [], []
    for one in leaving:
        for vm in one.running():
            if vm.by_vcenter:
                continue
            why = reasons(vm, leaving)
            target = None if why else best_target(vm, leaving)
            if why:
                faults.append(vim.cluster.DrsFaults.FaultsByVm(vm=vm.ref, fault=why))
            elif target is not None:
                advice.append(recommendation(vm, target))
    told = vim.cluster.DrsFaults(reason="hostMaint", faultsByVm=faults) if faults else None
    return vim.cluster.EnterMaintenanceResult(recommendations=advice, fault=told)


@method(vim.ClusterComputeResource, needs="Resource.ApplyRecommendation", changes=True)
def ApplyRecommendation(call: Call, cluster: Cluster, key: str = "") -> None:
    wanted = next((r for r in cluster.recommendations if r.key == key), None)
    if wanted is None:
        raise invalid_argument("key")
    cluster.recommendations.remove(wanted)
    call.world.touch(cluster)
    move = wanted.action[0].drsMigration
    migrate(call.node(move.vm), call.node(move.destination), call.faults, call.session.user)


@method(vim.ClusterComputeResource, needs="System.Read", changes=True)
def CancelRecommendation(call: Call, cluster: Cluster, key: str = "") -> None:
    cluster.recommendations = [r for r in cluster.recommendations if r.key != key]
    call.world.touch(cluster)


@method(vim.ClusterComputeResource, needs=EDIT)
def RefreshRecommendation(call: Call, cluster: Cluster) -> None:
    call.world.touch(cluster)
