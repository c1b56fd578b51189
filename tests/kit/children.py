"""Processes that are killed: forked from a server that has imported the program already, so that a test can have many."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dsm_desktop.commands import decisions
from dsm_desktop.core.access import Principal
from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.errors import BadInput
from dsm_desktop.store.api_calls import CallWriter
from dsm_desktop.store.backup import copy_before_migration, go_back
from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.migrate import upgrade
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store
from tests.kit.forking import CONTEXT


class Child:
    """`work(*args)` in a process of its own; made when the process is about to begin it."""

    def __init__(self, work: Callable[..., None], *args: Any) -> None:
        ours, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_begin, args=(theirs, work, args), daemon=True)
        self._process.start()
        theirs.close()
        assert ours.recv() == "go"
        ours.close()

    def ends_within(self, seconds: float) -> bool:
        self._process.join(seconds)
        return not self._process.is_alive()

    def kill(self) -> None:
        """kill -9, if it still runs."""
        self._process.kill()
        self._process.join(60)
        self._process.close()


def _begin(pipe: Connection, work: Callable[..., None], args: tuple[Any, ...]) -> None:
    pipe.send("go")
    pipe.close()
    work(*args)


def migrate_with_copy(url: str, copies: str) -> None:
    upgrade(url, copy_first=copy_before_migration(url, Path(copies)))


def return_to(url: str, copy: str) -> None:
    go_back(url, Path(copy))


def call_and_hang(url: str) -> None:
    """Two changing calls, the first answered; then wait to be killed."""
    log = CallWriter(open_store(url))
    first = log.begin(CallStart("redfish", "h", "POST", "/answered", changing=True))
    log.end(first, CallEnd(204, 1.0))
    log.begin(CallStart("redfish", "h", "POST", "/sent", changing=True))
    threading.Event().wait(60)


def answer_each(url: str, who: str, value: str, questions: list[int], together: Any, said: str) -> None:
    """A desktop whose operator answers each question at the same moment as another; what he was told, one line each."""
    store = Store(open_engines(url))
    told = []
    for question in questions:
        together.wait(60)
        try:
            with store.write() as uow:
                decisions.answer(uow, Principal(who), question, value)
            told.append("")
        except BadInput as error:
            told.append(error.message)
    store.close()
    Path(said).write_text(json.dumps(told))
