"""vSAN at rest again: what was written while a host was away has been copied to it. A state that cannot be asked is not rest."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import count

from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.jobs import JobContext, Option, Question, TimedOut
from dsm_desktop.workflows.maintenance import HostNotSound, patiently, read_picture

UNREAD = "vSAN's state could not be asked"


def left_to_copy(picture: ClusterPicture) -> int | None:
    """Bytes that vSAN still copies; 0 where no host takes part in it; None where some do and nobody tells."""
    cluster = picture.cluster
    if cluster is None or not any(host.vsan for host in picture.hosts):
        return 0
    return cluster.vsan.resync_bytes if cluster.vsan else None


def copying(left: int) -> str:
    """ "vSAN copies 12.3 GiB"."""
    return f"vSAN copies {left / 2**30:.1f} GiB"


async def vsan_at_rest(
    ctx: JobContext, *, minutes: float, unread_minutes: float, every: float, hours: float
) -> None:
    """Wait until vSAN copies nothing. Where it does not tell for `unread_minutes` a person is asked. Raises HostNotSound."""
    label = ctx.target.label
    for number in count(1):
        look = _Look(ctx, unread_minutes * 60)
        try:
            seen = await ctx.wait_for(
                "vSAN to be at rest", patiently(look), every=every, timeout=minutes * 60
            )
        except TimedOut as error:
            said = copying(look.left) if look.left is not None else UNREAD
            raise HostNotSound(
                f"{said} after {minutes:g} minutes.",
                hint="Look at vSAN's resync in vCenter; go on when it is over.",
                where=label,
            ) from error
        if seen == "rest":
            return
        answer = await ctx.decide(_question(label, number, hours))
        if answer == "go_on":
            return
        if answer == "stop":
            raise HostNotSound(
                f"{label} is in service again, and whether vSAN is at rest is not known: its state could not be asked.",
                hint="Look at vSAN's resync in vCenter; go on with the next host when it is over.",
                where=label,
            )


class _Look:
    """ "rest", or "unread" when it has not been told for so long."""

    def __init__(self, ctx: JobContext, patience: float) -> None:
        self._ctx, self._patience = ctx, patience
        self.left: int | None = None
        self._unread_since: float | None = None

    def __call__(self) -> str | None:
        self.left = left_to_copy(read_picture(self._ctx))
        if self.left is None:
            self._unread_since = self._unread_since or time.monotonic()
            self._ctx.progress(0, 1, f"{UNREAD}; it is asked again")
            return "unread" if time.monotonic() - self._unread_since >= self._patience else None
        self._unread_since = None
        if self.left:
            self._ctx.progress(0, 1, copying(self.left))
            return None
        return "rest"


def _question(label: str, number: int, hours: float) -> Question:
    return Question(
        key=f"vSAN unread {number}",
        question=f"{label} is in service again, and {UNREAD}: while it copies data a second host that goes out may make data"
        " unreachable. Look at vSAN's resync in vCenter, and whether the account may ask for it.",
        options=[
            Option(value="retry", title="Ask again"),
            Option(value="go_on", title="vSAN is at rest", help="you have looked in vCenter", danger=True),
            Option(value="stop", title="Stop here", help="no further host is taken"),
        ],
        default="stop",
        within=timedelta(hours=hours),
    )
