"""The files of a host by path: its stores under /vmfs/volumes, the log of updates, and a RAM disk for the rest."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.esxi.datastore import Datastore, StoredFile
from dsm_desktop.simulator.esxi.machine import Esxi

VOLUMES: Final = "/vmfs/volumes"
UPDATE_LOG: Final = "/var/log/esxupdate.log"
_PLACES: Final = ("bin", "bootbank", "etc", "tmp", "usr", "var", "var/log", "var/run", "vmfs", "vmfs/volumes")


class Files:
    """What a shell on the host sees. Paths are absolute."""

    def __init__(self, host: Esxi) -> None:
        self.host = host

    def place(self, path: str) -> tuple[Datastore, str] | None:
        """The store a path lies in, and the path inside it; None for an unknown volume."""
        if path == VOLUMES or not path.startswith(f"{VOLUMES}/"):
            return self.host.ramdisk, path
        name, _, rest = path[len(VOLUMES) + 1 :].partition("/")
        store = self.host.datastore(name)
        return (store, rest) if store is not None and store.accessible else None

    def find(self, path: str) -> StoredFile | None:
        """The file at a path."""
        self._write_log(path)
        placed = self.place(path)
        return placed[0].get(placed[1]) if placed is not None else None

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder at a path."""
        inner = path.strip("/")
        if inner in _PLACES or not inner:
            return True
        placed = self.place(path)
        if placed is None:
            return False
        return not placed[1] or placed[1].strip("/") in placed[0].folders()

    def listing(self, path: str) -> list[str]:
        """Names in a folder."""
        inner = path.strip("/")
        if inner == VOLUMES.strip("/"):
            return sorted(d.name for d in self.host.datastores) + sorted(d.uuid for d in self.host.datastores)
        if inner == "var/log":
            self._write_log(UPDATE_LOG)
        placed = self.place(path)
        if placed is None:
            return []
        store, folder = placed[0], placed[1].strip("/")
        start = f"{folder}/" if folder else ""
        known = {f.path for f in store.files()} | store.folders()
        if store is self.host.ramdisk:
            known |= set(_PLACES)
        return sorted({p[len(start) :].split("/")[0] for p in known if p.startswith(start) and p != folder})

    def write(self, path: str, body: bytes, append: bool = False) -> None:
        """Write a file. Raises OSError: no such place, or no space."""
        placed = self.place(path)
        parent = path.rpartition("/")[0] or "/"
        if placed is None or not self.is_folder(parent):
            raise FileNotFoundError(2, "nonexistent directory", path)
        old = placed[0].get(placed[1]) if append else None
        before = old.body.read_bytes() if old is not None else b""
        placed[0].put(placed[1], before + body, self.host.clock.now())

    def _write_log(self, path: str) -> None:
        """The log is kept as lines by the host; it becomes a file when somebody looks."""
        if path == UPDATE_LOG:
            with self.host.agenda.hold() as now:
                text = "".join(f"{line}\n" for line in self.host.log)
            self.host.ramdisk.put(UPDATE_LOG, text.encode(), now)
