"""vSAN of a cluster as far as maintenance sees it: who is out, and what is being brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.vsphere.vmomi import fault, vim

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host

MISSED: Final = 6 << 30
"""Bytes a host has missed while it was away."""
SPEED: Final = 256 << 20
"""Bytes that are brought up to date in a simulated second."""
STEP: Final = 5.0
OBJECT: Final = 1 << 30


def resync(host: Host, size: int) -> None:
    """Let a cluster bring so many bytes up to date; its hosts all tell the same."""
    if not host.owner.vsan:
        return
    states = [h.esxi.vsan for h in host.owner.hosts]
    idle = not states[0].resync_bytes
    _tell(host, states[0].resync_bytes + size)
    if idle:
        host.world.later(STEP, lambda: _go_on(host))


def _go_on(host: Host) -> None:
    left = host.esxi.vsan.resync_bytes - int(SPEED * STEP)
    _tell(host, max(0, left))
    if left > 0:
        host.world.later(STEP, lambda: _go_on(host))


def _tell(host: Host, size: int) -> None:
    for member in host.owner.hosts:
        member.esxi.vsan.resync_bytes = size
        member.esxi.vsan.resync_objects = -(-size // OBJECT)
    host.world.touch(host.owner)


def refusal(host: Host, action: str) -> Any:
    """The fault when objects would be lost to the cluster: another member is out, and this one is asked to keep them."""
    if not host.owner.vsan or action == "noAction":
        return None
    out = [h for h in host.owner.hosts if h is not host and (h.maintenance or h.connection != "connected")]
    if not out:
        return None
    return fault(
        vim.fault.VsanFault,
        f"Objects would become inaccessible: {out[0].name} is out already.",
    )


def syncing(host: Host) -> dict[str, Any]:
    """The objects that are being brought up to date, in the shape of the host's own answer."""
    vsan = host.esxi.vsan
    share = vsan.resync_bytes // vsan.resync_objects if vsan.resync_objects else 0
    component = {"attributes": {"bytesToSync": share, "recoveryETA": share // SPEED}}
    return {
        "dom_objects": {
            f"{host.owner.vsan_uuid}-{number:04}": {"config": {"content": {"child-1": component}}}
            for number in range(vsan.resync_objects)
        }
    }
