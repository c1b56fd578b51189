"""The commands of the ESXi shell that look at files, and change them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final

from dsm_desktop.simulator.esxi.commands.call import Call, Result
from dsm_desktop.simulator.esxi.datastore import StoredFile
from dsm_desktop.simulator.esxi.files import VOLUMES, Files

Run = Callable[[Call, list[str]], Result]
_BLOCK: Final = 1 << 20
_NONE: Final = "No such file or directory"


def absolute(call: Call, path: str) -> str:
    """A path as seen from the shell's folder."""
    parts: list[str] = []
    for part in (PurePosixPath(call.folder) / path).parts[1:]:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/" + "/".join(parts)


def arguments(words: list[str]) -> tuple[str, list[str]]:
    """Letters of all options, and the rest."""
    letters = "".join(w[1:] for w in words if w.startswith("-") and len(w) > 1)
    return letters, [w for w in words if not w.startswith("-") or w == "-"]


def cat(call: Call, words: list[str]) -> Result:
    if not words:
        return Result(call.stdin)
    result = Result()
    for word in words:
        file = Files(call.host).find(absolute(call, word))
        if file is None:
            result += Result(err=f"cat: can't open '{word}': {_NONE}\n", status=1)
        else:
            result += Result(file.body.read_bytes().decode("utf-8", "replace"), status=result.status)
    return result


def listing(call: Call, words: list[str]) -> Result:
    letters, paths = arguments(words)
    files, result = Files(call.host), Result()
    for path in paths or ["."]:
        where = absolute(call, path)
        file = files.find(where)
        if file is not None:
            result += Result(_line(file, path) if "l" in letters else f"{path}\n", status=result.status)
        elif files.is_folder(where):
            names = files.listing(where)
            text = f"total {len(names) * 8}\n" if "l" in letters else ""
            for name in names:
                inner = files.find(f"{where}/{name}")
                text += (
                    f"{name}\n"
                    if "l" not in letters
                    else _line(inner, name)
                    if inner
                    else _folder_line(call, name)
                )
            result += Result(text, status=result.status)
        else:
            result += Result(err=f"ls: {path}: {_NONE}\n", status=1)
    return result


def _line(file: StoredFile, name: str) -> str:
    when = dt.datetime.fromtimestamp(file.modified, dt.UTC).strftime("%b %e %H:%M")
    return f"-rw-------    1 root     root     {file.size:>10} {when} {name}\n"


def _folder_line(call: Call, name: str) -> str:
    when = dt.datetime.fromtimestamp(call.host.boot_time, dt.UTC).strftime("%b %e %H:%M")
    return f"drwxr-xr-x    1 root     root            512 {when} {name}\n"


def stat(call: Call, words: list[str]) -> Result:
    wanted = ""
    if words[:1] == ["-c"]:
        wanted, words = words[1], words[2:]
    result = Result()
    for word in words:
        file = Files(call.host).find(absolute(call, word))
        if file is None:
            result += Result(err=f"stat: can't stat '{word}': {_NONE}\n", status=1)
            continue
        when = dt.datetime.fromtimestamp(file.modified, dt.UTC).strftime("%Y-%m-%d %H:%M:%S.000000000")
        values = {"%s": str(file.size), "%Y": str(int(file.modified)), "%n": word, "%F": "regular file"}
        if wanted:
            text = wanted + "\n"
            for sign, value in values.items():
                text = text.replace(sign, value)
        else:
            text = f"  File: {word}\n  Size: {file.size:<10}\tBlocks: {-(-file.size // 512):<10} IO Block: 131072 regular file\nModify: {when}\n"
        result += Result(text, status=result.status)
    return result


def digest(kind: str) -> Run:
    def run(call: Call, words: list[str]) -> Result:
        result = Result()
        for word in words:
            file = Files(call.host).find(absolute(call, word))
            if file is None:
                result += Result(err=f"{kind}sum: can't open '{word}': {_NONE}\n", status=1)
                continue
            digest = hashlib.new(kind)
            with file.body.open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
            result += Result(f"{digest.hexdigest()}  {word}\n", status=result.status)
        return result

    return run


def real_path(call: Call, words: list[str]) -> Result:
    """Names of stores are links to their uuids."""
    text = ""
    for word in (w for w in words if not w.startswith("-")):
        where = absolute(call, word)
        files = Files(call.host)
        if files.find(where) is None and not files.is_folder(where):
            return Result(text, status=1)
        parts = where.split("/")
        store = call.host.datastore(parts[3]) if where.startswith(f"{VOLUMES}/") else None
        text += "/".join([*parts[:3], store.uuid, *parts[4:]] if store is not None else parts) + "\n"
    return Result(text)


def remove(call: Call, words: list[str]) -> Result:
    letters, paths = arguments(words)
    files, result = Files(call.host), Result()
    for path in paths:
        where = absolute(call, path)
        placed = files.place(where)
        there = files.find(where) is not None or ("r" in letters and files.is_folder(where))
        if placed is None or not there:
            if "f" not in letters:
                result += Result(err=f"rm: can't remove '{path}': {_NONE}\n", status=1)
            continue
        placed[0].remove(placed[1])
        call.host.note_change(f"remove:{where}", user=call.user, via=call.via)
    return result


def make_folder(call: Call, words: list[str]) -> Result:
    letters, paths = arguments(words)
    for path in paths:
        placed = Files(call.host).place(absolute(call, path))
        if placed is None:
            return Result(err=f"mkdir: can't create directory '{path}': {_NONE}\n", status=1)
        if not placed[0].make_folder(placed[1]) and "p" not in letters:
            return Result(err=f"mkdir: can't create directory '{path}': File exists\n", status=1)
    return Result()


def check(call: Call, words: list[str]) -> Result:
    words = words[:-1] if words[-1:] == ["]"] else words
    if words[:1] == ["!"]:
        return Result(status=1 - check(call, words[1:]).status)
    files = Files(call.host)
    if len(words) == 2 and words[0] in ("-e", "-f", "-d", "-s", "-r"):
        where = absolute(call, words[1])
        file, folder = files.find(where), files.is_folder(where)
        good = {"-f": file is not None, "-d": folder, "-s": bool(file and file.size)}.get(
            words[0], file is not None or folder
        )
    elif len(words) == 3 and words[1] in ("=", "!="):
        good = (words[0] == words[2]) == (words[1] == "=")
    else:
        good = any(w not in ("-n",) and w for w in words)
    return Result(status=0 if good else 1)


COMMANDS: Final[dict[str, Run]] = {
    "[": check,
    "cat": cat,
    "ls": listing,
    "md5sum": digest("md5"),
    "mkdir": make_folder,
    "readlink": real_path,
    "rm": remove,
    "sha1sum": digest("sha1"),
    "sha256sum": digest("sha256"),
    "sha512sum": digest("sha512"),
    "stat": stat,
    "test": check,
}
