"""ESXi, then firmware, in one evacuation."""

from __future__ import annotations

from dsm_desktop.jobs import Danger, JobContext, Targets, job
from dsm_desktop.operations.emptying import MOVED, ONE_BY_ONE
from dsm_desktop.operations.host_update import HostUpdateResult, update_emptied
from dsm_desktop.operations.host_work import BothOrder, HostWork


class EsxiThenFirmwareParams(HostWork):
    depot_needed = True

    def both_order(self, restarts: int) -> BothOrder:
        return BothOrder.TOGETHER if restarts == 1 else BothOrder.ESXI_FIRST


@job(
    "esxi_then_firmware",
    label="ESXi, then firmware…",
    title="ESXi, then firmware: {target}",
    targets=Targets.HOST,
    menu="vSphere",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    confirm=lambda p: f"{MOVED} {ONE_BY_ONE}",
)
async def esxi_then_firmware(ctx: JobContext, params: EsxiThenFirmwareParams) -> HostUpdateResult:
    """Update ESXi and the server's firmware while the host is empty. Where the firmware needs one restart, it is staged in the
    iDRAC, ESXi goes into the other boot bank, and that one restart brings both; firmware that needs more restarts has its own
    after ESXi's. Each is read back.
    """
    return await update_emptied(ctx, params)
