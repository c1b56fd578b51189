"""The properties of ESXi hosts, as a vCenter shows them."""

from __future__ import annotations

from typing import Any

from dsm_desktop.simulator.vsphere.nodes.base import ENTITY, refs
from dsm_desktop.simulator.vsphere.nodes.hosts import MANAGERS, PARTS, Host
from dsm_desktop.simulator.vsphere.schema import Leaves, Read, Schema
from dsm_desktop.simulator.vsphere.vmomi import moment, vim

MB = 1 << 20


def _identifiers(host: Host) -> list[Any]:
    def one(key: str, value: str) -> Any:
        return vim.host.SystemIdentificationInfo(
            identifierValue=value,
            identifierType=vim.ElementDescription(label=key, summary=key, key=key),
        )

    strings = [one("OemSpecificString", "Dell System"), one("OemSpecificString", "5[0000]")]
    return [one("AssetTag", " "), *strings, one("ServiceTag", host.service_tag or "unknown")]


def product(host: Host) -> Any:
    """What it runs, as vCenter last heard."""
    image = host.image
    return vim.AboutInfo(
        name="VMware ESXi",
        fullName=f"VMware ESXi {image.version} build-{image.build}",
        vendor="VMware, Inc.",
        version=image.version,
        build=image.build,
        osType="vmnix-x86",
        productLineId="embeddedEsx",
        apiType="HostAgent",
        apiVersion=".".join([*image.version.split("."), "0"][:4]),
    )


def _services(host: Host) -> Any:
    return vim.host.ServiceInfo(
        service=[
            vim.host.Service(
                key=s.key,
                label=s.label,
                required=s.required,
                uninstallable=False,
                running=s.running,
                policy=s.policy,
                ruleset=["sshServer"] if s.key == "TSM-SSH" else [],
            )
            for s in host.esxi.services.values()
        ]
    )


def _time(host: Host) -> Any:
    return vim.host.DateTimeInfo(
        timeZone=vim.host.DateTimeSystem.TimeZone(key="UTC", name="UTC", description="UTC", gmtOffset=0),
        ntpConfig=vim.host.NtpConfig(server=["ntp.example.test"]),
    )


def _nic(host: Host, kind: str, device: str, selected: bool) -> Any:
    number = host.number
    address = host.esxi.spec.address if kind == "management" else f"10.20.{device[-1]}.{number}"
    nic = vim.host.VirtualNic(
        device=device,
        key=f"key-vim.host.VirtualNic-{device}",
        portgroup="Management Network" if kind == "management" else kind,
        spec=vim.host.VirtualNic.Specification(
            ip=vim.host.IpConfig(dhcp=False, ipAddress=address, subnetMask="255.255.255.0")
        ),
    )
    return vim.host.VirtualNicManager.NetConfig(
        nicType=kind,
        multiSelectAllowed=True,
        candidateVnic=[nic],
        selectedVnic=[nic.key] if selected else [],
    )


def _nics(host: Host) -> Any:
    kinds = [("management", "vmk0", True), ("vmotion", "vmk1", host.vmotion)]
    if host.owner.vsan:
        kinds.append(("vsan", "vmk2", True))
    return [_nic(host, *kind) for kind in kinds]


def _ports(host: Host) -> Any:
    kind = vim.host.PhysicalNic
    return [
        kind(
            key=f"key-vim.host.PhysicalNic-{device}",
            device=device,
            pci=f"0000:{0x3B + number:02x}:00.0",
            driver="bnxtnet",
            mac=f"b0:26:28:{host.number >> 8 & 255:02x}:{host.number & 255:02x}:{number:02x}",
            wakeOnLanSupported=True,
            spec=kind.Specification(),
            linkSpeed=kind.LinkSpeedDuplex(speedMb=speed, duplex=True) if speed else None,
        )
        for number, (device, speed) in enumerate(host.links.items())
    ]


def _switch(network: Any) -> str:
    return "vSwitch0" if network.uplink else f"vSwitch-{network.name}"


def _switches(host: Host) -> list[Any]:
    """One with all physical adapters, and one of its own for each network that leads nowhere."""
    names = dict.fromkeys(["vSwitch0", *(_switch(n) for n in host.networks)])
    return [
        vim.host.VirtualSwitch(
            name=name,
            key=f"key-vim.host.VirtualSwitch-{name}",
            numPorts=2560,
            numPortsAvailable=2500,
            pnic=[p.key for p in _ports(host)] if name == "vSwitch0" else [],
            spec=vim.host.VirtualSwitch.Specification(numPorts=128),
        )
        for name in names
    ]


