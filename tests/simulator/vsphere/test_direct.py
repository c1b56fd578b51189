"""One ESXi host without a vCenter, spoken to directly."""

from __future__ import annotations

import http.client

import pytest

from dsm_desktop.simulator.vsphere import VsphereSite, host_spec
from dsm_desktop.simulator.vsphere.vmomi import vim
from tests.simulator.vsphere.conftest import Client


def test_a_host_speaks_for_itself() -> None:
    with VsphereSite(host_spec(clock_speed=200.0)) as site:
        client = Client(site)
        about = client.content.about
        assert (about.apiType, about.productLineId, about.version) == ("HostAgent", "embeddedEsx", "8.0.2")
        assert client.content.alarmManager is None
        (host,) = site.hosts
        stored = client.stored(host)
        assert client.read(host, "hardware.systemInfo.serialNumber") == {
            "hardware.systemInfo.serialNumber": host.service_tag
        }
        stuck = client.fails(stored.EnterMaintenanceMode_Task(60, False))
        assert isinstance(stuck, vim.fault.Timedout), "nobody moves its machines"
        for vm in host.vms:
            client.stored(vm).ShutdownGuest()
        client.works(stored.EnterMaintenanceMode_Task(600, False))
        client.works(stored.RebootHost_Task(False))
        assert site.wait_for(lambda: not host.esxi.running)
        with pytest.raises(http.client.RemoteDisconnected):
            client.si.CurrentTime()
        assert site.wait_for(lambda: host.esxi.boots == 1 and host.esxi.running)
        with pytest.raises(vim.fault.NotAuthenticated):
            client.si.CurrentTime()
        client.close()
        client = Client(site)
        assert client.content.about.build == host.image.build

        connection = http.client.HTTPSConnection(site.address, site.port, context=client.context, timeout=60)
        path = f"/folder/a.zip?dcPath=ha-datacenter&dsName={host.stores[0].name}"
        connection.request("PUT", path, b"x", {"Cookie": client.stub.cookie})
        assert connection.getresponse().status == 201
        connection.close()
        client.close()
