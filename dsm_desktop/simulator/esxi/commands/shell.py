"""The ESXi shell: lists, pipes, redirection, background; enough of busybox's sh for what programs send over SSH."""

from __future__ import annotations

import contextlib
import itertools
import re
import threading
from collections.abc import Callable
from typing import Final

from dsm_desktop.simulator.errors import SimulatorError
from dsm_desktop.simulator.esxi.commands import busybox, filetools, hardware, software, system, vsan
from dsm_desktop.simulator.esxi.commands.call import Call, Result, Signals, Stopped
from dsm_desktop.simulator.esxi.commands.esxcli import esxcli
from dsm_desktop.simulator.esxi.commands.syntax import Command, chain, lists, pipe
from dsm_desktop.simulator.esxi.commands.vimcmd import vim_cmd
from dsm_desktop.simulator.esxi.commands.words import SyntaxTrouble, Token, split
from dsm_desktop.simulator.esxi.files import Files
from dsm_desktop.simulator.esxi.machine import Esxi

NAMESPACES: Final = (hardware, software, system, vsan)
"""Imported so that their commands are known to esxcli."""
Emit = Callable[[str, str], None]
_PREFIXES: Final = ("nohup", "setsid", "exec", "time")
_pids = itertools.count(2100000)


class Exit(Exception):
    """`exit`: the shell ends with its last status."""


