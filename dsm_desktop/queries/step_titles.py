"""The steps of a task in words. What was recorded of them, which a job that goes on is found by, stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, select

from dsm_desktop.core.states import JobState, StepState
from dsm_desktop.queries.jobs import StepRow, task_steps
from dsm_desktop.store.models import EsxiHost, JobTask, VsphereObject

_MOID = re.compile(r"\b(?:host|vm|domain-[cs]|datastore|network|group-[a-z]|resgroup|dvportgroup)-?\d+\b")
_BEHIND = re.compile(r"(?P<thing>«[^»]*»)[ :]\d+\b")
"""vSphere's number of a device, behind the VM that it belongs to."""
_TIME = re.compile(r"^#?(\d+)(?:$| (?=[a-z]+-))")
"""How often it was done until then: alone, or before the host that it was done with."""

STOPPED = "stopped"


def titled_steps(connection: Connection, task_id: int) -> list[StepRow]:
    """As `task_steps`, for people: a started job by its kind, hosts and VMs by the names the last look at vCenter gave them, and
    of what was done once no number. What a task that has ended left without an end is `stopped`: nothing of it runs."""
    rows = task_steps(connection, task_id)
    state = connection.scalar(select(JobTask.state).where(JobTask.id == task_id))
    if state is not None and JobState(state).final:
        rows = [
            replace(r, state=STOPPED) if r.state == StepState.BEGUN and r.kind != "always" else r
            for r in rows
        ]
    wanted = {moid for row in rows for moid in _MOID.findall(f"{row.name} {row.key}")}
    names = _names(connection, wanted) if wanted else {}
    return [replace(row, name=_title(row.name, names), key=_mark(row.key, names)) for row in rows]


def _names(connection: Connection, moids: set[str]) -> dict[str, str]:
    """Only what is called the same in every vCenter: with two of them "host-11" may be two hosts."""
    found: dict[str, set[str]] = {}
    for table in (EsxiHost, VsphereObject):
        for moid, name in connection.execute(select(table.moid, table.name).where(table.moid.in_(moids))):
            found.setdefault(moid, set()).add(name)
    return {moid: next(iter(names)) for moid, names in found.items() if len(names) == 1}


def _named(text: str, names: Mapping[str, str]) -> str:
    marked = _MOID.sub(lambda m: f"«{names[m[0]]}»" if m[0] in names else m[0], text)
    return _BEHIND.sub(r"\g<thing>", marked).replace("«", "").replace("»", "")


def _title(name: str, names: Mapping[str, str]) -> str:
    kind = name.removeprefix("spawn ")
    return f"start the job “{kind.replace('_', ' ')}”" if kind != name else _named(name, names)


def _mark(key: str, names: Mapping[str, str]) -> str:
    """ "#1" says nothing, "#2" that it is done for the second time; "2 host-11" with whom besides."""
    time = _TIME.match(key)
    if time is None:
        return _named(key, names)
    again = "" if time[1] == "1" else f"time {time[1]}"
    return ", ".join(filter(None, (_named(key[time.end() :], names), again)))
