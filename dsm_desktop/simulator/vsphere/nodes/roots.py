"""The service instance and the managers that a vCenter has once."""

from __future__ import annotations

from collections import deque
from typing import Any

from dsm_desktop.simulator.vsphere.nodes.base import Node, refs
from dsm_desktop.simulator.vsphere.nodes.hostview import product
from dsm_desktop.simulator.vsphere.nodes.tasks import HISTORY, Task
from dsm_desktop.simulator.vsphere.schema import Leaves, Schema
from dsm_desktop.simulator.vsphere.vmomi import moment, vim, vmodl
from dsm_desktop.simulator.vsphere.world import World

SINGLES: dict[str, tuple[str, Any]] = {
    "propertyCollector": ("propertyCollector", vmodl.query.PropertyCollector),
    "viewManager": ("ViewManager", vim.view.ViewManager),
    "setting": ("VpxSettings", vim.option.OptionManager),
    "sessionManager": ("SessionManager", vim.SessionManager),
    "authorizationManager": ("AuthorizationManager", vim.AuthorizationManager),
    "alarmManager": ("AlarmManager", vim.alarm.AlarmManager),
    "taskManager": ("TaskManager", vim.TaskManager),
    "searchIndex": ("SearchIndex", vim.SearchIndex),
    "fileManager": ("FileManager", vim.FileManager),
    "datastoreNamespaceManager": ("DatastoreNamespaceManager", vim.DatastoreNamespaceManager),
    "vmProvisioningChecker": ("ProvisioningChecker", vim.vm.check.ProvisioningChecker),
    "perfManager": ("PerfMgr", vim.PerformanceManager),
    "customFieldsManager": ("CustomFieldsManager", vim.CustomFieldsManager),
    "extensionManager": ("ExtensionManager", vim.ExtensionManager),
}
"""Field of the service content, id and type."""
ONLY_VCENTER = ("alarmManager", "vmProvisioningChecker", "extensionManager", "customFieldsManager")


COUNTERS = {
    2: ("cpu.usage", "percent"),
    6: ("cpu.usagemhz", "megaHertz"),
    24: ("mem.usage", "percent"),
    98: ("mem.consumed", "kiloBytes"),
}
"""Performance counters: key, name, unit; percentages are in hundredths."""


class Single(Node):
    """A manager there is one of."""

    def __init__(self, world: World, moid: str, kind: Any) -> None:
        self.kind = kind
        self.schema = Schema(kind, LEAVES.get(kind._wsdlName, {}))
        super().__init__(world, moid)


def _about(node: Node) -> Any:
    spec = node.world.spec
    if spec.direct:
        about = product(node.world.singles["host"])
        about.instanceUuid, about.apiVersion = None, spec.api_version
        return about
    return vim.AboutInfo(
        name="VMware vCenter Server",
        fullName=f"VMware vCenter Server {spec.version} build-{spec.build}",
        vendor="VMware, Inc.",
        version=spec.version,
        build=spec.build,
        localeVersion="INTL",
        localeBuild="000",
        osType="linux-x64",
        productLineId="vpx",
        apiType="VirtualCenter",
        apiVersion=spec.api_version,
        instanceUuid=node.world.instance_uuid,
        licenseProductName="VMware VirtualCenter Server",
        licenseProductVersion=f"{spec.version.split('.')[0]}.0",
    )


def _content(node: Node) -> Any:
    content = vim.ServiceInstanceContent(
        rootFolder=node.world.singles["root"].ref,
        propertyCollector=vmodl.query.PropertyCollector("propertyCollector"),
        about=_about(node),
    )
    for field, (moid, kind) in SINGLES.items():
        if not (node.world.spec.direct and field in ONLY_VCENTER):
            setattr(content, field, kind(moid))
    return content


def _settings(node: Node) -> Any:
    values: dict[str, Any] = node.world.singles["settings"]
    return [vim.option.OptionValue(key=k, value=v) for k, v in values.items()]


def _recent(node: Node) -> Any:
    limit = node.world.now() - 600
    return refs(t for t in node.world.of(Task) if t.completed is None or t.completed > limit)


def _current(node: Node) -> Any:
    caller = node.world.caller
    return None if caller is None or caller.account is None else caller.describe()


def _described(text: str) -> Any:
    return vim.ElementDescription(label=text, summary=text, key=text)


def _counters(node: Node) -> Any:
    return [
        vim.PerformanceManager.CounterInfo(
            key=key,
            groupInfo=_described(name.split(".")[0]),
            nameInfo=_described(name.split(".")[1]),
            unitInfo=_described(unit),
            rollupType="average",
            statsType="absolute",
            level=1,
        )
        for key, (name, unit) in COUNTERS.items()
    ]


def _intervals(node: Node) -> Any:
    return [
        vim.HistoricalInterval(
            key=1, samplingPeriod=300, name="Past day", length=86400, level=1, enabled=True
        )
    ]


LEAVES: dict[str, Leaves] = {
    "ServiceInstance": {
        "content": _content,
        "serverClock": lambda n: moment(n.world.now()),
        "capability": lambda n: vim.Capability(
            provisioningSupported=True, multiHostSupported=True, userShellAccessSupported=True
        ),
    },
    "OptionManager": {"setting": _settings},
    "TaskManager": {"recentTask": _recent, "maxCollector": lambda n: 32},
    "SessionManager": {
        "currentSession": _current,
        "defaultLocale": lambda n: "en",
        "messageLocaleList": lambda n: ["en"],
    },
    "PerformanceManager": {
        "perfCounter": _counters,
        "historicalInterval": _intervals,
        "description": lambda n: vim.PerformanceDescription(
            counterType=[_described("average")], statsType=[_described("absolute")]
        ),
    },
    "AlarmManager": {},
    "CustomFieldsManager": {"field": lambda n: list(n.world.singles["fields"].values())},
    "ViewManager": {},
}


def make_singles(world: World) -> None:
    """Put them into a world."""
    world.singles["fields"] = {}
    world.singles["history"] = deque(maxlen=HISTORY)
    world.singles["settings"] = {
        "VirtualCenter.InstanceName": world.spec.name,
        "vgpu.hotmigrate.enabled": False,
    }
    world.add(Single(world, "ServiceInstance", vim.ServiceInstance))
    for moid, kind in SINGLES.values():
        world.add(Single(world, moid, kind))
