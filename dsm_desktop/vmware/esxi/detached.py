"""An update that goes on when its session is lost, is started once whatever happens, and can be looked at by anybody.

ESXi's /tmp lives in memory: what lies there is gone after a restart, and so the marker tells of this boot only.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from shlex import quote

from dsm_desktop.core.errors import BadInput
from dsm_desktop.vmware.esxi.errors import EsxcliError, error_of
from dsm_desktop.vmware.esxi.facts import UpdateResult, parse_update

_KEY = re.compile(r"[A-Za-z0-9-]{1,60}\Z")
STARTED, THERE = "started", 9
"""What the starting line says, and its exit status where the same update was started before."""


class Stage(enum.StrEnum):
    """ABSENT: not started in this boot. LOST: started, not running, and it left no end."""

    ABSENT = "absent"
    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class UpdateLook:
    """Where an update is. ENDED has either `result` or `error`."""

    stage: Stage
    result: UpdateResult | None = None
    error: EsxcliError | None = None


def folder_of(key: str) -> str:
    """The marker of an update; `key` names the job's task, so that another job's update is told apart."""
    if not _KEY.match(key):
        raise BadInput(f"'{key}' cannot be the name of an update.")
    return f"/tmp/dsm-update-{key}"  # noqa: S108 - on the ESXi host; made by mkdir, which refuses what is there


def start_line(key: str, command: str) -> str:
    """One line for the shell: making the folder is what lets only one start through."""
    folder = folder_of(key)
    work = f"{command} > {folder}/out 2>&1; echo $? > {folder}/status"
    return f"mkdir {folder} || exit {THERE}; nohup sh -c {quote(work)} > /dev/null 2>&1 & echo {STARTED}"


def ended(command: str, status: str, out: str, where: str) -> UpdateLook:
    """What a finished update said: judged by its status and its text together."""
    result = parse_update(out)
    if status.strip() == "0" and result is not None:
        return UpdateLook(Stage.ENDED, result=result)
    code = int(status) if status.strip().isdigit() else 1
    return UpdateLook(Stage.ENDED, error=error_of(command, code, out, where))
