"""Firmware, then ESXi, in one evacuation."""

from __future__ import annotations

from dsm_desktop.jobs import Danger, JobContext, Targets, job
from dsm_desktop.operations.emptying import MOVED, ONE_BY_ONE
from dsm_desktop.operations.host_update import HostUpdateResult, update_emptied
from dsm_desktop.operations.host_work import BothOrder, HostWork


class FirmwareThenEsxiParams(HostWork):
    depot_needed = True

    def both_order(self, restarts: int) -> BothOrder:
        return BothOrder.TOGETHER if restarts == 1 else BothOrder.FIRMWARE_FIRST


@job(
    "firmware_then_esxi",
    label="Firmware, then ESXi…",
    title="Firmware, then ESXi: {target}",
    targets=Targets.HOST,
    menu="vSphere",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    confirm=lambda p: f"{MOVED} {ONE_BY_ONE}",
)
async def firmware_then_esxi(ctx: JobContext, params: FirmwareThenEsxiParams) -> HostUpdateResult:
    """Update ESXi and the server's firmware while the host is empty. Where the firmware needs one restart, it is staged in the
    iDRAC, ESXi goes into the other boot bank, and that one restart brings both; firmware that needs more restarts has its own
    before ESXi's. Each is read back.
    """
    return await update_emptied(ctx, params)
