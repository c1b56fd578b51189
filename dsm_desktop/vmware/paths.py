"""Which properties are asked for. Leaf paths where they are: a structure costs 0.3 ms of parsing for each object in it.

Paths of newer versions may stand here: the collector leaves out what the agreed API version does not know.
"""

from __future__ import annotations

from typing import Final

FOLDER: Final = ("name", "parent")
NETWORK: Final = ("name", "host")
PORT_GROUP: Final = (*NETWORK, "config.distributedVirtualSwitch")
DATASTORE: Final = ("name", "parent", "summary", "host", "triggeredAlarmState")
CLUSTER: Final = (
    "name",
    "parent",
    "overallStatus",
    "configurationEx",
    "summary",
    "lifecycleManaged",
    "drsFault",
    "recommendation",
    "triggeredAlarmState",
    "recentTask",
)
HOST: Final = (
    "name",
    "parent",
    "overallStatus",
    "configIssue",
    "triggeredAlarmState",
    "recentTask",
    "datastore",
    "network",
    "runtime.connectionState",
    "runtime.powerState",
    "runtime.inMaintenanceMode",
    "runtime.inQuarantineMode",
    "runtime.standbyMode",
    "runtime.bootTime",
    "runtime.dasHostState",
    "runtime.cryptoState",
    "summary.hardware",
    "summary.quickStats.overallCpuUsage",
    "summary.quickStats.overallMemoryUsage",
    "summary.rebootRequired",
    "summary.currentEVCModeKey",
    "summary.maxEVCModeKey",
    "summary.config.vmotionEnabled",
    "config.product.version",
    "config.product.build",
    "config.lockdownMode",
    "config.ipmi.bmcIpAddress",
    "config.vsanHostConfig.enabled",
    "hardware.systemInfo.serialNumber",
    "config.network.dnsConfig",
    "config.dateTimeInfo.ntpConfig.server",
)
HOST_CLOSE: Final = (
    *HOST,
    "alarmActionsEnabled",
    "config.service",
    "config.network.portgroup",
    "config.network.vswitch",
    "config.network.proxySwitch",
    "config.network.opaqueSwitch",
    "config.network.pnic",
    "configManager.dateTimeSystem",
    "configManager.vsanInternalSystem",
)
"""For one host or one cluster: 25 services a host are too much for 200 of them."""
VM: Final = (
    "name",
    "runtime.host",
    "runtime.powerState",
    "runtime.connectionState",
    "runtime.faultToleranceState",
    "runtime.question",
    "runtime.toolsInstallerMounted",
    "runtime.suspendedToMemory",
    "runtime.minRequiredEVCModeKey",
    "runtime.consolidationNeeded",
    "runtime.quiescedForkParent",
    "config.instanceUuid",
    "config.template",
    "config.managedBy",
    "config.hardware.numCPU",
    "config.hardware.memoryMB",
    "config.cpuAllocation.reservation",
    "config.memoryAllocation.reservation",
    "config.memoryReservationLockedToMax",
    "config.cpuAffinity",
    "config.memoryAffinity",
    "config.latencySensitivity.level",
    "config.ftInfo",
    "config.keyId",
    "config.swapPlacement",
    "datastore",
    "network",
    "guest.hostName",
    "guest.ipAddress",
    "guest.toolsRunningStatus",
    "summary.quickStats.hostMemoryUsage",
    "summary.quickStats.overallCpuUsage",
    "summary.quickStats.consumedOverheadMemory",
    "snapshot",
)
NUMA: Final = 'config.extraConfig["numa.nodeAffinity"]'
"""One entry of some hundred, by its key."""
VM_CLOSE: Final = (
    *VM,
    "config.hardware.device",
    "config.files",
    "config.vFlashCacheReservation",
    "disabledMethod",
    "recentTask",
    NUMA,
)
"""With devices (2 ms a VM) and the some fifty methods that are not possible now."""
