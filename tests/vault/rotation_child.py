"""A process that imports once and forks for each order: rotate a store's key and be killed at the N-th database event.

Orders are JSON lines {"url", "key_file", "kill_at"}; each is answered by "killed" or "finished". Run by test_rotation.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault import rotation
from dsm_desktop.vault.key_file import KeyFileProvider
from dsm_desktop.vault.vault import Vault


def rotate(url: str, key_file: str, kill_at: int) -> None:
    """Begin or resume; SIGKILL at the `kill_at`-th statement, commit or written key."""
    store, keeper = Store(open_engines(url)), KeyFileProvider(Path(key_file))
    count = itertools.count(1)

    def maybe_die(*_: Any) -> None:
        if next(count) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(store.engines.write, name, maybe_die)
    vault = Vault(store)
    vault.unlock(keeper)
    if not rotation.under_way(vault):
        rotation.begin(vault, [keeper])
    assert rotation.resume(vault, batch=4).finished
    store.close()


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            rotate(**order)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else f"finished {status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
