"""What a fresh picture of a cluster says of clocks and of vSAN, over sockets."""

from __future__ import annotations

from dsm_desktop.core.vsphere import Colour
from dsm_desktop.simulator.vsphere import VsphereSite
from tests.vmware.kit import client_of


def test_clocks_are_compared_with_vcenters_not_with_ours(site: VsphereSite) -> None:
    """The simulated time runs 200 times as fast as ours and is far from it after a moment."""
    wrong = next(h for h in site.hosts if h.owner.name == "Prod")
    site.put("clock_skew", host=wrong.name)
    client = client_of(site)
    try:
        cluster = next(c.moid for c in client.read_site().clusters if c.name == "Prod")
        skews = {h.name: h.clock_skew_seconds for h in client.read_cluster(cluster).hosts}
    finally:
        client.close()
    assert all(skew is not None for skew in skews.values())
    assert abs((skews[wrong.name] or 0) - 45) < 20
    assert all(abs(skew or 0) < 20 for name, skew in skews.items() if name != wrong.name)


def test_vsan_is_read_where_there_is_one(site: VsphereSite) -> None:
    client = client_of(site)
    try:
        found = {c.name: c.moid for c in client.read_site().clusters}
        prod, lab = (client.read_cluster(found[name]).cluster for name in ("Prod", "Lab"))
        assert prod is not None
        assert prod.vsan is not None
        assert (prod.vsan.resync_bytes, prod.vsan.health) == (0, Colour.GREEN)
        assert lab is not None
        assert lab.vsan is None
        site.put("vsan_resync", cluster="Prod")
        busy = client.read_cluster(found["Prod"]).cluster
        assert busy is not None
        assert busy.vsan is not None
        assert (busy.vsan.resync_bytes or 0) > 1 << 30
    finally:
        client.close()
