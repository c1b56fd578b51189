"""/folder: files of datastores over HTTP, as `PUT https://vc/folder/dir/file?dcPath=…&dsName=…`.

A file is written where it will lie: what stood there is gone with the first byte, and an upload that breaks leaves the part
that has arrived. Only the whole file can be sent, there is no going on from the middle.
"""

from __future__ import annotations

import contextlib
import errno
import io
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from dsm_desktop.simulator.vsphere.nodes.containers import Datacenter
from dsm_desktop.simulator.vsphere.nodes.stores import Datastore

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.server import Handler

BLOCK: Final = 1 << 18
NEEDS: Final = "Datastore.FileManagement"


class _Body(io.BytesIO):
    """The body of an upload, read as it arrives."""

    def __init__(self, handler: Handler, length: int) -> None:
        super().__init__()
        self._handler, self.left = handler, length
        faults = handler.server.faults_now
        cut, slow = faults.strike("upload_cut"), faults.strike("upload_slow")
        self._cut = length + 1 if cut is None else int(cut["after"])
        self._pause = 0.0 if slow is None else float(slow["pause"])

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes. Raises ConnectionError when the client stops in the middle."""
        if not self.left:
            return b""
        time.sleep(self._pause)
        wanted = min(BLOCK, self.left, self._cut)
        block = self._handler.rfile.read(wanted if size is None or size < 0 else min(size, wanted))
        if not block:
            raise ConnectionError("The client stopped sending.")
        self.left -= len(block)
        self._cut -= len(block)
        return block


def serve(handler: Handler) -> None:
    """GET, HEAD or PUT of one file."""
    world = handler.server.world
    with world.news:
        session = handler.session()
        if session is None or session.account is None:
            handler.close_connection = True
            handler.reply(401, b"", "text/plain", Connection="close")
            return
        handler.server.sessions.touch(session)
        account = session.account
        store, path = _place(handler)
        writing = handler.command == "PUT"
        if writing and store is not None and account.may(NEEDS, "Datastore"):
            size = int(handler.headers.get("Content-Length") or 0)
            world.journal.add(world.now(), account.name, "PUT", store.name, {"path": path, "size": size})
    if not account.may(NEEDS if writing else "Datastore.Browse", "Datastore"):
        handler.close_connection = True
        handler.reply(403, b"", "text/plain", Connection="close")
    elif store is None or not store.accessible:
        handler.close_connection = True
        handler.reply(404, b"", "text/plain", Connection="close")
    elif writing:
        _take(handler, store, path)
    else:
        _give(handler, store, path)


def _place(handler: Handler) -> tuple[Datastore | None, str]:
    world = handler.server.world
    url = urlsplit(handler.path)
    query = parse_qs(url.query)
    name, centre = query.get("dsName", [""])[0], query.get("dcPath", [""])[0]
    path = unquote(url.path)[len("/folder/") :]
    for store in world.of(Datastore):
        if store.name == name and _belongs(store.datacenter, centre):
            return store, store.real_path(path)
    return None, path


def _belongs(datacenter: Datacenter, path: str) -> bool:
    return path.strip("/") == datacenter.path()


def _take(handler: Handler, store: Datastore, path: str) -> None:
    world = handler.server.world
    length = handler.headers.get("Content-Length")
    if length is None or not length.isdigit():
        handler.close_connection = True
        handler.reply(411, b"", "text/plain", Connection="close")
        return
    known = store.disk.get(path) is not None
    folder = path.rpartition("/")[0]
    rootless = store.namespaces and not folder
    if rootless or (folder and folder not in store.disk.folders()):
        said = b"Cannot complete file creation operation." if rootless else b""
        handler.close_connection = True
        handler.reply(500 if rootless else 404, said, "text/plain", Connection="close")
        return
    body, fills = _Body(handler, int(length)), handler.server.faults_now.strike("store_fills")
    try:
        room = int(fills["after"]) if fills is not None else None
        store.disk.receive(path, body, world.clock.now(), halves=True, room=room)
    except ConnectionError:
        handler.close_connection = True
        return
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        handler.close_connection = True
        with contextlib.suppress(ConnectionError):
            while body.read():  # an answer that crosses what is still being sent may be lost
                pass
        handler.reply(507, b"There is not enough space on the file system.", "text/plain", Connection="close")
        return
    with world.news:
        world.counters.uploads += 1
        world.counters.upload_bytes += int(length)
        world.touch(store)
    handler.reply(200 if known else 201, b"", "text/plain")


def _give(handler: Handler, store: Datastore, path: str) -> None:
    file = store.disk.get(path)
    if file is None:
        handler.reply(404, b"", "text/plain")
        return
    handler.send_response(200)
    handler.send_header("Content-Type", "application/octet-stream")
    handler.send_header("Content-Length", str(file.size))
    handler.end_headers()
    if handler.command == "HEAD":
        return
    with file.body.open("rb") as source:
        while block := source.read(BLOCK):
            handler.wfile.write(block)
