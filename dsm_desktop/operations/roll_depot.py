"""The depot of a rolling update, put onto a datastore of the cluster once, before every host is asked what it needs."""

from __future__ import annotations

from datetime import timedelta

from dsm_desktop.jobs import JobContext, Option, Question
from dsm_desktop.operations.rolling_options import RollOptions
from dsm_desktop.workflows.depot import put_depot
from dsm_desktop.workflows.store_upload import InTheWay, NoRoom, NotWhole


async def depot_in_place(ctx: JobContext, params: RollOptions, cluster: str) -> None:
    """Otherwise each host would send it. Where it does not fit a person is asked: nothing was begun yet. Raises what stood in
    the way when the answer is to stop."""
    at, number = params.depot_at, 0
    if not (at.file and at.store):
        return
    client = ctx.vcenter(params.vcenter_id)
    while True:
        number += 1
        try:
            await put_depot(
                ctx,
                at,
                stores=lambda: client.read_cluster(params.cluster).datastores,
                owner=cluster,
                vcenter=params.vcenter_id,
                key=f"roll {number}",
            )
        except (NoRoom, InTheWay, NotWhole) as error:
            if await ctx.decide(_question(cluster, error, number, params.ask_hours)) == "stop":
                raise
        else:
            return


def _question(cluster: str, error: NoRoom | InTheWay | NotWhole, number: int, hours: float) -> Question:
    return Question(
        key=f"depot {number}",
        question=f"The depot cannot be put onto a datastore of {cluster}; no host has been touched. {error.message} {error.hint}",
        options=[
            Option(value="retry", title="Try again", help="the cause was removed"),
            Option(value="stop", title="Stop the run", help="every host stays as it is"),
        ],
        default="stop",
        within=timedelta(hours=hours),
    )