def _port_groups(host: Host) -> list[Any]:
    return [
        vim.host.PortGroup(
            key=f"key-vim.host.PortGroup-{n.name}",
            vswitch=f"key-vim.host.VirtualSwitch-{_switch(n)}",
            computedPolicy=vim.host.NetworkPolicy(),
            spec=vim.host.PortGroup.Specification(
                name=n.name, vlanId=0, vswitchName=_switch(n), policy=vim.host.NetworkPolicy()
            ),
        )
        for n in host.networks
    ]


def _dns(host: Host) -> Any:
    return vim.host.DnsConfig(
        dhcp=False,
        hostName=host.name.split(".")[0],
        domainName="example.test",
        address=list(host.dns),
    )


def _vsan(host: Host) -> Any:
    if not host.owner.vsan:
        return vim.vsan.host.ConfigInfo(enabled=False, hostSystem=host.ref)
    return vim.vsan.host.ConfigInfo(
        enabled=True,
        hostSystem=host.ref,
        clusterInfo=vim.vsan.host.ConfigInfo.ClusterInfo(uuid=host.owner.vsan_uuid, nodeUuid=host.uuid()),
    )


def _das(host: Host) -> Any:
    if not host.owner.das_on:
        return None
    away = host.connection != "connected"
    state = "hostDown" if away else "uninitialized" if host.maintenance else host.ha_state
    master = host.owner.ha_master()
    return vim.cluster.DasFdmHostState(
        state="master" if host is master and not away and not host.maintenance else state,
        stateReporter=None if master is None else master.ref,
    )


def _package(host: Host, index: int) -> Any:
    half = host.cores
    return vim.host.CpuPackage(
        index=index,
        vendor="intel",
        hz=host.mhz * 1_000_000,
        busHz=100_000_000,
        description=host.cpu_model,
        threadId=list(range(index * half, index * half + half)),
        family=6,
        model=106,
        stepping=6,
    )


def _attestation(host: Host) -> Any:
    return vim.host.TpmAttestationInfo(time=moment(host.boot_time + 60), status=host.tpm_status)


def _capability(host: Host) -> Any:
    yes = (
        "rebootSupported shutdownSupported vmotionSupported maintenanceModeSupported sanSupported nfsSupported "
        "iscsiSupported vlanTaggingSupported nicTeamingSupported storageVMotionSupported ftSupported smpFtSupported "
        "vsanSupported hostAccessManagerSupported cryptoSupported quickBootSupported tpmSupported uefiSecureBoot"
    ).split()
    return vim.host.Capability(**dict.fromkeys(yes, True), tpmVersion="2.0")


def _part(name: str) -> Read:
    return lambda host: host.parts[name].ref


def settings(host: Host) -> list[Any]:
    """The advanced settings of a host, named with dots."""
    return [
        vim.option.OptionValue(key=row.path.strip("/").replace("/", "."), value=row.value)
        for row in host.esxi.settings.all()
    ]


_HARDWARE = {
    "vendor": lambda h: h.vendor,
    "model": lambda h: h.model,
    "uuid": lambda h: h.uuid(),
    "otherIdentifyingInfo": _identifiers,
}

