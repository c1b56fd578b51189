"""A small share for simulated iDRACs: HEAD, ranges, and files pushed to it; it notes who asked for what."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self


class Visit(NamedTuple):
    """One request: verb, path, asked range, and the address it came from."""

    verb: str
    path: str
    range: str | None
    client: str


class FileServer:
    """Serves `files` (path -> bytes) on 127.0.0.1; `received` holds what was PUT or POSTed."""

    def __init__(self, files: dict[str, bytes], ranges: bool = True) -> None:
        self.files = files
        self.received: dict[str, bytes] = {}
        self.visits: list[Visit] = []
        share = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                share.answer(self, with_body=False, ranges=ranges)

            def do_GET(self) -> None:
                share.answer(self, with_body=True, ranges=ranges)

            def do_PUT(self) -> None:
                share.visits.append(Visit(self.command, self.path, None, self.client_address[0]))
                share.received[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_PUT

            def log_message(self, format: str, *args: Any) -> None:
                """Not to standard error."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        """URL of a file."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def answer(self, handler: BaseHTTPRequestHandler, with_body: bool, ranges: bool) -> None:
        """HEAD or GET."""
        asked = handler.headers.get("Range")
        self.visits.append(Visit(handler.command, handler.path, asked, handler.client_address[0]))
        content = self.files.get(handler.path)
        if content is None:
            handler.send_response(404)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", asked or "")
        part = content if match is None or not ranges else content[int(match[1]) : int(match[2]) + 1]
        handler.send_response(200 if match is None or not ranges else 206)
        handler.send_header("Content-Length", str(len(part)))
        handler.end_headers()
        if with_body:
            handler.wfile.write(part)
