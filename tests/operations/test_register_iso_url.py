"""Images listed by their address: looked at once, mounted by name, never copied, refused where a file is needed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dsm_desktop.core.errors import BadInput
from dsm_desktop.media.address import checked_address, file_name, look_at
from dsm_desktop.queries.library import ItemRow, list_items
from tests.operations.conftest import Program
from tests.operations.test_library import iso_image

pytestmark = pytest.mark.shared_program


class _WithRanges(SimpleHTTPRequestHandler):
    """As web servers are: parts of a file are given, which the standard library's does not do."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def do_GET(self) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes()
        first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first : last + 1])


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site's own web server with an ISO."""
    folder = tmp_path_factory.mktemp("web")
    iso_image(folder / "rescue 1.iso", 200)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_WithRanges, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(60)
    server.server_close()


def listed(program: Program) -> list[ItemRow]:
    return [row for row in program.app.store.fetch(list_items) if row.host == "any machine"]


def said(program: Program, job_id: int) -> str:
    return "; ".join(task.outcome for task in program.tasks(job_id))


def test_an_address_is_mounted_by_its_name_and_forgotten(
    scanned: Program, shelf: str, tmp_path: Path
) -> None:
    address = f"{shelf}/rescue%201.iso"
    for _ in range(2):
        job = scanned.run("register_iso_url", {"address": address})
        assert job.failed == 0, said(scanned, job.id)
    (row,) = listed(scanned)
    assert (row.name, row.path, row.size > 100_000, row.kind) == ("rescue 1.iso", address, True, "iso")
    server = scanned.servers()[0]
    job = scanned.run("virtual_media_mount", {"item": "rescue 1.iso"}, [server.id])
    assert job.failed == 0, said(scanned, job.id)
    idrac = next(i for i in scanned.site.idracs if i.service_tag == server.service_tag)
    assert address in idrac.media.values(), "the iDRAC is given the address itself"
    assert scanned.app.media.listening is None, "nothing is served from here"
    assert listed(scanned)[0].used == 1
    assert scanned.run("virtual_media_unmount", {}, [server.id]).failed == 0
    assert scanned.run("register_iso_url", {"address": address, "remove": True}).failed == 0
    assert listed(scanned) == []
    again = scanned.run("register_iso_url", {"address": address, "remove": True})
    assert (again.failed, "not on the list" in said(scanned, again.id)) == (1, True)


def test_what_this_machine_does_not_see_is_listed_and_says_so(scanned: Program, shelf: str) -> None:
    for address, reason in (
        (f"{shelf}/nothing.iso", "404"),
        ("nfs://storage.example/isos/a.iso", "a share is first opened by the iDRAC"),
    ):
        job = scanned.run("register_iso_url", {"address": address})
        assert job.failed == 0
        assert reason in said(scanned, job.id)
        assert "not seen from this machine" in said(scanned, job.id)
        assert scanned.run("register_iso_url", {"address": address, "remove": True}).failed == 0
    assert scanned.run("register_iso_url", {"address": f"{shelf}/x.iso"}, dry_run=True).failed == 0
    assert listed(scanned) == []


def test_addresses_are_checked_and_named() -> None:
    for good in (
        "https://web.example/isos/esxi%208.iso",
        "nfs://nas/isos/a.iso",
        "nas:/isos/a.iso",
        "//nas/isos/a.iso",
        "cifs://nas/isos/a.iso",
    ):
        assert checked_address(f" {good} ") == good
    for bad in (
        "",
        "x.iso",
        "ftp://h/x.iso",
        "http://user:secret@h/x.iso",
        "//user@h/s/x.iso",
        "http://h/",
        "file:///x",
    ):
        with pytest.raises(BadInput) as caught:
            checked_address(bad)
        assert "secret" not in str(caught.value)
    assert file_name("https://web.example/isos/esxi%208.iso?x=1") == "esxi 8.iso"
    assert file_name("//nas/isos/a.iso") == "a.iso"


def test_a_web_server_is_asked_once_without_following(shelf: str) -> None:
    looked = look_at(f"{shelf}/rescue%201.iso")
    assert looked.size is not None
    assert (looked.size > 100_000, looked.ranges, looked.problem) == (True, True, "")
    assert "refused" in look_at("http://127.0.0.1:9/x.iso").problem.lower()
