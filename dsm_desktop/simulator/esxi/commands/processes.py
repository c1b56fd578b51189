"""What runs on a host, as ps shows it: how a client that lost its session sees that an update goes on."""

from __future__ import annotations

import re
from typing import Final

from dsm_desktop.simulator.esxi.commands.call import Call, Result
from dsm_desktop.simulator.esxi.machine import Esxi

_FIRST: Final = 2097000
_UPDATE: Final = 2101000


def running(host: Esxi) -> list[tuple[int, str, str]]:
    """Number, name and command line of each process."""
    found = []
    with host.agenda.hold():
        for number, service in enumerate(host.services.values()):
            if service.running:
                found.append(
                    (_FIRST + number * 10, service.key, f"/usr/lib/vmware/{service.key}/bin/{service.key}")
                )
        transaction = host.transaction
        if transaction is not None and transaction.state == "running":
            line = transaction.command.replace(
                "esxcli software", "/bin/python /usr/lib/vmware/esxcli-software", 1
            )
            found.append((_UPDATE + len(host.log), "python", line))
    return found


def show(call: Call, words: list[str]) -> Result:
    """ps: with -c whole command lines."""
    whole = any(w.startswith("-") and "c" in w for w in words)
    text = "WID      CID      World Name            Command\n"
    for number, name, line in running(call.host):
        text += f"{number:<7}  {number:<7}  {name:<20}  {line if whole else line.split()[0]}\n"
    return Result(text)


def find(call: Call, words: list[str]) -> Result:
    """pgrep: numbers by name, with -f by command line."""
    whole = "-f" in words
    patterns = [w for w in words if not w.startswith("-")]
    if not patterns:
        return Result(err="pgrep: no pattern\n", status=1)
    wanted = re.compile(patterns[0])
    hits = [n for n, name, line in running(call.host) if wanted.search(line if whole else name)]
    return Result("".join(f"{n}\n" for n in hits), status=0 if hits else 1)


def kill(call: Call, words: list[str]) -> Result:
    """kill: only `kill -0` is heeded; nothing here can be killed."""
    numbers = [w for w in words if w.isdigit()]
    known = {str(n) for n, _, _ in running(call.host)}
    for number in numbers:
        if number not in known:
            return Result(err=f"sh: can't kill pid {number}: No such process\n", status=1)
    if words[:1] == ["-0"]:
        return Result()
    return Result(err="sh: can't kill: Operation not permitted\n", status=1)