Host.schema = Schema(
    vim.HostSystem,
    {
        **ENTITY,
        "vm": lambda h: refs(h.vms),
        "datastore": lambda h: refs(h.stores),
        "network": lambda h: refs(h.networks),
        "datastoreBrowser": lambda h: h.browser.ref,
        "configIssue": lambda h: h.issues,
        "licensableResource": lambda h: vim.LicenseManager.LicensableResourceInfo(
            resource=[vim.KeyAnyValue(key="numCpuPackages", value=2)]
        ),
        "capability": _capability,
        **{f"configManager.{name}": _part(name) for name in MANAGERS},
        "runtime.connectionState": lambda h: h.connection,
        "runtime.powerState": lambda h: "unknown" if h.connection != "connected" else h.power,
        "runtime.standbyMode": lambda h: h.standby,
        "runtime.inMaintenanceMode": lambda h: h.maintenance,
        "runtime.inQuarantineMode": lambda h: h.quarantine,
        "runtime.bootTime": lambda h: moment(h.boot_time),
        "runtime.dasHostState": _das,
        "runtime.cryptoState": lambda h: h.crypto,
        "summary.host": lambda h: h.ref,
        **{f"summary.hardware.{name}": read for name, read in _HARDWARE.items()},
        "summary.hardware.memorySize": lambda h: h.memory_mb * MB,
        "summary.hardware.cpuModel": lambda h: h.cpu_model,
        "summary.hardware.cpuMhz": lambda h: h.mhz,
        "summary.hardware.numCpuPkgs": lambda h: 2,
        "summary.hardware.numCpuCores": lambda h: h.cores,
        "summary.hardware.numCpuThreads": lambda h: h.cores * 2,
        "summary.hardware.numNics": lambda h: 4,
        "summary.hardware.numHBAs": lambda h: 3,
        "summary.runtime": lambda h: Host.schema.read(h, "runtime", h.world.version),
        "summary.config.name": lambda h: h.name,
        "summary.config.port": lambda h: 443,
        "summary.config.product": product,
        "summary.config.vmotionEnabled": lambda h: h.vmotion,
        "summary.config.faultToleranceEnabled": lambda h: True,
        "summary.quickStats.overallCpuUsage": lambda h: h.used_mhz(),
        "summary.quickStats.overallMemoryUsage": lambda h: h.used_memory_mb(),
        "summary.quickStats.uptime": lambda h: int(max(0, h.world.now() - h.boot_time)),
        "summary.overallStatus": lambda h: h.overall_status(),
        "summary.rebootRequired": lambda h: h.esxi.reboot_required,
        "summary.maintenanceModeRequired": lambda h: None,
        "summary.managementServerIp": lambda h: h.world.spec.address,
        "summary.maxEVCModeKey": lambda h: h.evc_max,
        "summary.currentEVCModeKey": lambda h: h.owner.evc or h.evc_max,
        "summary.tpmAttestation": _attestation,
        "config.host": lambda h: h.ref,
        "config.product": product,
        "config.service": _services,
        "config.dateTimeInfo": _time,
        "config.virtualNicManagerInfo.netConfig": _nics,
        "config.network.pnic": _ports,
        "config.network.vswitch": _switches,
        "config.network.portgroup": _port_groups,
        "config.network.dnsConfig": _dns,
        "config.option": settings,
        "config.adminDisabled": lambda h: h.lockdown != "lockdownDisabled",
        "config.lockdownMode": lambda h: h.lockdown,
        "config.ipmi": lambda h: None if h.bmc is None else vim.host.IpmiInfo(bmcIpAddress=h.bmc),
        "config.vsanHostConfig": _vsan,
        **{f"hardware.systemInfo.{name}": read for name, read in _HARDWARE.items()},
        "hardware.systemInfo.serialNumber": lambda h: h.service_tag or None,
        "hardware.cpuInfo": lambda h: vim.host.CpuInfo(
            numCpuPackages=2, numCpuCores=h.cores, numCpuThreads=h.cores * 2, hz=h.mhz * 1_000_000
        ),
        "hardware.cpuPkg": lambda h: [_package(h, 0), _package(h, 1)],
        "hardware.memorySize": lambda h: h.memory_mb * MB,
        "hardware.smcPresent": lambda h: False,
        "hardware.biosInfo": lambda h: vim.host.BIOSInfo(
            biosVersion=h.bios, releaseDate=moment(1_680_000_000), vendor="Dell Inc."
        ),
    },
)

_PART_LEAVES: dict[str, Leaves] = {
    "HostServiceSystem": {"serviceInfo": lambda p: _services(p.host)},
    "HostDateTimeSystem": {"dateTimeInfo": lambda p: _time(p.host)},
    "HostAccessManager": {"lockdownMode": lambda p: p.host.lockdown},
    "HostVsanSystem": {"config": lambda p: _vsan(p.host)},
    "HostVirtualNicManager": {"info.netConfig": lambda p: _nics(p.host)},
    "OptionManager": {"setting": lambda p: settings(p.host)},
}
PARTS.update(
    {kind._wsdlName: Schema(kind, _PART_LEAVES.get(kind._wsdlName, {})) for kind in MANAGERS.values()}
)
