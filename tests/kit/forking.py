"""Processes forked from one that has imported the program: a test can start, kill and freeze many of them."""

from __future__ import annotations

import multiprocessing
import pkgutil
import sys
from typing import Any

from dsm_desktop import operations

CONTEXT: Any = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
"""The one server of a test process; what it imports it imports once. Every kind of job is among it: that is nine tenths of what an
agent does until it is at work, and the kill tests start more than a thousand."""
if sys.platform != "win32":
    CONTEXT.set_forkserver_preload(
        [
            *(found.name for found in pkgutil.iter_modules(operations.__path__, f"{operations.__name__}.")),
            "psycopg",
            "sqlalchemy.dialects.postgresql.psycopg",
            "tests.kit.children",
            "tests.kit.commandline",
            "tests.kit.power_agent",
            "tests.kit.rolling",
        ]
    )
