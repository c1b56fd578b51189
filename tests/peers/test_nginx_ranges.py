"""The same requests to nginx and to the media server: equal answers wherever nginx does what RFC 9110 wants of both."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.kit import ask, media_beside

CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; types {{ application/x-iso9660-image iso; }}
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""
SIZE = 100_003
SAME = ("Content-Length", "Content-Range", "Content-Type", "Last-Modified")


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[str]:
    """The URL of an image served by nginx."""
    if shutil.which("nginx") is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is required in CI (Debian: nginx-light)")
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    root, folder = tmp_path / "root", tmp_path / "nginx"
    root.mkdir()
    folder.mkdir()
    (root / "image.iso").write_bytes(os.urandom(SIZE))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, root=root, user=user))
    process = subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                assert time.monotonic() < deadline, "nginx did not start"
                time.sleep(0.02)
            else:
                break
        yield f"http://127.0.0.1:{port}/image.iso"
    finally:
        process.terminate()
        process.wait(60)


def test_ranges_validators_and_methods_are_answered_alike(nginx: str, tmp_path: Path) -> None:
    ranges = ["", "bytes=0-0", "bytes=5-99", "bytes=99999-", "bytes=-1", f"bytes=-{SIZE * 2}", f"bytes=10-{SIZE * 2}",
              f"bytes={SIZE}-", f"bytes={SIZE + 7}-{SIZE + 9}"]  # fmt: skip
    with media_beside() as beside:
        ours = beside.media.offer(tmp_path / "root" / "image.iso", job_id=1, addresses=["127.0.0.1"]).url
        seen = []
        for wanted in ranges:
            for method in ("GET", "HEAD"):
                theirs = ask(nginx, method, source="127.0.0.1", Range=wanted)
                mine = ask(ours, method, source="127.0.0.1", Range=wanted)
                assert mine.status == theirs.status, (method, wanted)
                assert mine.body == theirs.body or mine.status == 416, (method, wanted)
                if mine.status != 416:
                    assert {h: mine.heads.get(h) for h in SAME} == {h: theirs.heads.get(h) for h in SAME}, (
                        wanted
                    )
                else:
                    assert mine.heads["Content-Range"] == theirs.heads["Content-Range"]
                seen.append(mine.status)
        assert set(seen) == {200, 206, 416}
        for server in (nginx, ours):
            head = ask(server, "HEAD", source="127.0.0.1").heads
            assert ask(server, source="127.0.0.1", If_None_Match=head["ETag"]).status == 304
            for validator, status in ((head["ETag"], 206), (head["Last-Modified"], 206), ('"other"', 200)):
                answer = ask(server, source="127.0.0.1", Range="bytes=0-9", If_Range=validator)
                assert answer.status == status, (server, validator)
