"""What a rolling update asks a person between its hosts."""

from __future__ import annotations

from datetime import timedelta

from dsm_desktop.jobs import Option, Question
from dsm_desktop.operations.roll_gates import Gate, words_of
from dsm_desktop.queries.roll_hosts import HostOutcome
from dsm_desktop.workflows.roll_keys import FAILED, GATES, asked_key
from dsm_desktop.workflows.roll_plan import PlannedHost


def gate_question(host: PlannedHost, gate: Gate, turn: int, hours: float) -> Question:
    """Red is never gone over: it can be waited for, or the host is left out."""
    options = [Option(value="retry", title="Look again", help="the cause was removed")]
    if gate.amber:
        options.append(
            Option(value="go_on", title=f"Take {host.name} all the same", help=words_of(gate), danger=True)
        )
    options += [
        Option(value="skip", title=f"Leave {host.name} out", help="the next host is looked at"),
        Option(value="stop", title="Stop the run", help="hosts that are through stay as they are"),
    ]
    return Question(
        key=asked_key(GATES, turn, host.moid),
        question=f"{host.name} is not taken, the cluster is {gate.colour}: {words_of(gate)}",
        options=options,
        default="stop",
        within=timedelta(hours=hours),
    )


def failure_question(
    host: PlannedHost, outcome: HostOutcome, turn: int, mark: str, hours: float, more: bool
) -> Question:
    """`mark` names the host and no other of the run."""
    options = [Option(value="retry", title=f"Try {host.name} again", help="the cause was removed")]
    if more:
        options.append(
            Option(value="go_on", title="Go on with the next host", help=f"{host.name} stays as it is now")
        )
    options.append(Option(value="stop", title="Stop the run", help="hosts that are through stay as they are"))
    return Question(
        key=asked_key(FAILED, turn, mark),
        question=f"{host.name} failed: {outcome.message} {outcome.hint}".strip(),
        options=options,
        default="stop",
        within=timedelta(hours=hours),
    )
