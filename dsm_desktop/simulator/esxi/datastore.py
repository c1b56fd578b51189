"""A store of files that hosts share; the simulated vCenter uploads into the same object the hosts read from."""

from __future__ import annotations

import dataclasses
import errno
import io
import itertools
import os
import shutil
import tempfile
import threading
import uuid
import weakref
from pathlib import Path
from typing import BinaryIO, Final

from dsm_desktop.simulator.esxi.errors import NoSuchThing

TB: Final = 10**12
_BLOCK: Final = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store. `path` is inside the store ('depots/esxi.zip'), `size` in bytes, `modified` seconds since 1970."""

    path: str
    size: int
    modified: float
    body: Path
    """Where the bytes really lie."""


class Datastore:
    """One store: files by path, and how full it is. Any thread may use it.

    `kind` is as esxcli shows it: 'VMFS-6', 'NFS', 'vsan', 'VMFS-L'. `used` counts bytes of what is not simulated as files.
    """

    def __init__(self, name: str, capacity: int = 4 * TB, used: int = TB, kind: str = "VMFS-6") -> None:
        seed = uuid.uuid5(uuid.NAMESPACE_DNS, f"datastore/{name}").hex
        self.name = name
        self.kind = kind
        self.capacity = capacity
        self.used = used
        self.accessible = True
        self.uuid = f"{seed[:8]}-{seed[8:16]}-{seed[16:20]}-{seed[20:32]}"
        self._files: dict[str, StoredFile] = {}
        self._folders: set[str] = set()
        self._written: set[str] = set()
        """Files that an upload is writing: nobody else may take them away."""
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._home: Path | None = None

    @property
    def free(self) -> int:
        """Free bytes."""
        with self._lock:
            return max(0, self.capacity - self.used - sum(f.size for f in self._files.values()))

    def put(self, path: str, body: bytes | Path, when: float) -> StoredFile:
        """Store a file. Raises OSError with ENOSPC when the store is full; nothing of it stays then."""
        with io.BytesIO(body) if isinstance(body, bytes) else body.open("rb") as source:
            return self.receive(path, source, when)

    def receive(
        self, path: str, source: BinaryIO, when: float, *, halves: bool = False, room: int | None = None
    ) -> StoredFile:
        """Store what `source` gives until its end. Raises OSError with ENOSPC, and whatever reading raises. `halves`: what has
        arrived until then stays at the path, as ESXi leaves it; else nothing changes there. `room` in bytes, if less is free
        than the store says."""
        path = clean(path)
        free = self.free + (self._files[path].size if path in self._files else 0)
        room = free if room is None else min(free, room)
        target = self._new_body()
        target.touch()
        size = 0
        if halves:
            self._keep(StoredFile(path, size, when, target))
            self._written.add(path)
        try:
            with target.open("wb") as sink:
                while block := source.read(_BLOCK):
                    if size + len(block) > room:
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
                    size += sink.write(block)
        except BaseException:
            if halves:
                self._keep(StoredFile(path, size, when, target))
            else:
                target.unlink(missing_ok=True)
            raise
        finally:
            self._written.discard(path)
        return self._keep(StoredFile(path, size, when, target))

    def _keep(self, stored: StoredFile) -> StoredFile:
        """Put a file in its place."""
        with self._lock:
            old = self._files.get(stored.path)
            self._files[stored.path] = stored
        if old is not None and old.body != stored.body:
            old.body.unlink(missing_ok=True)
        return stored

    def get(self, path: str) -> StoredFile | None:
        """The file at a path."""
        with self._lock:
            return self._files.get(clean(path))

    def move(self, path: str, to: str, *, replace: bool) -> None:
        """Give a file another path. Raises NoSuchThing, FileExistsError."""
        path, to = clean(path), clean(to)
        with self._lock:
            file = self._files.get(path)
            if file is None or path in self._written:
                raise NoSuchThing(f"There is no {path!r} in the store {self.name}.")
            old = self._files.get(to)
            if old is not None and not replace:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), to)
            del self._files[path]
            self._files[to] = dataclasses.replace(file, path=to)
        if old is not None:
            old.body.unlink(missing_ok=True)

    def remove(self, path: str) -> None:
        """Delete a file, or a folder with all in it. Raises NoSuchThing, BlockingIOError while it is being written."""
        path = clean(path)
        with self._lock:
            if path in self._written:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)
            gone = [p for p in self._files if p == path or p.startswith(f"{path}/")]
            if not gone and path not in self.folders():
                raise NoSuchThing(f"There is no {path!r} in the store {self.name}.")
            files = [self._files.pop(p) for p in gone]
            self._folders = {f for f in self._folders if f != path and not f.startswith(f"{path}/")}
        for file in files:
            file.body.unlink(missing_ok=True)

    def make_folder(self, path: str) -> bool:
        """Make a folder and those above it; False = it was there already."""
        with self._lock:
            if clean(path) in self.folders():
                return False
            self._folders.add(clean(path))
            return True

    def empty(self) -> None:
        """Forget everything, as a RAM disk does in a restart."""
        with self._lock:
            files, self._files, self._folders = list(self._files.values()), {}, set()
        for file in files:
            file.body.unlink(missing_ok=True)

    def files(self) -> list[StoredFile]:
        """All files, by path."""
        with self._lock:
            return [self._files[p] for p in sorted(self._files)]

    def folders(self) -> set[str]:
        """All folders, made or implied by a file."""
        with self._lock:
            found: set[str] = set()
            for path in (*self._folders, *(p.rpartition("/")[0] for p in self._files)):
                parts = path.split("/") if path else []
                found.update("/".join(parts[: n + 1]) for n in range(len(parts)))
            return found

    def _new_body(self) -> Path:
        with self._lock:
            if self._home is None:
                self._home = Path(tempfile.mkdtemp(prefix="simulated-datastore-"))
                weakref.finalize(self, shutil.rmtree, self._home, ignore_errors=True)
            return self._home / str(next(self._numbers))


def clean(path: str) -> str:
    """A path inside a store without empty, '.' and '..' parts."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
