"""Processes that are killed: forked from a server that has imported the program already, so that a test can have many."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.store.api_calls import CallWriter
from dsm_desktop.store.backup import copy_before_migration, go_back
from dsm_desktop.store.migrate import upgrade
from dsm_desktop.store.opening import open_store

_CONTEXT: Any = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":
    _CONTEXT.set_forkserver_preload(["tests.kit.children"])


class Child:
    """`work(*args)` in a process of its own; made when the process is about to begin it."""

    def __init__(self, work: Callable[..., None], *args: Any) -> None:
        ours, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_begin, args=(theirs, work, args), daemon=True)
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
        self._process.join(30)
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
