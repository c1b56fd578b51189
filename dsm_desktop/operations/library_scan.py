"""Look through the library's folders on this machine: what is new, changed, broken or gone."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

from pydantic import Field

from dsm_desktop.core.errors import Cancelled
from dsm_desktop.jobs import JobContext, Params, Result, Targets, job
from dsm_desktop.media.library import FoundFile, Looked, ScanStopped, files_of, look
from dsm_desktop.media.server import MediaServer
from dsm_desktop.queries.library import FolderRow, list_folders
from dsm_desktop.store.library import Known, close_scan, known_files, save_item


class LibraryScanParams(Params):
    folder: str = Field(
        "",
        title="Folder",
        description="empty: every folder of the library on this machine",
        json_schema_extra={"widget": "folder"},
    )
    again: bool = Field(
        False, title="Read every file again", description="otherwise only those whose size or time changed"
    )


class LibraryScanResult(Result):
    files: int = Field(title="Files")
    read: int = Field(title="Read")
    broken: int = Field(title="Broken")
    missing: int = Field(title="Gone")


@job(
    "library_scan",
    label="Scan library",
    title="Scan library",
    targets=Targets.NONE,
    menu="Library",
)
async def library_scan(ctx: JobContext, params: LibraryScanParams) -> LibraryScanResult:
    """Look through the library's folders for ISOs and packages: take each file's SHA-256, read what they are and whom they fit.

    Only what changed since the last scan is read again. What is broken is listed as broken and never sent; what is gone
    stays listed as gone, with where it was used. No file is changed.
    """
    host = ctx.service(MediaServer).host
    folders = [
        row
        for row in await ctx.run(partial(_folders, ctx))
        if row.host == host and (not params.folder or row.path == params.folder)
    ]
    total: Counter[str] = Counter()
    for number, folder in enumerate(folders):
        ctx.progress(number, len(folders), folder.path)
        total += await ctx.run(partial(_scan, ctx, folder, params.again))
        ctx.check()
    words = f"{total['files']} files in {len(folders)} folders, {total['read']} read"
    if total["broken"]:
        words += f", {total['broken']} broken"
    if not folders:
        words = f"The library has no {'such ' if params.folder else ''}folder on {host}"
    return LibraryScanResult(
        summary=f"{words}.",
        files=total["files"],
        read=total["read"],
        broken=total["broken"],
        missing=total["missing"],
    )


def _folders(ctx: JobContext) -> list[FolderRow]:
    with ctx.write() as uow:
        return list_folders(uow.session.connection())


def _scan(ctx: JobContext, folder: FolderRow, again: bool) -> Counter[str]:
    """One folder, in a pool thread. Each file is written by itself, so that a stopped scan keeps what it has read."""
    counts: Counter[str] = Counter()
    known = ctx.save(lambda uow: known_files(uow, folder.id))
    seen: set[str] = set()
    problem = ""
    try:
        for file in files_of(Path(folder.path)):
            seen.add(file.path)
            counts["files"] += 1
            state = "" if ctx.dry_run else _read(ctx, folder, file, None if again else known.get(file.path))
            counts["read"] += state != ""
            counts["broken"] += (state or getattr(known.get(file.path), "state", "")) == "broken"
    except ScanStopped:
        raise Cancelled("The scan was stopped; what was read is kept.") from None
    except OSError as error:
        problem = f"The folder cannot be read: {error.strerror or error}."
        ctx.log(f"{folder.path}: {problem}", "error")
    if ctx.dry_run:
        return counts
    counts["missing"] = ctx.save(lambda uow: close_scan(uow, folder.id, seen, problem))
    return counts


def _read(ctx: JobContext, folder: FolderRow, file: FoundFile, known: Known | None) -> str:
    """The state of a file that had to be read, "" for one that is unchanged."""
    same = known is not None and (known.size, known.modified_ns) == (file.size, file.modified_ns)
    if known is not None and same and known.state != "missing":
        return ""
    if file.problem:
        found = Looked(state="broken", problem=file.problem)
    else:
        found = look(Path(folder.path, file.path), file.kind, ctx.stopping)
    values = {
        "name": file.name,
        "kind": file.kind,
        "size": file.size,
        "modified_ns": file.modified_ns,
        "sha256": found.sha256,
        "state": found.state,
        "problem": found.problem,
        "title": found.title,
        "version": found.version,
        "component_type": found.component_type,
        "identity": found.identity,
    }
    ctx.save(lambda uow: save_item(uow, folder.id, file.path, values))
    if found.state != "ok":
        ctx.log(f"{file.path}: {found.problem}", "warning")
    return found.state
