"""How the states of an iDRAC's own jobs are to be read: who has ended, who waits, who works, who writes firmware."""

from __future__ import annotations

ENDED = frozenset(
    {"Completed", "CompletedWithErrors", "Failed", "RebootCompleted", "RebootFailed", "ScheduledWithErrors"}
)
WAITING = frozenset(
    {"New", "Scheduled", "Scheduling", "ReadyForExecution", "Paused", "RebootPending", "PendingActivation"}
)
WRITES_FIRMWARE = frozenset({"FirmwareUpdate", "FirmwareRollback", "RepositoryUpdate"})
"""JobTypes in whose middle an iDRAC must not be restarted and no queue be cleared by force."""


def is_open(state: str) -> bool:
    """The job has not ended."""
    return state not in ENDED


def works(state: str) -> bool:
    """The job does something now."""
    return is_open(state) and state not in WAITING


def writes_firmware(kind: str, state: str) -> bool:
    """Firmware is being fetched or written."""
    return kind in WRITES_FIRMWARE and works(state)


def blocks(kind: str, state: str) -> str:
    """What a job stands in the way of, in words; "" for one that has ended."""
    if not is_open(state):
        return ""
    if writes_firmware(kind, state):
        return "writes firmware: leave it alone"
    if works(state):
        return "runs: new work on the same part is refused until it has ended"
    if state in ("RebootPending", "PendingActivation"):
        return "waits for a restart of the server"
    if kind.startswith("Reboot"):
        return "will restart the server"
    return "waits for its time or a restart of the server; its part takes no other change until then"
