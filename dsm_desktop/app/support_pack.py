"""One file for whoever helps: how the program is doing, with every secret masked, and on wish every name and address."""

from __future__ import annotations

import json
import platform
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dsm_desktop import __version__
from dsm_desktop.app.profile import Profile
from dsm_desktop.core.redact import Redactor
from dsm_desktop.core.settings import SECTIONS
from dsm_desktop.queries.calls import CallFilter, call_ids, call_rows
from dsm_desktop.queries.export import ExportFailed
from dsm_desktop.queries.jobs import job_tasks, list_jobs
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.queries.status import diagnostics
from dsm_desktop.store.migrate import head
from dsm_desktop.store.retention import size_meter
from dsm_desktop.store.settings import load
from dsm_desktop.store.unit_of_work import Store

_JOBS = 200
_CALLS = 500
_SERVER = (
    "id",
    "model",
    "generation",
    "idrac_version",
    "bios_version",
    "access",
    "health",
    "power_state",
    "problem",
)
_CALL = ("id", "at", "host", "method", "path", "status", "latency_ms", "error")


class SupportPack:
    """Blocking; reads only. Bodies of calls, credential sets and device logs are not in it."""

    def __init__(self, store: Store, profile: Profile, redactor: Redactor) -> None:
        self._store, self._profile, self._redactor = store, profile, redactor

    def write(self, file: Path, *, names: bool) -> list[str]:
        """Write the pack; `names` False puts "server-12" for every name, tag and address. Returns what is in it.
        Raises ExportFailed."""
        part = file.with_name(f"{file.name}.part")
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as pack:
                for name, text in self._parts(names):
                    pack.writestr(name, text)
                inside = pack.namelist()
            part.replace(file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ExportFailed(
                f"The file could not be written: {error}.", hint="Choose another folder.", where=str(file)
            ) from error
        return inside

    def _parts(self, names: bool) -> list[tuple[str, str]]:
        servers = self._store.fetch(list_servers)
        hide = _plain if names else _hider(servers)
        parts = {
            "about.txt": self._about(),
            "diagnostics.json": _json(asdict(self._store.fetch(diagnostics))),
            "settings.json": _json({s.name: load(self._store, s).model_dump(mode="json") for s in SECTIONS}),
            "servers.json": _json([{k: getattr(row, k, None) for k in _SERVER} for row in servers]),
            "failed-jobs.json": _json(self._failed_jobs()),
            "failed-calls.json": _json(self._failed_calls()),
        }
        for report in sorted(self._profile.reports.glob("*.[tl][xo][tg]")):
            parts[f"reports/{report.name}"] = report.read_text("utf-8", "replace")
        # Masked as the last thing of all: whatever a record holds, its text goes through here.
        return [(name, hide(self._redactor.text(text))) for name, text in parts.items()]

    def _about(self) -> str:
        sizes = "\n".join(f"{s.kind}: {s.rows} rows, {s.bytes} bytes" for s in size_meter(self._store))
        return (
            f"DSM Desktop {__version__}, schema {head()}\nmade {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n"
            f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}\n\n{sizes}\n"
        )

    def _failed_jobs(self) -> list[dict[str, Any]]:
        def ask(connection: Any) -> list[dict[str, Any]]:
            jobs = [job for job in list_jobs(connection, limit=_JOBS) if job.failed]
            return [
                {
                    "id": job.id, "kind": job.kind, "state": job.outcome, "at": job.submitted_at, "params": job.params,
                    "failures": [task.error for task in job_tasks(connection, job.id) if task.error],
                }
                for job in jobs
            ]  # fmt: skip

        return self._store.fetch(ask)

    def _failed_calls(self) -> list[dict[str, Any]]:
        def ask(connection: Any) -> list[dict[str, Any]]:
            ids = call_ids(connection, CallFilter(outcome="failed"), limit=_CALLS)
            return [{k: getattr(row, k) for k in _CALL} for row in call_rows(connection, ids)]

        return self._store.fetch(ask)


def _plain(text: str) -> str:
    return text


def _hider(servers: Sequence[ServerRow]) -> Callable[[str], str]:
    """Every name, tag and address of a server becomes "server-<id>", other IPv4 addresses "address"."""
    known: dict[str, str] = {}
    for row in servers:
        for word in (row.name, row.host_name, row.host_name.partition(".")[0], row.service_tag, row.address):
            if word and len(word) > _SHORTEST_NAME:
                known[word.lower()] = f"server-{row.id}"
    words = sorted(known, key=len, reverse=True)
    names = re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None

    def hide(text: str) -> str:
        if names is not None:
            text = names.sub(lambda found: known[found[0].lower()], text)
        return _IPV4.sub("address", text)

    return hide


_SHORTEST_NAME = 3
_IPV4 = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, default=str, ensure_ascii=False)
