"""May a host carry VMs again after work that did not end well? Looked at once for all that is put back on it.

nothing under way ─▶ vCenter reaches it steadily ─▶ datastores, networks and uplinks as before ─▶ it may; else a person is asked
"""

from __future__ import annotations

from functools import partial

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.uplinks import lost
from dsm_desktop.core.vsphere import Connection
from dsm_desktop.core.vsphere_words import ha_words
from dsm_desktop.jobs import JobContext, Option
from dsm_desktop.workflows.maintenance import (
    NotYet,
    Seen,
    reachable_stores,
    read_host,
    read_picture,
)
from dsm_desktop.workflows.under_way import (
    GO_ON,
    OVER,
    RESTART,
    UPDATE,
    Asked,
    HostKept,
    Watch,
    refuse_under_way,
)

GOOD_HA = ("master", "connectedToMaster")
GOOD_READS = 3
"""So often in a row a host must be seen well: vCenter shows old news for a minute."""


def missing(ctx: JobContext, before: Seen) -> list[str]:
    """Datastores, networks and uplinks that the host had before and has not now, by name; in a pool thread."""
    picture, host = read_picture(ctx), read_host(ctx)
    stores = set(reachable_stores(picture, host.moid))
    store_names = {d.moid: d.name for d in picture.datastores}
    net_names = {n.moid: n.name for n in picture.networks}
    return [
        *(f"datastore {store_names.get(m, m)}" for m in before.datastores if m not in stores),
        *(f"network {net_names.get(m, m)}" for m in before.networks if m not in host.networks),
        *(lost(before.uplinks, host.uplinks) if host.uplinks is not None else ()),
    ]


def stopped_services(ctx: JobContext, before: Seen) -> list[str]:
    """Keys of services that ran before and do not now; in a pool thread."""
    services = read_host(ctx).services
    if services is None:
        return []
    running = {s.key for s in services if s.running}
    return [key for key in before.services if key not in running]


def ha_again(ctx: JobContext, before: Seen, every: float) -> None:
    """NotYet until HA protects the host again, where it did before; looks once."""
    host = read_host(ctx)
    if before.ha_state in GOOD_HA and host.ha_state not in GOOD_HA:
        raise NotYet(
            f"{host.name} is out of maintenance mode, and HA does not protect it again: its agent says '{ha_words(host.ha_state)}'.",
            every=every,
            hint="Use 'Reconfigure for vSphere HA' on the host in vCenter, then 'Put back' on the restore list.",
            where=host.name,
        )


_OUT = "out"


class Opening:
    """`given_up`: a person has said that the host, which is away, is not waited for. `compared`: the work has ended because of
    what is missing, after it was waited for."""

    def __init__(
        self,
        ctx: JobContext,
        before: Seen,
        *,
        boot_minutes: float,
        settle_minutes: float,
        every: float,
        hours: float,
    ) -> None:
        self._ctx, self._before = ctx, before
        self._state = ""
        self._good = 0
        self._missing: list[str] = []
        self._said: HostKept | None = None
        self._looked = False
        self.given_up = self.compared = False
        label = ctx.target.label
        self._here = Watch(
            ctx,
            f"{label} to be reached again",
            self._reached,
            Asked(
                lambda: (
                    f"{label} is in maintenance mode, carries no VM, and vCenter does not reach it ({self._state}). Look at its"
                    " console; the iDRAC shows where its start stands."
                ),
                Option(value=GO_ON, title="Try to put it back", help="as far as that is possible now"),
                hours,
            ),
            minutes=boot_minutes,
            every=every,
        )
        self._whole = Watch(
            ctx,
            f"{label} to be as before",
            self._as_before,
            Asked(
                lambda: (
                    f"{label} is in maintenance mode and lacks what it had before the work:"
                    f" {', '.join(self._missing)}. Look at its adapters, cables and switches."
                ),
                Option(
                    value=GO_ON,
                    title="Open it all the same",
                    help="VMs may run on it again, without these",
                    danger=True,
                ),
                hours,
            ),
            minutes=settle_minutes,
            every=every,
        )

    async def allowed(self) -> None:
        """Returns when the host may leave maintenance mode. Raises HostKept, the same whoever asks."""
        if not self._looked:
            self._looked = True
            try:
                await self._look()
            except HostKept as kept:
                self._said = kept
        if self._said is not None:
            raise self._said

    async def _look(self) -> None:
        ctx = self._ctx
        await refuse_under_way(ctx, RESTART, UPDATE)
        state = await ctx.run(self._mode)
        if self.given_up and state not in (_OUT, Connection.CONNECTED.value):
            raise HostKept(
                f"{ctx.target.label} stays in maintenance mode: it is not reached ({state}).",
                hint="Look at its console; when it answers again, use 'Put back' on the restore list.",
                where=ctx.target.label,
            )
        if state == _OUT:
            return
        self._here.begun = True
        await self._here.settle()
        if await ctx.run(self._mode) == _OUT:
            return
        self._whole.begun = True
        if self.compared:
            await self._whole.over(asked_at_once=True)
        await self._whole.settle()
        for key in await ctx.run(partial(stopped_services, ctx, self._before)):
            ctx.log(f"Service {key} of {ctx.target.label} ran before the work and does not now.", "warning")

    def _mode(self) -> str:
        """Out of maintenance mode, or how it is reached."""
        try:
            host = read_host(self._ctx)
        except DsmError as error:
            if not error.retryable:
                raise
            return "no answer"
        return host.connection.value if host.in_maintenance else _OUT

    def _reached(self) -> str | None:
        host = read_host(self._ctx)
        self._state = host.connection.words
        self._good = self._good + 1 if host.connection is Connection.CONNECTED else 0
        return OVER if self._good >= GOOD_READS else None

    def _as_before(self) -> str | None:
        self._missing = missing(self._ctx, self._before)
        return None if self._missing else OVER
