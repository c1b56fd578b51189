"""Where a SQLite store may lie: a private folder on a disk of this machine."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from dsm_desktop.core.errors import Blame
from dsm_desktop.store.failures import StoreError, StoreReadOnly

# WAL needs shared memory between all programs that use the file: over a network it loses data.
_NETWORK = re.compile(
    r"^(nfs\d*|cifs|smb\w*|9p|afs|ncpfs|ceph|glusterfs|lustre|gpfs|beegfs|ocfs2|davfs2?|vboxsf|prl_fs|fuse\."
    r"(sshfs|s3fs|rclone|glusterfs|smbnetfs|davfs2?|ceph|vmhgfs-fuse|gvfsd-fuse))$"
)
_DRIVE_REMOTE = 4


class StoreOnShare(StoreError):
    """The file lies on a network share, where SQLite's locks and shared memory cannot be trusted."""

    blame = Blame.USER


def prepare_file(path: Path) -> None:
    """Make the folder (0700) and the file (0600) where absent; SQLite gives its side files the same rights.

    Raises StoreOnShare, or StoreReadOnly where folder or file cannot be made or written.
    """
    share = network_share(path)
    if share:
        raise StoreOnShare(
            f"The store cannot lie on a network share ({share}): a cut connection would damage it.",
            hint="Choose a folder on a disk of this machine, or share a Postgres database.",
            where=str(path),
        )
    try:
        for folder in reversed([path.parent, *path.parent.parents]):
            folder.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if sys.platform != "win32" and path.stat().st_uid == os.geteuid() and path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise StoreReadOnly(
            f"The store's file cannot be made or written: {error.strerror}.",
            hint="Choose another folder, or mend its rights.",
            where=str(path),
        ) from error


def network_share(
    path: Path,
    *,
    platform: str = sys.platform,
    mounts: str | None = None,
    drive_type: Callable[[str], int] | None = None,
) -> str:
    """What share `path` lies on, in words ("nfs4 at /home"), or "" for a local disk.

    Linux: the deepest mount point above the path in /proc/self/mounts (`mounts`: its text). Windows: UNC paths, and
    drives of GetDriveTypeW = 4 (`drive_type`: that function, given "X:\\").
    """
    if platform == "win32":
        text = str(path)
        if (
            text.startswith(("\\\\", "//")) and not text.startswith(("\\\\?\\", "\\\\.\\"))
        ) or text.startswith("\\\\?\\UNC\\"):
            return f"the share {text}"
        root = re.match(r"(?:\\\\\?\\)?([A-Za-z]:)", text)
        ask = drive_type or _windows_drive_type
        return f"the mapped drive {root[1]}" if root and ask(root[1] + "\\") == _DRIVE_REMOTE else ""
    if platform != "linux":
        return ""
    if mounts is None:
        table = Path("/proc/self/mounts")
        mounts = table.read_text(encoding="utf-8", errors="surrogateescape") if table.exists() else ""
    kind, point = _mount_of(os.path.realpath(path), mounts)
    return f"{kind} at {point}" if _NETWORK.match(kind) else ""


def _mount_of(path: str, mounts: str) -> tuple[str, str]:
    best = ("", "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[1])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[1]):
            best = (fields[2], point)
    return best


def _windows_drive_type(root: str) -> int:
    import ctypes  # only there on Windows in this form

    loader = getattr(ctypes, "windll", None)
    return int(loader.kernel32.GetDriveTypeW(root)) if loader else 0
