"""A simulated vCenter and its ESXi hosts, over real TLS with pyVmomi's own (de)serialisers.

spec = VsphereSpec(clusters=(ClusterSpec("Prod", 3, vms_per_host=4, vsan=True),))
with Site(SiteSpec(idracs=4, port=0, clock_speed=300.0)) as idracs, VsphereSite(spec, idracs) as site:
    ...  # sign in to site.address:site.port as spec.username; the certificate is site.fingerprint
    site.put(Blocker.USB_HOST, vm="Prod/0")  # the first machine; names and "esx-prod-01" do too
    site.faults.set("drop_after", method="RebootHost_Task", times=1)
    site.host("esx-prod-02").esxi.faults.set("never_returns")
    before = site.settings()
    site.wait_for(lambda: site.host("esx-prod-01").maintenance)
    site.journal("RebootHost_Task")  # who, when, what, and whether in maintenance mode
    site.counters["hosts_down_outside_maintenance"], site.settings() == before
"""

from __future__ import annotations

from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.demo import demo_spec
from dsm_desktop.simulator.vsphere.site import VsphereSite
from dsm_desktop.simulator.vsphere.spec import Account, ClusterSpec, VsphereSpec, host_spec

__all__ = ["Account", "Blocker", "ClusterSpec", "VsphereSite", "VsphereSpec", "demo_spec", "host_spec"]