class Shell:
    """A shell of one session. `run` carries out a line and returns its status; output leaves through `emit`."""

    def __init__(self, host: Esxi, user: str, signals: Signals, emit: Emit) -> None:
        self.host = host
        self.user = user
        self.signals = signals
        self.folder = "/"
        self.status = 0
        self.threads: list[threading.Thread] = []
        """Commands in the background."""
        self._emit = emit
        self._last_pid = 0
        self._variables = {"HOME": "/", "USER": user, "PATH": "/bin:/sbin", "SHELL": "/bin/sh"}
        self._pid = next(_pids)

    def run(self, line: str, detached: bool = False) -> int:
        """Carry out a line. Raises Stopped when it must end early, Exit after `exit`."""
        try:
            self._all(split(line), detached)
        except SyntaxTrouble as trouble:
            self._emit("", f"sh: syntax error: {trouble}\n")
            self.status = 2
        return self.status

    def _all(self, tokens: list[Token], detached: bool) -> None:
        for part, joint in lists(tokens):
            if joint == "&":
                self._background(part)
            else:
                self._chain(part, detached)

    def _chain(self, tokens: list[Token], detached: bool) -> None:
        for part, before in chain(tokens):
            if (before == "&&" and self.status) or (before == "||" and not self.status):
                continue
            result = self._pipe(pipe(part), detached)
            self.status = result.status
            if result.out or result.err:
                self._emit(result.out, result.err)

    def _background(self, tokens: list[Token]) -> None:
        self._last_pid = next(_pids)
        inner = self._child(self._emit)

        def work() -> None:
            try:
                inner._chain(tokens, detached=True)
            except (Stopped, Exit):
                return

        thread = threading.Thread(target=work, name=f"simulated-esxi-job {self.host.spec.name}", daemon=True)
        self.threads.append(thread)
        thread.start()
        self.status = 0

    def _child(self, emit: Emit) -> Shell:
        inner = Shell(self.host, self.user, self.signals, emit)
        inner.folder, inner._variables, inner.status = self.folder, dict(self._variables), self.status
        return inner

    def _pipe(self, commands: list[Command], detached: bool) -> Result:
        stdin, errors, status = "", "", 0
        for command in commands:
            result = self._redirect(command, self._command(command, stdin, detached))
            stdin, status = result.out, result.status
            errors += result.err
        return Result(stdin, errors, status)

    def _command(self, command: Command, stdin: str, detached: bool) -> Result:
        if command.group is not None:
            group = command.group
            return self._inside(lambda inner: inner._all(group, detached))
        words = [token.text(self._fill) for token in command.words]
        while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            self._variables[name] = value
        while words and words[0] in _PREFIXES:
            detached = detached or words[0] in ("nohup", "setsid")
            words.pop(0)
        if not words:
            return Result()
        if command.source is not None:
            path = command.source.text(self._fill)
            file = Files(self.host).find(self._absolute(path))
            if file is None:
                return Result(err=f"sh: can't open {path}: no such file\n", status=1)
            stdin = file.body.read_text("utf-8", "replace")
        line = " ".join(words)
        call = Call(self.host, self.user, words, line, stdin, self.folder, detached, self.signals)
        return self._carry_out(call)

    def _carry_out(self, call: Call) -> Result:
        name = call.words[0].rpartition("/")[2]
        if name in ("sh", "ash") and call.words[1:2] == ["-c"] and len(call.words) > 2:
            return self._inside(lambda inner: inner.run(call.words[2], call.detached))
        builtin = {"cd": self._cd, "exit": self._exit, "pwd": self._print_folder, "wait": self._wait}
        run = busybox.COMMANDS.get(name)
        try:
            if name in builtin:
                return builtin[name](call)
            if name in ("esxcli", "localcli"):
                return esxcli(call)
            if name == "vim-cmd":
                return vim_cmd(call)
            if run is not None:
                return self._small(run, call, name)
        except SimulatorError as error:
            return Result(err=f"{name}: {error.message}\n", status=1)
        except OSError as error:
            return Result(err=f"{name}: {error.strerror}\n", status=1)
        return Result(err=f"sh: {call.words[0]}: not found\n", status=127)

    def _small(self, run: busybox.Run, call: Call, name: str) -> Result:
        """A small command; with arguments it cannot use it shows its usage."""
        try:
            return run(call, call.words[1:])
        except (IndexError, ValueError):
            return Result(
                err=f"BusyBox v1.29.3 multi-call binary.\n\nUsage: {name} [OPTIONS] [FILE]...\n", status=1
            )

    def _inside(self, work: Callable[[Shell], object]) -> Result:
        """Run something in a child shell and keep what it prints."""
        kept: list[Result] = []
        inner = self._child(lambda out, err: kept.append(Result(out, err)))
        with contextlib.suppress(Exit):
            work(inner)
        self.threads += inner.threads
        return Result("".join(r.out for r in kept), "".join(r.err for r in kept), inner.status)

    def _redirect(self, command: Command, result: Result) -> Result:
        out, err, target = result.out, result.err, ""
        try:
            if command.err_to_out:
                out, err = out + err, ""
            elif command.err is not None:
                target = command.err.text(self._fill)
                self._write(target, err, append=False)
                err = ""
            if command.out_to_err:
                out, err = "", err + out
            elif command.out is not None:
                target = command.out.text(self._fill)
                self._write(target, out, command.append)
                out = ""
        except OSError as error:
            return Result(err=f"sh: can't create {target}: {error.strerror}\n", status=1)
        return Result(out, err, result.status)

    def _write(self, path: str, text: str, append: bool) -> None:
        if path != "/dev/null":
            Files(self.host).write(self._absolute(path), text.encode(), append)

    def _absolute(self, path: str) -> str:
        return path if path.startswith("/") else f"{self.folder.rstrip('/')}/{path}"

    def _cd(self, call: Call) -> Result:
        wanted = call.words[1] if len(call.words) > 1 else "/"
        where = filetools.absolute(call, wanted)
        if not Files(self.host).is_folder(where):
            return Result(err=f"sh: cd: can't cd to {wanted}: No such file or directory\n", status=2)
        self.folder = where
        return Result()

    def _print_folder(self, call: Call) -> Result:
        return Result(f"{self.folder}\n")

    def _exit(self, call: Call) -> Result:
        self.status = int(call.words[1]) if len(call.words) > 1 else self.status
        raise Exit

    def _wait(self, call: Call) -> Result:
        call.wait(lambda: not any(t.is_alive() for t in self.threads))
        return Result()

    def _fill(self, name: str) -> str:
        if name.startswith("("):
            return self._inside(lambda inner: inner.run(name[1:])).out.rstrip("\n")
        special = {"?": str(self.status), "$": str(self._pid), "!": str(self._last_pid)}
        return special.get(name, self._variables.get(name, ""))
