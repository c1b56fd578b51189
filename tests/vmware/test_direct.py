"""An ESXi host that is spoken to directly is a small vCenter of one host."""

from __future__ import annotations

from dsm_desktop.simulator.vsphere import VsphereSite, host_spec
from tests.vmware.kit import client_of, ended


def test_a_host_by_itself() -> None:
    with VsphereSite(host_spec(clock_speed=200.0)) as site, client_of(site) as client:
        assert client.about().kind == "esxi"
        seen = client.read_site()
        (host,) = seen.hosts
        assert (seen.clusters, host.cluster, host.service_tag) == ((), "", site.hosts[0].service_tag)
        picture = client.read_cluster(host.moid)
        assert (picture.cluster, picture.vcenter_version, picture.vcenter_addresses) == (None, "", ())
        assert len(picture.vms) == len(site.vms)
        assert client.dry_run_evacuation("", host.moid) is None
        assert client.missing_privileges(seen) == {}
        for vm in picture.vms:
            client.shutdown_guest(vm.moid)
        assert ended(site, client, client.enter_maintenance(host.moid, 600)).state == "success"
        assert client.read_host(host.moid).in_maintenance
        assert ended(site, client, client.exit_maintenance(host.moid, 600)).state == "success"
