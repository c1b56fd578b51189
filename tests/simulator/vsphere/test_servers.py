"""ESXi hosts on the servers of simulated iDRACs, SSH beside the vCenter, and the site as a program of its own."""

from __future__ import annotations

import dataclasses
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import paramiko
import pytest

from dsm_desktop.simulator import CannotListen, Site, SiteSpec
from dsm_desktop.simulator.esxi import Pace
from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite, VsphereSpec
from tests.simulator.client import RESET
from tests.simulator.client import Client as Redfish
from tests.simulator.vsphere.conftest import Client

SPEC = VsphereSpec(
    clusters=(ClusterSpec("Prod", 3, vms_per_host=3, vsan=True),), pace=Pace(stop=20, post=60, boot=60)
)


@pytest.fixture
def joined() -> Iterator[tuple[Site, VsphereSite, Client]]:
    """Four iDRACs; three of their servers form a cluster, one stands alone. Five minutes a second."""
    spec = SiteSpec(
        idracs=4, port=0, generations=["idrac9-6"], shared_key=True, healthy=True, clock_speed=300.0
    )
    with Site(spec) as idracs, VsphereSite(SPEC, idracs) as vsphere:
        client = Client(vsphere)
        yield idracs, vsphere, client
        client.close()


def test_hosts_are_the_servers_of_the_site(joined: tuple[Site, VsphereSite, Client]) -> None:
    idracs, vsphere, client = joined
    assert [h.service_tag for h in vsphere.hosts] == [i.service_tag for i in idracs.idracs]
    host, idrac = vsphere.hosts[0], idracs.idracs[0]
    told = client.read(host, "summary.hardware", "hardware.biosInfo")
    assert told["summary.hardware"].model == idrac.model
    assert told["hardware.biosInfo"].biosVersion == idrac.installed["BIOS.Setup.1-1"]


def test_a_restart_by_vcenter_boots_the_server_and_flashes_what_was_staged(
    joined: tuple[Site, VsphereSite, Client],
) -> None:
    idracs, vsphere, client = joined
    host, idrac = vsphere.hosts[0], idracs.idracs[0]
    boots = idrac.boots
    idrac.add_job("FirmwareUpdate", "Firmware Update: BIOS", seconds=120, at_boot=True)
    client.works(client.stored(host).EnterMaintenanceMode_Task(0, False))
    before = client.read(host, "runtime.bootTime")["runtime.bootTime"]
    client.works(client.stored(host).RebootHost_Task(False))
    assert vsphere.wait_for(lambda: host.connection == "notResponding")
    assert vsphere.wait_for(lambda: host.connection == "connected")
    assert client.read(host, "runtime.bootTime")["runtime.bootTime"] > before
    assert idrac.boots == boots + 1
    assert set(idrac.jobs.values()) == {"Completed"}
    assert host.maintenance


def test_a_reset_by_the_idrac_takes_the_host_away_and_brings_it_back(
    joined: tuple[Site, VsphereSite, Client],
) -> None:
    idracs, vsphere, _ = joined
    host, idrac = vsphere.hosts[1], idracs.idracs[1]
    before = host.boot_time
    with Redfish(idrac) as redfish:
        assert redfish.post(RESET, {"ResetType": "ForceRestart"}).status in (200, 202, 204)
    assert vsphere.wait_for(lambda: host.connection == "notResponding")
    assert vsphere.wait_for(lambda: host.connection == "connected")
    assert host.boot_time > before
    assert vsphere.journal() == []


def test_a_host_that_is_switched_off_stays_away(joined: tuple[Site, VsphereSite, Client]) -> None:
    idracs, vsphere, client = joined
    host, idrac = vsphere.hosts[2], idracs.idracs[2]
    client.works(client.stored(host).EnterMaintenanceMode_Task(0, False))
    client.works(client.stored(host).ShutdownHost_Task(False))
    assert vsphere.wait_for(lambda: idrac.power_state == "Off")
    assert vsphere.wait_for(lambda: host.connection == "notResponding")
    with Redfish(idrac) as redfish:
        assert redfish.post(RESET, {"ResetType": "On"}).status in (200, 202, 204)
    assert vsphere.wait_for(lambda: host.connection == "connected")


def test_ssh_opens_when_the_service_is_started_through_vcenter(
    joined: tuple[Site, VsphereSite, Client],
) -> None:
    _, vsphere, client = joined
    host = vsphere.hosts[0]
    client.stored(host).configManager.serviceSystem.StartService("TSM-SSH")
    ssh = paramiko.SSHClient()
    key = vsphere.ssh.key(host.esxi)
    name = f"[{host.esxi.spec.address}]:{vsphere.ssh.port}"
    ssh.get_host_keys().add(name, key.get_name(), key)

    def opened() -> bool:
        try:
            ssh.connect(
                host.esxi.spec.address,
                vsphere.ssh.port,
                "root",
                vsphere.spec.host_password,
                allow_agent=False,
                look_for_keys=False,
            )
        except OSError:
            return False
        return True

    assert vsphere.wait_for(opened)
    _, out, _ = ssh.exec_command("vmware -v")
    assert "VMware ESXi 8.0.2" in out.read().decode()
    ssh.close()


def test_the_site_runs_as_a_program_with_its_vcenter() -> None:
    command = [sys.executable, "-m", "dsm_desktop.simulator", "--idracs", "13", "--port", "0", "--healthy"]
    command += ["--network", "127.79.0.0/24", "--shared-key", "--vsphere", "--brief"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        told = json.loads(child.stdout.readline())
        vsphere = told["vsphere"]
        base = f"http://127.0.0.1:{told['control_port']}/vsphere"

        def call(path: str, body: dict[str, Any] | None = None) -> Any:
            data = None if body is None else json.dumps(body).encode()
            with urllib.request.urlopen(base + path, data, timeout=60) as answer:
                return json.load(answer)

        try:
            assert len(vsphere["hosts"]) == 12
            assert all(host["idrac"] for host in vsphere["hosts"])
            assert call("")["fingerprint"] == vsphere["fingerprint"]
            assert call("/blockers", {"blocker": "usb_host", "where": "Production/5"})["on"]
            assert call("/hosts/esx-branch-01/faults", {"name": "never_returns"}) == ["never_returns"]
            assert call("/journal") == []
            assert call("/new_certificate", {})["fingerprint"] != vsphere["fingerprint"]
        finally:
            child.stdin.close()
            assert child.wait(60) == 0


def test_a_port_that_is_taken_is_told_and_nothing_stays_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        spec = dataclasses.replace(SPEC, port=taken.getsockname()[1])
        with pytest.raises(CannotListen):
            VsphereSite(spec).start()


def test_a_client_that_never_finishes_its_handshake_does_not_hold_up_the_end() -> None:
    site = VsphereSite(SPEC)
    site.start()
    with socket.create_connection((site.address, site.port)) as silent:
        silent.sendall(b"\x16")
        began = time.monotonic()
        site.stop()
        assert time.monotonic() - began < 25
