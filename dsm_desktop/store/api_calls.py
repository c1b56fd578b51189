"""The activity log: every call to a device as a row of `api_calls`.

A changing call is on disk before it is sent. Plain reads are kept in memory until answered and written together; one that
waits long is written unanswered, so that a hanging device is seen while it hangs. One thread writes for all.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.clock import Clock, SystemClock
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.redact import masked, masked_text
from dsm_desktop.store.failures import StoreBusy, StoreError, StoreUnavailable
from dsm_desktop.store.models import ApiCall
from dsm_desktop.store.rows import clean_json, clean_text
from dsm_desktop.store.unit_of_work import Store

_log = logging.getLogger(__name__)
_TABLE = ApiCall.metadata.tables["api_calls"]
_ANSWER = ("status", "latency_ms", "received_bytes", "error", "answer")
_UPDATE = update(_TABLE).where(_TABLE.c.id == bindparam("row")).values({k: bindparam(k) for k in _ANSWER})
_INSERT = insert(_TABLE)
_INSERT_WITH_ID = insert(_TABLE).returning(_TABLE.c.id, sort_by_parameter_order=True)

FLUSH_SECONDS = 0.25
BATCH = 500
LONGEST_BODY = 16_384
_SHOW_UNANSWERED_AFTER = 2.0
_MOST_WAITING = 100_000
_COMMIT_PATIENCE = 60.0


@dataclass(slots=True)
class _Call:
    """A call on its way. `row_id` once it is stored; `answer` when it ended while being stored."""

    row: dict[str, Any]
    begun: float
    stored: threading.Event | None = None
    writing: bool = False
    row_id: int | None = None
    answer: dict[str, Any] | None = None
    failure: DsmError | None = None


@dataclass(slots=True)
class _Batch:
    """What one transaction writes: changing calls somebody waits for, unanswered ones, ended ones, answers."""

    urgent: list[_Call] = field(default_factory=list)
    unanswered: list[_Call] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.urgent or self.unanswered or self.ended or self.answers)


@dataclass(frozen=True, slots=True)
class BoundRecorder:
    """The recorder of one connection: knows which server, job and task its calls belong to."""

    writer: CallWriter
    server_id: int | None = None
    job_id: int | None = None
    task_id: int | None = None

    def begin(self, call: CallStart) -> int:
        return self.writer.begin(call, self.server_id, self.job_id, self.task_id)

    def end(self, token: int, result: CallEnd) -> None:
        self.writer.end(token, result)


class CallWriter:
    """The one writer of `api_calls` in a process (a core.calls.Recorder). Thread-safe; close it before the store."""

    def __init__(self, store: Store, *, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._tokens = itertools.count(1)
        self._wake = threading.Condition()
        self._open: dict[int, _Call] = {}
        self._next = _Batch()
        self._closing = False
        self._lost = 0
        self._problem: DsmError | None = None
        self._told = 0.0
        self._thread = threading.Thread(target=self._run, name="dsm-calls", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Rows of plain reads that could not be written although kept for long (store away, disk full)."""
        return self._lost

    @property
    def problem(self) -> DsmError | None:
        """Why the last write failed; None when it went well."""
        return self._problem

    def bound(
        self, *, server_id: int | None = None, job_id: int | None = None, task_id: int | None = None
    ) -> BoundRecorder:
        """A recorder whose rows carry these ids."""
        return BoundRecorder(self, server_id, job_id, task_id)

    def begin(
        self,
        call: CallStart,
        server_id: int | None = None,
        job_id: int | None = None,
        task_id: int | None = None,
    ) -> int:
        """Note that a call leaves now. A changing call: returns when the row is committed, else raises the store's error
        (DiskFull, StoreUnavailable …) and nothing may be sent."""
        row = _row(call, self._clock.now(), server_id, job_id, task_id)
        pending = _Call(row, self._clock.monotonic(), threading.Event() if call.changing else None)
        token = next(self._tokens)
        with self._wake:
            if self._closing:
                raise StoreUnavailable("The activity log is closed; nothing is sent.", where=call.host)
            self._open[token] = pending
            if pending.stored is not None:
                self._next.urgent.append(pending)
                self._wake.notify()
        if pending.stored is not None:
            self._await_commit(token, pending)
        return token

    def _await_commit(self, token: int, pending: _Call) -> None:
        assert pending.stored is not None
        answered = pending.stored.wait(_COMMIT_PATIENCE)
        if answered and pending.failure is None:
            return
        with self._wake:
            self._open.pop(token, None)
        raise pending.failure or StoreBusy(
            "The call could not be written down in time; it was not sent.",
            hint="Try again.",
            where=pending.row["host"],
        )

    def end(self, token: int, result: CallEnd) -> None:
        """Note what came back; unknown tokens (begun before a failure) are ignored."""
        answer = _answered(result)
        with self._wake:
            pending = self._open.pop(token, None)
            if pending is None:
                return
            if pending.row_id is not None:
                self._next.answers.append({"row": pending.row_id, **answer})
            elif pending.writing or pending.stored is not None:
                pending.answer = answer
            else:
                pending.row.update(answer)
                self._next.ended.append(pending.row)
                if len(self._next.ended) == BATCH:
                    self._wake.notify()

    def close(self) -> None:
        """Write what is left and stop; what cannot be written now is counted as lost and logged."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                busy = self._next.urgent or len(self._next.ended) >= BATCH
                if not self._closing and (self._problem is not None or not busy):
                    self._wake.wait(FLUSH_SECONDS)
                batch, closing = self._take(), self._closing
            if batch:
                self._write(batch)
            if closing:
                with self._wake:
                    rest = len(self._next.ended) + len(self._next.answers)
                    self._lost += rest
                if rest:
                    _log.error("%d calls could not be written to the activity log", rest)
                return

    def _take(self) -> _Batch:
        batch, self._next = self._next, _Batch()
        limit = self._clock.monotonic() - (-1.0 if self._closing else _SHOW_UNANSWERED_AFTER)
        for call in self._open.values():
            if call.begun > limit:
                break  # in order of beginning
            if call.row_id is None and call.stored is None and not call.writing:
                call.writing = True
                batch.unanswered.append(call)
        return batch

    def _write(self, batch: _Batch) -> None:
        try:
            self._commit(batch)
        except DsmError as error:
            self._failed(batch, error)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, and the thread must live on
            _log.exception("rows of the activity log were refused")
            batch.ended, batch.answers = [], []
            self._failed(batch, StoreError("The activity log refused a row.", detail=type(error).__name__))
        else:
            with self._wake:
                self._problem = None
                for call in (*batch.urgent, *batch.unanswered):
                    call.writing = False
                    if call.answer is not None:
                        self._next.answers.append({"row": call.row_id, **call.answer})
        for call in batch.urgent:
            assert call.stored is not None
            call.stored.set()

    def _commit(self, batch: _Batch) -> None:
        need_ids = [*batch.urgent, *batch.unanswered]
        with self._store.write() as uow:
            connection = uow.session.connection()
            ids = list(connection.scalars(_INSERT_WITH_ID, [c.row for c in need_ids])) if need_ids else []
            if batch.ended:
                connection.execute(_INSERT, batch.ended)
            if batch.answers:
                connection.execute(_UPDATE, batch.answers)
            if self._clock.monotonic() - self._told >= FLUSH_SECONDS:
                self._told = self._clock.monotonic()
                uow.changed("api_calls", "added")
        with self._wake:
            for call, row_id in zip(need_ids, ids, strict=True):
                call.row_id = row_id

    def _failed(self, batch: _Batch, error: DsmError) -> None:
        """Tell who waits; keep the rest for the next try, the newest where there are too many."""
        with self._wake:
            self._problem = error
            for call in batch.urgent:
                call.failure = error
            for call in batch.unanswered:
                call.writing = False
                if call.answer is not None:
                    self._next.ended.append({**call.row, **call.answer})
            ended = [*batch.ended, *self._next.ended]
            self._lost += max(0, len(ended) - _MOST_WAITING)
            self._next.ended = ended[-_MOST_WAITING:]
            self._next.answers = [*batch.answers, *self._next.answers]


def add_calls(store: Store, calls: list[tuple[datetime, CallStart, CallEnd, int | None, int | None]]) -> None:
    """Rows of calls that have ended, each with its time and the ids of its server and job: what others asked of us."""
    rows = [_row(call, at, server, job, None) | _answered(end) for at, call, end, server, job in calls]
    with store.write() as uow:
        uow.session.execute(_INSERT, rows)
        uow.changed("api_calls", "added")


def _row(
    call: CallStart, at: datetime, server_id: int | None, job_id: int | None, task_id: int | None
) -> dict[str, Any]:
    """A call that has not been answered yet."""
    return {
        "at": at,
        "server_id": server_id,
        "job_id": job_id,
        "task_id": task_id,
        "protocol": call.protocol[:12],
        "host": clean_text(call.host, 255),
        "method": call.method[:64],
        "path": masked_text(clean_text(call.path, 2_000)),
        "changing": call.changing,
        "status": None,
        "latency_ms": None,
        "received_bytes": 0,
        "error": "",
        "request": _body(call.body) if call.changing else None,
        "answer": None,
    }


def _answered(result: CallEnd) -> dict[str, Any]:
    """What came back, as columns."""
    return {
        "status": result.status,
        "latency_ms": result.latency_ms,
        "received_bytes": min(result.received_bytes, 2**31 - 1),
        "error": masked_text(clean_text(result.error, 2_000)) if result.error else "",
        "answer": _body(result.answer),
    }


_REFUSED_BY_BMC = (ApiCall.method == "POST", ApiCall.status == 401, ApiCall.path.like("%/Sessions"))
_REFUSED_BY_VCENTER = (ApiCall.protocol == "vsphere", ApiCall.method == "Login", ApiCall.status == 500)
_REFUSED_BY_SSH = (ApiCall.protocol == "ssh", ApiCall.method == "login", ApiCall.status == 401)


def refused_ago(store: Store, device: str, within: float) -> float | None:
    """Seconds since any process of this store had a login refused by a device (host:port as recorded), None when not within
    so many seconds. Read before each login, so that two processes do not add up to a lock-out."""
    now = SystemClock().now()
    newest = (
        select(func.max(ApiCall.at))
        .where(ApiCall.at > now - timedelta(seconds=within), ApiCall.host == device)
        .where(or_(and_(*_REFUSED_BY_BMC), and_(*_REFUSED_BY_VCENTER), and_(*_REFUSED_BY_SSH)))
    )
    seen = store.fetch(lambda connection: connection.scalar(newest))
    return None if seen is None else max(0.0, (now - seen).total_seconds())


def _body(body: Any) -> Any:
    """A body as it may be stored: masked again, clean, and cut where it is long."""
    if body is None:
        return None
    kept = clean_json(masked(body))
    text = json.dumps(kept)
    return (
        kept
        if len(text) <= LONGEST_BODY
        else {"cut": True, "bytes": len(text), "begins": text[:LONGEST_BODY]}
    )
