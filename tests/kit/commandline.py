"""The command line in processes of its own: forked from one that has imported the program for short commands, a fresh
interpreter for what is signalled, killed or looked at from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsm_desktop.app.application import Application
from dsm_desktop.app.profile import Profile
from dsm_desktop.cli import main as cli
from dsm_desktop.store import runners
from tests.kit.forking import CONTEXT


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """`dsm-desktop --profile <folder> …`."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.environ = environ
        self.said: list[Ran] = []

    def run(
        self, *arguments: object, typed: str = "", seconds: float = 180, options: tuple[str, ...] = ()
    ) -> Ran:
        """Run a command to its end with `typed` on standard input."""
        words = ["--profile", str(self.folder), *options, *map(str, arguments)]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "in").write_text(typed)
            child = CONTEXT.Process(target=_command, args=(words, name, self.environ))
            child.start()
            child.join(seconds)
            if child.is_alive():
                child.kill()
                child.join()
                raise AssertionError(f"{words} did not end: {(folder / 'err').read_text()[-2000:]}")
            ran = Ran(child.exitcode, (folder / "out").read_text(), (folder / "err").read_text())
            child.close()
        self.said.append(ran)
        return ran

    def ok(self, *arguments: object, typed: str = "", seconds: float = 180) -> Ran:
        """The same for what must succeed."""
        ran = self.run(*arguments, typed=typed, seconds=seconds)
        assert ran.code == 0, (arguments, ran)
        return ran

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """A command in a fresh interpreter, as an operator starts it."""
        return subprocess.Popen(
            [sys.executable, "-m", "dsm_desktop", "--profile", str(self.folder), *map(str, arguments)],
            env={**os.environ, **self.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class AgentProcess:
    """`dsm-desktop agent` at work on a profile; ends with the block. `said` holds its log after the end."""

    def __init__(self, line: CommandLine, app: Application | None = None) -> None:
        self._line = line
        self._app = app or Application(Profile(line.folder))
        self._own = app is None
        self._folder = tempfile.TemporaryDirectory()
        self.said = ""

    def __enter__(self) -> AgentProcess:
        known = {r.id for r in self._app.store.fetch(runners.alive)}
        folder = Path(self._folder.name)
        (folder / "in").touch()
        words = ["--profile", str(self._line.folder), "agent", "--threads", "8"]
        self.process = CONTEXT.Process(target=_command, args=(words, str(folder), self._line.environ))
        self.process.start()
        deadline = time.monotonic() + 60
        while not {r.id for r in self._app.store.fetch(runners.alive)} - known:
            assert self.process.is_alive(), self._log()
            assert time.monotonic() < deadline, "the agent did not start"
            time.sleep(0.02)
        return self

    def stop(self, seconds: float = 180) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        self.process.join(seconds)
        assert not self.process.is_alive(), f"the agent did not end: {self._log()}"
        self.said = self._log()
        return int(self.process.exitcode)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join()

    def __exit__(self, *exc: object) -> None:
        if self.process.is_alive():
            self.kill()
        self.process.close()
        self._folder.cleanup()
        if self._own:
            self._app.close()

    def _log(self) -> str:
        return Path(self._folder.name, "err").read_text()


def _command(words: list[str], folder: str, environ: dict[str, str]) -> None:
    os.environ.update(environ)
    for number, name, mode in (
        (0, "in", os.O_RDONLY),
        (1, "out", os.O_WRONLY | os.O_CREAT),
        (2, "err", os.O_WRONLY | os.O_CREAT),
    ):
        handle = os.open(Path(folder, name), mode, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, m) for n, m in ((0, "r"), (1, "w"), (2, "w")))
    code = cli.main(words)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
