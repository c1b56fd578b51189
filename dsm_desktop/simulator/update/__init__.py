"""Firmware of a simulated iDRAC: `device.updates` turns packages into jobs and jobs into other versions.

`upload` takes files off the wire, `package` reads them, `inventory` knows what they are for, `fetch` gets them from web
servers, `engine` puts it all into the job queue. Every flash that happens is noted in the journal: "flash BIOS 2.19.1".
"""

from __future__ import annotations

from dsm_desktop.simulator.update.engine import APPLY_TIMES, Order, Received, Updates

__all__ = ["APPLY_TIMES", "Order", "Received", "Updates"]
